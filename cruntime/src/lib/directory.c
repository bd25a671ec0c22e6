/* directory.c - lists that come from the system: the names in a directory, the arguments of the program.
 *
 * A directory is read on the blocking pool into one block of bytes; the list is made on the fiber, where
 * running out of memory has somebody to tell. */
#include "../base.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "failure.h"
#include "list.h"

struct listing {
    const char *path;
    char *bytes; /* the names, each with its NUL */
    size_t size, capacity;
    const char **names; /* into bytes, sorted */
    size_t count;
    int code; /* a positive errno on failure */
};

static int add_name(struct listing *listing, const char *name)
{
    size_t size = strlen(name) + 1;
    if (listing->capacity - listing->size < size) {
        size_t capacity = listing->capacity * 2 + size + 1024;
        char *bytes = osp__resize(listing->bytes, capacity);
        if (bytes == NULL)
            return ENOMEM;
        listing->bytes = bytes;
        listing->capacity = capacity;
    }
    memcpy(listing->bytes + listing->size, name, size);
    listing->size += size;
    listing->count++;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_names(struct listing *listing)
{
    listing->names = osp__alloc((listing->count + 1) * sizeof *listing->names);
    if (listing->names == NULL)
        return ENOMEM;
    const char *name = listing->bytes;
    for (size_t i = 0; i < listing->count; i++, name += strlen(name) + 1)
        listing->names[i] = name;
    qsort(listing->names, listing->count, sizeof *listing->names, compare_names);
    return 0;
}

static int read_names(struct listing *listing, DIR *directory)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno != 0 ? errno : sort_names(listing);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int code = add_name(listing, entry->d_name);
        if (code != 0)
            return code;
    }
}

static void read_directory(void *argument)
{
    struct listing *listing = argument;
    DIR *directory = opendir(listing->path);
    if (directory == NULL) {
        listing->code = errno;
        return;
    }
    listing->code = read_names(listing, directory);
    closedir(directory);
}

OSP_API void *osp_list_directory(osp_ctx *ctx, char *path, char **error)
{
    if (!osp__check_c_string(error, "listDirectory", path))
        return NULL;
    struct listing listing = {.path = path};
    int status = osp_blocking_call(ctx, read_directory, &listing);
    if (status < 0)
        listing.code = -status;
    void *list = NULL;
    if (listing.code != 0) {
        osp__fail_system(error, "listDirectory", path, listing.code);
    } else {
        list = osp_list_empty(ctx, OSP_POINTERS);
        for (size_t i = 0; i < listing.count; i++)
            list = osp__list_push_string(ctx, list, listing.names[i], strlen(listing.names[i]));
    }
    osp__release(listing.names);
    osp__release(listing.bytes);
    return list;
}

OSP_API void *osp_args(osp_ctx *ctx)
{
    void *list = osp_list_empty(ctx, OSP_POINTERS);
    for (int i = 0; i < osp__runtime.argc; i++)
        list = osp__list_push_string(ctx, list, osp__runtime.argv[i], strlen(osp__runtime.argv[i]));
    return list;
}
