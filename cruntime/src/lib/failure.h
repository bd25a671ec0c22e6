/* failure.h - how the library's functions report failure.
 *
 * A function of type Result<T, Error> stores one message into its `char **error` parameter and returns a
 * value that nobody looks at. The messages that several functions share are made here, so that they read the
 * same everywhere. Nothing here may end a fiber: these are the failures that a program handles. */
#ifndef OSP_LIB_FAILURE_H
#define OSP_LIB_FAILURE_H

#include "../mem/string.h"

/* Strings longer than this are not made by functions that multiply lengths (repeat, replace, pads): running
 * out of memory slowly, page by page, would take the whole process down instead of giving an Error. */
#define OSP_STRING_LIMIT ((size_t)1 << 31)

/* "index out of bounds: 9 (length 3)" */
void osp__fail_index(char **error, int64_t index, uint64_t length);

/* "readFile: /x: no such file or directory"; `path` may be NULL, `code` is a positive errno. */
void osp__fail_system(char **error, const char *function, const char *path, int code);

/* Whether a result of `length` bytes can be made; if not, says so. */
bool osp__check_size(char **error, const char *function, size_t length);

/* A string of `length` bytes for a function that can fail; NULL, with the error set, when memory runs out. */
char *osp__string_try(char **error, const char *function, size_t length);

/* NUL-free strings are C strings; others cannot name a file or a variable. Says so and returns false. */
bool osp__check_c_string(char **error, const char *function, const char *string);

#endif
