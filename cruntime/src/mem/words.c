/* words.c - see words.h. */
#include "words.h"

#include "../fiber/fiber.h"
#include "../sys/sys.h"
#include "string.h"

/* Rows of so many words are copied each time. */
#define SHORT_ROW 128

/* Stands where a row has a tree: it has been copied, or is a copy. */
static char copied;

static void **tree_of(int64_t *words) { return (void **)(void *)(words - 3); }

static bool is_tree(void *tree) { return tree != NULL && tree != &copied; }

/* How many cells the tree of a row has: 32-way nodes over all of its places. */
static int64_t cells_of_tree(const int64_t *words) {
    int64_t cells = 0, nodes = (int64_t)osp__words_capacity(words);
    do {
        nodes = (nodes + 31) / 32;
        cells += nodes;
    } while (nodes > 1);
    return cells;
}

static bool is_immortal(int64_t *words) {
    return __atomic_load_n(&osp__header(words)->count, __ATOMIC_RELAXED) == 0;
}

int64_t *osp__words_new(osp_ctx *ctx, uint64_t capacity) {
    size_t size;
    int64_t *words = NULL;
    if (!__builtin_mul_overflow(capacity, sizeof *words, &size))
        words = osp__object_new(OSP_INFO(OSP_KIND_WORDS, 0, 0), OSP_WORDS_PREFIX, size);
    if (OSP_UNLIKELY(words == NULL)) {
        if (ctx != NULL) osp__fiber_fail(ctx, "out of memory");
        return NULL;
    }
    *tree_of(words) = NULL;
    words[-2] = (int64_t)size;
    return words;
}

int64_t *osp__words_widen(osp_ctx *ctx, int64_t *words, uint64_t capacity) {
    size_t size, total, before = OSP_WORDS_PREFIX + sizeof(struct osp__header);
    char *block = NULL;
    if (!__builtin_mul_overflow(capacity, sizeof *words, &size) && !__builtin_add_overflow(size, before, &total))
        block = osp__resize((char *)words - before, total);
    if (OSP_UNLIKELY(block == NULL)) {
        if (ctx != NULL) osp__fiber_fail(ctx, "out of memory");
        return NULL;
    }
    words = (int64_t *)(void *)(block + before);
    words[-2] = (int64_t)size;
    return words;
}

int64_t *osp__words_copy(osp_ctx *ctx, int64_t *words, uint64_t start, uint64_t length, uint64_t more) {
    bool is_short = length <= SHORT_ROW;
    if (!is_short) {
        void *present = NULL;
        if (!__atomic_compare_exchange_n(tree_of(words), &present, &copied, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return NULL;
    }
    int64_t *copy = osp__words_new(ctx, length + more);
    if (copy == NULL) return NULL;
    if (!is_short) *tree_of(copy) = &copied;
    osp__copy(ctx, (char *)copy, (const char *)(words + start), length * sizeof *copy);
    return copy;
}

void *osp__words_tree(int64_t *words) {
    void *tree = __atomic_load_n(tree_of(words), __ATOMIC_ACQUIRE);
    return is_tree(tree) ? tree : NULL;
}

void *osp__words_set_tree(int64_t *words, void *tree) {
    struct osp__header *header = osp__header(words);
    if (__atomic_load_n(&header->count, __ATOMIC_RELAXED) > 0) {
        *tree_of(words) = tree;
        header->info = OSP_INFO(OSP_KIND_WORDS, 0, OSP_WORDS_TREE);
        return tree;
    }
    /* Other threads may hold the row; nobody will ever own it alone again. */
    void *present = &copied;
    osp_mark_shared(tree);
    if (__atomic_compare_exchange_n(tree_of(words), &present, tree, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (is_immortal(words)) osp__count_live(-cells_of_tree(words)); /* nor does the row itself count */
        return tree;
    }
    osp_drop(tree);
    return present;
}

void osp__words_forget_tree(int64_t *words) {
    void *tree = *tree_of(words);
    if (!is_tree(tree)) return;
    *tree_of(words) = &copied;
    osp__header(words)->info = OSP_INFO(OSP_KIND_WORDS, 0, 0);
    osp_drop(tree);
}

void osp__words_drop_tree(int64_t *words, bool was_immortal, struct osp__dead *dead) {
    if (!is_tree(*tree_of(words))) return;
    if (was_immortal) osp__count_live(cells_of_tree(words));
    osp__drop_onto(dead, *tree_of(words));
    *tree_of(words) = NULL;
}
