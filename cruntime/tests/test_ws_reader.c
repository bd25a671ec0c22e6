/*
 * The reader of messages: whatever is sent, cut anywhere, gives the same events; every rule of the protocol; limits;
 * and compression with every way to keep or forget its context.
 */
#include "../src/deflate/deflate_load.h"
#include "../src/ws/outbox.h"
#include "../src/ws/reader.h"

#include "protocol_test.h"

static const osp_ws_rules rules = {.message_bytes = 1000, .frame_bytes = 600};
static const osp_deflate *deflate;

/* What came of some bytes, as text: "T:hello P: C1000:bye F1002". */
struct outcome {
    char text[16384];
    size_t length;
    uint64_t frames;
};

static void note(struct outcome *outcome, const char *kind, unsigned code, const uint8_t *payload, size_t length)
{
    int n = snprintf(outcome->text + outcome->length, sizeof outcome->text - outcome->length, code != 0 ? "%s%u:%.*s " : "%s%.0u:%.*s ",
                     kind, code, (int)length, length > 0 ? (const char *)payload : "");
    outcome->length += (size_t)n;
    if (outcome->length >= sizeof outcome->text)
        abort();
}

static bool take(osp_ws_reader *reader, struct outcome *outcome, uint8_t *bytes, size_t length)
{
    for (;;) {
        osp_ws_event event = osp_ws_read(reader, &bytes, &length);
        if (event == OSP_WS_ON_NOTHING) {
            CHECK(length == 0, "%zu bytes were left", length);
            return true;
        }
        const char *kind = event == OSP_WS_ON_PING   ? "P"
                           : event == OSP_WS_ON_PONG ? "Q"
                           : reader->opcode == OSP_WS_TEXT ? "T"
                                                           : "B";
        if (event == OSP_WS_ON_FAILURE)
            note(outcome, "F", reader->code, NULL, 0);
        else if (event == OSP_WS_ON_CLOSE)
            note(outcome, "C", reader->code, reader->payload, reader->payload_length);
        else
            note(outcome, kind, 0, reader->payload, reader->payload_length);
        if (event == OSP_WS_ON_FAILURE || event == OSP_WS_ON_CLOSE) {
            CHECK(reader->done && osp_ws_read(reader, &bytes, &length) == OSP_WS_ON_NOTHING && length == 0, "the end");
            return false;
        }
    }
}

enum { PLAIN, FORGETS, KEEPS };

/* Feeds the bytes in pieces of `step`, each just before a page that cannot be read. */
static void feed(struct outcome *outcome, const osp_ws_rules *with, int compression, const void *bytes, size_t length,
                 size_t step)
{
    osp_ws_reader reader;
    outcome->length = 0;
    outcome->text[0] = 0;
    osp_ws_reader_init(&reader, with);
    if (compression != PLAIN)
        osp_ws_reader_inflate(&reader, deflate, compression == KEEPS);
    for (size_t at = 0; at < length; at += step) {
        size_t now = length - at < step ? length - at : step;
        if (!take(&reader, outcome, (uint8_t *)guarded((const char *)bytes + at, now), now))
            break;
    }
    outcome->frames = reader.frames;
    osp_ws_reader_dispose(&reader);
}

static void check(const char *what, const osp_ws_rules *with, int compression, const void *bytes, size_t length,
                  const char *expected)
{
    static const size_t steps[] = {1, 2, 3, 5, 7, 13, SIZE_MAX / 2};
    static struct outcome outcome;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        feed(&outcome, with, compression, bytes, length, steps[i]);
        CHECK(strcmp(outcome.text, expected) == 0, "%s in steps of %zu: '%.200s', expected '%.200s'", what, steps[i],
              outcome.text, expected);
    }
}

/* ---- frames of a client ---- */

static uint8_t wire[65536];
static size_t wired;

