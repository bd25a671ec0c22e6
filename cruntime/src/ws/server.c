/*
 * The WebSocket server of the language: listening, the opening handshake (RFC 6455 section 4.2), broadcasting,
 * stopping.
 *
 * A fiber accepts, and each connection has a fiber. The accepting fiber is the last to go: it closes the socket,
 * asks every connection to end, and waits for them before it lets go of the server. What broadcasts and stops touch
 * is the list of connections, under the server's lock; a connection leaves the list before it is freed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../http/handle_table.h"
#include "../http/listen_socket.h"
#include "../http/reply.h"
#include "../http/url.h"
#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "connection.h"
#include "handshake.h"

#define SECOND INT64_C(1000000000)
#define HEADER_NS (10 * SECOND)
#define FULL_PAUSE_NS (SECOND / 20) /* before another attempt to accept when descriptors have run out */
#define STOP_PATIENCE_NS (6 * SECOND)

enum { MAX_CONNECTIONS = 4096 };

enum state { CREATED, STARTING, LISTENING, STOPPING, STOPPED };

struct client;

struct server {
    osp__handled handled;
    struct server *next; /* in the list of those that listen */
    int64_t id, port;
    char *address, *path; /* strings, owned */
    int fd;
    int bound_port;
    int state; /* atomic: enum state */
    osp__ws_wait accepting;
    pthread_mutex_t lock; /* of the fields below */
    struct client *clients;
    size_t count;
};

struct client {
    osp__ws_connection connection;
    struct server *server;
    struct client *next, **link; /* in the server's list; with the server's lock held */
    bool open;                   /* the handshake is done; with the server's lock held */
};

static void free_server(osp__handled *object);
static osp__handle_table servers = OSP__HANDLE_TABLE(free_server);

static pthread_mutex_t listening_lock = PTHREAD_MUTEX_INITIALIZER;
static struct server *listening; /* with listening_lock held */

static void free_server(osp__handled *object)
{
    struct server *server = OSP_CONTAINER(object, struct server, handled);
    osp_drop(server->address);
    osp_drop(server->path);
    osp__ws_wait_dispose(&server->accepting);
    pthread_mutex_destroy(&server->lock);
    osp__release(server);
}

static struct server *get_server(int64_t id)
{
    osp__handled *object = osp__handle_get(&servers, id);
    return object != NULL ? OSP_CONTAINER(object, struct server, handled) : NULL;
}

static void drop_server(struct server *server)
{
    osp__handle_drop(&servers, &server->handled);
}

static int state_of(struct server *server)
{
    return __atomic_load_n(&server->state, __ATOMIC_SEQ_CST);
}

static bool change_state(struct server *server, int from, int to)
{
    return __atomic_compare_exchange_n(&server->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* ---- the opening handshake ---- */

struct accept_call {
    const osp_crypto *crypto;
    const char *key;
    char value[OSP_WS_ACCEPT_LENGTH + 1];
    bool done;
};

static void call_accept(void *argument)
{
    struct accept_call *call = argument;
    call->done = osp_ws_accept_value(call->crypto, call->key, call->value);
}

/* Sends the few bytes of a reply; the socket's buffer is empty, so that they fit or the peer is gone. */
static bool reply(osp__ws_connection *connection, const char *bytes, int length)
{
    return osp__send(connection->fd, bytes, (size_t)length) == length;
}

static void refuse(osp__ws_connection *connection, int status, const char *reason, const char *headers)
{
    char text[512];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %d %s\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                          osp__http_reason(status), headers, strlen(reason),
                          strstr(headers, "Connection:") != NULL ? "" : "Connection: close\r\n", reason);
    (void)reply(connection, text, length);
    (void)osp__shutdown_output(connection->fd);
}

static bool accept_request(osp_ctx *ctx, struct client *client, const osp_http_request_parser *parser)
{
    const char *key = NULL, *why;
    osp__ws_connection *connection = &client->connection;
    const osp_ws_refusal *refusal =
        osp_ws_check_request(parser, (const char *)connection->input, client->server->path,
                             osp__length(client->server->path), &key);
    if (refusal != NULL) {
        refuse(connection, refusal->status, refusal->reason, refusal->headers);
        return false;
    }
    struct accept_call call = {.crypto = osp__crypto(ctx, &why), .key = key};
    if (call.crypto != NULL)
        osp_call_on_system_stack(ctx, call_accept, &call);
    if (!call.done) {
        refuse(connection, 500, "internal error", "");
        return false;
    }
    char text[256];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          call.value);
    return reply(connection, text, length);
}

