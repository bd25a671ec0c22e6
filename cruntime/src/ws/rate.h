/*
 * A limit on how often something may happen: the generic cell rate algorithm (ITU-T I.371), which needs one number.
 * Bursts of up to a second's worth are let through.
 */
#ifndef OSP_WS_RATE_H
#define OSP_WS_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* When the next one would be due if they came evenly; zero at first. */
typedef struct osp__rate {
    int64_t due_ns;
} osp__rate;

#define OSP__RATE_SECOND INT64_C(1000000000)

/* Takes in `count` events at `now_ns`. False if that is more than `per_second` allows (at most 10^9). */
static inline bool osp__rate_admits(osp__rate *rate, uint64_t count, int64_t per_second, int64_t now_ns)
{
    if (rate->due_ns < now_ns)
        rate->due_ns = now_ns;
    if (count > (uint64_t)per_second + 1)
        return false;
    int64_t due = rate->due_ns + (int64_t)count * (OSP__RATE_SECOND / per_second);
    if (due - now_ns > OSP__RATE_SECOND + OSP__RATE_SECOND / per_second)
        return false;
    rate->due_ns = due;
    return true;
}

#endif
