/* string.c - Osprey strings: making, joining, comparing, quoting. Nothing here knows encodings: a string is bytes. */
#include "string.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../fiber/fiber.h"
#include "../sched/poll.h"
#include "../sys/sys.h"

/* A string literal with its header, laid out as compiled code lays out its own. */
#define IMMORTAL(name, text)                                                                     \
    static struct {                                                                              \
        uint64_t length;                                                                         \
        struct osp__header header;                                                               \
        char bytes[sizeof(text)];                                                                \
    } name __attribute__((aligned(8))) = {sizeof(text) - 1, {0, OSP_INFO(OSP_KIND_STRING, 0, 0)}, text}

IMMORTAL(empty, "");
IMMORTAL(out_of_memory, "out of memory");
IMMORTAL(true_text, "true");
IMMORTAL(false_text, "false");

char *osp__empty_string(void) { return empty.bytes; }

static char *reserve(size_t length) {
    size_t size;
    if (__builtin_add_overflow(length, 1, &size)) return NULL;
    char *string = osp__object_new(OSP_INFO(OSP_KIND_STRING, 0, 0), sizeof(uint64_t), size);
    if (OSP_UNLIKELY(string == NULL)) return NULL;
    ((uint64_t *)(void *)string)[-2] = length;
    string[length] = '\0';
    return string;
}

char *osp__string_reserve(osp_ctx *ctx, size_t length) {
    char *string = reserve(length);
    if (OSP_UNLIKELY(string == NULL) && ctx != NULL) osp__fiber_fail(ctx, "out of memory");
    return string;
}

char *osp__copy(osp_ctx *ctx, char *to, const char *from, size_t length) {
    while (OSP_UNLIKELY(length > OSP_POLL_BYTES)) {
        to = mempcpy(to, from, OSP_POLL_BYTES);
        from += OSP_POLL_BYTES;
        length -= OSP_POLL_BYTES;
        osp__poll(ctx);
    }
    return mempcpy(to, from, length);
}

char *osp__string_copy(osp_ctx *ctx, const char *bytes, size_t length) {
    if (length == 0) return empty.bytes;
    char *string = osp__string_reserve(ctx, length);
    if (string != NULL) osp__copy(ctx, string, bytes, length);
    return string;
}

OSP_API char *osp_string_new(const char *bytes, size_t len) { return osp__string_copy(NULL, bytes, len); }

OSP_API uint64_t osp_string_length(const char *string) { return osp__length(string); }

void osp__set_error(char **error, const char *format, ...) {
    if (error == NULL) return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    *error = osp_string_new(text, length);
    if (*error == NULL) *error = out_of_memory.bytes;
}

/* ---- operations of compiled code --------------------------------------------------------------------------------- */

OSP_API char *osp_string_concat(osp_ctx *ctx, char *a, char *b) {
    size_t a_length = osp__length(a), b_length = osp__length(b), length;
    if (__builtin_add_overflow(a_length, b_length, &length)) osp__fiber_fail(ctx, "out of memory");
    char *result = osp__string_reserve(ctx, length);
    if (OSP_UNLIKELY(result == NULL)) return NULL; /* only without a fiber that could fail */
    osp__copy(ctx, osp__copy(ctx, result, a, a_length), b, b_length);
    return result;
}

/* The bytes before those of a string in its block: length and header. */
#define STRING_PREFIX (sizeof(uint64_t) + sizeof(struct osp__header))

/* `a` followed by `b`. Takes over `a`, and grows it in place when nobody else holds it and its block has room; if it
 * has none, the new block has half as much again. So a string that is built by appending is copied a constant number
 * of times a byte, however many pieces it is built of; a big one is not copied at all, nor is it there twice. */
OSP_API char *osp_string_append(osp_ctx *ctx, char *a, char *b) {
    size_t a_length = osp__length(a), b_length = osp__length(b), length, room;
    if (b_length == 0) return a;
    if (__builtin_add_overflow(a_length, b_length, &length)) osp__fiber_fail(ctx, "out of memory");
    bool ours = __atomic_load_n(&osp__header(a)->count, __ATOMIC_RELAXED) == 1;
    if (ours && osp__block_size(a - STRING_PREFIX) - STRING_PREFIX > length) {
        *osp__copy(ctx, a + a_length, b, b_length) = '\0';
        ((uint64_t *)(void *)a)[-2] = length;
        return a;
    }
    if (!ours || __builtin_add_overflow(length, length / 2, &room)) room = length;
    if (ours && osp__block_size(a - STRING_PREFIX) >= OSP_BIG_BLOCK) { /* moving it is the kernel's work */
        size_t size;
        char *block = NULL;
        if (!__builtin_add_overflow(room, STRING_PREFIX + 1, &size)) block = osp__resize(a - STRING_PREFIX, size);
        if (OSP_UNLIKELY(block == NULL)) {
            osp_drop(a);
            if (ctx != NULL) osp__fiber_fail(ctx, "out of memory");
            return NULL;
        }
        a = block + STRING_PREFIX;
        *osp__copy(ctx, a + a_length, b, b_length) = '\0';
        ((uint64_t *)(void *)a)[-2] = length;
        return a;
    }
    char *result = osp__string_reserve(ctx, room);
    if (OSP_UNLIKELY(result == NULL)) return NULL; /* only without a fiber that could fail */
    *osp__copy(ctx, osp__copy(ctx, result, a, a_length), b, b_length) = '\0';
    ((uint64_t *)(void *)result)[-2] = length;
    osp_drop(a);
    return result;
}

