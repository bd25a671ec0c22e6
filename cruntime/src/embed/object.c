/* object.c - see object.h. An object may die on any thread and any stack, where no code of the embedder may run; so
 * the numbers of the dead wait in a list until the embedder asks for them. */
#include "object.h"

#include <pthread.h>

#include "../mem/object.h"
#include "../sys/sys.h"

struct foreign {
    int64_t number;
    struct released *place; /* allocated at birth: dying must not fail */
};

struct released {
    struct released *next;
    int64_t number;
};

static struct released *released; /* atomic: newest first */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void finalize(void *object, struct osp__dead *dead) {
    (void)dead;
    struct foreign *foreign = object;
    struct released *place = foreign->place;
    place->number = foreign->number;
    place->next = __atomic_load_n(&released, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&released, &place->next, place, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
}

static void prepare(void) { osp__set_finalizer(OSP_KIND_FOREIGN, finalize); }

void *osp__foreign_new(int64_t number) {
    pthread_once(&once, prepare);
    struct released *place = osp__alloc(sizeof *place);
    if (place == NULL) return NULL;
    struct foreign *foreign = osp__object_new(OSP_INFO(OSP_KIND_FOREIGN, 0, 0), 0, sizeof *foreign);
    if (foreign == NULL) {
        osp__release(place);
        return NULL;
    }
    foreign->number = number;
    foreign->place = place;
    return foreign;
}

int64_t osp__foreign_number(const void *object) { return ((const struct foreign *)object)->number; }

OSP_API size_t osp_next_released(int64_t *numbers, size_t most) {
    if (__atomic_load_n(&released, __ATOMIC_RELAXED) == NULL) return 0;
    struct released *list = __atomic_exchange_n(&released, NULL, __ATOMIC_ACQUIRE);
    size_t count = 0;
    while (list != NULL && count < most) {
        struct released *next = list->next;
        numbers[count++] = list->number;
        osp__release(list);
        list = next;
    }
    while (list != NULL) { /* the rest waits for the next time */
        struct released *next = list->next;
        list->next = __atomic_load_n(&released, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&released, &list->next, list, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
        list = next;
    }
    return count;
}
