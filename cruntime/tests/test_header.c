/*
 * Look-ups over raw header blocks, lists of tokens, and the guard against header injection.
 */
#include "../src/http/header.h"

#include "../src/http/parse_error.h"
#include "protocol_test.h"

static void check_find(void)
{
    const char *block = "Host: a\r\nX-One:  1 \r\nx-one: 2\r\nEmpty:\r\nLast: z";
    size_t length = strlen(block);
    osp_http_field field;
    CHECK(osp_http_header_find(block, length, "x-ONE", 5, &field) == 2, "two lines");
    CHECK(field.value_length == 1 && *field.value == '1', "the first, trimmed");
    CHECK(osp_http_header_find(block, length, "empty", 5, &field) == 1 && field.value_length == 0, "empty value");
    CHECK(osp_http_header_find(block, length, "last", 4, &field) == 1 && *field.value == 'z', "no line end");
    CHECK(osp_http_header_find(block, length, "ost", 3, &field) == 0, "not a part of a name");
    CHECK(osp_http_header_find("", 0, "a", 1, &field) == 0, "empty block");
    CHECK(osp_http_header_find("A: 1\nB: 2\n", 10, "b", 1, &field) == 1 && *field.value == '2', "bare LF");
    CHECK(osp_http_header_find("junk\r\n\r\nB: 2\r\n", 14, "B", 1, &field) == 1, "other lines are skipped");
}

static void check_tokens(void)
{
    const char *block = "Connection: keep-alive, Upgrade\r\nconnection: ,, \t x ,\r\nA: \"a, b\", c\r\n";
    size_t length = strlen(block);
    CHECK(osp_http_header_has_token(block, length, "Connection", "upgrade"), "in a list, any case");
    CHECK(osp_http_header_has_token(block, length, "Connection", "x"), "in the second line");
    CHECK(!osp_http_header_has_token(block, length, "Connection", "keep"), "whole tokens only");
    CHECK(osp_http_header_has_token(block, length, "a", "c"), "behind a quoted string");
    CHECK(!osp_http_header_has_token(block, length, "a", "b\""), "a comma in quotes separates nothing");
    const char *open = "\"a, b\\", *element;
    size_t size;
    CHECK(osp_http_list_next(&open, open + 6, &element, &size) && size == 6, "open quotes end with the value");
}

static void check_numbers(void)
{
    CHECK(osp_http_parse_length("0", 1) == 0 && osp_http_parse_length("0042", 4) == 42, "numbers");
    CHECK(osp_http_parse_length("9223372036854775807", 19) == INT64_MAX, "largest");
    CHECK(osp_http_parse_length("9223372036854775808", 19) == -1, "too large");
    CHECK(osp_http_parse_length("99999999999999999999999", 23) == -1, "far too large");
    CHECK(osp_http_parse_length("", 0) == -1 && osp_http_parse_length("1 ", 2) == -1, "not a number");
    CHECK(osp_http_is_token("a-b", 3) && !osp_http_is_token("", 0) && !osp_http_is_token("a b", 3), "tokens");
}

static void check_safe(const char *headers, size_t length, bool safe)
{
    size_t position = 0;
    bool answer = osp_http_headers_are_safe(guarded(headers, length), length, &position);
    CHECK(answer == safe, "%s", headers);
    CHECK(answer || position <= length, "position");
}

static void check_injection(void)
{
#define SAFE(text, safe) check_safe(text, sizeof text - 1, safe)
    SAFE("", true);
    SAFE("A: b", true);
    SAFE("A: b\r\nC: d\r\n", true);
    SAFE("A: b\nC: d\n", true);
    SAFE("A: \xc3\xa9\tx\r\n", true);
    SAFE("A: b\r\n\r\nGET / HTTP/1.1\r\n", false);
    SAFE("\r\n", false);
    SAFE("A: b\rC: d", false);
    SAFE("A: b\0c", false);
    SAFE("A: b\x1b[0m", false);
    SAFE("A b: c", false);
    SAFE("A : c", false);
    SAFE(" A: c", false);
    SAFE("A: b\r\n c\r\n", false);
    SAFE("no colon", false);
    SAFE("A: b\r", false);
}

int main(void)
{
    check_find();
    check_tokens();
    check_numbers();
    check_injection();
    return report();
}
