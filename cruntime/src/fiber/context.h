/* context.h - a suspended flow of control and the switch between two of them.
 *
 * One interface over two mechanisms: some lines of assembly where we have them for the CPU, swapcontext elsewhere, and
 * also where the kernel runs us with a shadow stack. Contexts are created by makecontext in both. The sanitizers are
 * told about every switch here and nowhere else. Nothing here knows of workers or queues. */
#ifndef OSP_FIBER_CONTEXT_H
#define OSP_FIBER_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

struct osp__context {
    void *stack_pointer;    /* where the assembly switch left it */
    ucontext_t *portable;   /* for swapcontext; NULL with the assembly switch */
    void (*entry)(void *);  /* not NULL: has a stack but has not run on it yet */
    void *argument;
    char *stack_low;        /* NULL for the context of a thread */
    size_t stack_size;
    void *sanitizer_stack;  /* AddressSanitizer's fake stack while suspended */
    void *sanitizer_fiber;  /* ThreadSanitizer's idea of this flow */
};

/* The current thread, so that it can be switched away from. Returns 0 or -ENOMEM. */
int osp__context_of_thread(struct osp__context *context);

/* A new flow that will run entry(argument) on the given stack when it is first switched to. The entry must never
 * return. May be repeated on a context whose flow has been abandoned. Returns 0 or -ENOMEM. */
int osp__context_make(struct osp__context *context, char *stack_low, size_t stack_size, void (*entry)(void *),
                      void *argument);

/* Suspends `from`, which must be the running flow, and continues `to`. Returns when somebody switches back. */
void osp__context_switch(struct osp__context *from, struct osp__context *to);

/* Like osp__context_switch for a flow that will never be continued. */
_Noreturn void osp__context_abandon(struct osp__context *from, struct osp__context *to);

/* Releases what the context holds besides its stack. */
void osp__context_release(struct osp__context *context);

/* True when the assembly switch is in use. */
bool osp__context_is_direct(void);

#endif
