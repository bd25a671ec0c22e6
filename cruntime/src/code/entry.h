/* entry.h - one file of the code cache: what it is the code of, what that depends on, and the code.
 *
 * The layout, little-endian: a header with a mark, a digest of all that follows it, the file's size, and where each
 * part ends; then the parts. Every number in it is checked before it is used. */
#ifndef OSP_CODE_ENTRY_H
#define OSP_CODE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dependency.h"

/* What a program's key is made of, each a run of bytes. */
enum osp_key_part {
    OSP_KEY_PACKAGE, /* the compiler's folder */
    OSP_KEY_LIBRARY, /* the runtime library's path */
    OSP_KEY_OPTIONS, /* optimization level and capabilities that are off, in one spelling */
    OSP_KEY_CPU,     /* the name of a CPU, or empty: this one's identity is used */
    OSP_KEY_NAME,    /* what diagnostics call the source */
    OSP_KEY_SOURCE,  /* its bytes */
    OSP_KEY_PARTS
};

struct osp_bytes {
    const void *data;
    size_t size;
};

enum osp_entry_part {
    OSP_ENTRY_KEY,
    OSP_ENTRY_DEPENDENCIES,
    OSP_ENTRY_LIBRARIES, /* what dlopen takes, each with a NUL */
    OSP_ENTRY_NOTES,     /* warnings of the compilation: as text, coloured text, and JSON, each with a NUL */
    OSP_ENTRY_OBJECT,    /* a relocatable ELF file */
    OSP_ENTRY_PARTS
};

struct osp_entry {
    char *bytes; /* the whole file */
    struct osp_bytes parts[OSP_ENTRY_PARTS];
};

/* A list of dependencies that is being made; its contents are those of the part OSP_ENTRY_DEPENDENCIES. */
struct osp_dependencies {
    char *bytes;
    size_t size, capacity;
    int64_t changed; /* the latest change of one that is no user's source */
};

int osp__dependencies_add(struct osp_dependencies *list, char kind, const char *path);

/* Looks up the entry of a key that is undamaged and whose dependencies hold; those of the installation must not have
 * changed after `since` (ns since 1970), when this process began to use them. The caller releases entry->bytes.
 * 0, or a negative errno and a reason. */
int osp__entry_find(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, struct osp_entry *entry, const char **why);

/* Stores an entry, replacing one of the same key. `parts` holds what follows the key. */
int osp__entry_store(const struct osp_bytes key[OSP_KEY_PARTS], const struct osp_bytes parts[OSP_ENTRY_PARTS], const char **why);

#endif
