/* trim.h - free memory goes back to the system when a burst of connections is over. */
#ifndef OSP_NET_TRIM_H
#define OSP_NET_TRIM_H

struct osp_worker;

/* The last connection of the running worker has gone. If none comes within a second, what the worker keeps for reuse is
 * released, and the allocator is asked to give back what is free, on a thread where that delays nobody. */
void osp__trim_soon(struct osp_worker *worker);

/* A function that releases what a kind of service keeps for reuse on a worker; called there. Twice the same is once. */
void osp__trim_calls(void (*release)(struct osp_worker *worker));

#endif
