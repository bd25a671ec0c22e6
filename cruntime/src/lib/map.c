/* map.c - persistent maps: compressed hash array mapped tries.
 *
 * The structure is CHAMP (Steindorfer and Vinju, "Optimizing Hash-Array Mapped Tries for Fast and Lean
 * Immutable JVM Collections", 2015). A node has 32 places; each is free, an entry, or a smaller node, and
 * only those in use are stored:
 *
 *     bitmaps | children... | keys... | values...
 *
 * The first word holds two bitmaps, of the places with entries (low half) and with children (high half). What
 * is counted must lie together for the functions that mark and free, so values stand before keys when only
 * they are counted. No node but the root holds less than two entries, itself or below; so the shape of a map,
 * and with it the order of its entries, depends on what it holds and not on how that came about. Nodes that
 * nobody else sees are changed in place, or moved when their size changes. Paths can be long (see map_key.h),
 * so nothing here recurses. Compiled code finds integer keys, and changes their values in place, by itself:
 * what changes in the layout changes in `fast_paths.py` of the compiler's back end. */
#include "../base.h"

#include <inttypes.h>

#include "../fiber/fiber.h"
#include "../mem/held.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "failure.h"
#include "list.h"
#include "map_key.h"
#include "node.h"

enum { POINTER_VALUES = 1, STRING_KEYS = 2 };

struct map {
    int64_t *root; /* NULL when empty */
    int64_t length;
};

/* What a map holds: its tag. */
struct kind {
    bool string_keys, pointer_values;
};

static struct kind kind_of(const void *map)
{
    uint32_t tag = osp__tag((void *)(uintptr_t)map);
    return (struct kind){(tag & STRING_KEYS) != 0, (tag & POINTER_VALUES) != 0};
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static inline uint32_t entries_of(const int64_t *node)
{
    return (uint32_t)(uint64_t)node[0];
}

static inline uint32_t children_of(const int64_t *node)
{
    return (uint32_t)((uint64_t)node[0] >> 32);
}

/* The number of ones, added up in parallel. The compiler's own would be a call: the oldest x86-64 has no
 * instruction for it. */
static inline unsigned count(uint32_t bits)
{
    bits -= bits >> 1 & 0x55555555u;
    bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0fu;
    return bits * 0x01010101u >> 24;
}

/* How many places of a bitmap lie below a bit: an index into what is stored. */
static inline unsigned rank(uint32_t bits, uint32_t bit)
{
    return count(bits & (bit - 1));
}

static inline int64_t *child_slots(int64_t *node)
{
    return node + 1;
}

static inline int64_t *keys_of(int64_t *node, struct kind kind)
{
    bool behind = kind.pointer_values && !kind.string_keys;
    return node + 1 + count(children_of(node)) + (behind ? count(entries_of(node)) : 0);
}

static inline int64_t *values_of(int64_t *node, struct kind kind)
{
    bool before = kind.pointer_values && !kind.string_keys;
    return node + 1 + count(children_of(node)) + (before ? 0 : count(entries_of(node)));
}

/* The first word is no pointer, so nodes are of the kind whose pointers begin behind it. */
static int64_t *new_node(osp_ctx *ctx, struct kind kind, uint32_t entries, uint32_t children)
{
    unsigned columns = (unsigned)kind.string_keys + (unsigned)kind.pointer_values;
    unsigned scan = count(children) + count(entries) * columns;
    int64_t *node =
        osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, scan, 0), 1 + count(children) + 2 * count(entries));
    node[0] = (int64_t)((uint64_t)children << 32 | entries);
    return node;
}

static __attribute__((noinline)) int64_t *copy_node(osp_ctx *ctx, int64_t *slot, struct kind kind)
{
    int64_t *node = (int64_t *)(uintptr_t)*slot;
    int64_t *copy = new_node(ctx, kind, entries_of(node), children_of(node));
    memcpy(copy, node, (1 + count(children_of(node)) + 2 * count(entries_of(node))) * sizeof *copy);
    osp__dup_words(copy + 1, osp__scan(osp__header(copy)->info));
    *slot = (int64_t)(uintptr_t)copy;
    osp_drop(node);
    return copy;
}

