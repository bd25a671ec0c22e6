/*
 * See client_request.h. Everything is checked first; then the length is known, and the rest cannot fail.
 */
#include "client_request.h"

#include <stdio.h>
#include <string.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "header.h"
#include "url.h"

static bool check_path(osp__text path, char **error)
{
    size_t refused;
    osp_url_path_length(path.bytes, path.length, &refused);
    if (refused == SIZE_MAX)
        return true;
    osp__set_error(error, "path: invalid character at byte %zu: percent-encode it", refused);
    return false;
}

/*
 * The fields that frame a message are ours. A Content-Length that is right is harmless and left out (we write
 * our own); one that is wrong would desynchronise the connection.
 */
static bool check_field(const osp_http_field *field, osp__text body, char **error)
{
    if (osp_http_equals_lower(field->name, field->name_length, "transfer-encoding")) {
        osp__set_error(error, "headers: Transfer-Encoding is set by the client itself");
        return false;
    }
    if (!osp_http_equals_lower(field->name, field->name_length, "content-length"))
        return true;
    int64_t length = osp_http_parse_length(field->value, field->value_length);
    if (length >= 0 && (uint64_t)length == body.length)
        return true;
    osp__set_error(error, "headers: Content-Length does not match the body of %zu bytes", body.length);
    return false;
}

static bool check_headers(osp__text headers, osp__text body, char **error)
{
    size_t position;
    if (!osp_http_headers_are_safe(headers.bytes, headers.length, &position)) {
        osp__set_error(error, "headers: not a list of \"Name: value\" lines (byte %zu)", position);
        return false;
    }
    const char *cursor = headers.bytes;
    osp_http_field field;
    while (osp_http_header_next(&cursor, headers.bytes + headers.length, &field))
        if (!check_field(&field, body, error))
            return false;
    return true;
}

static char *append(char *at, const char *bytes, size_t length)
{
    return (char *)memcpy(at, bytes, length) + length;
}

static char *append_field(char *at, const char *name, size_t name_length, const char *value,
                          size_t value_length)
{
    at = append(at, name, name_length);
    at = append(at, ": ", 2);
    at = append(at, value, value_length);
    return append(at, "\r\n", 2);
}

size_t osp__client_request_target_room(const osp__client_request *request)
{
    return request->base_path.length + request->path.length + 2;
}

size_t osp__client_request_target(const osp__client_request *request, char *out)
{
    char *at = out;
    bool starts_well =
        request->path.length > 0 && (request->path.bytes[0] == '/' || request->path.bytes[0] == '?');
    at = append(at, request->base_path.bytes, request->base_path.length);
    if (request->path.length > 0 && !starts_well)
        *at++ = '/';
    else if (request->base_path.length == 0 && (request->path.length == 0 || request->path.bytes[0] == '?'))
        *at++ = '/';
    return (size_t)(append(at, request->path.bytes, request->path.length) - out);
}

static char *append_headers(char *at, osp__text headers)
{
    const char *cursor = headers.bytes;
    osp_http_field field;
    while (osp_http_header_next(&cursor, headers.bytes + headers.length, &field))
        if (!osp_http_equals_lower(field.name, field.name_length, "content-length"))
            at = append_field(at, field.name, field.name_length, field.value, field.value_length);
    return at;
}

static bool has_field(osp__text headers, const char *name)
{
    osp_http_field field;
    return osp_http_header_find(headers.bytes, headers.length, name, strlen(name), &field) > 0;
}

/* RFC 9110 8.6: methods that anticipate a body say so even when it is empty. */
static bool needs_length(const osp__client_request *request)
{
    return request->body.length > 0 || strcmp(request->method, "POST") == 0 ||
           strcmp(request->method, "PUT") == 0 || strcmp(request->method, "PATCH") == 0;
}

char *osp__client_request_compose(const osp__client_request *request, size_t *length, char **error)
{
    if (!check_path(request->path, error) || !check_headers(request->headers, request->body, error))
        return NULL;
    /* Each field may grow by ": " and CRLF where the program wrote ":" and LF: twice the block is enough. */
    size_t room = 256 + strlen(request->method) + request->authority.length + request->base_path.length +
                  request->path.length + 2 * request->headers.length;
    char *head = osp__alloc(room), *at = head;
    if (head == NULL) {
        osp__set_error(error, "request: out of memory");
        return NULL;
    }
    at = append(at, request->method, strlen(request->method));
    *at++ = ' ';
    at += osp__client_request_target(request, at);
    at = append(at, " HTTP/1.1\r\n", 11);
    if (!has_field(request->headers, "host"))
        at = append_field(at, "Host", 4, request->authority.bytes, request->authority.length);
    at = append_headers(at, request->headers);
    if (needs_length(request)) {
        char digits[24];
        int count = snprintf(digits, sizeof digits, "%zu", request->body.length);
        at = append_field(at, "Content-Length", 14, digits, (size_t)count);
    }
    at = append(at, "\r\n", 2);
    *length = (size_t)(at - head);
    return head;
}
