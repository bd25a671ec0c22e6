/* test_lib_faults.c - the library when memory runs out or the system says no: every function that can fail is
 * made to fail at its first allocation, its second, and so on, until it succeeds; each time it must report an
 * error and leave nothing behind. Functions that cannot fail end their fiber instead. */
#include <errno.h>

#include "check.h"
#include "lib/list.h"
#include "sys/sys.h"

enum { ALLOCATIONS = 1, CALLS = 2 };

/* What the functions under test work on, made before anything fails. */
static char *json_text, *pattern, *comma, *text_ab, *path, *contents;

static void do_replace(char **error)
{
    osp_drop(osp_string_replace(NULL, text_ab, comma, contents, error));
}

static void do_repeat(char **error)
{
    osp_drop(osp_string_repeat(NULL, text_ab, 10, error));
}

static void do_pad(char **error)
{
    osp_drop(osp_string_pad_start(NULL, comma, 10, text_ab, error));
}

static void do_pattern(char **error)
{
    (void)osp_matches_pattern(NULL, text_ab, pattern, error);
}

static void do_read_file(char **error)
{
    osp_drop(osp_read_file(NULL, path, error));
}

static void do_json(char **error)
{
    int64_t handle = osp_json_parse(NULL, json_text, error);
    if (handle == 0)
        return;
    osp_drop(osp_json_get(NULL, handle, text_ab, error));
    char *ignored = NULL;
    osp_json_free(NULL, handle, &ignored);
    CHECK(ignored == NULL);
}

static void do_descriptor(char **error)
{
    int64_t fd = osp_create_file(NULL, path, error);
    if (*error != NULL)
        return;
    osp_write_fd(NULL, fd, contents, error);
    char *ignored = NULL;
    osp_close_fd(NULL, fd, &ignored);
    CHECK(ignored == NULL);
    if (*error != NULL)
        return;
    fd = osp_open_file(NULL, path, error);
    if (*error != NULL)
        return;
    osp_drop(osp_read_fd(NULL, fd, 100, error));
    osp_close_fd(NULL, fd, &ignored);
    CHECK(ignored == NULL);
}

static void do_write_file(char **error)
{
    (void)osp_write_file(NULL, path, contents, error);
}

static const struct {
    const char *name;
    void (*run)(char **error);
    unsigned classes;
} operations[] = {
    {"replace", do_replace, ALLOCATIONS},
    {"repeat", do_repeat, ALLOCATIONS},
    {"padStart", do_pad, ALLOCATIONS},
    {"matchesPattern", do_pattern, ALLOCATIONS},
    {"json", do_json, ALLOCATIONS},
    {"writeFile", do_write_file, CALLS},
    {"readFile", do_read_file, ALLOCATIONS | CALLS},
    {"descriptor", do_descriptor, ALLOCATIONS | CALLS},
};

/* Fails the operation's `at`-th step; true when it got through without reaching it. */
static bool fail_at(size_t i, int64_t at)
{
    char *error = NULL;
    int64_t before = osp_live_cells();
    osp__fault_plan(operations[i].classes, at, 1, EIO);
    operations[i].run(&error);
    osp__fault_plan(0, 0, 0, 0);
    bool succeeded = error == NULL;
    osp_drop(error);
    CHECK(osp_live_cells() == before);
    return succeeded;
}

static void test_results(void)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        int64_t at = 0;
        while (at < 50 && !fail_at(i, at))
            at++;
        if (at == 0 || at == 50)
            fprintf(stderr, "%s: failed at %d points\n", operations[i].name, (int)at);
        CHECK(at > 0 && at < 50);
    }
}

/* ---- functions without a Result: the fiber ends, the process goes on ----------------------------------- */

static void total_upper(osp_ctx *ctx)
{
    osp_drop(osp_string_to_upper(ctx, text_ab));
}

static void total_words(osp_ctx *ctx)
{
    osp_drop(osp_string_words(ctx, text_ab));
}

static void total_append(osp_ctx *ctx)
{
    osp_drop(osp_list_append(ctx, osp_list_empty(ctx, OSP_WORDS), 1));
    osp_drop(osp_list_append(ctx, osp_list_with_room(ctx, OSP_BYTES, 100), 1));
}

static void total_map(osp_ctx *ctx)
{
    osp_drop(osp_map_set(ctx, osp_map_empty(ctx, false, false), 1, 2));
}

static void total_escape(osp_ctx *ctx)
{
    osp_drop(osp_json_escape(ctx, json_text));
}

static void run_total(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    osp__fault_plan(ALLOCATIONS, 0, 1, ENOMEM);
    (*(void (**)(osp_ctx *))arg)(ctx);
    osp__fault_plan(0, 0, 0, 0);
}

static void do_nothing(osp_ctx *ctx, void *env, void *arg)
{
    (void)ctx;
    (void)env;
    (void)arg;
}

static void test_total_functions(void)
{
    void (*totals[])(osp_ctx *) = {total_upper, total_words, total_append, total_map, total_escape};
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        char *error = NULL;
        int status = osp_call_on_fiber(run_total, NULL, &totals[i], &error);
        osp__fault_plan(0, 0, 0, 0);
        CHECK(status == -1 && error != NULL);
        if (error != NULL)
            CHECK(strstr(error, "out of memory") != NULL);
        osp_drop(error);
    }
}

/* ---- messages ------------------------------------------------------------------------------------------ */

static void test_messages(void)
{
    char *error = NULL;
    osp__fault_plan(CALLS, 0, 1, EIO);
    osp_drop(osp_read_file(NULL, path, &error));
    char expected[200];
    snprintf(expected, sizeof expected, "readFile: %s: input/output error", path);
    CHECK_STRING(error, expected);
}

int main(void)
{
    char name[] = "/tmp/ospjit-test-XXXXXX";
    CHECK(mkdtemp(name) != NULL);
    char file[64];
    snprintf(file, sizeof file, "%s/file", name);
    json_text = text("{\"a,b\": \"an escape, which must be decoded: \\n\", \"c\": [1, 2]}");
    pattern = text("^(a|[[:digit:]]{2})+,b$");
    comma = text(",");
    text_ab = text("a,b");
    path = text(file);
    contents = text("some longer contents of a file");
    /* One worker, up and idle: nothing else allocates or fails while a plan is in force. */
    osp_config config = {.size = sizeof config, .workers = 1};
    CHECK(osp_runtime_start(&config) == 0);
    CHECK(osp_call_on_fiber(do_nothing, NULL, NULL, NULL) == 0);
    test_results();
    test_messages();
    test_total_functions();
    unlink(file);
    rmdir(name);
    osp_drop(json_text);
    osp_drop(pattern);
    osp_drop(comma);
    osp_drop(text_ab);
    osp_drop(path);
    osp_drop(contents);
    return check_report();
}
