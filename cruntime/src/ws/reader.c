/*
 * See reader.h. Section numbers are of RFC 6455.
 */
#include "reader.h"

#include <string.h>

#include "../sys/sys.h"

enum {
    FIRST_CAPACITY = 512,
    WINDOW_BITS = 15 /* the largest, which reads what was made with any */
};

void osp_ws_reader_init(osp_ws_reader *reader, const osp_ws_rules *rules)
{
    *reader = (osp_ws_reader){.rules = rules};
}

static void free_inflater(osp_ws_reader *reader)
{
    if (reader->inflater != NULL)
        reader->deflate->inflater_free(reader->inflater);
    reader->inflater = NULL;
}

/* Memory is not kept for the next message: most connections are silent most of the time. */
static void forget_message(osp_ws_reader *reader)
{
    osp__release(reader->message);
    reader->message = NULL;
    reader->message_length = reader->message_capacity = 0;
    if (!reader->keeps_context)
        free_inflater(reader);
}

void osp_ws_reader_dispose(osp_ws_reader *reader)
{
    reader->keeps_context = false;
    forget_message(reader);
}

void osp_ws_reader_inflate(osp_ws_reader *reader, const osp_deflate *deflate, bool keeps_context)
{
    reader->deflate = deflate;
    reader->keeps_context = keeps_context;
}

/* 7.1.7 */
static osp_ws_event fail(osp_ws_reader *reader, unsigned code, const char *reason)
{
    reader->done = true;
    reader->code = (uint16_t)code;
    reader->reason = reason;
    return OSP_WS_ON_FAILURE;
}

static osp_ws_event yield_event(osp_ws_reader *reader, osp_ws_event event, const uint8_t *payload, size_t length)
{
    reader->payload = payload;
    reader->payload_length = length;
    return event;
}

/* ---- the message that is being put together ---- */

static bool reserve(osp_ws_reader *reader, size_t more)
{
    size_t needed = reader->message_length + more, capacity = reader->message_capacity;
    if (needed <= capacity)
        return true;
    if (capacity == 0)
        capacity = FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *message = osp__resize(reader->message, capacity);
    if (message == NULL)
        return false;
    reader->message = message;
    reader->message_capacity = capacity;
    return true;
}

/* Takes in what has been added to the message. */
static osp_ws_event check_text(osp_ws_reader *reader, const uint8_t *bytes, size_t length)
{
    if (reader->message_opcode != OSP_WS_TEXT || osp_ws_utf8_feed(&reader->utf8, bytes, length))
        return OSP_WS_ON_NOTHING;
    return fail(reader, OSP_WS_INVALID_DATA, "the text is not UTF-8");
}

/*
 * Inflates into the message, never further than one byte over the longest that is allowed: what a byte may become is
 * bounded, whatever it claims.
 */
static osp_ws_event inflate_into(osp_ws_reader *reader, const uint8_t *bytes, size_t length)
{
    if (reader->inflater == NULL)
        reader->inflater = reader->deflate->inflater_new(WINDOW_BITS);
    if (reader->inflater == NULL)
        return fail(reader, OSP_WS_TRY_AGAIN_LATER, "out of memory");
    for (int result = OSP_INFLATE_FULL; result == OSP_INFLATE_FULL;) {
        size_t most = reader->rules->message_bytes + 1 - reader->message_length;
        size_t wanted = length < FIRST_CAPACITY ? FIRST_CAPACITY : length;
        if (!reserve(reader, wanted < most ? wanted : most))
            return fail(reader, OSP_WS_TRY_AGAIN_LATER, "out of memory");
        size_t offered = reader->message_capacity - reader->message_length, room;
        room = offered = offered < most ? offered : most;
        uint8_t *out = reader->message + reader->message_length;
        result = reader->deflate->inflate(reader->inflater, &bytes, &length, out, &room);
        reader->message_length += offered - room;
        if (check_text(reader, out, offered - room) != OSP_WS_ON_NOTHING)
            return OSP_WS_ON_FAILURE;
        if (reader->message_length > reader->rules->message_bytes)
            return fail(reader, OSP_WS_TOO_BIG, "the message is too big");
        if (result == OSP_INFLATE_BAD)
            return fail(reader, OSP_WS_INVALID_DATA, "the compressed data is invalid");
    }
    return OSP_WS_ON_NOTHING;
}

