/*
 * urlDecode, urlEncode, queryParam and headerValue as programs see them.
 */
#include "../src/base.h"
#include "../src/mem/string.h"

#include "protocol_test.h"

char *osp_url_decode(osp_ctx *ctx, char *s, char **error);
char *osp_url_encode(osp_ctx *ctx, char *s);
char *osp_query_param(osp_ctx *ctx, char *query, char *name, char **error);
char *osp_header_value(osp_ctx *ctx, char *headers, char *name, char **error);

static char *string(const char *text)
{
    return osp_string_new(text, strlen(text));
}

/* Compares and drops; expected NULL: a failure with a message. */
static void check(const char *what, char *result, char *error, const char *expected)
{
    CHECK((result == NULL) == (expected == NULL) && (error == NULL) == (expected != NULL), "%s", what);
    if (result != NULL && expected != NULL)
        CHECK(osp_string_length(result) == strlen(expected) && strcmp(result, expected) == 0, "%s: %s", what, result);
    osp_drop(result);
    osp_drop(error);
}

static void check_decode(const char *text, const char *expected)
{
    char *error = NULL, *argument = string(text);
    char *result = osp_url_decode(NULL, argument, &error);
    check(text, result, error, expected);
    osp_drop(argument);
}

static void check_look_up(char *(*function)(osp_ctx *, char *, char *, char **), const char *text,
                          const char *name, const char *expected)
{
    char *error = NULL, *first = string(text), *second = string(name);
    char *result = function(NULL, first, second, &error);
    check(name, result, error, expected);
    osp_drop(first);
    osp_drop(second);
}

int main(void)
{
    int64_t cells = osp_live_cells();
    check_decode("", "");
    check_decode("a+b", "a+b");
    check_decode("%41%c3%a9%20", "A\xc3\xa9 ");
    check_decode("100%", NULL);
    check_decode("%4x", NULL);
    const char *query = "a=1&b=x+y%2Bz&c&bad=%&a=2";
    check_look_up(osp_query_param, query, "a", "1");
    check_look_up(osp_query_param, query, "b", "x y+z");
    check_look_up(osp_query_param, query, "c", "");
    check_look_up(osp_query_param, query, "bad", NULL);
    check_look_up(osp_query_param, query, "d", NULL);
    check_look_up(osp_query_param, "", "", NULL);
    check_look_up(osp_header_value, "Host: a\r\nX-Y:  z \r\n", "x-y", "z");
    check_look_up(osp_header_value, "Host: a\r\n", "X", NULL);
    check_look_up(osp_header_value, "", "", NULL);
    char *plain = string("a b/\xc3\xa9");
    check("urlEncode", osp_url_encode(NULL, plain), NULL, "a%20b%2F%C3%A9");
    osp_drop(plain);
    CHECK(osp_live_cells() == cells, "strings left over");
    return report();
}
