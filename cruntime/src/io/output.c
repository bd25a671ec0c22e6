/* output.c - see output.h. The embedder's sink may need much stack (it may be Python), so lines go to it on the
 * worker's system stack; the plain path to a descriptor stays on the fiber. */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../sys/sys.h"

static struct {
    pthread_mutex_t lock;
    size_t used;
    int interactive; /* -1: not asked yet */
    osp_print_sink sink;
    void *user;
    char bytes[16384];
} output = {.lock = PTHREAD_MUTEX_INITIALIZER, .interactive = -1};

/* Writes everything; waits for a descriptor that somebody made non-blocking; gives up on an error such as a reader
 * that has gone away, since there is nobody left to tell. */
static void write_fully(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = osp__write(fd, bytes, length);
        if (n == -EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            (void)poll(&writable, 1, -1);
            continue;
        }
        if (n < 0) return;
        bytes += n;
        length -= (size_t)n;
    }
}

static void emit(int stream, const char *bytes, size_t length) {
    if (output.sink != NULL)
        output.sink(output.user, stream, bytes, length);
    else
        write_fully(stream, bytes, length);
}

static void flush_locked(void) {
    if (output.used == 0) return;
    emit(STDOUT_FILENO, output.bytes, output.used);
    __atomic_store_n(&output.used, 0, __ATOMIC_RELAXED);
}

static void append_locked(const char *bytes, size_t length) {
    if (length > sizeof output.bytes - output.used) flush_locked();
    if (length > sizeof output.bytes) {
        emit(STDOUT_FILENO, bytes, length);
        return;
    }
    memcpy(output.bytes + output.used, bytes, length);
    __atomic_store_n(&output.used, output.used + length, __ATOMIC_RELAXED);
}

struct line {
    int stream;
    const char *bytes;
    size_t length;
};

static void print_line(void *argument) {
    const struct line *line = argument;
    pthread_mutex_lock(&output.lock);
    if (output.interactive < 0) output.interactive = isatty(STDOUT_FILENO);
    if (line->stream == STDOUT_FILENO) {
        append_locked(line->bytes, line->length);
        append_locked("\n", 1);
        if (output.interactive || output.sink != NULL) flush_locked();
    } else {
        flush_locked();
        char copy[512];
        if (line->length < sizeof copy) { /* one write, so that the line stays whole among other processes' */
            memcpy(copy, line->bytes, line->length);
            copy[line->length] = '\n';
            emit(STDERR_FILENO, copy, line->length + 1);
        } else {
            emit(STDERR_FILENO, line->bytes, line->length);
            emit(STDERR_FILENO, "\n", 1);
        }
    }
    pthread_mutex_unlock(&output.lock);
}

void osp__print_line(osp_ctx *ctx, int stream, const char *bytes, size_t length) {
    struct line line = {stream, bytes, length};
    if (__atomic_load_n(&output.sink, __ATOMIC_RELAXED) != NULL)
        osp_call_on_system_stack(ctx, print_line, &line);
    else
        print_line(&line);
}

OSP_API void osp_flush(void) {
    pthread_mutex_lock(&output.lock);
    flush_locked();
    pthread_mutex_unlock(&output.lock);
}

void osp__output_flush_if_any(void) {
    if (__atomic_load_n(&output.used, __ATOMIC_RELAXED) != 0) osp_flush();
}

OSP_API void osp_set_print_sink(osp_print_sink sink, void *user) {
    pthread_mutex_lock(&output.lock);
    flush_locked();
    output.user = user;
    __atomic_store_n(&output.sink, sink, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&output.lock);
}

OSP_API void osp_print(osp_ctx *ctx, char *text) { osp__print_line(ctx, STDOUT_FILENO, text, osp_string_length(text)); }

OSP_API void osp_print_err(osp_ctx *ctx, char *text) {
    osp__print_line(ctx, STDERR_FILENO, text, osp_string_length(text));
}
