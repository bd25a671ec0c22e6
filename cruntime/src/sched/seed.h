/* seed.h - runs that can be repeated, for tests.
 *
 * With OSPJIT_SEED set to a number there is one worker and nothing that depends on the machine: which fiber goes next,
 * which ready arm a select takes, and after how many calls a fiber is made to yield are drawn from a generator with that
 * seed; so are the program's random numbers. Time is virtual: it stands still while fibers run and jumps to the next
 * timer when all of them wait, so that sleeping costs nothing. The same seed gives the same run; other seeds explore
 * other interleavings. What comes from outside (sockets, processes, the pool for blocking calls) comes when it comes:
 * while something may, time passes as it does on the wall. */
#ifndef OSP_SCHED_SEED_H
#define OSP_SCHED_SEED_H

#include <stdbool.h>
#include <stdint.h>

#include "../fiber/fiber.h"

/* True in a run with a seed. Does not change once workers run. */
extern bool osp__seeded;

/* Reads OSPJIT_SEED; before any worker runs. */
void osp__seed_init(void);

/* The next number of the run, and one below `bound`, which is not 0. */
uint64_t osp__seed_next(void);
uint64_t osp__seed_below(uint64_t bound);

/* A fiber begins a turn: asks it to yield, and says how often it may be asked before it does. */
void osp__seed_turn(struct osp_fiber *fiber);

/* The running fiber has been asked. True when it yields this time. */
bool osp__seed_yields(void);

/* The running fiber waits for nothing but time (or no longer does): in a sleep, or a select with a time-out. */
void osp__seed_timed(osp_ctx *ctx, int change);

/* Lets the time of a worker that has nothing to do pass until its next timer, if nothing from outside can come before.
 * False: wait for it as usual. */
bool osp__seed_pass_time(int64_t next_timer_ns);

#endif
