/* cached.c - see cached.h. */
#include "cached.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "../base.h"
#include "../sys/sys.h"
#include "store.h"

#define MAX_LIBRARIES 64

static int failed(int error, const char *reason, const char **why) {
    *why = reason;
    return error;
}

/* Opens the libraries of an entry; they are never closed, as code that was loaded from them may still run. */
static int open_libraries(struct osp_bytes names, void **handles, size_t *count, const char **why) {
    *count = 0;
    const char *at = names.data, *end = at + names.size;
    if (names.size != 0 && end[-1] != '\0') return failed(-EBADMSG, "the file is damaged", why);
    for (; at < end; at += strlen(at) + 1) {
        if (*count == MAX_LIBRARIES) return failed(-EMFILE, "it links too many libraries", why);
        handles[*count] = dlopen(at, RTLD_NOW | RTLD_LOCAL);
        if (handles[(*count)++] == NULL) return failed(-ENOENT, "a library that it links cannot be opened", why);
    }
    return 0;
}

static bool well_formed_notes(struct osp_bytes notes) {
    const char *at = notes.data, *end = at + notes.size;
    int texts = 0;
    for (; at < end; at++) texts += *at == '\0';
    return texts == 3 && end[-1] == '\0';
}

static int load(const struct osp_entry *entry, struct osp_code **code, char **notes, const char **why) {
    void *handles[MAX_LIBRARIES];
    size_t count;
    int error = open_libraries(entry->parts[OSP_ENTRY_LIBRARIES], handles, &count, why);
    if (error != 0) return error;
    struct osp_bytes said = entry->parts[OSP_ENTRY_NOTES], object = entry->parts[OSP_ENTRY_OBJECT];
    if (!well_formed_notes(said)) return failed(-EBADMSG, "the file is damaged", why);
    char reason[256];
    *notes = osp__alloc(said.size);
    if (*notes == NULL) return failed(-ENOMEM, "out of memory", why);
    memcpy(*notes, said.data, said.size);
    const struct osp_code_surroundings surroundings = {.libraries = handles, .library_count = count};
    error = osp_code_load(object.data, object.size, &surroundings, code, reason, sizeof reason);
    if (error == 0) return 0;
    osp__release(*notes);
    return failed(error, error == -ENOENT ? "a function that it calls is gone" : "its code cannot be loaded", why);
}

OSP_API bool osp_cache_path(char *path, size_t size, const char **why) { return osp__store_path(path, size, why); }

OSP_API int osp_cache_load(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, struct osp_code **code, char **notes,
                           const char **why) {
    struct osp_entry entry;
    int error = osp__entry_find(key, since, &entry, why);
    if (error != 0) return error;
    error = load(&entry, code, notes, why);
    osp__release(entry.bytes);
    return error;
}

OSP_API void osp_cache_release(void *block) { osp__release(block); }

OSP_API struct osp_dependencies *osp_dependencies_new(void) { return osp__alloc_zeroed(sizeof(struct osp_dependencies)); }

OSP_API int osp_dependencies_add(struct osp_dependencies *list, char kind, const char *path) {
    return osp__dependencies_add(list, kind, path);
}

OSP_API void osp_dependencies_free(struct osp_dependencies *list) {
    if (list == NULL) return;
    osp__release(list->bytes);
    osp__release(list);
}

OSP_API int osp_cache_store(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, const struct osp_dependencies *dependencies,
                            const struct osp_bytes *libraries, const struct osp_bytes *notes, const struct osp_bytes *object,
                            const char **why) {
    if (dependencies->changed > since) return failed(-ESTALE, "the installation has changed since this process began", why);
    const struct osp_bytes parts[OSP_ENTRY_PARTS] = {
        [OSP_ENTRY_DEPENDENCIES] = {dependencies->bytes, dependencies->size},
        [OSP_ENTRY_LIBRARIES] = *libraries,
        [OSP_ENTRY_NOTES] = *notes,
        [OSP_ENTRY_OBJECT] = *object,
    };
    return osp__entry_store(key, parts, why);
}
