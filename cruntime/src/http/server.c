/* server.c - the table of servers; listening, accepting, stopping.
 *
 * The socket is the acceptor's (acceptor.h). To stop, each worker is asked to forget it and to close what is idle. */
#include "server.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../mem/string.h"
#include "../sys/sys.h"
#include "access_log.h"
#include "connection.h"
#include "job.h"
#include "listen_socket.h"

void osp_sleep(osp_ctx *ctx, int64_t ms);

/* Connections over the limit that get their 503 in peace; more are closed after it at once. */
#define REFUSED_AT_ONCE 64
#define STOP_PATIENCE_NS ((int64_t)5000000000)

static struct {
    pthread_mutex_t lock;
    struct osp__server **servers; /* by id - 1; NULL once stopped */
    size_t count, capacity;
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
    if (server->acceptor.fd >= 0) osp__close(server->acceptor.fd);
    osp__job_queue_free(server->queue);
    osp__identity_release(server->identity);
    osp__access_log_release(server->log);
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

static void release_buffers(struct osp_worker *worker) {
    struct osp__http_local *local = worker->http;
    if (local != NULL) osp__buffer_pool_clear(&local->buffers);
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

struct osp__http_counters osp__http_counters(void) {
    struct osp__http_counters sum;
    memset(&sum, 0, sizeof sum); /* clang's analyzer takes "= {0}" for the first member alone */
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__http_local *local = __atomic_load_n(&osp__runtime.workers[i].http, __ATOMIC_ACQUIRE);
        if (local == NULL) continue;
        const uint64_t *from = (const uint64_t *)&local->counters; /* a structure of nothing else */
        uint64_t *to = (uint64_t *)&sum;
        for (size_t n = 0; n < sizeof sum / sizeof *to; n++) to[n] += __atomic_load_n(&from[n], __ATOMIC_RELAXED);
    }
    return sum;
}

/* ---- accepting --------------------------------------------------------------------------------------------------- */

static struct osp__server *server_of(struct osp__acceptor *acceptor) {
    return OSP_CONTAINER(acceptor, struct osp__server, acceptor);
}

static bool on_accepted(struct osp__acceptor *acceptor, int fd, struct osp_worker *worker) {
    struct osp__server *server = server_of(acceptor);
    int64_t excess = __atomic_load_n(&server->connections, __ATOMIC_RELAXED) - server->limits.connections;
    if (excess >= (server->identity == NULL ? REFUSED_AT_ONCE : 0)) return false;
    struct osp__connection *connection = osp__connection_new(server, fd);
    if (connection == NULL) return false;
    connection->excessive = excess >= 0;
    if (worker == osp__worker_self())
        osp__connection_start(&connection->work, worker);
    else
        osp__worker_submit(worker, &connection->work);
    return true;
}

static void on_stopped(struct osp__acceptor *acceptor, struct osp_worker *worker, bool last);

/* ---- creating and listening -------------------------------------------------------------------------------------- */

/* Takes over `identity`, also on failure. */
static int64_t create_server(osp_ctx *ctx, int64_t port, char *address, struct osp__identity *identity, char **error) {
    int bound_port, fd = osp__listen_socket(ctx, port, address, &bound_port, error);
    if (fd < 0) {
        osp__identity_release(identity);
        return 0;
    }
    size_t watches = (size_t)osp__runtime.worker_count * sizeof(struct osp__watch);
    struct osp__server *server = osp__alloc_zeroed(sizeof *server + watches);
    if (server != NULL) {
        server->references = 1;
        server->acceptor.accepted = on_accepted;
        server->acceptor.stopped = on_stopped;
        osp__acceptor_init(&server->acceptor, fd, server->watches);
        server->port = bound_port;
        server->identity = identity;
        server->acceptor.silent = identity != NULL;
        http_options defaults = http_default_options();
        (void)osp__http_limits_from(&defaults, &server->limits, error);
        if (enter_into_table(server)) return server->id;
    }
    osp__set_error(error, "out of memory");
    if (server != NULL) {
        osp__server_release(server);
    } else {
        osp__identity_release(identity);
        osp__close(fd);
    }
    return 0;
}

static bool runtime_runs(char **error) {
    int status = osp__runtime_ensure();
    if (status != 0) osp__set_error(error, "cannot start the runtime: %s", osp__runtime_problem(status));
    return status == 0;
}

OSP_API int64_t osp_http_create_server(osp_ctx *ctx, int64_t port, char *address, char **error) {
    return runtime_runs(error) ? create_server(ctx, port, address, NULL, error) : 0;
}

OSP_API int64_t osp_http_create_server_tls(osp_ctx *ctx, int64_t port, char *address, char *certificate_file,
                                           char *key_file, char **error) {
    if (!runtime_runs(error)) return 0;
    struct osp__identity *identity = osp__identity_load(ctx, certificate_file, key_file, error);
    return identity != NULL ? create_server(ctx, port, address, identity, error) : 0;
}

OSP_API int64_t osp_http_server_port(osp_ctx *ctx, int64_t server_id) {
    (void)ctx;
    struct osp__server *server = osp__server_find(server_id);
    if (server == NULL) return -1;
    int port = server->port;
    osp__server_release(server);
    return port;
}

/* ---- configuring ------------------------------------------------------------------------------------------------- */

/* The server, when its state could be changed from BOUND to STARTING: nobody else can change it now. NULL with *error
 * set when there is none, or it listens already. */
static struct osp__server *seize(int64_t id, char **error) {
    struct osp__server *server = osp__server_find(id);
    if (server == NULL) {
        osp__set_error(error, "there is no server with id %lld", (long long)id);
        return NULL;
    }
    int expected = OSP_SERVER_BOUND;
    if (__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_STARTING, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        return server;
    osp__set_error(error, "server %lld is %s already", (long long)id,
                   expected >= OSP_SERVER_STOPPING ? "stopping" : "listening");
    osp__server_release(server);
    return NULL;
}

void osp__http_configure(int64_t id, const http_options *options, char **error) {
    struct osp__http_limits limits;
    if (!osp__http_limits_from(options, &limits, error)) return;
    bool own_log = options->access_log != NULL && *options->access_log != '\0';
    struct osp__access_log *log = own_log ? osp__access_log_open(options->access_log, error) : NULL;
    if (own_log && log == NULL) return;
    struct osp__server *server = seize(id, error);
    if (server == NULL) {
        osp__access_log_release(log);
        return;
    }
    server->limits = limits;
    osp__access_log_release(server->log);
    server->log = log;
    __atomic_store_n(&server->state, OSP_SERVER_BOUND, __ATOMIC_SEQ_CST);
    osp__server_release(server);
}

/* The fields of the language's HttpOptions in their order. */
OSP_API void osp_http_configure(osp_ctx *ctx, int64_t server_id, int64_t request_line_bytes, int64_t header_bytes,
                                int64_t header_fields, int64_t body_bytes, int64_t total_body_bytes,
                                int64_t header_timeout, int64_t idle_timeout, int64_t stall_timeout,
                                int64_t connections, char *access_log, char **error) {
    (void)ctx;
    const http_options options = {.size = sizeof options,
                                  .request_line_bytes = request_line_bytes,
                                  .header_bytes = header_bytes,
                                  .header_fields = header_fields,
                                  .body_bytes = body_bytes,
                                  .total_body_bytes = total_body_bytes,
                                  .header_timeout_ms = header_timeout,
                                  .idle_timeout_ms = idle_timeout,
                                  .stall_timeout_ms = stall_timeout,
                                  .connections = connections,
                                  .access_log = access_log};
    osp__http_configure(server_id, &options, error);
}

/* ---- listening --------------------------------------------------------------------------------------------------- */

static void drain_all(void);

void osp__server_listen(int64_t id, osp_thunk code, void *env, struct osp__job_queue *queue, char **error) {
    struct osp__server *server = seize(id, error);
    if (server == NULL) {
        osp__job_queue_free(queue);
        osp_drop(env);
        return;
    }
    osp_mark_shared(env);
    server->code = code;
    server->env = env;
    server->queue = queue;
    if (server->log == NULL) server->log = osp__access_log_of_process();
    osp__runtime_on_drain(drain_all);
    osp__trim_calls(release_buffers);
    osp__runtime_service(1);
    __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED); /* of the listeners, until they have stopped */
    int status = osp__acceptor_start(&server->acceptor);
    __atomic_store_n(&server->state, OSP_SERVER_LISTENING, __ATOMIC_SEQ_CST);
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
    return __atomic_load_n(&server->acceptor.fd, __ATOMIC_SEQ_CST) < 0;
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
    osp__connection_gone(osp__worker_self());
    __atomic_sub_fetch(&server->connections, 1, __ATOMIC_SEQ_CST);
    if (osp__server_is_stopping(server)) finish_if_quiet(server);
    osp__server_release(server);
}

static void stop_connections(struct osp__server *server, struct osp_worker *worker, bool force) {
    struct osp__http_local *local = worker->http;
    struct osp__connection *next;
    for (struct osp__connection *connection = local != NULL ? local->connections : NULL; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->server == server) osp__connection_stop(connection, force);
    }
}

