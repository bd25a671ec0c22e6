/* server.c - the table of servers; listening, accepting, stopping.
 *
 * Every worker watches the one listening socket (EPOLLEXCLUSIVE wakes one of them for a connection). A worker that has
 * many more connections than another hands a new one over. To stop, each worker is asked to forget the socket and to
 * close what is idle; the last to do so closes it, since before that some worker could still be in accept. */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "connection.h"
#include "job.h"
#include "listen_socket.h"

void osp_sleep(osp_ctx *ctx, int64_t ms);

#define ACCEPTS_PER_TURN 16
#define STOP_PATIENCE_NS ((int64_t)5000000000)

static struct {
    pthread_mutex_t lock;
    struct osp__server **servers; /* by id - 1; NULL once stopped */
    size_t count, capacity;
    int64_t connections;          /* atomic: of all servers */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the table --------------------------------------------------------------------------------------------------- */

struct osp__server *osp__server_find(int64_t id) {
    struct osp__server *server = NULL;
    pthread_mutex_lock(&table.lock);
    if (id > 0 && (uint64_t)id <= table.count) server = table.servers[id - 1];
    if (server != NULL) __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&table.lock);
    return server;
}

void osp__server_release(struct osp__server *server) {
    if (__atomic_sub_fetch(&server->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    if (server->fd >= 0) osp__close(server->fd);
    osp__job_queue_free(server->queue);
    osp__release(server);
}

static bool enter_into_table(struct osp__server *server) {
    pthread_mutex_lock(&table.lock);
    bool room = table.count < table.capacity;
    if (!room) {
        size_t capacity = table.capacity != 0 ? table.capacity * 2 : 8;
        struct osp__server **servers = osp__resize(table.servers, capacity * sizeof(struct osp__server *));
        if (servers != NULL) {
            table.servers = servers;
            table.capacity = capacity;
            room = true;
        }
    }
    if (room) {
        table.servers[table.count++] = server;
        server->id = (int64_t)table.count;
    }
    pthread_mutex_unlock(&table.lock);
    return room;
}

static void remove_from_table(struct osp__server *server) {
    pthread_mutex_lock(&table.lock);
    bool present = table.servers[server->id - 1] == server;
    table.servers[server->id - 1] = NULL;
    pthread_mutex_unlock(&table.lock);
    if (present) osp__server_release(server);
}

/* ---- what a worker keeps ----------------------------------------------------------------------------------------- */

static void on_tick(struct osp__timer *timer, struct osp_worker *worker) {
    struct osp__http_local *local = OSP_CONTAINER(timer, struct osp__http_local, tick);
    struct osp__deadline *deadline;
    while ((deadline = osp__wheel_next_due(&local->wheel, worker->now_ns)) != NULL)
        osp__connection_expired(OSP_CONTAINER(deadline, struct osp__connection, deadline));
    if (local->connections == NULL) return; /* a later connection starts the ticking again */
    timer->deadline_ns = worker->now_ns + OSP_WHEEL_TICK_NS;
    (void)osp__timer_arm(&worker->timers, timer); /* there is room: this timer has just been taken out */
}

struct osp__http_local *osp__http_local(struct osp_worker *worker) {
    struct osp__http_local *local = worker->http;
    if (local == NULL) {
        local = osp__alloc_zeroed(sizeof *local);
        if (local == NULL) return NULL;
        local->worker = worker;
        local->tick.fire = on_tick;
        local->reserve_fd = osp__open_null();
        local->date_second = -1;
        osp__wheel_init(&local->wheel, worker->now_ns);
        __atomic_store_n(&worker->http, local, __ATOMIC_RELEASE);
    }
    if (local->tick.place == 0) {
        local->tick.deadline_ns = worker->now_ns + OSP_WHEEL_TICK_NS;
        if (osp__timer_arm(&worker->timers, &local->tick) != 0) return NULL;
    }
    return local;
}

const char *osp__http_date(struct osp__http_local *local) {
    if (local->date_read_ns == local->worker->now_ns) return local->date;
    local->date_read_ns = local->worker->now_ns;
    int64_t second = osp__wall_ms() / 1000;
    if (second == local->date_second) return local->date;
    local->date_second = second;
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)second;
    struct tm utc;
    gmtime_r(&now, &utc);
    snprintf(local->date, sizeof local->date, "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n", days + 3 * utc.tm_wday,
             (unsigned)utc.tm_mday % 32u, months + 3 * utc.tm_mon, (unsigned)(utc.tm_year + 1900) % 10000u,
             (unsigned)utc.tm_hour % 24u, (unsigned)utc.tm_min % 60u, (unsigned)utc.tm_sec % 61u);
    return local->date;
}

/* ---- accepting --------------------------------------------------------------------------------------------------- */

static void turn_away(int fd) {
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n"
                               "Retry-After: 1\r\n\r\n";
    (void)osp__send(fd, busy, sizeof busy - 1);
    osp__close(fd);
}

/* Out of descriptors: the one held in reserve lets us take the connection at the head of the queue and tell it so,
 * which would otherwise keep waking us. */
static void accept_with_reserve(struct osp__listener *listener, struct osp__http_local *local) {
    if (local->reserve_fd < 0) return;
    osp__close(local->reserve_fd);
    int fd = osp__accept(listener->server->fd);
    if (fd >= 0) turn_away(fd);
    local->reserve_fd = osp__open_null();
}

static int64_t connections_of(struct osp_worker *worker) {
    struct osp__http_local *local = __atomic_load_n(&worker->http, __ATOMIC_ACQUIRE);
    return local != NULL ? __atomic_load_n(&local->connection_count, __ATOMIC_RELAXED) : 0;
}

static struct osp_worker *least_busy(struct osp_worker *own) {
    int64_t mine = connections_of(own), least = mine;
    struct osp_worker *choice = own;
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp_worker *worker = &osp__runtime.workers[i];
        int64_t count = connections_of(worker);
        if (count < least) {
            least = count;
            choice = worker;
        }
    }
    return mine - least > 1 + least / 8 ? choice : own;
}

