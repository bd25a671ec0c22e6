/* cached.h - the code cache as the Python package and the launcher see it: programs by their keys, loaded.
 *
 * Every function here is called through ctypes or dlsym. Failures are negative errnos with a sentence. */
#ifndef OSP_CODE_CACHED_H
#define OSP_CODE_CACHED_H

#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "loader.h"

/* The folder of the cache; false if there is to be none. */
bool osp_cache_path(char *path, size_t size, const char **why);

/* Loads the code of a key from the cache. *notes: what the compilation said, as text, coloured text and JSON, each with
 * a NUL; owned by the caller, who frees it with osp_cache_release. */
int osp_cache_load(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, struct osp_code **code, char **notes,
                   const char **why);
void osp_cache_release(void *block);

/* A list of dependencies: adding notes the state at that moment, so add before reading. */
struct osp_dependencies *osp_dependencies_new(void);
int osp_dependencies_add(struct osp_dependencies *list, char kind, const char *path);
void osp_dependencies_free(struct osp_dependencies *list);

/* Stores code. `libraries`: what dlopen takes, each with a NUL. Refused if the installation changed after `since`. */
int osp_cache_store(const struct osp_bytes key[OSP_KEY_PARTS], int64_t since, const struct osp_dependencies *dependencies,
                    const struct osp_bytes *libraries, const struct osp_bytes *notes, const struct osp_bytes *object,
                    const char **why);

#endif
