/* stack.c - see stack.h. */
#include "stack.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) ((void)0)
#endif

#include "../base.h"
#include "../sys/sys.h"
#include "fiber.h"

#define ARENA_SIZE ((size_t)1 << 30)
#define ARENA_STACKS (ARENA_SIZE / OSP_FIBER_STACK)

/* A large mapping and which of its stacks are free again. */
struct arena {
    struct arena *older;
    char *low;
    size_t stacks; /* how many it has room for */
    size_t used;   /* atomic: how many have ever been handed out, from the lowest on */
    size_t free_again;
    uint64_t free_map[ARENA_STACKS / 64];
};

static struct {
    pthread_mutex_t lock;
    struct arena *newest; /* atomic */
    size_t free_again;    /* in all arenas */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static struct osp__stack without_guard(char *low, size_t size) {
    return (struct osp__stack){low + page_size(), size - page_size()};
}

static struct osp__stack guarded(char *low, size_t size) {
    if (low == NULL || osp__guard(low, page_size()) != 0) return (struct osp__stack){0};
    /* Otherwise Valgrind takes a switch for a call with a large frame. A few instructions that do nothing without it. */
    (void)VALGRIND_STACK_REGISTER(low + page_size(), low + size);
    return without_guard(low, size);
}

/* Where the kernel counts reserved memory strictly, a large mapping may be refused and a small one granted. */
static char *map_arena(size_t *size) {
    for (*size = ARENA_SIZE; *size >= OSP_FIBER_STACK; *size >>= 4) {
        char *mapping = osp__map(*size);
        if (mapping != NULL) return mapping;
    }
    return NULL;
}

/* With the lock held. NULL when memory runs out. */
static struct arena *new_arena(void) {
    struct arena *arena = osp__alloc_zeroed(sizeof *arena);
    size_t size;
    char *low = arena != NULL ? map_arena(&size) : NULL;
    if (low == NULL) {
        osp__release(arena);
        return NULL;
    }
    arena->low = low;
    arena->stacks = size / OSP_FIBER_STACK;
    arena->older = pool.newest;
    __atomic_store_n(&pool.newest, arena, __ATOMIC_RELEASE);
    return arena;
}

/* With the lock held: a stack that is free again, guard and all; NULL if there is none. */
static char *take_again(void) {
    if (pool.free_again == 0) return NULL;
    struct arena *arena = pool.newest;
    while (arena->free_again == 0) arena = arena->older;
    size_t word = 0;
    while (arena->free_map[word] == 0) word++;
    size_t index = word * 64 + (size_t)__builtin_ctzll(arena->free_map[word]);
    arena->free_map[word] &= arena->free_map[word] - 1;
    arena->free_again--;
    pool.free_again--;
    return arena->low + index * OSP_FIBER_STACK;
}

struct osp__stack osp__stack_new(void) {
    pthread_mutex_lock(&pool.lock);
    char *low = take_again();
    if (low != NULL) {
        pthread_mutex_unlock(&pool.lock);
        return without_guard(low, OSP_FIBER_STACK);
    }
    struct arena *arena = pool.newest;
    if (arena == NULL || arena->used == arena->stacks) arena = new_arena();
    if (arena != NULL) {
        low = arena->low + arena->used * OSP_FIBER_STACK;
        __atomic_store_n(&arena->used, arena->used + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&pool.lock);
    return guarded(low, OSP_FIBER_STACK);
}

void osp__stack_give_back(char *low) {
    osp__discard(low, OSP_FIBER_STACK - page_size());
    pthread_mutex_lock(&pool.lock);
    struct arena *arena = pool.newest;
    while (low < arena->low || low >= arena->low + arena->stacks * OSP_FIBER_STACK) arena = arena->older;
    size_t index = (size_t)(low - arena->low) / OSP_FIBER_STACK;
    arena->free_map[index / 64] |= (uint64_t)1 << index % 64;
    arena->free_again++;
    pool.free_again++;
    pthread_mutex_unlock(&pool.lock);
}

void osp__stack_for_each(void (*visit)(struct osp__stack stack, void *argument), void *argument) {
    for (struct arena *arena = __atomic_load_n(&pool.newest, __ATOMIC_ACQUIRE); arena != NULL; arena = arena->older)
        for (size_t i = 0, used = __atomic_load_n(&arena->used, __ATOMIC_ACQUIRE); i < used; i++)
            visit(without_guard(arena->low + i * OSP_FIBER_STACK, OSP_FIBER_STACK), argument);
}

struct osp__stack osp__stack_new_large(size_t size) {
    for (; size >= OSP_FIBER_STACK; size >>= 2) {
        char *mapping = osp__map(size);
        if (mapping != NULL) return guarded(mapping, size);
    }
    return (struct osp__stack){0};
}
