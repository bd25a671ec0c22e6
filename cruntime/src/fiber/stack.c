/* stack.c - see stack.h. */
#include "stack.h"

#include <pthread.h>
#include <unistd.h>

#include "../sys/sys.h"
#include "fiber.h"

static struct {
    pthread_mutex_t lock;
    char *next;       /* first byte not handed out */
    size_t remaining; /* bytes from there to the end of the mapping */
} arena = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct osp__stack guarded(char *low, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (low == NULL || osp__guard(low, page) != 0) return (struct osp__stack){0};
    return (struct osp__stack){low + page, size - page};
}

struct osp__stack osp__stack_new(void) {
    pthread_mutex_lock(&arena.lock);
    /* Where the kernel counts reserved memory strictly, a large mapping may be refused and a small one granted. */
    for (size_t size = (size_t)1 << 30; arena.remaining < OSP_FIBER_STACK && size >= OSP_FIBER_STACK; size >>= 4) {
        char *mapping = osp__map(size);
        if (mapping == NULL) continue;
        arena.next = mapping;
        arena.remaining = size;
    }
    char *low = NULL;
    if (arena.remaining >= OSP_FIBER_STACK) {
        low = arena.next;
        arena.next += OSP_FIBER_STACK;
        arena.remaining -= OSP_FIBER_STACK;
    }
    pthread_mutex_unlock(&arena.lock);
    return guarded(low, OSP_FIBER_STACK);
}

struct osp__stack osp__stack_new_large(size_t size) {
    for (; size >= OSP_FIBER_STACK; size >>= 2) {
        char *mapping = osp__map(size);
        if (mapping != NULL) return guarded(mapping, size);
    }
    return (struct osp__stack){0};
}
