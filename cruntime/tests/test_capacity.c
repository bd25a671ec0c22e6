/* test_capacity.c - many fibers: what each takes while it waits, what is given back, that guard pages cost no mappings
 * where the kernel has markers for them and work where it has none. */
#include <errno.h>

#include "check.h"
#include "sched/channel.h"
#include "sys/sys.h"

/* The sanitizers' own memory is no measure. */
#define MEASURED (!SMALL)
enum { FIBERS = MEASURED ? 100000 : 500, SPAWNED = MEASURED ? 1000000 : 5000 };

static int64_t resident_bytes(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %lld", &pages) != 1) abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* How many mappings there are; only those that nothing may touch, if so asked. */
static int mappings(bool guards_only)
{
    char line[512];
    int count = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    if (file == NULL) abort();
    while (fgets(line, sizeof line, file) != NULL)
        if (!guards_only || strstr(line, " ---p ") != NULL) count++;
    fclose(file);
    return count;
}

static void *capture(osp_ctx *ctx, void *channel)
{
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = NULL;
    closure[1] = channel;
    osp_dup(channel);
    return closure;
}

static int64_t waiting; /* atomic */

static void wait_in_receive(osp_ctx *ctx, void *env, void *result)
{
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    *(int64_t *)result = osp_channel_receive(ctx, ((void **)env)[1]);
}

static void wait_in_select(osp_ctx *ctx, void *env, void *result)
{
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    struct osp__select_arm arms[] = {{.kind = OSP_SELECT_RECEIVE, .channel = ((void **)env)[1]},
                                     {.kind = OSP_SELECT_SLEEP, .word = 3600000}};
    *(int64_t *)result = osp_select(ctx, arms, 2) == 0 ? arms[0].word : -1;
}

/* All at once in the same wait: at most 6 KiB each; and when they have ended, nothing. */
static void park(osp_ctx *ctx, osp_thunk wait)
{
    void **tasks = malloc(FIBERS * sizeof *tasks), *channel = osp_channel_new(ctx, 0, false);
    memset(tasks, 0, FIBERS * sizeof *tasks);
    int64_t before = resident_bytes();
    waiting = 0;
    for (int i = 0; i < FIBERS; i++) tasks[i] = osp_spawn(ctx, wait, capture(ctx, channel), 1, 0);
    while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < FIBERS) osp_sleep(ctx, 1);
    osp_sleep(ctx, 20);
    int64_t each = (resident_bytes() - before) / FIBERS;
    if (MEASURED) printf("%d fibers parked: %lld bytes each, %d mappings\n", FIBERS, (long long)each, mappings(false));
    CHECK(!MEASURED || each <= 6144);
    for (int i = 0; i < FIBERS; i++) osp_channel_send(ctx, channel, i);
    int64_t sum = 0;
    for (int i = 0; i < FIBERS; i++) {
        sum += *(int64_t *)osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
    CHECK(sum == (int64_t)FIBERS * (FIBERS - 1) / 2);
    free(tasks);
    osp_drop(channel);
    int64_t left = 0;
    for (int i = 0; i < 200; i++) { /* workers may still be giving stacks back */
        left = (resident_bytes() - before) / FIBERS;
        if (left < 1024) break;
        osp_sleep(ctx, 10);
    }
    if (MEASURED) printf("after they have ended: %lld bytes each\n", (long long)left);
    CHECK(!MEASURED || left < 1024);
}

static void test_parking(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    park(ctx, wait_in_receive);
    park(ctx, wait_in_select);
}

static void give_one(osp_ctx *ctx, void *env, void *result)
{
    (void)ctx;
    (void)env;
    *(int64_t *)result = 1;
}

/* A million, a thousand at a time. */
static void test_spawning(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    static void *tasks[1000];
    int64_t sum = 0, before = resident_bytes();
    for (int i = 0; i < SPAWNED; i += 1000) {
        for (int j = 0; j < 1000; j++) tasks[j] = osp_spawn(ctx, give_one, NULL, 1, 0);
        for (int j = 0; j < 1000; j++) {
            sum += *(int64_t *)osp_await(ctx, tasks[j]);
            osp_drop(tasks[j]);
        }
    }
    CHECK(sum == SPAWNED);
    CHECK(!MEASURED || resident_bytes() - before < 32 << 20);
}

/* ---- guard pages ------------------------------------------------------------------------------------------------------ */

#if !OSP_ASAN && !OSP_TSAN
__attribute__((noinline)) static int64_t dig(volatile int64_t *above)
{
    volatile int64_t frame[64] = {0};
    frame[0] = *above + 1;
    if (frame[0] < 0) return 0; /* never */
    return dig(frame) + frame[0];
}

static void overflow(osp_ctx *ctx, void *env, void *result)
{
    (void)ctx;
    (void)env;
    volatile int64_t zero = 0;
    *(int64_t *)result = dig(&zero);
}

static void overflow_some(osp_ctx *ctx, void *result)
{
    int guards = mappings(true);
    for (int i = 0; i < 20; i++) { /* their stacks are given back, and used again, guarded still */
        void *task = osp_spawn(ctx, overflow, NULL, 1, 0);
        char *error = NULL;
        CHECK(osp_await_result(ctx, task, &error) == NULL);
        CHECK(error != NULL && strncmp(error, "stack exhausted in fiber", 24) == 0);
        osp_drop(error);
        osp_drop(task);
    }
    printf("%d", mappings(true) - guards);
    fflush(stdout);
    *(int64_t *)result = check_failures;
}

/* As on a kernel without guard markers: a mapping for each guard page that is needed. */
static void without_markers(osp_ctx *ctx, void *result)
{
    overflow_some(ctx, result);
}

static void test_guards(void)
{
    osp__fault_plan(4, 0, INT64_MAX, EINVAL);
    struct child child = run_child(without_markers, 0);
    osp__fault_plan(0, 0, 0, 0);
    CHECK(child.status == 0 && atoi(child.output) >= 1);
    child = run_child(overflow_some, 0);
    CHECK(child.status == 0);
    printf("guard pages that are mappings: %s\n", child.output);
}
#else
static void test_guards(void) {}
#endif

int main(void)
{
    test_guards();
    osp_config config = {.size = sizeof config, .workers = 3};
    CHECK(osp_runtime_start(&config) == 0);
    CHECK(osp_call_on_fiber(test_parking, NULL, NULL, NULL) == 0);
    CHECK(osp_call_on_fiber(test_spawning, NULL, NULL, NULL) == 0);
    return check_report();
}
