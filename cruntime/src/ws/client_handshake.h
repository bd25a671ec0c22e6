/*
 * The opening handshake of a WebSocket client (RFC 6455 section 4.1): connecting, asking, and judging the answer.
 */
#ifndef OSP_WS_CLIENT_HANDSHAKE_H
#define OSP_WS_CLIENT_HANDSHAKE_H

#include "client_connection.h"

/* What a program may choose; strings and list are borrowed. */
typedef struct osp__ws_client_options {
    char *subprotocols; /* List<string>; NULL: none */
    char *headers;      /* "Name: value\r\n" lines; NULL: none */
    int64_t message_bytes;
    bool deflate;
} osp__ws_client_options;

/*
 * Connects to a ws:// or wss:// URL (an Osprey string) and shakes hands, in at most ten seconds. True with the stream,
 * and what was read behind the handshake, in `connection`; false with *error set.
 */
bool osp__ws_client_open(osp_ctx *ctx, osp__ws_connection *connection, const char *url,
                         const osp__ws_client_options *options, char **error);

#endif
