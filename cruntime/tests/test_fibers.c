/* test_fibers.c - fibers and workers: spawning, waiting, sleeping, failing, running out of stack, many at once. */
#include <errno.h>
#include <pthread.h>

#include "check.h"
#include "fiber/context.h"
#include "sys/sys.h"

void *osp_spawn(osp_ctx *ctx, osp_thunk code, void *env, int64_t words, int64_t pointers);
void *osp_await(osp_ctx *ctx, void *task);
void *osp_await_result(osp_ctx *ctx, void *task, char **error);
bool osp_fiber_done(osp_ctx *ctx, void *task);

/* Runs a test body on a fiber and waits for it. */
static void on_fiber(void (*body)(osp_ctx *, void *, void *)) {
    char *error = NULL;
    CHECK(osp_call_on_fiber(body, NULL, NULL, &error) == 0);
    if (error != NULL) fprintf(stderr, "failed: %s\n", error);
    osp_drop(error);
}

static void give_42(osp_ctx *ctx, void *env, void *result) {
    (void)ctx, (void)env;
    *(int64_t *)result = 42;
}

static void give_string(osp_ctx *ctx, void *env, void *result) {
    (void)env;
    osp_yield(ctx);
    *(char **)result = text("made elsewhere");
}

static void test_spawn(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    void *task = osp_spawn(ctx, give_42, NULL, 1, 0);
    CHECK(*(int64_t *)osp_await(ctx, task) == 42);
    CHECK(*(int64_t *)osp_await(ctx, task) == 42 && osp_fiber_done(ctx, task));
    osp_drop(task);
    task = osp_spawn(ctx, give_string, NULL, 1, 1);
    char **result = osp_await(ctx, task);
    CHECK_TEXT(*result, "made elsewhere");
    osp_drop(task);
}

static void add_captured(osp_ctx *ctx, void *env, void *result) {
    (void)ctx;
    *(uint64_t *)result = osp_string_length(((char **)env)[1]);
}

static void test_captures(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = NULL;
    closure[1] = text("twelve bytes");
    void *task = osp_spawn(ctx, add_captured, closure, 1, 0);
    CHECK(*(int64_t *)osp_await(ctx, task) == 12);
    osp_drop(task);
}

static void sleep_30(osp_ctx *ctx, void *env, void *result) {
    (void)env, (void)result;
    osp_sleep(ctx, 30);
}

static void test_sleep(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    enum { COUNT = SMALL ? 200 : 5000 };
    static void *tasks[COUNT];
    int64_t start = osp__now_ns();
    for (int i = 0; i < COUNT; i++) tasks[i] = osp_spawn(ctx, sleep_30, NULL, 0, 0);
    for (int i = 0; i < COUNT; i++) {
        osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
    int64_t took = osp__now_ns() - start;
    CHECK(took >= 30000000);
    CHECK(took < 5000000000); /* all at the same time, not one after the other */
    osp_sleep(ctx, -5);
    osp_sleep(ctx, 0);
}

static void count_up(osp_ctx *ctx, void *env, void *result) {
    (void)result;
    for (int i = 0; i < 10; i++) {
        __atomic_add_fetch((int64_t *)env, 1, __ATOMIC_RELAXED);
        osp_yield(ctx);
    }
}

static void test_many(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    enum { COUNT = SMALL ? 1000 : 50000 };
    int64_t *counter = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CELL, 0, 0), 1);
    *counter = 0;
    void **tasks = malloc(COUNT * sizeof *tasks);
    osp_mark_shared(counter);
    for (int i = 0; i < COUNT; i++) {
        osp_dup(counter);
        tasks[i] = osp_spawn(ctx, count_up, counter, 0, 0);
    }
    for (int i = 0; i < COUNT; i++) {
        osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
    CHECK(*counter == COUNT * 10);
    osp_drop(counter);
    free(tasks);
}

static void fail_now(osp_ctx *ctx, void *env, void *result) {
    (void)result;
    osp_fiber_fail(ctx, ((char **)env)[1]);
}

static void exhaust(osp_ctx *ctx, void *env, void *result) {
    (void)env, (void)result;
    osp_stack_exhausted(ctx);
}

static void await_failure(osp_ctx *ctx, void *env, void *task) {
    (void)env;
    *(void **)task = osp_spawn(ctx, exhaust, NULL, 0, 0); /* the caller's to drop: this frame will be abandoned */
    osp_await(ctx, *(void **)task);
}

static void test_failure(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    void *task = osp_spawn(ctx, exhaust, NULL, 0, 0);
    char *error = NULL;
    CHECK(osp_await_result(ctx, task, &error) == NULL);
    CHECK(error != NULL && strncmp(error, "stack exhausted in fiber", 24) == 0);
    osp_drop(error);
    osp_drop(task);
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = NULL;
    closure[1] = text("something went wrong");
    task = osp_spawn(ctx, fail_now, closure, 1, 1);
    error = NULL;
    CHECK(osp_await_result(ctx, task, &error) == NULL && error != NULL);
    CHECK_STRING(error, "something went wrong");
    osp_drop(task);
}

