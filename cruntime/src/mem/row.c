/* row.c - see row.h. */
#include "row.h"

#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "string.h"

/* Rows of so many elements are copied each time. */
#define SHORT_ROW 128

/* Stands where a row has a tree: it has been copied, or is a copy. */
static char copied;

static void **tree_of(void *row) { return (void **)row - 3; }

static uint64_t *length_of(void *row) { return (uint64_t *)row - 2; }

static bool is_tree(void *tree) { return tree != NULL && tree != &copied; }

/* How many cells the tree of a row has: 32-way nodes over all of its places. */
static int64_t cells_of_tree(void *row) {
    int64_t cells = 0, nodes = (int64_t)osp__row_capacity(row);
    do {
        nodes = (nodes + 31) / 32;
        cells += nodes;
    } while (nodes > 1);
    return cells;
}

static bool is_immortal(void *row) {
    return __atomic_load_n(&osp__header(row)->count, __ATOMIC_RELAXED) == 0;
}

static uint32_t info_of(enum osp_elements elements) {
    return OSP_INFO(OSP_KIND_ROW, 0, elements == OSP_BYTES ? OSP_ROW_BYTES : 0);
}

void *osp__row_new(osp_ctx *ctx, enum osp_elements elements, uint64_t capacity) {
    size_t size;
    void *row = NULL;
    if (!__builtin_mul_overflow(capacity, osp__element_size(elements), &size))
        row = osp__object_new(info_of(elements), OSP_ROW_PREFIX, size);
    if (OSP_UNLIKELY(row == NULL)) {
        if (ctx != NULL) osp__fiber_fail(ctx, "out of memory");
        return NULL;
    }
    *tree_of(row) = NULL;
    *length_of(row) = size;
    return row;
}

void *osp__row_widen(osp_ctx *ctx, void *row, uint64_t capacity) {
    size_t size, total, before = OSP_ROW_PREFIX + sizeof(struct osp__header);
    size_t element = osp__element_size(osp__row_elements(row));
    char *block = NULL;
    if (!__builtin_mul_overflow(capacity, element, &size) && !__builtin_add_overflow(size, before, &total))
        block = osp__resize((char *)row - before, total);
    if (OSP_UNLIKELY(block == NULL)) {
        if (ctx != NULL) osp__fiber_fail(ctx, "out of memory");
        return NULL;
    }
    row = block + before;
    *length_of(row) = size;
    return row;
}

void *osp__row_copy(osp_ctx *ctx, void *row, uint64_t start, uint64_t length, uint64_t more) {
    bool is_short = length <= SHORT_ROW;
    if (!is_short) {
        void *present = NULL;
        if (!__atomic_compare_exchange_n(tree_of(row), &present, &copied, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return NULL;
    }
    enum osp_elements elements = osp__row_elements(row);
    size_t size = osp__element_size(elements);
    char *copy = osp__row_new(ctx, elements, length + more);
    if (copy == NULL) return NULL;
    if (!is_short) *tree_of(copy) = &copied;
    osp__copy(ctx, copy, (const char *)row + start * size, length * size);
    return copy;
}

void *osp__row_tree(void *row) {
    void *tree = __atomic_load_n(tree_of(row), __ATOMIC_ACQUIRE);
    return is_tree(tree) ? tree : NULL;
}

void *osp__row_set_tree(void *row, void *tree) {
    struct osp__header *header = osp__header(row);
    if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) > 0) {
        *tree_of(row) = tree;
        header->info |= OSP_INFO(0, 0, OSP_ROW_TREE);
        return tree;
    }
    /* Other threads may hold the row; nobody will ever own it alone again. */
    void *present = &copied;
    osp_mark_shared(tree);
    if (__atomic_compare_exchange_n(tree_of(row), &present, tree, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (is_immortal(row)) osp__count_live(-cells_of_tree(row)); /* nor does the row itself count */
        return tree;
    }
    osp_drop(tree);
    return present;
}

void osp__row_forget_tree(void *row) {
    void *tree = *tree_of(row);
    if (!is_tree(tree)) return;
    *tree_of(row) = &copied;
    osp__header(row)->info &= ~OSP_INFO(0, 0, OSP_ROW_TREE);
    osp_drop(tree);
}

void osp__row_drop_tree(void *row, bool was_immortal, struct osp__dead *dead) {
    if (!is_tree(*tree_of(row))) return;
    if (was_immortal) osp__count_live(cells_of_tree(row));
    osp__drop_onto(dead, *tree_of(row));
    *tree_of(row) = NULL;
}