/* Reads more of the head. Returns false at the end, at the deadline, or when the server stops. */
static bool read_more(osp_ctx *ctx, struct client *client, int64_t deadline)
{
    osp__ws_connection *connection = &client->connection;
    while (state_of(client->server) == LISTENING && osp__now_ns() < deadline) {
        ssize_t moved = osp__recv(connection->fd, connection->input + connection->end,
                                  sizeof connection->input - connection->end);
        if (moved > 0) {
            connection->end += (size_t)moved;
            return true;
        }
        if (moved != -EAGAIN && moved != -EINTR)
            return false;
        int fault = osp__ws_wait_for(ctx, &connection->wait, connection->fd, EPOLLIN, deadline);
        if (fault != 0 && fault != -ETIMEDOUT)
            return false;
        if (fault == -ETIMEDOUT)
            refuse(connection, 408, "the request took too long", "");
    }
    return false;
}

/* True once the connection speaks WebSocket. A head has to fit into the input buffer. */
static bool shake_hands(osp_ctx *ctx, struct client *client)
{
    osp__ws_connection *connection = &client->connection;
    osp_http_request_parser parser;
    osp_http_request_parser_init(&parser);
    int64_t deadline = osp__now_ns() + HEADER_NS;
    for (;;) {
        int64_t size = osp_http_request_parse(&parser, &osp_http_default_head_limits, (const char *)connection->input,
                                              connection->end);
        if (size < 0) {
            const osp_http_parse_error_text *wrong = osp_http_parse_error_describe((int)size);
            refuse(connection, wrong->status, wrong->reason, "");
            return false;
        }
        if (size > 0) {
            connection->start = (size_t)size;
            return accept_request(ctx, client, &parser);
        }
        if (connection->end == sizeof connection->input) {
            refuse(connection, 431, "header section too large", "");
            return false;
        }
        if (!read_more(ctx, client, deadline))
            return false;
    }
}

/* ---- the fiber of a connection ---- */

static void set_open(struct client *client)
{
    pthread_mutex_lock(&client->server->lock);
    client->open = true;
    pthread_mutex_unlock(&client->server->lock);
    if (state_of(client->server) != LISTENING) /* it was not open yet when the others were told */
        osp__ws_close_begin(&client->connection, OSP_WS_GOING_AWAY, "the server is stopping", false);
}

static void run_client(osp_ctx *ctx, void *env, void *argument)
{
    (void)env;
    struct client *client = argument;
    osp__ws_wait_begin(ctx, &client->connection.wait);
    if (shake_hands(ctx, client)) {
        set_open(client);
        osp__ws_run(ctx, &client->connection);
    }
    pthread_mutex_lock(&client->server->lock); /* from here on nobody can find it */
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    pthread_mutex_unlock(&client->server->lock);
    osp__ws_wait_end(ctx, &client->connection.wait);
}

static void free_client(struct client *client)
{
    struct server *server = client->server;
    osp__ws_connection_dispose(NULL, &client->connection);
    osp__release(client);
    pthread_mutex_lock(&server->lock);
    server->count--;
    osp__ws_wait_nudge(&server->accepting); /* with the lock held: without it the server could be gone */
    pthread_mutex_unlock(&server->lock);
}

static void client_finished(struct osp_fiber *fiber)
{
    struct client *client = fiber->owner;
    osp_drop(fiber->failure);
    osp__fiber_release(fiber);
    free_client(client);
}

/* ---- accepting ---- */

static size_t connection_limit(void)
{
    size_t limit = osp__runtime.descriptor_limit;
    limit -= limit > 512 ? 128 : limit / 4;
    return limit < MAX_CONNECTIONS ? limit : MAX_CONNECTIONS;
}

static void turn_away(int fd)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n"
                               "Retry-After: 1\r\n\r\n";
    (void)osp__send(fd, busy, sizeof busy - 1);
    osp__close(fd);
}

