/*
 * The frame codec: every rule of a header, every prefix of valid ones, masking at every offset, close payloads,
 * and UTF-8 cut anywhere.
 */
#include "../src/ws/frame.h"

#include "protocol_test.h"

static int parse(const void *bytes, size_t length, osp_ws_header *header)
{
    return osp_ws_header_parse(header, (const uint8_t *)guarded(bytes, length), length, false);
}

static void check_round_trips(void)
{
    static const uint64_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, INT64_MAX};
    static const uint8_t mask[4] = {1, 2, 3, 4}, opcodes[] = {0, 1, 2, 8, 9, 10};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t j = 0; j < sizeof opcodes; j++)
            for (int flags = 0; flags < 4; flags++) {
                uint8_t bytes[OSP_WS_HEADER_MAX];
                osp_ws_header header;
                bool fin = flags & 1;
                if (osp_ws_is_control(opcodes[j]) && (lengths[i] > 125 || !fin))
                    continue;
                size_t size = osp_ws_header_write(bytes, fin, opcodes[j], lengths[i], flags & 2 ? mask : NULL);
                for (size_t cut = 0; cut < size; cut++)
                    CHECK(parse(bytes, cut, &header) == 0, "cut %zu of %zu", cut, size);
                CHECK(parse(bytes, size, &header) == (int)size, "size %zu", size);
                CHECK(header.fin == fin && header.opcode == opcodes[j] && header.length == lengths[i], "fields");
                CHECK(header.masked == ((flags & 2) != 0) && (!header.masked || memcmp(header.mask, mask, 4) == 0), "mask");
            }
}

static void check_refusals(void)
{
    static const struct { const char *bytes; size_t length; } bad[] = {
        {"\xc1", 1}, {"\xa1", 1}, {"\x91", 1},         /* reserved bits, seen at once */
        {"\x83", 1}, {"\x87", 1}, {"\x8b", 1}, {"\x8f", 1}, /* reserved opcodes */
        {"\x08", 1}, {"\x09", 1}, {"\x0a", 1},         /* fragmented control frames */
        {"\x89\x7e", 2}, {"\x88\x7f", 2}, {"\x8a\xfe", 2}, /* control frames that are too long */
        {"\x82\x7e\x00\x7d", 4},                       /* 125 in two bytes */
        {"\x82\x7f\0\0\0\0\0\0\xff\xff", 10},          /* 65535 in eight */
        {"\x82\x7f\x80", 3},                           /* 2^63 and more */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        osp_ws_header header;
        CHECK(parse(bad[i].bytes, bad[i].length, &header) == -OSP_WS_PROTOCOL_ERROR, "case %zu", i);
        for (size_t cut = 0; cut < bad[i].length; cut++)
            CHECK(parse(bad[i].bytes, cut, &header) == 0, "case %zu cut %zu", i, cut);
    }
}

/* Reserved bit 1 is for the first frame of a message, and only where compression was agreed on. */
static void check_compressed_bit(void)
{
    for (unsigned first = 0; first < 256; first++) {
        const uint8_t bytes[2] = {(uint8_t)first, 0};
        osp_ws_header header;
        unsigned opcode = first & 15;
        bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10), control = opcode >= 8;
        bool plain = known && (first & 0x70) == 0 && (!control || (first & 0x80) != 0);
        bool compressed = (first & 0x70) == 0x40 && (opcode == 1 || opcode == 2);
        CHECK((osp_ws_header_parse(&header, bytes, 2, false) == 2) == plain, "%02x", first);
        CHECK((osp_ws_header_parse(&header, bytes, 2, true) == 2) == (plain || compressed), "%02x", first);
        CHECK(!compressed || header.compressed, "%02x", first);
    }
}

static void check_masking(void)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t hello[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58}; /* RFC 6455 5.7 */
    osp_ws_mask(hello, sizeof hello, mask, 0);
    CHECK(memcmp(hello, "Hello", 5) == 0, "sample");
    for (size_t length = 0; length < 200; length++) /* from each place in memory, to the last byte before a bad page */
        for (uint64_t offset = 0; offset < 9; offset++) {
            uint8_t bytes[200], twin[200];
            for (size_t i = 0; i < length; i++)
                bytes[i] = twin[i] = (uint8_t)(i * 7 + 3);
            uint8_t *at = (uint8_t *)guarded((char *)bytes, length);
            osp_ws_mask(at, length, mask, offset);
            osp_ws_mask_scalar(twin, length, mask, offset);
            CHECK(memcmp(at, twin, length) == 0, "%zu from %d: not as the scalar twin", length, (int)offset);
            for (size_t i = 0; i < length; i++)
                CHECK(twin[i] == (bytes[i] ^ mask[(offset + i) % 4]), "%zu at %zu", length, i);
        }
}

static unsigned close_result(const char *bytes, size_t length, unsigned *code)
{
    return osp_ws_close_parse((const uint8_t *)guarded(bytes, length), length, code);
}

static void check_close(void)
{
    unsigned code;
    CHECK(close_result("", 0, &code) == 0 && code == OSP_WS_NO_STATUS, "empty");
    CHECK(close_result("\x03", 1, &code) == OSP_WS_PROTOCOL_ERROR, "one byte");
    CHECK(close_result("\x03\xe8" "bye", 5, &code) == 0 && code == 1000, "normal");
    CHECK(close_result("\x03\xe8\xc3", 3, &code) == OSP_WS_INVALID_DATA, "half a character");
    CHECK(close_result("\x03\xe8\xff", 3, &code) == OSP_WS_INVALID_DATA, "not UTF-8");
    for (unsigned value = 0; value < 65536; value++) {
        char bytes[2] = {(char)(value >> 8), (char)value};
        bool good = (value >= 1000 && value <= 1014 && value != 1004 && value != 1005 && value != 1006) ||
                    (value >= 3000 && value <= 4999);
        CHECK((close_result(bytes, 2, &code) == 0) == good, "%u", value);
    }
}

/* How many bytes are taken before the text is refused; -1 if it is not, -2 if it is incomplete. */
static int refused_at(const char *text, size_t length)
{
    osp_ws_utf8 state = {0};
    for (size_t i = 0; i < length; i++)
        if (!osp_ws_utf8_feed(&state, (const uint8_t *)text + i, 1))
            return (int)i;
    return osp_ws_utf8_is_complete(&state) ? -1 : -2;
}

static void check_utf8(void)
{
    static const struct { const char *text; int at; } cases[] = {
        {"abc", -1}, {"\xce\xba\xe1\xbd\xb9\xcf\x83", -1}, {"\xf0\x9f\x98\x80", -1}, {"\xf4\x8f\xbf\xbf", -1},
        {"\xed\x9f\xbf\xee\x80\x80", -1}, {"\xc2", -2}, {"\xe1\x80", -2}, {"\xf0\x9f\x98", -2},
        {"\x80", 0}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xe0\x9f\xbf", 1}, {"\xed\xa0\x80", 1}, {"\xf0\x8f\xbf\xbf", 1},
        {"\xf4\x90\x80\x80", 1}, {"\xf5\x80\x80\x80", 0}, {"\xff", 0}, {"a\xe1\x80z", 3}, {"\xc3(", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(refused_at(cases[i].text, strlen(cases[i].text)) == cases[i].at, "case %zu", i);
}

int main(void)
{
    check_round_trips();
    check_refusals();
    check_compressed_bit();
    check_masking();
    check_close();
    check_utf8();
    return report();
}
