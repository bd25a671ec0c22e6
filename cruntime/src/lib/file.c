/* file.c - whole files and directories.
 *
 * File operations can block for as long as a disk or a network mount likes, so each runs on a thread of the
 * blocking pool while its fiber is parked. The functions that run there get everything in one `struct job` on
 * the fiber's stack, and set either its result or its `code`. */
#include "../base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sys/sys.h"
#include "failure.h"
#include "file.h"

struct job {
    const char *path;
    const char *bytes; /* to write */
    size_t size;
    int flags;
    char *contents; /* read; a string of the language */
    int64_t value;
    int code; /* a positive errno on failure */
};

static void run(osp_ctx *ctx, const char *function, void (*operation)(void *), struct job *job, char **error)
{
    if (!osp__check_c_string(error, function, job->path)) {
        job->code = EINVAL;
        return;
    }
    int status = osp_blocking_call(ctx, operation, job);
    if (status < 0)
        job->code = -status;
    if (job->code != 0)
        osp__fail_system(error, function, job->path, job->code);
}

/* Stores a result or a negative errno. */
static void settle(struct job *job, int64_t result)
{
    if (result < 0)
        job->code = (int)-result;
    else
        job->value = result;
}

static int open_path(const char *path, int flags)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

struct contents {
    char *bytes;
    size_t length, capacity;
};

/* Reads to the end. What fstat says of the size is a hint: it is 0 in /proc, and files grow. */
static int read_to_end(int fd, struct contents *contents)
{
    for (;;) {
        if (contents->length == contents->capacity) {
            size_t capacity = contents->capacity * 2;
            char *bytes = osp__resize(contents->bytes, capacity);
            if (bytes == NULL)
                return -ENOMEM;
            contents->bytes = bytes;
            contents->capacity = capacity;
        }
        ssize_t n = osp__read(fd, contents->bytes + contents->length, contents->capacity - contents->length);
        if (n <= 0)
            return (int)n;
        contents->length += (size_t)n;
    }
}

static int read_contents(int fd, char **string)
{
    struct stat status;
    bool sized = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    struct contents contents = {.capacity = sized ? (size_t)status.st_size + 1 : 4096};
    contents.bytes = osp__alloc(contents.capacity);
    if (contents.bytes == NULL)
        return -ENOMEM;
    int result = read_to_end(fd, &contents);
    if (result == 0) {
        *string = osp_string_new(contents.bytes, contents.length);
        result = *string == NULL ? -ENOMEM : 0;
    }
    osp__release(contents.bytes);
    return result;
}

static void read_file(void *argument)
{
    struct job *job = argument;
    int fd = open_path(job->path, O_RDONLY);
    if (fd < 0) {
        settle(job, fd);
        return;
    }
    settle(job, read_contents(fd, &job->contents));
    (void)osp__close(fd);
}

OSP_API char *osp_read_file(osp_ctx *ctx, char *path, char **error)
{
    struct job job = {.path = path};
    run(ctx, "readFile", read_file, &job, error);
    return job.contents;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

ssize_t osp__file_write_all(int fd, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = osp__write(fd, bytes + done, size - done);
        if (n < 0)
            return n;
        done += (size_t)n;
    }
    return (ssize_t)size;
}

static void write_file(void *argument)
{
    struct job *job = argument;
    int fd = open_path(job->path, O_WRONLY | O_CREAT | job->flags);
    if (fd < 0) {
        settle(job, fd);
        return;
    }
    settle(job, osp__file_write_all(fd, job->bytes, job->size));
    int closed = osp__close(fd); /* some file systems report a failed write only here */
    if (closed < 0 && job->code == 0)
        settle(job, closed);
}

static int64_t write_whole(osp_ctx *ctx, const char *function, const char *path, const char *text, int flags,
                           char **error)
{
    struct job job = {.path = path, .bytes = text, .size = osp__length(text), .flags = flags};
    run(ctx, function, write_file, &job, error);
    return job.value;
}

OSP_API int64_t osp_write_file(osp_ctx *ctx, char *path, char *text, char **error)
{
    return write_whole(ctx, "writeFile", path, text, O_TRUNC, error);
}

OSP_API int64_t osp_append_file(osp_ctx *ctx, char *path, char *text, char **error)
{
    return write_whole(ctx, "appendFile", path, text, O_APPEND, error);
}

/* ---- names --------------------------------------------------------------------------------------------- */

static void delete_file(void *argument)
{
    struct job *job = argument;
    settle(job, unlink(job->path) == 0 ? 0 : -errno);
}

OSP_API void osp_delete_file(osp_ctx *ctx, char *path, char **error)
{
    struct job job = {.path = path};
    run(ctx, "deleteFile", delete_file, &job, error);
}

static void create_directory(void *argument)
{
    struct job *job = argument;
    settle(job, mkdir(job->path, 0777) == 0 ? 0 : -errno);
}

OSP_API void osp_create_directory(osp_ctx *ctx, char *path, char **error)
{
    struct job job = {.path = path};
    run(ctx, "createDirectory", create_directory, &job, error);
}

static void file_exists(void *argument)
{
    struct job *job = argument;
    settle(job, faccessat(AT_FDCWD, job->path, F_OK, AT_EACCESS) == 0 ? 1 : -errno);
}

OSP_API bool osp_file_exists(osp_ctx *ctx, char *path)
{
    struct job job = {.path = path};
    run(ctx, "fileExists", file_exists, &job, NULL);
    return job.value == 1;
}

static void open_file(void *argument)
{
    struct job *job = argument;
    struct stat status;
    int fd = open_path(job->path, job->flags);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) { /* nothing can be read from it */
        (void)osp__close(fd);
        fd = -EISDIR;
    }
    settle(job, fd);
}

int osp__file_open(osp_ctx *ctx, const char *function, const char *path, int flags, char **error)
{
    struct job job = {.path = path, .flags = flags};
    run(ctx, function, open_file, &job, error);
    return job.code != 0 ? -1 : (int)job.value;
}
