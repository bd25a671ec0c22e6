/* fiber.h - fibers: a stack, a context for compiled code, and the rules by which they start, stop and fail.
 *
 *      high  +-----------------------+
 *            | struct osp_fiber      |   on its own stack's first page: a parked fiber costs that one page
 *            +-----------------------+
 *            | frames, growing down  |
 *            |          |            |
 *            |          v            |
 *            +- - - - - - - - - - - -+   ctx.stack_limit: compiled prologues stop here ...
 *            | reserve               |   ... so that runtime functions they call still have this much
 *            +-----------------------+
 *      low   | guard page            |   the backstop: a touch is caught by fault.c
 *            +-----------------------+
 *
 * A fiber runs on one worker from its first instruction to its last. It is resumed only by its worker's loop and only
 * when it is not running, so nothing in here needs a lock. */
#ifndef OSP_FIBER_FIBER_H
#define OSP_FIBER_FIBER_H

#include <unwind.h>

#include "../base.h"
#include "context.h"

#define OSP_FIBER_STACK ((size_t)256 << 10)
#define OSP_FIBER_RESERVE ((size_t)40 << 10)
#define OSP_MAIN_STACK ((size_t)1 << 30)
#define OSP_MAIN_RESERVE ((size_t)128 << 10)

/* An entry of a worker's queue. */
struct osp__work {
    struct osp__work *next;
    void (*run)(struct osp__work *work, struct osp_worker *worker);
};

enum osp__fiber_state { OSP_FIBER_IDLE, OSP_FIBER_ACTIVE, OSP_FIBER_DONE, OSP_FIBER_FAILED };

struct osp_fiber {
    osp_ctx ctx;
    struct osp__work work;
    struct osp__context context;
    uint8_t state; /* enum osp__fiber_state; set by osp__fiber_set_state, since the statistics look at any time */
    bool is_main;
    bool is_computation;   /* counted by deadlock.h; the fibers of requests are not */
    int waits;             /* atomic: enum osp__fiber_waits, see deadlock.h */
    const char *waits_for; /* "await", "recv", …, while waits is set */
    uint64_t id;
    uintptr_t bottom; /* where the frames of the computation begin */
    struct _Unwind_Exception exception; /* on its way through the frames when the fiber fails */
    bool overrun; /* a guard page was hit: there are no frames left to unwind */
    char *lowest; /* what ctx.stack_limit is when nobody asks the fiber to yield */
    osp_thunk code;
    void *env, *arg;
    /* Runs on the worker's stack once the code has returned or failed; must not touch the fiber after releasing it. */
    void (*finished)(struct osp_fiber *fiber);
    void *owner;              /* whose computation this is; for `finished` */
    char *failure;            /* string, owned; set when the state is FAILED */
    void *test;               /* counted, shared: the test case it works for (testing.c), or NULL; spawn hands it on */
    struct osp_fiber *next;   /* in the pool */
    struct osp_fiber *older;  /* in the list of those with a stack of their own size */
};

static inline void osp__fiber_set_state(struct osp_fiber *fiber, enum osp__fiber_state state) {
    __atomic_store_n(&fiber->state, (uint8_t)state, __ATOMIC_RELAXED);
}
_Static_assert(offsetof(osp_ctx, poll) == 8 && offsetof(osp_ctx, evidence) == 16 && offsetof(osp_ctx, fiber) == 24 &&
                   offsetof(osp_ctx, worker) == 32 && offsetof(osp_ctx, place) == 40,
               "compiled code knows these offsets");

/* A fiber with a stack, from the worker's pool if there is one; NULL when memory runs out. */
struct osp_fiber *osp__fiber_acquire(struct osp_worker *worker, bool is_main);

/* Gives a fiber that is not active back to the pool of its worker. */
void osp__fiber_release(struct osp_fiber *fiber);

/* A fiber with a stack of its own size, which never enters a pool of this room; NULL when memory runs out. Prepare it
 * before each computation and reset it after each; false: it is lost, because memory ran out. */
struct osp_fiber *osp__fiber_new_large(size_t size, size_t reserve);
void osp__fiber_prepare(struct osp_fiber *fiber, struct osp_worker *worker);
bool osp__fiber_reset(struct osp_fiber *fiber);

/* Continues (or starts) a fiber on its worker's thread; returns when it parks, yields, finishes or fails. */
void osp__fiber_run(struct osp_fiber *fiber);

/* Suspends the running fiber until somebody hands it to osp__fiber_wake. The caller has arranged for exactly one wake
 * before it parks; a wake may come from any thread and even before the fiber has left its stack. */
void osp__fiber_park(osp_ctx *ctx);
void osp__fiber_wake(struct osp_fiber *fiber);

/* Makes the fiber yield at its next call. From any thread, at any time, even about a fiber that has ended. */
void osp__fiber_ask_to_yield(struct osp_fiber *fiber);

/* Ends the running fiber with a diagnostic. What it owned on its stack is not released (yet). */
_Noreturn void osp__fiber_fail(osp_ctx *ctx, const char *message);
_Noreturn void osp__fiber_fail_with(osp_ctx *ctx, char *message); /* the same with an owned string */

/* Calls visit(fiber, argument) for every fiber, and for places where one was: those are zero-filled. Their fields may
 * change meanwhile, except in a process where nothing runs any more. */
void osp__fiber_for_each(void (*visit)(struct osp_fiber *fiber, void *argument), void *argument);

/* "main" or "fiber 17", for diagnostics; into a buffer of 32 bytes. */
const char *osp__fiber_name(const struct osp_fiber *fiber, char buffer[32]);

/* Catches touches of guard pages: once for the process, and for each thread that runs fibers. */
int osp__fault_install(void);
int osp__fault_prepare_thread(void **alternate_stack); /* the thread's as long as it lives */

#endif
