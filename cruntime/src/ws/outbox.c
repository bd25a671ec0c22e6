/*
 * See outbox.h.
 */
#include "outbox.h"

#include <string.h>

#include "../sys/sys.h"

struct osp__ws_entry {
    struct osp__ws_entry *next;
    osp__ws_frame *frame;
};

/* ---- frames ---- */

/* The payload follows the header, which ends at a fixed place, since its size may be known last. */
static osp__ws_frame *frame_with_room(size_t payload)
{
    osp__ws_frame *frame = osp__alloc(sizeof *frame + OSP_WS_HEADER_MAX + payload);
    if (frame != NULL)
        frame->references = 1;
    return frame;
}

static void finish(osp__ws_frame *frame, uint8_t opcode, size_t length, const uint8_t *mask)
{
    uint8_t header[OSP_WS_HEADER_MAX];
    size_t size = osp_ws_header_write(header, true, opcode, length, mask);
    uint8_t *start = frame->bytes + OSP_WS_HEADER_MAX - size;
    memcpy(start, header, size);
    if (mask != NULL)
        osp_ws_mask(frame->bytes + OSP_WS_HEADER_MAX, length, mask, 0);
    frame->wire = start;
    frame->length = size + length;
}

osp__ws_frame *osp__ws_frame_new(uint8_t opcode, const void *payload, size_t length, const uint8_t *mask)
{
    osp__ws_frame *frame = frame_with_room(length);
    if (frame == NULL)
        return NULL;
    if (length > 0)
        memcpy(frame->bytes + OSP_WS_HEADER_MAX, payload, length);
    finish(frame, opcode, length, mask);
    return frame;
}

osp__ws_frame *osp__ws_frame_deflated(const osp_deflate *deflate, osp_deflater *deflater, uint8_t opcode,
                                      const void *payload, size_t length, const uint8_t *mask, bool forget)
{
    size_t room = deflate->deflate_bound(deflater, length);
    osp__ws_frame *frame = frame_with_room(room), *fitting;
    if (frame == NULL)
        return NULL;
    int64_t made = deflate->deflate(deflater, payload, length, frame->bytes + OSP_WS_HEADER_MAX, room, forget);
    if (made < 0) {
        osp__release(frame);
        return NULL;
    }
    fitting = osp__resize(frame, sizeof *frame + OSP_WS_HEADER_MAX + (size_t)made); /* it may wait for long */
    if (fitting != NULL)
        frame = fitting;
    finish(frame, opcode | OSP_WS_COMPRESSED, (size_t)made, mask);
    return frame;
}

osp__ws_frame *osp__ws_frame_close(unsigned code, const char *reason, size_t length, const uint8_t *mask)
{
    uint8_t payload[OSP_WS_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (code == OSP_WS_NO_STATUS)
        return osp__ws_frame_new(OSP_WS_CLOSE, "", 0, mask);
    if (length > OSP_WS_REASON_MAX)
        for (length = OSP_WS_REASON_MAX; length > 0 && ((unsigned char)reason[length] & 0xc0) == 0x80;)
            length--; /* not in the middle of a character */
    osp_ws_utf8 check = {0};
    if (!osp_ws_utf8_feed(&check, (const uint8_t *)reason, length) || !osp_ws_utf8_is_complete(&check))
        length = 0;
    if (length > 0)
        memcpy(payload + 2, reason, length);
    return osp__ws_frame_new(OSP_WS_CLOSE, payload, 2 + length, mask);
}

void osp__ws_frame_release(osp__ws_frame *frame)
{
    if (frame != NULL && __atomic_sub_fetch(&frame->references, 1, __ATOMIC_ACQ_REL) == 0)
        osp__release(frame);
}

/* ---- the list ---- */

bool osp__ws_outbox_add(osp__ws_outbox *outbox, osp__ws_frame *frame)
{
    struct osp__ws_entry *entry = osp__alloc(sizeof *entry);
    if (entry == NULL)
        return false;
    __atomic_add_fetch(&frame->references, 1, __ATOMIC_RELAXED);
    *entry = (struct osp__ws_entry){NULL, frame};
    if (outbox->first == NULL)
        outbox->first = entry;
    else
        outbox->last->next = entry;
    outbox->last = entry;
    outbox->queued += frame->length;
    return true;
}

bool osp__ws_outbox_add_first(osp__ws_outbox *outbox, osp__ws_frame *frame)
{
    struct osp__ws_entry *entry = osp__alloc(sizeof *entry);
    if (entry == NULL)
        return false;
    __atomic_add_fetch(&frame->references, 1, __ATOMIC_RELAXED);
    *entry = (struct osp__ws_entry){outbox->first, frame};
    if (outbox->first == NULL)
        outbox->last = entry;
    outbox->first = entry;
    outbox->queued += frame->length;
    return true;
}

int osp__ws_outbox_gather(osp__ws_outbox *outbox, struct iovec *parts, int most)
{
    int count = 0;
    size_t skipped = outbox->first_sent;
    for (const struct osp__ws_entry *entry = outbox->first; entry != NULL && count < most; entry = entry->next) {
        parts[count++] = (struct iovec){(void *)(entry->frame->wire + skipped), entry->frame->length - skipped};
        skipped = 0;
    }
    outbox->begun = count > 0;
    return count;
}

static void drop_first(osp__ws_outbox *outbox)
{
    struct osp__ws_entry *entry = outbox->first;
    outbox->first = entry->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    outbox->queued -= entry->frame->length;
    outbox->first_sent = 0;
    outbox->begun = false;
    osp__ws_frame_release(entry->frame);
    osp__release(entry);
}

void osp__ws_outbox_sent(osp__ws_outbox *outbox, size_t moved)
{
    while (outbox->first != NULL) {
        size_t left = outbox->first->frame->length - outbox->first_sent;
        if (moved < left)
            break;
        moved -= left;
        drop_first(outbox);
    }
    outbox->first_sent += moved;
}

void osp__ws_outbox_shed(osp__ws_outbox *outbox)
{
    osp__ws_outbox rest = *outbox;
    if (rest.first == NULL)
        return;
    if (outbox->begun) { /* a frame that is half sent has to be sent whole, or the peer could not read on */
        rest.first = outbox->first->next;
        rest.queued -= outbox->first->frame->length;
        rest.first_sent = 0;
        outbox->first->next = NULL;
        outbox->last = outbox->first;
        outbox->queued = outbox->first->frame->length;
    } else {
        *outbox = (osp__ws_outbox){0};
    }
    osp__ws_outbox_clear(&rest);
}

void osp__ws_outbox_clear(osp__ws_outbox *outbox)
{
    while (outbox->first != NULL)
        drop_first(outbox);
    *outbox = (osp__ws_outbox){0};
}
