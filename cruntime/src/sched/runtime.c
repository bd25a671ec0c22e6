/* runtime.c - starting the runtime, and running code on fibers from threads that are none. */
#include "runtime.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "channel.h"
#include "deadlock.h"
#include "preempt.h"
#include "seed.h"
#include "task.h"

struct osp__runtime osp__runtime = {.notice_fd = -1};

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static int started; /* atomic: 1 running, or a negative errno */

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static int cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

static int choose(int32_t configured, const char *variable, int standard, int most) {
    long value = configured;
    const char *text = value > 0 ? NULL : getenv(variable);
    if (text != NULL) {
        char *end;
        value = strtol(text, &end, 10);
        if (*end != '\0') value = 0;
    }
    if (value <= 0) value = standard;
    return value > most ? most : (int)value;
}

static void after_fork_in_child(void) {
    /* The worker threads exist only in the parent; waiting for them here would hang for ever. */
    if (__atomic_load_n(&started, __ATOMIC_RELAXED) == 1) __atomic_store_n(&started, -EDEADLK, __ATOMIC_RELAXED);
}

static int start_workers(int count) {
    osp__runtime.workers = aligned_alloc(64, (size_t)count * sizeof(struct osp_worker));
    if (osp__runtime.workers == NULL) return -ENOMEM;
    for (int i = 0; i < count; i++) {
        int error = osp__worker_init(&osp__runtime.workers[i], i);
        if (error != 0) return error;
    }
    osp__runtime.worker_count = count;
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV); /* blocked faults kill without a word */
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (int i = 0; i < count && error == 0; i++)
        error = -pthread_create(&osp__runtime.workers[i].thread, NULL, osp__worker_main, &osp__runtime.workers[i]);
    if (error == 0 && !osp__seeded) error = osp__preempt_start();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int start(const osp_config *config) {
    static const osp_config standard = {.size = sizeof standard};
    if (config == NULL) config = &standard;
    osp__seed_init();
    osp__runtime.argc = config->argc;
    osp__runtime.argv = config->argv;
    osp__runtime.started_ns = osp__now_ns();
    /* A caller that was built against an older header has not got the later fields. */
    bool has_all = config->size >= sizeof *config;
    const char *stats = getenv("OSPJIT_STATS");
    osp__runtime.wants_stats = (has_all && config->stats != 0) || (stats != NULL && strcmp(stats, "1") == 0);
    osp__runtime.access_log = has_all ? config->access_log : NULL;
    osp__runtime.descriptor_limit = osp__descriptor_limit();
    osp__runtime.blocking_limit = choose(config->blocking_threads, "OSPJIT_BLOCKING_THREADS", 16, 1024);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    osp__task_init();
    osp__channel_init();
    osp__memory_divide_work();
    osp__worker_divide_freeing();
    int error = osp__fault_install();
    if (error == 0) error = -pthread_atfork(NULL, NULL, after_fork_in_child);
    osp__runtime.notice_fd = osp__event_fd();
    if (error == 0 && osp__runtime.notice_fd < 0) error = osp__runtime.notice_fd;
    int workers = osp__seeded ? 1 : choose(config->workers, "OSPJIT_WORKERS", cores(), 256);
    if (error == 0) error = start_workers(workers);
    return error;
}

