/* store.c - see store.h. Whatever is found in the folder may have been put there by anybody: names are opened without
 * following links, what is opened is looked at before it is read, and sizes are bounded. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sys/sys.h"

static int failed(int error, const char *reason, const char **why) {
    *why = reason;
    return error;
}

/* ---- the folder --------------------------------------------------------------------------------------------------- */

static bool join(char *path, size_t size, const char *base, const char *rest, const char **why) {
    int length = snprintf(path, size, "%s%s", base, rest);
    if (length > 0 && (size_t)length < size) return true;
    *why = "the path of the cache is too long";
    return false;
}

bool osp__store_path(char *path, size_t size, const char **why) {
    const char *off = getenv("OSPJIT_CACHE");
    if (off != NULL && strcmp(off, "0") == 0) {
        *why = "it is switched off";
        return false;
    }
    if (getauxval(AT_SECURE)) {
        *why = "this process has more rights than its user";
        return false;
    }
    const char *own = getenv("OSPJIT_CACHE_DIR");
    if (own != NULL && *own != '\0') {
        if (*own == '/') return join(path, size, own, "", why);
        *why = "OSPJIT_CACHE_DIR is not an absolute path";
        return false;
    }
    const char *caches = getenv("XDG_CACHE_HOME");
    if (caches != NULL && *caches == '/') return join(path, size, caches, "/ospjit", why);
    const char *home = getenv("HOME");
    if (home != NULL && *home == '/') return join(path, size, home, "/.cache/ospjit", why);
    *why = "there is no home directory";
    return false;
}

/* Makes a folder and those above it. */
static int make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int error = osp__make_folder(path, 0777);
        *slash = '/';
        if (error != 0 && error != -EEXIST && error != -EROFS && error != -EACCES) return error;
    }
    return osp__make_folder(path, 0700);
}

static bool ours(const struct stat *status) {
    return status->st_uid == geteuid() && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int osp__store_open(bool create, const char **why) {
    char path[PATH_MAX];
    if (!osp__store_path(path, sizeof path, why)) return -ENOENT;
    int folder = osp__open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (folder == -ENOENT && create) {
        int error = make_folders(path);
        if (error != 0 && error != -EEXIST) return failed(error, "its folder cannot be made", why);
        folder = osp__open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (folder == -ENOENT) return failed(folder, "not there", why);
    if (folder < 0) return failed(folder, "its folder cannot be opened", why);
    struct stat status;
    if (fstat(folder, &status) == 0 && ours(&status)) return folder;
    (void)osp__close(folder);
    return failed(-EPERM, "its folder belongs to another user or can be written by others", why);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int read_exactly(int fd, char *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = osp__read(fd, bytes + done, size - done);
        if (n < 0) return (int)n;
        if (n == 0) return -EIO;
        done += (size_t)n;
    }
    return 0;
}

static int read_open(int fd, char **bytes, size_t *size, const char **why) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !ours(&status))
        return failed(-EPERM, "the file belongs to another user or can be written by others", why);
    if (status.st_size < 0 || (uint64_t)status.st_size > OSP_STORE_MAX_FILE) return failed(-EFBIG, "the file is damaged", why);
    *size = (size_t)status.st_size;
    *bytes = osp__alloc(*size + 1);
    if (*bytes == NULL) return failed(-ENOMEM, "out of memory", why);
    int error = read_exactly(fd, *bytes, *size);
    if (error != 0) {
        osp__release(*bytes);
        return failed(error, "the file cannot be read", why);
    }
    if (osp__wall_ms() / 1000 - status.st_mtim.tv_sec > 3600) (void)osp__set_now(fd);
    return 0;
}

int osp__store_read(int folder, const char *name, char **bytes, size_t *size, const char **why) {
    /* O_NONBLOCK: a pipe with this name must not be waited for. */
    int fd = osp__open_at(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd == -ENOENT) return failed(fd, "not there", why);
    if (fd < 0) return failed(fd, "the file cannot be opened", why);
    int error = read_open(fd, bytes, size, why);
    (void)osp__close(fd);
    return error;
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static int write_exactly(int fd, const char *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = osp__write(fd, bytes + done, size - done);
        if (n < 0) return (int)n;
        done += (size_t)n;
    }
    return 0;
}

