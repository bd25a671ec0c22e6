/*
 * The WebSocket client of the language: connecting, sending, closing, and the handler of the program.
 *
 * Two fibers serve a connection: one reads and writes (connection.c), the other calls the handler with one message
 * after the other. Between them is a bounded inbox; when it is full, nothing more is read, and the server's own
 * queue fills. The object lives as long as one of them, the table of handles or a caller holds it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../http/client_exchange.h"
#include "../http/handle_table.h"
#include "../http/header.h"
#include "../http/url.h"
#include "../crypto/crypto_load.h"
#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "connection.h"
#include "handshake.h"

#define CONNECT_MS INT64_C(10000)
#define SEND_PATIENCE_NS (INT64_C(10) * 1000000000)
#define CLOSE_PATIENCE_NS (INT64_C(4) * 1000000000)

enum { INBOX_MESSAGES = 64, INBOX_BYTES = 1 << 20 };

/* What the handler's thunk gets. */
struct message {
    struct message *next;
    struct websocket *socket;
    char *data; /* string, owned */
    bool is_text;
};

struct websocket {
    osp__handled handled;
    osp__ws_connection connection;
    int64_t id;
    osp_thunk handler;
    void *handler_env; /* counted, shared */
    struct osp_fiber *handler_fiber; /* atomic: NULL unless it runs */
    osp__ws_wait handler_wait;
    pthread_mutex_t lock; /* of the fields below */
    struct message *first, *last;
    size_t messages, bytes;
    bool finished; /* no more messages will come */
};

static void free_socket(osp__handled *object);
static osp__handle_table sockets = OSP__HANDLE_TABLE(free_socket);

/* ---- the object ---- */

static void free_message(struct message *message)
{
    osp_drop(message->data);
    osp__release(message);
}

static void free_socket(osp__handled *object)
{
    struct websocket *socket = OSP_CONTAINER(object, struct websocket, handled);
    for (struct message *next; socket->first != NULL; socket->first = next) {
        next = socket->first->next;
        free_message(socket->first);
    }
    osp__ws_connection_dispose(NULL, &socket->connection);
    osp__ws_wait_dispose(&socket->handler_wait);
    pthread_mutex_destroy(&socket->lock);
    osp_drop(socket->handler_env);
    osp__release(socket);
}

static struct websocket *get_socket(int64_t id, char **error)
{
    osp__handled *object = osp__handle_get(&sockets, id);
    if (object == NULL)
        osp__set_error(error, "websocket: no open connection with id %lld", (long long)id);
    return object != NULL ? OSP_CONTAINER(object, struct websocket, handled) : NULL;
}

static void drop_socket(struct websocket *socket)
{
    osp__handle_drop(&sockets, &socket->handled);
}

/* ---- the inbox ---- */

static bool deliver(osp__ws_connection *connection, const uint8_t *bytes, size_t length, bool is_text)
{
    struct websocket *socket = OSP_CONTAINER(connection, struct websocket, connection);
    struct message *message = osp__alloc(sizeof *message);
    char *data = osp_string_new(length > 0 ? (const char *)bytes : "", length);
    if (message == NULL || data == NULL) {
        osp__release(message);
        osp_drop(data);
        return false;
    }
    *message = (struct message){NULL, socket, data, is_text};
    pthread_mutex_lock(&socket->lock);
    if (socket->first == NULL)
        socket->first = message;
    else
        socket->last->next = message;
    socket->last = message;
    socket->messages++;
    socket->bytes += length;
    pthread_mutex_unlock(&socket->lock);
    osp__ws_wait_nudge(&socket->handler_wait);
    return true;
}

/* With the lock held. */
static bool has_room(const struct websocket *socket)
{
    return socket->messages < INBOX_MESSAGES && socket->bytes < INBOX_BYTES;
}

static bool inbox_has_room(osp__ws_connection *connection)
{
    struct websocket *socket = OSP_CONTAINER(connection, struct websocket, connection);
    pthread_mutex_lock(&socket->lock);
    bool room = has_room(socket);
    pthread_mutex_unlock(&socket->lock);
    return room;
}

