/* dependency.h - the files that a cached program was made from, beside its source, and whether they still are.
 *
 * The check must not parse anything and must cost microseconds: what stat says is compared first and the contents
 * only if that differs (a checkout or a copied installation changes times, not contents). */
#ifndef OSP_CODE_DEPENDENCY_H
#define OSP_CODE_DEPENDENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"

enum osp_dependency_kind {
    OSP_DEPENDENCY_FILE = 'F',    /* stat, else contents */
    OSP_DEPENDENCY_CONTENT = 'C', /* contents always: a user's own source file */
    OSP_DEPENDENCY_TREE = 'T',    /* the *.py files below a folder: stat, else contents */
    OSP_DEPENDENCY_ABSENT = 'A',  /* a look-up that found nothing, and must not find anything now */
};

/* What a dependency is like. */
struct osp_state {
    osp_digest stat, content;
    int64_t changed; /* the latest change (ctime), ns since 1970; 0: absent */
};

/* The state of a dependency now. `contents` says whether its contents are wanted. 0 or a negative errno. */
int osp__dependency_state(char kind, const char *path, bool contents, struct osp_state *state);

/* Whether a dependency is as it was. */
bool osp__dependency_holds(char kind, const char *path, const struct osp_state *was, int64_t *changed);

#endif
