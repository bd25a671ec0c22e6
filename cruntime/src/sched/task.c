/* task.c - spawn and await. The waiters of a task are a lock-free stack: they push themselves, and whoever completes
 * the task exchanges the stack for a mark that says "done". See task.h. */
#include "task.h"

#include <pthread.h>
#include <string.h>

#include "../fiber/fiber.h"
#include "../io/diagnostic.h"
#include "../mem/object.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "deadlock.h"
#include "worker.h"

struct waiter {
    struct waiter *next;
    struct osp_fiber *fiber;
};
static struct waiter done_mark;
#define DONE (&done_mark)

struct task {
    struct osp__work work;
    osp_thunk code;
    void *env;
    void *test;             /* counted; the fiber takes it over when it starts */
    struct waiter *waiters; /* atomic */
    char *failure;          /* string, owned; valid once done; NULL after success */
    struct task *newer, *older; /* in the list of failures that nobody has heard of */
    int64_t id;
    uint32_t words, pointers;
    uint64_t result[];
};

static int64_t last_id;

/* ---- failures that nobody has heard of ----------------------------------------------------------------------------- */

/* A task that has failed may still be awaited. Its message is printed when that has become impossible: when the last
 * reference goes, or at the end of the program. */
static struct task unheard = {.newer = &unheard, .older = &unheard};
static pthread_mutex_t unheard_lock = PTHREAD_MUTEX_INITIALIZER;

static void leave_unheard(struct task *task) {
    pthread_mutex_lock(&unheard_lock);
    task->older = unheard.older;
    task->newer = &unheard;
    task->older->newer = task->newer->older = task;
    pthread_mutex_unlock(&unheard_lock);
}

/* Takes a task out of the list; whether it was in it. */
static bool hear(struct task *task) {
    pthread_mutex_lock(&unheard_lock);
    bool was_unheard = task->older != NULL;
    if (was_unheard) {
        task->older->newer = task->newer;
        task->newer->older = task->older;
        task->older = task->newer = NULL;
    }
    pthread_mutex_unlock(&unheard_lock);
    return was_unheard;
}

void osp__task_report_unheard(void) {
    pthread_mutex_lock(&unheard_lock);
    struct task *task = unheard.newer;
    unheard.newer = unheard.older = &unheard;
    while (task != &unheard) {
        struct task *newer = task->newer;
        task->older = task->newer = NULL;
        osp__diagnose("%s", task->failure);
        task = newer;
    }
    pthread_mutex_unlock(&unheard_lock);
}

static void finalize(void *object, struct osp__dead *dead) {
    struct task *task = object;
    if (task->failure != NULL && hear(task)) osp__diagnose("%s", task->failure);
    if (task->failure == NULL)
        for (uint32_t i = 0; i < task->pointers; i++)
            osp__drop_onto(dead, (void *)(uintptr_t)task->result[i]);
    osp__drop_onto(dead, task->failure);
}

/* A task that is not done holds nothing yet; when it is, `complete` looks whether it has become immortal. */
static size_t contents(void *object, void ***fields) {
    struct task *task = object;
    if (__atomic_load_n(&task->waiters, __ATOMIC_SEQ_CST) != DONE) return 0;
    *fields = task->failure != NULL ? (void **)&task->failure : (void **)task->result;
    return task->failure != NULL ? 1 : task->pointers;
}

void osp__task_init(void) {
    osp__set_finalizer(OSP_KIND_TASK, finalize);
    osp__set_contents(OSP_KIND_TASK, contents);
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static void complete(struct task *task) {
    /* Whoever awaits it may be on another worker. */
    for (uint32_t i = 0; i < task->pointers && task->failure == NULL; i++)
        osp_mark_shared((void *)(uintptr_t)task->result[i]);
    osp_mark_shared(task->failure);
    if (task->failure != NULL) leave_unheard(task);
    struct waiter *waiter = __atomic_exchange_n(&task->waiters, DONE, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&osp__header(task)->count, __ATOMIC_SEQ_CST) == 0) { /* nobody will drop what it holds */
        void **held;
        for (size_t left = contents(task, &held); left > 0; left--) osp_mark_immortal(held[left - 1]);
    }
    if (waiter != NULL && task->failure != NULL) hear(task);
    while (waiter != NULL) {
        struct waiter *next = waiter->next; /* the waiter is gone as soon as its fiber runs */
        osp__fiber_wake(waiter->fiber);
        waiter = next;
    }
    osp_drop(task);
}

