/* preempt.c - see preempt.h for the idea.
 *
 * The thread may look at a fiber just as it ends and its stack is given to another computation: stacks are never
 * unmapped, and a raised limit on a fiber that did not earn it costs that fiber one needless yield. */
#include "preempt.h"

#include <pthread.h>

#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "runtime.h"

/* How often to look. A fiber that has had its worker since the look before is asked to yield. Where a worker has hardly
 * changed fibers meanwhile the next look comes soon: one of them may be at a long computation. So a fiber is asked
 * after TICK_NS + SOON_NS at the latest, and a worker that changes fibers all the time costs few looks. */
#define TICK_NS 2000000
#define SOON_NS 500000
#define FEW_TURNS 8

#define MAX_WORKERS 256

int osp__preempt_idle;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kicked = PTHREAD_COND_INITIALIZER;

void osp__preempt_kick(void) {
    pthread_mutex_lock(&lock);
    __atomic_store_n(&osp__preempt_idle, 0, __ATOMIC_SEQ_CST);
    pthread_cond_signal(&kicked);
    pthread_mutex_unlock(&lock);
}

static bool all_asleep(void) {
    for (int i = 0; i < osp__runtime.worker_count; i++)
        if (!__atomic_load_n(&osp__runtime.workers[i].sleeping, __ATOMIC_SEQ_CST)) return false;
    return true;
}

/* Sleeps while no worker is awake. A worker that wakes either sees that this thread is idle, or is seen here. */
static void wait_for_work(void) {
    pthread_mutex_lock(&lock);
    __atomic_store_n(&osp__preempt_idle, 1, __ATOMIC_SEQ_CST);
    while (all_asleep() && __atomic_load_n(&osp__preempt_idle, __ATOMIC_SEQ_CST)) pthread_cond_wait(&kicked, &lock);
    __atomic_store_n(&osp__preempt_idle, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&lock);
}

/* Looks at a worker whose turns were `*seen` the last time. True when its fiber may have it for long. */
static bool look(struct osp_worker *worker, uint32_t *seen) {
    uint32_t turn = __atomic_load_n(&worker->turn, __ATOMIC_RELAXED), turns = turn - *seen;
    struct osp_fiber *fiber = __atomic_load_n(&worker->current, __ATOMIC_ACQUIRE);
    *seen = turn;
    if (fiber == NULL) return false;
    if (turns == 0) osp__fiber_ask_to_yield(fiber);
    return turns < FEW_TURNS;
}

static void *watch(void *unused) {
    static uint32_t seen[MAX_WORKERS];
    (void)unused;
    osp__thread_wake_promptly();
    for (bool soon = false;;) {
        if (all_asleep()) wait_for_work();
        osp__thread_sleep_ns(soon ? SOON_NS : TICK_NS);
        soon = false;
        for (int i = 0; i < osp__runtime.worker_count && i < MAX_WORKERS; i++)
            soon |= look(&osp__runtime.workers[i], &seen[i]);
    }
    return NULL;
}

int osp__preempt_start(void) {
    pthread_t thread;
    int error = pthread_create(&thread, NULL, watch, NULL);
    if (error == 0) pthread_detach(thread);
    return -error;
}
