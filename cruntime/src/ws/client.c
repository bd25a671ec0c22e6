/*
 * The WebSocket client of the language: its connections, sending, closing, and the handler of the program.
 *
 * Two fibers serve a connection: one reads and writes (client_connection.c), the other calls the handler with one message
 * after the other. Between them is a bounded inbox; when it is full, nothing more is read, and the server's own
 * queue fills. The object lives as long as one of them, the table of handles or a caller holds it.
 */
#include "../http/handle_table.h"
#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "client_handshake.h"
#include "event.h"

#define SEND_PATIENCE_NS (INT64_C(10) * 1000000000)
#define CLOSE_PATIENCE_NS (INT64_C(4) * 1000000000)

enum { INBOX_MESSAGES = 64, INBOX_BYTES = 1 << 20, MESSAGE_BYTES = 16 << 20, MESSAGE_BYTES_MAX = 1 << 30 };

struct websocket {
    osp__handled handled;
    osp__ws_connection connection;
    int64_t id;
    osp_thunk handler;
    void *handler_env; /* counted, shared */
    struct osp_fiber *handler_fiber; /* atomic: NULL unless it runs */
    osp__ws_wait handler_wait;
    pthread_mutex_t lock; /* of the fields below */
    osp__ws_event *first, *last;
    size_t messages, bytes;
    bool handling; /* a message has been taken and is not handled yet */
    bool finished; /* no more messages will come */
};

static void free_socket(osp__handled *object);
static osp__handle_table sockets = OSP__HANDLE_TABLE(free_socket);

/* ---- the object ---- */

