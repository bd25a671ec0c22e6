/* call.c - calls from an embedder's threads into compiled code, and from compiled code back.
 *
 * A call that may wait runs on a fiber of a worker while the calling thread sleeps here. When the fiber calls a function
 * of the embedder, the thread comes back with the request, answers it on its own stack, and sleeps on; requests of
 * other fibers (spawned ones, handlers) go to a queue that threads of the embedder empty. No code of the embedder ever
 * runs on a fiber's stack.
 *
 * A call that can never wait needs no worker: it runs on this thread, on a stack of its own, which ends it with a
 * diagnostic when it runs out. Both kinds take their stacks from one pool. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../base.h"
#include "../fiber/fiber.h"
#include "../fiber/stack.h"
#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../sched/deadlock.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "object.h"
#include "stream.h"

/* Touched page by page. As deep as what people are used to from the main thread of a program. */
#define CALL_STACK ((size_t)64 << 20)
#define CALL_RESERVE ((size_t)128 << 10)

struct osp_request {
    struct osp_request *next;
    struct osp_fiber *fiber;
    int64_t number;
    struct osp_stream *stream;
    char *failure;
};

struct osp_call {
    struct osp__work work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    osp_thunk code;
    void *env, *arg;
    bool answers; /* its thread answers requests */
    bool done;
    char *failure;
    struct osp_request *request;
};

/* ---- stacks ------------------------------------------------------------------------------------------------------- */

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct osp_fiber *pool;

static struct osp_fiber *take_fiber(struct osp_worker *worker) {
    pthread_mutex_lock(&pool_lock);
    struct osp_fiber *fiber = pool;
    if (fiber != NULL) pool = fiber->next;
    pthread_mutex_unlock(&pool_lock);
    if (fiber == NULL) fiber = osp__fiber_new_large(CALL_STACK, CALL_RESERVE);
    if (fiber != NULL) osp__fiber_prepare(fiber, worker);
    return fiber;
}

static void give_fiber(struct osp_fiber *fiber) {
    if (!osp__fiber_reset(fiber)) return; /* lost; memory was exhausted anyway */
    pthread_mutex_lock(&pool_lock);
    fiber->next = pool;
    pool = fiber;
    pthread_mutex_unlock(&pool_lock);
}

static struct timespec after(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (ms < 0) return at;
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* ---- calls on a worker --------------------------------------------------------------------------------------------- */

static void call_finished(struct osp_fiber *fiber) {
    struct osp_call *call = fiber->owner;
    char *failure = fiber->failure;
    give_fiber(fiber);
    osp_drop(call->env);
    pthread_mutex_lock(&call->lock);
    call->failure = failure;
    call->done = true;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->lock);
}

static void run_call(struct osp__work *work, struct osp_worker *worker) {
    struct osp_call *call = OSP_CONTAINER(work, struct osp_call, work);
    struct osp_fiber *fiber = take_fiber(worker);
    if (fiber == NULL) osp__out_of_memory();
    fiber->is_computation = true;
    fiber->code = call->code;
    fiber->env = call->env;
    fiber->arg = call->arg;
    fiber->finished = call_finished;
    fiber->owner = call;
    osp__fiber_run(fiber);
}

static struct osp_call *begin(osp_thunk code, void *env, void *arg, bool answers, int *status) {
    *status = osp__worker_self() != NULL ? -EDEADLK : osp__runtime_ensure();
    if (*status != 0) return NULL;
    struct osp_call *call = osp__alloc_zeroed(sizeof *call);
    if (call == NULL) {
        *status = -ENOMEM;
        return NULL;
    }
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, NULL);
    call->code = code;
    call->env = env;
    call->arg = arg;
    call->answers = answers;
    call->work.run = run_call;
    osp_mark_shared(env);
    osp__deadlock_begin();
    osp__worker_submit(osp__runtime_any_worker(), &call->work);
    return call;
}

OSP_API struct osp_call *osp_call_begin(osp_thunk code, void *env, void *arg, int *status) {
    return begin(code, env, arg, true, status);
}

