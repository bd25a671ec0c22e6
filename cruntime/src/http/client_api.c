/*
 * What compiled code calls: the client functions of osp_builtins.h, over client.h.
 *
 * A response that a program reads itself is an object behind a handle; it holds its client and, until its
 * body has ended, its connection. Two fibers may not read one response at the same time; the second is told
 * so.
 */
#include "client.h"

#include <string.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "header.h"

enum { READ_BLOCK = 64 << 10 };

typedef struct response {
    osp__handled handled;
    osp__client *client;
    osp__exchange exchange;
    bool busy; /* atomic: a fiber reads it */
} response;

static void free_response(osp__handled *object);
static osp__handle_table responses = OSP__HANDLE_TABLE(free_response);

static osp__text text_of(const char *string)
{
    return (osp__text){string, (size_t)osp__length(string)};
}

/* An owned copy, or NULL with *error set: to a program memory that runs out here is a failed request. */
static char *make_string(const char *bytes, size_t length, char **error)
{
    char *string = osp_string_new(bytes, length);
    if (string == NULL)
        osp__set_error(error, "out of memory");
    return string;
}

/* ---- clients ---- */

int64_t osp_http_create_client(osp_ctx *ctx, char *base_url, int64_t timeout, char **error)
{
    (void)ctx;
    if (timeout <= 0) {
        osp__set_error(error, "httpCreateClient: the time-out must be positive, not %lld ms",
                       (long long)timeout);
        return 0;
    }
    return osp__client_create(base_url, (size_t)osp__length(base_url), timeout, error);
}

void osp_http_configure_client(osp_ctx *ctx, int64_t client, int64_t max_redirects, int64_t connect_timeout,
                               int64_t read_timeout, int64_t max_header_bytes, int64_t max_body_bytes,
                               char **error)
{
    (void)ctx;
    osp__client_settings settings = {max_redirects, connect_timeout, read_timeout, max_header_bytes,
                                     max_body_bytes};
    osp__client_configure(client, &settings, error);
}

void osp_http_close_client(osp_ctx *ctx, int64_t client, char **error)
{
    if (!osp__client_close(ctx, client))
        osp__set_error(error, "no HTTP client with id %lld", (long long)client);
}

/* ---- requests for a status ---- */

static int64_t request_status(osp_ctx *ctx, int64_t handle, osp__client_request *request, char **error)
{
    osp__client *client = osp__client_get(handle, error);
    if (client == NULL)
        return 0;
    osp__exchange exchange;
    int64_t status = 0, deadline_ns = osp__client_deadline(client);
    if (osp__client_send(ctx, client, request, &exchange, deadline_ns, error)) {
        if (osp__exchange_drain(ctx, &exchange, deadline_ns, error))
            status = exchange.head.status;
        osp__client_finish(ctx, client, &exchange);
    }
    osp__client_drop(client);
    return status;
}

int64_t osp_http_get(osp_ctx *ctx, int64_t client, char *path, char *headers, char **error)
{
    osp__client_request request = {.method = "GET", .path = text_of(path), .headers = text_of(headers)};
    return request_status(ctx, client, &request, error);
}

int64_t osp_http_delete(osp_ctx *ctx, int64_t client, char *path, char *headers, char **error)
{
    osp__client_request request = {.method = "DELETE", .path = text_of(path), .headers = text_of(headers)};
    return request_status(ctx, client, &request, error);
}

int64_t osp_http_post(osp_ctx *ctx, int64_t client, char *path, char *body, char *headers, char **error)
{
    osp__client_request request = {
        .method = "POST", .path = text_of(path), .headers = text_of(headers), .body = text_of(body)};
    return request_status(ctx, client, &request, error);
}

int64_t osp_http_put(osp_ctx *ctx, int64_t client, char *path, char *body, char *headers, char **error)
{
    osp__client_request request = {
        .method = "PUT", .path = text_of(path), .headers = text_of(headers), .body = text_of(body)};
    return request_status(ctx, client, &request, error);
}