/* Makes the node in a slot (or the root) unique. */
static inline int64_t *own_node(osp_ctx *ctx, int64_t *slot, struct kind kind)
{
    int64_t *node = (int64_t *)(uintptr_t)*slot;
    return OSP_LIKELY(osp__is_unique(node)) ? node : copy_node(ctx, slot, kind);
}

/* Copies a column from one shape to another that has one place more, one less, or the same. */
static void move_column(int64_t *to, const int64_t *from, uint32_t old, uint32_t now)
{
    uint32_t changed = old ^ now;
    unsigned before = changed == 0 ? count(old) : rank(old, changed), after = count(old) - before;
    unsigned added = (now & changed) != 0, removed = (old & changed) != 0;
    memcpy(to, from, before * sizeof *to);
    memcpy(to + before + added, from + before + removed, (after - removed) * sizeof *to);
}

/* Moves a unique node to one of another shape. What is no longer in it belongs to the caller; what is new in
 * it is not filled in. */
static int64_t *reshape(osp_ctx *ctx, int64_t *slot, struct kind kind, uint32_t entries, uint32_t children)
{
    int64_t *old = (int64_t *)(uintptr_t)*slot, *node = new_node(ctx, kind, entries, children);
    move_column(child_slots(node), child_slots(old), children_of(old), children);
    move_column(keys_of(node, kind), keys_of(old, kind), entries_of(old), entries);
    move_column(values_of(node, kind), values_of(old, kind), entries_of(old), entries);
    osp__free_moved(old);
    *slot = (int64_t)(uintptr_t)node;
    return node;
}

static void put_entry(int64_t *node, struct kind kind, uint32_t bit, int64_t key, int64_t value)
{
    unsigned at = rank(entries_of(node), bit);
    keys_of(node, kind)[at] = key;
    values_of(node, kind)[at] = value;
}

/* ---- maps ---------------------------------------------------------------------------------------------- */

#define EMPTY(tag) {{0, OSP_INFO(OSP_KIND_CELL, 1, tag)}, {NULL, 0}}

static struct {
    struct osp__header header;
    struct map map;
} empty_maps[4] = {EMPTY(0), EMPTY(1), EMPTY(2), EMPTY(3)};

OSP_API void *osp_map_empty(osp_ctx *ctx, bool string_keys, bool pointer_values)
{
    (void)ctx;
    return &empty_maps[(string_keys ? STRING_KEYS : 0) | (pointer_values ? POINTER_VALUES : 0)].map;
}

/* The map itself or, when others hold it too, a copy that shares its nodes. */
static struct map *own_map(osp_ctx *ctx, void *map)
{
    if (osp__is_unique(map))
        return map;
    struct map *copy = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CELL, 1, osp__tag(map)), sizeof *copy / 8);
    *copy = *(struct map *)map;
    osp_dup(copy->root);
    osp_drop(map);
    return copy;
}

OSP_API int64_t osp_map_length(osp_ctx *ctx, void *map)
{
    (void)ctx;
    return ((struct map *)map)->length;
}

/* The place of a key's value, or NULL. */
static const int64_t *find(void *map, int64_t word)
{
    struct kind kind = kind_of(map);
    struct osp__map_key key = osp__map_key(word, kind.string_keys);
    int64_t *node = ((struct map *)map)->root;
    for (uint64_t depth = 0; node != NULL; depth++) {
        uint32_t bit = 1u << osp__map_digit(&key, depth);
        if (entries_of(node) & bit) {
            unsigned at = rank(entries_of(node), bit);
            return osp__map_same_key(&key, keys_of(node, kind)[at]) ? &values_of(node, kind)[at] : NULL;
        }
        if (!(children_of(node) & bit))
            return NULL;
        node = (int64_t *)(uintptr_t)child_slots(node)[rank(children_of(node), bit)];
    }
    return NULL;
}

OSP_API bool osp_map_contains(osp_ctx *ctx, void *map, int64_t key)
{
    (void)ctx;
    return find(map, key) != NULL;
}

