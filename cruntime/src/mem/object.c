/* object.c - counting, marking and freeing of counted objects. See object.h for the layout.
 *
 * Counts are plain while one thread owns an object (positive) and atomic once it is shared (negative: -n means n
 * references), as in Koka and Lean 4; loads are relaxed atomics throughout, so that the plain path costs nothing and
 * the race detector still understands it. Freeing keeps its worklist in the headers of the dying objects: a user-space
 * address needs 48 bits, the kind and the scan count the other 16, and the tag is of no use to the dead. */
#include "object.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../io/diagnostic.h"
#include "../sys/sys.h"
#include "block.h"
#include "row.h"

#define COUNT_LOAD(h) __atomic_load_n(&(h)->count, __ATOMIC_RELAXED)
#define COUNT_STORE(h, value) __atomic_store_n(&(h)->count, (value), __ATOMIC_RELAXED)

static osp__finalizer finalizers[16];

void osp__set_finalizer(uint32_t kind, osp__finalizer finalizer) { finalizers[kind & 15u] = finalizer; }

/* ---- the live count, for tests ----------------------------------------------------------------------------------- */

static bool counting;
static int64_t live;

__attribute__((constructor)) static void read_counting_switch(void) {
    const char *value = getenv("OSPJIT_COUNT_CELLS");
    counting = value != NULL && strcmp(value, "1") == 0;
}

static inline void count_live(int64_t change) {
    if (OSP_UNLIKELY(counting)) __atomic_add_fetch(&live, change, __ATOMIC_RELAXED);
}

void osp__count_live(int64_t change) { count_live(change); }

OSP_API int64_t osp_live_cells(void) { return counting ? __atomic_load_n(&live, __ATOMIC_RELAXED) : -1; }

/* ---- birth ------------------------------------------------------------------------------------------------------- */

void *osp__object_new(uint32_t info, size_t prefix, size_t size) {
    size_t total;
    if (__builtin_add_overflow(size, prefix + sizeof(struct osp__header), &total)) return NULL;
    char *block = osp__block_new(total);
    if (OSP_UNLIKELY(block == NULL)) return NULL;
    void *object = block + prefix + sizeof(struct osp__header);
    struct osp__header *header = osp__header(object);
    header->count = 1;
    header->info = info;
    count_live(1);
    return object;
}

/* ---- death ------------------------------------------------------------------------------------------------------- */

static uint64_t *grave(void *object) { return (uint64_t *)(void *)osp__header(object); }

static void bury(struct osp__dead *dead, void *object) {
    uint64_t shape = osp__header(object)->info & 0xffffu;
    *grave(object) = (uint64_t)(uintptr_t)dead->top << 16 | shape;
    if (dead->top == NULL) dead->bottom = object;
    dead->top = object;
}

void osp__dead_join(struct osp__dead *dead, struct osp__dead *more) {
    if (more->top == NULL) return;
    if (dead->top == NULL)
        dead->bottom = more->bottom;
    else
        *grave(more->bottom) |= (uint64_t)(uintptr_t)dead->top << 16;
    dead->top = more->top;
    more->top = NULL;
}

/* Gives up one count; true when it was the last. */
static bool release_count(void *object) {
    struct osp__header *header = osp__header(object);
    int32_t count = COUNT_LOAD(header);
    if (OSP_LIKELY(count > 1)) {
        COUNT_STORE(header, count - 1);
        return false;
    }
    if (count == 1) return true;
    if (count == 0 || count < OSP_RC_STICKY) return false;
    if (__atomic_fetch_add(&header->count, 1, __ATOMIC_RELEASE) != -1) return false;
    /* The others' last reads of the object happened before our free of it. An acquire load of the same count pairs
     * with their release; a fence would do as well, but the race detector does not see fences. */
    (void)__atomic_load_n(&header->count, __ATOMIC_ACQUIRE);
    return true;
}

void osp__drop_onto(struct osp__dead *dead, void *object) {
    if (object != NULL && release_count(object)) bury(dead, object);
}

/* Bytes of a block before the header. */
static size_t prefix_of(uint32_t kind) {
    return kind == OSP_KIND_STRING ? sizeof(uint64_t) : kind == OSP_KIND_ROW ? OSP_ROW_PREFIX : 0;
}

static void release_block(char *block) {
#ifdef OSP_POISON
    memset(block, 0xdb, osp__block_size(block));
#endif
    count_live(-1);
    osp__block_free(block);
}

