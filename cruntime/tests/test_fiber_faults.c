/* test_fiber_faults.c - fibers, channels, files and values while memory runs out or the system says no: each allocation
 * and each call of a scenario fails in turn. Whatever fails: the process goes on, the fiber ends with a diagnostic or
 * gets an error to handle, nothing is left behind. The scenarios are compiled with -fexceptions, so that what their
 * frames hold is given up as compiled code gives it up. */
#include <errno.h>

#include "check.h"
#include "lib/list.h"
#include "sched/channel.h"
#include "sys/sys.h"

enum { ALLOCATIONS = 1, CALLS = 2 };

static void drop_owned(void *variable)
{
    void **object = variable;
    osp_drop(*object);
    *object = NULL;
}
#define OWNED __attribute__((cleanup(drop_owned)))

/* Gives an owned value away, to a function that takes it. */
static void *moved(void *variable)
{
    void **object = variable, *value = *object;
    *object = NULL;
    return value;
}

static void *closure_over(osp_ctx *ctx, void *value)
{
    OWNED void *kept = value;
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = NULL;
    closure[1] = moved(&kept);
    return closure;
}

static char *path, *missing, *long_text, *json, *comma;

static char *copy(osp_ctx *ctx, const char *bytes) { return osp__string_copy(ctx, bytes, strlen(bytes)); }

/* ---- scenarios -------------------------------------------------------------------------------------------------------- */

static void give_text(osp_ctx *ctx, void *env, void *result)
{
    (void)env;
    osp_yield(ctx);
    *(char **)result = copy(ctx, "made by a fiber");
}

static void spawn_and_await(osp_ctx *ctx)
{
    OWNED void *first = osp_spawn(ctx, give_text, closure_over(ctx, copy(ctx, "captured")), 1, 1);
    OWNED void *second = osp_spawn(ctx, give_text, NULL, 1, 1);
    OWNED char *error = NULL;
    (void)osp_await_result(ctx, first, &error);
    (void)osp_await(ctx, second);
}

static void send_one(osp_ctx *ctx, void *env, void *result)
{
    (void)result;
    osp_channel_send(ctx, ((void **)env)[1], (int64_t)(intptr_t)copy(ctx, "sent"));
}

static void channels(osp_ctx *ctx)
{
    OWNED void *channel = osp_channel_new(ctx, 2, true);
    osp_channel_send(ctx, channel, (int64_t)(intptr_t)copy(ctx, "one"));
    osp_channel_send(ctx, channel, (int64_t)(intptr_t)copy(ctx, "two"));
    osp_dup(channel);
    OWNED void *task = osp_spawn(ctx, send_one, closure_over(ctx, channel), 0, 0);
    OWNED char *first = (char *)(intptr_t)osp_channel_receive(ctx, channel);
    OWNED char *error = NULL;
    (void)osp_await_result(ctx, task, &error); /* what it sends may stay in the channel */
}

static void selects(osp_ctx *ctx)
{
    OWNED void *empty = osp_channel_new(ctx, 0, true), *full = osp_channel_new(ctx, 0, true);
    OWNED char *text_to_send = copy(ctx, "not sent");
    struct osp__select_arm arms[] = {{.kind = OSP_SELECT_RECEIVE, .channel = empty},
                                     {.kind = OSP_SELECT_SEND, .channel = full},
                                     {.kind = OSP_SELECT_SLEEP, .word = 1}};
    arms[1].word = (int64_t)(intptr_t)moved(&text_to_send);
    CHECK(osp_select(ctx, arms, 3) == 2);
    osp_sleep(ctx, 1);
}

static void select_on_closed(osp_ctx *ctx)
{
    OWNED void *closed = osp_channel_new(ctx, 0, true);
    osp_channel_close(ctx, closed);
    struct osp__select_arm arms[] = {{.kind = OSP_SELECT_SEND, .channel = closed}};
    arms[0].word = (int64_t)(intptr_t)copy(ctx, "never sent");
    (void)osp_select(ctx, arms, 1);
}