OSP_API int64_t osp_map_get(osp_ctx *ctx, void *map, int64_t key, char **error)
{
    (void)ctx;
    struct kind kind = kind_of(map);
    const int64_t *place = find(map, key);
    if (place == NULL) {
        struct osp__excerpt shown;
        if (kind.string_keys)
            osp__set_error(error, "mapGet: key not found: %s", osp__excerpt(&shown, (const char *)(uintptr_t)key));
        else
            osp__set_error(error, "mapGet: key not found: %" PRId64, key);
        return 0;
    }
    if (kind.pointer_values)
        osp_dup((void *)(uintptr_t)*place);
    return *place;
}

/* ---- setting ------------------------------------------------------------------------------------------- */

struct entry {
    struct osp__map_key key;
    int64_t value;
};

/* A subtree of new_pair, or as much of it as there is: the nodes alone, the entries are somebody else's. */
static void free_pair(int64_t **subtree)
{
    for (int64_t *node = *subtree, *next; node != NULL; node = next) {
        next = entries_of(node) != 0 ? NULL : (int64_t *)(uintptr_t)child_slots(node)[0];
        osp__free_moved(node);
    }
}

/* A subtree of two entries whose keys have the same digits above `depth`. */
static int64_t *new_pair(osp_ctx *ctx, struct kind kind, const struct entry *a, const struct entry *b,
                         uint64_t depth)
{
    uint64_t parting = depth;
    while (osp__map_digit(&a->key, parting) == osp__map_digit(&b->key, parting))
        parting++;
    uint32_t a_bit = 1u << osp__map_digit(&a->key, parting), b_bit = 1u << osp__map_digit(&b->key, parting);
    __attribute__((cleanup(free_pair))) int64_t *node = new_node(ctx, kind, a_bit | b_bit, 0);
    put_entry(node, kind, a_bit, a->key.word, a->value);
    put_entry(node, kind, b_bit, b->key.word, b->value);
    while (parting > depth) {
        int64_t *parent = new_node(ctx, kind, 0, 1u << osp__map_digit(&a->key, --parting));
        child_slots(parent)[0] = (int64_t)(uintptr_t)node;
        node = parent;
    }
    return osp__let_go(&node);
}

/* The place is taken by another key: both move into a child. */
static void push_down(osp_ctx *ctx, int64_t *slot, struct kind kind, uint32_t bit, const struct entry *entry,
                      uint64_t depth)
{
    int64_t *node = (int64_t *)(uintptr_t)*slot;
    unsigned at = rank(entries_of(node), bit);
    struct entry old = {osp__map_key(keys_of(node, kind)[at], kind.string_keys), values_of(node, kind)[at]};
    __attribute__((cleanup(free_pair))) int64_t *child = new_pair(ctx, kind, &old, entry, depth + 1);
    node = reshape(ctx, slot, kind, entries_of(node) & ~bit, children_of(node) | bit);
    child_slots(node)[rank(children_of(node), bit)] = (int64_t)(uintptr_t)osp__let_go(&child);
}

/* Sets an entry below `slot`, taking key and value. True when the map had no such key before. */
static bool set_entry(osp_ctx *ctx, int64_t *slot, struct kind kind, const struct entry *entry)
{
    for (uint64_t depth = 0;; depth++) {
        int64_t *node = own_node(ctx, slot, kind);
        uint32_t bit = 1u << osp__map_digit(&entry->key, depth), entries = entries_of(node);
        if (children_of(node) & bit) {
            slot = &child_slots(node)[rank(children_of(node), bit)];
            continue;
        }
        if (!(entries & bit)) {
            node = reshape(ctx, slot, kind, entries | bit, children_of(node));
            put_entry(node, kind, bit, entry->key.word, entry->value);
            return true;
        }
        unsigned at = rank(entries, bit);
        if (!osp__map_same_key(&entry->key, keys_of(node, kind)[at])) {
            push_down(ctx, slot, kind, bit, entry, depth);
            return true;
        }
        int64_t old = values_of(node, kind)[at];
        values_of(node, kind)[at] = entry->value;
        if (kind.pointer_values)
            osp_drop((void *)(uintptr_t)old);
        if (kind.string_keys)
            osp_drop((void *)(uintptr_t)entry->key.word);
        return false;
    }
}