OSP_API void osp_cell_free(void *cell) {
    if (cell != NULL) release_block((char *)cell - sizeof(struct osp__header));
}

/* Objects that are freed before asking whether to pause: about a tenth of a millisecond. */
#define FREED_AT_ONCE 2048

/* A block that is a mapping of its own goes back to the kernel with one call, which takes a tenth of a millisecond per
 * MiB and cannot be interrupted. So the pages of a dead string or row that large, the only big objects there are,
 * go first, a part at a time. The C library keeps smaller blocks for the next who asks: they stay whole. */
#define BIG_PART ((size_t)2 << 20)
#define PAGE ((uintptr_t)4096) /* or a multiple of it: then parts whose ends are not pages' are refused, and stay */

/* Set in the shape of a dead string, or row, whose length says how many bytes it has kept: they scan no
 * fields. */
#define SHRINKING OSP_INFO(0, 1, 0)

/* Gives back a part of a dead string or row and buries it again; false when what it has is best freed at once. */
static bool shrink(void *object, size_t prefix, uint32_t shape, struct osp__dead *dead) {
    uint64_t *kept = (uint64_t *)object - 2;
    bool goes_on = (shape & SHRINKING) != 0;
    if (OSP_LIKELY(*kept < (goes_on ? 2 * BIG_PART : OSP_BIG_BLOCK))) return false;
    size_t before = sizeof(struct osp__header) + prefix;
    if (!goes_on) *kept = osp__block_size((char *)object - before) - before;
    uintptr_t end = ((uintptr_t)object + *kept) & -PAGE;
    *kept = end - BIG_PART - (uintptr_t)object;
    osp__discard((char *)object + *kept, BIG_PART);
    osp__header(object)->info = osp__kind(shape) | SHRINKING;
    bury(dead, object);
    return true;
}

/* Frees an object, or a part of a big one, which takes as long as freeing many: the result is how many. */
static int free_one(void *object, uint32_t shape, struct osp__dead *dead) {
    uint32_t kind = osp__kind(shape), scan = osp__scan(shape);
    if (kind == OSP_KIND_STRING || kind == OSP_KIND_ROW) {
        size_t prefix = prefix_of(kind);
        if (kind == OSP_KIND_ROW) osp__row_drop_tree(object, false, dead);
        if (OSP_UNLIKELY(shrink(object, prefix, shape, dead))) return FREED_AT_ONCE;
        release_block((char *)object - sizeof(struct osp__header) - prefix);
        return 1;
    }
    void **fields = object;
    if (kind == OSP_KIND_CLOSURE) fields++;
    for (uint32_t i = 0; i < scan; i++) osp__drop_onto(dead, fields[i]);
    if (finalizers[kind] != NULL) finalizers[kind](object, dead);
    release_block((char *)object - sizeof(struct osp__header));
    return 1;
}

void osp__free_some(struct osp__dead *dead, int most) {
    while (dead->top != NULL && most > 0) {
        void *object = dead->top;
        uint64_t word = *grave(object);
        dead->top = (void *)(uintptr_t)(word >> 16);
        most -= free_one(object, (uint32_t)(word & 0xffffu), dead);
    }
}

static bool (*ask_to_pause)(struct osp__dead *dead);

void osp__set_pause(bool (*pause)(struct osp__dead *dead)) { ask_to_pause = pause; }

OSP_API void osp_drop(void *object) {
    if (object == NULL || !release_count(object)) return;
    struct osp__dead dead = {NULL, NULL};
    bury(&dead, object);
    osp__free_some(&dead, FREED_AT_ONCE);
    while (OSP_UNLIKELY(dead.top != NULL)) {
        if (ask_to_pause != NULL && ask_to_pause(&dead)) return;
        osp__free_some(&dead, FREED_AT_ONCE);
    }
}

OSP_API void osp_dup(void *object) {
    if (object == NULL) return;
    struct osp__header *header = osp__header(object);
    int32_t count = COUNT_LOAD(header);
    if (OSP_LIKELY(count > 0)) {
        COUNT_STORE(header, count == INT32_MAX ? INT32_MIN : count + 1);
    } else if (count < 0 && count >= OSP_RC_STICKY) {
        __atomic_fetch_sub(&header->count, 1, __ATOMIC_RELAXED);
    }
}

/* ---- marking ----------------------------------------------------------------------------------------------------- */