OSP_API int osp_call_wait(struct osp_call *call, int64_t timeout_ms, struct osp_request **request, char **error) {
    struct timespec until = after(timeout_ms);
    pthread_mutex_lock(&call->lock);
    int status = 0;
    while (!call->done && call->request == NULL && status == 0)
        status = timeout_ms < 0 ? pthread_cond_wait(&call->changed, &call->lock)
                                : pthread_cond_timedwait(&call->changed, &call->lock, &until);
    bool done = call->done;
    *request = call->request;
    call->request = NULL;
    pthread_mutex_unlock(&call->lock);
    if (*request != NULL) return 1;
    if (!done) return 2;
    *error = call->failure;
    pthread_mutex_destroy(&call->lock);
    pthread_cond_destroy(&call->changed);
    osp__release(call);
    return *error == NULL ? 0 : -1;
}

OSP_API bool osp_is_idle(void) {
    return osp__deadlock_living() == 0 && __atomic_load_n(&osp__runtime.services, __ATOMIC_SEQ_CST) == 0;
}

/* The words that the call was begun with. */
OSP_API void *osp_call_given(osp_ctx *ctx) { return ((void **)ctx->fiber->arg)[0]; }

OSP_API void *osp_call_kept(osp_ctx *ctx) { return ((void **)ctx->fiber->arg)[1]; }

/* ---- requests: compiled code calls the embedder --------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct osp_request *first, **last;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &queue.first};

static void enqueue(struct osp_request *request) {
    pthread_mutex_lock(&queue.lock);
    *queue.last = request;
    queue.last = &request->next;
    pthread_cond_signal(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

/* Calls the embedder's function; its arguments are in the stream, and so is its result afterwards. If it fails, so does
 * the fiber. */
OSP_API void osp_call_embedder(osp_ctx *ctx, void *callee, void *stream) {
    struct osp_request request = {.fiber = ctx->fiber, .number = osp__foreign_number(callee), .stream = stream};
    struct osp_call *call = ctx->fiber->finished == call_finished ? ctx->fiber->owner : NULL;
    if (call != NULL && call->answers) {
        pthread_mutex_lock(&call->lock);
        call->request = &request;
        pthread_cond_signal(&call->changed);
        pthread_mutex_unlock(&call->lock);
    } else {
        enqueue(&request);
    }
    osp__fiber_park(ctx);
    if (request.failure == NULL) return;
    osp_stream_free(stream);
    osp__fiber_fail_with(ctx, request.failure);
}

/* A stream for the arguments, and its end. */
OSP_API void *osp_call_stream(osp_ctx *ctx) {
    void *stream = osp_stream_new(NULL, 0);
    if (stream == NULL) osp__fiber_fail(ctx, "out of memory");
    return stream;
}

OSP_API void osp_call_stream_end(osp_ctx *ctx, void *stream) {
    (void)ctx;
    osp_stream_free(stream);
}

OSP_API struct osp_request *osp_next_request(int64_t timeout_ms) {
    struct timespec until = after(timeout_ms);
    pthread_mutex_lock(&queue.lock);
    int error = 0;
    while (queue.first == NULL && error == 0)
        error = timeout_ms < 0 ? pthread_cond_wait(&queue.changed, &queue.lock)
                               : pthread_cond_timedwait(&queue.changed, &queue.lock, &until);
    struct osp_request *request = queue.first;
    if (request != NULL) {
        queue.first = request->next;
        if (queue.first == NULL) queue.last = &queue.first;
    }
    pthread_mutex_unlock(&queue.lock);
    return request;
}

OSP_API int64_t osp_request_number(const struct osp_request *request) { return request->number; }

OSP_API struct osp_stream *osp_request_stream(const struct osp_request *request) { return request->stream; }

OSP_API void osp_request_answer(struct osp_request *request, const char *failure, size_t len) {
    if (failure != NULL) {
        request->failure = osp_string_new(failure, len);
        if (request->failure == NULL) osp__out_of_memory();
        osp_mark_shared(request->failure);
    }
    osp__fiber_wake(request->fiber);
}

/* ---- calls on the calling thread ------------------------------------------------------------------------------------ */

/* What a fiber sees of a worker when there is none: the flow to switch back to. */
struct guest {
    struct osp_worker worker;
    struct guest *next;
};

