/* worker.c - the loop of a worker. See worker.h for what may touch what. */
#include "worker.h"

#include <errno.h>
#include <sys/epoll.h>

#include "../io/output.h"
#include "../mem/block.h"
#include "../sys/sys.h"
#include "deadlock.h"
#include "runtime.h"
#include "preempt.h"
#include "seed.h"

/* Pieces of work between two looks at timers and descriptors, so that neither starves; with garbage, between two parts
 * of it. */
#define ROUND 64
#define ROUND_WITH_GARBAGE 1
#define EVENTS 256

/* Objects freed a round when there is much garbage: some fifty microseconds. Where it does not end, since all the short
 * work leaves some behind, rounds free more and more: up to two milliseconds, as much as anybody may have the thread. */
#define FREED_A_ROUND 1024
#define ROUNDS_BEFORE_MORE 1024
#define DOUBLED_AT_MOST 5

/* Bytes of freed blocks that are kept for what comes: the last of them were in use a moment ago. */
#define KEPT_BY_ONE ((size_t)32 << 20)
#define KEPT_BY_ALL ((size_t)256 << 20)

/* Fibers that were made to yield get a turn after so many others have been, even if the others never end. */
#define TURNS_BEFORE_TIRED 4

static __thread struct osp_worker *self;

struct osp_worker *osp__worker_self(void) { return self; }

/* ---- queues ------------------------------------------------------------------------------------------------------ */

static void append(struct osp__queue *queue, struct osp__work *work) {
    work->next = NULL;
    if (queue->head == NULL)
        queue->head = work;
    else
        queue->tail->next = work;
    queue->tail = work;
}

static struct osp__work *take(struct osp__queue *queue) {
    struct osp__work *work = queue->head;
    if (work != NULL) queue->head = work->next;
    return work;
}

/* Any one of the first few: for runs with a seed. */
static struct osp__work *take_any(struct osp__queue *queue) {
    struct osp__work *before = NULL, *work = queue->head;
    if (work == NULL) return NULL;
    for (uint64_t steps = osp__seed_below(8); steps > 0 && work->next != NULL; steps--) {
        before = work;
        work = work->next;
    }
    if (before == NULL) return take(queue);
    before->next = work->next;
    if (queue->tail == work) queue->tail = before;
    return work;
}

/* ---- work from other threads ------------------------------------------------------------------------------------- */

/* Wakes the thread if it sleeps. The sequentially consistent exchange pairs with the one in fall_asleep: either we see
 * that it sleeps, or it sees what we have put into its queue. */
static void wake(struct osp_worker *worker) {
    if (__atomic_load_n(&worker->sleeping, __ATOMIC_SEQ_CST) &&
        __atomic_exchange_n(&worker->sleeping, 0, __ATOMIC_SEQ_CST))
        osp__event_fd_signal(worker->wake_fd);
}