static size_t count_of(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static void take_connection(struct server *server, int fd)
{
    struct client *client = count_of(server) < connection_limit() ? osp__alloc_zeroed(sizeof *client) : NULL;
    if (client == NULL) {
        turn_away(fd);
        return;
    }
    osp__ws_connection_init(&client->connection);
    client->connection.fd = fd;
    client->server = server;
    pthread_mutex_lock(&server->lock);
    client->next = server->clients;
    client->link = &server->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    server->clients = client;
    server->count++;
    pthread_mutex_unlock(&server->lock);
    if (osp__runtime_launch(run_client, NULL, client, client_finished, client, false) == 0)
        return;
    pthread_mutex_lock(&server->lock);
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    pthread_mutex_unlock(&server->lock);
    free_client(client);
}

static void accept_all(osp_ctx *ctx, struct server *server)
{
    while (state_of(server) == LISTENING) {
        int fd = osp__accept(server->fd);
        if (fd >= 0)
            take_connection(server, fd);
        else if (fd == -EAGAIN)
            (void)osp__ws_wait_for(ctx, &server->accepting, server->fd, EPOLLIN, OSP_NO_DEADLINE);
        else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS)
            (void)osp__ws_wait_for(ctx, &server->accepting, -1, 0, osp__now_ns() + FULL_PAUSE_NS);
        /* Other errors belong to the one connection that has gone wrong (accept(2)): try the next. */
    }
}

static void end_clients(osp_ctx *ctx, struct server *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct client *client = server->clients; client != NULL; client = client->next) {
        if (client->open)
            osp__ws_close_begin(&client->connection, OSP_WS_GOING_AWAY, "the server is stopping", false);
        else
            osp__ws_wait_nudge(&client->connection.wait);
    }
    pthread_mutex_unlock(&server->lock);
    while (count_of(server) > 0)
        (void)osp__ws_wait_for(ctx, &server->accepting, -1, 0, OSP_NO_DEADLINE);
}

static void run_server(osp_ctx *ctx, void *env, void *argument)
{
    (void)env;
    struct server *server = argument;
    osp__ws_wait_begin(ctx, &server->accepting);
    accept_all(ctx, server);
    osp__close(server->fd); /* from here on the port is free */
    end_clients(ctx, server);
    osp__ws_wait_end(ctx, &server->accepting);
}

static void leave_listening(struct server *server)
{
    pthread_mutex_lock(&listening_lock);
    struct server **link = &listening;
    while (*link != server)
        link = &(*link)->next;
    *link = server->next;
    pthread_mutex_unlock(&listening_lock);
}

static void server_finished(struct osp_fiber *fiber)
{
    struct server *server = fiber->owner;
    osp_drop(fiber->failure);
    osp__fiber_release(fiber);
    leave_listening(server);
    __atomic_store_n(&server->state, STOPPED, __ATOMIC_SEQ_CST);
    if (osp__handle_remove(&servers, server->id) != NULL)
        drop_server(server);
    drop_server(server);
    osp__runtime_service(-1);
}

/* ---- the functions of the language ---- */

static bool path_is_valid(const char *path)
{
    size_t refused, length = osp__length(path);
    return length > 0 && path[0] == '/' && osp_url_path_length(path, length, &refused) == length && refused == SIZE_MAX;
}

OSP_API int64_t osp_websocket_create_server(osp_ctx *ctx, int64_t port, char *address, char *path)
{
    (void)ctx;
    if (port < 0 || port > 65535)
        return -7;
    if (!osp__listen_address_is_valid(address))
        return -8;
    if (!path_is_valid(path))
        return -9;
    struct server *server = osp__alloc_zeroed(sizeof *server);
    if (server == NULL)
        osp__runtime_out_of_memory();
    osp__ws_wait_init(&server->accepting);
    pthread_mutex_init(&server->lock, NULL);
    server->port = port;
    server->address = osp_string_new(address, osp__length(address));
    server->path = osp_string_new(path, osp__length(path));
    if (server->address == NULL || server->path == NULL)
        osp__runtime_out_of_memory();
    server->id = osp__handle_add(&servers, &server->handled);
    if (server->id == 0)
        osp__runtime_out_of_memory();
    return server->id;
}

static void drain_all(void)
{
    pthread_mutex_lock(&listening_lock);
    for (struct server *server = listening; server != NULL; server = server->next)
        if (change_state(server, LISTENING, STOPPING))
            osp__ws_wait_nudge(&server->accepting);
    pthread_mutex_unlock(&listening_lock);
}

