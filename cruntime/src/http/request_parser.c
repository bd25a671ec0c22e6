/*
 * Reads a request head line by line; see request_parser.h for the contract.
 *
 * The scanner looks at each byte once for the end of its line, and each complete line is then taken apart
 * once. What depends on several fields (framing, Host, persistence) is decided at the empty line. Numbers in
 * comments are sections of RFC 9112.
 */
#include "request_parser.h"

#include <string.h>

#include "framing.h"
#include "header.h"
#include "url.h"

const osp_http_head_limits osp_http_default_head_limits = {
    .start_line_bytes = 8192, .header_bytes = 65536, .header_fields = 100};

enum state { READING_REQUEST_LINE, READING_FIELDS, FINISHED };

static const char *const method_names[OSP_HTTP_METHOD_UNKNOWN] = {
    [OSP_HTTP_GET] = "GET",       [OSP_HTTP_POST] = "POST",   [OSP_HTTP_PUT] = "PUT",
    [OSP_HTTP_DELETE] = "DELETE", [OSP_HTTP_PATCH] = "PATCH", [OSP_HTTP_HEAD] = "HEAD",
    [OSP_HTTP_OPTIONS] = "OPTIONS"};

void osp_http_request_parser_init(osp_http_request_parser *parser)
{
    *parser = (osp_http_request_parser){.content_length = -1, .method_index = OSP_HTTP_METHOD_UNKNOWN};
}

osp_http_method osp_http_method_index(const char *name, size_t length)
{
    for (int i = 0; i < OSP_HTTP_METHOD_UNKNOWN; i++)
        if (strlen(method_names[i]) == length && memcmp(name, method_names[i], length) == 0)
            return (osp_http_method)i;
    return OSP_HTTP_METHOD_UNKNOWN;
}

const char *osp_http_method_name(osp_http_method method)
{
    return (unsigned)method < OSP_HTTP_METHOD_UNKNOWN ? method_names[method] : NULL;
}

const char *osp__http_request_path(const osp_http_request_parser *parser, const char *buffer, size_t *length)
{
    if (parser->path.length > 0) {
        *length = parser->path.length;
        return buffer + parser->path.start;
    }
    *length = 1;
    bool whole_server = parser->method_index == OSP_HTTP_OPTIONS && parser->query.length == 0;
    return whole_server ? "*" : "/";
}

/* Remembers where the input was refused. */
static int fail(osp_http_request_parser *parser, size_t position, osp_http_parse_error error)
{
    parser->error_position = (uint32_t)position;
    return -(int)error;
}

static osp_http_span span(size_t start, size_t end)
{
    return (osp_http_span){.start = (uint32_t)start, .length = (uint32_t)(end - start)};
}

/* Path and query: bytes [start, end), the first of them '/' or '?' if there are any. */
static int parse_path(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    size_t refused;
    size_t path_end = start + osp_url_path_length(buffer + start, end - start, &refused);
    if (refused != SIZE_MAX)
        return fail(parser, start + refused, OSP_HTTP_BAD_TARGET);
    parser->path = span(start, path_end);
    parser->query = span(path_end < end ? path_end + 1 : end, end);
    return 0;
}

/* 3.2.2: scheme "://" authority path [ "?" query ] */
static int parse_absolute_form(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    size_t scheme = osp_url_http_scheme_length(buffer + start, end - start);
    if (scheme == 0)
        return fail(parser, start, OSP_HTTP_BAD_TARGET);
    size_t authority = start + scheme, authority_end = authority;
    while (authority_end < end && buffer[authority_end] != '/' && buffer[authority_end] != '?')
        authority_end++;
    if (!osp_url_authority_is_valid(buffer + authority, authority_end - authority))
        return fail(parser, authority, OSP_HTTP_BAD_TARGET);
    parser->form = OSP_HTTP_ABSOLUTE_FORM;
    parser->host = span(authority, authority_end);
    return parse_path(parser, buffer, authority_end, end);
}

