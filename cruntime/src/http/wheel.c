/* wheel.c - see wheel.h. A deadline further away than one turn of the wheel is found early and simply left in place. */
#include "wheel.h"

#include <stddef.h>

static struct osp__deadline *slot_of(struct osp__wheel *wheel, int64_t tick) {
    return &wheel->slots[(uint64_t)tick % OSP_WHEEL_SLOTS];
}

static int64_t tick_of(int64_t at_ns) { return at_ns / OSP_WHEEL_TICK_NS + 1; } /* never early */

void osp__wheel_init(struct osp__wheel *wheel, int64_t now_ns) {
    for (int i = 0; i < OSP_WHEEL_SLOTS; i++) wheel->slots[i].next = wheel->slots[i].previous = &wheel->slots[i];
    wheel->tick = now_ns / OSP_WHEEL_TICK_NS;
    wheel->count = 0;
}

void osp__wheel_clear(struct osp__wheel *wheel, struct osp__deadline *deadline) {
    if (deadline->next == NULL) return;
    deadline->next->previous = deadline->previous;
    deadline->previous->next = deadline->next;
    deadline->next = NULL;
    wheel->count--;
}

void osp__wheel_set(struct osp__wheel *wheel, struct osp__deadline *deadline, int64_t at_ns) {
    int64_t tick = tick_of(at_ns);
    if (tick <= wheel->tick) tick = wheel->tick + 1; /* its slot has been looked at: the next one serves as well */
    if (deadline->next != NULL) {
        if (tick == tick_of(deadline->at_ns)) {
            deadline->at_ns = at_ns;
            return;
        }
        osp__wheel_clear(wheel, deadline);
    }
    struct osp__deadline *slot = slot_of(wheel, tick);
    deadline->at_ns = at_ns;
    deadline->next = slot;
    deadline->previous = slot->previous;
    slot->previous->next = deadline;
    slot->previous = deadline;
    wheel->count++;
}

static struct osp__deadline *due_in(struct osp__deadline *slot, int64_t now_ns) {
    for (struct osp__deadline *deadline = slot->next; deadline != slot; deadline = deadline->next)
        if (deadline->at_ns <= now_ns) return deadline;
    return NULL;
}

struct osp__deadline *osp__wheel_next_due(struct osp__wheel *wheel, int64_t now_ns) {
    int64_t last = now_ns / OSP_WHEEL_TICK_NS;
    if (last - wheel->tick > OSP_WHEEL_SLOTS) wheel->tick = last - OSP_WHEEL_SLOTS; /* one turn visits every slot */
    for (;;) {
        struct osp__deadline *deadline = due_in(slot_of(wheel, wheel->tick), now_ns);
        if (deadline != NULL) {
            osp__wheel_clear(wheel, deadline);
            return deadline;
        }
        if (wheel->tick >= last) return NULL;
        wheel->tick++;
    }
}
