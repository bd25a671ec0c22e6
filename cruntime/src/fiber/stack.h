/* stack.h - memory for the stacks of fibers.
 *
 * Stacks are cut from large mappings that cost nothing until touched, so that a million fibers need a few hundred
 * kernel mappings and not two million. They are never unmapped, only reused. */
#ifndef OSP_FIBER_STACK_H
#define OSP_FIBER_STACK_H

#include <stddef.h>

struct osp__stack {
    char *low;   /* lowest usable address; the guard page lies below */
    size_t size; /* usable bytes */
};

/* A new stack of OSP_FIBER_STACK bytes, guard page included. low is NULL when memory runs out. */
struct osp__stack osp__stack_new(void);

/* A stack of its own mapping, for main; smaller than asked if the system refuses so much. */
struct osp__stack osp__stack_new_large(size_t size);

#endif
