/* where.h - which installation a launcher belongs to: a note in the cache, written by the Python that it started.
 *
 * A launcher cannot know which package its Python would import; that Python does, and says so once. The note holds for
 * the launcher's file and for those environment variables that decide what Python imports. */
#ifndef OSP_CODE_WHERE_H
#define OSP_CODE_WHERE_H

#include <stdbool.h>

struct osp_where {
    char *bytes; /* released by the caller (osp__release) */
    const char *package, *library; /* in `bytes`: folder of the package, path of the runtime library */
};

bool osp__where_find(const char *launcher, struct osp_where *where);

/* 0 or a negative errno. */
int osp_where_remember(const char *launcher, const char *package, const char *library);

#endif
