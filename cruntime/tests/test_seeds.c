/* test_seeds.c - runs with a seed: the same one gives the same run, different ones give different interleavings, time
 * that is slept away costs nothing. Each run is a process of its own, since the seed is read when the runtime starts. */
#include "check.h"
#include "sched/channel.h"

enum { SEEDS = SMALL ? 8 : 40, PRODUCERS = 3, ITEMS = 6 };

/* What the programs write: which producer's item came, one letter each. Upper case: by the other channel. */
static char journal[4 * PRODUCERS * ITEMS];
static size_t used;

static void note(char letter)
{
    if (used < sizeof journal - 1) journal[used++] = letter;
}

/* A closure over a channel and a number, for osp_spawn. */
static void *capture(osp_ctx *ctx, void *channel, void *other, int64_t number)
{
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 2, 0), 4);
    closure[0] = NULL;
    closure[1] = channel;
    closure[2] = other;
    closure[3] = (void *)(intptr_t)number;
    osp_dup(channel);
    osp_dup(other);
    return closure;
}

/* Sends its items now to the one channel, now to the other, sleeping at times. */
static void produce(osp_ctx *ctx, void *env, void *result)
{
    (void)result;
    void **closure = env;
    int64_t number = (intptr_t)closure[3];
    for (int64_t i = 0; i < ITEMS; i++) {
        if (i % 3 == number) osp_sleep(ctx, 1 + number);
        osp_channel_send(ctx, closure[1 + (i + number) % 2], number * ITEMS + i);
    }
}

static void check_order(void)
{
    /* Items of one producer on one channel come in the order in which they were sent. */
    int counts[PRODUCERS] = {0};
    for (size_t i = 0; i < used; i++)
        if (journal[i] != '.') counts[(journal[i] | 0x20) - 'a']++;
    for (int i = 0; i < PRODUCERS; i++) CHECK(counts[i] == ITEMS);
}

static void consume(osp_ctx *ctx, void *result)
{
    void *channels[] = {osp_channel_new(ctx, 0, false), osp_channel_new(ctx, 2, false)};
    void *tasks[PRODUCERS];
    int64_t last[2][PRODUCERS];
    memset(last, 0xff, sizeof last);
    for (int i = 0; i < PRODUCERS; i++) tasks[i] = osp_spawn(ctx, produce, capture(ctx, channels[0], channels[1], i), 0, 0);
    for (int received = 0; received < PRODUCERS * ITEMS;) {
        struct osp__select_arm arms[] = {{.kind = OSP_SELECT_RECEIVE, .channel = channels[0]},
                                         {.kind = OSP_SELECT_RECEIVE, .channel = channels[1]},
                                         {.kind = OSP_SELECT_SLEEP, .word = 2}};
        int64_t arm = osp_select(ctx, arms, 3);
        if (arm == 2) {
            note('.');
            continue;
        }
        int64_t producer = arms[arm].word / ITEMS, item = arms[arm].word % ITEMS;
        note((char)((arm == 0 ? 'a' : 'A') + producer));
        CHECK(item > last[arm][producer]);
        last[arm][producer] = item;
        received++;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        (void)osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
    osp_drop(channels[0]);
    osp_drop(channels[1]);
    check_order();
    printf("%s\n", journal);
    fflush(stdout);
    *(int64_t *)result = check_failures;
}

static void sleep_for_hours(osp_ctx *ctx, void *result)
{
    int64_t before = osp_monotonic_nanos(ctx), wall = osp_current_time_millis(ctx);
    for (int i = 0; i < 24; i++) osp_sleep(ctx, 3600000);
    int64_t slept = osp_monotonic_nanos(ctx) - before;
    bool right = slept >= 86400000000000 && slept < 86401000000000 && osp_current_time_millis(ctx) - wall >= 86400000;
    printf("%d %lld\n", right, (long long)osp_random(ctx));
    fflush(stdout);
    *(int64_t *)result = 0;
}

static void block(void *argument)
{
    usleep(20000);
    *(int *)argument = 1;
}

/* What comes from outside is waited for, though a timer would be due long after. */
static void wait_for_the_pool(osp_ctx *ctx, void *result)
{
    int done = 0;
    CHECK(osp_blocking_call(ctx, block, &done) == 0);
    CHECK(done);
    printf("done\n");
    fflush(stdout);
    *(int64_t *)result = check_failures;
}

static void wait_in_vain(osp_ctx *ctx, void *result)
{
    (void)result;
    (void)osp_channel_receive(ctx, osp_channel_new(ctx, 0, false));
}

static struct child run_with_seed(void (*entry)(osp_ctx *, void *), int seed)
{
    char number[16];
    snprintf(number, sizeof number, "%d", seed);
    setenv("OSPJIT_SEED", number, 1);
    return run_child(entry, 0);
}

static void test_interleavings(void)
{
    static struct child outputs[SEEDS];
    int distinct = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        struct child first = run_with_seed(consume, seed), second = run_with_seed(consume, seed);
        CHECK(first.status == 0);
        CHECK_TEXT(second.output, first.output);
        outputs[seed] = first;
        bool is_new = true;
        for (int i = 0; i < seed; i++) is_new &= strcmp(outputs[i].output, first.output) != 0;
        distinct += is_new;
    }
    if (distinct < SEEDS / 4) fprintf(stderr, "%d seeds gave %d interleavings\n", SEEDS, distinct);
    CHECK(distinct >= SEEDS / 4);
}

int main(void)
{
    test_interleavings();
    struct child first = run_with_seed(sleep_for_hours, 1), second = run_with_seed(sleep_for_hours, 1);
    CHECK(first.status == 0 && strncmp(first.output, "1 ", 2) == 0);
    CHECK_TEXT(second.output, first.output);
    CHECK(strcmp(run_with_seed(sleep_for_hours, 2).output, first.output) != 0);
    CHECK_TEXT(run_with_seed(wait_for_the_pool, 1).output, "done\n");
    struct child stuck = run_with_seed(wait_in_vain, 1);
    CHECK(stuck.status == 3 && strstr(stuck.output, "deadlock") != NULL);
    return check_report();
}
