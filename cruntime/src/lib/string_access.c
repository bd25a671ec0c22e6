/* string_access.c - parts of strings: bytes, code points, slices, and questions about what a string holds.
 *
 * Offsets are in bytes everywhere. Functions that give a plain value accept any argument: a count outside the
 * string is moved to its nearest end. Those that give a Result refuse it. */
#include "../base.h"

#include <inttypes.h>
#include <string.h>

#include "../sched/poll.h"
#include "failure.h"
#include "search.h"
#include "utf8.h"

/* ---- searching ----------------------------------------------------------------------------------------- */

static const char *find(osp_ctx *ctx, const char *string, const char *what)
{
    return osp__find(ctx, string, osp__length(string), what, osp__length(what));
}

OSP_API bool osp_string_contains(osp_ctx *ctx, char *s, char *what)
{
    return find(ctx, s, what) != NULL;
}

OSP_API bool osp_string_starts_with(osp_ctx *ctx, char *s, char *prefix)
{
    (void)ctx;
    size_t length = osp__length(prefix);
    return length <= osp__length(s) && memcmp(s, prefix, length) == 0;
}

OSP_API bool osp_string_ends_with(osp_ctx *ctx, char *s, char *suffix)
{
    (void)ctx;
    size_t length = osp__length(suffix), whole = osp__length(s);
    return length <= whole && memcmp(s + whole - length, suffix, length) == 0;
}

OSP_API int64_t osp_string_index_of(osp_ctx *ctx, char *s, char *what, char **error)
{
    const char *at = find(ctx, s, what);
    if (at != NULL)
        return at - s;
    osp__set_error(error, "indexOf: substring not found");
    return 0;
}

/* ---- bytes and code points ----------------------------------------------------------------------------- */

static bool check_index(const char *s, int64_t index, char **error)
{
    if (index >= 0 && (uint64_t)index < osp__length(s))
        return true;
    osp__fail_index(error, index, osp__length(s));
    return false;
}

/* The code point at an offset and its width; 0, with the error set, when none starts there. */
static size_t decode_at(const char *function, const char *s, int64_t index, uint32_t *code_point,
                        char **error)
{
    if (!check_index(s, index, error))
        return 0;
    size_t width = osp__utf8_decode(s + index, osp__length(s) - (size_t)index, code_point);
    if (width == 0)
        osp__set_error(error, "%s: no character starts at byte %" PRId64, function, index);
    return width;
}

OSP_API int64_t osp_string_byte_at(osp_ctx *ctx, char *s, int64_t index, char **error)
{
    (void)ctx;
    return check_index(s, index, error) ? (unsigned char)s[index] : 0;
}

OSP_API int64_t osp_string_code_point_at(osp_ctx *ctx, char *s, int64_t index, char **error)
{
    (void)ctx;
    uint32_t code_point = 0;
    (void)decode_at("codePointAt", s, index, &code_point, error);
    return code_point;
}

OSP_API char *osp_string_char_at(osp_ctx *ctx, char *s, int64_t index, char **error)
{
    uint32_t code_point;
    size_t width = decode_at("index", s, index, &code_point, error);
    return width == 0 ? NULL : osp__string_copy(ctx, s + index, width);
}

static size_t check_code_point(const char *function, int64_t c, char **error)
{
    size_t width = osp__utf8_width(c);
    if (width == 0)
        osp__set_error(error, "%s: not a code point: %" PRId64, function, c);
    return width;
}

OSP_API int64_t osp_code_point_width(osp_ctx *ctx, int64_t c, char **error)
{
    (void)ctx;
    return (int64_t)check_code_point("codePointWidth", c, error);
}

OSP_API char *osp_from_code_point(osp_ctx *ctx, int64_t c, char **error)
{
    char bytes[4];
    if (check_code_point("fromCodePoint", c, error) == 0)
        return NULL;
    return osp__string_copy(ctx, bytes, osp__utf8_encode((uint32_t)c, bytes));
}

/* ---- slices -------------------------------------------------------------------------------------------- */

/* A slice that is the whole string is the string itself, counted once more. */
static char *slice(osp_ctx *ctx, char *s, size_t start, size_t length)
{
    if (length == osp__length(s)) {
        osp_dup(s);
        return s;
    }
    return osp__string_copy(ctx, s + start, length);
}

OSP_API char *osp_string_substring(osp_ctx *ctx, char *s, int64_t start, int64_t end, char **error)
{
    uint64_t length = osp__length(s);
    if (start < 0 || (uint64_t)start > length)
        osp__fail_index(error, start, length);
    else if (end < 0 || (uint64_t)end > length)
        osp__fail_index(error, end, length);
    else if (start > end)
        osp__set_error(error, "substring: start %" PRId64 " is after end %" PRId64, start, end);
    else
        return slice(ctx, s, (size_t)start, (size_t)(end - start));
    return NULL;
}

static size_t clamp(const char *s, int64_t count)
{
    uint64_t length = osp__length(s);
    return count <= 0 ? 0 : (uint64_t)count < length ? (size_t)count : length;
}

OSP_API char *osp_string_take(osp_ctx *ctx, char *s, int64_t count)
{
    return slice(ctx, s, 0, clamp(s, count));
}

OSP_API char *osp_string_drop(osp_ctx *ctx, char *s, int64_t count)
{
    size_t start = clamp(s, count);
    return slice(ctx, s, start, osp__length(s) - start);
}

/* ASCII white space: blank, tab, line feed, vertical tab, form feed, carriage return. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *trim(osp_ctx *ctx, char *s, bool at_start, bool at_end)
{
    size_t start = 0, end = osp__length(s);
    while (at_start && start < end && is_space(s[start]))
        if (++start % OSP_POLL_BYTES == 0)
            osp__poll(ctx);
    while (at_end && end > start && is_space(s[end - 1]))
        if (--end % OSP_POLL_BYTES == 0)
            osp__poll(ctx);
    return slice(ctx, s, start, end - start);
}

OSP_API char *osp_string_trim(osp_ctx *ctx, char *s)
{
    return trim(ctx, s, true, true);
}

OSP_API char *osp_string_trim_start(osp_ctx *ctx, char *s)
{
    return trim(ctx, s, true, false);
}

OSP_API char *osp_string_trim_end(osp_ctx *ctx, char *s)
{
    return trim(ctx, s, false, true);
}
