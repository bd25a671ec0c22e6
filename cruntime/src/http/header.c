/*
 * Field grammar and look-ups; see header.h. Every loop moves forward over its input exactly once.
 */
#include "header.h"

#include <string.h>

#include "parse_error.h"
#include "scan.h"

#define T OSP_CLASS_TOKEN
#define P OSP_CLASS_PATH
#define Q OSP_CLASS_QUERY
#define R OSP_CLASS_REG_NAME
#define U OSP_CLASS_UNRESERVED
#define V OSP_CLASS_VALUE
#define ALPHANUMERIC (T | P | Q | R | U | V)

/*
 * Paths and queries hold what RFC 3986 gives them and the characters that browsers send unescaped all the
 * same (the URL standard's path and query percent-encode sets leave them): [ ] ^ | in paths and queries,
 * { } ` \ in queries. Never space, ", <, >, # or anything outside visible ASCII.
 */
const uint8_t osp__http_class[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = T | P | Q | R | V,
    ['"'] = V,
    ['#'] = T | V,
    ['$'] = T | P | Q | R | V,
    ['%'] = T | P | Q | V,
    ['&'] = T | P | Q | R | V,
    ['\''] = T | P | Q | R | V,
    ['('] = P | Q | R | V,
    [')'] = P | Q | R | V,
    ['*'] = T | P | Q | R | V,
    ['+'] = T | P | Q | R | V,
    [','] = P | Q | R | V,
    ['-'] = T | P | Q | R | U | V,
    ['.'] = T | P | Q | R | U | V,
    ['/'] = P | Q | V,
    ['0' ... '9'] = ALPHANUMERIC,
    [':'] = P | Q | V,
    [';'] = P | Q | R | V,
    ['<'] = V,
    ['='] = P | Q | R | V,
    ['>'] = V,
    ['?'] = Q | V,
    ['@'] = P | Q | V,
    ['A' ... 'Z'] = ALPHANUMERIC,
    ['['] = P | Q | V,
    ['\\'] = Q | V,
    [']'] = P | Q | V,
    ['^'] = T | P | Q | V,
    ['_'] = T | P | Q | R | U | V,
    ['`'] = T | Q | V,
    ['a' ... 'z'] = ALPHANUMERIC,
    ['{'] = Q | V,
    ['|'] = T | P | Q | V,
    ['}'] = Q | V,
    ['~'] = T | P | Q | R | U | V,
    [0x80 ... 0xff] = V,
};

#undef T
#undef P
#undef Q
#undef R
#undef U
#undef V
#undef ALPHANUMERIC

static inline unsigned char lower_case(char c)
{
    unsigned char byte = (unsigned char)c;
    return (unsigned char)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

bool osp_http_names_equal(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length != b_length)
        return false;
    for (size_t i = 0; i < a_length; i++)
        if (lower_case(a[i]) != lower_case(b[i]))
            return false;
    return true;
}

bool osp_http_equals_lower(const char *name, size_t length, const char *lower)
{
    return osp_http_names_equal(name, length, lower, strlen(lower));
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes optional white space (OWS, RFC 9110 5.6.3) off both ends. */
static void trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
    while (*length > 0 && is_blank(**text)) {
        (*text)++;
        (*length)--;
    }
}

int osp_http_field_split(const char *line, size_t length, osp_http_field *field, size_t *position)
{
    *position = 0;
    if (length > 0 && is_blank(line[0]))
        return -OSP_HTTP_OBS_FOLD;
    size_t colon = 0;
    while (colon < length && osp__is(line[colon], OSP_CLASS_TOKEN))
        colon++;
    *position = colon;
    if (colon > 0 && colon < length && is_blank(line[colon])) {
        size_t next = colon;
        while (next < length && is_blank(line[next]))
            next++;
        if (next < length && line[next] == ':')
            return -OSP_HTTP_SPACE_BEFORE_COLON;
    }
    if (colon == 0 || colon == length || line[colon] != ':')
        return -OSP_HTTP_BAD_FIELD_NAME;
    field->name = line;
    field->name_length = colon;
    field->value = line + colon + 1;
    field->value_length = length - colon - 1;
    trim(&field->value, &field->value_length);
    return 0;
}

