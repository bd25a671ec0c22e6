/*
 * Reads a response head line by line; see response_parser.h. Numbers in comments are sections of RFC 9112.
 */
#include "response_parser.h"

#include <string.h>

#include "framing.h"
#include "header.h"

enum state { READING_STATUS_LINE, READING_FIELDS, FINISHED };

void osp_http_response_parser_init(osp_http_response_parser *parser, bool to_head)
{
    *parser = (osp_http_response_parser){.content_length = -1, .to_head = to_head};
}

static int fail(osp_http_response_parser *parser, size_t position, int error)
{
    parser->error_position = (uint32_t)position;
    return error;
}

static osp_http_span span(size_t start, size_t end)
{
    return (osp_http_span){.start = (uint32_t)start, .length = (uint32_t)(end - start)};
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 4: HTTP-version SP 3DIGIT SP [ reason-phrase ]; servers that leave out the second space are known. */
static int parse_status_line(osp_http_response_parser *parser, const char *buffer, size_t start, size_t end)
{
    const char *line = buffer + start;
    size_t length = end - start;
    if (length < 12 || memcmp(line, "HTTP/", 5) != 0 || !is_digit(line[5]) || line[6] != '.' ||
        !is_digit(line[7]) || line[8] != ' ')
        return fail(parser, start, -OSP_HTTP_BAD_STATUS_LINE);
    if (line[5] != '1')
        return fail(parser, start + 5, -OSP_HTTP_UNSUPPORTED_VERSION);
    if (line[9] < '1' || line[9] > '9' || !is_digit(line[10]) || !is_digit(line[11]) ||
        (length > 12 && line[12] != ' '))
        return fail(parser, start + 9, -OSP_HTTP_BAD_STATUS_LINE);
    parser->minor_version = line[7] == '0' ? 0 : 1;
    parser->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
    parser->reason = length > 12 ? span(start + 13, end) : span(end, end);
    return 0;
}

static int parse_field(osp_http_response_parser *parser, const char *buffer, size_t start, size_t end)
{
    osp_http_field field;
    size_t position;
    int error = osp_http_field_split(buffer + start, end - start, &field, &position);
    if (error != 0)
        return fail(parser, start + position, error);
    if (osp_http_equals_lower(field.name, field.name_length, "content-length"))
        error = osp__http_content_length(&field, &parser->content_length);
    else if (osp_http_equals_lower(field.name, field.name_length, "transfer-encoding"))
        error = osp__http_transfer_encoding(&field, &parser->chunked);
    else if (osp_http_equals_lower(field.name, field.name_length, "connection"))
        parser->connection |= (uint8_t)osp__http_connection_options(&field);
    return error == 0 ? 0 : fail(parser, (size_t)(field.value - buffer), error);
}

/* 6.3, in its order. */
static int finish(osp_http_response_parser *parser, size_t end)
{
    bool http_1_1 = parser->minor_version >= 1;
    if (parser->chunked && !http_1_1)
        return fail(parser, end, -OSP_HTTP_ENCODING_IN_OLD_VERSION);
    if (parser->chunked && parser->content_length >= 0)
        return fail(parser, end, -OSP_HTTP_LENGTH_AND_ENCODING);
    if (parser->to_head || parser->status < 200 || parser->status == 204 || parser->status == 304)
        parser->body = OSP_HTTP_NO_BODY;
    else if (parser->chunked)
        parser->body = OSP_HTTP_BODY_CHUNKED;
    else if (parser->content_length >= 0)
        parser->body = OSP_HTTP_BODY_LENGTH;
    else
        parser->body = OSP_HTTP_BODY_UNTIL_CLOSE;
    bool offered = http_1_1 || (parser->connection & OSP_CONNECTION_KEEP_ALIVE) != 0;
    parser->keep_alive = offered && (parser->connection & OSP_CONNECTION_CLOSE) == 0 &&
                         parser->body != OSP_HTTP_BODY_UNTIL_CLOSE && parser->status != 101;
    return 1;
}

/* Takes in the line [parser->line, end). Returns 1 at the end of the head, 0 to go on, or an error. */
static int take_line(osp_http_response_parser *parser, const osp_http_head_limits *limits, const char *buffer,
                     size_t end)
{
    int outcome;
    size_t start = parser->line, next = end + 2;
    if (parser->state == READING_STATUS_LINE) {
        outcome = parse_status_line(parser, buffer, start, end);
        parser->state = READING_FIELDS;
        parser->headers = span(next, next);
    } else if (start == end) {
        parser->headers.length = (uint32_t)(start - parser->headers.start);
        parser->state = FINISHED;
        outcome = finish(parser, end);
    } else if (parser->fields == limits->header_fields) {
        outcome = fail(parser, start, -OSP_HTTP_TOO_MANY_FIELDS);
    } else {
        parser->fields++;
        outcome = parse_field(parser, buffer, start, end);
    }
    parser->line = parser->scanned = (uint32_t)next;
    return outcome;
}

static size_t line_limit(const osp_http_response_parser *parser, const osp_http_head_limits *limits,
                         osp_http_parse_error *too_long)
{
    if (parser->state == READING_STATUS_LINE) {
        *too_long = OSP_HTTP_STATUS_LINE_TOO_LONG;
        return limits->start_line_bytes;
    }
    *too_long = OSP_HTTP_HEADERS_TOO_LARGE;
    size_t taken = parser->line - parser->headers.start;
    return taken + 2 < limits->header_bytes ? limits->header_bytes - taken - 2 : 0;
}

/*
 * Finds the end of the current line, undoing folds on the way (5.2): a field line goes on if the byte behind
 * its CRLF is blank, so that byte must be there. Returns as osp__http_read_line().
 */
static int read_line(osp_http_response_parser *parser, const osp_http_head_limits *limits, char *buffer,
                     size_t length, size_t *end)
{
    osp_http_parse_error too_long;
    size_t max_line = line_limit(parser, limits, &too_long);
    for (;;) {
        int found = osp__http_read_line(buffer, length, parser->line, &parser->scanned, max_line,
                                        (int)too_long, end);
        if (found != 1 || parser->state != READING_FIELDS || *end == parser->line)
            return found;
        if (*end + 2 == length)
            return 0;
        if (buffer[*end + 2] != ' ' && buffer[*end + 2] != '\t')
            return 1;
        buffer[*end] = buffer[*end + 1] = ' ';
    }
}

int64_t osp_http_response_parse(osp_http_response_parser *parser, const osp_http_head_limits *limits,
                                char *buffer, size_t length)
{
    while (length > parser->line) {
        size_t end;
        int found = read_line(parser, limits, buffer, length, &end);
        if (found < 0)
            return fail(parser, parser->scanned, found);
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
