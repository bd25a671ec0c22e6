/* channel.h - channels and select: how fibers hand values to each other.
 *
 * A channel is a counted object, shared from the start. One lock covers all channels: an operation holds it for a few
 * instructions, and it makes a select, which concerns several channels at once, as simple as a receive. A fiber that
 * has to wait stands with one waiter in the queue of each channel it waits for; whoever makes it ready takes all of
 * them out and says which arm it was, before the fiber is woken. */
#ifndef OSP_SCHED_CHANNEL_H
#define OSP_SCHED_CHANNEL_H

#include "../base.h"

/* Registers the finaliser of channels; once, before any worker runs. */
void osp__channel_init(void);

/* One arm of a select, as compiled code lays it out. */
enum { OSP_SELECT_RECEIVE, OSP_SELECT_SEND, OSP_SELECT_SLEEP, OSP_SELECT_DEFAULT };

/* The compiler refuses a select with more arms. */
#define OSP_SELECT_MAX 64

struct osp__select_arm {
    int64_t kind;
    void *channel; /* borrowed; NULL for the other kinds */
    int64_t word;  /* what to send (owned; kept or dropped by select), how many ms to sleep; then what was received */
};
_Static_assert(sizeof(struct osp__select_arm) == 24, "compiled code knows this layout");

#endif
