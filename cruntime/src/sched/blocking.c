/* blocking.c - the pool of threads for calls that block: files, name resolution, child processes.
 *
 * Threads are made on demand up to a limit and leave after some idle seconds; requests beyond the limit wait in order.
 * The fiber that asks is parked, so its worker goes on. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "../base.h"
#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "blocking.h"
#include "runtime.h"

#define IDLE_SECONDS 10

/* What the kernel takes so long to unmap that it is worth waking a thread for. */
#define LARGE_BLOCK ((size_t)4 << 20)

struct request {
    struct request *next;
    void (*fn)(void *);
    void *arg;
    struct osp_fiber *fiber; /* to be woken; NULL if nobody waits, and then the request is on the heap */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *first, *last;
    int threads, idle;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

/* With the lock held. NULL when nothing came for a while. */
static struct request *next_request(void) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += IDLE_SECONDS;
    pool.idle++;
    int status = 0;
    while (pool.first == NULL && status == 0) status = pthread_cond_timedwait(&pool.more, &pool.lock, &limit);
    pool.idle--;
    struct request *request = pool.first;
    if (request != NULL) pool.first = request->next;
    return request;
}

static void *pool_thread(void *unused) {
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    for (struct request *request; (request = next_request()) != NULL;) {
        pthread_mutex_unlock(&pool.lock);
        struct osp_fiber *fiber = request->fiber;
        request->fn(request->arg);
        if (fiber != NULL)
            osp__fiber_wake(fiber); /* the request lies on that fiber's stack: not to be touched again */
        else
            osp__release(request);
        pthread_mutex_lock(&pool.lock);
    }
    pool.threads--;
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* With the lock held. 0 when there is, or will be, a thread to serve one more request. */
static int provide_thread(void) {
    int waiting = 0;
    for (struct request *request = pool.first; request != NULL && waiting <= pool.idle; request = request->next) waiting++;
    if (waiting < pool.idle || pool.threads >= osp__runtime.blocking_limit) return 0;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, &detached, pool_thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    if (error == 0) pool.threads++;
    return pool.threads > 0 ? 0 : -error;
}

/* 0 when a thread will serve the request. */
static int enqueue(struct request *request) {
    pthread_mutex_lock(&pool.lock);
    int error = provide_thread();
    if (error == 0) {
        if (pool.first == NULL)
            pool.first = request;
        else
            pool.last->next = request;
        pool.last = request;
        pthread_cond_signal(&pool.more);
    }
    pthread_mutex_unlock(&pool.lock);
    return error;
}

OSP_API int osp_blocking_call(osp_ctx *ctx, void (*fn)(void *), void *arg) {
    if (ctx == NULL) {
        fn(arg);
        return 0;
    }
    struct request request = {.fn = fn, .arg = arg, .fiber = ctx->fiber};
    int error = enqueue(&request);
    if (error == 0) osp__fiber_park(ctx);
    return error;
}

int osp__blocking_start(void (*fn)(void *), void *arg) {
    struct request *request = osp__alloc_zeroed(sizeof *request);
    if (request == NULL) return -ENOMEM;
    request->fn = fn;
    request->arg = arg;
    int error = enqueue(request);
    if (error != 0) osp__release(request);
    return error;
}

void osp__release_aside(osp_ctx *ctx, void *block, size_t size) {
    if (size < LARGE_BLOCK || ctx == NULL || osp__blocking_start(osp__release, block) != 0) osp__release(block);
}