OSP_API int osp_runtime_start(const osp_config *config) {
    int state = __atomic_load_n(&started, __ATOMIC_ACQUIRE);
    if (OSP_LIKELY(state == 1)) return 0;
    if (state < 0) return state;
    pthread_mutex_lock(&start_lock);
    state = started;
    if (state == 0) {
        state = start(config);
        if (state == 0) state = 1;
        __atomic_store_n(&started, state, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&start_lock);
    return state == 1 ? 0 : state;
}

int osp__runtime_ensure(void) { return osp_runtime_start(NULL); }

const char *osp__runtime_problem(int error) {
    if (error == -EDEADLK) return "this process was forked from one in which it was running";
    return strerrordesc_np(-error);
}

_Noreturn void osp__runtime_out_of_memory(void) { osp__out_of_memory(); }

void osp__runtime_notify(void) { osp__event_fd_signal(osp__runtime.notice_fd); }

void osp__runtime_service(int change) {
    if (__atomic_add_fetch(&osp__runtime.services, change, __ATOMIC_SEQ_CST) == 0) osp__runtime_notify();
}

void osp__runtime_on_drain(void (*drain)(void)) {
    for (size_t i = 0; i < sizeof osp__runtime.drains / sizeof *osp__runtime.drains; i++) {
        void (*present)(void) = NULL;
        if (__atomic_compare_exchange_n(&osp__runtime.drains[i], &present, drain, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST) ||
            present == drain)
            return;
    }
    abort(); /* there are fewer kinds of services than places */
}

void osp__runtime_drain(void) {
    __atomic_store_n(&osp__runtime.draining, true, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < sizeof osp__runtime.drains / sizeof *osp__runtime.drains; i++) {
        void (*drain)(void) = __atomic_load_n(&osp__runtime.drains[i], __ATOMIC_SEQ_CST);
        if (drain != NULL) drain();
    }
}

void osp__runtime_stuck(void) {
    void (*stuck)(void) = __atomic_load_n(&osp__runtime.stuck, __ATOMIC_ACQUIRE);
    if (stuck != NULL) stuck();
}

struct osp_worker *osp__runtime_any_worker(void) {
    struct osp_worker *own = osp__worker_self();
    if (own != NULL) return own;
    static unsigned turn;
    return &osp__runtime.workers[__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % (unsigned)osp__runtime.worker_count];
}

/* ---- fibers for threads that are none ---------------------------------------------------------------------------- */

struct launch {
    struct osp__work work;
    osp_thunk code;
    void *env, *arg, *owner;
    void (*finished)(struct osp_fiber *);
    bool is_main;
};

static void run_launch(struct osp__work *work, struct osp_worker *worker) {
    struct launch *launch = OSP_CONTAINER(work, struct launch, work);
    struct osp_fiber *fiber = osp__fiber_acquire(worker, launch->is_main);
    if (fiber == NULL) osp__out_of_memory();
    fiber->is_computation = true;
    fiber->code = launch->code;
    fiber->env = launch->env;
    fiber->arg = launch->arg;
    fiber->finished = launch->finished;
    fiber->owner = launch->owner;
    osp__release(launch);
    osp__fiber_run(fiber);
}

int osp__runtime_launch(osp_thunk code, void *env, void *arg, void (*finished)(struct osp_fiber *), void *owner,
                        bool is_main) {
    struct launch *launch = osp__alloc(sizeof *launch);
    if (launch == NULL) return -ENOMEM;
    *launch = (struct launch){.work = {.run = run_launch}, .code = code, .env = env, .arg = arg, .owner = owner,
                              .finished = finished, .is_main = is_main};
    osp__deadlock_begin();
    struct osp_worker *worker = is_main ? &osp__runtime.workers[0] : osp__runtime_any_worker();
    osp__worker_submit(worker, &launch->work);
    return 0;
}

/* Where a foreign thread waits for its fiber. */
struct rendezvous {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    char *failure;
};

static void call_finished(struct osp_fiber *fiber) {
    struct rendezvous *waiting = fiber->owner;
    char *failure = fiber->failure;
    void *env = fiber->env;
    osp__fiber_release(fiber);
    osp_drop(env);
    pthread_mutex_lock(&waiting->lock);
    waiting->failure = failure;
    waiting->done = true;
    pthread_cond_signal(&waiting->changed);
    pthread_mutex_unlock(&waiting->lock);
}

OSP_API int osp_call_on_fiber(osp_thunk code, void *env, void *arg, char **error) {
    if (osp__worker_self() != NULL) return -EDEADLK;
    int status = osp__runtime_ensure();
    if (status != 0) return status;
    osp_mark_shared(env);
    struct rendezvous waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    status = osp__runtime_launch(code, env, arg, call_finished, &waiting, false);
    if (status != 0) return status;
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done) pthread_cond_wait(&waiting.changed, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    pthread_mutex_destroy(&waiting.lock);
    pthread_cond_destroy(&waiting.changed);
    if (waiting.failure == NULL) return 0;
    if (error != NULL)
        *error = waiting.failure;
    else
        osp_drop(waiting.failure);
    return -1;
}
