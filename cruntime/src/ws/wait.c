/*
 * See wait.h. Event, timer and nudge all arrive on the fiber's worker, one after the other, so that who wakes the
 * fiber needs no lock; only the hand-over from other threads does.
 */
#include "wait.h"

#include <errno.h>
#include <sys/epoll.h>

#include "../net/net.h"
#include "../sys/sys.h"

static void wake(osp__ws_wait *wait)
{
    struct osp_fiber *fiber = wait->parked;
    wait->parked = NULL;
    if (fiber != NULL)
        osp__fiber_wake(fiber);
}

static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker)
{
    (void)events, (void)worker;
    wake(OSP_CONTAINER(poller, osp__ws_wait, poller));
}

static void on_deadline(struct osp__timer *timer, struct osp_worker *worker)
{
    (void)worker;
    osp__ws_wait *wait = OSP_CONTAINER(timer, osp__ws_wait, timer);
    wait->timed_out = wait->parked != NULL;
    wake(wait);
}

static void on_nudge(struct osp__work *work, struct osp_worker *worker)
{
    (void)worker;
    osp__ws_wait *wait = OSP_CONTAINER(work, osp__ws_wait, work);
    pthread_mutex_lock(&wait->lock);
    wait->pending = false;
    wait->nudged = true;
    pthread_mutex_unlock(&wait->lock);
    wake(wait); /* runs later, on this thread: the wait is still there */
}

void osp__ws_wait_init(osp__ws_wait *wait)
{
    *wait = (osp__ws_wait){.poller = {on_ready}, .work = {.run = on_nudge}, .lock = PTHREAD_MUTEX_INITIALIZER};
    wait->timer.fire = on_deadline;
}

void osp__ws_wait_dispose(osp__ws_wait *wait)
{
    pthread_mutex_destroy(&wait->lock);
}

void osp__ws_wait_begin(osp_ctx *ctx, osp__ws_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->worker = ctx->worker;
    pthread_mutex_unlock(&wait->lock);
}

void osp__ws_wait_end(osp_ctx *ctx, osp__ws_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->worker = NULL;
    bool pending = wait->pending;
    pthread_mutex_unlock(&wait->lock);
    if (pending) { /* a nudge is on its way to this worker and must find the wait alive */
        wait->parked = ctx->fiber;
        osp__fiber_park(ctx);
    }
}

void osp__ws_wait_nudge(osp__ws_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    if (wait->worker == NULL) {
        wait->nudged = true;
    } else if (!wait->pending) {
        wait->pending = true;
        osp__worker_submit(wait->worker, &wait->work);
    }
    pthread_mutex_unlock(&wait->lock);
}

static bool take_nudge(osp__ws_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    bool nudged = wait->nudged;
    wait->nudged = false;
    pthread_mutex_unlock(&wait->lock);
    return nudged;
}

int osp__ws_wait_for(osp_ctx *ctx, osp__ws_wait *wait, int fd, uint32_t events, int64_t deadline_ns)
{
    if (take_nudge(wait))
        return 0;
    struct osp_worker *worker = ctx->worker;
    int fault = fd >= 0 ? osp__epoll_add(worker->epoll, fd, events | EPOLLONESHOT, &wait->poller) : 0;
    if (fault != 0)
        return fault;
    wait->timed_out = false;
    wait->timer.deadline_ns = deadline_ns;
    if (deadline_ns != OSP_NO_DEADLINE)
        fault = osp__timer_arm(&worker->timers, &wait->timer);
    if (fault == 0) {
        wait->parked = ctx->fiber;
        osp__fiber_park(ctx);
        if (deadline_ns != OSP_NO_DEADLINE)
            osp__timer_cancel(&worker->timers, &wait->timer);
    }
    if (fd >= 0)
        (void)osp__epoll_delete(worker->epoll, fd);
    (void)take_nudge(wait);
    return fault != 0 ? fault : wait->timed_out ? -ETIMEDOUT : 0;
}
