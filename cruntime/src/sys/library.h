/* library.h - opening the libraries that lie beside the runtime's own and are needed by few programs. */
#ifndef OSP_SYS_LIBRARY_H
#define OSP_SYS_LIBRARY_H

#include <stddef.h>

/* Opens the file `name` in the folder of the library this function is in, for good, and returns its symbol `entry`;
 * NULL with a sentence in fault[0 .. size) on failure. Needs more stack than a fiber has. */
void *osp__library_open(const char *name, const char *entry, char *fault, size_t size);

#endif
