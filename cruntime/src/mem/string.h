/* string.h - Osprey strings inside the runtime. The layout is described in ospjit.h. */
#ifndef OSP_MEM_STRING_H
#define OSP_MEM_STRING_H

#include "object.h"

static inline uint64_t osp__length(const char *string) { return ((const uint64_t *)(const void *)string)[-2]; }

/* A string of `length` bytes, not yet filled in but NUL-terminated. Fails the fiber when memory runs out; with ctx
 * NULL it returns NULL. */
char *osp__string_reserve(osp_ctx *ctx, size_t length);

/* A copy of bytes; like osp_string_new, but fails the fiber when memory runs out (ctx NULL: returns NULL). */
char *osp__string_copy(osp_ctx *ctx, const char *bytes, size_t length);

/* memcpy that returns the end of the copy, as mempcpy does; polls between the parts of a long one. */
char *osp__copy(osp_ctx *ctx, char *to, const char *from, size_t length);

/* Formats an error message into *error, if the caller wants one. An immortal text stands in when memory runs out. */
void osp__set_error(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The beginning of a string with its control characters as they look inside a literal, so that no text from elsewhere
 * disturbs the message that quotes it; "..." follows when there is more. `room` keeps it. */
struct osp__excerpt {
    char text[336];
};
const char *osp__excerpt(struct osp__excerpt *room, const char *string);

/* The empty string, immortal. */
char *osp__empty_string(void);

#endif
