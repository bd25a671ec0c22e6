/* seed.c - see seed.h. */
#include "seed.h"

#include <stdlib.h>

#include "../sys/sys.h"
#include "deadlock.h"
#include "runtime.h"

/* A fiber is made to yield after up to 2 to the power of this many calls. */
#define MOST_PATIENCE 12

bool osp__seeded;
static uint64_t state;    /* atomic */
static uint64_t patience; /* how often the running fiber is still to be asked in vain */
static int64_t timed;     /* computations that wait for time */

void osp__seed_init(void) {
    const char *text = getenv("OSPJIT_SEED");
    if (text == NULL || *text == '\0') return;
    char *end;
    state = strtoull(text, &end, 10);
    osp__seeded = *end == '\0';
    if (osp__seeded) osp__clock_make_virtual();
}

/* SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
uint64_t osp__seed_next(void) {
    uint64_t z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t osp__seed_below(uint64_t bound) { return osp__seed_next() % bound; }

void osp__seed_turn(struct osp_fiber *fiber) {
    /* As often short turns as long ones: most orders that matter differ by a few calls. */
    patience = osp__seed_below((uint64_t)1 << osp__seed_below(MOST_PATIENCE + 1));
    osp__fiber_ask_to_yield(fiber);
}

bool osp__seed_yields(void) { return patience-- == 0; }

void osp__seed_timed(osp_ctx *ctx, int change) {
    if (ctx->fiber->is_computation) timed += change;
}

bool osp__seed_pass_time(int64_t next_timer_ns) {
    if (__atomic_load_n(&osp__runtime.services, __ATOMIC_SEQ_CST) > 0 || !osp__deadlock_but_for(timed)) return false;
    int64_t left = next_timer_ns - osp__now_ns();
    if (left > 0) osp__clock_advance(left);
    return true;
}
