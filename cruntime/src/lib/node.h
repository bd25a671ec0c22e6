/* node.h - what the persistent structures share: tree nodes that are ordinary counted cells.
 *
 * A node is changed in place when only its owner can see it, and copied otherwise. Only a count of exactly 1
 * says so: a count of -1 is a single reference too, but to something marked as shared, into which nothing
 * unmarked may go. Because nodes are cells whose pointers come first, marking and freeing (without recursion)
 * are those of all cells. */
#ifndef OSP_LIB_NODE_H
#define OSP_LIB_NODE_H

#include <string.h>

#include "../mem/object.h"

static inline bool osp__is_unique(void *object)
{
    return __atomic_load_n(&osp__header(object)->count, __ATOMIC_RELAXED) == 1;
}

static inline uint32_t osp__tag(void *object)
{
    return osp__header(object)->info >> 16;
}

static inline void osp__dup_words(const int64_t *words, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        osp_dup((void *)(uintptr_t)words[i]);
}

/* Frees a unique node whose pointers have been moved elsewhere. */
static inline void osp__free_moved(void *node)
{
    osp__header(node)->info &= ~(4095u << 4);
    osp_drop(node);
}

#endif
