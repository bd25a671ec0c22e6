/* string_build.c - strings made from strings: letter case, replacement, repetition, reversal, padding.
 *
 * Each function computes the size of its result first and then writes it once. Sizes are checked, and what
 * would be unreasonably large is an Error (see OSP_STRING_LIMIT). */
#include "../base.h"

#include <inttypes.h>
#include <string.h>

#include "../sched/poll.h"
#include "failure.h"
#include "search.h"
#include "utf8.h"

/* ---- letter case: ASCII only; other letters need tables and a language --------------------------------- */

static char *change_case(osp_ctx *ctx, char *s, char first, char last)
{
    size_t length = osp__length(s);
    char *result = osp__string_reserve(ctx, length);
    for (size_t i = 0; i < length; osp__poll(ctx))
        for (size_t end = i + osp__poll_part(length - i); i < end; i++)
            result[i] = (char)(s[i] >= first && s[i] <= last ? s[i] ^ 0x20 : s[i]);
    return result;
}

OSP_API char *osp_string_to_upper(osp_ctx *ctx, char *s)
{
    return change_case(ctx, s, 'a', 'z');
}

OSP_API char *osp_string_to_lower(osp_ctx *ctx, char *s)
{
    return change_case(ctx, s, 'A', 'Z');
}

/* ---- reversal ------------------------------------------------------------------------------------------ */

/* By code points; a byte that belongs to none moves alone. */
OSP_API char *osp_string_reverse(osp_ctx *ctx, char *s)
{
    size_t length = osp__length(s);
    char *result = osp__string_reserve(ctx, length);
    for (size_t i = 0, poll_at = OSP_POLL_BYTES; i < length;) {
        uint32_t ignored;
        size_t width = osp__utf8_decode(s + i, length - i, &ignored);
        if (width == 0)
            width = 1;
        memcpy(result + length - i - width, s + i, width);
        i += width;
        if (i >= poll_at) {
            poll_at += OSP_POLL_BYTES;
            osp__poll(ctx);
        }
    }
    return result;
}

/* ---- replacement --------------------------------------------------------------------------------------- */

static size_t count_occurrences(osp_ctx *ctx, const char *s, const char *what)
{
    const char *at = s, *end = s + osp__length(s);
    size_t count = 0, what_length = osp__length(what);
    while ((at = osp__find(ctx, at, (size_t)(end - at), what, what_length)) != NULL) {
        count++;
        at += what_length;
        osp__poll(ctx);
    }
    return count;
}

/* The length after `count` replacements; SIZE_MAX when it does not fit. */
static size_t replaced_length(size_t length, size_t count, size_t old, size_t with)
{
    size_t added;
    length -= count * old;
    if (__builtin_mul_overflow(count, with, &added) || __builtin_add_overflow(length, added, &length))
        return SIZE_MAX;
    return length;
}

OSP_API char *osp_string_replace(osp_ctx *ctx, char *s, char *what, char *with, char **error)
{
    size_t what_length = osp__length(what), with_length = osp__length(with);
    if (what_length == 0) {
        osp__set_error(error, "replace: text to replace must not be empty");
        return NULL;
    }
    size_t count = count_occurrences(ctx, s, what);
    if (count == 0) {
        osp_dup(s);
        return s;
    }
    size_t length = replaced_length(osp__length(s), count, what_length, with_length);
    if (with_length > what_length && !osp__check_size(error, "replace", length))
        return NULL;
    char *result = osp__string_try(error, "replace", length);
    if (result == NULL)
        return NULL;
    const char *from = s, *end = s + osp__length(s), *at;
    char *out = result;
    while ((at = osp__find(ctx, from, (size_t)(end - from), what, what_length)) != NULL) {
        out = osp__copy(ctx, out, from, (size_t)(at - from));
        out = osp__copy(ctx, out, with, with_length);
        from = at + what_length;
        osp__poll(ctx);
    }
    osp__copy(ctx, out, from, (size_t)(end - from));
    return result;
}

/* ---- repetition and padding ---------------------------------------------------------------------------- */

/* Fills `out` with copies of a pattern, doubling what is there; `length` need not be a multiple. */
static void fill_with(osp_ctx *ctx, char *out, size_t length, const char *pattern, size_t pattern_length)
{
    if (length == 0)
        return;
    size_t done = length < pattern_length ? length : pattern_length;
    osp__copy(ctx, out, pattern, done);
    while (done < length) {
        size_t part = done < length - done ? done : length - done;
        osp__copy(ctx, out + done, out, part);
        done += part;
    }
}

OSP_API char *osp_string_repeat(osp_ctx *ctx, char *s, int64_t count, char **error)
{
    size_t length;
    if (count < 0) {
        osp__set_error(error, "repeat: count must not be negative: %" PRId64, count);
        return NULL;
    }
    if (__builtin_mul_overflow(osp__length(s), (uint64_t)count, &length))
        length = SIZE_MAX;
    if (!osp__check_size(error, "repeat", length))
        return NULL;
    char *result = osp__string_try(error, "repeat", length);
    if (result != NULL)
        fill_with(ctx, result, length, s, osp__length(s));
    return result;
}

/* How much of `room` bytes copies of `fill` take up without cutting a code point in two. */
static size_t whole_fill(const char *fill, size_t room)
{
    size_t length = osp__length(fill), used = room % length, end = 0;
    while (end < used) {
        uint32_t ignored;
        size_t width = osp__utf8_decode(fill + end, length - end, &ignored);
        if (width == 0)
            width = 1;
        if (end + width > used)
            break;
        end += width;
    }
    return room - used + end;
}

static char *pad(osp_ctx *ctx, const char *function, char *s, int64_t width, char *fill, bool at_start, char **error)
{
    size_t length = osp__length(s);
    if (width <= 0 || (uint64_t)width <= length) {
        osp_dup(s);
        return s;
    }
    if (osp__length(fill) == 0) {
        osp__set_error(error, "%s: fill must not be empty", function);
        return NULL;
    }
    if (!osp__check_size(error, function, (size_t)width))
        return NULL;
    size_t added = whole_fill(fill, (size_t)width - length);
    char *result = osp__string_try(error, function, length + added);
    if (result == NULL)
        return NULL;
    fill_with(ctx, at_start ? result : result + length, added, fill, osp__length(fill));
    osp__copy(ctx, at_start ? result + added : result, s, length);
    return result;
}

OSP_API char *osp_string_pad_start(osp_ctx *ctx, char *s, int64_t width, char *fill, char **error)
{
    return pad(ctx, "padStart", s, width, fill, true, error);
}

OSP_API char *osp_string_pad_end(osp_ctx *ctx, char *s, int64_t width, char *fill, char **error)
{
    return pad(ctx, "padEnd", s, width, fill, false, error);
}
