/* poll.h - how a C function that may run for long lets the other fibers have their turn.
 *
 * Compiled code yields at its calls when preempt.c asks; while it is inside a function of the runtime nobody would
 * notice. So functions whose time grows with what they are given poll now and then: every OSP_POLL_BYTES bytes, or
 * every leaf or node of a list or map. Never with a lock held, and never on a stack that is not the fiber's. */
#ifndef OSP_SCHED_POLL_H
#define OSP_SCHED_POLL_H

#include "../base.h"

/* What the slowest of the loops over bytes does in a fraction of a millisecond. */
#define OSP_POLL_BYTES ((size_t)64 << 10)

/* Yields if somebody has asked for it; `ctx` may be NULL, where there is no fiber. */
static inline void osp__poll(osp_ctx *ctx) {
    if (ctx != NULL && OSP_UNLIKELY(__atomic_load_n(&ctx->poll, __ATOMIC_RELAXED) != 0)) osp_poll(ctx);
}

/* How much of `left` bytes to deal with before the next poll. */
static inline size_t osp__poll_part(size_t left) { return left < OSP_POLL_BYTES ? left : OSP_POLL_BYTES; }

#endif