static size_t connection_limit(void) {
    size_t limit = osp__runtime.descriptor_limit;
    return limit - (limit > 512 ? 128 : limit / 4);
}

static void take_connection(struct osp__listener *listener, int fd) {
    struct osp__connection *connection = NULL;
    if ((size_t)__atomic_load_n(&table.connections, __ATOMIC_RELAXED) < connection_limit())
        connection = osp__connection_new(listener->server, fd);
    if (connection == NULL) {
        turn_away(fd);
        return;
    }
    __atomic_add_fetch(&table.connections, 1, __ATOMIC_RELAXED);
    struct osp_worker *worker = least_busy(listener->worker);
    if (worker == listener->worker)
        osp__connection_start(&connection->work, worker);
    else
        osp__worker_submit(worker, &connection->work);
}

static void on_connection(struct osp__poller *poller, uint32_t events, struct osp_worker *worker) {
    (void)events;
    struct osp__listener *listener = OSP_CONTAINER(poller, struct osp__listener, poller);
    struct osp__http_local *local = osp__http_local(worker);
    if (local == NULL || osp__server_is_stopping(listener->server)) return;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = osp__accept(listener->server->fd);
        if (fd >= 0)
            take_connection(listener, fd);
        else if (fd == -EMFILE || fd == -ENFILE)
            accept_with_reserve(listener, local);
        else if (fd == -EAGAIN)
            return;
        /* Other errors belong to the one connection that has gone wrong (accept(2)): try the next. */
    }
}

/* ---- creating and listening -------------------------------------------------------------------------------------- */

