/* string_list.c - functions between strings and lists of strings: split, lines, words, join. */
#include "../base.h"

#include <string.h>

#include "../fiber/fiber.h"
#include "../mem/held.h"
#include "../sched/poll.h"
#include "failure.h"
#include "list.h"
#include "search.h"

OSP_API void *osp_string_split(osp_ctx *ctx, char *s, char *separator, char **error)
{
    size_t width = osp__length(separator);
    if (width == 0) {
        osp__set_error(error, "split: separator must not be empty");
        return NULL;
    }
    OSP_HELD void *list = osp_list_empty(ctx, OSP_POINTERS);
    const char *from = s, *end = s + osp__length(s), *at;
    while ((at = osp__find(ctx, from, (size_t)(end - from), separator, width)) != NULL) {
        list = osp__list_push_string(ctx, osp__let_go(&list), from, (size_t)(at - from));
        from = at + width;
        osp__poll(ctx);
    }
    return osp__list_push_string(ctx, osp__let_go(&list), from, (size_t)(end - from));
}

/* A newline ends a line, so none follows the last newline of a text. */
OSP_API void *osp_string_lines(osp_ctx *ctx, char *s)
{
    OSP_HELD void *list = osp_list_empty(ctx, OSP_POINTERS);
    for (const char *from = s, *end = s + osp__length(s), *next; from < end; from = next) {
        const char *newline = osp__find(ctx, from, (size_t)(end - from), "\n", 1);
        const char *last = newline != NULL ? newline : end;
        next = newline != NULL ? newline + 1 : end;
        if (newline != NULL && last > from && last[-1] == '\r')
            last--;
        list = osp__list_push_string(ctx, osp__let_go(&list), from, (size_t)(last - from));
        osp__poll(ctx);
    }
    return osp__let_go(&list);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Past the characters at `from` that are white space, or that are not. */
static const char *skip(osp_ctx *ctx, const char *from, const char *end, bool spaces)
{
    while (from < end) {
        for (const char *part = from + osp__poll_part((size_t)(end - from)); from < part; from++)
            if (is_space(*from) != spaces)
                return from;
        osp__poll(ctx);
    }
    return end;
}

OSP_API void *osp_string_words(osp_ctx *ctx, char *s)
{
    OSP_HELD void *list = osp_list_empty(ctx, OSP_POINTERS);
    for (const char *from = s, *end = s + osp__length(s); from < end;) {
        const char *start = from;
        from = skip(ctx, from, end, false);
        if (from > start)
            list = osp__list_push_string(ctx, osp__let_go(&list), start, (size_t)(from - start));
        from = skip(ctx, from, end, true);
        osp__poll(ctx);
    }
    return osp__let_go(&list);
}

static const char *part(const int64_t *run, uint64_t index)
{
    return (const char *)(uintptr_t)run[index];
}

static size_t joined_length(osp_ctx *ctx, const void *parts, size_t separator)
{
    uint64_t count = osp__list_length(parts), run;
    size_t length = 0;
    bool overflow = count > 0 && __builtin_mul_overflow(count - 1, separator, &length);
    for (uint64_t done = 0; done < count; done += run) {
        const int64_t *strings = osp__list_run(parts, done, &run);
        for (uint64_t i = 0; i < run; i++)
            overflow |= __builtin_add_overflow(length, osp__length(part(strings, i)), &length);
        osp__poll(ctx);
    }
    if (overflow)
        osp__fiber_fail(ctx, "out of memory");
    return length;
}

OSP_API char *osp_string_join(osp_ctx *ctx, void *parts, char *separator)
{
    uint64_t count = osp__list_length(parts), run;
    char *result = osp__string_reserve(ctx, joined_length(ctx, parts, osp__length(separator))), *out = result;
    for (uint64_t done = 0; done < count; done += run) {
        const int64_t *strings = osp__list_run(parts, done, &run);
        for (uint64_t i = 0; i < run; i++) {
            if (done + i > 0)
                out = osp__copy(ctx, out, separator, osp__length(separator));
            out = osp__copy(ctx, out, part(strings, i), osp__length(part(strings, i)));
        }
        osp__poll(ctx);
    }
    return result;
}