static void free_socket(osp__handled *object)
{
    struct websocket *socket = OSP_CONTAINER(object, struct websocket, handled);
    for (osp__ws_event *next; socket->first != NULL; socket->first = next) {
        next = socket->first->next;
        osp__ws_event_free(socket->first);
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

/* The handler returned an Error. */
static void on_handler_error(osp__ws_event *event, const char *reason)
{
    struct websocket *socket = event->owner;
    osp__ws_close_begin(&socket->connection, OSP_WS_INTERNAL_ERROR, reason, false);
}

static bool deliver(osp__ws_connection *connection, const uint8_t *bytes, size_t length, bool is_text)
{
    struct websocket *socket = OSP_CONTAINER(connection, struct websocket, connection);
    osp__ws_event *message = osp__ws_event_new(bytes, length, is_text);
    if (message == NULL)
        return false;
    message->connection = socket->id;
    message->owner = socket;
    message->fail = on_handler_error;
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

static bool inbox_is_idle(osp__ws_connection *connection)
{
    struct websocket *socket = OSP_CONTAINER(connection, struct websocket, connection);
    pthread_mutex_lock(&socket->lock);
    bool idle = socket->first == NULL && !socket->handling;
    pthread_mutex_unlock(&socket->lock);
    return idle;
}

/* The next message, or NULL; then *finished tells whether any can still come. */
static osp__ws_event *take_message(struct websocket *socket, bool *finished)
{
    pthread_mutex_lock(&socket->lock);
    bool was_full = !has_room(socket);
    osp__ws_event *message = socket->first;
    bool rests = socket->handling && message == NULL;
    socket->handling = message != NULL;
    if (message != NULL) {
        socket->first = message->next;
        socket->messages--;
        socket->bytes -= osp__length(message->data);
    }
    *finished = socket->finished;
    bool reopened = was_full && has_room(socket);
    pthread_mutex_unlock(&socket->lock);
    if (reopened || rests)
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

static void release_event(osp__ws_event **event)
{
    osp__ws_event_free(*event);
}

static void call_handler(osp_ctx *ctx, struct websocket *socket, osp__ws_event *taken)
{
    /* Given up also when the handler ends the fiber. */
    __attribute__((cleanup(release_event))) osp__ws_event *message = taken;
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
        osp__ws_event *message = take_message(socket, &finished);
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

/* ---- the functions of the language ---- */

static struct websocket *new_socket(size_t message_bytes)
{
    struct websocket *socket = osp__alloc_zeroed(sizeof *socket);
    if (socket == NULL)
        return NULL;
    osp__ws_connection_init(&socket->connection, message_bytes);
    socket->connection.deliver = deliver;
    socket->connection.may_read = inbox_has_room;
    socket->connection.is_idle = inbox_is_idle;
    osp__ws_wait_init(&socket->handler_wait);
    pthread_mutex_init(&socket->lock, NULL);
    return socket;
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

static int64_t connect_with(osp_ctx *ctx, const char *url, const osp__ws_client_options *options, osp_thunk handler,
                            void *handler_env, char **error)
{
    int status = osp__runtime_ensure();
    bool sane = options->message_bytes > 0 && options->message_bytes <= MESSAGE_BYTES_MAX;
    struct websocket *socket = status == 0 && sane ? new_socket((size_t)options->message_bytes) : NULL;
    if (socket == NULL) {
        osp__set_error(error, "websocket: %s",
                       status != 0 ? osp__runtime_problem(status)
                       : !sane     ? "maxMessageBytes is out of range"
                                   : "out of memory");
        osp_drop(handler_env);
        return 0;
    }
    osp_mark_shared(handler_env);
    socket->handler = handler;
    socket->handler_env = handler_env;
    if (!osp__ws_client_open(ctx, &socket->connection, url, options, error)) {
        free_socket(&socket->handled);
        return 0;
    }
    int64_t id = start(socket);
    if (id == 0)
        osp__set_error(error, "websocket: out of memory");
    return id;
}

OSP_API int64_t osp_websocket_connect(osp_ctx *ctx, char *url, osp_thunk handler, void *handler_env, char **error)
{
    osp__ws_client_options options = {.message_bytes = MESSAGE_BYTES};
    return connect_with(ctx, url, &options, handler, handler_env, error);
}

OSP_API int64_t osp_websocket_connect_with(osp_ctx *ctx, char *url, void *subprotocols, char *headers,
                                           int64_t max_message_bytes, bool deflate, osp_thunk handler,
                                           void *handler_env, char **error)
{
    osp__ws_client_options options = {subprotocols, headers, max_message_bytes, deflate};
    return connect_with(ctx, url, &options, handler, handler_env, error);
}

/* Waits while the outbox is full, for some time. */
static osp__ws_queued enqueue_patiently(osp_ctx *ctx, struct websocket *socket, uint8_t opcode, const char *message)
{
    int64_t until = osp__now_ns() + SEND_PATIENCE_NS;
    osp__ws_queued outcome;
    for (int64_t pause_ms = 1; (outcome = osp__ws_enqueue(ctx, &socket->connection, opcode, message,
                                                          osp__length(message))) == OSP__WS_FULL;
         pause_ms += pause_ms < 10) {
        if (osp__now_ns() >= until)
            break;
        osp_sleep(ctx, pause_ms);
    }
    return outcome;
}

static void send_message(osp_ctx *ctx, int64_t id, uint8_t opcode, const char *message, char **error)
{
    struct websocket *socket = get_socket(id, error);
    if (socket == NULL)
        return;
    osp__ws_queued outcome = enqueue_patiently(ctx, socket, opcode, message);
    drop_socket(socket);
    if (outcome != OSP__WS_QUEUED)
        osp__set_error(error, "websocket: %s",
                       outcome == OSP__WS_FULL     ? "the server is too slow"
                       : outcome == OSP__WS_CLOSED ? "the connection is closed"
                                                   : "out of memory");
}

OSP_API void osp_websocket_send(osp_ctx *ctx, int64_t id, char *message, char **error)
{
    osp_ws_utf8 check = {0};
    if (osp_ws_utf8_feed(&check, (uint8_t *)message, osp__length(message)) && osp_ws_utf8_is_complete(&check))
        send_message(ctx, id, OSP_WS_TEXT, message, error);
    else
        osp__set_error(error, "websocket: the message is not UTF-8");
}

OSP_API void osp_websocket_send_binary(osp_ctx *ctx, int64_t id, char *message, char **error)
{
    send_message(ctx, id, OSP_WS_BINARY, message, error);
}

/* True once the connection has ended, if that happens before `until`. */
static bool wait_for_end(osp_ctx *ctx, struct websocket *socket, int64_t until)
{
    for (int64_t pause_ms = 1;; pause_ms += pause_ms < 10) {
        pthread_mutex_lock(&socket->lock);
        bool finished = socket->finished;
        pthread_mutex_unlock(&socket->lock);
        if (finished || osp__now_ns() >= until)
            return finished;
        osp_sleep(ctx, pause_ms);
    }
}

OSP_API void osp_websocket_close(osp_ctx *ctx, int64_t id, char **error)
{
    struct websocket *socket = get_socket(id, error);
    if (socket == NULL)
        return;
    osp__ws_close_begin(&socket->connection, OSP_WS_NORMAL, "", false);
    (void)wait_for_end(ctx, socket, osp__now_ns() + CLOSE_PATIENCE_NS);
    drop_socket(socket);
}

OSP_API int64_t osp_websocket_await_close(osp_ctx *ctx, int64_t id, char **error)
{
    struct websocket *socket = get_socket(id, error);
    if (socket == NULL)
        return 0;
    (void)wait_for_end(ctx, socket, OSP_NO_DEADLINE);
    pthread_mutex_lock(&socket->connection.lock);
    int64_t code = socket->connection.close_code;
    pthread_mutex_unlock(&socket->connection.lock);
    drop_socket(socket);
    return code;
}
