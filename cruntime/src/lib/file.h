/* file.h - what the descriptor functions need from the file functions. */
#ifndef OSP_LIB_FILE_H
#define OSP_LIB_FILE_H

#include <sys/types.h>

#include "../base.h"

/* Opens a file on the pool, close-on-exec, mode 0666 less the umask. Returns the descriptor, or -1 with the
 * error set, named after `function`. */
int osp__file_open(osp_ctx *ctx, const char *function, const char *path, int flags, char **error);

/* Writes all bytes; blocks. Returns their number or a negative errno. */
ssize_t osp__file_write_all(int fd, const char *bytes, size_t size);

#endif
