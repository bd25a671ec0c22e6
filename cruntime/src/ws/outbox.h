/*
 * What waits to be sent on a connection: frames ready for the wire, in order. A frame is counted and may wait in the
 * outboxes of many connections at once, so that a broadcast encodes once.
 *
 * Any thread may add, under a lock of the owner's; only the owner's thread takes out, under the same lock, but it
 * may send what it has gathered without it: entries stay where they are until it says that they are sent.
 */
#ifndef OSP_WS_OUTBOX_H
#define OSP_WS_OUTBOX_H

#include <sys/uio.h>

#include "../deflate/deflate.h"
#include "frame.h"

typedef struct osp__ws_frame {
    int64_t references; /* atomic */
    size_t length;
    const uint8_t *wire; /* header and payload */
    uint8_t bytes[];
} osp__ws_frame;

/* A frame that is a whole message, one reference; masked if `mask` is not NULL. NULL when memory runs out. */
osp__ws_frame *osp__ws_frame_new(uint8_t opcode, const void *payload, size_t length, const uint8_t *mask);

/* The same, compressed (RFC 7692); with what came before as context unless `forget`. NULL on failure. */
osp__ws_frame *osp__ws_frame_deflated(const osp_deflate *deflate, osp_deflater *deflater, uint8_t opcode,
                                      const void *payload, size_t length, const uint8_t *mask, bool forget);

/* A close frame; of the reason at most 123 bytes that are whole characters are sent. */
osp__ws_frame *osp__ws_frame_close(unsigned code, const char *reason, size_t length, const uint8_t *mask);

void osp__ws_frame_release(osp__ws_frame *frame); /* NULL is fine */

typedef struct osp__ws_outbox {
    struct osp__ws_entry *first, *last;
    size_t queued;     /* bytes of all frames */
    size_t first_sent; /* bytes of the first frame that have gone */
    bool begun;        /* the first frame was given to the transport: it can no longer be taken back */
} osp__ws_outbox;

/* Adds a frame with a reference of its own. False when memory runs out. */
bool osp__ws_outbox_add(osp__ws_outbox *outbox, osp__ws_frame *frame);

/* The same before all others; nothing has been gathered yet. */
bool osp__ws_outbox_add_first(osp__ws_outbox *outbox, osp__ws_frame *frame);

/* The bytes to be sent next, at most `most` pieces; how many there are. */
int osp__ws_outbox_gather(osp__ws_outbox *outbox, struct iovec *parts, int most);

/* `moved` bytes have gone: takes the frames that are sent out of the list. */
void osp__ws_outbox_sent(osp__ws_outbox *outbox, size_t moved);

/* Drops what has not begun to be sent. For the thread that takes out. */
void osp__ws_outbox_shed(osp__ws_outbox *outbox);

/* Drops everything. */
void osp__ws_outbox_clear(osp__ws_outbox *outbox);

#endif
