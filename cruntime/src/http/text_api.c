/*
 * What handlers use to take targets and header blocks apart: urlDecode, urlEncode, queryParam and headerValue,
 * over url.h and header.h.
 *
 * urlDecode leaves '+' alone, as percent-decoding does everywhere; queryParam turns it into a space, since
 * queries are form data.
 */
#include "../base.h"
#include "../mem/string.h"
#include "header.h"
#include "url.h"

/* A string for `length` bytes; NULL with *error set when memory runs out. */
static char *reserve(size_t length, char **error)
{
    char *string = osp__string_reserve(NULL, length);
    if (string == NULL)
        osp__set_error(error, "out of memory");
    return string;
}

/* text[0 .. length) decoded into a string of its own; NULL with *error set if it is malformed. */
static char *decode(const char *text, size_t length, bool plus_is_space, const char *function, char **error)
{
    char *room = reserve(length, error), *exact = NULL;
    if (room == NULL)
        return NULL;
    int64_t decoded = osp__url_decode(text, length, plus_is_space, room);
    if (decoded == (int64_t)length)
        return room;
    if (decoded < 0)
        osp__set_error(error, "%s: '%%' is not followed by two hexadecimal digits", function);
    else if ((exact = osp_string_new(room, (size_t)decoded)) == NULL)
        osp__set_error(error, "out of memory");
    osp_drop(room);
    return exact;
}

OSP_API char *osp_url_decode(osp_ctx *ctx, char *s, char **error)
{
    (void)ctx;
    return decode(s, (size_t)osp__length(s), false, "urlDecode", error);
}

OSP_API char *osp_url_encode(osp_ctx *ctx, char *s)
{
    size_t length = (size_t)osp__length(s);
    char *encoded = osp__string_reserve(ctx, osp__url_encoded_length(s, length));
    if (encoded != NULL)
        osp__url_encode(s, length, encoded);
    return encoded;
}

OSP_API char *osp_query_param(osp_ctx *ctx, char *query, char *name, char **error)
{
    (void)ctx;
    const char *value;
    size_t length;
    if (osp__url_query_find(query, (size_t)osp__length(query), name, (size_t)osp__length(name), &value, &length))
        return decode(value, length, true, "queryParam", error);
    osp__set_error(error, "queryParam: no parameter '%.80s'", name);
    return NULL;
}

OSP_API char *osp_header_value(osp_ctx *ctx, char *headers, char *name, char **error)
{
    (void)ctx;
    osp_http_field field;
    char *value = NULL;
    if (osp_http_header_find(headers, (size_t)osp__length(headers), name, (size_t)osp__length(name), &field) == 0)
        osp__set_error(error, "headerValue: no header '%.80s'", name);
    else if ((value = osp_string_new(field.value, field.value_length)) == NULL)
        osp__set_error(error, "out of memory");
    return value;
}
