/*
 * The WebSocket servers of the language: describing, configuring, listening, stopping. What is sent to their
 * connections is in server_send.c, the connections are in peer.c.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../crypto/crypto_load.h"
#include "../deflate/deflate_load.h"
#include "../http/header.h"
#include "../http/listen_socket.h"
#include "../http/url.h"
#include "../mem/string.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "error_message.h"
#include "peer.h"

#define SECOND INT64_C(1000000000)
#define STOP_PATIENCE_NS (6 * SECOND)

enum { MESSAGE_BYTES = 16 << 20, QUEUE_BYTES = 4 << 20, PING_SECONDS = 30, MOST_BYTES = 1 << 30 };

static void free_server(osp__handled *object);
static osp__handle_table servers = OSP__HANDLE_TABLE(free_server);

static pthread_mutex_t listening_lock = PTHREAD_MUTEX_INITIALIZER;
static osp__ws_server *listening; /* with listening_lock held */

/* ---- the object ---- */

static void free_names(osp_ws_admission *admission)
{
    osp__release((void *)admission->origins);
    osp__release((void *)admission->subprotocols);
}

static void free_shards(osp__ws_server *server)
{
    for (int i = 0; server->shards != NULL && i < osp__runtime.worker_count; i++)
        pthread_mutex_destroy(&server->shards[i].lock);
    osp__release(server->shards);
    osp__release(server->watches);
    server->shards = NULL;
    server->watches = NULL;
}

static void free_server(osp__handled *object)
{
    osp__ws_server *server = OSP_CONTAINER(object, osp__ws_server, handled);
    osp_drop(server->address);
    osp_drop(server->path);
    osp__identity_release(server->identity);
    free_names(&server->admission);
    osp_drop(server->origins);
    osp_drop(server->subprotocols);
    for (int kind = 0; kind < OSP_WS_HANDLERS; kind++)
        osp__ws_handler_drop(server->handlers[kind]);
    osp__address_table_dispose(&server->addresses);
    free_shards(server);
    pthread_mutex_destroy(&server->lock);
    osp__release(server);
}

osp__ws_server *osp__ws_server_get(int64_t id)
{
    osp__handled *object = osp__handle_get(&servers, id);
    return object != NULL ? OSP_CONTAINER(object, osp__ws_server, handled) : NULL;
}

void osp__ws_server_hold(osp__ws_server *server)
{
    osp__handle_hold(&servers, &server->handled);
}

void osp__ws_server_drop(osp__ws_server *server)
{
    osp__handle_drop(&servers, &server->handled);
}

