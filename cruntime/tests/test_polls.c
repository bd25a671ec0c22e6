/* test_polls.c - functions of the runtime that take long let other fibers run. One worker; beside the fiber that calls
 * such a function a second one asks it to yield whenever it is itself let run. So each poll is seen, and none depends on
 * how fast the machine is. */
#include "check.h"
#include "fiber/fiber.h"
#include "lib/list.h"
#include "sys/sys.h"

#include <malloc.h>
#include <sys/mman.h>

enum { BYTES = SMALL ? 1 << 18 : 1 << 20, PARTS = BYTES / (64 << 10) };

static struct osp_fiber *asked; /* whom the second fiber asks to yield; NULL at the end */
static bool asking = true;
static int64_t turns;

static void keep_asking(osp_ctx *ctx, void *env, void *result)
{
    (void)env;
    (void)result;
    for (; asked != NULL; osp_yield(ctx)) {
        turns++;
        if (asking) osp__fiber_ask_to_yield(asked);
    }
}

/* ---- what takes long ----------------------------------------------------------------------------------------------- */

static char *comma, *fields, *padding, *pattern, *encoded;
static void *strings, *numbers;

static char *many(osp_ctx *ctx, const char *part)
{
    char *once = text(part), *error = NULL, *all = osp_string_repeat(ctx, once, (int64_t)(BYTES / strlen(part)), &error);
    osp_drop(once);
    return all;
}

static void *list_of_numbers(osp_ctx *ctx)
{
    void *list = osp_list_empty(ctx, OSP_WORDS);
    for (int64_t i = 0; i < BYTES / 8; i++) list = osp_list_append(ctx, list, i * 7919 % 1000003);
    return list;
}

static void *map_of_numbers(osp_ctx *ctx, int64_t first)
{
    void *map = osp_map_empty(ctx, false, false);
    for (int64_t i = first; i < first + 4000; i++) map = osp_map_set(ctx, map, i, i);
    return map;
}

static void *map, *other_map;

static void prepare(osp_ctx *ctx)
{
    char *error = NULL;
    comma = text(",");
    char field[1001];
    memset(field, 'a', sizeof field);
    field[999] = ',';
    field[1000] = '\0';
    fields = many(ctx, field);
    padding = text("12345678");
    pattern = text("(a|b)*x");
    encoded = osp_url_encode(ctx, fields);
    strings = osp_string_split(ctx, fields, comma, &error);
    numbers = list_of_numbers(ctx);
    map = map_of_numbers(ctx, 0);
    other_map = map_of_numbers(ctx, 2000);
}

static void clean_up(void)
{
    void *objects[] = {comma, fields, padding, pattern, encoded, strings, numbers, map, other_map};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) osp_drop(objects[i]);
}

static void compare(osp_ctx *ctx, void *env, void *arguments)
{
    (void)ctx;
    (void)env;
    int64_t *words = arguments;
    words[2] = words[0] - words[1];
}

static void *owned(void *object)
{
    osp_dup(object);
    return object;
}

#define STRING(name, call) \
    static void name(osp_ctx *ctx, char **error) { (void)error; osp_drop(call); }
STRING(concat, osp_string_concat(ctx, fields, fields))
STRING(repeat, osp_string_repeat(ctx, padding, BYTES / 8, error))
STRING(pad_start, osp_string_pad_start(ctx, padding, BYTES, comma, error))
STRING(pad_end, osp_string_pad_end(ctx, fields, 2 * BYTES, comma, error))
STRING(upper, osp_string_to_upper(ctx, fields))
STRING(reverse, osp_string_reverse(ctx, fields))
STRING(replace, osp_string_replace(ctx, fields, comma, padding, error))
STRING(replace_nothing, osp_string_replace(ctx, fields, padding, comma, error))
STRING(split, osp_string_split(ctx, fields, comma, error))
STRING(lines, osp_string_lines(ctx, fields))
STRING(words, osp_string_words(ctx, fields))
STRING(join, osp_string_join(ctx, strings, comma))
STRING(quote, osp_string_quote(ctx, fields))
STRING(escape, osp_json_escape(ctx, fields))
STRING(url_encode, osp_url_encode(ctx, fields))
STRING(url_decode, osp_url_decode(ctx, encoded, error))
STRING(list_reverse, osp_list_reverse(ctx, owned(numbers)))
STRING(list_sort, osp_list_sort(ctx, owned(numbers), compare, NULL))
STRING(list_concat, osp_list_concat(ctx, owned(numbers), owned(numbers)))
STRING(map_keys, osp_map_keys(ctx, map, OSP_WORDS))
STRING(map_values, osp_map_values(ctx, map, OSP_WORDS))
STRING(map_merge, osp_map_merge(ctx, owned(map), owned(other_map)))

static void contains(osp_ctx *ctx, char **error)
{
    (void)error;
    CHECK(!osp_string_contains(ctx, fields, padding));
}

static void index_of(osp_ctx *ctx, char **error)
{
    (void)osp_string_index_of(ctx, fields, padding, error);
}

static void matches(osp_ctx *ctx, char **error)
{
    CHECK(!osp_matches_pattern(ctx, fields, pattern, error));
}

static void hash(osp_ctx *ctx, char **error)
{
    (void)error;
    (void)osp_string_hash(ctx, fields);
}

