/*
 * Fuzz target: URLs, references, percent-encoding and queries.
 */
#include <string.h>

#include "../src/http/url.h"
#include "../src/http/url_resolve.h"
#include "fuzz.h"

static void check_url(const char *text, size_t size)
{
    osp_url url;
    if (osp_url_parse(&url, text, size) != NULL)
        return;
    REQUIRE(url.host_length > 0 && url.host >= text && url.host + url.host_length <= text + size);
    REQUIRE(url.port > 0 && url.path + url.path_length == text + size);
    REQUIRE(osp_url_authority_is_valid(url.authority, url.authority_length));
}

static void check_coding(const char *text, size_t size)
{
    char *encoded = malloc(3 * size), *decoded = malloc(3 * size);
    size_t length = osp__url_encode(text, size, encoded);
    REQUIRE(length == osp__url_encoded_length(text, size));
    REQUIRE(osp__url_decode(encoded, length, true, decoded) == (int64_t)size && memcmp(decoded, text, size) == 0);
    REQUIRE(osp__url_decode(text, size, true, decoded) <= (int64_t)size);
    free(encoded);
    free(decoded);
}

/* The text as a reference, seen from a few bases: the room suffices, and no dot segment is left in a path. */
static void check_reference(const char *text, size_t size)
{
    static const char *const paths[] = {"", "/", "/a/b/../c?d/../e", "/a/b/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        osp_url base = {.authority = "h", .authority_length = 1, .path = paths[i], .path_length = strlen(paths[i])};
        char *out = malloc(osp_url_resolve_room(&base, size));
        size_t length = osp_url_resolve(&base, text, size, out);
        osp_url url;
        REQUIRE(length <= osp_url_resolve_room(&base, size));
        if (osp_url_parse(&url, out, length) == NULL && !url.websocket) {
            const char *query = memchr(url.path, '?', url.path_length);
            size_t path = query != NULL ? (size_t)(query - url.path) : url.path_length;
            REQUIRE(memmem(url.path, path, "/../", 4) == NULL && memmem(url.path, path, "/./", 3) == NULL);
        }
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    char *text = exact_copy(data, size);
    const char *value;
    size_t length = 0;
    check_url(text, size);
    check_reference(text, size);
    check_coding(text, size);
    if (osp__url_query_find(text, size, "a", 1, &value, &length))
        REQUIRE(value + length <= text + size);
    free(text);
    return 0;
}
