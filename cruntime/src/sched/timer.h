/* timer.h - timers of one worker: a binary heap of deadlines, with each timer knowing its place so that it can be taken
 * out early. Touched only by the worker's own thread. */
#ifndef OSP_SCHED_TIMER_H
#define OSP_SCHED_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct osp_worker;

struct osp__timer {
    int64_t deadline_ns;
    void (*fire)(struct osp__timer *timer, struct osp_worker *worker); /* the timer is no longer armed then */
    size_t place; /* 1-based place in the heap; 0 when not armed */
};

struct osp__timer_heap {
    struct osp__timer **items;
    size_t count, capacity;
};

/* Arms a timer that is not armed. Returns 0 or -ENOMEM. */
int osp__timer_arm(struct osp__timer_heap *heap, struct osp__timer *timer);

/* Takes a timer out; nothing happens if it is not armed. */
void osp__timer_cancel(struct osp__timer_heap *heap, struct osp__timer *timer);

/* Takes out and returns the first timer whose deadline is not after `now`; NULL if there is none. */
struct osp__timer *osp__timer_next_due(struct osp__timer_heap *heap, int64_t now_ns);

/* The earliest deadline; INT64_MAX if nothing is armed. */
int64_t osp__timer_earliest(const struct osp__timer_heap *heap);

#endif
