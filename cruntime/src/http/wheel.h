/* wheel.h - coarse deadlines for many connections: a hashed timing wheel (Varghese and Lauck 1987, scheme 6).
 *
 * Moving a deadline must cost next to nothing, since every request does it, and nobody minds if a connection is closed
 * a quarter of a second late. Touched by one worker only. */
#ifndef OSP_HTTP_WHEEL_H
#define OSP_HTTP_WHEEL_H

#include <stdint.h>

#define OSP_WHEEL_SLOTS 256
#define OSP_WHEEL_TICK_NS ((int64_t)250000000)

/* Embedded in what has a deadline. Not linked while `next` is NULL. */
struct osp__deadline {
    struct osp__deadline *next, *previous;
    int64_t at_ns;
};

struct osp__wheel {
    struct osp__deadline slots[OSP_WHEEL_SLOTS]; /* heads of circular lists */
    int64_t tick;                                /* the last one that was looked at */
    int64_t count;
};

void osp__wheel_init(struct osp__wheel *wheel, int64_t now_ns);

/* Sets or moves a deadline. */
void osp__wheel_set(struct osp__wheel *wheel, struct osp__deadline *deadline, int64_t at_ns);
void osp__wheel_clear(struct osp__wheel *wheel, struct osp__deadline *deadline);

/* Takes out and returns one deadline that has passed; NULL when there is none (left) at `now`. */
struct osp__deadline *osp__wheel_next_due(struct osp__wheel *wheel, int64_t now_ns);

#endif
