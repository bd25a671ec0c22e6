/*
 * The one extension there is, permessage-deflate (RFC 7692): what a client's offers and a server's answer say, and
 * what a server answers. Pure functions over header fields.
 *
 * As a server we ask for no context takeover in either direction, whatever was offered: then an idle connection
 * holds no compression state, and a message that goes to many is compressed once. As a client we take what the
 * server decides.
 */
#ifndef OSP_WS_EXTENSION_H
#define OSP_WS_EXTENSION_H

#include "../deflate/deflate.h"

/* Parameters of RFC 7692 section 7.1, as they were agreed on. */
typedef struct osp_ws_deflate_parameters {
    uint8_t server_window_bits, client_window_bits; /* 8 to 15; zlib cannot compress with 8 */
    bool server_context, client_context;            /* kept from one message to the next */
    bool server_window_asked;                       /* the offer says what the server's window may be */
} osp_ws_deflate_parameters;

/* How one end compresses what it sends; deflate NULL: not at all. A peer that insists on a window of 8 bits gets
 * messages that are not compressed, which each may be. */
typedef struct osp_ws_deflate_use {
    const osp_deflate *deflate;
    uint8_t own_window_bits;
    bool own_context;
} osp_ws_deflate_use;

typedef enum osp_ws_negotiation {
    OSP_WS_NO_EXTENSION,
    OSP_WS_DEFLATE,
    OSP_WS_BAD_EXTENSION /* the fields break the grammar, or an answer says what was not offered */
} osp_ws_negotiation;

/* For a server: the first offer in the request's fields that can be accepted. */
osp_ws_negotiation osp_ws_choose_extension(const char *headers, size_t length, osp_ws_deflate_parameters *parameters);

enum { OSP_WS_EXTENSION_TEXT = 128 };

/* The value of the server's Sec-WebSocket-Extensions field, NUL-terminated. */
void osp_ws_extension_answer(const osp_ws_deflate_parameters *parameters, char text[OSP_WS_EXTENSION_TEXT]);

/* What a client offers. */
#define OSP_WS_EXTENSION_OFFER "permessage-deflate; client_no_context_takeover; client_max_window_bits"

/* For a client: what the response's fields say to OSP_WS_EXTENSION_OFFER, or to no offer. */
osp_ws_negotiation osp_ws_check_extension(const char *headers, size_t length, bool offered,
                                          osp_ws_deflate_parameters *parameters);

#endif
