/*
 * See framing.h.
 */
#include "framing.h"

#include <string.h>

#include "parse_error.h"

int osp__http_content_length(const osp_http_field *field, int64_t *length)
{
    if (*length >= 0)
        return -OSP_HTTP_REPEATED_CONTENT_LENGTH;
    *length = osp_http_parse_length(field->value, field->value_length);
    return *length >= 0 ? 0 : -OSP_HTTP_BAD_CONTENT_LENGTH;
}

/* Is coding[0 .. length), perhaps with parameters, something we know to be wrong or merely do not know? */
static int refuse_coding(const char *coding, size_t length)
{
    const char *semicolon = memchr(coding, ';', length);
    size_t name = semicolon != NULL ? (size_t)(semicolon - coding) : length;
    while (name > 0 && (coding[name - 1] == ' ' || coding[name - 1] == '\t'))
        name--;
    if (!osp_http_is_token(coding, name) || osp_http_equals_lower(coding, name, "chunked"))
        return -OSP_HTTP_BAD_TRANSFER_ENCODING;
    return -OSP_HTTP_UNKNOWN_TRANSFER_CODING;
}

int osp__http_transfer_encoding(const osp_http_field *field, bool *chunked)
{
    if (*chunked || field->value_length == 0)
        return -OSP_HTTP_BAD_TRANSFER_ENCODING;
    if (osp_http_equals_lower(field->value, field->value_length, "chunked")) {
        *chunked = true;
        return 0;
    }
    const char *cursor = field->value, *end = cursor + field->value_length, *coding;
    size_t length;
    if (!osp_http_list_next(&cursor, end, &coding, &length) || coding != field->value ||
        osp_http_equals_lower(coding, length, "chunked"))
        return -OSP_HTTP_BAD_TRANSFER_ENCODING;
    return refuse_coding(coding, length);
}

unsigned osp__http_connection_options(const osp_http_field *field)
{
    const char *cursor = field->value, *end = cursor + field->value_length, *option;
    size_t length;
    unsigned options = 0;
    while (osp_http_list_next(&cursor, end, &option, &length)) {
        if (osp_http_equals_lower(option, length, "close"))
            options |= OSP_CONNECTION_CLOSE;
        else if (osp_http_equals_lower(option, length, "keep-alive"))
            options |= OSP_CONNECTION_KEEP_ALIVE;
        else if (osp_http_equals_lower(option, length, "upgrade"))
            options |= OSP_CONNECTION_UPGRADE;
    }
    return options;
}
