/*
 * See client.h.
 */
#include "client.h"

#include <pthread.h>
#include <string.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "client_pool.h"
#include "client_redirect.h"

struct osp__client {
    osp__handled handled;
    osp__origin origin;
    char *base_path;
    int64_t timeout_ms;
    osp__connection_pool pool;
    pthread_mutex_t lock; /* of the settings */
    osp__client_settings settings;
};

static const osp__client_settings default_settings = {.max_header_bytes = 64 << 10,
                                                      .max_body_bytes = 64 << 20};

static void free_client(osp__handled *object);
static osp__handle_table clients = OSP__HANDLE_TABLE(free_client);

/* ---- clients ---- */

static void free_client(osp__handled *object)
{
    osp__client *client = OSP_CONTAINER(object, osp__client, handled);
    osp__pool_dispose(&client->pool);
    pthread_mutex_destroy(&client->lock);
    osp__origin_dispose(&client->origin);
    osp__release(client->base_path);
    osp__release(client);
}

/* A client for a URL that was taken apart; NULL when memory runs out. */
static osp__client *build(const osp_url *url, int64_t timeout_ms)
{
    osp__client *client = osp__alloc_zeroed(sizeof *client);
    if (client == NULL)
        return NULL;
    size_t base_length = url->path_length;
    while (base_length > 0 && url->path[base_length - 1] == '/')
        base_length--;
    osp__pool_init(&client->pool);
    pthread_mutex_init(&client->lock, NULL);
    client->timeout_ms = timeout_ms;
    client->settings = default_settings;
    client->base_path = osp__alloc(base_length + 1);
    if (client->base_path != NULL && osp__origin_init(&client->origin, url)) {
        memcpy(client->base_path, url->path, base_length);
        client->base_path[base_length] = 0;
        return client;
    }
    free_client(&client->handled);
    return NULL;
}

int64_t osp__client_create(const char *text, size_t length, int64_t timeout_ms, char **error)
{
    osp_url url;
    const char *fault = osp_url_parse(&url, text, length);
    if (fault == NULL && url.websocket)
        fault = "a URL starts with http:// or https://";
    if (fault == NULL && memchr(url.path, '?', url.path_length) != NULL)
        fault = "a base URL has no query";
    if (fault != NULL) {
        osp__set_error(error, "httpCreateClient: '%.*s': %s", length < 200 ? (int)length : 200, text, fault);
        return 0;
    }
    osp__client *client = build(&url, timeout_ms);
    int64_t handle = client != NULL ? osp__handle_add(&clients, &client->handled) : 0;
    if (handle == 0) {
        osp__set_error(error, "httpCreateClient: out of memory");
        if (client != NULL)
            free_client(&client->handled);
    }
    return handle;
}

bool osp__client_close(osp_ctx *ctx, int64_t handle)
{
    osp__handled *object = osp__handle_remove(&clients, handle);
    if (object == NULL)
        return false;
    osp__client *client = OSP_CONTAINER(object, osp__client, handled);
    osp__pool_close(ctx, &client->pool);
    osp__client_drop(client);
    return true;
}

osp__client *osp__client_get(int64_t handle, char **error)
{
    osp__handled *object = osp__handle_get(&clients, handle);
    if (object != NULL)
        return OSP_CONTAINER(object, osp__client, handled);
    osp__set_error(error, "no HTTP client with id %lld", (long long)handle);
    return NULL;
}

void osp__client_drop(osp__client *client)
{
    osp__handle_drop(&clients, &client->handled);
}

int64_t osp__client_deadline(const osp__client *client)
{
    return osp__deadline_after_ms(client->timeout_ms);
}

/* ---- settings ---- */

static const char *fault_of(const osp__client_settings *settings)
{
    if (settings->max_redirects < 0 || settings->max_redirects > 100)
        return "maxRedirects is not between 0 and 100";
    if (settings->connect_timeout_ms < 0 || settings->read_timeout_ms < 0)
        return "a time-out is negative";
    if (settings->max_header_bytes < 256 || settings->max_header_bytes > 16 << 20)
        return "headerBytes is not between 256 and 16777216";
    if (settings->max_body_bytes < 0 || settings->max_body_bytes > INT64_C(1) << 40)
        return "bodyBytes is not between 0 and 1099511627776";
    return NULL;
}

bool osp__client_configure(int64_t handle, const osp__client_settings *settings, char **error)
{
    const char *fault = fault_of(settings);
    if (fault != NULL) {
        osp__set_error(error, "httpConfigureClient: %s", fault);
        return false;
    }
    osp__client *client = osp__client_get(handle, error);
    if (client == NULL)
        return false;
    pthread_mutex_lock(&client->lock);
    client->settings = *settings;
    pthread_mutex_unlock(&client->lock);
    osp__client_drop(client);
    return true;
}

static osp__client_settings current_settings(osp__client *client)
{
    pthread_mutex_lock(&client->lock);
    osp__client_settings settings = client->settings;
    pthread_mutex_unlock(&client->lock);
    return settings;
}

/* ---- exchanges ---- */

/* What the attempts of one exchange share. */
struct sending {
    osp__client *client;
    osp__client_settings settings;
    const osp__origin *origin;
    const osp__client_request *request;
    osp__text head; /* composed */
    int64_t deadline_ns;
};