void osp__worker_submit(struct osp_worker *worker, struct osp__work *work) {
    if (worker == self) {
        append(&worker->ready, work);
        return;
    }
    work->next = __atomic_load_n(&worker->inbox, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&worker->inbox, &work->next, work, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {}
    wake(worker);
}

/* Whoever has put off freeing in this turn waits until it is done: it would make more garbage than is ever freed. */
void osp__worker_postpone(struct osp_worker *worker, struct osp__work *work) {
    bool litters = worker->put_off.top != NULL && worker->put_off_in_turn == worker->turn;
    append(OSP_UNLIKELY(litters) ? &worker->litterers : &worker->tired, work);
}

static void empty_inbox(struct osp_worker *worker) {
    if (__atomic_load_n(&worker->inbox, __ATOMIC_RELAXED) == NULL) return;
    struct osp__work *newest = __atomic_exchange_n(&worker->inbox, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (newest != NULL) {
        struct osp__work *work = newest;
        newest = work->next;
        work->next = oldest;
        oldest = work;
    }
    while (oldest != NULL) {
        struct osp__work *work = oldest;
        oldest = work->next;
        append(&worker->ready, work);
    }
}

/* ---- work that has not started ----------------------------------------------------------------------------------- */

static void wake_an_idle_worker(struct osp_worker *except) {
    for (int i = 0; i < osp__runtime.worker_count; i++) {
        struct osp_worker *worker = &osp__runtime.workers[i];
        if (worker == except || !__atomic_load_n(&worker->sleeping, __ATOMIC_SEQ_CST)) continue;
        wake(worker);
        return;
    }
}

void osp__worker_offer(struct osp_worker *worker, struct osp__work *work) {
    pthread_mutex_lock(&worker->stealable_lock);
    append(&worker->stealable, work);
    __atomic_add_fetch(&worker->stealable_count, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&worker->stealable_lock);
    if (worker != self) wake(worker);
    wake_an_idle_worker(worker);
}

static struct osp__work *take_unstarted(struct osp_worker *from) {
    if (__atomic_load_n(&from->stealable_count, __ATOMIC_SEQ_CST) == 0) return NULL;
    pthread_mutex_lock(&from->stealable_lock);
    struct osp__work *work = OSP_UNLIKELY(osp__seeded) ? take_any(&from->stealable) : take(&from->stealable);
    if (work != NULL) __atomic_sub_fetch(&from->stealable_count, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&from->stealable_lock);
    return work;
}

static struct osp__work *steal(struct osp_worker *thief) {
    int count = osp__runtime.worker_count;
    for (int i = 1; i < count; i++) {
        struct osp__work *work = take_unstarted(&osp__runtime.workers[(thief->index + i) % count]);
        if (work != NULL) return work;
    }
    return NULL;
}

/* ---- garbage ------------------------------------------------------------------------------------------------------ */

/* Puts off the rest of what is being freed when the fiber that frees it has been asked to yield, or when no fiber does:
 * the loop goes on with it, a part each round. */
static bool put_off(struct osp__dead *dead) {
    struct osp_worker *worker = self;
    if (worker == NULL || worker->index < 0) return false;
    struct osp_fiber *fiber = worker->current;
    if (fiber != NULL && __atomic_load_n(&fiber->ctx.poll, __ATOMIC_RELAXED) == 0) return false;
    osp__dead_join(&worker->put_off, dead);
    worker->put_off_in_turn = worker->turn;
    return true;
}

static void let_litterers_go_on(struct osp_worker *worker) {
    struct osp__work *work;
    while ((work = take(&worker->litterers)) != NULL) append(&worker->tired, work);
}

void osp__worker_divide_freeing(void) { osp__set_pause(put_off); }

/* Frees a part; false when there was none. */
static bool free_a_part(struct osp_worker *worker) {
    if (OSP_LIKELY(worker->put_off.top == NULL)) return false;
    uint32_t doubled = worker->rounds_with_garbage++ / ROUNDS_BEFORE_MORE;
    struct osp__dead dead = {NULL, NULL};
    osp__dead_join(&dead, &worker->put_off);
    osp__free_some(&dead, FREED_A_ROUND << (doubled < DOUBLED_AT_MOST ? doubled : DOUBLED_AT_MOST));
    osp__dead_join(&worker->put_off, &dead);
    if (worker->put_off.top == NULL) {
        worker->rounds_with_garbage = 0;
        let_litterers_go_on(worker);
    }
    return true;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* The context of the fiber that runs on this thread, for C functions that call back into compiled code; NULL on
 * threads that run no fibers. */
OSP_API void *osp_current_context(void) {
    struct osp_fiber *fiber = self != NULL ? self->current : NULL;
    return fiber != NULL ? &fiber->ctx : NULL;
}

void osp__worker_defer(struct osp_worker *worker, struct osp__work *work) {
    work->next = worker->parting;
    worker->parting = work;
}

static void run_deferred(struct osp_worker *worker) {
    while (worker->parting != NULL) {
        struct osp__work *work = worker->parting;
        worker->parting = work->next;
        work->run(work, worker);
    }
}

static void fire_timers(struct osp_worker *worker) {
    struct osp__timer *timer;
    while ((timer = osp__timer_next_due(&worker->timers, worker->now_ns)) != NULL) timer->fire(timer, worker);
}

/* The next piece of work of those that are likely to need the thread for a moment only. */
static struct osp__work *take_fresh(struct osp_worker *worker) {
    /* Every other turn what has not started comes first: fibers that only yield must not keep it waiting. */
    bool unstarted_first = worker->unstarted_first = !worker->unstarted_first;
    struct osp__work *work = unstarted_first ? take_unstarted(worker) : take(&worker->ready);
    if (work == NULL) work = unstarted_first ? take(&worker->ready) : take_unstarted(worker);
    return work != NULL ? work : steal(worker);
}

/* Fibers that were made to yield run when there is nothing else, but neither a stream of short work nor one of long
 * work keeps them waiting for ever. */
static struct osp__work *take_tired(struct osp_worker *worker) {
    struct osp__work *work = take(&worker->tired);
    if (work != NULL) worker->owed = 0;
    return work;
}

/* The next piece of work of a run with a seed: any. */
static struct osp__work *draw(struct osp_worker *worker) {
    struct osp__queue *queues[] = {&worker->ready, &worker->tired};
    size_t unstarted = __atomic_load_n(&worker->stealable_count, __ATOMIC_SEQ_CST);
    /* Nothing is drawn while there is nothing to do: how often that happens depends on the machine. */
    if (worker->ready.head == NULL && worker->tired.head == NULL && unstarted == 0) return NULL;
    uint64_t first = osp__seed_below(3);
    struct osp__work *work = NULL;
    for (uint64_t i = 0; i < 3 && work == NULL; i++) {
        uint64_t which = (first + i) % 3;
        work = which == 2 ? take_unstarted(worker) : take_any(queues[which]);
    }
    return work;
}

static struct osp__work *choose(struct osp_worker *worker, bool tired_first) {
    if (OSP_UNLIKELY(osp__seeded)) {
        while (free_a_part(worker)) {}
        return draw(worker);
    }
    struct osp__work *work = tired_first ? take_tired(worker) : take_fresh(worker);
    if (work == NULL) work = tired_first ? take_fresh(worker) : take_tired(worker);
    return work;
}

/* Does up to a round of work; returns false when there was nothing to do. */
static bool work_a_round(struct osp_worker *worker) {
    int round = OSP_LIKELY(worker->put_off.top == NULL) ? ROUND : ROUND_WITH_GARBAGE;
    for (int i = 0; i <= round; i++) {
        struct osp__work *work = choose(worker, i == round || worker->owed >= TURNS_BEFORE_TIRED);
        if (work == NULL) return i > 0;
        work->run(work, worker);
        if (OSP_UNLIKELY(worker->preempted)) { /* it has had the thread for long: the events come first now */
            worker->preempted = false;
            worker->owed++;
            return true;
        }
    }
    return true;
}

/* Announces sleep, then looks once more: whoever put work somewhere before seeing the announcement is found here. */
static bool fall_asleep(struct osp_worker *worker) {
    osp__output_flush_if_any();
    __atomic_exchange_n(&worker->sleeping, 1, __ATOMIC_SEQ_CST);
    bool idle = __atomic_load_n(&worker->inbox, __ATOMIC_SEQ_CST) == NULL;
    for (int i = 0; idle && i < osp__runtime.worker_count; i++)
        idle = __atomic_load_n(&osp__runtime.workers[i].stealable_count, __ATOMIC_SEQ_CST) == 0;
    if (!idle)
        __atomic_store_n(&worker->sleeping, 0, __ATOMIC_SEQ_CST);
    else if (osp__deadlock_is_certain())
        osp__runtime_stuck();
    return idle;
}

static int milliseconds_to_next_timer(struct osp_worker *worker) {
    int64_t earliest = osp__timer_earliest(&worker->timers);
    if (earliest == INT64_MAX) return -1;
    int64_t left = earliest - osp__now_ns();
    if (left <= 0) return 0;
    int64_t milliseconds = (left + 999999) / 1000000; /* rounded up, so as not to spin through the last one */
    return milliseconds > 3600000 ? 3600000 : (int)milliseconds;
}

static void handle_events(struct osp_worker *worker, bool may_sleep) {
    struct epoll_event events[EVENTS];
    bool sleeps = may_sleep && fall_asleep(worker);
    if (OSP_UNLIKELY(osp__seeded) && sleeps && osp__timer_earliest(&worker->timers) != INT64_MAX)
        sleeps = !osp__seed_pass_time(osp__timer_earliest(&worker->timers));
    int timeout = sleeps ? milliseconds_to_next_timer(worker) : 0;
    int64_t before = OSP_UNLIKELY(osp__seeded) ? osp__real_ns() : 0;
    int count = osp__epoll_wait(worker->epoll, events, EVENTS, timeout);
    if (OSP_UNLIKELY(osp__seeded) && timeout != 0) osp__clock_advance(osp__real_ns() - before);
    if (timeout != 0 || __atomic_load_n(&worker->sleeping, __ATOMIC_RELAXED))
        __atomic_store_n(&worker->sleeping, 0, __ATOMIC_SEQ_CST);
    osp__preempt_awake();
    worker->now_ns = osp__now_ns();
    for (int i = 0; i < count; i++) {
        struct osp__poller *poller = events[i].data.ptr;
        poller->ready(poller, events[i].events, worker);
    }
    run_deferred(worker);
}

/* Bytes of freed blocks that a worker keeps. */
static size_t kept_by_each(void) {
    size_t each = KEPT_BY_ALL / (size_t)osp__runtime.worker_count;
    return each < KEPT_BY_ONE ? each : KEPT_BY_ONE;
}

void *osp__worker_main(void *argument) {
    struct osp_worker *worker = argument;
    self = worker;
    /* Without its context or its alternate stack a worker cannot run a single fiber: nothing would ever happen. */
    if (osp__context_of_thread(&worker->context) != 0 || osp__fault_prepare_thread(&worker->alternate_stack) != 0)
        osp__runtime_out_of_memory();
    worker->now_ns = osp__now_ns();
    osp__block_keep(kept_by_each());
    for (;;) {
        empty_inbox(worker);
        fire_timers(worker);
        run_deferred(worker);
        bool busy = work_a_round(worker);
        busy |= free_a_part(worker);
        run_deferred(worker);
        handle_events(worker, !busy);
    }
    return NULL;
}

static void on_wake(struct osp__poller *poller, uint32_t events, struct osp_worker *worker) {
    (void)poller, (void)events;
    osp__event_fd_clear(worker->wake_fd);
}

int osp__worker_init(struct osp_worker *worker, int index) {
    *worker = (struct osp_worker){.index = index, .epoll = -1, .wake_fd = -1};
    pthread_mutex_init(&worker->stealable_lock, NULL);
    worker->epoll = osp__epoll_create();
    if (worker->epoll < 0) return worker->epoll;
    worker->wake_fd = osp__event_fd();
    if (worker->wake_fd < 0) return worker->wake_fd;
    worker->wake_poller.ready = on_wake;
    return osp__epoll_add(worker->epoll, worker->wake_fd, EPOLLIN | EPOLLET, &worker->wake_poller);
}