#if !OSP_ASAN && !OSP_TSAN
/* Real recursion into the guard page: the backstop below the checks of compiled code. */
__attribute__((noinline)) static int64_t dig(volatile int64_t *above) {
    volatile int64_t frame[64] = {0};
    frame[0] = *above + 1;
    if (frame[0] < 0) return 0; /* never */
    return dig(frame) + frame[0];
}

static void overflow(osp_ctx *ctx, void *env, void *result) {
    (void)ctx, (void)env;
    volatile int64_t zero = 0;
    *(int64_t *)result = dig(&zero);
}

static void test_guard_page(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    for (int i = 0; i < 5; i++) { /* the stack is used again after each */
        void *task = osp_spawn(ctx, overflow, NULL, 1, 0);
        char *error = NULL;
        CHECK(osp_await_result(ctx, task, &error) == NULL);
        CHECK(error != NULL && strncmp(error, "stack exhausted in fiber", 24) == 0);
        osp_drop(error);
        osp_drop(task);
    }
}
#endif

static void block_10(void *argument) {
    osp__thread_sleep_ns(10000000);
    __atomic_add_fetch((int *)argument, 1, __ATOMIC_SEQ_CST);
}

static void call_blocking(osp_ctx *ctx, void *env, void *result) {
    (void)env, (void)result;
    static int calls;
    CHECK(osp_blocking_call(ctx, block_10, &calls) == 0);
}

static void test_blocking(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    void *tasks[40];
    for (int i = 0; i < 40; i++) tasks[i] = osp_spawn(ctx, call_blocking, NULL, 0, 0);
    for (int i = 0; i < 40; i++) {
        osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
}

static void on_big_stack(void *argument) {
    char much[400 << 10]; /* more than a fiber has */
    memset(much, 1, sizeof much);
    *(int *)argument = much[sizeof much / 2];
}

static void test_system_stack(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    int result = 0;
    osp_call_on_system_stack(ctx, on_big_stack, &result);
    CHECK(result == 1);
}

/* Deep C frames on the fiber stack, floats across switches: callee-saved state survives. */
static void test_registers(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    double x = 1.5;
    int64_t a = 1, b = 2, c = 3, d = 4, e = 5;
    for (int i = 0; i < 100; i++) {
        osp_yield(ctx);
        x = x * 1.0 + 0.0;
        a += b - c + d - e + 2;
    }
    CHECK(x == 1.5 && a == 1 && b == 2 && c == 3 && d == 4 && e == 5);
}

static void *call_from_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < 50; i++) {
        int64_t result = 0;
        CHECK(osp_call_on_fiber(give_42, NULL, &result, NULL) == 0);
        CHECK(result == 42);
    }
    return NULL;
}

static void test_calls_from_threads(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, call_from_thread, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    char *error = NULL;
    CHECK(osp_call_on_fiber(exhaust, NULL, NULL, &error) == -1);
    CHECK(error != NULL && strncmp(error, "stack exhausted in fiber", 24) == 0);
    osp_drop(error);
    error = NULL;
    void *task = NULL;
    CHECK(osp_call_on_fiber(await_failure, NULL, &task, &error) == -1); /* a failure passes on to the awaiter */
    osp_drop(task);
    CHECK(error != NULL && strncmp(error, "stack exhausted in fiber", 24) == 0);
    osp_drop(error);
}

static void exit_outside(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    osp_exit(ctx, 3);
}

static void one_program(osp_ctx *ctx, void *result) {
    osp_yield(ctx);
    *(int64_t *)result = 5;
}

static void test_programs_after_each_other(void) {
    for (int i = 0; i < 3; i++) CHECK(osp_run_main(one_program) == 5);
    char *error = NULL;
    CHECK(osp_call_on_fiber(exit_outside, NULL, NULL, &error) == -1); /* an embedder's process goes on */
    CHECK_STRING(error, "exit was called outside a program");
}

static void test_fork(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(osp_runtime_start(NULL) == -EDEADLK && osp_call_on_fiber(give_42, NULL, NULL, NULL) == -EDEADLK);
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(void) {
    osp_config config = {.size = sizeof config, .workers = 3};
    CHECK(osp_runtime_start(&config) == 0 && osp_runtime_start(NULL) == 0);
    on_fiber(test_spawn);
    on_fiber(test_captures);
    on_fiber(test_sleep);
    on_fiber(test_many);
    on_fiber(test_failure);
#if !OSP_ASAN && !OSP_TSAN
    on_fiber(test_guard_page);
#endif
    on_fiber(test_blocking);
    on_fiber(test_system_stack);
    on_fiber(test_registers);
    test_calls_from_threads();
    test_programs_after_each_other();
    test_fork();
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
