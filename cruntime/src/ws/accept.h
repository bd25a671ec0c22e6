/*
 * Sec-WebSocket-Accept for code on a fiber: the handshake's computation with the library opened on first use
 * and OpenSSL on the system stack.
 */
#ifndef OSP_WS_ACCEPT_H
#define OSP_WS_ACCEPT_H

#include "../base.h"

/*
 * The value that answers `key`, as an owned string. Fails, with NULL and *error, if the key is not 24 characters
 * of canonical base64 that decode to 16 bytes, or if OpenSSL cannot be had. ctx may be NULL outside fibers.
 */
OSP_API char *osp_websocket_accept(osp_ctx *ctx, char *key, char **error);

#endif
