/*
 * The client functions in the plain C shape, for C programs that use the runtime without any Osprey code.
 *
 * Called on a fiber (in a handler) they park it; on any other thread they block that thread, and the runtime
 * need not even have been started.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fiber/fiber.h"
#include "../mem/string.h"
#include "../sched/worker.h"

static _Thread_local char last_error[512];

OSP_API const char *http_client_error(void)
{
    return last_error;
}

/* The context of the fiber that runs on this thread, or NULL. */
static osp_ctx *current_context(void)
{
    struct osp_worker *worker = osp__worker_self();
    return worker != NULL && worker->current != NULL ? &worker->current->ctx : NULL;
}

/* Keeps the message of a failure and turns it into the result. */
static int64_t settle(int64_t result, char *error)
{
    if (error == NULL)
        return result;
    snprintf(last_error, sizeof last_error, "%s", error);
    osp_drop(error);
    return -1;
}

static char *string(const char *text)
{
    return osp_string_new(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

OSP_API int64_t http_create_client(const char *base_url, int64_t timeout_ms)
{
    char *error = NULL, *url = string(base_url);
    int64_t client = url != NULL ? osp_http_create_client(current_context(), url, timeout_ms, &error) : -1;
    osp_drop(url);
    return settle(client, error);
}

OSP_API int64_t http_configure_client(int64_t client_id, const http_client_options *options)
{
    char *error = NULL;
    osp_http_configure_client(current_context(), client_id, options->max_redirects, options->connect_timeout_ms,
                              options->read_timeout_ms, options->max_header_bytes, options->max_body_bytes, &error);
    return settle(0, error);
}

/* osp_http_request and osp_http_fetch. */
typedef int64_t (*request_function)(osp_ctx *ctx, int64_t client, char *method, char *path, char *headers, char *body,
                                    char **error);

static int64_t call(request_function function, int64_t client_id, const char *method, const char *path,
                    const char *headers, const char *body)
{
    char *error = NULL, *parts[] = {string(method), string(path), string(headers), string(body)};
    int64_t result = -1;
    if (parts[0] != NULL && parts[1] != NULL && parts[2] != NULL && parts[3] != NULL)
        result = function(current_context(), client_id, parts[0], parts[1], parts[2], parts[3], &error);
    else
        snprintf(last_error, sizeof last_error, "out of memory");
    for (int i = 0; i < 4; i++)
        osp_drop(parts[i]);
    return settle(result, error);
}

OSP_API int64_t http_request(int64_t client_id, const char *method, const char *path, const char *headers,
                             const char *body)
{
    return call(osp_http_request, client_id, method, path, headers, body);
}

OSP_API int64_t http_fetch(int64_t client_id, const char *method, const char *path, const char *headers,
                           const char *body)
{
    return call(osp_http_fetch, client_id, method, path, headers, body);
}

OSP_API int64_t http_get(int64_t client_id, const char *path, const char *headers)
{
    return http_request(client_id, "GET", path, headers, NULL);
}

OSP_API int64_t http_post(int64_t client_id, const char *path, const char *body, const char *headers)
{
    return http_request(client_id, "POST", path, headers, body);
}

OSP_API int64_t http_put(int64_t client_id, const char *path, const char *body, const char *headers)
{
    return http_request(client_id, "PUT", path, headers, body);
}

OSP_API int64_t http_delete(int64_t client_id, const char *path, const char *headers)
{
    return http_request(client_id, "DELETE", path, headers, NULL);
}

OSP_API int64_t http_close_client(int64_t client_id)
{
    char *error = NULL;
    osp_http_close_client(current_context(), client_id, &error);
    return settle(0, error);
}

/* ---- responses ---- */

OSP_API int64_t http_response_status(int64_t response_id)
{
    return osp_http_response_status(current_context(), response_id);
}

/* A malloc'd copy of a string, which is given up; keeps the message if there is none. */
static char *hand_out(char *text, char *error, size_t *length)
{
    char *copy = NULL;
    if (text != NULL) {
        size_t size = (size_t)osp_string_length(text);
        copy = malloc(size + 1);
        if (copy != NULL)
            memcpy(copy, text, size + 1);
        else
            snprintf(last_error, sizeof last_error, "out of memory");
        if (length != NULL)
            *length = size;
    }
    settle(0, error);
    osp_drop(text);
    return copy;
}

OSP_API char *http_response_header(int64_t response_id, const char *name, size_t *length)
{
    char *error = NULL, *wanted = string(name);
    char *value = wanted != NULL ? osp_http_response_header(current_context(), response_id, wanted, &error) : NULL;
    osp_drop(wanted);
    return hand_out(value, error, length);
}

OSP_API char *http_response_body(int64_t response_id, size_t *length)
{
    char *error = NULL, *body = osp_http_response_body(current_context(), response_id, &error);
    return hand_out(body, error, length);
}

OSP_API int64_t http_response_read(int64_t response_id, void *buffer, size_t size)
{
    char *error = NULL;
    int64_t most = size < INT64_MAX ? (int64_t)size : INT64_MAX, count = 0;
    char *piece = osp_http_response_read(current_context(), response_id, most, &error);
    if (piece != NULL) {
        count = (int64_t)osp_string_length(piece);
        memcpy(buffer, piece, (size_t)count);
        osp_drop(piece);
    }
    return settle(count, error);
}

OSP_API int64_t http_response_free(int64_t response_id)
{
    char *error = NULL;
    osp_http_response_free(current_context(), response_id, &error);
    return settle(0, error);
}