/* Fills in a request with any method; false if the method is none of HttpMethod. */
static bool make_request(osp__client_request *request, char *method, char *path, char *headers, char *body,
                         char **error)
{
    const char *known = osp_http_method_name(osp_http_method_index(method, (size_t)osp__length(method)));
    if (known == NULL) {
        struct osp__excerpt shown;
        osp__set_error(error, "httpRequest: unknown method '%s'", osp__excerpt(&shown, method));
        return false;
    }
    *request = (osp__client_request){
        .method = known, .path = text_of(path), .headers = text_of(headers), .body = text_of(body)};
    return true;
}

int64_t osp_http_request(osp_ctx *ctx, int64_t client, char *method, char *path, char *headers, char *body,
                         char **error)
{
    osp__client_request request;
    return make_request(&request, method, path, headers, body, error)
               ? request_status(ctx, client, &request, error)
               : 0;
}

/* ---- responses ---- */

/* Frees a response that nobody holds; its connection was given up by osp_http_response_free before. */
static void free_response(osp__handled *object)
{
    response *dead = OSP_CONTAINER(object, response, handled);
    osp__release(dead->exchange.headers);
    osp__release(dead->exchange.redirected_to);
    osp__client_drop(dead->client);
    osp__release(dead);
}

/*
 * Gives up the connection, for reuse if the body has ended. Status and headers stay: other fibers may be
 * asking for them at this moment.
 */
static void give_up_connection(osp_ctx *ctx, response *held)
{
    osp__exchange spent = held->exchange;
    spent.headers = spent.redirected_to = NULL;
    held->exchange.connection = NULL;
    held->exchange.buffer = NULL;
    osp__client_finish(ctx, held->client, &spent);
}

static int64_t fetch(osp_ctx *ctx, int64_t client_handle, osp__client_request *request, char **error)
{
    osp__client *client = osp__client_get(client_handle, error);
    if (client == NULL)
        return 0;
    int64_t handle = 0;
    response *created = osp__alloc_zeroed(sizeof *created);
    if (created == NULL) {
        osp__set_error(error, "httpFetch: out of memory");
        goto fail;
    }
    created->client = client;
    if (!osp__client_send(ctx, client, request, &created->exchange, osp__client_deadline(client), error))
        goto fail;
    handle = osp__handle_add(&responses, &created->handled);
    if (handle != 0)
        return handle;
    osp__set_error(error, "httpFetch: out of memory");
    osp__exchange_dispose(ctx, &created->exchange);
fail:
    osp__release(created);
    osp__client_drop(client);
    return 0;
}

int64_t osp_http_fetch(osp_ctx *ctx, int64_t client, char *method, char *path, char *headers, char *body,
                       char **error)
{
    osp__client_request request;
    return make_request(&request, method, path, headers, body, error) ? fetch(ctx, client, &request, error)
                                                                      : 0;
}

int64_t osp_http_get_response(osp_ctx *ctx, int64_t client, char *path, char *headers, char **error)
{
    osp__client_request request = {.method = "GET", .path = text_of(path), .headers = text_of(headers)};
    return fetch(ctx, client, &request, error);
}

static response *get_response(int64_t handle, char **error)
{
    osp__handled *object = osp__handle_get(&responses, handle);
    if (object != NULL)
        return OSP_CONTAINER(object, response, handled);
    osp__set_error(error, "no HTTP response with id %lld", (long long)handle);
    return NULL;
}

/* Makes the caller the only reader of a response. */
static response *acquire(int64_t handle, char **error)
{
    response *found = get_response(handle, error);
    if (found == NULL || !__atomic_exchange_n(&found->busy, true, __ATOMIC_ACQUIRE))
        return found;
    osp__set_error(error, "HTTP response %lld is being read by another fiber", (long long)handle);
    osp__handle_drop(&responses, &found->handled);
    return NULL;
}

static void relinquish(response *held)
{
    __atomic_store_n(&held->busy, false, __ATOMIC_RELEASE);
    osp__handle_drop(&responses, &held->handled);
}

int64_t osp_http_response_status(osp_ctx *ctx, int64_t id)
{
    (void)ctx;
    response *found = get_response(id, NULL);
    if (found == NULL)
        return -1;
    int64_t status = found->exchange.head.status;
    osp__handle_drop(&responses, &found->handled);
    return status;
}

