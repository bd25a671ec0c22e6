/* net.c - see net.h. A wait registers the descriptor and takes it out again: two system calls, paid only where the
 * descriptor was not ready, and nothing to keep track of in between. */
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "../fiber/fiber.h"
#include "../sched/worker.h"
#include "../sys/sys.h"

struct wait {
    struct osp__poller poller;
    struct osp__timer timer;
    struct osp_fiber *fiber; /* NULL once woken: event and deadline may come in the same round */
    int result;
};

static void end(struct wait *wait, int result) {
    if (wait->fiber == NULL) return;
    struct osp_fiber *fiber = wait->fiber;
    wait->fiber = NULL;
    wait->result = result;
    osp__timer_cancel(&fiber->ctx.worker->timers, &wait->timer);
    osp__fiber_wake(fiber);
}

static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker) {
    (void)events, (void)worker;
    end(OSP_CONTAINER(poller, struct wait, poller), 0);
}

static void on_deadline(struct osp__timer *timer, struct osp_worker *worker) {
    (void)worker;
    end(OSP_CONTAINER(timer, struct wait, timer), -ETIMEDOUT);
}

static int block_thread(int fd, uint32_t epoll_events, int64_t deadline_ns) {
    struct pollfd item = {.fd = fd, .events = (short)(epoll_events & (EPOLLIN | EPOLLOUT | EPOLLPRI))};
    for (;;) {
        int timeout = -1;
        if (deadline_ns != OSP_NO_DEADLINE) {
            int64_t left = (deadline_ns - osp__now_ns() + 999999) / 1000000;
            timeout = left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
        }
        int count = poll(&item, 1, timeout);
        if (count > 0) return 0;
        if (count < 0 && errno != EINTR) return -errno;
        if (count == 0 && osp__now_ns() >= deadline_ns) return -ETIMEDOUT;
    }
}

int osp_net_wait(osp_ctx *ctx, int fd, uint32_t epoll_events, int64_t deadline_ns) {
    if (ctx == NULL) return block_thread(fd, epoll_events, deadline_ns);
    struct osp_worker *worker = ctx->worker;
    struct wait wait = {.poller = {on_ready}, .timer = {deadline_ns, on_deadline, 0}, .fiber = ctx->fiber};
    int error = osp__epoll_add(worker->epoll, fd, epoll_events | EPOLLONESHOT, &wait.poller);
    if (error != 0) return error;
    if (deadline_ns != OSP_NO_DEADLINE) error = osp__timer_arm(&worker->timers, &wait.timer);
    if (error == 0) {
        osp__fiber_park(ctx);
        error = wait.result;
    }
    (void)osp__epoll_delete(worker->epoll, fd);
    return error;
}
