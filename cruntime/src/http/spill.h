/* spill.h - the body of a request in a file: one too large for memory, on its way there while it comes in, or any other
 * whose handler has asked for a descriptor.
 *
 * The file has no name (O_TMPFILE in TMPDIR or /tmp): it goes with its descriptor. Nothing here waits: writing is done
 * by a thread of the blocking pool, one piece at a time, and the connection reads no more than one further piece
 * meanwhile, so memory stays bounded however fast a client sends. */
#ifndef OSP_HTTP_SPILL_H
#define OSP_HTTP_SPILL_H

#include "../base.h"
#include "../fiber/fiber.h"
#include "buffer.h"

#define OSP_SPILL_PIECE ((size_t)1 << 16) /* bytes that are worth a write */

struct osp__connection;

struct osp__spill {
    int fd;                  /* -1 before the first piece has been written, and once the program has it */
    bool given;              /* to the program */
    bool busy;               /* a piece is being written */
    bool complete;           /* the body has come in whole */
    int status;              /* 0, or the negative errno of a write */
    uint64_t left;           /* of a body with a known length: what has not come in yet */
    uint64_t stored;         /* bytes that have been handed over for writing */

    struct osp__connection *connection; /* NULL: it has gone while a piece was being written */
    struct osp_worker *worker;
    struct osp__work done;   /* to come back to the worker */
    struct osp__buffer piece;
};

struct osp__spill *osp__spill_new(struct osp__connection *connection, struct osp_worker *worker); /* or NULL */

/* Closes the file, if it is still here, and frees; later, if a piece is being written. NULL is fine. */
void osp__spill_free(struct osp__spill *spill);

/* Writes the bytes [start, end) of `piece`, which it takes over; then calls osp__connection_stored. Not while busy. */
void osp__spill_write(struct osp__spill *spill, struct osp__buffer piece);

/* Opens a nameless file and writes the bytes there. Blocks. The descriptor, at its beginning, or a negative errno. */
int osp__spill_whole(const char *bytes, size_t length);

#endif
