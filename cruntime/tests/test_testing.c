/* test_testing.c - tests in the language: the report of cases that run on several fibers at once, what becomes of it
 * when the program ends early, and when memory runs out. */
#include <errno.h>

#include "check.h"
#include "sched/task.h"
#include "sys/sys.h"

enum { FIBERS = 40, ROUNDS = 25 };

static void expect(osp_ctx *ctx, const char *expected, const char *actual)
{
    char *label = text("same"), *place = text("x.osp:1:1"), *left = text(expected), *right = text(actual);
    osp_test_compare(ctx, label, place, left, right);
    osp_drop(label);
    osp_drop(place);
    osp_drop(left);
    osp_drop(right);
}

static void begin(osp_ctx *ctx, const char *name)
{
    char *string = text(name);
    CHECK(osp_test_begin(ctx, string));
    osp_drop(string);
}

/* The fibers of the program; each takes and gives up the count of a closure without captures. */
static void *spawn(osp_ctx *ctx, osp_thunk code)
{
    void *env = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 0, 0), 1);
    memset(env, 0, 8);
    return osp_spawn(ctx, code, env, 0, 0);
}

static void spawn_and_wait(osp_ctx *ctx, osp_thunk code)
{
    void *tasks[FIBERS];
    for (int i = 0; i < FIBERS; i++) tasks[i] = spawn(ctx, code);
    for (int i = 0; i < FIBERS; i++) {
        (void)osp_await(ctx, tasks[i]);
        osp_drop(tasks[i]);
    }
}

static struct child run(void (*entry)(osp_ctx *, void *))
{
    struct child child = run_child(entry, 0);
    CHECK(strstr(child.output, "check failed") == NULL);
    return child;
}

/* The report's results must be numbered in order, and the plan must name their number. Returns how many failed. */
static int check_numbers(char *output, int expected)
{
    int points = 0, failed = 0, planned = -1, number;
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        bool bad = strncmp(line, "not ", 4) == 0;
        if (sscanf(line + (bad ? 4 : 0), "ok %d - ", &number) == 1) {
            CHECK(number == ++points);
            failed += bad;
        } else if (line[0] != '#') {
            CHECK(planned < 0 && sscanf(line, "1..%d", &planned) == 1);
        }
    }
    CHECK(points == expected && planned == points);
    return failed;
}

/* ---- many cases at once ------------------------------------------------------------------------------------------ */

static void assert_a_lot(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        expect(ctx, "a", "a");
        osp_yield(ctx);
    }
}

static void one_case(osp_ctx *ctx, void *env, void *arg)
{
    begin(ctx, "case");
    void *inner = spawn(ctx, assert_a_lot);
    assert_a_lot(ctx, env, arg);
    (void)osp_await(ctx, inner);
    osp_drop(inner);
    osp_test_end(ctx);
}

static void cases_on_fibers(osp_ctx *ctx, void *result)
{
    (void)result;
    spawn_and_wait(ctx, one_case);
}

static void fail_once(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    expect(ctx, "a", "b");
}

static void one_case_of_fibers(osp_ctx *ctx, void *result)
{
    (void)result;
    begin(ctx, "failures");
    spawn_and_wait(ctx, fail_once);
    osp_test_end(ctx);
    spawn_and_wait(ctx, assert_a_lot);
}

static void test_fibers(void)
{
    struct child child = run(cases_on_fibers);
    CHECK(child.status == 0);
    CHECK(check_numbers(child.output, FIBERS) == 0);

    child = run(one_case_of_fibers);
    CHECK(child.status == 1);
    int mentions = 0;
    for (char *at = child.output; (at = strstr(at, "x.osp:1:1: same")) != NULL; at++) mentions++;
    CHECK(mentions == FIBERS); /* none lost, and none in the other cases */
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void leave(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    char *name = text("leaves");
    (void)osp_test_begin(ctx, name); /* false on a fiber that starts when another one has ended the program */
    osp_drop(name);
    osp_exit(ctx, 0);
}

static void others_leave(osp_ctx *ctx, void *result)
{
    (void)result;
    begin(ctx, "waits");
    spawn_and_wait(ctx, leave);
    osp_test_end(ctx);
}

static void fail_in_case(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    begin(ctx, "fails");
    osp_fiber_fail(ctx, text("on purpose"));
}

static void abandoned(osp_ctx *ctx, void *result)
{
    (void)result;
    void *task = spawn(ctx, fail_in_case);
    char *error = NULL;
    (void)osp_await_result(ctx, task, &error);
    CHECK_STRING(error, "on purpose");
    osp_drop(task);
    begin(ctx, "goes on");
    osp_test_end(ctx);
}

static void test_ends(void)
{
    struct child child = run(others_leave);
    CHECK(child.status == 1);
    CHECK(strstr(child.output, "not ok") != NULL && strstr(child.output, "- waits\n# did not finish") != NULL);
    CHECK(strstr(child.output, "\n1..") != NULL);

    child = run(abandoned);
    CHECK(child.status == 1);
    /* A diagnostic comes before it if the fiber failed when nobody waited for it yet. */
    CHECK(strstr(child.output, "ok 1 - goes on\nnot ok 2 - fails\n# did not finish\n1..2\n") != NULL);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static int64_t fail_after;

static void short_of_memory(osp_ctx *ctx, void *result)
{
    (void)result;
    char *name = text("case"), *label = text("same"), *place = text("x.osp:1:1"), *a = text("a"), *b = text("b");
    osp__fault_plan(1, fail_after, 1, ENOMEM);
    CHECK(osp_test_begin(ctx, name));
    osp_test_compare(ctx, label, place, a, b);
    osp_test_end(ctx);
    osp__fault_plan(0, 0, 0, 0);
    osp_drop(name);
    osp_drop(label);
    osp_drop(place);
    osp_drop(a);
    osp_drop(b);
}

/* What is known of a failure may be lost, but not that there was one. */
static void test_memory(void)
{
    for (fail_after = 0; fail_after < 12; fail_after++) {
        struct child child = run(short_of_memory);
        if (child.status == 3)
            CHECK(strstr(child.output, "out of memory") != NULL);
        else
            CHECK(child.status == 1);
    }
}

int main(void)
{
    test_fibers();
    test_ends();
    test_memory();
    return check_report();
}
