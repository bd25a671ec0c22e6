/* acceptor.h - a listening socket that every worker watches: accepting, spreading connections over the workers, and
 * letting go of the socket. HTTP and WebSocket servers embed one; it knows nothing of what is spoken.
 *
 * The number of connections is bounded for the process, since descriptors are: all servers share the one count. */
#ifndef OSP_NET_ACCEPTOR_H
#define OSP_NET_ACCEPTOR_H

#include "../sched/worker.h"

struct osp__acceptor;

/* The socket in one worker's epoll. */
struct osp__watch {
    struct osp__poller poller;
    struct osp__work work; /* to stop it on its worker; the owner's to use after that */
    struct osp__acceptor *acceptor;
    struct osp_worker *worker;
};

struct osp__acceptor {
    int fd;           /* atomic: -1 once closed */
    int acknowledged; /* atomic: workers that have let go of it */
    bool stopping;    /* atomic */
    bool silent;      /* who is turned away is told nothing: HTTP is not what is spoken here */
    /* Takes over a descriptor that `worker` (perhaps another thread's) is to serve; counted already: who closes it
     * calls osp__connection_gone. False when it cannot: it is then turned away. */
    bool (*accepted)(struct osp__acceptor *acceptor, int fd, struct osp_worker *worker);
    /* This worker has let go of the socket; `last`: all have, and the port is free. */
    void (*stopped)(struct osp__acceptor *acceptor, struct osp_worker *worker, bool last);
    struct osp__watch *watches; /* one a worker; the owner's memory */
};

/* Sets the fields up; `watches` has room for osp__runtime.worker_count. */
void osp__acceptor_init(struct osp__acceptor *acceptor, int fd, struct osp__watch *watches);

/* Every worker starts to accept. 0 or a negative errno (some workers may accept then). */
int osp__acceptor_start(struct osp__acceptor *acceptor);

/* Every worker is asked to stop; the acceptor has to live until the last has called `stopped`. */
void osp__acceptor_stop(struct osp__acceptor *acceptor);

/* For statistics; any thread. `accepted` includes those that were turned away. */
struct osp__acceptor_counts {
    int64_t open;
    uint64_t accepted, turned_away;
};
struct osp__acceptor_counts osp__acceptor_counts(void);

/* Answers with 503, unless `silent`, and closes, for who cannot serve a connection after all. Leaves the number of open
 * connections alone. */
void osp__turn_away(int fd, bool silent);

/* A connection served by this worker has been closed. */
void osp__connection_gone(struct osp_worker *worker);

/* How many connections a worker serves. */
int64_t osp__connections_of(const struct osp_worker *worker);

#endif