static int parse_target(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    size_t length = end - start;
    bool connect = parser->method.length == 7 && memcmp(buffer + parser->method.start, "CONNECT", 7) == 0;
    parser->target = span(start, end);
    if (connect) { /* 3.2.3: the only method with the authority form, and it takes no other */
        const char *colon = memrchr(buffer + start, ':', length);
        if (colon == NULL || colon + 1 == buffer + end ||
            !osp_url_authority_is_valid(buffer + start, length))
            return fail(parser, start, OSP_HTTP_BAD_TARGET);
        parser->form = OSP_HTTP_AUTHORITY_FORM;
        parser->host = span(start, end);
        return 0;
    }
    if (buffer[start] == '/') {
        parser->form = OSP_HTTP_ORIGIN_FORM;
        return parse_path(parser, buffer, start, end);
    }
    if (length == 1 && buffer[start] == '*' && parser->method_index == OSP_HTTP_OPTIONS) {
        parser->form = OSP_HTTP_ASTERISK_FORM; /* 3.2.4 */
        parser->path = span(start, end);
        return 0;
    }
    return parse_absolute_form(parser, buffer, start, end);
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 2.3: "HTTP/" DIGIT "." DIGIT, case-sensitive. */
static int parse_version(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    const char *version = buffer + start;
    if (memchr(version, ' ', end - start) != NULL)
        return fail(parser, start, OSP_HTTP_BAD_REQUEST_LINE);
    if (end - start != 8 || memcmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]))
        return fail(parser, start, OSP_HTTP_BAD_VERSION);
    if (version[5] != '1')
        return fail(parser, start + 5, OSP_HTTP_UNSUPPORTED_VERSION);
    parser->minor_version = version[7] == '0' ? 0 : 1;
    return 0;
}

/* 3: method SP request-target SP HTTP-version, separated by exactly one space. */
static int parse_request_line(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    size_t at = start;
    while (at < end && osp__is(buffer[at], OSP_CLASS_TOKEN))
        at++;
    if (at == start || (at < end && buffer[at] != ' '))
        return fail(parser, at, OSP_HTTP_BAD_METHOD);
    parser->method = span(start, at);
    parser->method_index = (uint8_t)osp_http_method_index(buffer + start, at - start);

    size_t target = at + 1;
    const char *space = target < end ? memchr(buffer + target, ' ', end - target) : NULL;
    if (space == NULL || space == buffer + target)
        return fail(parser, target < end ? target : end, OSP_HTTP_BAD_REQUEST_LINE);
    size_t target_end = (size_t)(space - buffer);
    int error = parse_version(parser, buffer, target_end + 1, end);
    return error != 0 ? error : parse_target(parser, buffer, target, target_end);
}

static int parse_host(osp_http_request_parser *parser, const char *buffer, const osp_http_field *field, size_t at)
{
    if (parser->has_host)
        return fail(parser, at, OSP_HTTP_REPEATED_HOST);
    parser->has_host = true;
    if (!osp_url_authority_is_valid(field->value, field->value_length))
        return fail(parser, at, OSP_HTTP_BAD_HOST);
    if (parser->form == OSP_HTTP_ORIGIN_FORM || parser->form == OSP_HTTP_ASTERISK_FORM) {
        size_t start = (size_t)(field->value - buffer);
        parser->host = span(start, start + field->value_length);
    }
    return 0;
}

/* RFC 9110 10.1.1; an HTTP/1.0 client cannot wait for a 100, so its expectation is ignored. */
static int parse_expect(osp_http_request_parser *parser, const osp_http_field *field, size_t at)
{
    if (parser->minor_version == 0)
        return 0;
    if (!osp_http_equals_lower(field->value, field->value_length, "100-continue"))
        return fail(parser, at, OSP_HTTP_UNKNOWN_EXPECTATION);
    parser->expect_continue = true;
    return 0;
}

/* Turns the outcome of a shared rule into ours. */
static int judge(osp_http_request_parser *parser, int outcome, size_t at)
{
    return outcome == 0 ? 0 : fail(parser, at, (osp_http_parse_error)-outcome);
}

static int parse_field(osp_http_request_parser *parser, const char *buffer, size_t start, size_t end)
{
    osp_http_field field;
    size_t position;
    int error = osp_http_field_split(buffer + start, end - start, &field, &position);
    if (error != 0)
        return judge(parser, error, start + position);
    const char *name = field.name;
    size_t at = (size_t)(field.value - buffer);
    switch (field.name_length) { /* few lengths, so that most fields cost one comparison of an integer */
    case 4:
        return osp_http_equals_lower(name, 4, "host") ? parse_host(parser, buffer, &field, at) : 0;
    case 6:
        return osp_http_equals_lower(name, 6, "expect") ? parse_expect(parser, &field, at) : 0;
    case 7:
        parser->has_upgrade |= osp_http_equals_lower(name, 7, "upgrade");
        return 0;
    case 10:
        if (osp_http_equals_lower(name, 10, "connection"))
            parser->connection |= (uint8_t)osp__http_connection_options(&field);
        return 0;
    case 14:
        if (osp_http_equals_lower(name, 14, "content-length"))
            return judge(parser, osp__http_content_length(&field, &parser->content_length), at);
        return 0;
    case 17:
        if (osp_http_equals_lower(name, 17, "transfer-encoding"))
            return judge(parser, osp__http_transfer_encoding(&field, &parser->chunked), at);
        return 0;
    default:
        return 0;
    }
}

