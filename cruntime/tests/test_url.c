/*
 * URLs: taking them apart, refusing what is malformed, percent-encoding and query look-ups.
 */
#include "../src/http/url.h"
#include "../src/http/url_resolve.h"

#include "protocol_test.h"

typedef struct expectation {
    const char *text;
    const char *host; /* NULL: refused */
    int port;
    bool secure;
    const char *path;
} expectation;

static const expectation cases[] = {
    {"http://a", "a", 80, false, ""},
    {"http://a/", "a", 80, false, "/"},
    {"HTTPS://A.example:8443/b?c", "A.example", 8443, true, "/b?c"},
    {"https://a", "a", 443, true, ""},
    {"http://a?b", "a", 80, false, "?b"},
    {"http://127.0.0.1:1/x", "127.0.0.1", 1, false, "/x"},
    {"http://[::1]:80/", "::1", 80, false, "/"},
    {"http://[::ffff:1.2.3.4]", "::ffff:1.2.3.4", 80, false, ""},
    {"http://a:/", "a", 80, false, "/"},
    {"ws://a/b", "a", 80, false, "/b"},
    {"wss://a/b", "a", 443, true, "/b"},
    {"", NULL, 0, false, NULL},
    {"a", NULL, 0, false, NULL},
    {"http:/a", NULL, 0, false, NULL},
    {"ftp://a", NULL, 0, false, NULL},
    {"http://", NULL, 0, false, NULL},
    {"http:///a", NULL, 0, false, NULL},
    {"http://:80", NULL, 0, false, NULL},
    {"http://u:p@a/", NULL, 0, false, NULL},
    {"http://a:0/", NULL, 0, false, NULL},
    {"http://a:65536/", NULL, 0, false, NULL},
    {"http://a:99999999999999999999/", NULL, 0, false, NULL},
    {"http://a:b/", NULL, 0, false, NULL},
    {"http://a b/", NULL, 0, false, NULL},
    {"http://[::1/", NULL, 0, false, NULL},
    {"http://[::1]x/", NULL, 0, false, NULL},
    {"http://[fe80::1%25eth0]/", NULL, 0, false, NULL},
    {"http://::1/", NULL, 0, false, NULL},
    {"http://a/#b", NULL, 0, false, NULL},
    {"http://a#b", NULL, 0, false, NULL},
    {"http://a/b c", NULL, 0, false, NULL},
    {"http://a/\r\nX: y", NULL, 0, false, NULL},
    {"http://a/%4", NULL, 0, false, NULL},
};

static void check_url(const expectation *expected)
{
    osp_url url;
    size_t length = strlen(expected->text);
    const char *fault = osp_url_parse(&url, guarded(expected->text, length), length);
    CHECK((fault == NULL) == (expected->host != NULL), "%s: %s", expected->text, fault ? fault : "accepted");
    if (fault != NULL || expected->host == NULL)
        return;
    CHECK(url.host_length == strlen(expected->host) && memcmp(url.host, expected->host, url.host_length) == 0,
          "%s: host", expected->text);
    CHECK(url.port == expected->port && url.secure == expected->secure, "%s: port, scheme", expected->text);
    CHECK(url.path_length == strlen(expected->path) && memcmp(url.path, expected->path, url.path_length) == 0,
          "%s: path", expected->text);
    CHECK(url.websocket == (expected->text[0] == 'w'), "%s: websocket", expected->text);
}

static void check_coding(void)
{
    char out[64];
    CHECK(osp__url_decode("a%20b%2Bc+d", 11, true, out) == 7 && memcmp(out, "a b+c d", 7) == 0, "form data");
    CHECK(osp__url_decode("a+b", 3, false, out) == 3 && memcmp(out, "a+b", 3) == 0, "plus");
    CHECK(osp__url_decode("%00", 3, true, out) == 1 && out[0] == 0, "NUL");
    CHECK(osp__url_decode(guarded("a%4", 3), 3, true, out) == -1, "cut short");
    CHECK(osp__url_decode(guarded("%", 1), 1, true, out) == -1, "lone percent sign");
    CHECK(osp__url_decode("%g0", 3, true, out) == -1, "not hexadecimal");
    const char *text = "a b/\xc3\xa9~-._";
    size_t length = strlen(text), encoded = osp__url_encode(text, length, out);
    CHECK(encoded == osp__url_encoded_length(text, length), "length");
    CHECK(encoded == strlen("a%20b%2F%C3%A9~-._") && memcmp(out, "a%20b%2F%C3%A9~-._", encoded) == 0, "encoded");
    for (int value = 0; value < 256; value++) {
        char byte = (char)value, back[3];
        size_t size = osp__url_encode(&byte, 1, out);
        CHECK(osp__url_decode(out, size, true, back) == 1 && back[0] == byte, "round trip of %d", value);
    }
}

