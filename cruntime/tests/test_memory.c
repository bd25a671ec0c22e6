/* test_memory.c - counted objects and strings: counting, sharing, freeing without recursion, text of values. */
#include <math.h>

#include "check.h"
#include "sys/sys.h"

/* The functions of compiled code are declared by the generated header when there is one. */
#ifndef OSP_HAVE_BUILTINS_H
#error "the tests need the generated header"
#endif

static int32_t count_of(void *object) { return osp__header(object)->count; }

static void test_counting(void) {
    char *s = text("abc");
    CHECK(osp_string_length(s) == 3 && count_of(s) == 1);
    osp_dup(s);
    CHECK(count_of(s) == 2);
    osp_drop(s);
    osp_drop(s);
    osp_dup(NULL);
    osp_drop(NULL);
    char *empty = text("");
    CHECK(count_of(empty) == 0); /* immortal: never counted */
    osp_drop(empty);
    osp_drop(empty);
}

static void test_shared(void) {
    void **cell = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 2, 7), 3);
    cell[0] = text("one");
    cell[1] = NULL;
    cell[2] = NULL;
    osp_mark_shared(cell);
    CHECK(count_of(cell) == -1 && count_of(cell[0]) == -1);
    osp_dup(cell);
    CHECK(count_of(cell) == -2);
    osp_mark_shared(cell);
    CHECK(count_of(cell) == -2);
    osp_drop(cell);
    osp_drop(cell);
}

static void test_sticky(void) {
    char *s = text("x");
    osp__header(s)->count = INT32_MAX;
    osp_dup(s);
    CHECK(count_of(s) < OSP_RC_STICKY);
    osp_dup(s);
    osp_drop(s);
    osp_drop(s);
    CHECK(count_of(s) == INT32_MIN);
    osp__header(s)->count = 1;
    osp_drop(s);
    s = text("y");
    osp__header(s)->count = INT32_MAX - 3;
    osp_mark_shared(s);
    CHECK(count_of(s) == INT32_MIN);
    osp__header(s)->count = 1;
    osp_drop(s);
}

static void **cons(void *head, void *tail) {
    void **cell = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 2, 1), 2);
    cell[0] = head;
    cell[1] = tail;
    return cell;
}

static void test_long_list(void) {
    void **list = NULL;
    for (int i = 0; i < 1000000; i++) list = cons(NULL, list);
    osp_mark_shared(list); /* neither marking nor freeing recurses */
    osp_drop(list);
    void **left = NULL;
    for (int i = 0; i < 100000; i++) left = cons(left, NULL);
    osp_drop(left);
}

static void test_closure_scan(void) {
    void **closure = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = (void *)(uintptr_t)test_closure_scan; /* code: not counted */
    closure[1] = text("captured");
    osp_drop(closure);
}

static void test_shared_diamond(void) {
    char *leaf = text("leaf");
    osp_dup(leaf);
    void **list = cons(leaf, cons(leaf, NULL));
    osp_drop(list);
    CHECK(true);
}

static void test_immortal(void) {
    void **list = cons(text("a"), NULL);
    osp_mark_immortal(list);
    osp_drop(list);
    CHECK_TEXT(list[0], "a");
    osp__header(list[0])->count = 1; /* given back by hand, for the leak checker */
    osp__header(list)->count = 1;
    osp_drop(list);
}

static void test_out_of_memory(void) {
    int64_t before = osp_live_cells();
    osp__fault_plan(1, 0, 2, 0x7fffffff);
    CHECK(osp_string_new("abc", 3) == NULL);
    CHECK(osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 0, 0), 2) == NULL);
    osp__fault_plan(0, 0, 0, 0);
    CHECK(osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 0, 0), INT64_MAX) == NULL);
    CHECK(osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 0, 0), -1) == NULL);
    CHECK(osp_live_cells() == before);
}

static void test_strings(void) {
    char *a = osp_string_new("a\0b", 3), *b = text("c");
    char *joined = osp_string_concat(NULL, a, b);
    CHECK(osp_string_length(joined) == 4 && memcmp(joined, "a\0bc", 5) == 0);
    CHECK_STRING(osp_string_quote(NULL, joined), "\"a\\0bc\"");
    char *parts[3] = {joined, a, b};
    char *all = osp_string_concat_n(NULL, parts, 3);
    CHECK(osp_string_length(all) == 8 && memcmp(all, "a\0bca\0bc", 8) == 0);
    CHECK(osp_string_equal(NULL, a, a) && !osp_string_equal(NULL, a, b));
    CHECK(osp_string_compare(NULL, a, b) == -1 && osp_string_compare(NULL, b, a) == 1);
    CHECK(osp_string_compare(NULL, a, joined) == -1 && osp_string_compare(NULL, all, all) == 0);
    CHECK(osp_string_hash(NULL, b) == (int64_t)0xaf63de4c8601eff2); /* FNV-1a: (basis ^ 'c') * prime */
    osp_drop(a);
    osp_drop(b);
    osp_drop(joined);
    osp_drop(all);
    char *odd = text("\x01\x1b\t\n\r\"\\$é");
    CHECK_STRING(osp_string_quote(NULL, odd), "\"\\u{01}\\e\\t\\n\\r\\\"\\\\$é\"");
    osp_drop(odd);
}