OSP_API int64_t osp_http_create_server(osp_ctx *ctx, int64_t port, char *address, char **error) {
    int status = osp__runtime_ensure();
    if (status != 0) {
        osp__set_error(error, "cannot start the runtime: %s", osp__runtime_problem(status));
        return 0;
    }
    int bound_port, fd = osp__listen_socket(ctx, port, address, &bound_port, error);
    if (fd < 0) return 0;
    int workers = osp__runtime.worker_count;
    struct osp__server *server = osp__alloc_zeroed(sizeof *server + (size_t)workers * sizeof(struct osp__listener));
    if (server != NULL) {
        server->references = 1;
        server->fd = fd;
        server->port = bound_port;
        server->limits = (struct osp__http_limits){.head = osp_http_default_head_limits,
                                                   .body_bytes = (uint64_t)16 << 20,
                                                   .header_ns = (int64_t)10000000000,
                                                   .idle_ns = (int64_t)60000000000};
        for (int i = 0; i < workers; i++)
            server->listeners[i] = (struct osp__listener){
                .poller = {on_connection}, .server = server, .worker = &osp__runtime.workers[i]};
        if (enter_into_table(server)) return server->id;
    }
    osp__set_error(error, "out of memory");
    if (server != NULL)
        osp__server_release(server);
    else
        osp__close(fd);
    return 0;
}

OSP_API int64_t osp_http_server_port(osp_ctx *ctx, int64_t server_id) {
    (void)ctx;
    struct osp__server *server = osp__server_find(server_id);
    if (server == NULL) return -1;
    int port = server->port;
    osp__server_release(server);
    return port;
}

static void drain_all(void);

static int watch(struct osp__server *server) {
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__listener *listener = &server->listeners[i];
        int error = osp__epoll_add(listener->worker->epoll, server->fd, EPOLLIN | EPOLLEXCLUSIVE, &listener->poller);
        if (error != 0) return error;
    }
    return 0;
}

void osp__server_listen(int64_t id, osp_thunk code, void *env, struct osp__job_queue *queue, char **error) {
    struct osp__server *server = osp__server_find(id);
    int expected = OSP_SERVER_BOUND;
    if (server == NULL || !__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_LISTENING, false,
                                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        osp__set_error(error, server == NULL ? "there is no server with id %lld" : "server %lld is listening already",
                       (long long)id);
        if (server != NULL) osp__server_release(server);
        osp__job_queue_free(queue);
        osp_drop(env);
        return;
    }
    osp_mark_shared(env);
    server->code = code;
    server->env = env;
    server->queue = queue;
    osp__runtime_on_drain(drain_all);
    osp__runtime_service(1);
    __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED); /* of the listeners, until they have stopped */
    int status = watch(server);
    if (status != 0) {
        osp__set_error(error, "cannot listen: %s", strerrordesc_np(-status));
        char *ignored = NULL;
        osp_http_stop_server(NULL, id, &ignored);
        osp_drop(ignored);
    }
    osp__server_release(server);
}

OSP_API void osp_http_listen(osp_ctx *ctx, int64_t server_id, osp_thunk code, void *env, char **error) {
    (void)ctx;
    osp__server_listen(server_id, code, env, NULL, error);
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

bool osp__server_is_stopping(const struct osp__server *server) {
    return __atomic_load_n(&server->state, __ATOMIC_ACQUIRE) >= OSP_SERVER_STOPPING;
}

/* Whether every worker has forgotten the socket, and the last has closed it. */
static bool all_acknowledged(struct osp__server *server) {
    return __atomic_load_n(&server->fd, __ATOMIC_SEQ_CST) < 0;
}

/* The last listener or connection has gone: what the server held goes too. */
static void finish_if_quiet(struct osp__server *server) {
    if (!all_acknowledged(server) || __atomic_load_n(&server->connections, __ATOMIC_SEQ_CST) != 0) return;
    int expected = OSP_SERVER_STOPPING;
    if (!__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_STOPPED, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return;
    osp_drop(server->env);
    server->env = NULL;
    remove_from_table(server);
    osp__server_release(server);
    osp__runtime_service(-1);
}

void osp__server_connection_closed(struct osp__server *server) {
    __atomic_sub_fetch(&table.connections, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&server->connections, 1, __ATOMIC_SEQ_CST);
    if (osp__server_is_stopping(server)) finish_if_quiet(server);
    osp__server_release(server);
}

static void stop_connections(struct osp__listener *listener, struct osp_worker *worker, bool force) {
    struct osp__http_local *local = worker->http;
    struct osp__connection *next;
    for (struct osp__connection *connection = local != NULL ? local->connections : NULL; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->server == listener->server) osp__connection_stop(connection, force);
    }
}

static void stop_listener(struct osp__work *work, struct osp_worker *worker) {
    struct osp__listener *listener = OSP_CONTAINER(work, struct osp__listener, work);
    struct osp__server *server = listener->server;
    (void)osp__epoll_delete(worker->epoll, server->fd);
    stop_connections(listener, worker, false);
    if (__atomic_add_fetch(&server->acknowledged, 1, __ATOMIC_SEQ_CST) == osp__runtime.worker_count) {
        osp__close(server->fd);
        __atomic_store_n(&server->fd, -1, __ATOMIC_SEQ_CST); /* from here on the port is free */
        finish_if_quiet(server);
    }
    osp__server_release(server);
}

static void force_listener(struct osp__work *work, struct osp_worker *worker) {
    struct osp__listener *listener = OSP_CONTAINER(work, struct osp__listener, work);
    struct osp__server *server = listener->server;
    stop_connections(listener, worker, true);
    osp__server_release(server);
}

/* Asks every worker; false when the server was not listening (any more). */
static bool begin_stop(struct osp__server *server) {
    int expected = OSP_SERVER_LISTENING;
    if (!__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_STOPPING, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return false;
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__listener *listener = &server->listeners[i];
        __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED); /* of this piece of work */
        listener->work.run = stop_listener;
        osp__worker_submit(listener->worker, &listener->work);
    }
    if (server->queue != NULL) osp__job_queue_close(server->queue);
    return true;
}