/* The next message, or NULL; then *finished tells whether any can still come. */
static struct message *take_message(struct websocket *socket, bool *finished)
{
    pthread_mutex_lock(&socket->lock);
    bool was_full = !has_room(socket);
    struct message *message = socket->first;
    if (message != NULL) {
        socket->first = message->next;
        socket->messages--;
        socket->bytes -= osp__length(message->data);
    }
    *finished = socket->finished;
    bool reopened = was_full && has_room(socket);
    pthread_mutex_unlock(&socket->lock);
    if (reopened)
        osp__ws_wait_nudge(&socket->connection.wait);
    return message;
}

static void finish_inbox(struct websocket *socket)
{
    pthread_mutex_lock(&socket->lock);
    socket->finished = true;
    pthread_mutex_unlock(&socket->lock);
    osp__ws_wait_nudge(&socket->handler_wait);
}

/* ---- the two fibers ---- */

static void release_message(struct message **message)
{
    free_message(*message);
}

static void call_handler(osp_ctx *ctx, struct websocket *socket, struct message *taken)
{
    /* Given up also when the handler ends the fiber. */
    __attribute__((cleanup(release_message))) struct message *message = taken;
    socket->handler(ctx, socket->handler_env, message);
}

static void run_handler(osp_ctx *ctx, void *env, void *argument)
{
    (void)env;
    struct websocket *socket = argument;
    __atomic_store_n(&socket->handler_fiber, ctx->fiber, __ATOMIC_RELEASE);
    osp__ws_wait_begin(ctx, &socket->handler_wait);
    for (;;) {
        bool finished;
        struct message *message = take_message(socket, &finished);
        if (message != NULL)
            call_handler(ctx, socket, message);
        else if (finished)
            break;
        else
            (void)osp__ws_wait_for(ctx, &socket->handler_wait, -1, 0, OSP_NO_DEADLINE);
    }
    osp__ws_wait_end(ctx, &socket->handler_wait);
}

/* Runs on the worker's stack. Its wait, should the handler have failed, may have a nudge on its way: the reading
 * fiber, which outlives it then, is told to close, and the object is let go of by a piece of work behind that nudge. */
struct farewell {
    struct osp__work work;
    struct websocket *socket;
};

static void say_farewell(struct osp__work *work, struct osp_worker *worker)
{
    struct farewell *farewell = OSP_CONTAINER(work, struct farewell, work);
    struct websocket *socket = farewell->socket;
    pthread_mutex_lock(&socket->handler_wait.lock);
    bool pending = socket->handler_wait.pending;
    socket->handler_wait.worker = NULL;
    pthread_mutex_unlock(&socket->handler_wait.lock);
    if (pending) {
        osp__worker_submit(worker, work);
        return;
    }
    osp__release(farewell);
    drop_socket(socket);
}

static void handler_finished(struct osp_fiber *fiber)
{
    struct websocket *socket = fiber->owner;
    char *failure = fiber->failure;
    struct osp_worker *worker = fiber->ctx.worker;
    __atomic_store_n(&socket->handler_fiber, NULL, __ATOMIC_RELEASE);
    osp__fiber_release(fiber);
    if (failure == NULL) {
        drop_socket(socket);
        return;
    }
    osp__diagnose("%s", failure);
    osp_drop(failure);
    osp__ws_close_begin(&socket->connection, OSP_WS_INTERNAL_ERROR, "the handler failed", false);
    struct farewell *farewell = osp__alloc(sizeof *farewell);
    if (farewell == NULL)
        return; /* the object is lost; memory was exhausted anyway */
    *farewell = (struct farewell){.work = {.run = say_farewell}, .socket = socket};
    osp__worker_submit(worker, &farewell->work);
}

