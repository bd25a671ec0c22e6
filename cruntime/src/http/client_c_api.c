/*
 * The client functions in the plain C shape, for C programs that use the runtime without any Osprey code.
 *
 * Called on a fiber (in a handler) they park it; on any other thread they block that thread, and the runtime
 * need not even have been started.
 */
#include <stdio.h>
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

OSP_API int64_t http_request(int64_t client_id, const char *method, const char *path, const char *headers,
                             const char *body)
{
    char *error = NULL, *parts[] = {string(method), string(path), string(headers), string(body)};
    int64_t status = -1;
    if (parts[0] != NULL && parts[1] != NULL && parts[2] != NULL && parts[3] != NULL)
        status = osp_http_request(current_context(), client_id, parts[0], parts[1], parts[2], parts[3], &error);
    else
        snprintf(last_error, sizeof last_error, "out of memory");
    for (int i = 0; i < 4; i++)
        osp_drop(parts[i]);
    return settle(status, error);
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
