/*
 * websocketKeepAlive: a fiber that waits until the program is asked to end, by SIGINT or SIGTERM, and then goes on.
 *
 * While it waits it counts as a service, so that a signal begins a drain instead of ending the process at once.
 */
#include "../sched/runtime.h"
#include "wait.h"

#include "../net/net.h"

struct keeper {
    struct keeper *next;
    osp__ws_wait wait;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct keeper *keepers; /* with the lock held */

static bool is_draining(void)
{
    return __atomic_load_n(&osp__runtime.draining, __ATOMIC_SEQ_CST);
}

static void drain(void)
{
    pthread_mutex_lock(&lock);
    for (struct keeper *keeper = keepers; keeper != NULL; keeper = keeper->next)
        osp__ws_wait_nudge(&keeper->wait);
    pthread_mutex_unlock(&lock);
}

static void enter(struct keeper *keeper)
{
    pthread_mutex_lock(&lock);
    keeper->next = keepers;
    keepers = keeper;
    pthread_mutex_unlock(&lock);
}

static void leave(struct keeper *keeper)
{
    pthread_mutex_lock(&lock);
    struct keeper **link = &keepers;
    while (*link != keeper)
        link = &(*link)->next;
    *link = keeper->next;
    pthread_mutex_unlock(&lock);
}

static void keep_fiber(osp_ctx *ctx)
{
    struct keeper keeper;
    osp__ws_wait_init(&keeper.wait);
    osp__ws_wait_begin(ctx, &keeper.wait);
    enter(&keeper);
    while (!is_draining())
        (void)osp__ws_wait_for(ctx, &keeper.wait, -1, 0, OSP_NO_DEADLINE);
    leave(&keeper);
    osp__ws_wait_end(ctx, &keeper.wait);
    osp__ws_wait_dispose(&keeper.wait);
}

OSP_API void osp_websocket_keep_alive(osp_ctx *ctx)
{
    osp__runtime_on_drain(drain);
    osp__runtime_service(1);
    if (ctx != NULL)
        keep_fiber(ctx);
    while (!is_draining()) /* a thread that is no fiber */
        osp_sleep(ctx, 50);
    __atomic_add_fetch(&osp__runtime.kept, 1, __ATOMIC_SEQ_CST);
    osp__runtime_service(-1);
}
