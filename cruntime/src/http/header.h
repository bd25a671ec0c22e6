/*
 * Header fields: their grammar (RFC 9110 section 5, RFC 9112 section 5) and the look-ups over a raw block.
 *
 * A header section is kept as it was received, "Name: value\r\n" lines one after the other, and searched
 * when somebody asks: a handler wants few fields of few requests, so no table of them is built. What the
 * request, response and trailer parsers share of lines and character classes lives here as well. Nothing in
 * this file allocates.
 */
#ifndef OSP_HTTP_HEADER_H
#define OSP_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Character classes: bits of osp__http_class[byte]. */
enum {
    OSP_CLASS_TOKEN = 1,      /* tchar, RFC 9110 5.6.2 */
    OSP_CLASS_PATH = 2,       /* what a path may hold (see url.h), '%' included */
    OSP_CLASS_QUERY = 4,      /* what a query may hold, '%' included */
    OSP_CLASS_REG_NAME = 8,   /* unreserved and sub-delims, RFC 3986 3.2.2; '%' not included */
    OSP_CLASS_UNRESERVED = 16, /* RFC 3986 2.3 */
    OSP_CLASS_VALUE = 32      /* field-vchar, space and tab, RFC 9110 5.5 */
};
extern const uint8_t osp__http_class[256];

static inline bool osp__is(char c, unsigned classes)
{
    return (osp__http_class[(unsigned char)c] & classes) != 0;
}

/* True if name[0 .. length) equals `lower`, a lower-case literal, without regard to ASCII case. */
bool osp_http_equals_lower(const char *name, size_t length, const char *lower);

/* True if the two names are equal without regard to ASCII case. */
bool osp_http_names_equal(const char *a, size_t a_length, const char *b, size_t b_length);

/* One field; pointers into the block it came from. */
typedef struct osp_http_field {
    const char *name;
    size_t name_length;
    const char *value; /* without the white space around it */
    size_t value_length;
} osp_http_field;

/*
 * Splits line[0 .. length), one field line without its CRLF in which the caller has seen no control
 * character. Returns 0, or the negative of an osp_http_parse_error with the offset of the offending byte in
 * *position.
 */
int osp_http_field_split(const char *line, size_t length, osp_http_field *field, size_t *position);

/*
 * Finds the end of the line that starts at buffer + line, resuming at *scanned. Returns 1 with the offset of
 * its CR in *end (an LF follows it); 0 if more input is needed; the negative of an osp_http_parse_error, with
 * *scanned at the byte that was refused. Longer than max_line bytes without CRLF: -too_long.
 */
int osp__http_read_line(const char *buffer, size_t length, size_t line, uint32_t *scanned, size_t max_line,
                        int too_long, size_t *end);

/*
 * Steps through the field lines of a raw block that a parser accepted, or that a program wrote (lines may
 * then end in a bare LF, and the last may lack its end). *cursor starts at the block, `end` is its end.
 * Returns false at the end of the block; lines that are not "name: value" are skipped.
 */
bool osp_http_header_next(const char **cursor, const char *end, osp_http_field *field);

/*
 * Looks up the field `name` (any case). Returns how many lines carry it (0: absent, `field` untouched); the
 * first of them in *field.
 */
size_t osp_http_header_find(const char *headers, size_t headers_length, const char *name, size_t name_length,
                            osp_http_field *field);

/*
 * Steps through a comma-separated list, RFC 9110 5.6.1: elements without the white space around them, empty
 * ones skipped, commas in quoted strings not seen as separators. Returns false at the end of the list.
 */
bool osp_http_list_next(const char **cursor, const char *end, const char **element, size_t *element_length);

/* True if one of the field lines `name` of the block lists the token `lower` (lower case, any case matches). */
bool osp_http_header_has_token(const char *headers, size_t headers_length, const char *name,
                               const char *lower);

/* True if name[0 .. length) is a token, not empty. */
bool osp_http_is_token(const char *name, size_t length);

/* Reads 1*DIGIT. Returns -1 if it is something else or does not fit in an int64_t. */
int64_t osp_http_parse_length(const char *digits, size_t length);

/*
 * True if headers[0 .. length) may be put on the wire: a sequence of "Name: value" lines, each ended by CRLF
 * or LF (the last may lack it), names being tokens, values free of CR, LF, NUL and other control characters.
 * This is what stops header injection. On false, *position is the offset of the byte that was refused.
 */
bool osp_http_headers_are_safe(const char *headers, size_t length, size_t *position);

#endif
