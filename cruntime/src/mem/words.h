/* words.h - rows of words that are no pointers: what a list of such elements is while nothing speaks for a tree.
 *
 *     tree | length in bytes | header | word ...
 *
 * A row that somebody else holds, too, is not changed. Who would change it copies it, for most rows are not held by
 * others for long. Where the row has been copied before, or is a copy itself, there are versions of a list that live
 * on: then a tree is made of it, once, and the row keeps the root for the next who would change it. So each takes the
 * time of a copy twice at most. A row with a tree is not changed in place even by its only holder, who must forget the
 * tree first; that there is one is told by the tag of a row that belongs to one thread, so that compiled code sees by
 * one comparison of the header that it may write. */
#ifndef OSP_MEM_WORDS_H
#define OSP_MEM_WORDS_H

#include "object.h"

/* Bytes before the header. */
#define OSP_WORDS_PREFIX (2 * sizeof(uint64_t))

#define OSP_WORDS_TREE 1 /* the tag of a row that has a tree */

static inline bool osp__is_words(void *object) {
    return osp__kind(osp__header(object)->info) == OSP_KIND_WORDS;
}

/* Whether its words may be changed. */
static inline bool osp__words_are_ours(void *words) {
    return __atomic_load_n(&osp__header(words)->count, __ATOMIC_RELAXED) == 1 &&
           osp__header(words)->info == OSP_INFO(OSP_KIND_WORDS, 0, 0);
}

/* How many words there is room for. */
static inline uint64_t osp__words_capacity(const int64_t *words) { return (uint64_t)words[-2] / sizeof *words; }

/* A row of as many words, uninitialised. The fiber fails when memory runs out; NULL only without one. */
int64_t *osp__words_new(osp_ctx *ctx, uint64_t capacity);

/* The row, which is ours, with room for more words; it may have moved. As above when memory runs out: then the old row
 * is as it was. */
int64_t *osp__words_widen(osp_ctx *ctx, int64_t *words, uint64_t capacity);

/* A copy of `length` words from `start` on, with room for `more`, unless copies are not the thing any more: then NULL.
 * The row may be shared. */
int64_t *osp__words_copy(osp_ctx *ctx, int64_t *words, uint64_t start, uint64_t length, uint64_t more);

/* The tree, borrowed, or NULL. From any thread that holds the row. */
void *osp__words_tree(int64_t *words);

/* Gives a row its tree, whose count is taken over; another thread may have been faster. Returns the tree, borrowed. */
void *osp__words_set_tree(int64_t *words, void *tree);

/* Gives up the tree of a row that belongs to one thread. */
void osp__words_forget_tree(int64_t *words);

/* The same for a row that dies, or goes with its module. */
void osp__words_drop_tree(int64_t *words, bool was_immortal, struct osp__dead *dead);

#endif