int osp__store_write(int folder, const char *name, const struct iovec *parts, int count, const char **why) {
    static uint64_t serial;
    char temporary[64];
    /* The address differs between processes that share a process id, as in containers; O_EXCL settles the rest. */
    snprintf(temporary, sizeof temporary, ".tmp-%ld-%llx-%llx", (long)getpid(), (unsigned long long)osp__now_ns(),
             (unsigned long long)__atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
    int fd = osp__open_at(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0) return failed(fd, "its folder cannot be written", why);
    int error = 0;
    for (int i = 0; i < count && error == 0; i++) error = write_exactly(fd, parts[i].iov_base, parts[i].iov_len);
    int closed = osp__close(fd);
    if (error == 0) error = closed;
    if (error == 0) error = osp__rename_at(folder, temporary, name);
    if (error == 0) return 0;
    (void)osp__unlink_at(folder, temporary);
    return failed(error, error == -ENOSPC || error == -EDQUOT ? "the disk is full" : "the file cannot be written", why);
}

/* ---- its size ----------------------------------------------------------------------------------------------------- */

struct file {
    char name[64];
    uint64_t size;
    int64_t used; /* ns since 1970 */
};

struct files {
    struct file *items;
    size_t count, capacity;
    uint64_t size;
};

static uint64_t limit(void) {
    const uint64_t standard = (uint64_t)256 << 20;
    const char *text = getenv("OSPJIT_CACHE_SIZE");
    if (text == NULL || *text < '0' || *text > '9') return standard;
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (end[shift != 0] != '\0') return standard;
    return number > UINT64_MAX >> shift ? UINT64_MAX : (uint64_t)number << shift;
}

/* Names that this file gave; others are not ours to remove. */
static bool is_ours(const char *name) {
    size_t length = strlen(name);
    return length < sizeof((struct file *)0)->name &&
           (strncmp(name, ".tmp-", 5) == 0 || (length == 37 && strcmp(name + 32, ".code") == 0) ||
            (length == 38 && strcmp(name + 32, ".where") == 0));
}

static bool add(struct files *files, const char *name, const struct stat *status) {
    if (files->count == files->capacity) {
        size_t capacity = files->capacity == 0 ? 256 : files->capacity * 2;
        struct file *items = osp__resize(files->items, capacity * sizeof *items);
        if (items == NULL) return false;
        files->items = items;
        files->capacity = capacity;
    }
    struct file *file = &files->items[files->count++];
    memcpy(file->name, name, strlen(name) + 1); /* is_ours has looked at its length */
    file->size = (uint64_t)status->st_blocks * 512;
    file->used = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    files->size += file->size;
    return true;
}

static int by_use(const void *x, const void *y) {
    const struct file *a = x, *b = y;
    return (a->used > b->used) - (a->used < b->used);
}

static void collect(int folder, DIR *listing, struct files *files) {
    int64_t dead = osp__wall_ms() / 1000 - 3600; /* no write takes an hour */
    for (struct dirent *each; (each = readdir(listing)) != NULL;) {
        struct stat status;
        if (!is_ours(each->d_name) || fstatat(folder, each->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (each->d_name[0] == '.' && status.st_mtim.tv_sec < dead)
            (void)osp__unlink_at(folder, each->d_name);
        else if (!add(files, each->d_name, &status))
            return;
    }
}

void osp__store_trim(int folder, const char *keep) {
    int fd = osp__open_at(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    if (listing == NULL) {
        if (fd >= 0) (void)osp__close(fd);
        return;
    }
    struct files files = {0};
    collect(folder, listing, &files);
    (void)closedir(listing);
    uint64_t most = limit();
    if (files.items != NULL && files.size > most) {
        qsort(files.items, files.count, sizeof *files.items, by_use);
        /* A bit more than needed, so that not every store has to look for something. */
        for (size_t i = 0; i < files.count && files.size > most - most / 8; i++) {
            if (files.items[i].name[0] == '.' || strcmp(files.items[i].name, keep) == 0) continue;
            if (osp__unlink_at(folder, files.items[i].name) == 0) files.size -= files.items[i].size;
        }
    }
    osp__release(files.items);
}
