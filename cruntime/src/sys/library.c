/* library.c - see library.h. */
#include "library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool beside_us(const char *name, char *path, size_t size) {
    static const char here_too = 0;
    Dl_info here;
    if (dladdr(&here_too, &here) == 0 || here.dli_fname == NULL) return false;
    const char *slash = strrchr(here.dli_fname, '/');
    int folder = slash != NULL ? (int)(slash - here.dli_fname) + 1 : 0;
    int length = snprintf(path, size, "%.*s%s", folder, here.dli_fname, name);
    return length > 0 && (size_t)length < size;
}

void *osp__library_open(const char *name, const char *entry, char *fault, size_t size) {
    char path[4096];
    if (!beside_us(name, path, sizeof path)) {
        snprintf(fault, size, "cannot tell where the runtime library lies");
        return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library != NULL ? dlsym(library, entry) : NULL;
    if (library == NULL)
        snprintf(fault, size, "%s", dlerror());
    else if (symbol == NULL)
        snprintf(fault, size, "%s does not belong to this runtime", path);
    return symbol;
}
