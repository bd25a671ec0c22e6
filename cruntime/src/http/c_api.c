/* c_api.c - the plain C functions: HTTP servers for C programs that use the runtime without any Osprey code.
 *
 * The handler is a plain C function that gets C strings and returns a malloc'd body. It runs on a fiber, so it has
 * about 200 KiB of stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mem/string.h"
#include "reply.h"

/* The deprecated bridge, if the program defines it. */
extern int osprey_handle_http_request(int server_id, char *method, char *full_url, char *raw_headers, char *body,
                                      size_t body_length, int *response_status, char **response_headers,
                                      char **response_body, size_t *response_body_length) __attribute__((weak));

typedef char *(*raw_handler)(char *method, char *path, char *headers, char *body);

/* The parts of a request as the handler wants them. */
struct parts {
    char *method, *target, *headers, *body;
};

static void drop_parts(struct parts *parts) {
    osp_drop(parts->method);
    osp_drop(parts->target);
    osp_drop(parts->headers);
    osp_drop(parts->body);
}

/* What a handler holds when its fiber fails, for want of memory, is given up as the stack is unwound. */
#define HOLDING_PARTS __attribute__((cleanup(drop_parts))) struct parts

/* One after the other, so that those that were made are held when the next cannot be. */
static void take_parts(osp_ctx *ctx, void *request, struct parts *parts) {
    parts->method = osp_http_request_method(ctx, request);
    parts->target = osp_http_request_target(ctx, request);
    parts->headers = osp_http_request_headers(ctx, request);
    parts->body = osp_http_request_body(ctx, request);
}

static void call_raw(osp_ctx *ctx, void *env, void *request) {
    raw_handler handler;
    memcpy(&handler, env, sizeof handler);
    HOLDING_PARTS parts = {0};
    take_parts(ctx, request, &parts);
    char *body = handler(parts.method, parts.target, parts.headers, parts.body);
    if (body == NULL) return; /* answered with 500 */
    struct osp__reply reply = osp__reply_whole(200, body, strlen(body));
    osp__reply(request, &reply);
    free(body);
}

static void call_bridge(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    struct osp__connection *connection = request;
    HOLDING_PARTS parts = {0};
    take_parts(ctx, request, &parts);
    int status = 200;
    char *headers = NULL, *body = NULL;
    size_t length = 0;
    int result = osprey_handle_http_request((int)connection->server->id, parts.method, parts.target, parts.headers,
                                            parts.body, osp__length(parts.body), &status, &headers, &body, &length);
    if (result == 0) {
        struct osp__reply reply = osp__reply_whole(status, body != NULL ? body : "", body != NULL ? length : 0);
        reply.headers = headers;
        reply.headers_length = headers != NULL ? strlen(headers) : 0;
        osp__reply(connection, &reply);
    }
    free(headers);
    free(body);
}

static _Thread_local char last_error[512];

OSP_API const char *http_server_error(void) { return last_error; }

/* Keeps the message of a failure and turns it into the result. */
static int64_t settle(int64_t result, char *error) {
    if (error == NULL) return result;
    snprintf(last_error, sizeof last_error, "%s", error);
    osp_drop(error);
    return -1;
}

static int64_t fail(const char *message) {
    snprintf(last_error, sizeof last_error, "%s", message);
    return -1;
}

static char *string(const char *text) { return osp_string_new(text, strlen(text)); }

OSP_API int64_t http_create_server(int64_t port, const char *address) {
    char *error = NULL, *text = string(address);
    if (text == NULL) return fail("out of memory");
    int64_t id = osp_http_create_server(osp_current_context(), port, text, &error);
    osp_drop(text);
    return settle(id, error);
}

OSP_API int64_t http_create_server_tls(int64_t port, const char *address, const char *certificate_file,
                                       const char *key_file) {
    char *error = NULL, *texts[3] = {string(address), string(certificate_file), string(key_file)};
    int64_t id = -1;
    if (texts[0] != NULL && texts[1] != NULL && texts[2] != NULL)
        id = osp_http_create_server_tls(osp_current_context(), port, texts[0], texts[1], texts[2], &error);
    else
        (void)fail("out of memory");
    for (int i = 0; i < 3; i++) osp_drop(texts[i]);
    return settle(id, error);
}

OSP_API int64_t http_configure(int64_t server_id, const http_options *options) {
    char *error = NULL;
    if (options->size < sizeof *options) return fail("http_options: the size is not set");
    osp__http_configure(server_id, options, &error);
    return settle(0, error);
}

OSP_API int64_t http_server_port(int64_t server_id) {
    int64_t port = osp_http_server_port(NULL, server_id);
    return port >= 0 ? port : fail("there is no such server");
}

OSP_API int64_t http_listen(int64_t server_id, char *(*handler)(char *, char *, char *, char *)) {
    char *error = NULL;
    if (handler == NULL && osprey_handle_http_request == NULL) return fail("there is no handler");
    void *env = NULL;
    if (handler != NULL) {
        env = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 0, 0), 1);
        if (env == NULL) return fail("out of memory");
        memcpy(env, &handler, sizeof handler);
    }
    osp_http_listen(osp_current_context(), server_id, handler != NULL ? call_raw : call_bridge, env, &error);
    return settle(0, error);
}

OSP_API int64_t http_stop_server(int64_t server_id) {
    char *error = NULL;
    osp_http_stop_server(osp_current_context(), server_id, &error);
    return settle(0, error);
}
