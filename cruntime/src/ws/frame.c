/*
 * See frame.h. Section numbers are of RFC 6455.
 */
#include "frame.h"

#include <string.h>

static bool opcode_is_known(uint8_t opcode)
{
    return opcode <= OSP_WS_BINARY || (opcode >= OSP_WS_CLOSE && opcode <= OSP_WS_PONG);
}

static uint64_t read_big_endian(const uint8_t *bytes, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

int osp_ws_header_parse(osp_ws_header *header, const uint8_t *bytes, size_t length, bool deflate)
{
    if (length == 0)
        return 0;
    header->fin = (bytes[0] & 0x80) != 0;
    header->opcode = bytes[0] & 15;
    header->compressed = (bytes[0] & OSP_WS_COMPRESSED) != 0;
    bool control = osp_ws_is_control(header->opcode), begins = header->opcode == OSP_WS_TEXT || header->opcode == OSP_WS_BINARY;
    if ((bytes[0] & 0x30) != 0 || (header->compressed && !(deflate && begins)) || !opcode_is_known(header->opcode) || (control && !header->fin))
        return -OSP_WS_PROTOCOL_ERROR;
    if (length == 1)
        return 0;
    header->masked = (bytes[1] & 0x80) != 0;
    unsigned first = bytes[1] & 127;
    if (control && first > OSP_WS_CONTROL_MAX)
        return -OSP_WS_PROTOCOL_ERROR;
    size_t extended = first == 126 ? 2 : first == 127 ? 8 : 0;
    if (extended == 8 && length > 2 && (bytes[2] & 0x80) != 0)
        return -OSP_WS_PROTOCOL_ERROR;
    if (length < 2 + extended)
        return 0;
    header->length = extended == 0 ? first : read_big_endian(bytes + 2, extended);
    if ((extended == 2 && header->length < 126) || (extended == 8 && header->length <= UINT16_MAX))
        return -OSP_WS_PROTOCOL_ERROR;
    size_t size = 2 + extended + (header->masked ? 4 : 0);
    if (length < size)
        return 0;
    memset(header->mask, 0, sizeof header->mask);
    if (header->masked)
        memcpy(header->mask, bytes + size - 4, 4);
    return (int)size;
}

size_t osp_ws_header_write(uint8_t out[OSP_WS_HEADER_MAX], bool fin, uint8_t opcode, uint64_t length,
                           const uint8_t *mask)
{
    size_t extended = length < 126 ? 0 : length <= UINT16_MAX ? 2 : 8;
    out[0] = (uint8_t)((fin ? 0x80 : 0) | opcode);
    out[1] = (uint8_t)((mask != NULL ? 0x80 : 0) | (extended == 0 ? length : extended == 2 ? 126 : 127));
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)(length >> 8 * (extended - 1 - i));
    if (mask == NULL)
        return 2 + extended;
    memcpy(out + 2 + extended, mask, 4);
    return 6 + extended;
}

void osp_ws_mask_scalar(uint8_t *bytes, size_t length, const uint8_t mask[4], uint64_t offset)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] ^= mask[(offset + i) & 3];
}

/* A vector register; the compiler knows those of each CPU. */
typedef uint8_t block __attribute__((vector_size(16)));

void osp_ws_mask(uint8_t *bytes, size_t length, const uint8_t mask[4], uint64_t offset)
{
    size_t at = 0;
    if (length >= sizeof(block)) {
        block key, data[4];
        uint8_t turned[sizeof key];
        for (size_t i = 0; i < sizeof turned; i++)
            turned[i] = mask[(offset + i) & 3];
        memcpy(&key, turned, sizeof key);
        for (; length - at >= sizeof data; at += sizeof data) {
            memcpy(data, bytes + at, sizeof data);
            for (int i = 0; i < 4; i++)
                data[i] ^= key;
            memcpy(bytes + at, data, sizeof data);
        }
        for (; length - at >= sizeof key; at += sizeof key) {
            memcpy(data, bytes + at, sizeof key);
            data[0] ^= key;
            memcpy(bytes + at, data, sizeof key);
        }
    }
    osp_ws_mask_scalar(bytes + at, length - at, mask, offset + at);
}

bool osp_ws_close_code_is_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

unsigned osp_ws_close_parse(const uint8_t *payload, size_t length, unsigned *code)
{
    *code = OSP_WS_NO_STATUS;
    if (length == 0)
        return 0;
    if (length == 1)
        return OSP_WS_PROTOCOL_ERROR;
    *code = (unsigned)read_big_endian(payload, 2);
    if (!osp_ws_close_code_is_valid(*code))
        return OSP_WS_PROTOCOL_ERROR;
    osp_ws_utf8 reason = {0};
    if (!osp_ws_utf8_feed(&reason, payload + 2, length - 2) || !osp_ws_utf8_is_complete(&reason))
        return OSP_WS_INVALID_DATA;
    return 0;
}

/* Table 3-7 of the Unicode standard: what may follow each first byte. False if it begins no code point. */
static bool begin_code_point(osp_ws_utf8 *state, uint8_t byte)
{
    state->needed = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    state->lower = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
    state->upper = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
    return byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4);
}

/* How many bytes from `at` on are certainly ASCII. */
static size_t ascii_run(const uint8_t *bytes, size_t at, size_t length)
{
    size_t start = at;
    for (uint64_t words[2]; length - at >= sizeof words; at += sizeof words) {
        memcpy(words, bytes + at, sizeof words);
        if (((words[0] | words[1]) & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return at - start;
}

bool osp_ws_utf8_feed(osp_ws_utf8 *state, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (state->needed == 0) {
            if (bytes[i] < 0x80) {
                size_t run = ascii_run(bytes, i, length);
                i += run > 0 ? run - 1 : 0;
                continue;
            }
            if (!begin_code_point(state, bytes[i]))
                return false;
            continue;
        }
        if (bytes[i] < state->lower || bytes[i] > state->upper)
            return false;
        state->needed--;
        state->lower = 0x80;
        state->upper = 0xbf;
    }
    return true;
}