OSP_API void *osp_map_set(osp_ctx *ctx, void *address, int64_t key, int64_t value)
{
    struct kind kind = kind_of(address);
    OSP_HELD void *held = address, *held_key = kind.string_keys ? (void *)(uintptr_t)key : NULL,
                  *held_value = kind.pointer_values ? (void *)(uintptr_t)value : NULL;
    struct map *map = own_map(ctx, address);
    held = map;
    struct entry entry = {osp__map_key(key, kind.string_keys), value};
    if (map->root == NULL)
        map->root = new_node(ctx, kind, 0, 0);
    if (set_entry(ctx, (int64_t *)(void *)&map->root, kind, &entry))
        map->length++;
    osp__let_go(&held_key);
    osp__let_go(&held_value);
    return osp__let_go(&held);
}

/* ---- removing ------------------------------------------------------------------------------------------ */

/* A node on the way down that stays if what is below it shrinks to one entry. */
struct branch {
    int64_t *slot;
    uint32_t bit;
};

/* Of a node's two entries one goes; the other moves up to where the way last branched, and the nodes between,
 * which hold nothing else, go too. */
static void move_up(osp_ctx *ctx, struct branch branch, int64_t *node, struct kind kind, unsigned removed)
{
    int64_t key = keys_of(node, kind)[1 - removed], value = values_of(node, kind)[1 - removed];
    int64_t *top = (int64_t *)(uintptr_t)*branch.slot;
    void *chain = (void *)(uintptr_t)child_slots(top)[rank(children_of(top), branch.bit)];
    top = reshape(ctx, branch.slot, kind, entries_of(top) | branch.bit, children_of(top) & ~branch.bit);
    put_entry(top, kind, branch.bit, key, value);
    osp__header(node)->info &= ~(4095u << 4); /* the entries are no longer the node's to release */
    osp_drop(chain);
}

/* Removes an entry that is there. */
static void remove_entry(osp_ctx *ctx, int64_t *slot, struct kind kind, const struct osp__map_key *key)
{
    struct branch branch = {NULL, 0};
    for (uint64_t depth = 0;; depth++) {
        int64_t *node = own_node(ctx, slot, kind);
        uint32_t bit = 1u << osp__map_digit(key, depth);
        uint32_t entries = entries_of(node), children = children_of(node);
        if (children & bit) {
            if (branch.slot == NULL || count(entries) + count(children) > 1)
                branch = (struct branch){slot, bit};
            slot = &child_slots(node)[rank(children, bit)];
            continue;
        }
        unsigned at = rank(entries, bit);
        int64_t old_key = keys_of(node, kind)[at], old_value = values_of(node, kind)[at];
        if (branch.slot != NULL && children == 0 && count(entries) == 2)
            move_up(ctx, branch, node, kind, at);
        else
            (void)reshape(ctx, slot, kind, entries & ~bit, children);
        if (kind.string_keys)
            osp_drop((void *)(uintptr_t)old_key);
        if (kind.pointer_values)
            osp_drop((void *)(uintptr_t)old_value);
        return;
    }
}

OSP_API void *osp_map_remove(osp_ctx *ctx, void *address, int64_t word)
{
    struct kind kind = kind_of(address);
    if (find(address, word) == NULL)
        return address;
    if (((struct map *)address)->length == 1) {
        osp_drop(address);
        return osp_map_empty(ctx, kind.string_keys, kind.pointer_values);
    }
    OSP_HELD void *held = address;
    struct map *map = own_map(ctx, address);
    held = map;
    struct osp__map_key key = osp__map_key(word, kind.string_keys);
    remove_entry(ctx, (int64_t *)(void *)&map->root, kind, &key);
    map->length--;
    return osp__let_go(&held);
}

/* ---- walking ------------------------------------------------------------------------------------------- */

