/* suspend.c - letting time pass: sleep, yield and poll, and the clocks a program can read. */
#include <errno.h>

#include "../base.h"
#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "seed.h"
#include "worker.h"

struct sleeper {
    struct osp__timer timer;
    struct osp_fiber *fiber;
};

static void wake_sleeper(struct osp__timer *timer, struct osp_worker *worker) {
    (void)worker;
    osp__fiber_wake(OSP_CONTAINER(timer, struct sleeper, timer)->fiber);
}

/* Suspends the fiber, not the thread, for at least `ms` milliseconds; at once ready again when ms <= 0. */
OSP_API void osp_sleep(osp_ctx *ctx, int64_t ms) {
    int64_t duration;
    if (__builtin_mul_overflow(ms, 1000000, &duration)) duration = INT64_MAX / 2;
    if (ctx == NULL) {
        osp__thread_sleep_ns(duration);
        return;
    }
    struct sleeper sleeper = {.fiber = ctx->fiber, .timer = {.fire = wake_sleeper}};
    if (__builtin_add_overflow(osp__now_ns(), duration > 0 ? duration : 0, &sleeper.timer.deadline_ns))
        sleeper.timer.deadline_ns = INT64_MAX;
    if (osp__timer_arm(&ctx->worker->timers, &sleeper.timer) != 0) osp__fiber_fail(ctx, "out of memory");
    if (OSP_UNLIKELY(osp__seeded)) osp__seed_timed(ctx, 1);
    osp__fiber_park(ctx);
    if (OSP_UNLIKELY(osp__seeded)) osp__seed_timed(ctx, -1);
}

/* Lets the other fibers of this worker run. */
OSP_API void osp_yield(osp_ctx *ctx) {
    osp__fiber_wake(ctx->fiber);
    osp__fiber_park(ctx);
}

/* What code that computes for long calls when ctx->poll is set. */
OSP_API void osp_poll(osp_ctx *ctx) {
    if (OSP_UNLIKELY(osp__seeded) && !osp__seed_yields()) return;
    __atomic_store_n(&ctx->poll, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&ctx->stack_limit, ctx->fiber->lowest, __ATOMIC_RELAXED);
    if (ctx->worker->index < 0) return; /* a call on an embedder's thread: nobody else is there to run */
    ctx->worker->preempted = true;
    osp__worker_postpone(ctx->worker, &ctx->fiber->work);
    osp__fiber_park(ctx);
}

/* Virtual time stands still: a loop that waits for a moment to come would wait for ever. */
static void pass_a_moment(void) {
    if (OSP_UNLIKELY(osp__seeded)) osp__clock_advance(1000);
}

/* Milliseconds since 1970. */
OSP_API int64_t osp_current_time_millis(osp_ctx *ctx) {
    (void)ctx;
    pass_a_moment();
    return osp__wall_ms();
}

/* Nanoseconds of a clock that never goes back. */
OSP_API int64_t osp_monotonic_nanos(osp_ctx *ctx) {
    (void)ctx;
    pass_a_moment();
    return osp__now_ns();
}