static void check_query(void)
{
    const char *query = "a=1&b=&c&&=x&a=2&d%20e=f&g+h=i";
    size_t length = strlen(query), size;
    const char *value;
    CHECK(osp__url_query_find(query, length, "a", 1, &value, &size) && size == 1 && *value == '1', "first of two");
    CHECK(osp__url_query_find(query, length, "b", 1, &value, &size) && size == 0, "empty value");
    CHECK(osp__url_query_find(query, length, "c", 1, &value, &size) && size == 0, "no equals sign");
    CHECK(osp__url_query_find(query, length, "d e", 3, &value, &size) && *value == 'f', "encoded name");
    CHECK(osp__url_query_find(query, length, "g h", 3, &value, &size) && *value == 'i', "plus in a name");
    CHECK(!osp__url_query_find(query, length, "z", 1, &value, &size), "absent");
    CHECK(!osp__url_query_find("", 0, "a", 1, &value, &size), "empty query");
}

/* RFC 3986 5.4, from http://a/b/c/d;p?q, without the fragment of the result; and what else a Location may hold. */
static const struct { const char *reference, *result; } references[] = {
    {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"}, {"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q"}, {"g#s", "http://a/b/c/g"}, {"g?y#s", "http://a/b/c/g?y"},
    {";x", "http://a/b/c/;x"}, {"g;x", "http://a/b/c/g;x"}, {"g;x?y#s", "http://a/b/c/g;x?y"},
    {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"},
    {"../", "http://a/b/"}, {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../", "http://a/"},
    {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"../../../../g", "http://a/g"},
    {"/./g", "http://a/g"}, {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {".g", "http://a/b/c/.g"},
    {"g..", "http://a/b/c/g.."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"},
    {"./g/.", "http://a/b/c/g/"}, {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"},
    {"g;x=1/./y", "http://a/b/c/g;x=1/y"}, {"g;x=1/../y", "http://a/b/c/y"}, {"g?y/./x", "http://a/b/c/g?y/./x"},
    {"g?y/../x", "http://a/b/c/g?y/../x"}, {"g#s/../x", "http://a/b/c/g"},
    {"https://e/x/../y?z", "https://e/y?z"}, {"HTTP://e", "HTTP://e"}, {"//e/./f", "http://e/f"},
    {"1:2", "http://a/b/c/1:2"}, {"http:g", "http:g"}, {"//", "http://"},
};

static void check_references(void)
{
    const osp_url base = {.authority = "a", .authority_length = 1, .path = "/b/c/d;p?q", .path_length = 10};
    const osp_url bare = {.secure = true, .authority = "a:1", .authority_length = 3, .path = "", .path_length = 0};
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        const char *reference = references[i].reference, *result = references[i].result;
        size_t length = strlen(reference), room = osp_url_resolve_room(&base, length);
        char *out = malloc(room);
        size_t got = osp_url_resolve(&base, guarded(reference, length), length, out);
        CHECK(got <= room && got == strlen(result) && memcmp(out, result, got) == 0, "%s: %.*s", reference, (int)got,
              out);
        free(out);
    }
    char out[64];
    size_t got = osp_url_resolve(&bare, "x?y", 3, out);
    CHECK(got == 15 && memcmp(out, "https://a:1/x?y", got) == 0, "base without a path: %.*s", (int)got, out);
}

int main(void)
{
    check_references();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_url(&cases[i]);
    check_coding();
    check_query();
    return report();
}
