/* testing.c - the tests that a program holds: `test`, `expect`, `check` and their kin, reported as TAP
 * (testanything.org).
 *
 * A test case is a counted object that the fiber which runs its body carries; fibers spawned there carry it, too, so
 * that their assertions count for the right case however many run at once. What has no case of its own (a handler of a
 * server that a case started) works for the case that began last. Assertions are soft: a failed one is written down,
 * and the case goes on. A case that has ended is one block of lines, so that cases of several fibers do not mix.
 * Where the values come from and how they are rendered is the compiler's business: only texts are compared here. */
#include "../base.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../fiber/fiber.h"
#include "../io/output.h"
#include "../mem/string.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "list.h"

#define SEPARATOR " > "

/* Text that grows. When memory runs out the rest is missing, never the fact that something failed. */
struct text {
    char *bytes;
    size_t length, capacity;
};

/* The fields of the object; the first two are counted. */
struct test {
    char *name;         /* with the names of the cases around it */
    struct test *outer; /* what the fiber worked for before */
    struct test *older; /* in the list of open cases, which holds a count of each */
    bool open;
    bool failed;
    struct text report;
};

static struct {
    pthread_mutex_t lock; /* guards all of this and the open cases' fields */
    struct test *latest;  /* open cases, the one that began last first */
    int64_t points, failed;
    const char *filter; /* OSPJIT_TEST_FILTER */
    bool ready;
} tests = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void put(struct text *text, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (text->capacity - text->length < length) {
        size_t capacity = (text->length + length) * 2;
        char *grown = osp__resize(text->bytes, capacity);
        if (grown == NULL)
            return;
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_literal(struct text *text, const char *literal)
{
    put(text, literal, strlen(literal));
}

/* A value; its further lines stand below its first. */
static void put_value(struct text *text, const char *label, const char *value)
{
    const char *at = value, *end = value + osp__length(value), *newline;
    put_literal(text, label);
    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        put(text, at, (size_t)(newline + 1 - at));
        put_literal(text, "#             ");
        at = newline + 1;
    }
    put(text, at, (size_t)(end - at));
    put_literal(text, "\n");
}

/* Whether a '#' would make what follows it a directive of TAP. */
static bool is_directive(const char *after)
{
    after += strspn(after, " \t");
    return strncasecmp(after, "todo", 4) == 0 || strncasecmp(after, "skip", 4) == 0;
}

/* A name on one line, in which nothing reads as a directive. */
static void put_name(struct text *text, const char *name)
{
    const char *end = name + osp__length(name);
    for (; name < end; name++) {
        if (*name == '\n' || *name == '\r')
            put_literal(text, " ");
        else if (*name == '#' && is_directive(name + 1))
            put_literal(text, "\\#");
        else
            put(text, name, 1);
    }
}

/* Prints and forgets. The printing adds the last newline. */
static void flush(osp_ctx *ctx, struct text *text)
{
    size_t length = text->length;
    if (length > 0 && text->bytes[length - 1] == '\n')
        length--;
    osp__print_line(ctx, 1, length > 0 ? text->bytes : "", length);
    osp__release(text->bytes);
    *text = (struct text){0};
}

/* ---- cases; all of this with the lock held ------------------------------------------------------------------------ */

/* Reports one result and what is known about it, which is used up. */
static void report(osp_ctx *ctx, bool failed, const char *name, struct text *details)
{
    char number[40];
    struct text text = {0};
    tests.points++;
    tests.failed += failed;
    snprintf(number, sizeof number, "%s %" PRId64 " - ", failed ? "not ok" : "ok", tests.points);
    put_literal(&text, number);
    put_name(&text, name);
    put_literal(&text, "\n");
    if (details != NULL)
        put(&text, details->bytes, details->length);
    flush(ctx, &text);
}

static void unlink_test(struct test *test)
{
    struct test **link = &tests.latest;
    while (*link != test)
        link = &(*link)->older;
    *link = test->older;
    test->open = false;
}

/* The case that an assertion of this fiber belongs to; NULL if it stands alone. */
static struct test *current(osp_ctx *ctx)
{
    struct test *test = ctx->fiber->test;
    if (test == NULL)
        return tests.latest;
    while (test != NULL && !test->open)
        test = test->outer;
    return test;
}

/* ---- the life of a program's tests ---------------------------------------------------------------------------------- */

/* At the end of the program: cases that have not ended have failed; then the plan. A program whose tests failed does
 * not end with 0. */
static int conclude(int status)
{
    pthread_mutex_lock(&tests.lock);
    while (tests.latest != NULL) {
        struct test *test = tests.latest;
        unlink_test(test);
        put_literal(&test->report, "# did not finish\n");
        report(NULL, true, test->name, &test->report);
        osp_drop(test);
    }
    if (tests.points > 0) {
        struct text plan = {0};
        char line[40];
        snprintf(line, sizeof line, "1..%" PRId64, tests.points);
        put_literal(&plan, line);
        flush(NULL, &plan);
    }
    if (status == 0 && tests.failed > 0)
        status = 1;
    tests.points = tests.failed = 0;
    osp__runtime.concluded = true;
    pthread_mutex_unlock(&tests.lock);
    return status;
}

static void finalize(void *object, struct osp__dead *dead)
{
    (void)dead;
    osp__release(((struct test *)object)->report.bytes);
}

/* Takes the lock. Returns false when the program is over: what still runs then has nobody to report to. */
static bool enter(void)
{
    pthread_mutex_lock(&tests.lock);
    if (!tests.ready) {
        tests.ready = true;
        tests.filter = getenv("OSPJIT_TEST_FILTER");
        osp__set_finalizer(OSP_KIND_TEST, finalize);
        __atomic_store_n(&osp__runtime.conclude, conclude, __ATOMIC_RELEASE);
    }
    if (!osp__runtime.concluded)
        return true;
    pthread_mutex_unlock(&tests.lock);
    return false;
}

/* ---- the functions of compiled code --------------------------------------------------------------------------------- */

static char *full_name(osp_ctx *ctx, const struct test *outer, char *name)
{
    if (outer == NULL) {
        osp_dup(name);
        return name;
    }
    size_t before = osp__length(outer->name), between = strlen(SEPARATOR);
    char *full = osp__string_reserve(ctx, before + between + osp__length(name));
    memcpy(full, outer->name, before);
    memcpy(full + before, SEPARATOR, between);
    memcpy(full + before + between, name, osp__length(name));
    return full;
}

static bool wanted(const char *name)
{
    return tests.filter == NULL || strstr(name, tests.filter) != NULL;
}

/* Begins a case on this fiber. False if it is not to run: OSPJIT_TEST_FILTER is set, and this outermost name does not
 * contain it. */
OSP_API bool osp_test_begin(osp_ctx *ctx, char *name)
{
    struct test *outer = ctx->fiber->test;
    if (!enter())
        return false;
    bool run = outer != NULL || wanted(name);
    pthread_mutex_unlock(&tests.lock);
    if (!run)
        return false;
    char *full = full_name(ctx, outer, name);
    struct test *test = osp__object_new(OSP_INFO(OSP_KIND_TEST, 2, 0), 0, sizeof *test);
    if (test == NULL) {
        osp_drop(full);
        osp__fiber_fail(ctx, "out of memory");
    }
    *test = (struct test){.name = full, .outer = outer, .open = true};
    osp_mark_shared(test);
    osp_dup(test); /* the list's */
    ctx->fiber->test = test;
    pthread_mutex_lock(&tests.lock);
    test->older = tests.latest;
    tests.latest = test;
    pthread_mutex_unlock(&tests.lock);
    return true;
}

/* Ends the case that this fiber began last, and reports it. */
OSP_API void osp_test_end(osp_ctx *ctx)
{
    struct test *test = ctx->fiber->test;
    osp_dup(test->outer);
    ctx->fiber->test = test->outer;
    pthread_mutex_lock(&tests.lock);
    if (test->open) { /* the end of the program may have been quicker */
        unlink_test(test);
        report(ctx, test->failed, test->name, &test->report);
        osp_drop(test);
    }
    pthread_mutex_unlock(&tests.lock);
    osp_drop(test);
}

/* An assertion: `details` say why it failed, NULL if it did not, and are used up. Outside any case it is one of its
 * own. */
static void assertion(osp_ctx *ctx, const char *label, struct text *details)
{
    if (enter()) {
        struct test *test = current(ctx);
        if (test == NULL) {
            report(ctx, details != NULL, label, details);
        } else if (details != NULL) {
            test->failed = true;
            put(&test->report, details->bytes, details->length);
        }
        pthread_mutex_unlock(&tests.lock);
    }
    if (details != NULL)
        osp__release(details->bytes);
}

static void put_heading(struct text *text, const char *label, const char *place)
{
    put_literal(text, "# ");
    put(text, place, osp__length(place));
    put_literal(text, ": ");
    put_name(text, label);
    put_literal(text, "\n");
}

/* An assertion that two renderings are the same. `place` is "file:line:column". */
OSP_API void osp_test_compare(osp_ctx *ctx, char *label, char *place, char *expected, char *actual)
{
    if (osp_string_equal(ctx, expected, actual)) {
        assertion(ctx, label, NULL);
        return;
    }
    struct text details = {0};
    put_heading(&details, label, place);
    put_value(&details, "#   expected: ", expected);
    put_value(&details, "#   actual:   ", actual);
    assertion(ctx, label, &details);
}

/* An assertion that all elements of a list of bools are true. */
OSP_API void osp_test_all(osp_ctx *ctx, char *label, char *place, void *values)
{
    uint64_t length = osp__list_length(values), false_ones = 0, run;
    struct text details = {0};
    put_heading(&details, label, place);
    put_literal(&details, "#   expected: all true\n#   actual:   [");
    for (uint64_t i = 0; i < length; i += run) {
        const uint8_t *truths = osp__list_run(values, i, &run);
        for (uint64_t k = 0; k < run; k++) {
            put_literal(&details, i + k > 0 ? ", " : "");
            put_literal(&details, truths[k] ? "true" : "false");
            false_ones += !truths[k];
        }
    }
    put_literal(&details, "]\n");
    if (false_ones == 0)
        osp__release(details.bytes);
    assertion(ctx, label, false_ones == 0 ? NULL : &details);
}
