/* utf8.c - see utf8.h. */
#include "utf8.h"

#include <stdbool.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t osp__utf8_width(int64_t code_point)
{
    if (code_point < 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        return 0;
    return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

size_t osp__utf8_decode(const char *bytes, size_t length, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)bytes;
    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    size_t width = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
    if (width == 0 || width > length || p[0] > 0xf4)
        return 0;
    uint32_t value = p[0] & (0x7fu >> width);
    for (size_t i = 1; i < width; i++) {
        if (!is_continuation(p[i]))
            return 0;
        value = value << 6 | (p[i] & 0x3fu);
    }
    /* An overlong form has a shorter encoding; surrogates and too large numbers have none. */
    if (osp__utf8_width(value) != width)
        return 0;
    *code_point = value;
    return width;
}

size_t osp__utf8_encode(uint32_t code_point, char *out)
{
    size_t width = osp__utf8_width(code_point);
    if (width == 1) {
        out[0] = (char)code_point;
        return 1;
    }
    for (size_t i = width - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)((0xf00u >> width & 0xf0u) | code_point);
    return width;
}
