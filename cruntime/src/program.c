/* program.c - the life of a program: its main fiber, the signals that end it, and the status it ends with.
 *
 * The thread that calls osp_run_main (the main thread of the command line) sleeps on one eventfd; the signal handlers,
 * the end of main, the end of the last server and osp_exit all wake it by writing there. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "fiber/fiber.h"
#include "http/access_log.h"
#include "io/diagnostic.h"
#include "mem/string.h"
#include "sched/deadlock.h"
#include "sched/runtime.h"
#include "sched/task.h"
#include "stats.h"
#include "sys/sys.h"

OSP_API uint64_t osp_abi_hash(void) {
#ifdef OSP_ABI_HASH
    return OSP_ABI_HASH;
#else
    return 0;
#endif
}

/* Longest wait for requests in flight after a signal. */
#define DRAIN_NS ((int64_t)5000000000)

static int signals; /* atomic: how many have come */
static int first_signal;
static int stats_wanted; /* atomic: SIGUSR1 has come */
static int program_runs; /* atomic: some thread is in osp_run_main */
static int main_lives;   /* atomic: its main fiber has not ended */
static int deadlocked;   /* atomic: and it has been reported that it cannot go on */

struct program {
    void (*entry)(osp_ctx *, void *);
    int64_t result;
    char *failure;
    int finished; /* atomic; the fields above are stable once it is set */
};

static void run_entry(osp_ctx *ctx, void *env, void *arg) {
    (void)env;
    struct program *program = arg;
    program->entry(ctx, &program->result);
}

static void entry_finished(struct osp_fiber *fiber) {
    struct program *program = fiber->owner;
    program->failure = fiber->failure;
    __atomic_store_n(&main_lives, 0, __ATOMIC_SEQ_CST);
    osp__fiber_release(fiber);
    __atomic_store_n(&program->finished, 1, __ATOMIC_RELEASE);
    osp__runtime_notify();
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static void on_signal(int signal) {
    int saved = errno;
    if (__atomic_fetch_add(&signals, 1, __ATOMIC_SEQ_CST) == 0) first_signal = signal;
    osp__runtime_notify();
    errno = saved;
}

static void on_stats_signal(int signal) {
    (void)signal;
    int saved = errno;
    __atomic_store_n(&stats_wanted, 1, __ATOMIC_SEQ_CST);
    osp__runtime_notify();
    errno = saved;
}

struct handlers {
    struct sigaction interrupt, terminate, stats;
};

static void install(struct handlers *previous) {
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &previous->interrupt);
    sigaction(SIGTERM, &action, &previous->terminate);
    struct sigaction stats = {.sa_handler = on_stats_signal, .sa_flags = SA_RESTART};
    sigemptyset(&stats.sa_mask);
    if (osp__runtime.wants_stats) sigaction(SIGUSR1, &stats, &previous->stats);
}

static void restore(const struct handlers *previous) {
    sigaction(SIGINT, &previous->interrupt, NULL);
    sigaction(SIGTERM, &previous->terminate, NULL);
    if (osp__runtime.wants_stats) sigaction(SIGUSR1, &previous->stats, NULL);
}

/* ---- deadlock ----------------------------------------------------------------------------------------------------- */

/* Called by a worker that has found every fiber waiting for another one. A request can still change that while a server
 * listens; and once main has ended, the others are not waited for. */
