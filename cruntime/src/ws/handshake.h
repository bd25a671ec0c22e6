/*
 * The opening handshake of a WebSocket server (RFC 6455 section 4.2), as pure functions over a parsed request:
 * which requests are WebSocket requests, which of them are refused and with what status, and what to answer.
 * The frames that follow are another file's business.
 */
#ifndef OSP_WS_HANDSHAKE_H
#define OSP_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "../crypto/crypto.h"
#include "../http/request_parser.h"
#include "extension.h"

enum {
    OSP_WS_KEY_LENGTH = 24,    /* base64 of 16 bytes */
    OSP_WS_ACCEPT_LENGTH = 28, /* base64 of a SHA-1 digest */
};

/* A refusal; static storage. */
typedef struct osp_ws_refusal {
    int status;
    const char *reason;  /* a sentence for the reply's body */
    const char *headers; /* fields that this status calls for, "Name: value\r\n", may be "" */
} osp_ws_refusal;

typedef struct osp_ws_name {
    const char *bytes;
    size_t length;
} osp_ws_name;

/* Whom a server lets in. */
typedef struct osp_ws_admission {
    osp_ws_name path;
    const osp_ws_name *origins; /* none: any. An empty name admits requests without an Origin field */
    size_t origin_count;
    const osp_ws_name *subprotocols; /* the server's preference first */
    size_t subprotocol_count;
    bool deflate;
} osp_ws_admission;

/* What a request that may be accepted has asked for. */
typedef struct osp_ws_wish {
    const char *key;                /* 24 bytes in the request, not NUL-terminated */
    const osp_ws_name *subprotocol; /* one of the server's, or NULL */
    bool deflate;
    osp_ws_deflate_parameters parameters; /* if deflate */
} osp_ws_wish;

/*
 * Checks the request whose head `parser` has read in `buffer`. Returns NULL and what it wants if it may be accepted;
 * otherwise why not: 404 for another path, 426 for a plain HTTP request or another version, 405 for another method,
 * 403 for a foreign origin, 400 for the rest.
 */
const osp_ws_refusal *osp_ws_check_request(const osp_http_request_parser *parser, const char *buffer,
                                           const osp_ws_admission *admission, osp_ws_wish *wish);

/* True if key[0 .. length) is 24 characters of canonical base64 that decode to exactly 16 bytes. */
bool osp_ws_key_is_valid(const char *key, size_t length);

/*
 * Sec-WebSocket-Accept for a valid key of 24 bytes, NUL-terminated (RFC 6455 section 1.3). Must run on a system
 * stack, as it calls OpenSSL. False if that failed.
 */
bool osp_ws_accept_value(const osp_crypto *crypto, const char key[OSP_WS_KEY_LENGTH],
                         char accept[OSP_WS_ACCEPT_LENGTH + 1]);

#endif
