/* test_process.c - child processes: many at once, handlers that fail, and every allocation and descriptor operation
 * failing once while one is started. */
#include <dirent.h>
#include <errno.h>

#include "check.h"
#include "sys/sys.h"

enum { MANY = 30 };

static int texts, exits; /* atomic */
static char *reason;

/* An event as a handler gets it. */
struct event {
    int64_t id, kind;
    char *text;
};

static void count(osp_ctx *ctx, void *env, void *arg)
{
    (void)ctx;
    (void)env;
    const struct event *event = arg;
    __atomic_add_fetch(event->kind == 3 ? &exits : &texts, 1, __ATOMIC_SEQ_CST);
}

static void fail(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    osp_fiber_fail(ctx, reason);
}

/* A closure without captures, whose count the runtime takes. */
static void *closure(void)
{
    void **env = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CLOSURE, 0, 0), 1);
    env[0] = NULL;
    return env;
}

static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    return count;
}

/* ---- many --------------------------------------------------------------------------------------------------------- */

static void many(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    char *command = text("echo out; echo err >&2; exit 7"), *error = NULL;
    int64_t ids[MANY];
    for (int i = 0; i < MANY; i++) ids[i] = osp_spawn_process(ctx, command, count, closure(), &error);
    CHECK(error == NULL);
    for (int i = 0; i < MANY; i++) {
        CHECK(osp_await_process(ctx, ids[i]) == 7);
        osp_cleanup_process(ctx, ids[i]);
    }
    CHECK(texts == 2 * MANY && exits == MANY);
    osp_drop(command);
}

/* ---- handlers that fail --------------------------------------------------------------------------------------------- */

static void wait_in_vain(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    char *command = text("echo text; sleep 0.1; echo more"), *error = NULL;
    int64_t id = *(int64_t *)arg = osp_spawn_process(ctx, command, fail, closure(), &error);
    CHECK(error == NULL);
    osp_drop(command);
    (void)osp_await_process(ctx, id);
    CHECK(false);
}

static void clean_up(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    osp_cleanup_process(ctx, *(int64_t *)arg);
}

static void test_failing_handler(void)
{
    int64_t id = 0;
    char *error = NULL;
    CHECK(osp_call_on_fiber(wait_in_vain, NULL, &id, &error) == -1);
    CHECK(error != NULL);
    if (error != NULL) CHECK_STRING(error, "on purpose");
    CHECK(osp_call_on_fiber(clean_up, NULL, &id, NULL) == 0);
}

/* ---- faults --------------------------------------------------------------------------------------------------------- */

struct attempt {
    unsigned classes;
    int64_t at;
    bool succeeded;
    char *command; /* kept here, because the fiber may die while it starts the process */
};

static void start_one(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    struct attempt *attempt = arg;
    char *error = NULL;
    void *handler = closure();
    attempt->command = text("exit 3");
    osp__fault_plan(attempt->classes, attempt->at, 1, EMFILE);
    int64_t id = osp_spawn_process(ctx, attempt->command, count, handler, &error);
    osp__fault_plan(0, 0, 0, 0);
    CHECK((id == 0) == (error != NULL));
    attempt->succeeded = id != 0;
    if (id != 0) CHECK(osp_await_process(ctx, id) == 3);
    osp_cleanup_process(ctx, id);
    osp_drop(error);
}

/* Each step of starting fails in turn, or what the process's fiber does meanwhile: an error, or a diagnostic. */
static void test_faults(unsigned classes)
{
    struct attempt attempt = {.classes = classes};
    for (attempt.at = 0; attempt.at < 40 && !attempt.succeeded; attempt.at++) {
        int before = open_descriptors();
        char *error = NULL;
        if (osp_call_on_fiber(start_one, NULL, &attempt, &error) != 0)
            CHECK(error != NULL);
        osp__fault_plan(0, 0, 0, 0);
        osp_drop(error);
        osp_drop(attempt.command);
        CHECK(open_descriptors() == before);
    }
    CHECK(attempt.at > 1 && attempt.succeeded);
}

/* Fibers give up the last of what they hold on other workers, perhaps after the one that was called has ended. */
static bool live_cells_become(int64_t expected)
{
    for (int i = 0; i < 5000 && osp_live_cells() != expected; i++)
        usleep(1000);
    return osp_live_cells() == expected;
}

int main(void)
{
    osp_config config = {.size = sizeof config, .workers = 3};
    CHECK(osp_runtime_start(&config) == 0);
    CHECK(osp_call_on_fiber(many, NULL, NULL, NULL) == 0);
    CHECK(osp_live_cells() < 0 || live_cells_become(0));
    reason = text("on purpose");
    osp_mark_shared(reason);
    int64_t before = osp_live_cells();
    int descriptors = open_descriptors();
    test_failing_handler();
    CHECK(live_cells_become(before));
    CHECK(open_descriptors() == descriptors);
    osp_drop(reason);
    test_faults(2);
    test_faults(1);
    return check_report();
}
