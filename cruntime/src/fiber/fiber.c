/* fiber.c - acquiring, running, parking and ending fibers. See fiber.h for the layout and the rules. */
#include "fiber.h"

#include <stdint.h>
#include <stdio.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../sched/deadlock.h"
#include "../sched/seed.h"
#include "../sched/worker.h"
#include "../sys/sys.h"
#include "stack.h"

/* How many idle fibers a worker keeps ready; those beyond give their stacks back, structure and all. */
#define WARM_FIBERS 256

static struct {
    struct osp_fiber *large; /* atomic: those with a stack of their own size, through `older`; never destroyed */
    struct osp_fiber *main;  /* atomic: the main program's, while no program runs on it */
    uint64_t last_id;        /* atomic */
} pool;

/* ---- the flow of a fiber ----------------------------------------------------------------------------------------- */

/* The bottom frame. It outlives the computation: the next one that gets this stack continues the loop, so that
 * makecontext and its system calls are paid once a stack and not once a fiber. */
static void fiber_main(void *argument) {
    struct osp_fiber *fiber = argument;
    fiber->bottom = (uintptr_t)__builtin_frame_address(0);
    for (;;) {
        fiber->code(&fiber->ctx, fiber->env, fiber->arg);
        osp__fiber_set_state(fiber, OSP_FIBER_DONE);
        osp__context_switch(&fiber->context, &fiber->ctx.worker->context);
    }
}

void osp__fiber_run(struct osp_fiber *fiber) {
    struct osp_worker *worker = fiber->ctx.worker;
    __atomic_store_n(&worker->turn, worker->turn + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&worker->current, fiber, __ATOMIC_RELEASE);
    osp__fiber_set_state(fiber, OSP_FIBER_ACTIVE);
    if (OSP_UNLIKELY(osp__seeded)) osp__seed_turn(fiber);
    osp__context_switch(&worker->context, &fiber->context);
    while (OSP_UNLIKELY(worker->system_call != NULL)) { /* the fiber borrows this stack for a moment */
        void (*call)(void *) = worker->system_call;
        worker->system_call = NULL;
        call(worker->system_argument);
        osp__context_switch(&worker->context, &fiber->context);
    }
    __atomic_store_n(&worker->current, NULL, __ATOMIC_RELEASE);
    if (fiber->state != OSP_FIBER_DONE && fiber->state != OSP_FIBER_FAILED) {
        osp__deadlock_parked(fiber);
        return;
    }
    bool is_computation = fiber->is_computation;
    fiber->finished(fiber);
    if (is_computation) osp__deadlock_end(); /* after those who waited for it have been woken */
}

static void resume(struct osp__work *work, struct osp_worker *worker) {
    (void)worker;
    osp__fiber_run(OSP_CONTAINER(work, struct osp_fiber, work));
}

void osp__fiber_park(osp_ctx *ctx) { osp__context_switch(&ctx->fiber->context, &ctx->worker->context); }

void osp__fiber_wake(struct osp_fiber *fiber) {
    osp__deadlock_woken(fiber);
    osp__worker_submit(fiber->ctx.worker, &fiber->work);
}

OSP_API void osp_call_on_system_stack(osp_ctx *ctx, void (*fn)(void *), void *arg) {
    if (ctx == NULL) {
        fn(arg);
        return;
    }
    ctx->worker->system_argument = arg;
    ctx->worker->system_call = fn;
    osp__context_switch(&ctx->fiber->context, &ctx->worker->context);
}

/* ---- acquiring and releasing ------------------------------------------------------------------------------------- */

/* Where a fiber's structure lies on its stack: the frames begin below it. */
static struct osp_fiber *place_in(struct osp__stack stack) {
    return (void *)(stack.low + ((stack.size - sizeof(struct osp_fiber)) & ~(size_t)63));
}

