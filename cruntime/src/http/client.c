/*
 * See client.h. Idle connections are a stack, so that the one used last, which is the least likely to have
 * been closed by the server, is used next.
 */
#include "client.h"

#include <pthread.h>
#include <string.h>

#include "../mem/string.h"
#include "../net/net.h"
#include "../sys/sys.h"
#include "url.h"

enum { MAX_IDLE_CONNECTIONS = 32 };

/* Servers commonly close after 60 s or more; a connection of this age is not worth trying. */
#define MAX_IDLE_NS (INT64_C(30) * 1000000000)

struct osp__client {
    osp__handled handled;
    osp__endpoint endpoint; /* its strings are those below */
    char *host, *authority, *base_path;
    int64_t timeout_ms;
    pthread_mutex_t lock;         /* of the fields below */
    osp__client_connection *idle; /* the one used last first */
    size_t idle_count;
    bool closed;
};

static void free_client(osp__handled *object);
static osp__handle_table clients = OSP__HANDLE_TABLE(free_client);

/* ---- idle connections ---- */

static void close_all(osp_ctx *ctx, osp__client_connection *list)
{
    while (list != NULL) {
        osp__client_connection *next = list->next;
        osp__client_connection_close(ctx, list);
        list = next;
    }
}

static osp__client_connection *take_idle(osp__client *client)
{
    pthread_mutex_lock(&client->lock);
    osp__client_connection *connection = client->idle;
    if (connection != NULL) {
        client->idle = connection->next;
        client->idle_count--;
    }
    pthread_mutex_unlock(&client->lock);
    return connection;
}

/* An idle connection that still works, or NULL; the ones that do not are closed on the way. */
static osp__client_connection *reuse(osp_ctx *ctx, osp__client *client)
{
    osp__client_connection *connection;
    while ((connection = take_idle(client)) != NULL) {
        bool fresh = osp__now_ns() - connection->idle_since_ns < MAX_IDLE_NS;
        if (fresh && osp__connection_is_quiet(ctx, connection))
            return connection;
        osp__client_connection_close(ctx, connection);
    }
    return NULL;
}

/* Puts a connection away; closes those that have been idle for too long, which are at the end of the list. */
static void keep(osp_ctx *ctx, osp__client *client, osp__client_connection *connection)
{
    int64_t now = osp__now_ns();
    connection->reused = true;
    connection->idle_since_ns = now;
    pthread_mutex_lock(&client->lock);
    osp__client_connection *excess = connection;
    if (!client->closed) {
        connection->next = client->idle;
        client->idle = connection;
        osp__client_connection **link = &client->idle;
        size_t kept = 0;
        for (; *link != NULL && kept < MAX_IDLE_CONNECTIONS && now - (*link)->idle_since_ns < MAX_IDLE_NS;
             kept++)
            link = &(*link)->next;
        excess = *link;
        *link = NULL;
        client->idle_count = kept;
    }
    pthread_mutex_unlock(&client->lock);
    close_all(ctx, excess);
}

/* ---- clients ---- */

static void free_client(osp__handled *object)
{
    osp__client *client = OSP_CONTAINER(object, osp__client, handled);
    pthread_mutex_destroy(&client->lock);
    osp__release(client->host);
    osp__release(client->authority);
    osp__release(client->base_path);
    osp__release(client);
}

static char *copy_text(const char *bytes, size_t length)
{
    char *copy = osp__alloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, bytes, length);
        copy[length] = 0;
    }
    return copy;
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
    pthread_mutex_init(&client->lock, NULL);
    client->host = copy_text(url->host, url->host_length);
    client->authority = copy_text(url->authority, url->authority_length);
    client->base_path = copy_text(url->path, base_length);
    client->timeout_ms = timeout_ms;
    client->endpoint = (osp__endpoint){.host = client->host,
                                       .authority = client->authority,
                                       .port = url->port,
                                       .secure = url->secure,
                                       .host_is_ipv6 = url->host_is_ipv6};
    if (client->host != NULL && client->authority != NULL && client->base_path != NULL)
        return client;
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
    pthread_mutex_lock(&client->lock);
    osp__client_connection *idle = client->idle;
    client->idle = NULL;
    client->idle_count = 0;
    client->closed = true;
    pthread_mutex_unlock(&client->lock);
    close_all(ctx, idle);
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
    int64_t duration, deadline;
    if (__builtin_mul_overflow(client->timeout_ms, INT64_C(1000000), &duration) ||
        __builtin_add_overflow(osp__now_ns(), duration, &deadline))
        return OSP_NO_DEADLINE;
    return deadline;
}

/* ---- exchanges ---- */

static bool is_idempotent(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

/* One attempt on `connection`, or on a new one if it is NULL. */
static osp__exchange_outcome attempt(osp_ctx *ctx, osp__client *client, const osp__client_request *request,
                                     osp__client_connection *connection, osp__text head,
                                     osp__exchange *exchange, int64_t deadline_ns, char **error)
{
    *exchange = (osp__exchange){.authority = client->authority, .timeout_ms = client->timeout_ms};
    exchange->connection =
        connection != NULL
            ? connection
            : osp__client_connection_open(ctx, &client->endpoint, deadline_ns, client->timeout_ms, error);
    if (exchange->connection == NULL)
        return OSP__EXCHANGE_FAILED;
    osp__exchange_outcome outcome =
        osp__exchange_begin(ctx, exchange, head.bytes, head.length, request->body.bytes, request->body.length,
                            strcmp(request->method, "HEAD") == 0, deadline_ns, error);
    if (outcome != OSP__EXCHANGE_DONE)
        osp__exchange_dispose(ctx, exchange);
    return outcome;
}

bool osp__client_send(osp_ctx *ctx, osp__client *client, osp__client_request *request,
                      osp__exchange *exchange, int64_t deadline_ns, char **error)
{
    osp__text head;
    request->authority = (osp__text){client->authority, strlen(client->authority)};
    request->base_path = (osp__text){client->base_path, strlen(client->base_path)};
    char *composed = osp__client_request_compose(request, &head.length, error);
    if (composed == NULL)
        return false;
    head.bytes = composed;
    osp__client_connection *idle = reuse(ctx, client);
    osp__exchange_outcome outcome = attempt(ctx, client, request, idle, head, exchange, deadline_ns, error);
    if (outcome == OSP__EXCHANGE_UNANSWERED && is_idempotent(request->method))
        outcome = attempt(ctx, client, request, NULL, head, exchange, deadline_ns, error);
    if (outcome == OSP__EXCHANGE_UNANSWERED)
        osp__set_error(error, "read: %s: the server closed the connection without a response",
                       client->authority);
    osp__release(composed);
    return outcome == OSP__EXCHANGE_DONE;
}

void osp__client_finish(osp_ctx *ctx, osp__client *client, osp__exchange *exchange)
{
    if (osp__exchange_may_persist(exchange)) {
        keep(ctx, client, exchange->connection);
        exchange->connection = NULL;
    }
    osp__exchange_dispose(ctx, exchange);
}