static void run_socket(osp_ctx *ctx, void *env, void *argument)
{
    (void)env;
    struct websocket *socket = argument;
    osp__ws_wait_begin(ctx, &socket->connection.wait);
    osp__ws_run(ctx, &socket->connection);
    if (osp__handle_remove(&sockets, socket->id) != NULL)
        drop_socket(socket);
    /* The peer learns now that this is the end, however long the handler still takes. */
    osp__client_connection_close(ctx, socket->connection.stream);
    socket->connection.stream = NULL;
    socket->connection.fd = -1;
    finish_inbox(socket);
    osp__ws_wait_end(ctx, &socket->connection.wait);
}

static void socket_finished(struct osp_fiber *fiber)
{
    struct websocket *socket = fiber->owner;
    osp_drop(fiber->failure);
    osp__fiber_release(fiber);
    drop_socket(socket);
}

/* ---- the opening handshake (RFC 6455 section 4.1) ---- */

struct handshake {
    const osp_crypto *crypto;
    char key[OSP_WS_KEY_LENGTH + 1], accept[OSP_WS_ACCEPT_LENGTH + 1];
    bool done;
};

static void make_key(void *argument)
{
    struct handshake *handshake = argument;
    uint8_t nonce[16];
    handshake->done = handshake->crypto->random(nonce, sizeof nonce) &&
                      handshake->crypto->base64(nonce, sizeof nonce, handshake->key) == OSP_WS_KEY_LENGTH &&
                      osp_ws_accept_value(handshake->crypto, handshake->key, handshake->accept);
}

/* NULL if the response accepts, else what is wrong with it. */
static const char *judge(const osp__exchange *exchange, const struct handshake *handshake)
{
    osp_http_field field;
    const char *headers = exchange->headers;
    size_t length = exchange->headers_length;
    if (!osp_http_header_has_token(headers, length, "Upgrade", "websocket"))
        return "the response has no Upgrade: websocket";
    if (!osp_http_header_has_token(headers, length, "Connection", "upgrade"))
        return "the response has no Connection: Upgrade";
    static const char accept[] = "Sec-WebSocket-Accept";
    if (osp_http_header_find(headers, length, accept, sizeof accept - 1, &field) != 1 ||
        field.value_length != OSP_WS_ACCEPT_LENGTH ||
        !handshake->crypto->equal(field.value, handshake->accept, OSP_WS_ACCEPT_LENGTH))
        return "the response does not answer the key";
    static const char extensions[] = "Sec-WebSocket-Extensions", protocol[] = "Sec-WebSocket-Protocol";
    if (osp_http_header_find(headers, length, extensions, sizeof extensions - 1, &field) != 0)
        return "the server chose an extension that was not offered";
    if (osp_http_header_find(headers, length, protocol, sizeof protocol - 1, &field) != 0)
        return "the server chose a subprotocol that was not offered";
    return NULL;
}

static bool check_response(const osp__exchange *exchange, const struct handshake *handshake, char **error)
{
    const char *wrong = judge(exchange, handshake);
    if (exchange->head.status != 101)
        osp__set_error(error, "websocket: %s: the server answered %d instead of 101", exchange->authority,
                       exchange->head.status);
    else if (wrong != NULL)
        osp__set_error(error, "websocket: %s: %s", exchange->authority, wrong);
    else if (exchange->end - exchange->start > OSP_WS_INPUT_BYTES)
        osp__set_error(error, "websocket: %s: too much behind the handshake", exchange->authority);
    else
        return true;
    return false;
}

static char *compose(const osp_url *url, const struct handshake *handshake)
{
    char *request = NULL;
    osp__set_error(&request,
                   "GET %s%.*s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                   url->path_length == 0 || url->path[0] != '/' ? "/" : "", (int)url->path_length, url->path,
                   (int)url->authority_length, url->authority, handshake->key);
    return request;
}

