/* deadlock.c - see deadlock.h. */
#include "deadlock.h"

#include "../io/diagnostic.h"

#define LISTED 20

/* Living computations in the upper half, parked ones in the lower. */
static uint64_t census;
#define ONE_LIVE ((uint64_t)1 << 32)
#define ONE_PARKED ((uint64_t)1)

void osp__deadlock_begin(void) { __atomic_add_fetch(&census, ONE_LIVE, __ATOMIC_SEQ_CST); }
void osp__deadlock_end(void) { __atomic_sub_fetch(&census, ONE_LIVE, __ATOMIC_SEQ_CST); }

void osp__deadlock_parked(struct osp_fiber *fiber) {
    int expected = OSP_WAITS_SOON;
    if (__atomic_load_n(&fiber->waits, __ATOMIC_RELAXED) == OSP_WAITS_SOON &&
        __atomic_compare_exchange_n(&fiber->waits, &expected, OSP_WAITS_COUNTED, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED))
        __atomic_add_fetch(&census, ONE_PARKED, __ATOMIC_SEQ_CST);
}

void osp__deadlock_woken(struct osp_fiber *fiber) {
    if (__atomic_load_n(&fiber->waits, __ATOMIC_RELAXED) == OSP_WAITS_NOT) return;
    if (__atomic_exchange_n(&fiber->waits, OSP_WAITS_NOT, __ATOMIC_SEQ_CST) == OSP_WAITS_COUNTED)
        __atomic_sub_fetch(&census, ONE_PARKED, __ATOMIC_SEQ_CST);
}

uint32_t osp__deadlock_living(void) { return (uint32_t)(__atomic_load_n(&census, __ATOMIC_SEQ_CST) >> 32); }

bool osp__deadlock_is_certain(void) {
    uint64_t now = __atomic_load_n(&census, __ATOMIC_SEQ_CST);
    return now >> 32 != 0 && now >> 32 == (now & 0xffffffffu);
}

bool osp__deadlock_but_for(int64_t others) {
    uint64_t now = __atomic_load_n(&census, __ATOMIC_SEQ_CST);
    return (int64_t)(now >> 32) == (int64_t)(now & 0xffffffffu) + others;
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

struct listing {
    int64_t found;
};

static void list_one(struct osp_fiber *fiber, void *argument) {
    struct listing *listing = argument;
    if (__atomic_load_n(&fiber->waits, __ATOMIC_SEQ_CST) != OSP_WAITS_COUNTED) return;
    if (++listing->found > LISTED) return;
    char buffer[32];
    const char *name = osp__fiber_name(fiber, buffer);
    if (fiber->ctx.place != NULL)
        osp__diagnose("  %s waits in %s at %s", name, fiber->waits_for, fiber->ctx.place);
    else
        osp__diagnose("  %s waits in %s", name, fiber->waits_for);
}

void osp__deadlock_report(void) {
    struct listing listing = {0};
    osp__diagnose("deadlock: every fiber waits for another one");
    osp__fiber_for_each(list_one, &listing);
    if (listing.found > LISTED) osp__diagnose("  and %lld more", (long long)(listing.found - LISTED));
}
