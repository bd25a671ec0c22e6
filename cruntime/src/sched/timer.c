/* timer.c - see timer.h. */
#include "timer.h"

#include <errno.h>

#include "../sys/sys.h"

static void put(struct osp__timer_heap *heap, size_t place, struct osp__timer *timer) {
    heap->items[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct osp__timer_heap *heap, size_t place, struct osp__timer *timer) {
    while (place > 1 && heap->items[place / 2 - 1]->deadline_ns > timer->deadline_ns) {
        put(heap, place, heap->items[place / 2 - 1]);
        place /= 2;
    }
    put(heap, place, timer);
}

static void sift_down(struct osp__timer_heap *heap, size_t place, struct osp__timer *timer) {
    for (size_t child; (child = place * 2) <= heap->count; place = child) {
        if (child < heap->count && heap->items[child]->deadline_ns < heap->items[child - 1]->deadline_ns) child++;
        if (heap->items[child - 1]->deadline_ns >= timer->deadline_ns) break;
        put(heap, place, heap->items[child - 1]);
    }
    put(heap, place, timer);
}

int osp__timer_arm(struct osp__timer_heap *heap, struct osp__timer *timer) {
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity != 0 ? heap->capacity * 2 : 64;
        struct osp__timer **items = osp__resize(heap->items, capacity * sizeof(struct osp__timer *));
        if (items == NULL) return -ENOMEM;
        heap->items = items;
        heap->capacity = capacity;
    }
    heap->count++;
    sift_up(heap, heap->count, timer);
    return 0;
}

void osp__timer_cancel(struct osp__timer_heap *heap, struct osp__timer *timer) {
    size_t place = timer->place;
    if (place == 0) return;
    timer->place = 0;
    struct osp__timer *last = heap->items[--heap->count];
    if (last == timer) return;
    if (place > 1 && heap->items[place / 2 - 1]->deadline_ns > last->deadline_ns)
        sift_up(heap, place, last);
    else
        sift_down(heap, place, last);
}

struct osp__timer *osp__timer_next_due(struct osp__timer_heap *heap, int64_t now_ns) {
    if (heap->count == 0 || heap->items[0]->deadline_ns > now_ns) return NULL;
    struct osp__timer *timer = heap->items[0];
    osp__timer_cancel(heap, timer);
    return timer;
}

int64_t osp__timer_earliest(const struct osp__timer_heap *heap) {
    return heap->count == 0 ? INT64_MAX : heap->items[0]->deadline_ns;
}
