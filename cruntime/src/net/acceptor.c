/* acceptor.c - see acceptor.h.
 *
 * EPOLLEXCLUSIVE wakes one of the workers for a connection; one that has many more connections than another hands it
 * over. To stop, each worker is asked to forget the socket; the last to do so closes it, since before that some worker
 * could still be in accept. */
#include "acceptor.h"

#include <errno.h>
#include <sys/epoll.h>

#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "trim.h"

#define ACCEPTS_PER_TURN 16
#define MAX_WORKERS 256

static struct {
    int64_t total;                /* atomic: of all workers */
    uint64_t accepted, turned_away; /* atomic */
    int64_t of[MAX_WORKERS];      /* atomic: by index of the worker */
    int reserve[MAX_WORKERS];     /* atomic: 1 + a descriptor to be given up when none is left */
} connections;

int64_t osp__connections_of(const struct osp_worker *worker) {
    return __atomic_load_n(&connections.of[worker->index], __ATOMIC_RELAXED);
}

void osp__connection_gone(struct osp_worker *worker) {
    int64_t left = __atomic_sub_fetch(&connections.of[worker->index], 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&connections.total, 1, __ATOMIC_RELAXED);
    if (left == 0 && worker == osp__worker_self()) osp__trim_soon(worker);
}

struct osp__acceptor_counts osp__acceptor_counts(void) {
    return (struct osp__acceptor_counts){.open = __atomic_load_n(&connections.total, __ATOMIC_RELAXED),
                                         .accepted = __atomic_load_n(&connections.accepted, __ATOMIC_RELAXED),
                                         .turned_away = __atomic_load_n(&connections.turned_away, __ATOMIC_RELAXED)};
}

void osp__turn_away(int fd, bool silent) {
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n"
                               "Retry-After: 1\r\n\r\n";
    __atomic_add_fetch(&connections.turned_away, 1, __ATOMIC_RELAXED);
    if (!silent) (void)osp__send(fd, busy, sizeof busy - 1);
    osp__close(fd);
}

static void hold_in_reserve(const struct osp_worker *worker) {
    int *reserve = &connections.reserve[worker->index], none = 0;
    if (__atomic_load_n(reserve, __ATOMIC_RELAXED) != 0) return;
    int fd = osp__open_null();
    if (fd >= 0 &&
        !__atomic_compare_exchange_n(reserve, &none, fd + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        osp__close(fd);
}

/* Out of descriptors: the one held in reserve lets us take the connection at the head of the queue and tell it so,
 * which would otherwise keep waking us. */
static void accept_with_reserve(struct osp__acceptor *acceptor, struct osp_worker *worker) {
    int *reserve = &connections.reserve[worker->index], held = __atomic_exchange_n(reserve, 0, __ATOMIC_RELAXED);
    if (held == 0) return;
    osp__close(held - 1);
    int fd = osp__accept(acceptor->fd);
    if (fd >= 0) osp__turn_away(fd, acceptor->silent);
    hold_in_reserve(worker);
}

static struct osp_worker *least_busy(struct osp_worker *own) {
    int64_t mine = osp__connections_of(own), least = mine;
    struct osp_worker *choice = own;
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp_worker *worker = &osp__runtime.workers[i];
        int64_t count = osp__connections_of(worker);
        if (count < least) {
            least = count;
            choice = worker;
        }
    }
    return mine - least > 1 + least / 8 ? choice : own;
}

static int64_t connection_limit(void) {
    size_t limit = osp__runtime.descriptor_limit;
    return (int64_t)(limit - (limit > 512 ? 128 : limit / 4));
}

static void take_connection(struct osp__watch *watch, int fd) {
    struct osp__acceptor *acceptor = watch->acceptor;
    struct osp_worker *worker = least_busy(watch->worker);
    __atomic_add_fetch(&connections.of[worker->index], 1, __ATOMIC_RELAXED);
    int64_t total = __atomic_add_fetch(&connections.total, 1, __ATOMIC_RELAXED);
    if (total <= connection_limit() && acceptor->accepted(acceptor, fd, worker)) return;
    osp__connection_gone(worker);
    osp__turn_away(fd, acceptor->silent);
}

static bool is_stopping(const struct osp__acceptor *acceptor) {
    return __atomic_load_n(&acceptor->stopping, __ATOMIC_ACQUIRE);
}

static void on_connection(struct osp__poller *poller, uint32_t events, struct osp_worker *worker) {
    (void)events;
    struct osp__watch *watch = OSP_CONTAINER(poller, struct osp__watch, poller);
    struct osp__acceptor *acceptor = watch->acceptor;
    for (int i = 0; i < ACCEPTS_PER_TURN && !is_stopping(acceptor); i++) {
        int fd = osp__accept(acceptor->fd);
        if (fd >= 0) __atomic_add_fetch(&connections.accepted, 1, __ATOMIC_RELAXED);
        if (fd >= 0)
            take_connection(watch, fd);
        else if (fd == -EMFILE || fd == -ENFILE)
            accept_with_reserve(acceptor, worker);
        else if (fd == -EAGAIN)
            return;
        /* Other errors belong to the one connection that has gone wrong (accept(2)): try the next. */
    }
}

void osp__acceptor_init(struct osp__acceptor *acceptor, int fd, struct osp__watch *watches) {
    acceptor->fd = fd;
    acceptor->watches = watches;
    for (int i = 0; i < osp__runtime.worker_count; i++)
        watches[i] = (struct osp__watch){
            .poller = {on_connection}, .acceptor = acceptor, .worker = &osp__runtime.workers[i]};
}

int osp__acceptor_start(struct osp__acceptor *acceptor) {
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        hold_in_reserve(acceptor->watches[i].worker);
        struct osp__watch *watch = &acceptor->watches[i];
        int error = osp__epoll_add(watch->worker->epoll, acceptor->fd, EPOLLIN | EPOLLEXCLUSIVE, &watch->poller);
        if (error != 0) return error;
    }
    return 0;
}

static void stop_watch(struct osp__work *work, struct osp_worker *worker) {
    struct osp__acceptor *acceptor = OSP_CONTAINER(work, struct osp__watch, work)->acceptor;
    (void)osp__epoll_delete(worker->epoll, acceptor->fd);
    bool last = __atomic_add_fetch(&acceptor->acknowledged, 1, __ATOMIC_SEQ_CST) == osp__runtime.worker_count;
    if (last) {
        osp__close(acceptor->fd);
        __atomic_store_n(&acceptor->fd, -1, __ATOMIC_SEQ_CST); /* from here on the port is free */
    }
    acceptor->stopped(acceptor, worker, last);
}

void osp__acceptor_stop(struct osp__acceptor *acceptor) {
    __atomic_store_n(&acceptor->stopping, true, __ATOMIC_SEQ_CST);
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp__watch *watch = &acceptor->watches[i];
        watch->work.run = stop_watch;
        osp__worker_submit(watch->worker, &watch->work);
    }
}