int osp__http_read_line(const char *buffer, size_t length, size_t line, uint32_t *scanned, size_t max_line,
                        int too_long, size_t *end)
{
    /* At the latest the byte behind max_line others must be the CR. */
    size_t stop = length - line > max_line + 1 ? line + max_line + 1 : length;
    size_t at = *scanned + osp__scan_control(buffer + *scanned, stop - *scanned);
    *scanned = (uint32_t)at;
    if (at == stop)
        return stop == line + max_line + 1 ? -too_long : 0;
    if (buffer[at] == '\n')
        return -OSP_HTTP_BARE_LF;
    if (buffer[at] != '\r')
        return -OSP_HTTP_CONTROL_CHARACTER;
    if (at + 1 == length)
        return 0;
    if (buffer[at + 1] != '\n')
        return -OSP_HTTP_BARE_CR;
    *end = at;
    return 1;
}

bool osp_http_header_next(const char **cursor, const char *end, osp_http_field *field)
{
    while (*cursor < end) {
        const char *line = *cursor;
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline != NULL ? newline : end) - line);
        *cursor = newline != NULL ? newline + 1 : end;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        size_t position;
        if (osp_http_field_split(line, length, field, &position) == 0)
            return true;
    }
    return false;
}

size_t osp_http_header_find(const char *headers, size_t headers_length, const char *name, size_t name_length,
                            osp_http_field *field)
{
    const char *cursor = headers, *end = headers + headers_length;
    osp_http_field candidate;
    size_t count = 0;
    while (osp_http_header_next(&cursor, end, &candidate))
        if (osp_http_names_equal(candidate.name, candidate.name_length, name, name_length) && count++ == 0)
            *field = candidate;
    return count;
}

bool osp_http_list_next(const char **cursor, const char *end, const char **element, size_t *element_length)
{
    while (*cursor < end) {
        const char *start = *cursor, *at = start;
        bool quoted = false;
        for (; at < end && (quoted || *at != ','); at++) {
            if (*at == '"')
                quoted = !quoted;
            else if (quoted && *at == '\\' && at + 1 < end)
                at++;
        }
        *cursor = at < end ? at + 1 : end;
        *element = start;
        *element_length = (size_t)(at - start);
        trim(element, element_length);
        if (*element_length > 0)
            return true;
    }
    return false;
}

bool osp_http_header_has_token(const char *headers, size_t headers_length, const char *name,
                               const char *lower)
{
    const char *cursor = headers, *end = headers + headers_length;
    size_t name_length = strlen(name);
    osp_http_field field;
    while (osp_http_header_next(&cursor, end, &field)) {
        if (!osp_http_names_equal(field.name, field.name_length, name, name_length))
            continue;
        const char *list = field.value, *element;
        size_t length;
        while (osp_http_list_next(&list, field.value + field.value_length, &element, &length))
            if (osp_http_equals_lower(element, length, lower))
                return true;
    }
    return false;
}

bool osp_http_is_token(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!osp__is(name[i], OSP_CLASS_TOKEN))
            return false;
    return length > 0;
}

int64_t osp_http_parse_length(const char *digits, size_t length)
{
    int64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digits[i] - '0', &value))
            return -1;
    }
    return length > 0 ? value : -1;
}

bool osp_http_headers_are_safe(const char *headers, size_t length, size_t *position)
{
    size_t line = 0;
    while (line < length) {
        size_t end = line + osp__scan_control(headers + line, length - line);
        size_t next = end;
        if (next < length && headers[next] == '\r')
            next++;
        if (next < length && headers[next] == '\n')
            next++;
        else if (end < length) {
            *position = end;
            return false;
        }
        osp_http_field field;
        size_t fault;
        if (osp_http_field_split(headers + line, end - line, &field, &fault) != 0) {
            *position = line + fault;
            return false;
        }
        line = next;
    }
    return true;
}
