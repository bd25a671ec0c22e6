/* test_deadlock.c - random programs of fibers and channels on four workers: those that can end do, without a word of
 * deadlock, and those in which one message is never sent are reported, every time.
 *
 * A program is a list of messages in the order of some run: each fiber sends or receives its own, one after the other.
 * So it can end. With one sending left out somebody waits for ever. */
#include "check.h"
#include "sched/channel.h"
#include "sys/sys.h"

enum { PROGRAMS = SMALL ? 20 : 120, MOST_FIBERS = 6, MOST_MESSAGES = 40 };

static struct message {
    int from, to;
} messages[MOST_MESSAGES];
static int message_count, fiber_count, left_out; /* left_out: the message that is not sent, or -1 */
static bool with_outside;                        /* some wait for time or a thread in between */
static void *channels[MOST_FIBERS][MOST_FIBERS];

static uint64_t state;

static int below(int bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)bound);
}

static void invent(int number)
{
    state = (uint64_t)number;
    fiber_count = 2 + below(MOST_FIBERS - 1);
    message_count = 5 + below(MOST_MESSAGES - 4);
    with_outside = below(2) == 0;
    for (int i = 0; i < message_count; i++) {
        messages[i].from = below(fiber_count);
        messages[i].to = (messages[i].from + 1 + below(fiber_count - 1)) % fiber_count;
    }
    left_out = number % 2 == 0 ? below(message_count) : -1;
}

static void nap(void *argument)
{
    (void)argument;
    osp__thread_sleep_ns(1000000);
}

static void do_something_else(osp_ctx *ctx, int what)
{
    if (what % 5 == 0) osp_yield(ctx);
    if (!with_outside) return;
    if (what % 11 == 0) osp_sleep(ctx, 1);
    if (what % 13 == 0) CHECK(osp_blocking_call(ctx, nap, NULL) == 0);
}

/* A receive, or a select that tries again and again. */
static void receive(osp_ctx *ctx, void *channel, int number)
{
    if (!with_outside || number % 3 != 0 || left_out >= 0) {
        CHECK(osp_channel_receive(ctx, channel) == 7);
        return;
    }
    struct osp__select_arm arms[] = {{.kind = OSP_SELECT_RECEIVE, .channel = channel}, {.kind = OSP_SELECT_SLEEP, .word = 1}};
    while (osp_select(ctx, arms, 2) != 0) {}
    CHECK(arms[0].word == 7);
}

static void run_fiber(osp_ctx *ctx, void *env, void *result)
{
    (void)result;
    int own = (int)(intptr_t)((void **)env)[1];
    for (int i = 0; i < message_count; i++) {
        do_something_else(ctx, i + own);
        void *channel = channels[messages[i].from][messages[i].to];
        if (messages[i].from == own && i != left_out) osp_channel_send(ctx, channel, 7);
        if (messages[i].to == own) receive(ctx, channel, i);
    }
}

static void run_program(osp_ctx *ctx, void *result)
{
    void *tasks[MOST_FIBERS];
    for (int i = 0; i < fiber_count; i++)
        for (int j = 0; j < fiber_count; j++) channels[i][j] = osp_channel_new(ctx, (i + j) % 3, false);
    for (int i = 0; i < fiber_count; i++) {
        void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 0, 0), 2);
        closure[0] = NULL;
        closure[1] = (void *)(intptr_t)i;
        tasks[i] = osp_spawn(ctx, run_fiber, closure, 0, 0);
    }
    for (int i = 0; i < fiber_count; i++) (void)osp_await(ctx, tasks[i]);
    *(int64_t *)result = check_failures;
}

int main(void)
{
    setenv("OSPJIT_WORKERS", "4", 1);
    for (int number = 0; number < PROGRAMS; number++) {
        invent(number);
        struct child child = run_child(run_program, 0);
        bool reported = strstr(child.output, "deadlock: every fiber waits") != NULL;
        if (child.status != (left_out >= 0 ? 3 : 0) || reported != (left_out >= 0))
            fprintf(stderr, "program %d, message %d left out: status %d\n%s", number, left_out, child.status, child.output);
        CHECK(child.status == (left_out >= 0 ? 3 : 0) && reported == (left_out >= 0));
    }
    return check_report();
}