static bool is_idempotent(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

/* A new connection, within the time for connecting. */
static osp__client_connection *open_new(osp_ctx *ctx, const struct sending *sending, char **error)
{
    int64_t deadline_ns = sending->deadline_ns, timeout_ms = sending->client->timeout_ms;
    if (sending->settings.connect_timeout_ms > 0) {
        int64_t at = osp__deadline_after_ms(sending->settings.connect_timeout_ms);
        if (at < deadline_ns) {
            deadline_ns = at;
            timeout_ms = sending->settings.connect_timeout_ms;
        }
    }
    return osp__client_connection_open(ctx, &sending->origin->endpoint, deadline_ns, timeout_ms, error);
}

/* One attempt on `connection`, or on a new one if it is NULL. */
static osp__exchange_outcome attempt(osp_ctx *ctx, const struct sending *sending,
                                     osp__client_connection *connection, osp__exchange *exchange,
                                     char **error)
{
    const osp__client_request *request = sending->request;
    *exchange = (osp__exchange){.authority = sending->origin->authority,
                                .timeout_ms = sending->client->timeout_ms,
                                .read_timeout_ms = sending->settings.read_timeout_ms,
                                .at_home = osp__origin_equals(sending->origin, &sending->client->origin),
                                .max_header_bytes = (uint32_t)sending->settings.max_header_bytes,
                                .max_body_bytes = sending->settings.max_body_bytes};
    exchange->connection = connection != NULL ? connection : open_new(ctx, sending, error);
    if (exchange->connection == NULL)
        return OSP__EXCHANGE_FAILED;
    osp__exchange_outcome outcome = osp__exchange_begin(
        ctx, exchange, sending->head.bytes, sending->head.length, request->body.bytes, request->body.length,
        strcmp(request->method, "HEAD") == 0, sending->deadline_ns, error);
    if (outcome != OSP__EXCHANGE_DONE)
        osp__exchange_dispose(ctx, exchange);
    return outcome;
}

/* Sends one request, on a kept connection if there is one, and reads the head of its response. */
static bool send_once(osp_ctx *ctx, struct sending *sending, const osp__origin *origin,
                      osp__client_request *request, osp__exchange *exchange, char **error)
{
    request->authority = (osp__text){origin->authority, strlen(origin->authority)};
    char *composed = osp__client_request_compose(request, &sending->head.length, error);
    if (composed == NULL)
        return false;
    sending->head.bytes = composed;
    sending->origin = origin;
    sending->request = request;
    bool at_home = osp__origin_equals(origin, &sending->client->origin);
    osp__client_connection *idle = at_home ? osp__pool_take(ctx, &sending->client->pool) : NULL;
    osp__exchange_outcome outcome = attempt(ctx, sending, idle, exchange, error);
    if (outcome == OSP__EXCHANGE_UNANSWERED && is_idempotent(request->method))
        outcome = attempt(ctx, sending, NULL, exchange, error);
    if (outcome == OSP__EXCHANGE_UNANSWERED)
        osp__set_error(error, "read: %s: the server closed the connection without a response",
                       origin->authority);
    osp__release(composed);
    return outcome == OSP__EXCHANGE_DONE;
}

/* Takes leave of a redirect and sends what it asks for; *hop is then that request. */
static bool follow(osp_ctx *ctx, struct sending *sending, osp__hop *hop, osp__exchange *exchange, char **error)
{
    osp__hop next;
    bool made = osp__hop_make(&next, sending->origin, sending->request, exchange, error);
    if (made) /* what a redirect says in its body is nobody's business */
        (void)osp__exchange_drain(ctx, exchange, sending->deadline_ns, NULL);
    osp__client_finish(ctx, sending->client, exchange);
    osp__hop_dispose(hop);
    if (!made)
        return false;
    *hop = next;
    return send_once(ctx, sending, &hop->origin, &hop->request, exchange, error);
}

bool osp__client_send(osp_ctx *ctx, osp__client *client, osp__client_request *request,
                      osp__exchange *exchange, int64_t deadline_ns, char **error)
{
    struct sending sending = {
        .client = client, .settings = current_settings(client), .deadline_ns = deadline_ns};
    osp__hop hop = {0};
    request->base_path = (osp__text){client->base_path, strlen(client->base_path)};
    bool sent = send_once(ctx, &sending, &client->origin, request, exchange, error);
    int64_t left = sending.settings.max_redirects;
    for (; sent && left > 0 && osp__response_redirects(exchange); left--)
        sent = follow(ctx, &sending, &hop, exchange, error);
    if (sent && left == 0 && sending.settings.max_redirects > 0 && osp__response_redirects(exchange)) {
        osp__set_error(error, "redirect: %s: more than %lld redirects", exchange->authority,
                       (long long)sending.settings.max_redirects);
        osp__client_finish(ctx, client, exchange);
        sent = false;
    }
    if (sent && exchange->authority == hop.origin.authority) { /* the exchange outlives the hop */
        exchange->redirected_to = hop.origin.authority;
        hop.origin.authority = NULL;
    }
    osp__hop_dispose(&hop);
    return sent;
}

void osp__client_finish(osp_ctx *ctx, osp__client *client, osp__exchange *exchange)
{
    if (osp__exchange_may_persist(exchange) && exchange->at_home) {
        osp__pool_keep(ctx, &client->pool, exchange->connection);
        exchange->connection = NULL;
    }
    osp__exchange_dispose(ctx, exchange);
}
