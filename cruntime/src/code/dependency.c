/* dependency.c - see dependency.h. A tree's digest is the sum of its files' digests, which needs no order. */
#include "dependency.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sys/sys.h"

/* Deeper or larger trees are none of ours. */
#define MAX_DEPTH 8
#define MAX_FILES 20000
#define MAX_CONTENT ((size_t)256 << 20)

static const osp_digest nothing;

static void include(struct osp_state *state, osp_digest stat, osp_digest content, int64_t changed) {
    state->stat.a += stat.a;
    state->stat.b += stat.b;
    state->content.a += content.a;
    state->content.b += content.b;
    if (changed > state->changed) state->changed = changed;
}

static int content_of(int fd, osp_digest seed, osp_digest *digest) {
    struct stat status;
    if (fstat(fd, &status) != 0) return -errno;
    if (!S_ISREG(status.st_mode) || (size_t)status.st_size > MAX_CONTENT) return -EINVAL;
    size_t size = (size_t)status.st_size, done = 0;
    char *bytes = osp__alloc(size + 1);
    if (bytes == NULL) return -ENOMEM;
    int error = 0;
    while (done < size + 1) { /* one more than there should be: it may be growing */
        ssize_t n = osp__read(fd, bytes + done, size + 1 - done);
        if (n < 0) error = (int)n;
        if (n <= 0) break;
        done += (size_t)n;
    }
    if (error == 0 && done != size) error = -EAGAIN;
    if (error == 0) *digest = osp__digest(seed, bytes, size);
    osp__release(bytes);
    return error;
}

/* One file, called `name` in `folder` and `shown` in the digest. */
static int add_file(int folder, const char *name, const char *shown, bool contents, struct osp_state *state) {
    struct stat status;
    if (fstatat(folder, name, &status, 0) != 0) return -errno;
    if (!S_ISREG(status.st_mode)) return -EINVAL;
    int64_t changed = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
    const uint64_t facts[] = {(uint64_t)status.st_ino,         (uint64_t)status.st_size,         (uint64_t)status.st_mtim.tv_sec,
                              (uint64_t)status.st_mtim.tv_nsec, (uint64_t)status.st_ctim.tv_sec, (uint64_t)status.st_ctim.tv_nsec};
    osp_digest named = osp__digest(nothing, shown, strlen(shown));
    osp_digest content = nothing;
    if (contents) {
        int fd = osp__open_at(folder, name, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0) return fd;
        int error = content_of(fd, named, &content);
        (void)osp__close(fd);
        if (error != 0) return error;
    }
    include(state, osp__digest(named, facts, sizeof facts), content, changed);
    return 0;
}

static bool is_source(const char *name) {
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".py") == 0;
}

/* Whether a folder's entry is a folder, without a system call where the file system says so. */
static bool is_folder(int folder, const struct dirent *entry) {
    if (entry->d_type == DT_DIR) return true;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) return false;
    struct stat status;
    return fstatat(folder, entry->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static int add_tree(int parent, const char *name, const char *shown, int depth, int *files, bool contents,
                    struct osp_state *state) {
    int fd = osp__open_at(parent, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return fd;
    DIR *listing = fdopendir(fd);
    if (listing == NULL) {
        (void)osp__close(fd);
        return -ENOMEM;
    }
    int error = 0;
    for (struct dirent *each; error == 0 && (each = readdir(listing)) != NULL;) {
        if (each->d_name[0] == '.' || strcmp(each->d_name, "__pycache__") == 0) continue;
        char path[1024];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", shown, each->d_name) >= sizeof path) error = -ENAMETOOLONG;
        else if (is_source(each->d_name)) error = ++*files > MAX_FILES ? -EFBIG : add_file(fd, each->d_name, path, contents, state);
        else if (is_folder(fd, each))
            error = depth == MAX_DEPTH ? -ELOOP : add_tree(fd, each->d_name, path, depth + 1, files, contents, state);
    }
    (void)closedir(listing);
    return error;
}

int osp__dependency_state(char kind, const char *path, bool contents, struct osp_state *state) {
    memset(state, 0, sizeof *state);
    struct stat status;
    int files = 0;
    switch (kind) {
    case OSP_DEPENDENCY_FILE:
    case OSP_DEPENDENCY_CONTENT: return add_file(AT_FDCWD, path, "", contents || kind == OSP_DEPENDENCY_CONTENT, state);
    case OSP_DEPENDENCY_TREE: return add_tree(AT_FDCWD, path, "", 0, &files, contents, state);
    case OSP_DEPENDENCY_ABSENT:
        if (stat(path, &status) == 0) return -EEXIST;
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    default: return -EINVAL;
    }
}

bool osp__dependency_holds(char kind, const char *path, const struct osp_state *was, int64_t *changed) {
    struct osp_state now;
    bool contents = kind == OSP_DEPENDENCY_CONTENT;
    if (osp__dependency_state(kind, path, contents, &now) != 0) return false;
    bool same = contents ? osp__digest_equal(now.content, was->content) : osp__digest_equal(now.stat, was->stat);
    if (!same && !contents && osp__dependency_state(kind, path, true, &now) == 0)
        same = osp__digest_equal(now.content, was->content);
    if (kind != OSP_DEPENDENCY_CONTENT && now.changed > *changed) *changed = now.changed;
    return same;
}