/* Nodes on the way from the root. Thirteen do unless somebody worked for more. */
struct walk {
    osp_ctx *ctx;
    struct step {
        int64_t *node;
        unsigned next; /* the child to go to next */
    } first[OSP_MAP_HASH_DIGITS + 3], *steps;
    size_t depth, capacity;
};

static void descend(struct walk *walk, int64_t *node)
{
    if (walk->depth == walk->capacity) {
        size_t size = walk->capacity * sizeof *walk->steps;
        struct step *steps = osp__alloc(2 * size);
        if (steps == NULL)
            osp__fiber_fail(walk->ctx, "out of memory");
        memcpy(steps, walk->steps, size);
        if (walk->steps != walk->first)
            osp__release(walk->steps);
        walk->steps = steps;
        walk->capacity *= 2;
    }
    walk->steps[walk->depth++] = (struct step){node, 0};
}

/* Begins a walk over the nodes that hold entries. */
static void begin_walk(struct walk *walk, osp_ctx *ctx, const struct map *map)
{
    walk->ctx = ctx;
    walk->steps = walk->first;
    walk->capacity = sizeof walk->first / sizeof *walk->first;
    walk->depth = 0;
    if (map->root != NULL)
        descend(walk, map->root);
}

/* The next node, parents before their children; NULL at the end. */
static int64_t *next_node(struct walk *walk)
{
    while (walk->depth > 0) {
        struct step *step = &walk->steps[walk->depth - 1];
        int64_t *node = step->node;
        if (step->next == 0) {
            step->next = 1;
            return node;
        }
        if (step->next > count(children_of(node)))
            walk->depth--;
        else
            descend(walk, (int64_t *)(uintptr_t)child_slots(node)[step->next++ - 1]);
    }
    return NULL;
}

static void end_walk(struct walk *walk)
{
    if (walk->steps != walk->first)
        osp__release(walk->steps);
}

/* One column of all entries, as a list. */
static void *collect(osp_ctx *ctx, void *map, int64_t elements, int64_t *(*column)(int64_t *, struct kind))
{
    struct kind kind = kind_of(map);
    OSP_HELD void *list = osp_list_empty(ctx, elements);
    __attribute__((cleanup(end_walk))) struct walk walk;
    begin_walk(&walk, ctx, map);
    for (int64_t *node; (node = next_node(&walk)) != NULL;) {
        unsigned entries = count(entries_of(node));
        const int64_t *words = column(node, kind);
        if (elements == OSP_POINTERS)
            osp__dup_words(words, entries);
        list = osp__list_extend(ctx, osp__let_go(&list), words, entries);
        osp__poll(ctx);
    }
    return osp__let_go(&list);
}

OSP_API void *osp_map_keys(osp_ctx *ctx, void *map, int64_t elements)
{
    return collect(ctx, map, elements, keys_of);
}

OSP_API void *osp_map_values(osp_ctx *ctx, void *map, int64_t elements)
{
    return collect(ctx, map, elements, values_of);
}

/* Puts the smaller map's entries into the larger one. */
OSP_API void *osp_map_merge(osp_ctx *ctx, void *map, void *other)
{
    struct kind kind = kind_of(map);
    bool other_smaller = ((struct map *)other)->length <= ((struct map *)map)->length;
    OSP_HELD void *result = other_smaller ? map : other, *source = other_smaller ? other : map;
    __attribute__((cleanup(end_walk))) struct walk walk;
    begin_walk(&walk, ctx, source);
    for (int64_t *node; (node = next_node(&walk)) != NULL;) {
        for (unsigned i = 0, entries = count(entries_of(node)); i < entries; i++) {
            int64_t key = keys_of(node, kind)[i], value = values_of(node, kind)[i];
            if (!other_smaller && find(result, key) != NULL)
                continue; /* the other map's entry wins */
            if (kind.string_keys)
                osp_dup((void *)(uintptr_t)key);
            if (kind.pointer_values)
                osp_dup((void *)(uintptr_t)value);
            result = osp_map_set(ctx, osp__let_go(&result), key, value);
        }
        osp__poll(ctx);
    }
    return osp__let_go(&result);
}
