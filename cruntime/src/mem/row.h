/* row.h - rows: words that are no pointers, or bytes; what a list of such elements is while nothing speaks for a tree.
 *
 *     tree | length in bytes | header | element ...
 *
 * A row that somebody else holds, too, is not changed. Who would change it copies it, for most rows are not held by
 * others for long. Where the row has been copied before, or is a copy itself, there are versions of a list that live
 * on: then a tree is made of it, once, and the row keeps the root for the next who would change it. So each takes the
 * time of a copy twice at most. A row with a tree is not changed in place even by its only holder, who must forget the
 * tree first; that there is one is told by the tag of a row that belongs to one thread, so that compiled code sees by
 * one comparison of the header that it may write. */
#ifndef OSP_MEM_ROW_H
#define OSP_MEM_ROW_H

#include "object.h"

/* Bytes before the header. */
#define OSP_ROW_PREFIX (2 * sizeof(uint64_t))

/* Bits of the tag. */
#define OSP_ROW_TREE 1u  /* has a tree, and belongs to one thread */
#define OSP_ROW_BYTES 2u /* its elements are bytes */

static inline bool osp__is_row(void *object) {
    return osp__kind(osp__header(object)->info) == OSP_KIND_ROW;
}

/* Whether its elements may be changed. */
static inline bool osp__row_is_ours(void *row) {
    return __atomic_load_n(&osp__header(row)->count, __ATOMIC_RELAXED) == 1 &&
           (osp__header(row)->info & OSP_INFO(0, 0, OSP_ROW_TREE)) == 0;
}

/* Bytes of an element. */
static inline size_t osp__element_size(enum osp_elements elements) {
    return elements == OSP_BYTES ? 1 : sizeof(int64_t);
}

static inline enum osp_elements osp__row_elements(void *row) {
    return osp__header(row)->info & OSP_INFO(0, 0, OSP_ROW_BYTES) ? OSP_BYTES : OSP_WORDS;
}

/* How many elements there is room for. */
static inline uint64_t osp__row_capacity(void *row) {
    return ((uint64_t *)row)[-2] / osp__element_size(osp__row_elements(row));
}

/* A row of as many words or bytes, uninitialised. The fiber fails when memory runs out; NULL only without one. */
void *osp__row_new(osp_ctx *ctx, enum osp_elements elements, uint64_t capacity);

/* The row, which is ours, with room for more elements; it may have moved. As above when memory runs out: then the old
 * row is as it was. */
void *osp__row_widen(osp_ctx *ctx, void *row, uint64_t capacity);

/* A copy of `length` elements from `start` on, with room for `more`, unless copies are not the thing any more: then NULL.
 * The row may be shared. */
void *osp__row_copy(osp_ctx *ctx, void *row, uint64_t start, uint64_t length, uint64_t more);

/* The tree, borrowed, or NULL. From any thread that holds the row. */
void *osp__row_tree(void *row);

/* Gives a row its tree, whose count is taken over; another thread may have been faster. Returns the tree, borrowed. */
void *osp__row_set_tree(void *row, void *tree);

/* Gives up the tree of a row that belongs to one thread. */
void osp__row_forget_tree(void *row);

/* The same for a row that dies, or goes with its module. */
void osp__row_drop_tree(void *row, bool was_immortal, struct osp__dead *dead);

#endif