static void do_nothing(void *argument) { (void)argument; }

static void blocking(osp_ctx *ctx)
{
    (void)osp_blocking_call(ctx, do_nothing, NULL);
}

static void files(osp_ctx *ctx)
{
    OWNED char *error = NULL, *again = NULL, *contents = NULL;
    (void)osp_write_file(ctx, path, long_text, &error);
    contents = osp_read_file(ctx, path, &again);
    OWNED char *none = NULL;
    CHECK(osp_read_file(ctx, missing, &none) == NULL && none != NULL);
}

static void strings(osp_ctx *ctx)
{
    OWNED char *error = NULL;
    OWNED char *upper = osp_string_to_upper(ctx, long_text), *both = osp_string_concat(ctx, upper, long_text);
    OWNED char *quoted = osp_string_quote(ctx, both), *reversed = osp_string_reverse(ctx, quoted);
    OWNED char *replaced = osp_string_replace(ctx, both, comma, path, &error);
}

static void lists_of_strings(osp_ctx *ctx)
{
    OWNED char *error = NULL;
    OWNED void *parts = osp_string_split(ctx, long_text, comma, &error);
    OWNED void *of_words = osp_string_words(ctx, long_text), *of_lines = osp_string_lines(ctx, long_text);
    if (parts == NULL) return;
    OWNED char *joined = osp_string_join(ctx, parts, comma);
    CHECK(osp_string_equal(ctx, joined, long_text));
}

static void lists(osp_ctx *ctx)
{
    OWNED void *list = osp_list_empty(ctx, OSP_POINTERS);
    for (int i = 0; i < 70; i++) {
        OWNED char *element = copy(ctx, "element");
        list = osp_list_append(ctx, moved(&list), (int64_t)(intptr_t)moved(&element));
    }
    osp_dup(list);
    OWNED void *reversed = osp_list_reverse(ctx, list);
    OWNED char *front = copy(ctx, "front");
    osp_dup(list);
    OWNED void *longer = osp_list_prepend(ctx, list, (int64_t)(intptr_t)moved(&front));
    OWNED void *both = osp_list_concat(ctx, moved(&longer), moved(&reversed));
    OWNED char *error = NULL, *other = copy(ctx, "other");
    osp_dup(both);
    OWNED void *changed = osp_list_set(ctx, both, 3, (int64_t)(intptr_t)moved(&other), &error);
    OWNED void *rest = osp_list_drop(ctx, moved(&both), 30);
    CHECK(osp_list_length(ctx, rest) == 111);
}

static void maps(osp_ctx *ctx)
{
    OWNED void *map = osp_map_empty(ctx, true, true), *other = osp_map_empty(ctx, true, true);
    char name[16];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "key %d", i);
        OWNED char *key = copy(ctx, name), *value = copy(ctx, "value");
        void **target = i < 30 ? &map : &other;
        void *map_now = moved(target);
        *target = osp_map_set(ctx, map_now, (int64_t)(intptr_t)moved(&key), (int64_t)(intptr_t)moved(&value));
    }
    osp_dup(map);
    OWNED void *merged = osp_map_merge(ctx, map, moved(&other));
    OWNED void *keys = osp_map_keys(ctx, merged, OSP_POINTERS);
    OWNED void *values = osp_map_values(ctx, merged, OSP_POINTERS);
    OWNED char *some = copy(ctx, "key 7");
    osp_dup(merged);
    OWNED void *smaller = osp_map_remove(ctx, merged, (int64_t)(intptr_t)some);
    CHECK(osp_map_length(ctx, smaller) == 39);
}

static void json_values(osp_ctx *ctx)
{
    OWNED char *error = NULL;
    OWNED void *value = osp_json_decode(ctx, json, &error);
    if (value == NULL) return;
    OWNED char *back = osp_json_encode(ctx, value);
    OWNED char *escaped = osp_json_escape(ctx, back);
}

