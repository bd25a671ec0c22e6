/*
 * The chunked transfer coding (RFC 9112 section 7.1): an incremental decoder that works in place.
 *
 * The decoder is a state machine of a few bytes: it takes input cut anywhere, drops extensions and trailer
 * fields after checking their syntax, and moves the data of the chunks together at the front of the piece it
 * was given. It must never read or write outside that piece, and it buffers nothing.
 */
#ifndef OSP_HTTP_CHUNKED_H
#define OSP_HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "parse_error.h"

enum {
    OSP_CHUNK_EXTENSION_LIMIT = 4096,         /* bytes of extensions of one chunk */
    OSP_CHUNK_EXTENSIONS_TOTAL_LIMIT = 65536, /* bytes of extensions of one message */
    OSP_TRAILER_LIMIT = 16384,                /* bytes of the trailer section; over it 431 */
    OSP_TRAILER_FIELDS_LIMIT = 100
};

typedef struct osp_chunked {
    uint64_t remaining;       /* data bytes of the current chunk still to come */
    uint64_t total;           /* sum of the chunk sizes announced so far */
    uint64_t body_limit;      /* over it: OSP_HTTP_BODY_TOO_LARGE, as soon as it is announced */
    uint32_t extensions;      /* bytes of extensions so far */
    uint32_t line_extensions; /* of the current chunk */
    uint32_t trailer_bytes;
    uint32_t trailer_fields;
    uint8_t state;
    uint8_t digits; /* of the current chunk size */
} osp_chunked;

/* Makes the decoder ready for a body of at most body_limit decoded bytes. */
void osp_chunked_init(osp_chunked *decoder, uint64_t body_limit);

/*
 * Decodes bytes[0 .. length) in place.
 *
 * *produced receives the number of body bytes, which then stand at the front of `bytes`; *used the number of
 * input bytes that were consumed. Returns 1 at the end of the body (bytes + *used is then what follows it on
 * the connection, untouched), 0 if more input is needed (*used == length), or the negative of an
 * osp_http_parse_error (*used is then the position of the byte that was refused). After 1 or an error the
 * decoder must be initialised before it is used again.
 */
int osp_chunked_decode(osp_chunked *decoder, char *bytes, size_t length, size_t *used, size_t *produced);

#endif