/* Connects and shakes hands. True with the connection, and what was read behind the handshake, in `socket`. */
static bool open_socket(osp_ctx *ctx, struct websocket *socket, const osp_url *url, const osp__endpoint *endpoint,
                        char **error)
{
    const char *why = "no random numbers";
    int64_t deadline = osp__now_ns() + CONNECT_MS * 1000000;
    struct handshake handshake = {.crypto = osp__crypto(ctx, &why)};
    if (handshake.crypto != NULL)
        osp_call_on_system_stack(ctx, make_key, &handshake);
    if (!handshake.done) {
        osp__set_error(error, "websocket: %s", why);
        return false;
    }
    osp__exchange exchange = {.authority = endpoint->authority, .timeout_ms = CONNECT_MS};
    exchange.connection = osp__client_connection_open(ctx, endpoint, deadline, CONNECT_MS, error);
    if (exchange.connection == NULL)
        return false;
    char *request = compose(url, &handshake);
    bool accepted = osp__exchange_begin(ctx, &exchange, request, osp__length(request), "", 0, false, deadline, error) ==
                        OSP__EXCHANGE_DONE &&
                    check_response(&exchange, &handshake, error);
    osp_drop(request);
    if (accepted) {
        osp__ws_connection *connection = &socket->connection;
        connection->stream = exchange.connection;
        connection->fd = exchange.connection->fd;
        connection->end = exchange.end - exchange.start;
        memcpy(connection->input, exchange.buffer + exchange.start, connection->end);
        exchange.connection = NULL;
    }
    osp__exchange_dispose(ctx, &exchange);
    return accepted;
}

/* ---- the functions of the language ---- */

static struct websocket *new_socket(void)
{
    struct websocket *socket = osp__alloc_zeroed(sizeof *socket);
    if (socket == NULL)
        return NULL;
    osp__ws_connection_init(&socket->connection);
    socket->connection.is_client = true;
    socket->connection.deliver = deliver;
    socket->connection.may_read = inbox_has_room;
    osp__ws_wait_init(&socket->handler_wait);
    pthread_mutex_init(&socket->lock, NULL);
    return socket;
}

static bool open_url(osp_ctx *ctx, struct websocket *socket, const char *text, char **error)
{
    osp_url url;
    char *host, *authority;
    const char *wrong = osp_url_parse(&url, text, osp__length(text));
    if (wrong == NULL && !url.websocket)
        wrong = "expected ws:// or wss://";
    if (wrong != NULL) {
        osp__set_error(error, "websocket: invalid URL: %s", wrong);
        return false;
    }
    host = osp_string_new(url.host, url.host_length);
    authority = osp_string_new(url.authority, url.authority_length);
    bool opened = false;
    if (host == NULL || authority == NULL) {
        osp__set_error(error, "websocket: out of memory");
    } else {
        osp__endpoint endpoint = {host, authority, url.port, url.secure, url.host_is_ipv6};
        opened = open_socket(ctx, socket, &url, &endpoint, error);
    }
    osp_drop(host);
    osp_drop(authority);
    return opened;
}

/* Starts the fibers; takes over the caller's reference. Returns the id, 0 when memory runs out. */
static int64_t start(struct websocket *socket)
{
    int64_t id = socket->id = osp__handle_add(&sockets, &socket->handled);
    if (id == 0) {
        free_socket(&socket->handled);
        return 0;
    }
    (void)osp__handle_get(&sockets, id); /* of each fiber */
    (void)osp__handle_get(&sockets, id);
    if (osp__runtime_launch(run_socket, NULL, socket, socket_finished, socket, false) != 0) {
        (void)osp__handle_remove(&sockets, id);
        drop_socket(socket);
        drop_socket(socket);
        drop_socket(socket);
        return 0;
    }
    if (osp__runtime_launch(run_handler, NULL, socket, handler_finished, socket, false) != 0) {
        osp__ws_close_begin(&socket->connection, OSP_WS_INTERNAL_ERROR, "out of memory", false);
        drop_socket(socket);
        return 0;
    }
    return id;
}

