/*
 * Waiting of a fiber for a descriptor, a deadline or a nudge from any thread, whichever comes first.
 *
 * A connection has one fiber that does all its reading and writing; whoever wants it to look at something new (a
 * message to be sent, a stop) puts that where the fiber looks, under a lock of its own, and nudges. A nudge that
 * comes while the fiber does not wait makes its next wait return at once, so none is lost.
 */
#ifndef OSP_WS_WAIT_H
#define OSP_WS_WAIT_H

#include <pthread.h>

#include "../sched/worker.h"

typedef struct osp__ws_wait {
    struct osp__poller poller;
    struct osp__timer timer;
    struct osp__work work;     /* the nudge, on its way to the worker */
    struct osp_fiber *parked;  /* NULL once woken; touched on the worker's thread only */
    bool timed_out;            /* the same */
    pthread_mutex_t lock;      /* of the fields below */
    struct osp_worker *worker; /* NULL before begin and after end */
    bool pending, nudged;
} osp__ws_wait;

void osp__ws_wait_init(osp__ws_wait *wait);
void osp__ws_wait_dispose(osp__ws_wait *wait);

/* From here on `ctx` is the fiber that waits; until the end, after which a nudge does nothing. */
void osp__ws_wait_begin(osp_ctx *ctx, osp__ws_wait *wait);
void osp__ws_wait_end(osp_ctx *ctx, osp__ws_wait *wait);

/*
 * Parks until `fd` is ready for one of `events` (fd -1: for nothing), the deadline (OSP_NO_DEADLINE: none) has passed
 * or a nudge has come. Returns 0, -ETIMEDOUT, or another negative errno. Readiness has to be found out by trying.
 */
int osp__ws_wait_for(osp_ctx *ctx, osp__ws_wait *wait, int fd, uint32_t events, int64_t deadline_ns);

/* Any thread. */
void osp__ws_wait_nudge(osp__ws_wait *wait);

#endif
