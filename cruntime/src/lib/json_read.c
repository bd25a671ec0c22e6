/* json_read.c - reading a parsed JSON text: paths, decoded strings; and the escaping that is decoding's
 * inverse. */
#include <string.h>

#include "json.h"
#include "utf8.h"

/* ---- decoding ------------------------------------------------------------------------------------------ */

static uint32_t hex4(const char *digits)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = digits[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* The code point of the \u escape at `from` (the backslash), with the surrogate that completes it. */
static const char *decode_unicode(const char *from, uint32_t *code_point)
{
    uint32_t high = hex4(from + 2);
    from += 6;
    *code_point = high;
    if (high < 0xd800 || high > 0xdfff)
        return from;
    *code_point = 0xfffd;
    if (high > 0xdbff || from[0] != '\\' || from[1] != 'u')
        return from;
    uint32_t low = hex4(from + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return from;
    *code_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return from + 6;
}

/* Decodes what stands at `from` into out[0..4) and moves on. The parser has checked every escape. */
static const char *decode_one(const char *from, char *out, size_t *width)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    *width = 1;
    if (*from != '\\') {
        *out = *from;
        return from + 1;
    }
    if (from[1] == 'u') {
        uint32_t code_point;
        from = decode_unicode(from, &code_point);
        *width = osp__utf8_encode(code_point, out);
        return from;
    }
    const char *letter = strchr(letters, from[1]);
    *out = letter != NULL ? meanings[letter - letters] : from[1];
    return from + 2;
}

size_t osp__json_decode(const struct osp__json *document, const struct osp__json_node *node, char *out)
{
    const char *from = document->text + node->start + 1, *end = document->text + node->end - 1;
    if (!node->escaped) {
        memcpy(out, from, (size_t)(end - from));
        return (size_t)(end - from);
    }
    char *start = out;
    while (from < end) {
        char bytes[4];
        size_t width;
        from = decode_one(from, bytes, &width);
        memcpy(out, bytes, width);
        out += width;
    }
    return (size_t)(out - start);
}

static bool key_is(const struct osp__json *document, const struct osp__json_node *key, const char *name,
                   size_t length)
{
    const char *from = document->text + key->start + 1, *end = document->text + key->end - 1;
    if (!key->escaped)
        return (size_t)(end - from) == length && memcmp(from, name, length) == 0;
    size_t at = 0;
    while (from < end) {
        char bytes[4];
        size_t width;
        from = decode_one(from, bytes, &width);
        if (length - at < width || memcmp(name + at, bytes, width) != 0)
            return false;
        at += width;
    }
    return at == length;
}

/* ---- paths --------------------------------------------------------------------------------------------- */

/* One step of a path: a name, or an index. */
struct step {
    const char *name; /* NULL for an index */
    size_t length;
    uint64_t index;
};

static const struct osp__json_node *child(const struct osp__json *document, const struct osp__json_node *node,
                                          const struct step *step)
{
    const uint32_t *children = document->children + node->children;
    if (step->name == NULL) {
        bool within = node->type == OSP_JSON_ARRAY && step->index < node->count;
        return within ? &document->nodes[children[step->index]] : NULL;
    }
    if (node->type != OSP_JSON_OBJECT)
        return NULL;
    for (uint32_t i = node->count; i > 0; i--) {
        const struct osp__json_node *key = &document->nodes[children[i - 1]];
        if (key_is(document, key, step->name, step->length))
            return key + 1;
    }
    return NULL;
}

static const char *read_index(const char *at, const char *end, struct step *step)
{
    const char *start = at;
    step->name = NULL;
    step->index = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (step->index < UINT32_MAX) /* larger than any array: stays larger */
            step->index = step->index * 10 + (uint64_t)(*at - '0');
    return at > start && at < end && *at == ']' ? at + 1 : NULL;
}

static const char *read_quoted(const char *at, const char *end, struct step *step)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));
    if (quote == NULL || end - quote < 2 || quote[1] != ']')
        return NULL;
    step->name = at;
    step->length = (size_t)(quote - at);
    return quote + 2;
}

/* Reads one step; `first` is where the path begins. Returns where the next one starts, or NULL. */
static const char *read_step(const char *first, const char *at, const char *end, struct step *step)
{
    if (*at == '[') {
        at++;
        return at < end && *at == '"' ? read_quoted(at + 1, end, step) : read_index(at, end, step);
    }
    if (at != first && *at++ != '.')
        return NULL;
    step->name = at;
    while (at < end && *at != '.' && *at != '[' && *at != ']')
        at++;
    step->length = (size_t)(at - step->name);
    return step->length > 0 ? at : NULL;
}

const struct osp__json_node *osp__json_find(const struct osp__json *document, const char *path, size_t length,
                                            bool *malformed)
{
    const struct osp__json_node *node = document->nodes;
    const char *end = path + length;
    *malformed = false;
    for (const char *at = path; at < end;) {
        struct step step = {0};
        at = read_step(path, at, end, &step);
        if (at == NULL) {
            *malformed = true;
            return NULL;
        }
        if (node != NULL)
            node = child(document, node, &step);
    }
    return node;
}

/* ---- escaping ------------------------------------------------------------------------------------------ */

/* The escape of an ASCII character inside quotes; returns its length, 1 when it stands for itself. */
static size_t escape_ascii(char c, char out[6])
{
    static const char digits[] = "0123456789abcdef", special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = c == '\0' ? NULL : strchr(special, c);
    if (found != NULL) {
        out[0] = '\\';
        out[1] = letters[found - special];
        return 2;
    }
    if ((unsigned char)c >= 0x20) {
        out[0] = c;
        return 1;
    }
    memcpy(out, "\\u00", 4);
    out[4] = digits[(unsigned char)c >> 4];
    out[5] = digits[c & 15];
    return 6;
}

size_t osp__json_escape(const char *bytes, size_t length, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < length;) {
        char piece[6];
        size_t width = 1, used = 1;
        if ((unsigned char)bytes[i] < 0x80) {
            width = escape_ascii(bytes[i], piece);
        } else {
            uint32_t code_point;
            used = osp__utf8_decode(bytes + i, length - i, &code_point);
            width = osp__utf8_encode(used == 0 ? 0xfffd : code_point, piece);
            used += used == 0;
        }
        if (out != NULL)
            memcpy(out + size, piece, width);
        size += width;
        i += used;
    }
    return size;
}
