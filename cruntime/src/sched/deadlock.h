/* deadlock.h - noticing that no fiber can ever go on.
 *
 * A program is stuck when each of its fibers waits for another fiber: in await, recv, send or a select without a
 * time-out. Two numbers in one atomic word tell: how many fibers live (spawned tasks that have not started included),
 * and how many of them are parked in such a wait. Whoever waits for time, a descriptor or a thread is not counted, and
 * while a server listens a request may always come. A worker compares the two when it has nothing to do.
 *
 * A fiber says that it will wait before anybody can know of it, but is counted only when it has left its stack; whoever
 * wakes it takes it out of the count first. So the two numbers are equal only if nobody is left to wake anybody. */
#ifndef OSP_SCHED_DEADLOCK_H
#define OSP_SCHED_DEADLOCK_H

#include "../fiber/fiber.h"

enum osp__fiber_waits { OSP_WAITS_NOT, OSP_WAITS_SOON, OSP_WAITS_COUNTED };

/* A computation that others may wait for has been created, or has ended. */
void osp__deadlock_begin(void);
void osp__deadlock_end(void);

/* The running fiber is about to make itself known as waiting for another one. `what` is a literal. */
static inline void osp__deadlock_will_wait(osp_ctx *ctx, const char *what) {
    ctx->fiber->waits_for = what;
    __atomic_store_n(&ctx->fiber->waits, OSP_WAITS_SOON, __ATOMIC_RELAXED);
}

/* It need not wait after all. Only before others knew of it. */
static inline void osp__deadlock_will_not_wait(osp_ctx *ctx) {
    __atomic_store_n(&ctx->fiber->waits, OSP_WAITS_NOT, __ATOMIC_RELAXED);
}

/* The fiber has left its stack, and: somebody wakes it. */
void osp__deadlock_parked(struct osp_fiber *fiber);
void osp__deadlock_woken(struct osp_fiber *fiber);

/* How many computations live. */
uint32_t osp__deadlock_living(void);

/* True when every living fiber waits for another one. */
bool osp__deadlock_is_certain(void);

/* True when all but so many do. */
bool osp__deadlock_but_for(int64_t others);

/* One line for each fiber that waits, on standard error. Only when the deadlock is certain. */
void osp__deadlock_report(void);

#endif
