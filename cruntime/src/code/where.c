/* where.c - see where.h. The file: a mark, the digest of the rest, the launcher's facts, and two paths. */
#include "where.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base.h"
#include "../sys/sys.h"
#include "digest.h"
#include "store.h"

static const char mark[8] = "OSPWHER1";
static const char *const variables[] = {"PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR",
                                        "PYTHONSAFEPATH", "OSPJIT_PYTHON", "HOME"};

struct note {
    char mark[8];
    osp_digest digest, launcher; /* of the paths; of the launcher's facts */
};

/* False if what Python imports also depends on the working directory, or the launcher cannot be looked at. */
static bool facts_of(const char *launcher, osp_digest *facts) {
    struct stat status;
    if (stat(launcher, &status) != 0) return false;
    const uint64_t numbers[] = {(uint64_t)status.st_ino, (uint64_t)status.st_size, (uint64_t)status.st_mtim.tv_sec,
                                (uint64_t)status.st_mtim.tv_nsec, (uint64_t)status.st_ctim.tv_sec,
                                (uint64_t)status.st_ctim.tv_nsec};
    const osp_digest begin = {0, 0};
    *facts = osp__digest(begin, launcher, strlen(launcher));
    *facts = osp__digest(*facts, numbers, sizeof numbers);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL) value = "\n"; /* unlike any value, and unlike an empty one */
        *facts = osp__digest(*facts, value, strlen(value));
    }
    const char *path = getenv("PYTHONPATH");
    for (; path != NULL && *path != '\0'; path = strchr(path, ':')) {
        if (*path == ':') path++;
        if (*path != '/') return false;
    }
    return true;
}

static void name_of(osp_digest facts, char name[64]) {
    char text[33];
    osp__digest_text(facts, text);
    snprintf(name, 64, "%s.where", text);
}

static bool parse(struct osp_where *where, size_t size, osp_digest facts) {
    struct note note;
    if (size < sizeof note + 4) return false;
    memcpy(&note, where->bytes, sizeof note);
    const osp_digest begin = {0, 0};
    const char *paths = where->bytes + sizeof note;
    size_t length = size - sizeof note;
    if (memcmp(note.mark, mark, sizeof mark) != 0 || !osp__digest_equal(note.launcher, facts) ||
        !osp__digest_equal(note.digest, osp__digest(begin, paths, length)) || paths[length - 1] != '\0')
        return false;
    where->package = paths;
    where->library = paths + strlen(paths) + 1;
    return where->library < paths + length && where->library + strlen(where->library) + 1 == paths + length;
}

bool osp__where_find(const char *launcher, struct osp_where *where) {
    const char *why;
    osp_digest facts;
    if (!facts_of(launcher, &facts)) return false;
    int folder = osp__store_open(false, &why);
    if (folder < 0) return false;
    char name[64];
    name_of(facts, name);
    size_t size;
    int error = osp__store_read(folder, name, &where->bytes, &size, &why);
    (void)osp__close(folder);
    if (error != 0) return false;
    if (parse(where, size, facts)) return true;
    osp__release(where->bytes);
    return false;
}

OSP_API int osp_where_remember(const char *launcher, const char *package, const char *library) {
    const char *why;
    struct note note;
    if (!facts_of(launcher, &note.launcher)) return -EINVAL;
    size_t first = strlen(package) + 1, second = strlen(library) + 1;
    char *paths = osp__alloc(first + second);
    if (paths == NULL) return -ENOMEM;
    memcpy(paths, package, first);
    memcpy(paths + first, library, second);
    const osp_digest begin = {0, 0};
    memcpy(note.mark, mark, sizeof mark);
    note.digest = osp__digest(begin, paths, first + second);
    char name[64];
    name_of(note.launcher, name);
    int folder = osp__store_open(true, &why);
    const struct iovec parts[] = {{&note, sizeof note}, {paths, first + second}};
    int error = folder < 0 ? folder : osp__store_write(folder, name, parts, 2, &why);
    if (folder >= 0) (void)osp__close(folder);
    osp__release(paths);
    return error;
}
