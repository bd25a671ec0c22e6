/*
 * Finding the end of a line, sixteen bytes at a time.
 *
 * A line of a message head holds no control character but tabs, so the first control character is its end
 * or its fault. The vector version (SSE2 or NEON, both part of their base instruction set) and the scalar
 * twin give the same answer on every input; the tests compare them. Neither reads outside its range.
 */
#ifndef OSP_HTTP_SCAN_H
#define OSP_HTTP_SCAN_H

#include <stddef.h>

/* Index of the first byte of bytes[0 .. length) that is 0x00-0x1f, but not a tab, or 0x7f; else `length`. */
size_t osp__scan_control(const char *bytes, size_t length);
size_t osp__scan_control_scalar(const char *bytes, size_t length);

#endif
