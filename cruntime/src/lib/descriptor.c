/* descriptor.c - the table of descriptor.h, and reading and writing by descriptor. */
#include "../base.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../sys/sys.h"
#include "descriptor.h"
#include "failure.h"
#include "file.h"

/* For each number: `uses` is 0 when the program does not hold it, else 1 + the operations going on. */
struct entry {
    uint32_t uses;
    const void *owner; /* who will take it back; NULL: nobody */
};

static struct {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t size;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int enter(size_t fd, const void *owner)
{
    if (fd >= table.size) {
        size_t size = fd * 2 + 64;
        struct entry *entries = osp__resize(table.entries, size * sizeof *entries);
        if (entries == NULL)
            return -ENOMEM;
        memset(entries + table.size, 0, (size - table.size) * sizeof *entries);
        table.entries = entries;
        table.size = size;
    }
    table.entries[fd] = (struct entry){.uses = 1, .owner = owner};
    return 0;
}

int osp__descriptor_give(int fd)
{
    return osp__descriptor_give_to(fd, NULL);
}

int osp__descriptor_give_to(int fd, const void *owner)
{
    pthread_mutex_lock(&table.lock);
    int status = enter((size_t)fd, owner);
    pthread_mutex_unlock(&table.lock);
    return status;
}

static bool is_held(int64_t fd)
{
    return fd >= 0 && (uint64_t)fd < table.size && table.entries[fd].uses > 0;
}

bool osp__descriptor_is_held_by(int fd, const void *owner)
{
    pthread_mutex_lock(&table.lock);
    bool held = is_held(fd) && table.entries[fd].owner == owner;
    pthread_mutex_unlock(&table.lock);
    return held;
}

int osp__descriptor_reclaim(int fd, const void *owner)
{
    int result = -EBADF;
    pthread_mutex_lock(&table.lock);
    if (is_held(fd) && table.entries[fd].owner == owner) {
        result = table.entries[fd].uses == 1 ? fd : -EBUSY;
        table.entries[fd].owner = NULL;
        if (result >= 0)
            table.entries[fd].uses = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return result;
}

int osp__descriptor_take(int64_t fd)
{
    int result = -EBADF;
    pthread_mutex_lock(&table.lock);
    if (is_held(fd))
        result = table.entries[fd].uses == 1 ? (int)fd : -EBUSY;
    if (result >= 0)
        table.entries[fd].uses = 0;
    pthread_mutex_unlock(&table.lock);
    return result;
}

int osp__descriptor_begin(int64_t fd)
{
    if (fd >= 0 && fd <= STDERR_FILENO)
        return (int)fd;
    int result = -EBADF;
    pthread_mutex_lock(&table.lock);
    if (is_held(fd)) {
        table.entries[fd].uses++;
        result = (int)fd;
    }
    pthread_mutex_unlock(&table.lock);
    return result;
}

void osp__descriptor_end(int fd)
{
    if (fd <= STDERR_FILENO)
        return;
    pthread_mutex_lock(&table.lock);
    table.entries[fd].uses--;
    pthread_mutex_unlock(&table.lock);
}

/* ---- opening and closing ------------------------------------------------------------------------------- */

static int64_t open_for_program(osp_ctx *ctx, const char *function, const char *path, int flags, char **error)
{
    int fd = osp__file_open(ctx, function, path, flags, error);
    if (fd < 0)
        return 0;
    int status = osp__descriptor_give(fd);
    if (status == 0)
        return fd;
    (void)osp__close(fd);
    osp__fail_system(error, function, path, -status);
    return 0;
}

OSP_API int64_t osp_open_file(osp_ctx *ctx, char *path, char **error)
{
    return open_for_program(ctx, "openFile", path, O_RDONLY, error);
}

OSP_API int64_t osp_create_file(osp_ctx *ctx, char *path, char **error)
{
    return open_for_program(ctx, "createFile", path, O_WRONLY | O_CREAT | O_TRUNC, error);
}

static void fail_descriptor(char **error, const char *function, int64_t fd, int code)
{
    const char *reason =
        code == EBUSY ? "is in use by another fiber" : "is not an open descriptor of this program";
    osp__set_error(error, "%s: %" PRId64 " %s", function, fd, reason);
}

OSP_API void osp_close_fd(osp_ctx *ctx, int64_t fd, char **error)
{
    (void)ctx;
    int taken = osp__descriptor_take(fd);
    if (taken < 0) {
        fail_descriptor(error, "closeFd", fd, -taken);
        return;
    }
    int status = osp__close(taken);
    if (status < 0)
        osp__fail_system(error, "closeFd", NULL, -status);
}

/* ---- reading and writing ------------------------------------------------------------------------------- */

struct transfer {
    int fd;
    char *bytes;
    size_t size;
    ssize_t result; /* bytes, or a negative errno */
};

static void read_some(void *argument)
{
    struct transfer *transfer = argument;
    transfer->result = osp__read(transfer->fd, transfer->bytes, transfer->size);
}

static void write_all(void *argument)
{
    struct transfer *transfer = argument;
    transfer->result = osp__file_write_all(transfer->fd, transfer->bytes, transfer->size);
}

/* Runs a transfer on the pool. Returns its result, with the error set when that is negative. */
static ssize_t run(osp_ctx *ctx, const char *function, void (*operation)(void *), struct transfer *transfer,
                   int64_t fd, char **error)
{
    transfer->fd = osp__descriptor_begin(fd);
    if (transfer->fd < 0) {
        fail_descriptor(error, function, fd, EBADF);
        return -EBADF;
    }
    int status = osp_blocking_call(ctx, operation, transfer);
    osp__descriptor_end(transfer->fd);
    if (status < 0)
        transfer->result = status;
    if (transfer->result < 0)
        osp__fail_system(error, function, NULL, (int)-transfer->result);
    return transfer->result;
}

/* The largest part that one readFd gives, whatever it asks for. */
enum { LARGEST_READ = 1 << 20 };

OSP_API char *osp_read_fd(osp_ctx *ctx, int64_t fd, int64_t max_bytes, char **error)
{
    if (max_bytes <= 0) {
        osp__set_error(error, "readFd: maxBytes must be positive: %" PRId64, max_bytes);
        return NULL;
    }
    size_t size = max_bytes < LARGEST_READ ? (size_t)max_bytes : LARGEST_READ;
    struct transfer transfer = {.bytes = osp__alloc(size), .size = size};
    if (transfer.bytes == NULL) {
        osp__fail_system(error, "readFd", NULL, ENOMEM);
        return NULL;
    }
    ssize_t n = run(ctx, "readFd", read_some, &transfer, fd, error);
    char *result = n < 0 ? NULL : osp__string_try(error, "readFd", (size_t)n);
    if (result != NULL)
        memcpy(result, transfer.bytes, (size_t)n);
    osp__release(transfer.bytes);
    return result;
}

OSP_API int64_t osp_write_fd(osp_ctx *ctx, int64_t fd, char *text, char **error)
{
    struct transfer transfer = {.bytes = text, .size = osp__length(text)};
    if (fd == STDOUT_FILENO)
        osp_flush(); /* what was printed before comes before */
    ssize_t n = run(ctx, "writeFd", write_all, &transfer, fd, error);
    return n < 0 ? 0 : n;
}