static struct osp_fiber *build(struct osp__stack stack, size_t reserve) {
    if (stack.low == NULL) return NULL;
    struct osp_fiber *fiber = place_in(stack); /* zero-filled, but for what preempt.c may have asked of the one before */
    size_t room = (size_t)((char *)fiber - stack.low);
    if (osp__context_make(&fiber->context, stack.low, room, fiber_main, fiber) != 0) return NULL;
    fiber->ctx.fiber = fiber;
    fiber->lowest = stack.low + (reserve < stack.size / 4 ? reserve : stack.size / 4);
    __atomic_store_n(&fiber->ctx.stack_limit, fiber->lowest, __ATOMIC_RELAXED);
    fiber->work.run = resume;
    return fiber;
}

static struct osp_fiber *build_large(struct osp__stack stack, size_t reserve) {
    struct osp_fiber *fiber = build(stack, reserve);
    if (fiber == NULL) return NULL;
    fiber->older = __atomic_load_n(&pool.large, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&pool.large, &fiber->older, fiber, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
    return fiber;
}

struct visitor {
    void (*visit)(struct osp_fiber *fiber, void *argument);
    void *argument;
};

static void visit_stack(struct osp__stack stack, void *argument) {
    struct visitor *visitor = argument;
    visitor->visit(place_in(stack), visitor->argument);
}

void osp__fiber_for_each(void (*visit)(struct osp_fiber *fiber, void *argument), void *argument) {
    for (struct osp_fiber *fiber = __atomic_load_n(&pool.large, __ATOMIC_ACQUIRE); fiber != NULL; fiber = fiber->older)
        visit(fiber, argument);
    osp__stack_for_each(visit_stack, &(struct visitor){visit, argument});
}

struct osp_fiber *osp__fiber_acquire(struct osp_worker *worker, bool is_main) {
    struct osp_fiber *fiber = NULL;
    if (!is_main) {
        fiber = worker->warm;
        if (fiber != NULL) {
            worker->warm = fiber->next;
            worker->warm_count--;
        }
        if (fiber == NULL) fiber = build(osp__stack_new(), OSP_FIBER_RESERVE);
    } else {
        fiber = __atomic_exchange_n(&pool.main, NULL, __ATOMIC_ACQ_REL);
        if (fiber == NULL) fiber = build_large(osp__stack_new_large(OSP_MAIN_STACK), OSP_MAIN_RESERVE);
    }
    if (fiber == NULL) return NULL;
    osp__fiber_prepare(fiber, worker);
    fiber->is_main = is_main;
    return fiber;
}

struct osp_fiber *osp__fiber_new_large(size_t size, size_t reserve) {
    return build_large(osp__stack_new_large(size), reserve);
}

void osp__fiber_prepare(struct osp_fiber *fiber, struct osp_worker *worker) {
    fiber->ctx.worker = worker;
    __atomic_store_n(&fiber->ctx.poll, 0, __ATOMIC_RELAXED); /* preempt.c may be asking the one before */
    fiber->ctx.evidence = NULL;
    fiber->is_main = false;
    fiber->overrun = false;
    fiber->is_computation = false;
    fiber->id = __atomic_add_fetch(&pool.last_id, 1, __ATOMIC_RELAXED);
    fiber->failure = NULL;
    fiber->ctx.place = NULL;
    __atomic_store_n(&fiber->waits, OSP_WAITS_NOT, __ATOMIC_RELAXED);
}

/* Gives the pages below the one that holds the structure back to the system. */
static void cool(struct osp_fiber *fiber) {
    uintptr_t top = (uintptr_t)fiber & ~(uintptr_t)4095;
    if (top > (uintptr_t)fiber->context.stack_low)
        osp__discard(fiber->context.stack_low, top - (uintptr_t)fiber->context.stack_low);
}

bool osp__fiber_reset(struct osp_fiber *fiber) {
    bool abandoned = fiber->state == OSP_FIBER_FAILED;
    osp__fiber_set_state(fiber, OSP_FIBER_IDLE);
    osp_drop(fiber->test);
    fiber->test = NULL;
    if (!abandoned) return true;
    if (osp__context_make(&fiber->context, fiber->context.stack_low, fiber->context.stack_size, fiber_main, fiber) != 0)
        return false;
    cool(fiber);
    return true;
}

/* The main program's: a flow that was abandoned is beyond repair, and one that has ended may as well begin anew, on a
 * stack without the pages that it needed. */
static void release_main(struct osp_fiber *fiber) {
    if (osp__context_make(&fiber->context, fiber->context.stack_low, fiber->context.stack_size, fiber_main, fiber) != 0)
        return; /* lost; memory was exhausted anyway */
    cool(fiber);
    __atomic_store_n(&pool.main, fiber, __ATOMIC_RELEASE);
}

void osp__fiber_release(struct osp_fiber *fiber) {
    struct osp_worker *worker = fiber->ctx.worker;
    bool abandoned = fiber->state == OSP_FIBER_FAILED;
    osp__fiber_set_state(fiber, OSP_FIBER_IDLE);
    osp_drop(fiber->test);
    fiber->test = NULL;
    if (fiber->is_main) {
        release_main(fiber);
    } else if (!abandoned && worker->warm_count < WARM_FIBERS) {
        fiber->next = worker->warm;
        worker->warm = fiber;
        worker->warm_count++;
    } else {
        osp__context_release(&fiber->context);
        osp__stack_give_back(fiber->context.stack_low);
    }
}

/* ---- ending early ------------------------------------------------------------------------------------------------ */

const char *osp__fiber_name(const struct osp_fiber *fiber, char buffer[32]) {
    if (fiber->is_main) return "main";
    snprintf(buffer, 32, "fiber %llu", (unsigned long long)fiber->id);
    return buffer;
}

/* Called for each frame on the way out; at the bottom of the stack the fiber is left for good. */
static _Unwind_Reason_Code leave_at_bottom(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                           struct _Unwind_Exception *exception, struct _Unwind_Context *context,
                                           void *fiber_address) {
    (void)version, (void)class, (void)exception;
    struct osp_fiber *fiber = fiber_address;
    if (actions & _UA_END_OF_STACK || _Unwind_GetCFA(context) >= fiber->bottom)
        osp__context_abandon(&fiber->context, &fiber->ctx.worker->context);
    return _URC_NO_REASON;
}

/* The frames of compiled code have landing pads that give up what they hold; they cost nothing until now. Frames of C
 * code have none: what a runtime function holds when it fails the fiber it has to release before. */
_Noreturn void osp__fiber_fail_with(osp_ctx *ctx, char *message) {
    struct osp_fiber *fiber = ctx->fiber;
    fiber->failure = message;
    osp__fiber_set_state(fiber, OSP_FIBER_FAILED);
    if (!fiber->overrun) {
        static const struct _Unwind_Exception standard;
        fiber->exception = standard;
        _Unwind_ForcedUnwind(&fiber->exception, leave_at_bottom, fiber);
    }
    osp__context_abandon(&fiber->context, &ctx->worker->context);
}

_Noreturn void osp__fiber_fail(osp_ctx *ctx, const char *message) {
    char *text = NULL;
    osp__set_error(&text, "%s", message);
    osp__fiber_fail_with(ctx, text);
}

void osp__fiber_ask_to_yield(struct osp_fiber *fiber) {
    __atomic_store_n(&fiber->ctx.poll, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&fiber->ctx.stack_limit, (char *)UINTPTR_MAX, __ATOMIC_RELAXED);
}

/* What compiled code calls when its frame lies below ctx->stack_limit: either that is true of the stack itself, and then
 * the result is true, or the limit was raised to make the fiber yield. It never ends the fiber. */
OSP_API bool osp_stack_poll(osp_ctx *ctx) {
    if ((char *)__builtin_frame_address(0) < ctx->fiber->lowest) return true;
    osp_poll(ctx);
    return false;
}

/* Called by the prologue check of compiled code. The message names who ran out; the one who waits for the fiber (or
 * the server, or run_main) reports it. */
OSP_API _Noreturn void osp_stack_exhausted(osp_ctx *ctx) {
    char name[32], *text = NULL;
    osp__set_error(&text, "stack exhausted in %s", osp__fiber_name(ctx->fiber, name));
    osp__fiber_fail_with(ctx, text);
}

/* Ends the fiber with a diagnostic of the program's own making. */
OSP_API _Noreturn void osp_fiber_fail(osp_ctx *ctx, char *message) {
    osp_dup(message);
    osp__fiber_fail_with(ctx, message);
}
