/* net.h - waiting for a descriptor from a fiber: the one primitive on which clients of any protocol are built. */
#ifndef OSP_NET_NET_H
#define OSP_NET_NET_H

#include "../base.h"

/* No deadline. */
#define OSP_NO_DEADLINE INT64_MAX

/* Parks the fiber until the non-blocking descriptor is ready for one of `epoll_events` (EPOLLIN, EPOLLOUT; errors and
 * hang-ups always count as ready) or the deadline, in nanoseconds of osp__now_ns, has passed. With ctx NULL the thread
 * blocks instead. Returns 0, -ETIMEDOUT, or another negative errno. No other fiber may wait for the same descriptor at
 * the same time; the descriptor must not be closed meanwhile. */
int osp_net_wait(osp_ctx *ctx, int fd, uint32_t epoll_events, int64_t deadline_ns);

#endif