OSP_API char *osp_string_concat_n(osp_ctx *ctx, char **parts, int64_t count) {
    size_t length = 0;
    for (int64_t i = 0; i < count; i++)
        if (__builtin_add_overflow(length, osp__length(parts[i]), &length)) osp__fiber_fail(ctx, "out of memory");
    char *result = osp__string_reserve(ctx, length);
    if (OSP_UNLIKELY(result == NULL)) return NULL;
    char *end = result;
    for (int64_t i = 0; i < count; i++) end = osp__copy(ctx, end, parts[i], osp__length(parts[i]));
    return result;
}

OSP_API bool osp_string_equal(osp_ctx *ctx, char *a, char *b) {
    size_t length = osp__length(a), done = 0;
    if (a == b || length != osp__length(b)) return a == b;
    for (; OSP_UNLIKELY(length - done > OSP_POLL_BYTES); done += OSP_POLL_BYTES) {
        if (memcmp(a + done, b + done, OSP_POLL_BYTES) != 0) return false;
        osp__poll(ctx);
    }
    return memcmp(a + done, b + done, length - done) == 0;
}

/* Order of bytes, which for UTF-8 is the order of code points: -1, 0 or 1. */
OSP_API int64_t osp_string_compare(osp_ctx *ctx, char *a, char *b) {
    (void)ctx;
    size_t a_length = osp__length(a), b_length = osp__length(b);
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    if (order != 0) return order < 0 ? -1 : 1;
    return (a_length > b_length) - (a_length < b_length);
}

/* A copy of a C string, which may be NULL: then it is empty. For results of foreign functions. */
OSP_API char *osp_string_from_c(osp_ctx *ctx, void *text) {
    const char *bytes = text != NULL ? text : "";
    return osp__string_copy(ctx, bytes, strlen(bytes));
}

/* FNV-1a, 64 bits (draft-eastlake-fnv): simple enough for a compiler to compute over literals as well. */
OSP_API int64_t osp_string_hash(osp_ctx *ctx, char *string) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0, length = osp__length(string); i < length; osp__poll(ctx))
        for (size_t end = i + osp__poll_part(length - i); i < end; i++)
            hash = (hash ^ (unsigned char)string[i]) * 0x100000001b3u;
    return (int64_t)hash;
}

OSP_API char *osp_bool_to_string(osp_ctx *ctx, bool value) {
    (void)ctx;
    return value ? true_text.bytes : false_text.bytes;
}

/* How one byte looks inside a quoted string; 0 when it stands for itself, 'u' when only \u{HEX} can write it. */
static char escape_of(unsigned char byte) {
    switch (byte) {
        case '"': return '"';
        case '\\': return '\\';
        case '\n': return 'n';
        case '\r': return 'r';
        case '\t': return 't';
        case '\0': return '0';
        case 27: return 'e';
        default: return byte < 32 || byte == 127 ? 'u' : 0;
    }
}

/* Writes a byte as it looks inside a string literal; the end of what was written. */
#define ESCAPED_MAX 6
static char *put_escaped(char *end, unsigned char byte) {
    char escape = escape_of(byte);
    if (escape == 0) {
        *end++ = (char)byte;
    } else if (escape == 'u') {
        static const char digits[] = "0123456789abcdef";
        end = mempcpy(end, "\\u{", 3);
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
        *end++ = '}';
    } else {
        *end++ = '\\';
        *end++ = escape;
    }
    return end;
}

/* The source form of a string: in quotes, with the escapes of the language. */
OSP_API char *osp_string_quote(osp_ctx *ctx, char *string) {
    size_t length = osp__length(string), size = 2;
    for (size_t i = 0; i < length; i++) {
        if (i % OSP_POLL_BYTES == 0) osp__poll(ctx);
        char escape = escape_of((unsigned char)string[i]);
        size_t width = escape == 0 ? 1 : escape == 'u' ? 6 : 2;
        if (__builtin_add_overflow(size, width, &size)) osp__fiber_fail(ctx, "out of memory");
    }
    char *result = osp__string_reserve(ctx, size), *end = result;
    if (OSP_UNLIKELY(result == NULL)) return NULL;
    *end++ = '"';
    for (size_t i = 0; i < length; i++) {
        if (i % OSP_POLL_BYTES == 0) osp__poll(ctx);
        end = put_escaped(end, (unsigned char)string[i]);
    }
    *end = '"';
    return result;
}

const char *osp__excerpt(struct osp__excerpt *room, const char *string) {
    char *end = room->text, *full = room->text + sizeof room->text - ESCAPED_MAX - sizeof "...";
    size_t length = osp__length(string), at = 0;
    while (at < length && end < full) {
        char byte = string[at++];
        if (byte == '"' || byte == '\\')
            *end++ = byte;
        else
            end = put_escaped(end, (unsigned char)byte);
    }
    /* Ends where a code point ends, if these are any: UTF-8 has up to three more bytes (RFC 3629). */
    while (at < length && ((unsigned char)string[at] & 0xC0) == 0x80 && end < full + 3) *end++ = string[at++];
    memcpy(end, at < length ? "..." : "", at < length ? sizeof "..." : 1);
    return room->text;
}