/* What only the whole head can tell. */
static int finish(osp_http_request_parser *parser, size_t end)
{
    bool http_1_1 = parser->minor_version >= 1;
    if (http_1_1 && !parser->has_host)
        return fail(parser, end, OSP_HTTP_MISSING_HOST);
    if (parser->chunked && !http_1_1)
        return fail(parser, end, OSP_HTTP_ENCODING_IN_OLD_VERSION);
    if (parser->chunked && parser->content_length >= 0)
        return fail(parser, end, OSP_HTTP_LENGTH_AND_ENCODING);
    bool asked = http_1_1 || (parser->connection & OSP_CONNECTION_KEEP_ALIVE) != 0;
    parser->keep_alive = asked && (parser->connection & OSP_CONNECTION_CLOSE) == 0;
    parser->upgrade = http_1_1 && parser->has_upgrade && (parser->connection & OSP_CONNECTION_UPGRADE) != 0;
    return 0;
}

static int skip_empty_line(osp_http_request_parser *parser, size_t end)
{
    if (parser->skipped_line)
        return fail(parser, end, OSP_HTTP_EXTRA_EMPTY_LINE);
    parser->skipped_line = true;
    return 0;
}

/* Takes in the line [parser->line, end). Returns 1 at the end of the head, 0 to go on, or an error. */
static int take_line(osp_http_request_parser *parser, const osp_http_head_limits *limits, const char *buffer,
                     size_t end)
{
    int error;
    size_t start = parser->line, next = end + 2;
    bool empty = start == end;
    if (parser->state == READING_REQUEST_LINE && empty) {
        error = skip_empty_line(parser, end);
    } else if (parser->state == READING_REQUEST_LINE) {
        error = parse_request_line(parser, buffer, start, end);
        parser->state = READING_FIELDS;
        parser->headers = span(next, next);
    } else if (empty) {
        parser->headers.length = (uint32_t)(start - parser->headers.start);
        parser->state = FINISHED;
        error = finish(parser, end);
        if (error == 0)
            error = 1;
    } else if (parser->fields == limits->header_fields) {
        error = fail(parser, start, OSP_HTTP_TOO_MANY_FIELDS);
    } else {
        parser->fields++;
        error = parse_field(parser, buffer, start, end);
    }
    parser->line = parser->scanned = (uint32_t)next;
    return error;
}

/* How long the line that starts now may be, without its CRLF, and what to say if it is longer. */
static size_t line_limit(const osp_http_request_parser *parser, const osp_http_head_limits *limits,
                         osp_http_parse_error *too_long)
{
    if (parser->state == READING_REQUEST_LINE) {
        *too_long = OSP_HTTP_REQUEST_LINE_TOO_LONG;
        return limits->start_line_bytes;
    }
    *too_long = OSP_HTTP_HEADERS_TOO_LARGE;
    size_t taken = parser->line - parser->headers.start;
    return taken + 2 < limits->header_bytes ? limits->header_bytes - taken - 2 : 0;
}

int64_t osp_http_request_parse(osp_http_request_parser *parser, const osp_http_head_limits *limits,
                               const char *buffer, size_t length)
{
    while (length > parser->line) {
        osp_http_parse_error too_long;
        size_t end, max_line = line_limit(parser, limits, &too_long);
        int found = osp__http_read_line(buffer, length, parser->line, &parser->scanned, max_line,
                                        (int)too_long, &end);
        if (found < 0)
            return fail(parser, parser->scanned, (osp_http_parse_error)-found);
        if (found == 0)
            return 0;
        int outcome = take_line(parser, limits, buffer, end);
        if (outcome < 0)
            return outcome;
        if (outcome == 1)
            return parser->line;
    }
    return 0;
}
