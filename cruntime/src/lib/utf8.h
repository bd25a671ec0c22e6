/* utf8.h - UTF-8 (RFC 3629) one code point at a time: no overlong forms, no surrogates, nothing above
 * U+10FFFF.
 *
 * Strings of the language are bytes that are usually UTF-8. Whoever walks one must say what an ill-formed
 * byte is worth; these functions only tell. They never read beyond the length they are given. */
#ifndef OSP_LIB_UTF8_H
#define OSP_LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the code point that starts at bytes[0]; `length` is at least 1. Returns how many bytes it takes (1
 * to 4) and stores it, or returns 0 when none starts there. */
size_t osp__utf8_decode(const char *bytes, size_t length, uint32_t *code_point);

/* How many bytes a code point takes; 0 when the number is none. */
size_t osp__utf8_width(int64_t code_point);

/* Writes a valid code point; returns its width. `out` has room for 4 bytes. */
size_t osp__utf8_encode(uint32_t code_point, char *out);

#endif