static __thread struct guest *idle; /* this thread's, one for each call that may be nested in another */
static pthread_key_t thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget_guests(void *first) {
    for (struct guest *guest = first; guest != NULL;) {
        struct guest *next = guest->next;
        if (guest->worker.warm != NULL) give_fiber(guest->worker.warm);
        guest->worker.context.sanitizer_fiber = NULL; /* the thread's own */
        osp__context_release(&guest->worker.context);
        free(guest);
        guest = next;
    }
    idle = NULL;
}

static void make_key(void) { (void)pthread_key_create(&thread_end, forget_guests); }

static struct guest *new_guest(void) {
    pthread_once(&once, make_key);
    struct guest *guest = aligned_alloc(64, (sizeof *guest + 63) & ~(size_t)63);
    if (guest == NULL) return NULL;
    *guest = (struct guest){.worker = {.index = -1}};
    if (osp__context_of_thread(&guest->worker.context) != 0) {
        free(guest);
        return NULL;
    }
    return guest;
}

static int call_here(osp_thunk code, void *arg, char **failure) {
    struct guest *guest = idle;
    if (guest != NULL)
        idle = guest->next;
    else
        guest = new_guest();
    struct osp_worker *worker = guest != NULL ? &guest->worker : NULL;
    struct osp_fiber *fiber = guest == NULL ? NULL : worker->warm != NULL ? worker->warm : take_fiber(worker);
    if (fiber == NULL) return -ENOMEM;
    worker->warm = NULL;
    fiber->code = code;
    fiber->env = NULL;
    fiber->ctx.evidence = NULL;
    fiber->arg = arg;
    osp__fiber_set_state(fiber, OSP_FIBER_ACTIVE);
    osp__context_switch(&worker->context, &fiber->context);
    while (OSP_UNLIKELY(worker->system_call != NULL)) {
        void (*call)(void *) = worker->system_call;
        worker->system_call = NULL;
        call(worker->system_argument);
        osp__context_switch(&worker->context, &fiber->context);
    }
    *failure = fiber->failure;
    if (*failure == NULL)
        worker->warm = fiber;
    else
        give_fiber(fiber);
    guest->next = idle;
    idle = guest;
    pthread_setspecific(thread_end, guest);
    return *failure == NULL ? 0 : -1;
}

/* A C function that must not run on the fiber's stack. */
OSP_API void osp_call_elsewhere(osp_ctx *ctx, void *code, void *words) {
    osp_call_on_system_stack(ctx, (void (*)(void *))(uintptr_t)code, words);
}

/* ---- what went wrong in a call that returns one number ---------------------------------------------------------------- */

/* The message of this thread's last direct call that gave no value; and how many threads have one. */
static __thread char *pending;
static __thread int pending_kind;
OSP_API uint32_t osp_pending = 0; /* atomic */

static void leave(char *message, int kind) {
    if (pending == NULL)
        __atomic_add_fetch(&osp_pending, 1, __ATOMIC_RELAXED);
    else
        osp_drop(pending);
    pending = message;
    pending_kind = kind;
}

OSP_API char *osp_take_pending(int *kind) {
    char *message = pending;
    if (message == NULL) return NULL;
    *kind = pending_kind;
    pending = NULL;
    __atomic_sub_fetch(&osp_pending, 1, __ATOMIC_RELAXED);
    return message;
}

OSP_API void osp_raise_error(char *message) { leave(message, OSP_PENDING_ERROR); }

static void leave_text(const char *text) {
    char *message = NULL;
    osp__set_error(&message, "%s", text);
    leave(message, OSP_PENDING_UNAVAILABLE);
}

OSP_API bool osp_call_direct(void *code, void *words, bool waits) {
    osp_thunk thunk = (osp_thunk)(uintptr_t)code;
    char *failure = NULL;
    int status;
    if (!waits) {
        status = call_here(thunk, words, &failure);
    } else {
        struct osp_request *request;
        struct osp_call *call = begin(thunk, NULL, words, false, &status);
        if (call != NULL) status = osp_call_wait(call, -1, &request, &failure);
    }
    if (OSP_LIKELY(status == 0)) return true;
    if (failure != NULL)
        leave(failure, OSP_PENDING_FAILURE);
    else
        leave_text(osp__runtime_problem(status));
    return false;
}