/* Takes over the caller's reference. */
static int64_t start(struct server *server)
{
    osp__runtime_on_drain(drain_all);
    osp__runtime_service(1);
    pthread_mutex_lock(&listening_lock);
    server->next = listening;
    listening = server;
    __atomic_store_n(&server->state, LISTENING, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&listening_lock);
    if (osp__runtime_launch(run_server, NULL, server, server_finished, server, false) == 0)
        return 0;
    leave_listening(server);
    osp__close(server->fd);
    __atomic_store_n(&server->state, CREATED, __ATOMIC_SEQ_CST);
    osp__runtime_service(-1);
    drop_server(server);
    return -6;
}

OSP_API int64_t osp_websocket_server_listen(osp_ctx *ctx, int64_t id)
{
    struct server *server = get_server(id);
    if (server == NULL)
        return -1;
    if (osp__runtime_ensure() != 0 || !change_state(server, CREATED, STARTING)) {
        int64_t result = state_of(server) == CREATED ? -6 : -1;
        drop_server(server);
        return result;
    }
    static const int64_t codes[] = {[OSP__LISTEN_SOCKET] = -2, [OSP__LISTEN_OPTIONS] = -3, [OSP__LISTEN_BIND] = -4,
                                    [OSP__LISTEN_LISTEN] = -5};
    enum osp__listen_stage stage = OSP__LISTEN_BIND;
    server->fd = osp__listen_staged(ctx, server->port, server->address, &server->bound_port, &stage);
    if (server->fd >= 0)
        return start(server);
    __atomic_store_n(&server->state, CREATED, __ATOMIC_SEQ_CST);
    drop_server(server);
    return codes[stage];
}

OSP_API int64_t osp_websocket_server_port(osp_ctx *ctx, int64_t id)
{
    (void)ctx;
    struct server *server = get_server(id);
    if (server == NULL)
        return -1;
    int64_t port = state_of(server) == LISTENING ? server->bound_port : -1;
    drop_server(server);
    return port;
}

/* A reader that is so slow that its queue is full is dropped; the others do not notice. */
static int64_t broadcast(struct server *server, osp__ws_frame *frame)
{
    int64_t reached = 0;
    pthread_mutex_lock(&server->lock);
    for (struct client *client = server->clients; client != NULL; client = client->next) {
        osp__ws_queued outcome = client->open ? osp__ws_enqueue(&client->connection, frame) : OSP__WS_CLOSED;
        reached += outcome == OSP__WS_QUEUED;
        if (outcome == OSP__WS_FULL)
            osp__ws_close_begin(&client->connection, OSP_WS_TRY_AGAIN_LATER, "too slow", true);
    }
    pthread_mutex_unlock(&server->lock);
    return reached;
}

OSP_API int64_t osp_websocket_server_broadcast(osp_ctx *ctx, int64_t id, char *message)
{
    (void)ctx;
    osp_ws_utf8 check = {0};
    struct server *server = get_server(id);
    if (server == NULL)
        return -1;
    int64_t reached = -1;
    if (state_of(server) == LISTENING && osp_ws_utf8_feed(&check, (uint8_t *)message, osp__length(message)) &&
        osp_ws_utf8_is_complete(&check)) {
        osp__ws_frame *frame = osp__ws_frame_new(OSP_WS_TEXT, message, osp__length(message), NULL);
        if (frame == NULL)
            osp__runtime_out_of_memory();
        reached = broadcast(server, frame);
        osp__ws_frame_release(frame);
    }
    drop_server(server);
    return reached;
}

OSP_API int64_t osp_websocket_stop_server(osp_ctx *ctx, int64_t id)
{
    struct server *server = get_server(id);
    if (server == NULL)
        return -1;
    if (change_state(server, CREATED, STOPPED)) {
        if (osp__handle_remove(&servers, id) != NULL)
            drop_server(server);
    } else if (change_state(server, LISTENING, STOPPING)) {
        osp__ws_wait_nudge(&server->accepting);
    }
    int64_t until = osp__now_ns() + STOP_PATIENCE_NS;
    for (int64_t pause_ms = 1; state_of(server) != STOPPED && osp__now_ns() < until; pause_ms += pause_ms < 10)
        osp_sleep(ctx, pause_ms);
    drop_server(server);
    return 0;
}