static void finished(struct osp_fiber *fiber) {
    struct task *task = fiber->owner;
    task->failure = fiber->failure;
    osp__fiber_release(fiber);
    osp_drop(task->env);
    task->env = NULL;
    complete(task);
}

static void start(struct osp__work *work, struct osp_worker *worker) {
    struct task *task = OSP_CONTAINER(work, struct task, work);
    struct osp_fiber *fiber = osp__fiber_acquire(worker, false);
    if (fiber == NULL) {
        osp__set_error(&task->failure, "out of memory");
        osp_drop(task->env);
        osp_drop(task->test);
        complete(task);
        osp__deadlock_end();
        return;
    }
    fiber->code = task->code;
    fiber->env = task->env;
    fiber->arg = task->result;
    fiber->owner = task;
    fiber->test = task->test;
    fiber->is_computation = true;
    fiber->finished = finished;
    osp__fiber_run(fiber);
}

/* ---- the functions of compiled code ------------------------------------------------------------------------------ */

/* Starts code(ctx, env, result) on a fiber of its own, on this worker or one that has nothing to do. Takes one count of
 * env. `result` has room for `words` 8-byte words, zero at first, whose first `pointers` the code fills with owned
 * counted pointers. Returns the task, owned. */
OSP_API void *osp_spawn(osp_ctx *ctx, osp_thunk code, void *env, int64_t words, int64_t pointers) {
    size_t size = sizeof(struct task) + (size_t)words * 8;
    struct task *task = osp__object_new(OSP_INFO(OSP_KIND_TASK, 0, 0), 0, size);
    if (task == NULL) {
        osp_drop(env);
        osp__fiber_fail(ctx, "out of memory");
    }
    memset(task, 0, size);
    osp__header(task)->count = -2; /* one for the caller, one for the computation */
    task->work.run = start;
    task->code = code;
    task->env = env;
    osp_dup(ctx->fiber->test);
    task->test = ctx->fiber->test;
    task->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    task->words = (uint32_t)words;
    task->pointers = (uint32_t)pointers;
    osp_mark_shared(env);
    osp__deadlock_begin();
    osp__worker_offer(ctx->worker, &task->work);
    return task;
}

static bool is_done(struct task *task) { return __atomic_load_n(&task->waiters, __ATOMIC_ACQUIRE) == DONE; }

static void wait_for(osp_ctx *ctx, struct task *task) {
    struct waiter self = {__atomic_load_n(&task->waiters, __ATOMIC_ACQUIRE), ctx->fiber};
    osp__deadlock_will_wait(ctx, "await");
    do {
        if (self.next == DONE) {
            osp__deadlock_will_not_wait(ctx);
            return;
        }
    } while (!__atomic_compare_exchange_n(&task->waiters, &self.next, &self, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    osp__fiber_park(ctx);
}

/* Waits for a task. Returns its result words, which live as long as the task (the caller takes counts of what it
 * keeps). If the task failed the awaiter fails with the same message. */
OSP_API void *osp_await(osp_ctx *ctx, void *object) {
    struct task *task = object;
    wait_for(ctx, task);
    if (task->failure != NULL) {
        hear(task);
        osp_dup(task->failure);
        osp__fiber_fail_with(ctx, task->failure);
    }
    return task->result;
}

/* The same, but a failure becomes *error. */
OSP_API void *osp_await_result(osp_ctx *ctx, void *object, char **error) {
    struct task *task = object;
    wait_for(ctx, task);
    if (task->failure == NULL) return task->result;
    hear(task);
    osp_dup(task->failure);
    *error = task->failure;
    return NULL;
}

OSP_API bool osp_fiber_done(osp_ctx *ctx, void *object) {
    (void)ctx;
    return is_done(object);
}

OSP_API int64_t osp_fiber_id(osp_ctx *ctx, void *object) {
    (void)ctx;
    return ((struct task *)object)->id;
}
