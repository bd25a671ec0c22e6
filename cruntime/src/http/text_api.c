/*
 * What handlers use to take targets and header blocks apart: urlDecode, urlEncode, queryParam and headerValue,
 * over url.h and header.h.
 *
 * urlDecode leaves '+' alone, as percent-decoding does everywhere; queryParam turns it into a space, since
 * queries are form data.
 */
#include "../base.h"
#include "../mem/string.h"
#include "../sched/poll.h"
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

/* osp__url_decode for texts of any length: lets other fibers run. */
static int64_t decode_long(osp_ctx *ctx, const char *text, size_t length, bool plus_is_space, char *out)
{
    int64_t produced = 0;
    for (size_t done = 0, part; done < length; done += part) {
        part = osp__poll_part(length - done);
        for (size_t back = 1; back <= 2 && part < length - done; back++)
            if (text[done + part - back] == '%') { /* the digits belong to it */
                size_t digits = 3 - back, rest = length - done - part;
                part += digits < rest ? digits : rest;
                break;
            }
        int64_t decoded = osp__url_decode(text + done, part, plus_is_space, out + produced);
        if (decoded < 0)
            return -1;
        produced += decoded;
        osp__poll(ctx);
    }
    return produced;
}

/* text[0 .. length) decoded into a string of its own; NULL with *error set if it is malformed. */
static char *decode(osp_ctx *ctx, const char *text, size_t length, bool plus_is_space, const char *function, char **error)
{
    char *room = reserve(length, error), *exact = NULL;
    if (room == NULL)
        return NULL;
    int64_t decoded = decode_long(ctx, text, length, plus_is_space, room);
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
    return decode(ctx, s, (size_t)osp__length(s), false, "urlDecode", error);
}

OSP_API char *osp_url_encode(osp_ctx *ctx, char *s)
{
    size_t length = (size_t)osp__length(s), encoded_length = 0, written = 0;
    for (size_t done = 0; done < length; done += osp__poll_part(length - done)) {
        encoded_length += osp__url_encoded_length(s + done, osp__poll_part(length - done));
        osp__poll(ctx);
    }
    char *encoded = osp__string_reserve(ctx, encoded_length);
    for (size_t done = 0; encoded != NULL && done < length; done += osp__poll_part(length - done)) {
        written += osp__url_encode(s + done, osp__poll_part(length - done), encoded + written);
        osp__poll(ctx);
    }
    return encoded;
}

OSP_API char *osp_query_param(osp_ctx *ctx, char *query, char *name, char **error)
{
    const char *value;
    size_t length;
    if (osp__url_query_find(query, (size_t)osp__length(query), name, (size_t)osp__length(name), &value, &length))
        return decode(ctx, value, length, true, "queryParam", error);
    struct osp__excerpt shown;
    osp__set_error(error, "queryParam: no parameter '%s'", osp__excerpt(&shown, name));
    return NULL;
}

OSP_API char *osp_header_value(osp_ctx *ctx, char *headers, char *name, char **error)
{
    (void)ctx;
    osp_http_field field;
    char *value = NULL;
    struct osp__excerpt shown;
    if (osp_http_header_find(headers, (size_t)osp__length(headers), name, (size_t)osp__length(name), &field) == 0)
        osp__set_error(error, "headerValue: no header '%s'", osp__excerpt(&shown, name));
    else if ((value = osp_string_new(field.value, field.value_length)) == NULL)
        osp__set_error(error, "out of memory");
    return value;
}
