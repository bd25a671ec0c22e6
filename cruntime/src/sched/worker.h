/* worker.h - a worker: one thread with its own epoll instance, run queue and timers.
 *
 * The loop of a worker is the only code that resumes fibers, fires timers and handles events, all on the worker's own
 * stack. What another thread wants done is submitted as a piece of work and runs between two fibers; so whatever
 * belongs to a worker is touched by one thread and needs no lock. Work that has not started (spawned tasks) waits in a
 * queue of its own that other workers may steal from. */
#ifndef OSP_SCHED_WORKER_H
#define OSP_SCHED_WORKER_H

#include <pthread.h>
#include <stdint.h>

#include "../base.h"
#include "../fiber/context.h"
#include "../fiber/fiber.h"
#include "../mem/object.h"
#include "timer.h"

/* A descriptor in a worker's epoll: what data.ptr points to. */
struct osp__poller {
    void (*ready)(struct osp__poller *poller, uint32_t events, struct osp_worker *worker);
};

struct osp__queue {
    struct osp__work *head, *tail;
};

struct osp_worker {
    struct osp__context context;
    struct osp_fiber *current;        /* atomic: the fiber that runs now */
    uint32_t turn;                    /* atomic: how often a fiber has been resumed */
    bool unstarted_first;             /* whose turn it was last: work that has not started, or fibers */
    bool preempted;                   /* a fiber was made to yield: look at the events before going on */
    uint32_t owed;                    /* how often others were made to yield since a tired fiber had a turn */
    void (*system_call)(void *);      /* what the fiber wants done on this stack; see osp_call_on_system_stack */
    void *system_argument;
    struct osp__queue ready;          /* work of this thread */
    struct osp__queue tired;          /* fibers that were made to yield: they come after the others */
    struct osp__queue litterers;      /* those of them that wait for their garbage to be freed */
    struct osp__dead put_off;         /* garbage, more of it than could be freed at once */
    uint32_t put_off_in_turn;         /* the turn of the fiber that has put something off last */
    uint32_t rounds_with_garbage;     /* since there was none */
    struct osp__work *parting;        /* work to do once the current batch of events is done */
    struct osp__timer_heap timers;
    struct osp_fiber *warm;           /* idle fibers with their stacks */
    uint32_t warm_count;
    int index;                        /* -1: no worker, but the thread of an embedder (embed/call.c) */
    int epoll;
    int64_t now_ns;                   /* read once a round of the loop */
    void *alternate_stack;            /* for the handler of stack faults */
    void *http;                       /* what the HTTP server keeps per worker */

    struct osp__work *inbox __attribute__((aligned(64))); /* atomic: work from other threads, newest first */
    int sleeping;                     /* atomic: 1 while the thread is (about to be) in epoll_wait */
    int wake_fd;
    struct osp__poller wake_poller;
    pthread_mutex_t stealable_lock;
    struct osp__queue stealable;      /* work that has not started */
    size_t stealable_count;           /* atomic hint */
    pthread_t thread;
};

/* The worker whose thread this is; NULL on other threads. */
struct osp_worker *osp__worker_self(void);

/* Runs `work` on the worker's thread, soon. From any thread. The work must stay alive until it has run. */
void osp__worker_submit(struct osp_worker *worker, struct osp__work *work);

/* Queues the running fiber behind the work that needs the thread for a moment only. From the worker's own thread. */
void osp__worker_postpone(struct osp_worker *worker, struct osp__work *work);

/* Queues work that has not started: this worker's, unless another one has nothing to do. From any thread. */
void osp__worker_offer(struct osp_worker *worker, struct osp__work *work);

/* Runs `work` on this thread after the events in hand have been handled (to free what they may still refer to). */
void osp__worker_defer(struct osp_worker *worker, struct osp__work *work);

/* Prepares a worker; 0 or a negative errno. */
int osp__worker_init(struct osp_worker *worker, int index);

/* Makes freeing much at once a thing that workers do in parts; before any of them runs. */
void osp__worker_divide_freeing(void);

/* The loop; never returns. For pthread_create. */
void *osp__worker_main(void *worker);

#endif