/* Objects found but not yet visited. Depth first, so a list of ten million cells needs two entries. */
struct worklist {
    void **items;
    size_t size, capacity;
    void *first[64];
};

static bool push(struct worklist *list, void *object) {
    if (list->size == list->capacity) {
        size_t capacity = list->capacity * 2;
        void **items = osp__alloc(capacity * sizeof *items);
        if (items == NULL) return false;
        memcpy(items, list->items, list->size * sizeof *items);
        if (list->items != list->first) osp__release(list->items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->size++] = object;
    return true;
}

static bool mark_one_shared(struct osp__header *header) {
    int32_t count = COUNT_LOAD(header);
    if (count <= 0) return false;
    COUNT_STORE(header, -count < OSP_RC_STICKY ? INT32_MIN : -count);
    return true;
}

static bool mark_one_immortal(struct osp__header *header) {
    if (COUNT_LOAD(header) == 0) return false;
    COUNT_STORE(header, 0);
    count_live(-1);
    return true;
}

static osp__contents contents_of[16];

void osp__set_contents(uint32_t kind, osp__contents contents) { contents_of[kind] = contents; }

/* What a module made immortal, so that it can be freed with the module. */
struct immortals {
    size_t size, capacity;
    void *items[];
};

static void remember(struct immortals **place, void *object) {
    struct immortals *known = *place;
    if (known == NULL || known->size == known->capacity) {
        size_t size = known == NULL ? 0 : known->size, capacity = size < 16 ? 16 : size * 2;
        struct immortals *larger = osp__alloc(sizeof *larger + capacity * sizeof larger->items[0]);
        if (larger == NULL) return; /* it stays for good */
        larger->size = size;
        larger->capacity = capacity;
        if (size > 0) memcpy(larger->items, known->items, size * sizeof larger->items[0]);
        osp__release(known);
        *place = known = larger;
    }
    known->items[known->size++] = object;
}

static void mark(void *root, bool (*mark_one)(struct osp__header *), struct immortals **module) {
    struct worklist list = {.capacity = 64};
    list.items = list.first;
    push(&list, root);
    while (list.size > 0) {
        void *object = list.items[--list.size];
        if (object == NULL) continue;
        if (osp__is_row(object) && COUNT_LOAD(osp__header(object)) > 0) osp__row_forget_tree(object);
        if (!mark_one(osp__header(object))) continue;
        if (module != NULL) remember(module, object);
        uint32_t info = osp__header(object)->info, scan = osp__scan(info);
        void **fields = object;
        if (osp__kind(info) == OSP_KIND_CLOSURE) fields++;
        /* Half a structure marked is worse than none: without memory for the list there is no way on. */
        for (uint32_t i = 0; i < scan; i++)
            if (!push(&list, fields[i])) osp__out_of_memory();
        osp__contents held = contents_of[osp__kind(info)];
        size_t count = mark_one == mark_one_immortal && held != NULL ? held(object, &fields) : 0;
        for (size_t i = 0; i < count; i++)
            if (!push(&list, fields[i])) osp__out_of_memory();
    }
    if (list.items != list.first) osp__release(list.items);
}

OSP_API void osp_mark_shared(void *object) { mark(object, mark_one_shared, NULL); }

OSP_API void osp_mark_immortal(void *object) { mark(object, mark_one_immortal, NULL); }

OSP_API void osp_mark_module(void *object, void *place) { mark(object, mark_one_immortal, place); }

/* Everything that the objects hold is immortal too, and giving up a count does nothing, but for the trees of rows. */
OSP_API void osp_free_module(void *place) {
    struct immortals *known = *(struct immortals **)place;
    *(struct immortals **)place = NULL;
    for (size_t i = 0; known != NULL && i < known->size; i++) {
        void *object = known->items[i];
        uint32_t kind = osp__kind(osp__header(object)->info);
        struct osp__dead dead = {NULL, NULL};
        if (finalizers[kind] != NULL) finalizers[kind](object, &dead);
        if (kind == OSP_KIND_ROW) osp__row_drop_tree(object, true, &dead);
        osp__free_some(&dead, INT_MAX);
    }
    for (size_t i = 0; known != NULL && i < known->size; i++) {
        void *object = known->items[i];
        char *block = (char *)object - sizeof(struct osp__header);
        osp__release(block - prefix_of(osp__kind(osp__header(object)->info)));
    }
    osp__release(known);
}