static void force_stop(struct osp__server *server) {
    if (!all_acknowledged(server)) return; /* a worker is busy computing; it will find the server stopping */
    if (server->queue != NULL) osp__job_queue_abandon(server->queue);
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__listener *listener = &server->listeners[i];
        __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED);
        listener->work.run = force_listener;
        osp__worker_submit(listener->worker, &listener->work);
    }
}

/* Whether nothing is left but the connections whose handlers wait for just that. */
static bool is_quiet(struct osp__server *server) {
    return all_acknowledged(server) && __atomic_load_n(&server->connections, __ATOMIC_SEQ_CST) <=
                                           __atomic_load_n(&server->stoppers, __ATOMIC_SEQ_CST);
}

static bool wait_until_quiet(osp_ctx *ctx, struct osp__server *server, int64_t patience_ns) {
    int64_t until = osp__now_ns() + patience_ns;
    for (int64_t pause_ms = 1; !is_quiet(server); pause_ms += pause_ms < 10) {
        if (osp__now_ns() >= until) return false;
        osp_sleep(ctx, pause_ms);
    }
    return true;
}

/* Whether this fiber handles a request of the server: it must not wait for itself. */
static bool handles_for(osp_ctx *ctx, struct osp__server *server) {
    return ctx != NULL && ctx->fiber->code == server->code && ctx->fiber->env == server->env && server->code != NULL;
}

OSP_API void osp_http_stop_server(osp_ctx *ctx, int64_t server_id, char **error) {
    struct osp__server *server = osp__server_find(server_id);
    if (server == NULL) {
        osp__set_error(error, "there is no server with id %lld", (long long)server_id);
        return;
    }
    int expected = OSP_SERVER_BOUND;
    if (__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_STOPPED, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
        remove_from_table(server); /* it has never listened: nobody else knows it */
    } else {
        bool own = handles_for(ctx, server);
        if (own) __atomic_add_fetch(&server->stoppers, 1, __ATOMIC_SEQ_CST);
        (void)begin_stop(server);
        if (!wait_until_quiet(ctx, server, STOP_PATIENCE_NS)) {
            force_stop(server);
            (void)wait_until_quiet(ctx, server, STOP_PATIENCE_NS / 5);
        }
        if (own) __atomic_sub_fetch(&server->stoppers, 1, __ATOMIC_SEQ_CST);
    }
    osp__server_release(server);
}

/* For the end of the program: every server stops; nobody waits here. */
static void drain_all(void) {
    pthread_mutex_lock(&table.lock);
    size_t count = table.count;
    pthread_mutex_unlock(&table.lock);
    for (size_t id = 1; id <= count; id++) {
        struct osp__server *server = osp__server_find((int64_t)id);
        if (server == NULL) continue;
        (void)begin_stop(server);
        osp__server_release(server);
    }
}
