/* blocking.h - the pool for blocking calls, for those who will not wait for them to the end; osp_blocking_call, which
 * does wait, is in ospjit.h. */
#ifndef OSP_SCHED_BLOCKING_H
#define OSP_SCHED_BLOCKING_H

#include "../base.h"

/* Calls fn(arg) on a thread of the pool, some time. The runtime must have been started. Returns 0 or a negative errno,
 * in which case fn is never called. */
int osp__blocking_start(void (*fn)(void *), void *arg);

/* Frees a block of `size` bytes or NULL. A large one, which the kernel takes a tenth of a millisecond per MiB to unmap,
 * on the pool, so that the fiber's worker does not wait. `ctx` may be NULL: then it is freed here. */
void osp__release_aside(osp_ctx *ctx, void *block, size_t size);

#endif