OSP_API int64_t osp_websocket_connect(osp_ctx *ctx, char *url, osp_thunk handler, void *handler_env, char **error)
{
    int status = osp__runtime_ensure();
    struct websocket *socket = status == 0 ? new_socket() : NULL;
    if (socket == NULL) {
        osp__set_error(error, "websocket: %s", status != 0 ? osp__runtime_problem(status) : "out of memory");
        osp_drop(handler_env);
        return 0;
    }
    osp_mark_shared(handler_env);
    socket->handler = handler;
    socket->handler_env = handler_env;
    if (!open_url(ctx, socket, url, error)) {
        free_socket(&socket->handled);
        return 0;
    }
    int64_t id = start(socket);
    if (id == 0)
        osp__set_error(error, "websocket: out of memory");
    return id;
}

/* Waits while the queue is full, for some time. */
static osp__ws_queued enqueue_patiently(osp_ctx *ctx, struct websocket *socket, osp__ws_frame *frame)
{
    int64_t until = osp__now_ns() + SEND_PATIENCE_NS;
    osp__ws_queued outcome;
    for (int64_t pause_ms = 1; (outcome = osp__ws_enqueue(&socket->connection, frame)) == OSP__WS_FULL;
         pause_ms += pause_ms < 10) {
        if (osp__now_ns() >= until)
            break;
        osp_sleep(ctx, pause_ms);
    }
    return outcome;
}

OSP_API void osp_websocket_send(osp_ctx *ctx, int64_t id, char *message, char **error)
{
    uint8_t mask[4];
    osp_ws_utf8 check = {0};
    size_t length = osp__length(message);
    struct websocket *socket = get_socket(id, error);
    if (socket == NULL)
        return;
    osp__ws_frame *frame = NULL;
    osp__ws_queued outcome = OSP__WS_NO_MEMORY;
    bool is_text = osp_ws_utf8_feed(&check, (uint8_t *)message, length) && osp_ws_utf8_is_complete(&check);
    if (is_text && osp__ws_random(ctx, mask, sizeof mask))
        frame = osp__ws_frame_new(OSP_WS_TEXT, message, length, mask);
    if (frame != NULL)
        outcome = enqueue_patiently(ctx, socket, frame);
    osp__ws_frame_release(frame);
    drop_socket(socket);
    if (!is_text)
        osp__set_error(error, "websocket: the message is not UTF-8");
    else if (outcome != OSP__WS_QUEUED)
        osp__set_error(error, "websocket: %s",
                       outcome == OSP__WS_FULL     ? "the server is too slow"
                       : outcome == OSP__WS_CLOSED ? "the connection is closed"
                                                   : "out of memory");
}

OSP_API void osp_websocket_close(osp_ctx *ctx, int64_t id, char **error)
{
    struct websocket *socket = get_socket(id, error);
    if (socket == NULL)
        return;
    osp__ws_close_begin(&socket->connection, OSP_WS_NORMAL, "", false);
    int64_t until = osp__now_ns() + CLOSE_PATIENCE_NS;
    bool finished = false;
    for (int64_t pause_ms = 1; !finished && osp__now_ns() < until; pause_ms += pause_ms < 10) {
        pthread_mutex_lock(&socket->lock);
        finished = socket->finished;
        pthread_mutex_unlock(&socket->lock);
        if (!finished)
            osp_sleep(ctx, pause_ms);
    }
    drop_socket(socket);
}

/* ---- messages, for the handler's thunk ---- */

OSP_API char *osp_websocket_message_data(osp_ctx *ctx, void *message)
{
    (void)ctx;
    char *data = ((struct message *)message)->data;
    osp_dup(data);
    return data;
}

OSP_API bool osp_websocket_message_is_text(osp_ctx *ctx, void *message)
{
    (void)ctx;
    return ((struct message *)message)->is_text;
}

OSP_API void osp_websocket_message_fail(osp_ctx *ctx, void *message, char *reason)
{
    (void)ctx;
    osp__ws_close_begin(&((struct message *)message)->socket->connection, OSP_WS_INTERNAL_ERROR, reason, false);
}