static osp_ws_event add_to_message(osp_ws_reader *reader, const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return OSP_WS_ON_NOTHING;
    if (reader->compressed)
        return inflate_into(reader, bytes, length);
    if (check_text(reader, bytes, length) != OSP_WS_ON_NOTHING)
        return OSP_WS_ON_FAILURE;
    if (!reserve(reader, length))
        return fail(reader, OSP_WS_TRY_AGAIN_LATER, "out of memory");
    // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): there is room for `length` bytes now
    memcpy(reader->message + reader->message_length, bytes, length);
    reader->message_length += length;
    return OSP_WS_ON_NOTHING;
}

static osp_ws_event end_message(osp_ws_reader *reader, const uint8_t *bytes, size_t length)
{
    if (reader->message_opcode == OSP_WS_TEXT && !osp_ws_utf8_is_complete(&reader->utf8))
        return fail(reader, OSP_WS_INVALID_DATA, "the text is not UTF-8");
    reader->opcode = reader->message_opcode;
    reader->message_opcode = 0;
    reader->utf8 = (osp_ws_utf8){0};
    return yield_event(reader, OSP_WS_ON_MESSAGE, bytes, length);
}

/* ---- frames ---- */

/* 5.1 to 5.4: whether this frame may come now. */
static osp_ws_event begin_frame(osp_ws_reader *reader)
{
    const osp_ws_header *frame = &reader->frame;
    const osp_ws_rules *rules = reader->rules;
    reader->in_frame = true;
    reader->taken = 0;
    reader->frames++;
    if (frame->masked == rules->from_server)
        return fail(reader, OSP_WS_PROTOCOL_ERROR,
                    rules->from_server ? "a server must not mask" : "a client must mask");
    if (osp_ws_is_control(frame->opcode))
        return OSP_WS_ON_NOTHING;
    if ((frame->opcode == OSP_WS_CONTINUATION) != (reader->message_opcode != 0))
        return fail(reader, OSP_WS_PROTOCOL_ERROR, "unexpected frame in a fragmented message");
    if (frame->opcode != OSP_WS_CONTINUATION) {
        reader->message_opcode = frame->opcode;
        reader->compressed = frame->compressed;
    }
    if (frame->length > rules->frame_bytes)
        return fail(reader, OSP_WS_TOO_BIG, "the frame is too big");
    if (!reader->compressed && frame->length > rules->message_bytes - reader->message_length)
        return fail(reader, OSP_WS_TOO_BIG, "the message is too big");
    return OSP_WS_ON_NOTHING;
}

static osp_ws_event end_control(osp_ws_reader *reader)
{
    size_t length = (size_t)reader->frame.length;
    if (reader->frame.opcode == OSP_WS_PING)
        return yield_event(reader, OSP_WS_ON_PING, reader->control, length);
    if (reader->frame.opcode == OSP_WS_PONG)
        return yield_event(reader, OSP_WS_ON_PONG, reader->control, length);
    unsigned code, refusal = osp_ws_close_parse(reader->control, length, &code);
    if (refusal != 0)
        return fail(reader, refusal, "invalid close frame");
    reader->done = true;
    reader->code = (uint16_t)code;
    size_t skipped = length < 2 ? length : 2;
    return yield_event(reader, OSP_WS_ON_CLOSE, reader->control + skipped, length - skipped);
}

