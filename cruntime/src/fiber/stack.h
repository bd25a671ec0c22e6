/* stack.h - memory for the stacks of fibers.
 *
 * Stacks are cut from large mappings that cost nothing until touched, so that a million fibers need a few hundred
 * kernel mappings and not two million. They are never unmapped; one that is given back keeps its addresses and its guard
 * page, but no memory. */
#ifndef OSP_FIBER_STACK_H
#define OSP_FIBER_STACK_H

#include <stddef.h>

struct osp__stack {
    char *low;   /* lowest usable address; the guard page lies below */
    size_t size; /* usable bytes */
};

/* A stack of OSP_FIBER_STACK bytes, guard page included; it reads as zeros. low is NULL when memory runs out. */
struct osp__stack osp__stack_new(void);

/* Gives the stack of osp__stack_new with this lowest address back, and its memory to the system. Reading there yields zeros from now on; writing is
 * harmless but takes up memory. */
void osp__stack_give_back(char *low);

/* Calls visit(stack, argument) for every stack of osp__stack_new that has ever been in use. */
void osp__stack_for_each(void (*visit)(struct osp__stack stack, void *argument), void *argument);

/* A stack of its own mapping, for main; smaller than asked if the system refuses so much. */
struct osp__stack osp__stack_new_large(size_t size);

#endif
