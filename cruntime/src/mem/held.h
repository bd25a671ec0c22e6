/* held.h - what a function of the runtime owns while it calls others that may end its fiber, for want of memory say.
 *
 * The stack of a fiber that fails is unwound, and variables marked OSP_HELD are dropped on the way, as they are when a
 * function returns. What is handed on or returned is let go first. */
#ifndef OSP_MEM_HELD_H
#define OSP_MEM_HELD_H

#include "../base.h"

/* For variables of a pointer type that own a count, or are NULL. */
#define OSP_HELD __attribute__((cleanup(osp__drop_held), unused))

static inline void osp__drop_held(void *variable) {
    void *object = *(void **)variable;
    if (OSP_UNLIKELY(object != NULL)) osp_drop(object);
}

/* The value of a held variable, which is no longer the variable's to drop. */
static inline void *osp__let_go(void *variable) {
    void *object = *(void **)variable;
    *(void **)variable = NULL;
    return object;
}

#endif