static const struct scenario {
    const char *name;
    void (*run)(osp_ctx *ctx);
    bool fails; /* ends its fiber also when nothing else fails */
} scenarios[] = {
    {"spawn and await", spawn_and_await, false},
    {"channels", channels, false},
    {"selects", selects, false},
    {"select on closed channels", select_on_closed, true},
    {"blocking calls", blocking, false},
    {"files", files, false},
    {"strings", strings, false},
    {"lists of strings", lists_of_strings, false},
    {"lists", lists, false},
    {"maps", maps, false},
    {"JSON values", json_values, false},
};

static int64_t steps; /* how many have failed in all */

/* ---- each step fails in turn -------------------------------------------------------------------------------------------- */

struct attempt {
    const struct scenario *scenario;
    unsigned classes;
    int64_t at;
    int error;
};

static void attempt_on_fiber(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    const struct attempt *attempt = arg;
    osp__fault_plan(attempt->classes, attempt->at, 1, attempt->error);
    attempt->scenario->run(ctx);
}

/* The workers may still be releasing what a fiber held that has been awaited. */
static int64_t settled_cells(int64_t expected)
{
    for (int i = 0; i < 1000 && osp_live_cells() != expected; i++) osp__thread_sleep_ns(1000000);
    return osp_live_cells();
}

static void fail_each(const struct scenario *scenario, unsigned classes, int error)
{
    struct attempt attempt = {scenario, classes, 0, error};
    bool complete = false;
    for (; !complete && attempt.at < 2000; attempt.at++) {
        int64_t before = osp_live_cells();
        char *message = NULL;
        int status = osp_call_on_fiber(attempt_on_fiber, NULL, &attempt, &message);
        complete = osp__fault_left() > 0;
        osp__fault_plan(0, 0, 0, 0);
        CHECK((status == 0) == (message == NULL));
        if (complete) CHECK((status != 0) == scenario->fails);
        osp_drop(message);
        int64_t left = settled_cells(before) - before;
        if (left != 0)
            fprintf(stderr, "%s: step %lld of class %u leaves %lld objects\n", scenario->name, (long long)attempt.at, classes,
                    (long long)left);
        CHECK(left == 0);
    }
    CHECK(complete);
    steps += attempt.at - 1;
}

static void warm_up(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    ((const struct scenario *)arg)->run(ctx);
}

int main(void)
{
    char name[] = "/tmp/ospjit-test-XXXXXX", file[64];
    CHECK(mkdtemp(name) != NULL);
    snprintf(file, sizeof file, "%s/file", name);
    path = text(file);
    missing = text("/nonexistent/file");
    long_text = text("some, longer, text, of\nseveral lines, and, \"quotes\", and words, that, make, a, list, with, a, "
                     "root, and, leaves,, since, it, has, more, than, thirty-two, parts, which, is, what, one, leaf, holds,"
                     " in, this, kind, of, list");
    json = text("{\"a\": [1, 2.5, \"text\", null, {\"b\": true}], \"c\": {\"d\": [[], {}]}}");
    comma = text(",");
    void *shared[] = {path, missing, long_text, json, comma};
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) osp_mark_shared(shared[i]);
    osp_config config = {.size = sizeof config, .workers = 1};
    CHECK(osp_runtime_start(&config) == 0);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        struct scenario scenario = scenarios[i];
        char *error = NULL;
        (void)osp_call_on_fiber(warm_up, NULL, &scenario, &error); /* what is made once and kept is made now */
        osp_drop(error);
        fail_each(&scenarios[i], ALLOCATIONS, ENOMEM);
        fail_each(&scenarios[i], CALLS, EIO);
    }
    printf("%lld steps failed, one at a time\n", (long long)steps);
    CHECK(steps > 200);
    unlink(file);
    rmdir(name);
    return check_report();
}