static void on_stopped(struct osp__acceptor *acceptor, struct osp_worker *worker, bool last) {
    struct osp__server *server = server_of(acceptor);
    stop_connections(server, worker, false);
    if (last) finish_if_quiet(server);
    osp__server_release(server);
}

static void force_on_worker(struct osp__work *work, struct osp_worker *worker) {
    struct osp__server *server = server_of(OSP_CONTAINER(work, struct osp__watch, work)->acceptor);
    stop_connections(server, worker, true);
    osp__server_release(server);
}

/* Asks every worker; false when the server was not listening (any more). Another thread may be starting it just now:
 * that takes microseconds. */
static bool begin_stop(struct osp__server *server) {
    while (__atomic_load_n(&server->state, __ATOMIC_SEQ_CST) == OSP_SERVER_STARTING) sched_yield();
    int expected = OSP_SERVER_LISTENING;
    if (!__atomic_compare_exchange_n(&server->state, &expected, OSP_SERVER_STOPPING, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return false;
    __atomic_add_fetch(&server->references, osp__runtime.worker_count, __ATOMIC_RELAXED); /* of each on_stopped */
    osp__acceptor_stop(&server->acceptor);
    if (server->queue != NULL) osp__job_queue_close(server->queue);
    return true;
}

static void force_stop(struct osp__server *server) {
    if (!all_acknowledged(server)) return; /* a worker is busy computing; it will find the server stopping */
    if (__atomic_exchange_n(&server->forced, true, __ATOMIC_SEQ_CST)) return;
    if (server->queue != NULL) osp__job_queue_abandon(server->queue);
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__watch *watch = &server->watches[i];
        __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED);
        watch->work.run = force_on_worker;
        osp__worker_submit(watch->worker, &watch->work);
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
    const struct osp__connection *connection = osp__connection_of(ctx);
    return connection != NULL && connection->server == server;
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
