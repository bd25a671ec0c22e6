/*
 * See client_redirect.h. Numbers in comments are sections of RFC 9110.
 */
#include "client_redirect.h"

#include <string.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "header.h"
#include "url_resolve.h"

static bool find_location(const osp__exchange *response, osp_http_field *location)
{
    return osp_http_header_find(response->headers, response->headers_length, "location", 8, location) > 0;
}

bool osp__response_redirects(const osp__exchange *response)
{
    osp_http_field location;
    switch (response->head.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return find_location(response, &location);
    default:
        return false;
    }
}

/* 15.4.2 to 15.4.4: 303 asks for GET; 301 and 302 may turn POST into it, as every browser does. */
static bool becomes_get(const char *method, int status)
{
    if (status == 303)
        return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
    return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

/* 15.4: fields that were meant for the first server, or that describe a body that is no longer sent. */
static bool is_left_out(const osp_http_field *field, bool other_origin, bool without_body)
{
    static const char *const for_one_origin[] = {"authorization", "cookie", "host", "proxy-authorization"};
    static const char content[] = "content-";
    if (without_body && field->name_length > sizeof content - 1 &&
        osp_http_equals_lower(field->name, sizeof content - 1, content))
        return true;
    for (size_t i = 0; other_origin && i < sizeof for_one_origin / sizeof *for_one_origin; i++)
        if (osp_http_equals_lower(field->name, field->name_length, for_one_origin[i]))
            return true;
    return false;
}

/* The fields that go along, one line each. NULL when memory runs out. */
static char *keep_headers(osp__text headers, bool other_origin, bool without_body, size_t *length)
{
    char *kept = osp__alloc(2 * headers.length + 1), *at = kept; /* "a:b\n" may grow to "a: b\r\n" */
    const char *cursor = headers.bytes;
    osp_http_field field;
    while (kept != NULL && osp_http_header_next(&cursor, headers.bytes + headers.length, &field)) {
        if (is_left_out(&field, other_origin, without_body))
            continue;
        at = mempcpy(at, field.name, field.name_length);
        at = mempcpy(at, ": ", 2);
        at = mempcpy(at, field.value, field.value_length);
        at = mempcpy(at, "\r\n", 2);
    }
    *length = (size_t)(at - kept);
    return kept;
}

/* The absolute URL that the response names. NULL when memory runs out. */
static char *resolve(const osp__origin *origin, const osp__client_request *request,
                     const osp_http_field *location, size_t *length)
{
    char *target = osp__alloc(osp__client_request_target_room(request)), *url = NULL;
    if (target == NULL)
        return NULL;
    osp_url base = {.secure = origin->endpoint.secure,
                    .authority = origin->authority,
                    .authority_length = strlen(origin->authority),
                    .path = target,
                    .path_length = osp__client_request_target(request, target)};
    url = osp__alloc(osp_url_resolve_room(&base, location->value_length));
    if (url != NULL)
        *length = osp_url_resolve(&base, location->value, location->value_length, url);
    osp__release(target);
    return url;
}

static bool refuse(char **error, const osp__origin *origin, const osp_http_field *location, const char *why)
{
    size_t shown = location->value_length < 200 ? location->value_length : 200;
    osp__set_error(error, "redirect: %s: to '%.*s': %s", origin->authority, (int)shown, location->value, why);
    return false;
}

static bool fill(osp__hop *next, const osp__origin *origin, const osp__client_request *request,
                 const osp_url *url, int status)
{
    bool other_origin = !osp__origin_equals(&next->origin, origin);
    bool without_body = becomes_get(request->method, status);
    size_t length;
    next->headers = keep_headers(request->headers, other_origin, without_body, &length);
    next->request = *request;
    if (without_body) {
        next->request.method = "GET";
        next->request.body = (osp__text){"", 0};
    }
    next->request.base_path = (osp__text){"", 0};
    next->request.path = (osp__text){url->path, url->path_length};
    next->request.headers = (osp__text){next->headers, length};
    return next->headers != NULL;
}

bool osp__hop_make(osp__hop *next, const osp__origin *origin, const osp__client_request *request,
                   const osp__exchange *response, char **error)
{
    osp_http_field location;
    osp_url url;
    size_t length = 0;
    *next = (osp__hop){0};
    if (!find_location(response, &location))
        return false;
    next->url = resolve(origin, request, &location, &length);
    const char *fault = next->url == NULL ? "out of memory" : osp_url_parse(&url, next->url, length);
    if (fault == NULL && url.websocket)
        fault = "not an http or https URL";
    if (fault == NULL && origin->endpoint.secure && !url.secure)
        fault = "not from https to http";
    if (fault == NULL && (!osp__origin_init(&next->origin, &url) ||
                          !fill(next, origin, request, &url, response->head.status)))
        fault = "out of memory";
    if (fault == NULL)
        return true;
    osp__hop_dispose(next);
    return refuse(error, origin, &location, fault);
}

void osp__hop_dispose(osp__hop *hop)
{
    osp__origin_dispose(&hop->origin);
    osp__release(hop->url);
    osp__release(hop->headers);
    *hop = (osp__hop){0};
}
