/*
 * The chunked decoder, rule by rule: each input whole, byte by byte, and cut at every place, flush against an
 * unreadable page.
 */
#include "../src/http/chunked.h"

#include <stdint.h>

#include "protocol_test.h"

typedef struct expectation {
    const char *rule;
    const char *input;
    const char *body; /* what is decoded if there is no error */
    int error;
    size_t left; /* bytes that follow the body on the connection */
} expectation;

static const expectation cases[] = {
    {"RFC 9112 7.1: one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello", 0, 0},
    {"RFC 9112 7.1: no chunk", "0\r\n\r\n", "", 0, 0},
    {"RFC 9112 7.1: several zeros", "000\r\n\r\n", "", 0, 0},
    {"RFC 9112 7.1: two chunks, hexadecimal", "A\r\n0123456789\r\nb\r\nabcdefghijk\r\n0\r\n\r\n",
     "0123456789abcdefghijk", 0, 0},
    {"RFC 9112 7.1: leading zeros", "0005\r\nhello\r\n0\r\n\r\n", "hello", 0, 0},
    {"RFC 9112 7.1: the next request is left alone", "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "x", 0, 16},
    {"RFC 9112 7.1: data that look like chunks", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", 0, 0},
    {"RFC 9112 7.1.1: extension", "1;a\r\nx\r\n0;b=c\r\n\r\n", "x", 0, 0},
    {"RFC 9112 7.1.1: extension with quotes", "1;a=\"b;\\\"\xc3\xa9 c\";d\r\nx\r\n0\r\n\r\n", "x", 0, 0},
    {"RFC 9112 7.1.1: bad white space", "1 \t; a = b ; c = \"d\" ; e ;f\r\nx\r\n0\r\n\r\n", "x", 0, 0},
    {"RFC 9112 7.1.2: trailer fields", "1\r\nx\r\n0\r\nA: b\r\nC:\td \r\n\r\n", "x", 0, 0},
    {"RFC 9112 7.1.2: trailer that looks like framing", "0\r\nContent-Length: 5\r\n\r\nhello", "", 0, 5},

    {"RFC 9112 7.1: empty size", "\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: no digits", "g\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: sign", "+5\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: negative", "-5\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: 0x", "0x5\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: space before", " 5\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: space behind", "5 \r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1: junk behind", "5hello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: seventeen digits", "00000000000000001\r\nx\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: 2^64", "10000000000000000\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 7.1: 2^64-1", "ffffffffffffffff\r\n", NULL, OSP_HTTP_BODY_TOO_LARGE, 0},
    {"RFC 9112 7.1: sum over 2^64", "1\r\nx\r\nffffffffffffffff\r\n", NULL, OSP_HTTP_BODY_TOO_LARGE, 0},
    {"RFC 9110 15.5.14: over the limit", "1\r\nx\r\n3e8\r\n", NULL, OSP_HTTP_BODY_TOO_LARGE, 0},
    {"RFC 9112 2.2: bare LF behind the size", "5\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_SIZE, 0},
    {"RFC 9112 2.2: bare CR behind the size", "5\rhello\r\n", NULL, OSP_HTTP_BARE_CR, 0},
    {"RFC 9112 7.1: data longer than the size", "4\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_END, 0},
    {"RFC 9112 7.1: bare LF behind the data", "5\r\nhello\n0\r\n\r\n", NULL, OSP_HTTP_BAD_CHUNK_END, 0},
    {"RFC 9112 7.1: bare CR behind the data", "5\r\nhello\r0\r\n\r\n", NULL, OSP_HTTP_BAD_CHUNK_END, 0},
    {"RFC 9112 7.1.1: no name", "5;\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.1: no value", "5;a=\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.1: bare LF in an extension", "5;a\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.1: line end in quotes", "5;a=\"\r\n\"\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.1: text behind quotes", "5;a=\"b\"c\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.1: control character", "5;a\x01\r\nhello\r\n", NULL, OSP_HTTP_BAD_CHUNK_EXTENSION, 0},
    {"RFC 9112 7.1.2: folded trailer", "0\r\nA: b\r\n c\r\n\r\n", NULL, OSP_HTTP_OBS_FOLD, 0},
    {"RFC 9112 7.1.2: folded at once", "0\r\n A: b\r\n\r\n", NULL, OSP_HTTP_OBS_FOLD, 0},
    {"RFC 9112 7.1.2: space before the colon", "0\r\nA : b\r\n\r\n", NULL, OSP_HTTP_SPACE_BEFORE_COLON, 0},
    {"RFC 9112 7.1.2: no colon", "0\r\nAbc\r\n\r\n", NULL, OSP_HTTP_BAD_FIELD_NAME, 0},
    {"RFC 9112 7.1.2: no name", "0\r\n: b\r\n\r\n", NULL, OSP_HTTP_BAD_FIELD_NAME, 0},
    {"RFC 9112 7.1.2: bare LF", "0\r\nA: b\n\r\n", NULL, OSP_HTTP_BARE_LF, 0},
    {"RFC 9112 7.1.2: bare LF as the last line", "0\r\n\n", NULL, OSP_HTTP_BARE_LF, 0},
    {"RFC 9112 7.1.2: bare CR", "0\r\nA: b\rc\r\n\r\n", NULL, OSP_HTTP_BARE_CR, 0},
    {"RFC 9112 7.1.2: CR without LF at the end", "0\r\n\rX", NULL, OSP_HTTP_BARE_CR, 0},
    {"RFC 9112 7.1.2: control character", "0\r\nA: b\x7f\r\n\r\n", NULL, OSP_HTTP_CONTROL_CHARACTER, 0},
};

enum { BODY_LIMIT = 1000 };

/* Decodes in pieces of `first` and then `step` bytes, collecting the body. */
static int decode(const char *input, size_t length, size_t first, size_t step, char *body, size_t *body_length,
                  size_t *consumed)
{
    osp_chunked decoder;
    osp_chunked_init(&decoder, BODY_LIMIT);
    *body_length = *consumed = 0;
    int outcome = 0;
    for (size_t size = first; outcome == 0 && *consumed < length; size = step) {
        if (size > length - *consumed)
            size = length - *consumed;
        char *piece = guarded(input + *consumed, size);
        size_t used, produced;
        outcome = osp_chunked_decode(&decoder, piece, size, &used, &produced);
        CHECK(produced <= used && used <= size && (outcome != 0 || used == size), "counts");
        CHECK(memcmp(piece + used, input + *consumed + used, size - used) == 0, "what follows was touched");
        memcpy(body + *body_length, piece, produced);
        *body_length += produced;
        *consumed += used;
    }
    return outcome;
}

static void check_cut(const expectation *expected, size_t first, size_t step)
{
    char body[256];
    size_t length = strlen(expected->input), body_length, consumed;
    int outcome = decode(expected->input, length, first, step, body, &body_length, &consumed);
    if (expected->error != 0) {
        CHECK(outcome == -expected->error, "%s (%zu, %zu): %s", expected->rule, first, step,
              outcome >= 0 ? "accepted" : osp_http_parse_error_describe(outcome)->name);
        return;
    }
    CHECK(outcome == 1, "%s (%zu, %zu): %s", expected->rule, first, step,
          osp_http_parse_error_describe(outcome)->name);
    CHECK(length - consumed == expected->left, "%s: %zu left", expected->rule, length - consumed);
    CHECK(body_length == strlen(expected->body) && memcmp(body, expected->body, body_length) == 0, "%s: body",
          expected->rule);
}

static int decode_repeated(const char *prefix, const char *filler, size_t count, const char *suffix)
{
    size_t total = strlen(prefix) + strlen(filler) * count + strlen(suffix);
    char *input = malloc(total + 1), *end = stpcpy(input, prefix);
    for (size_t i = 0; i < count; i++)
        end = stpcpy(end, filler);
    strcpy(end, suffix);
    osp_chunked decoder;
    osp_chunked_init(&decoder, 1 << 20);
    size_t used, produced;
    int outcome = osp_chunked_decode(&decoder, input, total, &used, &produced);
    free(input);
    return outcome;
}

static void check_limits(void)
{
    CHECK(decode_repeated("0;", "a", OSP_CHUNK_EXTENSION_LIMIT - 1, "\r\n\r\n") == 1, "extension at its limit");
    CHECK(decode_repeated("0;", "a", OSP_CHUNK_EXTENSION_LIMIT, "\r\n\r\n") ==
              -OSP_HTTP_CHUNK_EXTENSIONS_TOO_LONG, "extension over its limit");
    CHECK(decode_repeated("", "1;abcdefgh\r\nx\r\n", 1000, "0\r\n\r\n") == 1, "some extensions");
    CHECK(decode_repeated("", "1;abcdefgh\r\nx\r\n", 20000, "0\r\n\r\n") ==
              -OSP_HTTP_CHUNK_EXTENSIONS_TOO_LONG, "many small extensions");
    CHECK(decode_repeated("0\r\n", "A: b\r\n", OSP_TRAILER_FIELDS_LIMIT, "\r\n") == 1, "100 trailer fields");
    CHECK(decode_repeated("0\r\n", "A: b\r\n", OSP_TRAILER_FIELDS_LIMIT + 1, "\r\n") ==
              -OSP_HTTP_TOO_MANY_FIELDS, "101 trailer fields");
    CHECK(decode_repeated("0\r\nA: ", "b", OSP_TRAILER_LIMIT - 6, "\r\n\r\n") == 1, "long trailer");
    CHECK(decode_repeated("0\r\nA: ", "b", OSP_TRAILER_LIMIT - 5, "\r\n\r\n") == -OSP_HTTP_HEADERS_TOO_LARGE,
          "trailer too long");
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].input);
        check_cut(&cases[i], 1, 1);
        for (size_t cut = 1; cut <= length; cut++)
            check_cut(&cases[i], cut, length);
    }
    check_limits();
    return report();
}
