/*
 * The request parser, rule by rule. Each case is given whole, byte by byte in a buffer that moves each time,
 * and cut in two at every place; the answer must be the same, and nothing behind the input may be read.
 */
#include "../src/http/request_parser.h"
#include "../src/http/scan.h"

#include "protocol_test.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

typedef struct expectation {
    const char *rule;
    const char *input;
    int error; /* 0: accepted */
} expectation;

static const expectation cases[] = {
    {"RFC 9112 3: simplest request", LINE HOST "\r\n", 0},
    {"RFC 9112 2.2: one empty line before the request", "\r\n" LINE HOST "\r\n", 0},
    {"RFC 9112 2.2: two empty lines", "\r\n\r\n" LINE HOST "\r\n", OSP_HTTP_EXTRA_EMPTY_LINE},
    {"RFC 9112 2.2: bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", OSP_HTTP_BARE_LF},
    {"RFC 9112 2.2: bare LF after a field", LINE "Host: a\n\r\n", OSP_HTTP_BARE_LF},
    {"RFC 9112 2.2: bare LF as the empty line", LINE HOST "\n", OSP_HTTP_BARE_LF},
    {"RFC 9112 2.2: bare CR in the request line", "GET /\r HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BARE_CR},
    {"RFC 9112 2.2: bare CR in a value", LINE HOST "A: b\rc\r\n\r\n", OSP_HTTP_BARE_CR},
    {"RFC 9112 2.2: CR CR LF", LINE "Host: a\r\r\n\r\n", OSP_HTTP_BARE_CR},
    {"RFC 9112 2.2: CR where the empty line should be", LINE HOST "\rX", OSP_HTTP_BARE_CR},
    {"RFC 9112 2.2: white space before the first field", LINE " Host: a\r\n\r\n", OSP_HTTP_OBS_FOLD},
    {"RFC 9110 5.5: NUL in a value", LINE HOST "A: b\x01\r\n\r\n", OSP_HTTP_CONTROL_CHARACTER},
    {"RFC 9110 5.5: DEL in a value", LINE HOST "A: b\x7f\r\n\r\n", OSP_HTTP_CONTROL_CHARACTER},
    {"RFC 9110 5.5: vertical tab in a value", LINE HOST "A: b\vc\r\n\r\n", OSP_HTTP_CONTROL_CHARACTER},
    {"RFC 9110 5.5: tab and obs-text in a value", LINE HOST "A: b\tc\xc3\xa9\r\n\r\n", 0},
    {"RFC 9110 5.5: empty value", LINE HOST "A:\r\n\r\n", 0},
    {"a TLS record", "\x16\x03\x01\x02", OSP_HTTP_CONTROL_CHARACTER},

    {"RFC 9110 9.1: lower-case method is another method", "get / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9110 9.1: unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.1: method with a separator", "G(T / HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_METHOD},
    {"RFC 9112 3.1: no method", " / HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_METHOD},
    {"RFC 9112 3.1: method outside ASCII", "G\xc3\x89T / HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_METHOD},
    {"RFC 9112 3: tab as separator", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_METHOD},
    {"RFC 9112 3: two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_REQUEST_LINE},
    {"RFC 9112 3: two spaces before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_REQUEST_LINE},
    {"RFC 9112 3: space in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_REQUEST_LINE},
    {"RFC 9112 3: trailing space", "GET / HTTP/1.1 \r\n" HOST "\r\n", OSP_HTTP_BAD_REQUEST_LINE},
    {"RFC 9112 3: only a method", "GET\r\n\r\n", OSP_HTTP_BAD_REQUEST_LINE},
    {"RFC 1945 4.1: HTTP/0.9", "GET /\r\n\r\n", OSP_HTTP_BAD_REQUEST_LINE},

    {"RFC 9112 2.3: lower-case http", "GET / http/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_VERSION},
    {"RFC 9112 2.3: two digits", "GET / HTTP/1.10\r\n" HOST "\r\n", OSP_HTTP_BAD_VERSION},
    {"RFC 9112 2.3: no minor version", "GET / HTTP/1\r\n" HOST "\r\n", OSP_HTTP_BAD_VERSION},
    {"RFC 9112 2.3: comma", "GET / HTTP/1,1\r\n" HOST "\r\n", OSP_HTTP_BAD_VERSION},
    {"RFC 9110 15.6.6: HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", OSP_HTTP_UNSUPPORTED_VERSION},
    {"RFC 9110 15.6.6: HTTP/0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", OSP_HTTP_UNSUPPORTED_VERSION},
    {"RFC 9113 3.4: the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", OSP_HTTP_UNSUPPORTED_VERSION},
    {"RFC 9110 6.2: HTTP/1.2 is served as 1.1", "GET / HTTP/1.2\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2: HTTP/1.0 needs no Host", "GET / HTTP/1.0\r\n\r\n", 0},

    {"RFC 9112 3.2.1: path and query", "GET /a/b;c=d?e=f&g[]=h|i?j HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2.1: encoded byte", "GET /%c3%A9 HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 3986 2.1: bad encoding in the path", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 2.1: cut encoding in the path", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 3.5: fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 3.5: fragment in the query", "GET /a?b#c HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 3.3: quote", "GET /a\"b HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 3.3: angle bracket", "GET /<a> HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 3.3: backslash in the path", "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 2: outside ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 3986 2: tab in the target", "GET /\t HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2: relative path", "GET a HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2: query alone", "GET ?a HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.2: absolute form", "GET http://b:80/c?d HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2.2: absolute form, no path", "GET HTTP://b HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2.2: absolute form, Host needed", "GET http://b/ HTTP/1.1\r\n\r\n", OSP_HTTP_MISSING_HOST},
    {"RFC 9110 4.2.1: no host", "GET http:///c HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9110 4.2.4: user information", "GET http://u@b/ HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.2: another scheme", "GET ftp://b/ HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.3: authority form outside CONNECT", "GET b:80 HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.3: CONNECT", "CONNECT b:443 HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2.3: CONNECT without port", "CONNECT b HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.3: CONNECT with a path", "CONNECT /a HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.4: OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0},
    {"RFC 9112 3.2.4: GET *", "GET * HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},
    {"RFC 9112 3.2.4: OPTIONS **", "OPTIONS ** HTTP/1.1\r\n" HOST "\r\n", OSP_HTTP_BAD_TARGET},

    {"RFC 9112 3.2: no Host", LINE "\r\n", OSP_HTTP_MISSING_HOST},
    {"RFC 9112 3.2: two Hosts", LINE HOST HOST "\r\n", OSP_HTTP_REPEATED_HOST},
    {"RFC 9112 3.2: two Hosts in another case", LINE HOST "hOST: b\r\n\r\n", OSP_HTTP_REPEATED_HOST},
    {"RFC 9110 7.2: empty Host", LINE "Host:\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: Host with user information", LINE "Host: u@a\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: Host with a path", LINE "Host: a/b\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: Host with a space", LINE "Host: a b\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: port that is no number", LINE "Host: a:b\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: port too large", LINE "Host: a:65536\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 9110 7.2: port", LINE "Host: a:65535\r\n\r\n", 0},
    {"RFC 3986 3.2.2: IPv6", LINE "Host: [::1]:80\r\n\r\n", 0},
    {"RFC 3986 3.2.2: bad IPv6", LINE "Host: [::g]\r\n\r\n", OSP_HTTP_BAD_HOST},
    {"RFC 3986 3.2.2: open bracket", LINE "Host: [::1\r\n\r\n", OSP_HTTP_BAD_HOST},

    {"RFC 9112 5.1: space before the colon", LINE HOST "A : b\r\n\r\n", OSP_HTTP_SPACE_BEFORE_COLON},
    {"RFC 9112 5.1: tab before the colon", LINE HOST "A\t: b\r\n\r\n", OSP_HTTP_SPACE_BEFORE_COLON},
    {"RFC 9112 5.1: no name", LINE HOST ": b\r\n\r\n", OSP_HTTP_BAD_FIELD_NAME},
    {"RFC 9112 5.1: no colon", LINE HOST "Abc\r\n\r\n", OSP_HTTP_BAD_FIELD_NAME},
    {"RFC 9110 5.1: separator in a name", LINE HOST "A(b): c\r\n\r\n", OSP_HTTP_BAD_FIELD_NAME},
    {"RFC 9110 5.1: obs-text in a name", LINE HOST "A\xc3\xa9: c\r\n\r\n", OSP_HTTP_BAD_FIELD_NAME},
    {"RFC 9112 5.2: folded line", LINE HOST "A: b\r\n c\r\n\r\n", OSP_HTTP_OBS_FOLD},
    {"RFC 9112 5.2: folded line by tab", LINE HOST "A: b\r\n\tc\r\n\r\n", OSP_HTTP_OBS_FOLD},

    {"RFC 9112 6.2: Content-Length", LINE HOST "Content-Length: 5\r\n\r\n", 0},
    {"RFC 9112 6.3: two equal lengths", LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
     OSP_HTTP_REPEATED_CONTENT_LENGTH},
    {"RFC 9112 6.3: two lengths", LINE HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
     OSP_HTTP_REPEATED_CONTENT_LENGTH},
    {"RFC 9112 6.3: list of lengths", LINE HOST "Content-Length: 5, 5\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: sign", LINE HOST "Content-Length: +5\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: negative", LINE HOST "Content-Length: -5\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: hexadecimal", LINE HOST "Content-Length: 0x5\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: empty", LINE HOST "Content-Length:\r\n\r\n", OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: too large for 64 bits", LINE HOST "Content-Length: 9223372036854775808\r\n\r\n",
     OSP_HTTP_BAD_CONTENT_LENGTH},
    {"RFC 9110 8.6: largest", LINE HOST "Content-Length: 9223372036854775807\r\n\r\n", 0},

    {"RFC 9112 6.1: chunked", LINE HOST "Transfer-Encoding: chunked\r\n\r\n", 0},
    {"RFC 9112 7: coding names in any case", LINE HOST "Transfer-Encoding: \tChunKed \r\n\r\n", 0},
    {"RFC 9112 6.1: length and encoding", LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     OSP_HTTP_LENGTH_AND_ENCODING},
    {"RFC 9112 6.1: encoding and length", LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
     OSP_HTTP_LENGTH_AND_ENCODING},
    {"RFC 9112 6.1: HTTP/1.0 with encoding", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     OSP_HTTP_ENCODING_IN_OLD_VERSION},
    {"RFC 9112 6.1: unknown coding", LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
     OSP_HTTP_UNKNOWN_TRANSFER_CODING},
    {"RFC 9112 6.1: unknown coding alone", LINE HOST "Transfer-Encoding: identity\r\n\r\n",
     OSP_HTTP_UNKNOWN_TRANSFER_CODING},
    {"RFC 9112 6.1: nearly chunked", LINE HOST "Transfer-Encoding: xchunked\r\n\r\n",
     OSP_HTTP_UNKNOWN_TRANSFER_CODING},
    {"RFC 9112 6.1: chunked twice", LINE HOST "Transfer-Encoding: chunked, chunked\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: chunked in two fields", LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n", OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: chunked not last", LINE HOST "Transfer-Encoding: chunked, gzip\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: chunked in quotes", LINE HOST "Transfer-Encoding: \"chunked\"\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 7: chunked has no parameters", LINE HOST "Transfer-Encoding: chunked;q=1\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: empty element", LINE HOST "Transfer-Encoding: , chunked\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: empty element behind", LINE HOST "Transfer-Encoding: chunked,\r\n\r\n",
     OSP_HTTP_BAD_TRANSFER_ENCODING},
    {"RFC 9112 6.1: no coding", LINE HOST "Transfer-Encoding:\r\n\r\n", OSP_HTTP_BAD_TRANSFER_ENCODING},

    {"RFC 9110 10.1.1: Expect", LINE HOST "Expect: 100-Continue\r\n\r\n", 0},
    {"RFC 9110 10.1.1: unknown expectation", LINE HOST "Expect: tea\r\n\r\n", OSP_HTTP_UNKNOWN_EXPECTATION},
    {"RFC 9110 10.1.1: ignored in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", 0},
};

static const char *name_of(int64_t outcome)
{
    return outcome >= 0 ? "accepted" : osp_http_parse_error_describe((int)outcome)->name;
}

static int64_t parse_pieces(osp_http_request_parser *parser, const char *input, size_t length, size_t first,
                            size_t step)
{
    osp_http_request_parser_init(parser);
    int64_t outcome = 0;
    for (size_t have = first; outcome == 0; have += step) {
        size_t now = have < length ? have : length;
        outcome = osp_http_request_parse(parser, &osp_http_default_head_limits, guarded(input, now), now);
        CHECK(outcome <= (int64_t)now, "more used than given");
        if (now == length)
            break;
    }
    return outcome;
}

static void check_case(const expectation *expected)
{
    osp_http_request_parser whole, pieces;
    size_t length = strlen(expected->input);
    int64_t want = expected->error != 0 ? -expected->error : (int64_t)length;
    int64_t outcome = parse_pieces(&whole, expected->input, length, length, 1);
    CHECK(outcome == want, "%s: %s", expected->rule, name_of(outcome));
    outcome = parse_pieces(&pieces, expected->input, length, 0, 1);
    CHECK(outcome == want, "%s, byte by byte: %s", expected->rule, name_of(outcome));
    if (want > 0)
        CHECK(memcmp(&whole, &pieces, sizeof whole) == 0, "%s: another result byte by byte", expected->rule);
    else
        CHECK(whole.error_position == pieces.error_position && whole.error_position <= length, "%s: position",
              expected->rule);
    for (size_t cut = 1; cut < length; cut++) {
        outcome = parse_pieces(&pieces, expected->input, length, cut, length - cut);
        CHECK(outcome == want, "%s, cut at %zu: %s", expected->rule, cut, name_of(outcome));
    }
}

static bool is(const char *buffer, osp_http_span span, const char *text)
{
    return span.length == strlen(text) && memcmp(buffer + span.start, text, span.length) == 0;
}

static osp_http_request_parser accept(const char *input)
{
    osp_http_request_parser parser;
    osp_http_request_parser_init(&parser);
    int64_t outcome =
        osp_http_request_parse(&parser, &osp_http_default_head_limits, input, strlen(input));
    CHECK(outcome > 0, "%s: %s", input, name_of(outcome));
    return parser;
}

static void check_results(void)
{
    const char *input = "\r\nPOST /a/b?c=d HTTP/1.1\r\nHost: h:1\r\nContent-Length: 3\r\nX:  y \r\n\r\nabcGET";
    osp_http_request_parser p = accept(input);
    CHECK(p.method_index == OSP_HTTP_POST && is(input, p.method, "POST"), "method");
    CHECK(is(input, p.target, "/a/b?c=d") && is(input, p.path, "/a/b") && is(input, p.query, "c=d"), "target");
    CHECK(is(input, p.host, "h:1") && p.content_length == 3 && !p.chunked && p.minor_version == 1, "fields");
    CHECK(is(input, p.headers, "Host: h:1\r\nContent-Length: 3\r\nX:  y \r\n"), "headers");
    CHECK(p.keep_alive && p.form == OSP_HTTP_ORIGIN_FORM && !p.expect_continue && p.fields == 3, "flags");

    input = "GET http://b:80?c HTTP/1.1\r\nHost: a\r\n\r\n";
    p = accept(input);
    size_t length;
    CHECK(is(input, p.host, "b:80") && is(input, p.query, "c"), "absolute form");
    CHECK(osp__http_request_path(&p, input, &length)[0] == '/' && length == 1, "empty path");
    p = accept("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(osp__http_request_path(&p, input, &length)[0] == '*' && length == 1, "RFC 9112 3.2.4");
    CHECK(accept("get / HTTP/1.1\r\nHost: a\r\n\r\n").method_index == OSP_HTTP_METHOD_UNKNOWN, "case");
    CHECK(accept("CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n").method_index == OSP_HTTP_METHOD_UNKNOWN, "CONNECT");
}

/* RFC 9112 9.3 and RFC 9110 7.8. */
static void check_persistence(void)
{
    CHECK(!accept(LINE HOST "Connection: close\r\n\r\n").keep_alive, "close");
    CHECK(!accept(LINE HOST "Connection: x, Close\r\n\r\n").keep_alive, "close in a list");
    CHECK(!accept(LINE HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive, "close wins");
    CHECK(!accept("GET / HTTP/1.0\r\n\r\n").keep_alive, "1.0");
    CHECK(accept("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive, "1.0 with keep-alive");
    CHECK(accept(LINE HOST "Connection: disclosed\r\n\r\n").keep_alive, "not the token close");
    CHECK(accept(LINE HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n").upgrade, "upgrade");
    CHECK(!accept(LINE HOST "Upgrade: websocket\r\n\r\n").upgrade, "upgrade that Connection does not list");
    CHECK(accept(LINE HOST "Expect: 100-continue\r\n\r\n").expect_continue, "expect");
    CHECK(accept(LINE HOST "Transfer-Encoding: chunked\r\n\r\n").chunked, "chunked");
}

/* Feeds `prefix`, `count` times `filler`, `suffix`, once at a time and byte by byte. */
static void check_size(const char *rule, const char *prefix, const char *filler, size_t count,
                       const char *suffix, int error)
{
    size_t total = strlen(prefix) + strlen(filler) * count + strlen(suffix);
    char *input = malloc(total + 1), *end = stpcpy(input, prefix);
    for (size_t i = 0; i < count; i++)
        end = stpcpy(end, filler);
    strcpy(end, suffix);
    int64_t want = error != 0 ? -error : (int64_t)total;
    for (size_t step = 1; step <= total; step += total - 1) {
        osp_http_request_parser parser;
        osp_http_request_parser_init(&parser);
        int64_t outcome = 0;
        for (size_t have = step; outcome == 0 && have <= total; have += step) {
            outcome = osp_http_request_parse(&parser, &osp_http_default_head_limits, input, have);
            /* The parser resumes where it stopped, so that slow senders cost no more than fast ones. */
            CHECK(outcome != 0 || parser.scanned + 1 >= have, "%s: bytes would be scanned again", rule);
        }
        CHECK(outcome == want, "%s, step %zu: %s", rule, step, name_of(outcome));
    }
    free(input);
}

static void check_limits(void)
{
    const char *rest = " HTTP/1.1\r\n" HOST "\r\n";
    check_size("request line of 8192", "GET /", "a", 8192 - 14, rest, 0);
    check_size("request line of 8193", "GET /", "a", 8192 - 13, rest, OSP_HTTP_REQUEST_LINE_TOO_LONG);
    check_size("endless request line", "GET /", "a", 100000, "", OSP_HTTP_REQUEST_LINE_TOO_LONG);
    check_size("endless method", "", "a", 100000, "", OSP_HTTP_REQUEST_LINE_TOO_LONG);
    check_size("100 fields", LINE HOST, "A: b\r\n", 99, "\r\n", 0);
    check_size("101 fields", LINE HOST, "A: b\r\n", 100, "\r\n", OSP_HTTP_TOO_MANY_FIELDS);
    check_size("64 KiB of fields", LINE HOST "A: ", "b", 65536 - 9 - 3 - 2, "\r\n\r\n", 0);
    check_size("64 KiB and a byte", LINE HOST "A: ", "b", 65536 - 9 - 3 - 1, "\r\n\r\n",
               OSP_HTTP_HEADERS_TOO_LARGE);
    check_size("endless field", LINE HOST "A: ", "b", 100000, "", OSP_HTTP_HEADERS_TOO_LARGE);
    check_size("64 KiB of fields and an empty line", LINE HOST "A: ", "b", 65536 - 9 - 3 - 2, "\r\nC",
               OSP_HTTP_HEADERS_TOO_LARGE);
}

/* The vector scanner and its scalar twin agree: every byte value at every place of every short length. */
static void check_scanners(void)
{
    char bytes[67];
    for (size_t length = 0; length <= sizeof bytes; length++) {
        memset(bytes, 'x', sizeof bytes);
        char *input = guarded(bytes, length);
        CHECK(osp__scan_control(input, length) == length, "nothing to find in %zu", length);
        for (size_t at = 0; at < length; at++) {
            for (int value = 0; value < 256; value++) {
                input[at] = (char)value;
                size_t found = osp__scan_control(input, length);
                bool control = (value < 0x20 && value != '\t') || value == 0x7f;
                CHECK(found == (control ? at : length), "0x%02x at %zu of %zu", value, at, length);
                CHECK(found == osp__scan_control_scalar(input, length), "the twin disagrees");
            }
            input[at] = 'x';
        }
    }
}

/* An embedded NUL cannot stand in the table of C strings. */
static void check_nul(void)
{
    static const char *const where[] = {LINE HOST "A: b\0c\r\n\r\n", "GET /\0 HTTP/1.1\r\n" HOST "\r\n"};
    static const size_t lengths[] = {sizeof LINE HOST "A: b\0c\r\n\r\n" - 1,
                                     sizeof "GET /\0 HTTP/1.1\r\n" HOST "\r\n" - 1};
    for (size_t i = 0; i < 2; i++) {
        osp_http_request_parser parser;
        int64_t outcome = parse_pieces(&parser, where[i], lengths[i], lengths[i], 1);
        CHECK(outcome == -OSP_HTTP_CONTROL_CHARACTER, "NUL: %s", name_of(outcome));
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
    check_results();
    check_persistence();
    check_limits();
    check_scanners();
    check_nul();
    for (osp_http_method i = 0; i < OSP_HTTP_METHOD_UNKNOWN; i++)
        CHECK(osp_http_method_index(osp_http_method_name(i), strlen(osp_http_method_name(i))) == i, "method");
    return report();
}