static void frame(bool fin, unsigned opcode, const void *payload, size_t length)
{
    static const uint8_t mask[4] = {0x11, 0xa2, 0x73, 0xf4};
    size_t header = osp_ws_header_write(wire + wired, fin, (uint8_t)opcode, length, mask);
    memcpy(wire + wired + header, payload, length);
    osp_ws_mask(wire + wired + header, length, mask, 0);
    wired += header + length;
}

static void text(bool fin, unsigned opcode, const char *payload)
{
    frame(fin, opcode, payload, strlen(payload));
}

static void expect(const char *what, const char *expected)
{
    check(what, &rules, PLAIN, wire, wired, expected);
    wired = 0;
}

static void check_messages(void)
{
    text(true, OSP_WS_TEXT, "hello");
    text(true, OSP_WS_BINARY, "");
    text(true, OSP_WS_PING, "are you there");
    text(false, OSP_WS_TEXT, "in ");
    text(true, OSP_WS_PING, "");
    text(false, OSP_WS_CONTINUATION, "");
    text(true, OSP_WS_PONG, "q");
    text(true, OSP_WS_CONTINUATION, "parts");
    text(true, OSP_WS_CLOSE, "\x03\xe8" "bye");
    text(true, OSP_WS_TEXT, "unheard");
    expect("messages", "T:hello B: P:are you there P: Q:q T:in parts C1000:bye ");
    text(true, OSP_WS_CLOSE, "");
    expect("an empty close", "C1005: ");
}

/* Every prefix of a valid conversation yields a prefix of its events, and no failure. */
static void check_prefixes(void)
{
    static struct outcome whole, part;
    text(false, OSP_WS_TEXT, "a\xc3");
    text(true, OSP_WS_PING, "x");
    text(true, OSP_WS_CONTINUATION, "\xa9z");
    char big[300];
    memset(big, 'b', sizeof big);
    frame(true, OSP_WS_BINARY, big, sizeof big);
    text(true, OSP_WS_CLOSE, "\x0b\xb8" "enough");
    feed(&whole, &rules, PLAIN, wire, wired, SIZE_MAX / 2);
    for (size_t cut = 0; cut <= wired; cut++) {
        feed(&part, &rules, PLAIN, wire, cut, 3);
        CHECK(strncmp(part.text, whole.text, part.length) == 0 && strchr(part.text, 'F') == NULL, "cut %zu: %s", cut,
              part.text);
    }
    CHECK(strstr(whole.text, "C3000:enough") != NULL, "%s", whole.text);
    wired = 0;
}