static const struct {
    const char *name;
    void (*run)(osp_ctx *ctx, char **error);
    int64_t polls; /* at least */
} cases[] = {
    {"concat", concat, PARTS},
    {"repeat", repeat, PARTS / 2}, /* parts are doubled: the first ones are short */
    {"padStart", pad_start, PARTS / 2},
    {"padEnd", pad_end, PARTS},
    {"toUpperCase", upper, PARTS},
    {"reverse", reverse, PARTS - 1},
    {"replace", replace, PARTS},
    {"replace, nothing there", replace_nothing, PARTS - 1},
    {"split", split, PARTS},
    {"lines", lines, PARTS - 1},
    {"words", words, PARTS - 1},
    {"join", join, PARTS},
    {"quote", quote, PARTS},
    {"jsonEscape", escape, PARTS},
    {"urlEncode", url_encode, 2 * PARTS - 1},
    {"urlDecode", url_decode, PARTS},
    {"contains", contains, PARTS - 1},
    {"indexOf", index_of, PARTS - 1},
    {"matchesPattern", matches, PARTS},
    {"hash", hash, PARTS},
    {"listReverse", list_reverse, BYTES / 8 / 32},
    {"listSort", list_sort, 15 * (BYTES / 8 / 4096)},
    {"listConcat", list_concat, BYTES / 8 / 32},
    {"mapKeys", map_keys, 100},
    {"mapValues", map_values, 100},
    {"mapMerge", map_merge, 100},
};

/* ---- freeing ---------------------------------------------------------------------------------------------------------- */

/* A chain of cells, which one drop frees. */
static void *chain(osp_ctx *ctx, int64_t length)
{
    void **last = NULL;
    while (length-- > 0) {
        void **cell = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CELL, 1, 0), 1);
        *cell = last;
        last = cell;
    }
    return last;
}

/* What is left when the fiber goes on is freed by the worker, a part at a time, while others run. */
static void test_freeing(osp_ctx *ctx)
{
    enum { LENGTH = SMALL ? 60000 : 200000 };
    int64_t before = osp_live_cells();
    void *cells = chain(ctx, LENGTH);
    osp_yield(ctx); /* now somebody has asked for another yield */
    osp_drop(cells);
    int64_t left = osp_live_cells() - before;
    CHECK(left > LENGTH / 2);
    int64_t parts = 0, last = left;
    while (osp_live_cells() > before && parts < LENGTH) {
        osp_yield(ctx);
        CHECK(last - osp_live_cells() < LENGTH / 10);
        last = osp_live_cells();
        parts++;
    }
    CHECK(osp_live_cells() == before && parts > 20);
    /* A fiber that was made to yield goes on when what it has put off is gone, so garbage cannot pile up. */
    cells = chain(ctx, LENGTH);
    osp_yield(ctx);
    osp_drop(cells);
    CHECK(osp_live_cells() - before > LENGTH / 2);
    osp_poll(ctx);
    CHECK(osp_live_cells() == before);
}

/* How many pages of these bytes take memory; 0 after they were unmapped. */
static size_t resident(void *bytes, size_t size)
{
    static unsigned char pages[(64 << 20) / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    void *first = (void *)(((uintptr_t)bytes + page - 1) & -(uintptr_t)page);
    if (mincore(first, size - page, pages) != 0) return 0;
    for (size_t i = 0; i < size / page - 1; i++) count += pages[i] & 1;
    return count;
}

/* A string so large that the kernel would take milliseconds to unmap it is given back in parts, too. */
static void test_freeing_big_string(osp_ctx *ctx)
{
    enum { SIZE = 64 << 20, PARTS_AT_LEAST = 10 };
    char *error = NULL, *big = osp_string_repeat(ctx, padding, SIZE / 8, &error);
    int64_t before = osp_live_cells();
    size_t whole = resident(big, SIZE), last = whole;
    CHECK(whole > 0);
    asking = true;
    osp_yield(ctx);
    osp_drop(big);
    int turns_taken = 0, parts = 0;
    for (; osp_live_cells() >= before && turns_taken < 100000; turns_taken++) {
        size_t left = resident(big, SIZE);
        CHECK(last - left < whole / PARTS_AT_LEAST);
        parts += left < last;
        last = left;
        osp_yield(ctx);
    }
    CHECK(osp_live_cells() == before - 1 && parts >= PARTS_AT_LEAST && last < whole / PARTS_AT_LEAST);
    asking = false;
}

/* Free blocks lie in no heap of unfinished work that some later call of malloc would have to do at once. */
static void test_nothing_left_to_join(void)
{
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 33)
    void *blocks[1000];
    for (size_t i = 0; i < 1000; i++) blocks[i] = osp__alloc(40);
    for (size_t i = 0; i < 1000; i++) osp__release(blocks[i]);
    CHECK(mallinfo2().smblks == 0);
#endif
}

static void run_all(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    (void)arg;
    prepare(ctx);
    asked = ctx->fiber;
    void *task = osp_spawn(ctx, keep_asking, NULL, 0, 0);
    osp_yield(ctx);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *error = NULL;
        int64_t before = turns;
        cases[i].run(ctx, &error);
        int64_t polls = turns - before;
        if (polls < cases[i].polls)
            fprintf(stderr, "%s: %lld polls, expected %lld\n", cases[i].name, (long long)polls, (long long)cases[i].polls);
        CHECK(polls >= cases[i].polls);
        osp_drop(error);
    }
    test_freeing(ctx);
    test_freeing_big_string(ctx);
    test_nothing_left_to_join();
    asked = NULL;
    (void)osp_await(ctx, task);
    osp_drop(task);
    clean_up();
}

int main(void)
{
    osp_config config = {.size = sizeof config, .workers = 1};
    CHECK(osp_runtime_start(&config) == 0);
    CHECK(osp_call_on_fiber(run_all, NULL, NULL, NULL) == 0);
    for (int i = 0; i < 500 && osp_live_cells() > 0; i++) usleep(2000);
    CHECK(osp_live_cells() == 0);
    return check_report();
}
