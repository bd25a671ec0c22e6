/*
 * The one door between the runtime and zlib, for permessage-deflate (RFC 7692).
 *
 * libospjit_deflate.so is the only thing linked to zlib. The runtime opens it when a WebSocket first asks for
 * compression (library.h) and reaches it through the table below. The library knows nothing of sockets, frames or
 * fibers; it never holds more than it is told to. Its functions need little stack and may be called on a fiber.
 */
#ifndef OSP_DEFLATE_H
#define OSP_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OSP_DEFLATE_VERSION = 1 };

typedef struct osp_inflater osp_inflater;
typedef struct osp_deflater osp_deflater;

/* What osp_deflate.inflate came to. */
enum {
    OSP_INFLATE_MORE, /* all of the input was used: the rest is still to come, or this was all */
    OSP_INFLATE_FULL, /* the room is used up, and there is more */
    OSP_INFLATE_BAD   /* the data is not DEFLATE, or memory ran out */
};

typedef struct osp_deflate {
    uint32_t version; /* OSP_DEFLATE_VERSION */

    /* Raw DEFLATE with a window of 2^bits bytes, 9 to 15. NULL when memory runs out. */
    osp_inflater *(*inflater_new)(int window_bits);
    void (*inflater_free)(osp_inflater *inflater); /* NULL is fine */
    /*
     * Inflates from (*bytes)[0 .. *length) into out[0 .. *room). Both pairs are moved on, except that `out` is the
     * caller's to move: *room is what is left of it.
     */
    int (*inflate)(osp_inflater *inflater, const uint8_t **bytes, size_t *length, uint8_t *out, size_t *room);

    osp_deflater *(*deflater_new)(int window_bits);
    void (*deflater_free)(osp_deflater *deflater); /* NULL is fine */
    /* The most bytes that a message of this length can become. */
    size_t (*deflate_bound)(osp_deflater *deflater, size_t length);
    /*
     * Compresses a message as RFC 7692 section 7.2.1 says, with what came before as its context unless `forget`. `out`
     * has the room that deflate_bound says. Returns the number of bytes, -1 on failure.
     */
    int64_t (*deflate)(osp_deflater *deflater, const uint8_t *bytes, size_t length, uint8_t *out, size_t room,
                       bool forget);
} osp_deflate;

/* The only symbol that the library exports. */
const osp_deflate *osp_deflate_table(void);

#endif