static bool change_state(osp__ws_server *server, int from, int to)
{
    return __atomic_compare_exchange_n(&server->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* ---- handlers ---- */

void osp__ws_handler_drop(osp__ws_handler *handler)
{
    if (handler == NULL || __atomic_sub_fetch(&handler->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    osp_drop(handler->env);
    osp__release(handler);
}

osp__ws_handler *osp__ws_server_handler(osp__ws_server *server, osp__ws_handler_kind kind)
{
    pthread_mutex_lock(&server->lock);
    osp__ws_handler *handler = server->handlers[kind];
    if (handler != NULL)
        __atomic_add_fetch(&handler->references, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&server->lock);
    return handler;
}

bool osp__ws_server_handles(osp__ws_server *server, osp__ws_handler_kind kind)
{
    return __atomic_load_n(&server->handlers[kind], __ATOMIC_ACQUIRE) != NULL;
}

/* Takes over one count of env. */
static void set_handler(int64_t id, osp__ws_handler_kind kind, osp_thunk code, void *env, char **error)
{
    osp__ws_server *server = osp__ws_server_get(id);
    osp__ws_handler *handler = server != NULL ? osp__alloc(sizeof *handler) : NULL;
    if (handler == NULL) {
        osp__set_error(error, server == NULL ? "websocket: there is no server with id %lld" : "websocket: out of memory",
                       (long long)id);
        osp_drop(env);
    } else {
        osp_mark_shared(env);
        *handler = (osp__ws_handler){1, code, env};
        pthread_mutex_lock(&server->lock);
        osp__ws_handler *before = server->handlers[kind];
        __atomic_store_n(&server->handlers[kind], handler, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&server->lock);
        osp__ws_handler_drop(before);
    }
    if (server != NULL)
        osp__ws_server_drop(server);
}

OSP_API void osp_websocket_on_open(osp_ctx *ctx, int64_t id, osp_thunk code, void *env, char **error)
{
    (void)ctx;
    set_handler(id, OSP_WS_ON_OPEN, code, env, error);
}

OSP_API void osp_websocket_on_message(osp_ctx *ctx, int64_t id, osp_thunk code, void *env, char **error)
{
    (void)ctx;
    set_handler(id, OSP_WS_ON_TEXT_OR_BINARY, code, env, error);
}

OSP_API void osp_websocket_on_close(osp_ctx *ctx, int64_t id, osp_thunk code, void *env, char **error)
{
    (void)ctx;
    set_handler(id, OSP_WS_ON_CLOSED, code, env, error);
}

/* ---- creating ---- */

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
    osp__ws_server *server = osp__alloc_zeroed(sizeof *server);
    if (server == NULL)
        osp__runtime_out_of_memory();
    pthread_mutex_init(&server->lock, NULL);
    server->port = port;
    server->address = osp_string_new(address, osp__length(address));
    server->path = osp_string_new(path, osp__length(path));
    if (server->address == NULL || server->path == NULL)
        osp__runtime_out_of_memory();
    server->admission.path = (osp_ws_name){server->path, osp__length(server->path)};
    server->limits = (osp__ws_limits){.rules = {.message_bytes = MESSAGE_BYTES, .frame_bytes = MESSAGE_BYTES},
                                      .queue_bytes = QUEUE_BYTES,
                                      .ping_ns = PING_SECONDS * SECOND};
    server->id = osp__handle_add(&servers, &server->handled);
    if (server->id == 0)
        osp__runtime_out_of_memory();
    return server->id;
}

OSP_API int64_t osp_websocket_create_server_tls(osp_ctx *ctx, int64_t port, char *address, char *path,
                                                char *certificate_file, char *key_file)
{
    char *why = NULL;
    int64_t id = osp_websocket_create_server(ctx, port, address, path);
    if (id < 0)
        return id;
    osp__ws_server *server = osp__ws_server_get(id);
    server->identity = osp__identity_load(ctx, certificate_file, key_file, &why);
    if (server->identity == NULL) {
        osp__ws_explain(OSP_WS_ERROR_CERTIFICATE, why);
        osp_drop(why);
        if (osp__handle_remove(&servers, id) != NULL)
            osp__ws_server_drop(server);
        id = OSP_WS_ERROR_CERTIFICATE;
    }
    osp__ws_server_drop(server);
    return id;
}

/* ---- configuring ---- */

/* The strings of a list as names; false when memory runs out. */
static bool names_of(void *list, const osp_ws_name **names, size_t *count)
{
    size_t length = (size_t)osp_list_length(NULL, list);
    osp_ws_name *made = length > 0 ? osp__alloc(length * sizeof *made) : NULL;
    for (size_t i = 0; made != NULL && i < length; i++) {
        char *text = (char *)(uintptr_t)osp_list_get_unchecked(NULL, list, (int64_t)i);
        made[i] = (osp_ws_name){text, osp__length(text)};
        osp_drop(text); /* the list keeps it alive */
    }
    *names = made;
    *count = made != NULL ? length : 0;
    return made != NULL || length == 0;
}

static const char *check_names(const osp_ws_admission *admission)
{
    for (size_t i = 0; i < admission->subprotocol_count; i++)
        if (!osp_http_is_token(admission->subprotocols[i].bytes, admission->subprotocols[i].length) ||
            admission->subprotocols[i].length > 256)
            return "subprotocols: the name of a subprotocol is a token of at most 256 characters";
    for (size_t i = 0; i < admission->origin_count; i++) {
        const osp_ws_name *origin = &admission->origins[i];
        bool is_null = origin->length == 4 && memcmp(origin->bytes, "null", 4) == 0;
        if (origin->length > 0 && !is_null && memmem(origin->bytes, origin->length, "://", 3) == NULL)
            return "origins: an origin looks like https://example.org, without a path";
        if (origin->length > 0 && origin->bytes[origin->length - 1] == '/')
            return "origins: an origin looks like https://example.org, without a path";
    }
    return NULL;
}

static const char *check_numbers(int64_t message, int64_t frame, int64_t queue, int64_t ping_seconds,
                                 const osp__ws_limits *limits)
{
    if (message < 1 || message > MOST_BYTES)
        return "maxMessageBytes: from 1 to 2^30";
    if (frame < 1 || frame > MOST_BYTES)
        return "maxFrameBytes: from 1 to 2^30";
    if (queue < 1 || queue > MOST_BYTES)
        return "maxQueueBytes: from 1 to 2^30";
    if (ping_seconds < 0 || ping_seconds > 86400)
        return "pingSeconds: from 0 (never) to 86400";
    if (limits->connections < 0 || limits->per_address < 0)
        return "maxConnections, maxPerAddress: not negative; 0 is no limit of their own";
    if (limits->handshakes_per_second < 0 || limits->handshakes_per_second > 1000000 || limits->messages_per_second < 0 ||
        limits->messages_per_second > 1000000)
        return "handshakesPerSecond, messagesPerSecond: from 0 (any number) to 1000000";
    return NULL;
}

/* What is asked for replaces what was there; only before the server listens. */
static void adopt(osp__ws_server *server, const osp__ws_limits *limits, const osp_ws_admission *admission,
                  const osp_deflate *deflate, void *origins, void *subprotocols)
{
    free_names(&server->admission);
    osp_drop(server->origins);
    osp_drop(server->subprotocols);
    osp_dup(origins);
    osp_dup(subprotocols);
    server->origins = origins;
    server->subprotocols = subprotocols;
    server->limits = *limits;
    server->deflate = deflate;
    server->admission = *admission;
}

OSP_API void osp_websocket_configure(osp_ctx *ctx, int64_t id, void *origins, void *subprotocols,
                                     int64_t max_message_bytes, int64_t max_frame_bytes, int64_t max_queue_bytes,
                                     int64_t max_connections, int64_t max_per_address, int64_t handshakes_per_second,
                                     int64_t messages_per_second, int64_t ping_seconds, bool deflate, char **error)
{
    const char *wrong = NULL;
    osp__ws_server *server = osp__ws_server_get(id);
    if (server == NULL) {
        osp__set_error(error, "websocket: there is no server with id %lld", (long long)id);
        return;
    }
    osp__ws_limits limits = {.rules = {.message_bytes = (size_t)max_message_bytes, .frame_bytes = (uint64_t)max_frame_bytes},
                             .queue_bytes = (size_t)max_queue_bytes,
                             .connections = max_connections,
                             .per_address = max_per_address,
                             .handshakes_per_second = handshakes_per_second,
                             .messages_per_second = messages_per_second,
                             .ping_ns = ping_seconds * SECOND};
    wrong = check_numbers(max_message_bytes, max_frame_bytes, max_queue_bytes, ping_seconds, &limits);
    osp_ws_admission admission = {.path = server->admission.path, .deflate = deflate};
    osp_mark_shared(origins); /* the workers read them */
    osp_mark_shared(subprotocols);
    if (wrong == NULL && (!names_of(origins, &admission.origins, &admission.origin_count) ||
                          !names_of(subprotocols, &admission.subprotocols, &admission.subprotocol_count)))
        wrong = "out of memory";
    if (wrong == NULL)
        wrong = check_names(&admission);
    const osp_deflate *table = wrong == NULL && deflate ? osp__deflate(ctx, &wrong) : NULL;
    if (wrong == NULL && osp__ws_server_state_of(server) != OSP_WS_CREATED)
        wrong = "the server listens already";
    if (wrong == NULL) {
        adopt(server, &limits, &admission, table, origins, subprotocols);
    } else {
        free_names(&admission);
        osp__set_error(error, "websocket: %s", wrong);
    }
    osp__ws_server_drop(server);
}

/* ---- stopping ---- */

static void leave_listening(osp__ws_server *server)
{
    pthread_mutex_lock(&listening_lock);
    osp__ws_server **link = &listening;
    while (*link != NULL && *link != server)
        link = &(*link)->next;
    if (*link != NULL)
        *link = server->next;
    pthread_mutex_unlock(&listening_lock);
}

static bool port_is_free(osp__ws_server *server)
{
    return __atomic_load_n(&server->acceptor.fd, __ATOMIC_SEQ_CST) < 0;
}

/* The socket is closed and the last peer has gone: the server is no more. */
static void finish_if_quiet(osp__ws_server *server)
{
    if (!port_is_free(server) || __atomic_load_n(&server->connections, __ATOMIC_SEQ_CST) != 0)
        return;
    if (!change_state(server, OSP_WS_STOPPING, OSP_WS_STOPPED))
        return;
    leave_listening(server);
    if (osp__handle_remove(&servers, server->id) != NULL)
        osp__ws_server_drop(server);
    osp__ws_server_drop(server); /* of the listening */
    osp__runtime_service(-1);
}

void osp__ws_server_peer_finished(osp__ws_server *server)
{
    __atomic_sub_fetch(&server->connections, 1, __ATOMIC_SEQ_CST);
    if (osp__ws_server_state_of(server) == OSP_WS_STOPPING)
        finish_if_quiet(server);
}

static osp__ws_server *server_of(struct osp__acceptor *acceptor)
{
    return OSP_CONTAINER(acceptor, osp__ws_server, acceptor);
}

static void on_stopped(struct osp__acceptor *acceptor, struct osp_worker *worker, bool last)
{
    osp__ws_server *server = server_of(acceptor);
    osp__ws_shard *shard = &server->shards[worker->index];
    /* Peers of this worker come and go on this thread only, so that the list needs no lock to be read; but a peer that
     * is told may leave it. */
    for (osp__ws_peer *peer = shard->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        osp__ws_peer_stop(peer);
    }
    if (last)
        finish_if_quiet(server);
    osp__ws_server_drop(server);
}

/* Asks every worker; false when the server was not listening (any more). */
static bool begin_stop(osp__ws_server *server)
{
    if (!change_state(server, OSP_WS_LISTENING, OSP_WS_STOPPING))
        return false;
    for (int i = 0; i < osp__runtime.worker_count; i++)
        osp__ws_server_hold(server); /* of each on_stopped */
    osp__acceptor_stop(&server->acceptor);
    return true;
}

static bool is_quiet(osp__ws_server *server)
{
    return osp__ws_server_state_of(server) == OSP_WS_STOPPED ||
           (port_is_free(server) && __atomic_load_n(&server->connections, __ATOMIC_SEQ_CST) <=
                                        __atomic_load_n(&server->stoppers, __ATOMIC_SEQ_CST));
}

OSP_API int64_t osp_websocket_stop_server(osp_ctx *ctx, int64_t id)
{
    osp__ws_server *server = osp__ws_server_get(id);
    if (server == NULL)
        return OSP_WS_ERROR_ID;
    if (change_state(server, OSP_WS_CREATED, OSP_WS_STOPPED)) {
        if (osp__handle_remove(&servers, id) != NULL)
            osp__ws_server_drop(server);
    } else {
        bool own = osp__ws_handles_for(ctx, server);
        if (own)
            __atomic_add_fetch(&server->stoppers, 1, __ATOMIC_SEQ_CST);
        (void)begin_stop(server);
        int64_t until = osp__now_ns() + STOP_PATIENCE_NS;
        for (int64_t pause_ms = 1; !is_quiet(server) && osp__now_ns() < until; pause_ms += pause_ms < 10)
            osp_sleep(ctx, pause_ms);
        if (own)
            __atomic_sub_fetch(&server->stoppers, 1, __ATOMIC_SEQ_CST);
    }
    osp__ws_server_drop(server);
    return 0;
}

/* For the end of the program: every server stops; nobody waits here. */
static void drain_all(void)
{
    pthread_mutex_lock(&listening_lock);
    for (osp__ws_server *server = listening; server != NULL; server = server->next)
        (void)begin_stop(server);
    pthread_mutex_unlock(&listening_lock);
}

/* ---- listening ---- */

static bool on_accepted(struct osp__acceptor *acceptor, int fd, struct osp_worker *worker)
{
    osp__ws_server *server = server_of(acceptor);
    int64_t most = server->limits.connections;
    bool room = __atomic_add_fetch(&server->connections, 1, __ATOMIC_SEQ_CST) <= most || most == 0;
    osp__ws_peer *peer = room ? osp__ws_peer_new(server, fd, worker) : NULL;
    if (peer == NULL) {
        osp__ws_server_peer_finished(server);
        return false;
    }
    if (worker == osp__worker_self())
        osp__ws_peer_start(&peer->work, worker);
    else
        osp__worker_submit(worker, &peer->work);
    return true;
}

/* What the workers need; false when memory runs out. */
static bool prepare(osp__ws_server *server, int fd)
{
    size_t workers = (size_t)osp__runtime.worker_count;
    server->shards = osp__alloc_zeroed(workers * sizeof *server->shards);
    server->watches = osp__alloc_zeroed(workers * sizeof *server->watches);
    if (server->shards == NULL || server->watches == NULL) {
        osp__release(server->shards);
        osp__release(server->watches);
        server->shards = NULL;
        server->watches = NULL;
        return false;
    }
    for (size_t i = 0; i < workers; i++)
        pthread_mutex_init(&server->shards[i].lock, NULL);
    server->acceptor.accepted = on_accepted;
    server->acceptor.stopped = on_stopped;
    osp__acceptor_init(&server->acceptor, fd, server->watches);
    return true;
}

static int64_t start(osp__ws_server *server, int fd)
{
    if (!prepare(server, fd)) {
        osp__close(fd);
        __atomic_store_n(&server->state, OSP_WS_CREATED, __ATOMIC_SEQ_CST);
        osp__ws_explain(OSP_WS_ERROR_START, "out of memory");
        return OSP_WS_ERROR_START;
    }
    osp__runtime_on_drain(drain_all);
    osp__trim_calls(osp__ws_release_buffers);
    osp__runtime_service(1);
    osp__ws_server_hold(server); /* of the listening */
    pthread_mutex_lock(&listening_lock);
    server->next = listening;
    listening = server;
    __atomic_store_n(&server->state, OSP_WS_LISTENING, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&listening_lock);
    int status = osp__acceptor_start(&server->acceptor);
    if (status == 0)
        return 0;
    osp__ws_explain(OSP_WS_ERROR_START, strerrordesc_np(-status));
    (void)begin_stop(server);
    return OSP_WS_ERROR_START;
}

static void make_seed(void *argument)
{
    osp__ws_server *server = argument;
    (void)server->crypto->random(&server->addresses.seed, sizeof server->addresses.seed);
}

/* OpenSSL, and a seed that nobody knows. False with *why. */
static bool prepare_crypto(osp_ctx *ctx, osp__ws_server *server, const char **why)
{
    server->crypto = osp__crypto(ctx, why);
    if (server->crypto == NULL)
        return false;
    osp_call_on_system_stack(ctx, make_seed, server);
    return true;
}

static int64_t bind_and_start(osp_ctx *ctx, osp__ws_server *server)
{
    static const int64_t codes[] = {[OSP__LISTEN_SOCKET] = OSP_WS_ERROR_SOCKET,
                                    [OSP__LISTEN_OPTIONS] = OSP_WS_ERROR_OPTIONS,
                                    [OSP__LISTEN_BIND] = OSP_WS_ERROR_BIND,
                                    [OSP__LISTEN_LISTEN] = OSP_WS_ERROR_LISTEN};
    enum osp__listen_stage stage = OSP__LISTEN_BIND;
    const char *why = "";
    if (!prepare_crypto(ctx, server, &why)) {
        osp__ws_explain(OSP_WS_ERROR_START, why);
        __atomic_store_n(&server->state, OSP_WS_CREATED, __ATOMIC_SEQ_CST);
        return OSP_WS_ERROR_START;
    }
    int fd = osp__listen_staged(ctx, server->port, server->address, &server->bound_port, &stage);
    if (fd >= 0)
        return start(server, fd);
    char text[256];
    snprintf(text, sizeof text, "%.100s port %lld: %s", server->address, (long long)server->port,
             fd == -EADDRINUSE ? "another process listens there" : strerrordesc_np(-fd));
    osp__ws_explain(codes[stage], text);
    __atomic_store_n(&server->state, OSP_WS_CREATED, __ATOMIC_SEQ_CST);
    return codes[stage];
}

OSP_API int64_t osp_websocket_server_listen(osp_ctx *ctx, int64_t id)
{
    osp__ws_server *server = osp__ws_server_get(id);
    if (server == NULL)
        return OSP_WS_ERROR_ID;
    int64_t result = OSP_WS_ERROR_ID;
    int status = osp__runtime_ensure();
    if (status != 0) {
        osp__ws_explain(OSP_WS_ERROR_START, osp__runtime_problem(status));
        result = OSP_WS_ERROR_START;
    } else if (change_state(server, OSP_WS_CREATED, OSP_WS_STARTING)) {
        result = bind_and_start(ctx, server);
    } else {
        osp__ws_explain(OSP_WS_ERROR_ID, "the server listens already, or has been stopped");
    }
    osp__ws_server_drop(server);
    return result;
}

OSP_API int64_t osp_websocket_server_port(osp_ctx *ctx, int64_t id)
{
    (void)ctx;
    osp__ws_server *server = osp__ws_server_get(id);
    if (server == NULL)
        return OSP_WS_ERROR_ID;
    int64_t port = osp__ws_server_state_of(server) == OSP_WS_LISTENING ? server->bound_port : OSP_WS_ERROR_NOT_LISTENING;
    osp__ws_server_drop(server);
    return port;
}