char *osp_http_response_header(osp_ctx *ctx, int64_t id, char *name, char **error)
{
    (void)ctx;
    response *found = get_response(id, error);
    if (found == NULL)
        return NULL;
    osp_http_field field;
    char *value = NULL;
    struct osp__excerpt shown;
    if (osp_http_header_find(found->exchange.headers, found->exchange.headers_length, name,
                             (size_t)osp__length(name), &field) > 0)
        value = make_string(field.value, field.value_length, error);
    else
        osp__set_error(error, "the response has no header '%s'", osp__excerpt(&shown, name));
    osp__handle_drop(&responses, &found->handled);
    return value;
}

/* Gives the connection back as soon as the body has ended, so that it need not wait for httpResponseFree. */
static void settle(osp_ctx *ctx, response *held)
{
    if (held->exchange.ended && held->exchange.connection != NULL)
        give_up_connection(ctx, held);
}

char *osp_http_response_read(osp_ctx *ctx, int64_t id, int64_t max_bytes, char **error)
{
    if (max_bytes <= 0) {
        osp__set_error(error, "httpResponseRead: maxBytes must be positive, not %lld", (long long)max_bytes);
        return NULL;
    }
    response *held = acquire(id, error);
    if (held == NULL)
        return NULL;
    size_t size = (size_t)max_bytes < READ_BLOCK ? (size_t)max_bytes : READ_BLOCK;
    char *block = osp__alloc(size), *piece = NULL;
    int64_t count = -1;
    if (block == NULL)
        osp__set_error(error, "httpResponseRead: out of memory");
    else
        count =
            osp__exchange_read(ctx, &held->exchange, block, size, osp__client_deadline(held->client), error);
    if (count >= 0)
        piece = make_string(block, (size_t)count, error);
    osp__release(block);
    settle(ctx, held);
    relinquish(held);
    return piece;
}

/* Says that a body is over the client's limit. */
static char *refuse_body(response *held, char **error)
{
    osp__set_error(error, "the body is over %lld bytes: read it with httpResponseRead",
                   (long long)held->exchange.max_body_bytes);
    return NULL;
}

/* Reads the rest of a body into memory that the caller releases. NULL and *error on failure. */
static char *read_whole(osp_ctx *ctx, response *held, size_t *length, char **error)
{
    int64_t deadline_ns = osp__client_deadline(held->client);
    uint64_t limit = (uint64_t)held->exchange.max_body_bytes;
    size_t capacity = READ_BLOCK, have = 0;
    if (held->exchange.remaining > limit)
        return refuse_body(held, error);
    char *body = osp__alloc(capacity);
    while (body != NULL) {
        int64_t count =
            osp__exchange_read(ctx, &held->exchange, body + have, capacity - have, deadline_ns, error);
        if (count == 0) {
            *length = have;
            return body;
        }
        have += count > 0 ? (size_t)count : 0;
        if (count < 0 || have > limit) {
            osp__release(body);
            return count < 0 ? NULL : refuse_body(held, error);
        }
        if (have == capacity) {
            char *larger = osp__resize(body, capacity * 2);
            if (larger == NULL)
                osp__release(body);
            body = larger;
            capacity *= 2;
        }
    }
    osp__set_error(error, "httpResponseBody: out of memory");
    return NULL;
}

char *osp_http_response_body(osp_ctx *ctx, int64_t id, char **error)
{
    response *held = acquire(id, error);
    if (held == NULL)
        return NULL;
    size_t length = 0;
    char *bytes = read_whole(ctx, held, &length, error), *body = NULL;
    if (bytes != NULL) {
        body = make_string(bytes, length, error);
        osp__release(bytes);
    }
    settle(ctx, held);
    relinquish(held);
    return body;
}

void osp_http_response_free(osp_ctx *ctx, int64_t id, char **error)
{
    response *held = acquire(id, error);
    if (held == NULL)
        return;
    osp__handled *object = osp__handle_remove(&responses, id);
    if (held->exchange.connection != NULL)
        give_up_connection(ctx, held);
    held->exchange.ended = held->exchange.failed = true; /* for a fiber that looked the handle up before */
    if (object != NULL)
        osp__handle_drop(&responses, object);
    relinquish(held);
}