static void check_failures(void)
{
    static const struct { const char *what, *bytes; size_t length; const char *expected; } cases[] = {
        {"not masked", "\x81\x02hi", 4, "F1002: "},
        {"reserved bit 1", "\xc1\x80", 2, "F1002: "},
        {"reserved bit 2", "\xa1", 1, "F1002: "},
        {"reserved bit 3", "\x91", 1, "F1002: "},
        {"reserved opcode", "\x83", 1, "F1002: "},
        {"fragmented ping", "\x09", 1, "F1002: "},
        {"long pong", "\x8a\xfe", 2, "F1002: "},
        {"continues nothing", "\x80\x80\0\0\0\0", 6, "F1002: "},
        {"a message in a message", "\x01\x80\0\0\0\0\x82\x80\0\0\0\0", 12, "F1002: "},
        {"a frame over its limit", "\x82\xfe\x02\x59\0\0\0\0", 8, "F1009: "},
        {"half a character at the end", "\x81\x81\0\0\0\0\xc3", 7, "F1007: "},
        {"a surrogate, before the frame ends", "\x01\xfe\x02\0\0\0\0\0\xed\xa0", 10, "F1007: "},
        {"close with one byte", "\x88\x81\0\0\0\0\x03", 7, "F1002: "},
        {"close with 1005", "\x88\x82\0\0\0\0\x03\xed", 8, "F1002: "},
        {"close with 999", "\x88\x82\0\0\0\0\x03\xe7", 8, "F1002: "},
        {"close with a reason that is not UTF-8", "\x88\x83\0\0\0\0\x03\xe8\xff", 9, "F1007: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].what, &rules, PLAIN, cases[i].bytes, cases[i].length, cases[i].expected);
    static const osp_ws_rules client = {.from_server = true, .message_bytes = 10, .frame_bytes = 10};
    check("a server's frame", &client, PLAIN, "\x81\x02hi", 4, "T:hi ");
    check("masked by a server", &client, PLAIN, "\x81\x80\0\0\0\0", 6, "F1002: ");
}

static void check_limits(void)
{
    char big[600];
    static char expected[1300];
    memset(big, 'x', sizeof big);
    frame(false, OSP_WS_BINARY, big, 600);
    frame(true, OSP_WS_CONTINUATION, big, 400);
    snprintf(expected, sizeof expected, "B:%.600s%.400s ", big, big);
    expect("just as long as allowed", expected);
    frame(false, OSP_WS_BINARY, big, 600);
    frame(true, OSP_WS_CONTINUATION, big, 401);
    expect("a byte longer", "F1009: ");
    static struct outcome outcome;
    text(false, OSP_WS_BINARY, "");
    for (int i = 0; i < 999; i++)
        text(false, OSP_WS_CONTINUATION, "");
    feed(&outcome, &rules, PLAIN, wire, wired, 100);
    CHECK(outcome.length == 0 && outcome.frames == 1000, "empty fragments are counted: %d", (int)outcome.frames);
    wired = 0;
}

/* ---- compression ---- */

static void deflated(osp_deflater *deflater, bool fin, unsigned opcode, const char *payload, bool forget)
{
    uint8_t out[4096];
    size_t length = strlen(payload);
    CHECK(deflate->deflate_bound(deflater, length) <= sizeof out, "room");
    int64_t made = deflate->deflate(deflater, (const uint8_t *)payload, length, out, sizeof out, forget);
    CHECK(made >= 0, "%s", payload);
    size_t half = (size_t)made / 2;
    if (fin) {
        frame(true, opcode | OSP_WS_COMPRESSED, out, (size_t)made);
    } else {
        frame(false, opcode | OSP_WS_COMPRESSED, out, half);
        text(true, OSP_WS_PING, "!");
        frame(true, OSP_WS_CONTINUATION, out + half, (size_t)made - half);
    }
}

static void check_compression(void)
{
    for (int bits = 9; bits <= 15; bits++)
        for (int keeps = 0; keeps < 2; keeps++) {
            osp_deflater *deflater = deflate->deflater_new(bits);
            deflated(deflater, true, OSP_WS_TEXT, "hello hello hello hello", !keeps);
            deflated(deflater, false, OSP_WS_TEXT, "hello hello hello hello", !keeps);
            deflated(deflater, true, OSP_WS_BINARY, "", !keeps);
            text(true, OSP_WS_TEXT, "plain in between");
            deflated(deflater, true, OSP_WS_BINARY, "hello again", !keeps);
            deflate->deflater_free(deflater);
            check("compressed", &rules, keeps ? KEEPS : FORGETS, wire, wired,
                  "T:hello hello hello hello P:! T:hello hello hello hello B: T:plain in between B:hello again ");
            wired = 0;
        }
    /* RFC 7692 section 7.2.3: the examples. */
    frame(true, OSP_WS_TEXT | OSP_WS_COMPRESSED, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    frame(true, OSP_WS_TEXT | OSP_WS_COMPRESSED, "\xf2\x00\x11\x00\x00", 5); /* 7.2.3.2, with the context */
    check("7.2.3.2", &rules, KEEPS, wire, wired, "T:Hello T:Hello ");
    wired = 0;
    frame(true, OSP_WS_TEXT | OSP_WS_COMPRESSED, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11);
    frame(true, OSP_WS_TEXT | OSP_WS_COMPRESSED, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
    frame(true, OSP_WS_TEXT | OSP_WS_COMPRESSED, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13);
    check("7.2.3.3 to 7.2.3.5", &rules, FORGETS, wire, wired, "T:Hello T:Hello T:Hello ");
    wired = 0;
}

static void check_bad_compression(void)
{
    frame(true, OSP_WS_BINARY | OSP_WS_COMPRESSED, "\xff\xff\xff\xff", 4);
    check("not DEFLATE", &rules, FORGETS, wire, wired, "F1007: ");
    wired = 0;
    osp_deflater *deflater = deflate->deflater_new(15);
    deflated(deflater, true, OSP_WS_TEXT, "abc \xc3( def", true);
    check("text that is not UTF-8 inside", &rules, FORGETS, wire, wired, "F1007: ");
    wired = 0;
    static char zeros[2000];
    memset(zeros, '0', sizeof zeros - 1);
    deflated(deflater, true, OSP_WS_TEXT, zeros, true);
    CHECK(wired < 60, "a bomb is small: %zu", wired);
    check("a bomb", &rules, FORGETS, wire, wired, "F1009: ");
    wired = 0;
    zeros[1000] = 0;
    deflated(deflater, true, OSP_WS_TEXT, zeros, true);
    static char expected[1100];
    snprintf(expected, sizeof expected, "T:%.1000s ", zeros);
    check("as much as allowed", &rules, FORGETS, wire, wired, expected);
    wired = 0;
    deflate->deflater_free(deflater);
    text(true, OSP_WS_PING | OSP_WS_COMPRESSED, "");
    check("a compressed ping", &rules, FORGETS, wire, wired, "F1002: ");
    wired = 0;
}

/* ---- outboxes ---- */

static void check_outbox(void)
{
    osp__ws_outbox outbox = {0};
    struct iovec parts[4];
    osp__ws_frame *first = osp__ws_frame_new(OSP_WS_TEXT, "one", 3, NULL),
                  *second = osp__ws_frame_new(OSP_WS_TEXT, "two", 3, NULL),
                  *last = osp__ws_frame_close(1013, "too slow", 8, NULL);
    CHECK(osp__ws_outbox_add(&outbox, second) && osp__ws_outbox_add_first(&outbox, first), "memory");
    CHECK(osp__ws_outbox_gather(&outbox, parts, 4) == 2 && outbox.queued == 10, "gathered");
    CHECK(memcmp(parts[0].iov_base, "\x81\x03one", 5) == 0 && memcmp(parts[1].iov_base, "\x81\x03two", 5) == 0, "order");
    osp__ws_outbox_sent(&outbox, 7);
    CHECK(osp__ws_outbox_gather(&outbox, parts, 4) == 1 && memcmp(parts[0].iov_base, "two", 3) == 0, "half sent");
    CHECK(osp__ws_outbox_add(&outbox, first), "memory");
    osp__ws_outbox_shed(&outbox);
    CHECK(osp__ws_outbox_add(&outbox, last) && osp__ws_outbox_gather(&outbox, parts, 4) == 2, "shed");
    CHECK(memcmp(parts[0].iov_base, "two", 3) == 0 && memcmp(parts[1].iov_base, "\x88\x0a\x03\xf5too slow", 12) == 0,
          "what had begun, and the last words");
    osp__ws_outbox_clear(&outbox);
    CHECK(outbox.queued == 0 && osp__ws_outbox_gather(&outbox, parts, 4) == 0, "cleared");
    osp__ws_frame_release(first);
    osp__ws_frame_release(second);
    osp__ws_frame_release(last);
    char reason[200];
    memset(reason, 'r', sizeof reason);
    memcpy(reason + 122, "\xc3\xa9", 2); /* a character across the 123rd byte */
    last = osp__ws_frame_close(1000, reason, sizeof reason, NULL);
    CHECK(last->length == 2 + 2 + 122, "%zu", last->length);
    osp__ws_frame_release(last);
}

int main(void)
{
    const char *why = "";
    deflate = osp__deflate(NULL, &why);
    if (deflate == NULL) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    check_messages();
    check_prefixes();
    check_failures();
    check_limits();
    check_compression();
    check_bad_compression();
    check_outbox();
    return report();
}