static osp_ws_event end_frame(osp_ws_reader *reader)
{
    static const uint8_t tail[4] = {0, 0, 0xff, 0xff}; /* RFC 7692 section 7.2.2 */
    reader->in_frame = false;
    if (osp_ws_is_control(reader->frame.opcode))
        return end_control(reader);
    if (!reader->frame.fin)
        return OSP_WS_ON_NOTHING;
    if (reader->compressed && inflate_into(reader, tail, sizeof tail) != OSP_WS_ON_NOTHING)
        return OSP_WS_ON_FAILURE;
    return end_message(reader, reader->message, reader->message_length);
}

/* Reads a header, perhaps begun in an earlier call. False when it is not complete. */
static bool read_header(osp_ws_reader *reader, uint8_t **bytes, size_t *length, osp_ws_event *event)
{
    bool deflate = reader->deflate != NULL;
    int size = reader->head_length == 0 ? osp_ws_header_parse(&reader->frame, *bytes, *length, deflate) : 0;
    size_t used = size > 0 ? (size_t)size : 0;
    while (size == 0 && used < *length) { /* byte by byte, at most fourteen */
        reader->head[reader->head_length++] = (*bytes)[used++];
        size = osp_ws_header_parse(&reader->frame, reader->head, reader->head_length, deflate);
    }
    *bytes += used;
    *length -= used;
    if (size == 0)
        return false;
    reader->head_length = 0;
    *event = size < 0 ? fail(reader, (unsigned)-size, "invalid frame") : begin_frame(reader);
    return true;
}

/* A message of one frame that is all here needs no memory of ours. */
static bool is_whole(const osp_ws_reader *reader, size_t length)
{
    const osp_ws_header *frame = &reader->frame;
    return reader->taken == 0 && length == frame->length && frame->fin && !frame->compressed &&
           (frame->opcode == OSP_WS_TEXT || frame->opcode == OSP_WS_BINARY);
}

/* Takes what there is of the frame's payload. */
static osp_ws_event read_payload(osp_ws_reader *reader, uint8_t **bytes, size_t *length)
{
    uint8_t *part = *bytes;
    uint64_t left = reader->frame.length - reader->taken;
    size_t count = left < *length ? (size_t)left : *length;
    bool whole = is_whole(reader, count);
    if (reader->frame.masked)
        osp_ws_mask(part, count, reader->frame.mask, reader->taken);
    *bytes += count;
    *length -= count;
    if (whole) {
        reader->in_frame = false;
        return check_text(reader, part, count) != OSP_WS_ON_NOTHING ? OSP_WS_ON_FAILURE : end_message(reader, part, count);
    }
    if (osp_ws_is_control(reader->frame.opcode)) {
        if (count > 0)
            memcpy(reader->control + reader->taken, part, count);
    } else if (add_to_message(reader, part, count) != OSP_WS_ON_NOTHING) {
        return OSP_WS_ON_FAILURE;
    }
    reader->taken += count;
    return reader->taken == reader->frame.length ? end_frame(reader) : OSP_WS_ON_NOTHING;
}

osp_ws_event osp_ws_read(osp_ws_reader *reader, uint8_t **bytes, size_t *length)
{
    osp_ws_event event = OSP_WS_ON_NOTHING;
    if (reader->message != NULL && reader->message_opcode == 0) /* it was the last event's */
        forget_message(reader);
    while (event == OSP_WS_ON_NOTHING && !reader->done) {
        if (!reader->in_frame) {
            if (!read_header(reader, bytes, length, &event))
                return OSP_WS_ON_NOTHING;
        } else {
            bool empty = *length == 0 && reader->frame.length > reader->taken;
            if (empty)
                return OSP_WS_ON_NOTHING;
            event = read_payload(reader, bytes, length);
        }
    }
    if (reader->done && event == OSP_WS_ON_NOTHING) { /* what comes after the end is thrown away */
        *bytes += *length;
        *length = 0;
    }
    return event;
}
