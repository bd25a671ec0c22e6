/*
 * Fuzz target: the response parser, in a buffer of its own because it undoes folds in place.
 */
#include <string.h>

#include "../src/http/response_parser.h"
#include "fuzz.h"

static int64_t parse(osp_http_response_parser *parser, const uint8_t *data, size_t size, size_t step)
{
    int64_t outcome = 0;
    char *bytes = exact_copy(data, size);
    osp_http_response_parser_init(parser, data[0] & 1);
    for (size_t have = step; outcome == 0 && have < size + step; have += step) {
        size_t now = have < size ? have : size;
        char *copy = exact_copy((const uint8_t *)bytes, now);
        outcome = osp_http_response_parse(parser, &osp_http_default_head_limits, copy, now);
        memcpy(bytes, copy, now);
        free(copy);
    }
    free(bytes);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    osp_http_response_parser whole, pieces;
    if (size == 0 || size > 4096)
        return 0;
    int64_t outcome = parse(&whole, data, size, size);
    REQUIRE(outcome <= (int64_t)size && outcome > -OSP_HTTP_PARSE_ERROR_COUNT);
    REQUIRE(parse(&pieces, data, size, 1 + data[size - 1] % 7) == outcome);
    if (outcome > 0) {
        REQUIRE((int64_t)whole.headers.start + whole.headers.length <= outcome && whole.status >= 100);
        REQUIRE((int64_t)whole.reason.start + whole.reason.length <= outcome);
        REQUIRE(memcmp(&whole, &pieces, sizeof whole) == 0);
    }
    return 0;
}
