/*
 * The response parser: heads whole, byte by byte and cut everywhere, with the kind of body that follows.
 */
#include "../src/http/response_parser.h"

#include "protocol_test.h"

typedef struct expectation {
    const char *rule;
    const char *input;
    int error;
    int status;
    osp_http_body_kind body;
    bool keep_alive;
} expectation;

#define OK "HTTP/1.1 200 OK\r\n"

static const expectation cases[] = {
    {"RFC 9112 6.3: length", OK "Content-Length: 5\r\n\r\n", 0, 200, OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9112 6.3: chunked", OK "Transfer-Encoding: chunked\r\n\r\n", 0, 200, OSP_HTTP_BODY_CHUNKED, true},
    {"RFC 9112 6.3: until close", OK "A: b\r\n\r\n", 0, 200, OSP_HTTP_BODY_UNTIL_CLOSE, false},
    {"RFC 9112 6.3: no fields", OK "\r\n", 0, 200, OSP_HTTP_BODY_UNTIL_CLOSE, false},
    {"RFC 9112 6.3: 204", "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, OSP_HTTP_NO_BODY, true},
    {"RFC 9112 6.3: 304 with a length", "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", 0, 304, OSP_HTTP_NO_BODY, true},
    {"RFC 9110 15.2: 100", "HTTP/1.1 100 Continue\r\n\r\n", 0, 100, OSP_HTTP_NO_BODY, true},
    {"RFC 9110 15.2.2: 101", "HTTP/1.1 101 Switching\r\n\r\n", 0, 101, OSP_HTTP_NO_BODY, false},
    {"RFC 9112 4: empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0, 200, OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9112 4: no space before the reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, 200,
     OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9112 9.3: close", OK "Content-Length: 0\r\nConnection: close\r\n\r\n", 0, 200, OSP_HTTP_BODY_LENGTH, false},
    {"RFC 9112 9.3: 1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 200, OSP_HTTP_BODY_LENGTH, false},
    {"RFC 9112 9.3: 1.0 kept", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 0, 200,
     OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9112 5.2: folds become spaces", OK "A: b\r\n c\r\n\td\r\nContent-Length:\r\n 7\r\n\r\n", 0, 200,
     OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9110 15: unknown status", "HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", 0, 799, OSP_HTTP_BODY_LENGTH, true},
    {"RFC 9110 5.5: obs-text in the reason", "HTTP/1.1 200 \xc3\x96\r\nContent-Length: 0\r\n\r\n", 0, 200,
     OSP_HTTP_BODY_LENGTH, true},

    {"RFC 9112 4: another protocol", "SSH-2.0-OpenSSH_9.2\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", OSP_HTTP_UNSUPPORTED_VERSION, 0, 0, false},
    {"RFC 9112 4: two digits", "HTTP/1.1 20 OK\r\n\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: four digits", "HTTP/1.1 2000 OK\r\n\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: status 0xx", "HTTP/1.1 099 OK\r\n\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: no status", "HTTP/1.1\r\n\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: tab", "HTTP/1.1\t200 OK\r\n\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 4: empty line", "\r\n" OK "\r\n", OSP_HTTP_BAD_STATUS_LINE, 0, 0, false},
    {"RFC 9112 2.2: bare LF", "HTTP/1.1 200 OK\n\n", OSP_HTTP_BARE_LF, 0, 0, false},
    {"RFC 9112 2.2: bare CR", OK "A: b\rc\r\n\r\n", OSP_HTTP_BARE_CR, 0, 0, false},
    {"RFC 9112 5.2: fold without a field", OK " A: b\r\n\r\n", OSP_HTTP_OBS_FOLD, 0, 0, false},
    {"RFC 9112 5.1: space before the colon", OK "A : b\r\n\r\n", OSP_HTTP_SPACE_BEFORE_COLON, 0, 0, false},
    {"RFC 9112 6.3: two lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
     OSP_HTTP_REPEATED_CONTENT_LENGTH, 0, 0, false},
    {"RFC 9112 6.3: folded length", OK "Content-Length: 5\r\n 6\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH, 0, 0, false},
    {"RFC 9112 6.1: both", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", OSP_HTTP_LENGTH_AND_ENCODING,
     0, 0, false},
    {"RFC 9112 6.1: unknown coding", OK "Transfer-Encoding: gzip\r\n\r\n", OSP_HTTP_UNKNOWN_TRANSFER_CODING, 0, 0,
     false},
    {"RFC 9112 6.1: HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     OSP_HTTP_ENCODING_IN_OLD_VERSION, 0, 0, false},
};

/* Parses in a buffer that grows in place (folds are undone in it) and ends at an unreadable page each time. */
static int64_t parse_pieces(osp_http_response_parser *parser, const char *input, size_t length, size_t first,
                            size_t step)
{
    char seen[512];
    memcpy(seen, input, length);
    osp_http_response_parser_init(parser, false);
    int64_t outcome = 0;
    for (size_t have = first; outcome == 0; have += step) {
        size_t now = have < length ? have : length;
        char *copy = guarded(seen, now);
        outcome = osp_http_response_parse(parser, &osp_http_default_head_limits, copy, now);
        memcpy(seen, copy, now);
        if (now == length)
            break;
    }
    return outcome;
}

static void check_cut(const expectation *expected, size_t first, size_t step)
{
    osp_http_response_parser parser;
    size_t length = strlen(expected->input);
    int64_t outcome = parse_pieces(&parser, expected->input, length, first, step);
    int64_t want = expected->error != 0 ? -expected->error : (int64_t)length;
    CHECK(outcome == want, "%s (%zu, %zu): %s", expected->rule, first, step,
          outcome >= 0 ? "accepted" : osp_http_parse_error_describe((int)outcome)->name);
    if (expected->error == 0)
        CHECK(parser.status == expected->status && parser.body == expected->body &&
                  parser.keep_alive == expected->keep_alive, "%s: result", expected->rule);
}

static void check_head_request(void)
{
    osp_http_response_parser parser;
    char input[] = OK "Content-Length: 5\r\nA: b\r\n  c\r\n\r\n";
    osp_http_response_parser_init(&parser, true);
    CHECK(osp_http_response_parse(&parser, &osp_http_default_head_limits, input, sizeof input - 1) ==
              (int64_t)sizeof input - 1, "head");
    CHECK(parser.body == OSP_HTTP_NO_BODY && parser.content_length == 5 && parser.keep_alive, "HEAD has no body");
    const char *headers = "Content-Length: 5\r\nA: b    c\r\n";
    CHECK(parser.headers.length == strlen(headers) &&
              memcmp(input + parser.headers.start, headers, strlen(headers)) == 0, "headers, fold undone");
}

static void check_limits(void)
{
    osp_http_head_limits small = {.start_line_bytes = 20, .header_bytes = 30, .header_fields = 2};
    struct { char *input; int64_t outcome; } table[] = {
        {(char[]){"HTTP/1.1 200 12345678\r\n\r\n"}, -OSP_HTTP_STATUS_LINE_TOO_LONG},
        {(char[]){OK "A: 123456789012345678901234567\r\n\r\n"}, -OSP_HTTP_HEADERS_TOO_LARGE},
        {(char[]){OK "A: 1\r\n 123456789012345678901234\r\n\r\n"}, -OSP_HTTP_HEADERS_TOO_LARGE},
        {(char[]){OK "A: 1\r\nB: 2\r\nC: 3\r\n\r\n"}, -OSP_HTTP_TOO_MANY_FIELDS},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        osp_http_response_parser parser;
        osp_http_response_parser_init(&parser, false);
        int64_t outcome = osp_http_response_parse(&parser, &small, table[i].input, strlen(table[i].input));
        CHECK(outcome == table[i].outcome, "limit %zu: %d", i, (int)outcome);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].input);
        check_cut(&cases[i], 1, 1);
        for (size_t cut = 1; cut <= length; cut++)
            check_cut(&cases[i], cut, length);
    }
    check_head_request();
    check_limits();
    return report();
}
