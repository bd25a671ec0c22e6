/*
 * Fuzz target: the request parser. Whatever the bytes and however they are cut, the answer is the same, and
 * what a successful parse points at lies inside the input.
 */
#include <string.h>

#include "../src/http/header.h"
#include "../src/http/request_parser.h"
#include "../src/ws/handshake.h"
#include "fuzz.h"

static void check_span(osp_http_span span, int64_t head)
{
    REQUIRE((int64_t)span.start + span.length <= head);
}

static void check_result(const osp_http_request_parser *parser, const char *input, int64_t head)
{
    size_t length;
    static const osp_ws_name names[] = {{"a", 1}, {"", 0}};
    static const osp_ws_admission admission = {{"/chat", 5}, names, 2, names, 1, true};
    osp_ws_wish wish = {0};
    osp_http_field field;
    check_span(parser->method, head);
    check_span(parser->target, head);
    check_span(parser->path, head);
    check_span(parser->query, head);
    check_span(parser->host, head);
    check_span(parser->headers, head);
    REQUIRE(parser->method.length > 0 && parser->target.length > 0 && parser->content_length >= -1);
    REQUIRE(osp__http_request_path(parser, input, &length) != NULL && length > 0);
    osp_http_header_find(input + parser->headers.start, parser->headers.length, "host", 4, &field);
    if (osp_ws_check_request(parser, input, &admission, &wish) != NULL)
        return;
    REQUIRE(osp_ws_key_is_valid(wish.key, OSP_WS_KEY_LENGTH));
    REQUIRE(!wish.deflate || (wish.parameters.server_window_bits >= 8 && wish.parameters.server_window_bits <= 15));
}

static int64_t parse(osp_http_request_parser *parser, const uint8_t *data, size_t size, size_t step)
{
    int64_t outcome = 0;
    osp_http_request_parser_init(parser);
    for (size_t have = step; outcome == 0 && have < size + step; have += step) {
        size_t now = have < size ? have : size;
        char *copy = exact_copy(data, now);
        outcome = osp_http_request_parse(parser, &osp_http_default_head_limits, copy, now);
        if (outcome > 0)
            check_result(parser, copy, outcome);
        free(copy);
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    osp_http_request_parser whole, pieces;
    if (size == 0 || size > 4096)
        return 0;
    int64_t outcome = parse(&whole, data, size, size);
    REQUIRE(outcome <= (int64_t)size && outcome > -OSP_HTTP_PARSE_ERROR_COUNT);
    REQUIRE(parse(&pieces, data, size, 1 + data[size - 1] % 7) == outcome);
    if (outcome > 0)
        REQUIRE(memcmp(&whole, &pieces, sizeof whole) == 0);
    return 0;
}
