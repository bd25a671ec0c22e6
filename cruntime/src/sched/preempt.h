/* preempt.h - asking a fiber that computes for long to let the others run.
 *
 * Compiled code compares its stack pointer with ctx->stack_limit at every call. A thread of its own looks at the
 * workers every few milliseconds; where the same fiber has been running all the time it raises that limit above any
 * stack, so that the next call ends up in osp_stack_poll, which yields. The fast path pays nothing for it. While all
 * workers sleep, that thread sleeps, too. */
#ifndef OSP_SCHED_PREEMPT_H
#define OSP_SCHED_PREEMPT_H

#include "../base.h"

/* Starts the thread; with all signals blocked by the caller. 0 or a negative errno. */
int osp__preempt_start(void);

/* A worker has woken up. */
void osp__preempt_kick(void);
extern int osp__preempt_idle; /* atomic: the thread sleeps until it is kicked */

static inline void osp__preempt_awake(void)
{
    if (OSP_UNLIKELY(__atomic_load_n(&osp__preempt_idle, __ATOMIC_SEQ_CST))) osp__preempt_kick();
}

#endif