static void on_deadlock(void) {
    if (!__atomic_load_n(&main_lives, __ATOMIC_SEQ_CST) || __atomic_load_n(&osp__runtime.services, __ATOMIC_SEQ_CST) > 0)
        return;
    if (__atomic_exchange_n(&deadlocked, 1, __ATOMIC_SEQ_CST) != 0) return;
    osp__deadlock_report();
    int expected = 0;
    __atomic_compare_exchange_n(&osp__runtime.exit_requested, &expected, 1 + OSP_EXIT_DIAGNOSTIC, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    osp__runtime_notify();
}

/* ---- waiting for the end ----------------------------------------------------------------------------------------- */

static bool serving(void) { return __atomic_load_n(&osp__runtime.services, __ATOMIC_SEQ_CST) > 0; }

/* The exit status, or -1 while the program goes on. */
static int status_now(struct program *program, int64_t *drain_until) {
    int exit_requested = __atomic_load_n(&osp__runtime.exit_requested, __ATOMIC_ACQUIRE);
    if (exit_requested != 0) return exit_requested - 1;
    int count = __atomic_load_n(&signals, __ATOMIC_SEQ_CST);
    if (count > 1) return 130;
    bool finished = __atomic_load_n(&program->finished, __ATOMIC_ACQUIRE);
    if (*drain_until != 0) {
        bool goes_on = !finished && __atomic_load_n(&osp__runtime.kept, __ATOMIC_SEQ_CST) > 0;
        return (serving() || goes_on) && osp__now_ns() < *drain_until ? -1 : 0;
    }
    if (finished && program->failure != NULL) {
        osp__diagnose("%s", program->failure);
        return OSP_EXIT_DIAGNOSTIC;
    }
    if (count == 1) {
        if (!serving()) return first_signal == SIGINT ? 130 : 128 + first_signal;
        *drain_until = osp__now_ns() + DRAIN_NS;
        osp__runtime_drain();
        return -1;
    }
    return finished && !serving() ? (int)(program->result & 255) : -1;
}

static int wait_for_end(struct program *program) {
    int64_t drain_until = 0;
    for (;;) {
        if (__atomic_exchange_n(&stats_wanted, 0, __ATOMIC_SEQ_CST)) osp__stats_report();
        int status = status_now(program, &drain_until);
        if (status >= 0) return status;
        int64_t left = drain_until != 0 ? (drain_until - osp__now_ns()) / 1000000 + 1 : -1;
        struct pollfd notice = {.fd = osp__runtime.notice_fd, .events = POLLIN};
        if (poll(&notice, 1, (int)left) > 0) osp__event_fd_clear(osp__runtime.notice_fd);
    }
}

OSP_API int64_t osp_run_main(void (*entry)(osp_ctx *ctx, void *result)) {
    int error = osp__runtime_ensure();
    if (error != 0) {
        osp__diagnose("cannot start the runtime: %s", osp__runtime_problem(error));
        return OSP_EXIT_DIAGNOSTIC;
    }
    /* Not on this stack: after an early end the fiber may still be running. */
    struct program *program = osp__alloc_zeroed(sizeof *program);
    if (program == NULL) osp__out_of_memory();
    program->entry = entry;
    __atomic_store_n(&signals, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&osp__runtime.exit_requested, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&osp__runtime.concluded, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&deadlocked, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&osp__runtime.draining, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&osp__runtime.kept, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&main_lives, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&program_runs, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&osp__runtime.stuck, on_deadlock, __ATOMIC_RELEASE);
    struct handlers previous;
    install(&previous);
    if (osp__runtime_launch(run_entry, NULL, program, entry_finished, program, true) != 0) osp__out_of_memory();
    int status = wait_for_end(program);
    restore(&previous);
    __atomic_store_n(&program_runs, 0, __ATOMIC_SEQ_CST);
    osp__task_report_unheard();
    int (*conclude)(int) = __atomic_load_n(&osp__runtime.conclude, __ATOMIC_ACQUIRE);
    if (conclude != NULL) status = conclude(status);
    osp_flush();
    osp__access_log_flush();
    if (osp__runtime.wants_stats) osp__stats_report();
    if (__atomic_load_n(&program->finished, __ATOMIC_ACQUIRE)) {
        osp_drop(program->failure);
        osp__release(program);
    }
    return status;
}

/* Ends the program with status `code` modulo 256; buffered output is written. Does not return to the fiber. Code that
 * was called by an embedder is no program: it must not end the embedder's process, so its fiber fails. */
OSP_API _Noreturn void osp_exit(osp_ctx *ctx, int64_t code) {
    if (!__atomic_load_n(&program_runs, __ATOMIC_SEQ_CST)) osp__fiber_fail(ctx, "exit was called outside a program");
    int expected = 0, wanted = 1 + (int)(code & 255);
    __atomic_compare_exchange_n(&osp__runtime.exit_requested, &expected, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    osp__runtime_notify();
    for (;;) osp__fiber_park(ctx);
}
