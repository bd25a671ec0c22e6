/*
 * Fuzz target: the WebSocket reader. However the bytes are cut, the events are the same; no message is longer than
 * allowed, and every text is UTF-8. The first byte says how: bit 0 the side, bits 1 and 2 compression (bit 2: the
 * context is kept).
 */
#include <string.h>

#include "../src/deflate/deflate.h"
#include "../src/ws/reader.h"
#include "fuzz.h"

enum { MESSAGE_BYTES = 3000, FRAME_BYTES = 2000 };

typedef struct summary {
    uint64_t hash, events;
    unsigned code;
} summary;

static void mix(summary *s, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        s->hash = (s->hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void check_event(summary *s, const osp_ws_reader *reader, osp_ws_event event)
{
    osp_ws_utf8 utf8 = {0};
    bool is_text = event == OSP_WS_ON_CLOSE || (event == OSP_WS_ON_MESSAGE && reader->opcode == OSP_WS_TEXT);
    uint8_t kind = (uint8_t)event;
    s->events++;
    mix(s, &kind, 1);
    if (event == OSP_WS_ON_FAILURE || event == OSP_WS_ON_CLOSE)
        s->code = reader->code;
    if (event == OSP_WS_ON_FAILURE)
        return;
    REQUIRE(reader->payload_length <= (event == OSP_WS_ON_MESSAGE ? MESSAGE_BYTES : OSP_WS_CONTROL_MAX));
    mix(s, &reader->payload_length, sizeof reader->payload_length);
    mix(s, reader->payload, reader->payload_length);
    if (is_text)
        REQUIRE(osp_ws_utf8_feed(&utf8, reader->payload, reader->payload_length) && osp_ws_utf8_is_complete(&utf8));
}

static summary read_all(uint8_t how, const uint8_t *data, size_t size, size_t step)
{
    summary s = {0};
    const osp_ws_rules rules = {.from_server = how & 1, .message_bytes = MESSAGE_BYTES, .frame_bytes = FRAME_BYTES};
    osp_ws_reader reader;
    osp_ws_reader_init(&reader, &rules);
    if (how & 2)
        osp_ws_reader_inflate(&reader, osp_deflate_table(), (how & 4) != 0);
    for (size_t at = 0; at < size; at += step) {
        size_t length = size - at < step ? size - at : step;
        char *copy = exact_copy(data + at, length);
        uint8_t *bytes = (uint8_t *)copy;
        for (osp_ws_event event; (event = osp_ws_read(&reader, &bytes, &length)) != OSP_WS_ON_NOTHING;)
            check_event(&s, &reader, event);
        REQUIRE(length == 0);
        free(copy);
    }
    osp_ws_reader_dispose(&reader);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096)
        return 0;
    summary whole = read_all(data[0], data + 1, size - 1, size - 1);
    summary pieces = read_all(data[0], data + 1, size - 1, 1 + data[size - 1] % 7);
    REQUIRE(whole.events == pieces.events && whole.hash == pieces.hash && whole.code == pieces.code);
    return 0;
}
