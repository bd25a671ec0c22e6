/* environment.c - what the program finds around itself: environment variables, standard input. */
#include "../base.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "failure.h"

OSP_API char *osp_get_env(osp_ctx *ctx, char *name, char **error)
{
    if (!osp__check_c_string(error, "getEnv", name))
        return NULL;
    const char *value = getenv(name);
    if (value != NULL)
        return osp__string_copy(ctx, value, strlen(value));
    struct osp__excerpt shown;
    osp__set_error(error, "getEnv: not set: %s", osp__excerpt(&shown, name));
    return NULL;
}

/* ---- standard input ------------------------------------------------------------------------------------ */

/* One buffer for the process: fibers that read lines at the same time get whole lines. */
static struct {
    pthread_mutex_t lock;
    size_t start, end;
    char bytes[1 << 16];
} standard_input = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct line {
    char *bytes;
    size_t length, capacity;
};

static bool append(struct line *line, const char *bytes, size_t length)
{
    if (line->capacity - line->length < length) {
        size_t capacity = (line->length + length) * 2;
        char *grown = osp__resize(line->bytes, capacity);
        if (grown == NULL)
            return false;
        line->bytes = grown;
        line->capacity = capacity;
    }
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
    return true;
}

/* Reads up to a newline, which is consumed, or the end of the file. A read error counts as the end. */
static void fill_line(struct line *line)
{
    for (;;) {
        if (standard_input.start == standard_input.end) {
            ssize_t n = osp__read(0, standard_input.bytes, sizeof standard_input.bytes);
            if (n <= 0)
                return;
            standard_input.start = 0;
            standard_input.end = (size_t)n;
        }
        const char *from = standard_input.bytes + standard_input.start;
        size_t available = standard_input.end - standard_input.start;
        const char *newline = memchr(from, '\n', available);
        size_t length = newline != NULL ? (size_t)(newline - from) : available;
        if (length > 0 && !append(line, from, length))
            return;
        standard_input.start += length + (newline != NULL);
        if (newline != NULL)
            return;
    }
}

static void read_line(void *argument)
{
    pthread_mutex_lock(&standard_input.lock);
    fill_line(argument);
    pthread_mutex_unlock(&standard_input.lock);
}

OSP_API char *osp_input(osp_ctx *ctx)
{
    struct line line = {0};
    osp_flush(); /* a prompt must be seen before its answer is awaited */
    if (osp_blocking_call(ctx, read_line, &line) != 0)
        osp__fiber_fail(ctx, "input: no thread to read with");
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    char *result = osp__string_copy(ctx, line.bytes, line.length);
    osp__release(line.bytes);
    return result;
}
