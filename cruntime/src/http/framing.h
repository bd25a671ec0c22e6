/*
 * The three fields that decide where a message ends and whether the connection outlives it: Content-Length,
 * Transfer-Encoding and Connection (RFC 9112 sections 6 and 9.3). Requests and responses read them by the
 * same rules, here, so that they cannot drift apart. Pure functions.
 */
#ifndef OSP_HTTP_FRAMING_H
#define OSP_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "header.h"

/* Bits of what a Connection field lists. */
enum { OSP_CONNECTION_CLOSE = 1, OSP_CONNECTION_KEEP_ALIVE = 2, OSP_CONNECTION_UPGRADE = 4 };

/*
 * Takes in a Content-Length field. *length is -1 before the first. Returns 0 or the negative of an
 * osp_http_parse_error; a repeated field is refused even if it says the same.
 */
int osp__http_content_length(const osp_http_field *field, int64_t *length);

/*
 * Takes in a Transfer-Encoding field. *chunked is false before the first. Only "chunked", alone, is decoded
 * by us: any other coding is -OSP_HTTP_UNKNOWN_TRANSFER_CODING, and what is malformed, repeated or follows
 * chunked is -OSP_HTTP_BAD_TRANSFER_ENCODING. Empty list elements are refused, since others skip them.
 */
int osp__http_transfer_encoding(const osp_http_field *field, bool *chunked);

/* What a Connection field lists, as bits. */
unsigned osp__http_connection_options(const osp_http_field *field);

#endif
