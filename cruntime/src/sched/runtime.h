/* runtime.h - the one runtime of the process: its workers, its pool for blocking calls, and what keeps it alive. */
#ifndef OSP_SCHED_RUNTIME_H
#define OSP_SCHED_RUNTIME_H

#include "worker.h"

struct osp__runtime {
    struct osp_worker *workers;
    int worker_count;
    int blocking_limit;      /* most threads of the blocking pool */
    size_t descriptor_limit;
    int64_t started_ns;      /* on the clock of osp__now_ns */
    bool wants_stats;        /* --stats, OSPJIT_STATS: counters are reported at the end and for SIGUSR1 */
    int argc;
    const char *const *argv;
    const char *access_log;  /* as configured; NULL or "": as the environment says */

    int notice_fd;           /* eventfd on which the thread in osp_run_main sleeps; -1 before the first run */
    int64_t services;        /* atomic: what keeps a program alive after its main has ended (listening servers) */
    void (*drains[4])(void); /* atomic: each asks services of one kind to end soon; see osp__runtime_on_drain */
    bool draining;           /* atomic: they have been asked */
    int64_t kept;            /* atomic: fibers that waited for the drain and now go on to their program's end */
    void (*stuck)(void);     /* atomic: called by a worker when no fiber can go on; set by program.c */
    int (*conclude)(int status); /* atomic: reports at the end of a program, gives its status; set by the first test */
    bool concluded;          /* the program has ended and its report is out */
    int exit_requested;      /* atomic: 1 + the status that osp_exit asked for; 0 if it has not been called */
};
extern struct osp__runtime osp__runtime;

/* 0 when the runtime runs in this process (starting it with defaults if need be), else a negative errno. */
int osp__runtime_ensure(void);

/* What a negative result of starting means, for people. */
const char *osp__runtime_problem(int error);

/* A service has started or ended. */
void osp__runtime_service(int change);

/* `drain` is called when the program is asked to end while services run; it must not wait. Registering it again
 * changes nothing. */
void osp__runtime_on_drain(void (*drain)(void));
void osp__runtime_drain(void);

/* Makes the thread in osp_run_main look at the state again. Async-signal-safe. */
void osp__runtime_notify(void);

/* No fiber can go on. */
void osp__runtime_stuck(void);

/* A worker for work that has no place of its own yet. */
struct osp_worker *osp__runtime_any_worker(void);

_Noreturn void osp__runtime_out_of_memory(void);

/* Runs code(ctx, env, arg) on a new fiber of any worker; `finished` as in struct osp_fiber. `is_main`: on the main
 * stack. 0 or -ENOMEM. */
int osp__runtime_launch(osp_thunk code, void *env, void *arg, void (*finished)(struct osp_fiber *), void *owner,
                        bool is_main);

#endif
