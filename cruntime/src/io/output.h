/* output.h - the buffer behind print and printErr.
 *
 * One buffer for the whole process, so that lines of different fibers stay whole and in the order they were printed.
 * It is written out when it is full, after each line if standard output is a terminal, before standard error is
 * written, before a worker goes to sleep, and at the end. */
#ifndef OSP_IO_OUTPUT_H
#define OSP_IO_OUTPUT_H

#include <stddef.h>

#include "../base.h"

/* Writes out what is buffered, if anything; cheap when there is nothing. */
void osp__output_flush_if_any(void);

/* Prints a string and a newline on stream 1 or 2; what osp_print and osp_print_err do. */
void osp__print_line(osp_ctx *ctx, int stream, const char *bytes, size_t length);

#endif