static void test_appending(void) {
    int64_t before = osp_live_cells();
    char *piece = osp_string_new("x\0y", 3), *nothing = osp_string_new("", 0);
    /* Held elsewhere: a copy, and the other stays as it was. */
    char *held = text("held"), *other = held;
    osp_dup(held);
    char *longer = osp_string_append(NULL, held, piece);
    CHECK(longer != other && osp_string_length(longer) == 7 && memcmp(longer, "heldx\0y", 8) == 0);
    CHECK(osp_string_length(other) == 4 && memcmp(other, "held", 5) == 0);
    CHECK(osp_string_append(NULL, other, nothing) == other);
    osp_drop(other);
    /* Immortal ones are never written. */
    char *literal = osp_bool_to_string(NULL, true), *grown = osp_string_append(NULL, literal, piece);
    CHECK(grown != literal && memcmp(literal, "true", 5) == 0 && memcmp(grown, "truex\0y", 8) == 0);
    osp_drop(grown);
    /* Held by nobody else: its bytes move seldom, however often something is appended. */
    int moves = 0;
    for (int i = 0; i < 100000; i++) {
        char *was = longer;
        longer = osp_string_append(NULL, longer, piece);
        moves += longer != was;
        CHECK(longer[osp_string_length(longer)] == '\0');
    }
    CHECK(moves < 40 && osp_string_length(longer) == 7 + 3 * 100000);
    CHECK(memcmp(longer + 300001, "x\0yx\0y", 7) == 0);
    osp_drop(longer);
    /* A big one grows as well as a small one. */
    size_t size = (size_t)20 << 20;
    char *bytes = malloc(size), *part = osp_string_new(memset(bytes, 'p', size), size);
    free(bytes);
    char *big = osp_string_append(NULL, text("a"), part);
    for (int i = 0; i < 4; i++) big = osp_string_append(NULL, big, part);
    CHECK(osp_string_length(big) == 1 + 5 * size && big[0] == 'a' && big[1] == 'p' && big[1 + 5 * size] == '\0');
    CHECK(memcmp(big + 1 + 4 * size, part, size + 1) == 0);
    osp_drop(big);
    osp_drop(part);
    osp_drop(piece);
    osp_drop(nothing);
    CHECK(osp_live_cells() == before);
}

static void test_numbers(void) {
    CHECK_STRING(osp_int_to_string(NULL, 0), "0");
    CHECK_STRING(osp_int_to_string(NULL, INT64_MIN), "-9223372036854775808");
    CHECK_STRING(osp_int_to_string(NULL, INT64_MAX), "9223372036854775807");
    static const struct {
        double value;
        const char *text;
    } cases[] = {{5, "5.0"}, {0.1, "0.1"}, {1e300, "1e+300"}, {-0.0, "-0.0"}, {INFINITY, "inf"}, {-INFINITY, "-inf"},
                 {NAN, "nan"}, {1e16, "1e+16"}, {123456789012345680.0, "1.2345678901234568e+17"}, {1e15, "1000000000000000.0"},
                 {9007199254740993.0, "9007199254740992.0"}, {0.0001, "0.0001"}, {0.00001, "1e-05"}, {5e-324, "5e-324"},
                 {2.2250738585072014e-308, "2.2250738585072014e-308"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {0x1p-44, "5.684341886080802e-14"}, {100, "100.0"}, {-1.5, "-1.5"}, {1.0 / 3, "0.3333333333333333"},
                 {2.5e-310, "2.5e-310"}, {9.5367431640625e-07, "9.5367431640625e-07"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STRING(osp_float_to_string(NULL, cases[i].value), cases[i].text);
    uint64_t state = 88172645463325252u; /* xorshift: any bits must read back exactly */
    for (int i = 0; i < 20000; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double value, back;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value)) continue;
        char *shown = osp_float_to_string(NULL, value);
        back = strtod(shown, NULL);
        CHECK(memcmp(&back, &value, sizeof value) == 0);
        osp_drop(shown);
    }
}

int main(void) {
    CHECK(osp_live_cells() == 0);
    test_counting();
    test_shared();
    test_sticky();
    test_long_list();
    test_closure_scan();
    test_shared_diamond();
    test_immortal();
    test_out_of_memory();
    test_strings();
    test_appending();
    test_numbers();
    CHECK(osp_live_cells() == -1 || osp_live_cells() <= 0);
    return check_report();
}
