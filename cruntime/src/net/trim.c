/* trim.c - see trim.h.
 *
 * The C library keeps what is freed in the middle of its arenas: after a burst, a server would hold for ever what it
 * needed once. Walking the arenas takes milliseconds, so it is not done between two requests. */
#include "trim.h"

#include <stdint.h>
#include <stdlib.h>

#include "../mem/block.h"
#include "../sched/blocking.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "acceptor.h"

#define QUIET_NS INT64_C(1000000000)
#define MAX_WORKERS 256

static struct osp__timer timers[MAX_WORKERS]; /* by index of the worker, touched on it only */

static void (*releases[4])(struct osp_worker *); /* atomic */

void osp__trim_calls(void (*release)(struct osp_worker *worker)) {
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        void (*present)(struct osp_worker *) = NULL;
        if (__atomic_compare_exchange_n(&releases[i], &present, release, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
            present == release)
            return;
    }
    abort(); /* there are fewer kinds of services than places */
}

/* Releases what a worker has kept, then trims: what is released later is trimmed later. */
static void trim(void *blocks) {
    osp__blocks_release(blocks);
    osp__release(blocks);
    osp__memory_trim();
}

static void on_quiet(struct osp__timer *timer, struct osp_worker *worker) {
    (void)timer;
    if (osp__connections_of(worker) > 0) return;
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        void (*release)(struct osp_worker *) = __atomic_load_n(&releases[i], __ATOMIC_SEQ_CST);
        if (release != NULL) release(worker);
    }
    struct osp__blocks *blocks = osp__alloc(sizeof *blocks);
    if (blocks == NULL) return; /* there will be another time */
    *blocks = osp__block_take();
    if (osp__blocking_start(trim, blocks) == 0) return;
    osp__blocks_release(blocks);
    osp__release(blocks);
}

void osp__trim_soon(struct osp_worker *worker) {
    struct osp__timer *timer = &timers[worker->index];
    if (timer->place != 0) return;
    timer->fire = on_quiet;
    timer->deadline_ns = worker->now_ns + QUIET_NS;
    (void)osp__timer_arm(&worker->timers, timer); /* without memory there is little to give back */
}
