/* list.c - the persistent lists of list.h.
 *
 * Functions that change a list own it: they take the caller's count and give one of the result, which is the
 * same cell when nobody else held it. Inside, a list that is being changed is always unique; what changes it
 * goes down the tree making each node on its way unique as well.
 *
 * Compiled code reads elements, and replaces them where nothing has to be copied, by instructions of its own, which
 * know the layout of `struct list` and of nodes: what changes here changes there (ospjit/backend/fast_paths.py). */
#include "list.h"

#include "../mem/held.h"
#include "../mem/row.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "failure.h"
#include "node.h"

enum { BITS = 5, WIDTH = 1 << BITS };

/* So few elements do not keep alive a row that others hold, too. */
enum { FEW = 32 };

/* More elements than these have to come before there is room for them: who says how many there will be may be wrong. */
enum { MOST_ROOM = 1 << 24 };

/* How many elements of a row those who walk over it get at a time; between two they poll. */
enum { LONGEST_RUN = 1024 };

struct list {
    void *root; /* NULL when empty */
    uint64_t start, end;
    uint64_t height;
};

static enum osp_elements elements_of(const struct list *list)
{
    return osp__tag((void *)(uintptr_t)list);
}

static bool has_pointers(const struct list *list)
{
    return elements_of(list) == OSP_POINTERS;
}

static size_t size_of(const struct list *list)
{
    return osp__element_size(elements_of(list));
}

/* Elements are words where they are handed over, and the low byte of one comes first. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word begins with the byte that is the element");

static unsigned slot_of(uint64_t position, uint64_t level)
{
    return (unsigned)(position >> (level * BITS)) & (WIDTH - 1);
}

static void *child_of(const void *node, unsigned slot)
{
    return ((void *const *)node)[slot];
}

/* ---- cells --------------------------------------------------------------------------------------------- */

/* Nodes keep their width in their tag; leaves are of as many elements, all others of pointers. Empty places are zero:
 * the NULL pointers that freeing passes over. */
static void *new_node(osp_ctx *ctx, unsigned width, enum osp_elements elements)
{
    size_t bytes = width * osp__element_size(elements);
    void *node = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CELL, elements == OSP_POINTERS ? width : 0, width), (bytes + 7) / 8);
    memset(node, 0, bytes);
    return node;
}

static struct list *new_list(osp_ctx *ctx, enum osp_elements elements)
{
    uint32_t info = OSP_INFO(OSP_KIND_CELL, 1, elements);
    struct list *list = osp_cell_new(ctx, info, sizeof *list / 8);
    *list = (struct list){0};
    return list;
}

static bool is_row(const struct list *list)
{
    return list->root != NULL && osp__is_row(list->root);
}

/* The list itself or, when others hold it too, a copy that shares its nodes. */
static struct list *own_cell(osp_ctx *ctx, void *list)
{
    if (osp__is_unique(list))
        return list;
    struct list *copy = new_list(ctx, elements_of(list));
    *copy = *(struct list *)list;
    osp_dup(copy->root);
    osp_drop(list);
    return copy;
}

/* What the nodes of a list hold at a level. */
static enum osp_elements elements_at(const struct list *list, uint64_t level)
{
    return level > 0 ? OSP_POINTERS : elements_of(list);
}

/* Makes the node in a slot (or the root), which holds such elements, unique. */
static void *own_node(osp_ctx *ctx, void **slot, enum osp_elements elements)
{
    void *node = *slot;
    if (OSP_LIKELY(osp__is_unique(node)))
        return node;
    unsigned width = osp__tag(node);
    void *copy = new_node(ctx, width, elements);
    memcpy(copy, node, width * osp__element_size(elements));
    if (elements == OSP_POINTERS)
        osp__dup_words(copy, width);
    *slot = copy;
    osp_drop(node);
    return copy;
}

/* The root, which is no row, made unique. */
static void **own_root(osp_ctx *ctx, struct list *list)
{
    return own_node(ctx, &list->root, elements_at(list, list->height));
}

/* ---- reading ------------------------------------------------------------------------------------------- */

enum osp_elements osp__list_elements(const void *list)
{
    return elements_of(list);
}

uint64_t osp__list_length(const void *list)
{
    return ((const struct list *)list)->end - ((const struct list *)list)->start;
}

const void *osp__list_run(const void *address, uint64_t index, uint64_t *count)
{
    const struct list *list = address;
    uint64_t position = list->start + index, rest = list->end - position;
    const void *node = list->root;
    if (is_row(list)) {
        *count = rest < LONGEST_RUN ? rest : LONGEST_RUN;
        return (const char *)node + position * size_of(list);
    }
    for (uint64_t level = list->height; level > 0; level--)
        node = child_of(node, slot_of(position, level));
    unsigned slot = slot_of(position, 0);
    *count = rest < WIDTH - slot ? rest : WIDTH - slot;
    return (const char *)node + slot * size_of(list);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* Moves the elements to a row of its own with this much room before and behind them. */
static void move_row(osp_ctx *ctx, struct list *list, uint64_t before, uint64_t behind)
{
    uint64_t length = osp__list_length(list);
    size_t size = size_of(list);
    OSP_HELD char *row = osp__row_new(ctx, elements_of(list), before + length + behind);
    if (list->root != NULL)
        osp__copy(ctx, row + before * size, (const char *)list->root + list->start * size, length * size);
    osp_drop(list->root);
    list->root = osp__let_go(&row);
    list->start = before;
    list->end = before + length;
}

/* Room at one end of a row, or of a list without any element; as much as it has elements, so that adding elements one
 * by one takes constant time each. Room at the other end has come from elements that were cut off there, or was left
 * for others to be added: some of it is kept. */
static void widen_row(osp_ctx *ctx, struct list *list, bool back)
{
    uint64_t length = osp__list_length(list), room = length < 4 ? 4 : length;
    uint64_t capacity = list->root == NULL ? 0 : osp__row_capacity(list->root);
    uint64_t other = back ? list->start : capacity - list->end;
    if (back && other == 0 && capacity * size_of(list) >= OSP_BIG_BLOCK) { /* moving it is the kernel's work */
        list->root = osp__row_widen(ctx, list->root, capacity + room);
        return;
    }
    uint64_t kept = other == 0 ? 0 : room / 2;
    move_row(ctx, list, back ? kept : room - kept, back ? room - kept : kept);
}

static uint64_t height_for(uint64_t places)
{
    uint64_t height = 0;
    while (places > (uint64_t)WIDTH << (height * BITS))
        height++;
    return height;
}

static void append(osp_ctx *ctx, struct list *list, const void *elements, uint64_t count);
static void release_edge(osp_ctx *ctx, struct list *list, uint64_t from, uint64_t to, uint64_t kept);

/* The tree with the elements of a row at the same positions: made the first time, and kept by the row. */
static void *tree_of_row(osp_ctx *ctx, void *row, enum osp_elements elements)
{
    void *tree = osp__row_tree(row);
    if (tree != NULL)
        return tree;
    OSP_HELD struct list *list = new_list(ctx, elements);
    list->root = new_node(ctx, WIDTH, elements);
    append(ctx, list, row, osp__row_capacity(row));
    tree = list->root;
    list->root = NULL;
    return osp__row_set_tree(row, tree);
}

/* Sees to it that what the list holds, if that is a row, may be changed. */
static void own_row(osp_ctx *ctx, struct list *list)
{
    if (!is_row(list) || OSP_LIKELY(osp__row_is_ours(list->root)))
        return;
    if (osp__is_unique(list->root)) {
        osp__row_forget_tree(list->root);
        return;
    }
    void *row = list->root;
    uint64_t places = osp__row_capacity(row), length = osp__list_length(list);
    void *copy = osp__row_copy(ctx, row, list->start, length, length / 4);
    if (copy != NULL) {
        list->root = copy;
        list->start = 0;
        list->end = length;
        osp_drop(row);
        return;
    }
    void *tree = tree_of_row(ctx, row, elements_of(list));
    osp_dup(tree);
    list->root = tree;
    list->height = height_for(places);
    osp_drop(row);
    release_edge(ctx, list, 0, list->start, list->start);
    release_edge(ctx, list, list->end, places, list->end - 1);
}

/* The list that somebody holds or, when others do, too, a copy that is held instead: to be changed. */
static struct list *own_list(osp_ctx *ctx, void **held)
{
    struct list *list = own_cell(ctx, *held);
    *held = list;
    own_row(ctx, list);
    return list;
}

/* ---- making room --------------------------------------------------------------------------------------- */

/* A root leaf that is not full-sized is replaced by one twice as wide, with the new places at one end. */
static void widen(osp_ctx *ctx, struct list *list, bool back)
{
    unsigned old_width = list->root == NULL ? 0 : osp__tag(list->root);
    unsigned width = old_width < 4 ? 4 : old_width * 2 < WIDTH ? old_width * 2 : WIDTH;
    unsigned shift = back ? 0 : width - old_width;
    size_t size = size_of(list);
    char *leaf = new_node(ctx, width, elements_of(list));
    if (list->root != NULL) {
        memcpy(leaf + shift * size, list->root, old_width * size);
        if (osp__is_unique(list->root)) {
            osp__free_moved(list->root);
        } else {
            if (has_pointers(list))
                osp__dup_words((int64_t *)(void *)leaf, width);
            osp_drop(list->root);
        }
    }
    list->root = leaf;
    list->start += shift;
    list->end += shift;
}

/* Moves what the root holds by half of the slots that are free at one end, which makes room at the other. */
static void slide(osp_ctx *ctx, struct list *list, bool back)
{
    unsigned first = slot_of(list->start, list->height), last = slot_of(list->end - 1, list->height);
    unsigned used = last - first + 1, room = back ? first : WIDTH - 1 - last, distance = (room + 1) / 2;
    char *root = (char *)own_root(ctx, list);
    size_t size = osp__element_size(elements_at(list, list->height));
    unsigned target = back ? first - distance : first + distance;
    memmove(root + target * size, root + first * size, used * size);
    unsigned vacated = back ? target + used : first;
    memset(root + vacated * size, 0, distance * size);
    uint64_t places = (uint64_t)distance << (list->height * BITS);
    list->start += back ? -places : places;
    list->end += back ? -places : places;
}

/* Puts a root above the root; the old one goes to the slot that leaves all room at one end. */
static void raise_root(osp_ctx *ctx, struct list *list, bool back)
{
    void **root = new_node(ctx, WIDTH, OSP_POINTERS);
    unsigned slot = back ? 0 : WIDTH - 1;
    root[slot] = list->root;
    list->root = root;
    list->height++;
    uint64_t places = (uint64_t)slot << (list->height * BITS);
    list->start += places;
    list->end += places;
}

static uint64_t places_of(const struct list *list)
{
    if (is_row(list))
        return osp__row_capacity(list->root);
    if (list->height == 0)
        return list->root == NULL ? 0 : osp__tag(list->root);
    return (uint64_t)1 << ((list->height + 1) * BITS);
}

static void make_room(osp_ctx *ctx, struct list *list, bool back)
{
    if (is_row(list) || (list->root == NULL && !has_pointers(list)))
        widen_row(ctx, list, back);
    else if (list->height == 0 && places_of(list) < WIDTH)
        widen(ctx, list, back);
    else if (back ? slot_of(list->start, list->height) > 0 : slot_of(list->end - 1, list->height) < WIDTH - 1)
        slide(ctx, list, back);
    else
        raise_root(ctx, list, back);
}

/* The row, or the leaf with a position, which is made unique, and made if need be. */
static void *own_leaf(osp_ctx *ctx, struct list *list, uint64_t position)
{
    if (is_row(list))
        return list->root;
    void **node = own_root(ctx, list);
    for (uint64_t level = list->height; level > 0; level--) {
        void **slot = &node[slot_of(position, level)];
        enum osp_elements elements = elements_at(list, level - 1);
        if (*slot == NULL)
            *slot = new_node(ctx, WIDTH, elements);
        node = own_node(ctx, slot, elements);
    }
    return node;
}

/* Where in its leaf or row a position is. */
static uint64_t place_in(const struct list *list, uint64_t position)
{
    return is_row(list) ? position : slot_of(position, 0);
}

/* The free place behind the last element, and how many there are side by side. */
static char *open_back(osp_ctx *ctx, struct list *list, uint64_t *room)
{
    if (list->end == places_of(list))
        make_room(ctx, list, true);
    char *leaf = own_leaf(ctx, list, list->end);
    uint64_t place = place_in(list, list->end);
    *room = (is_row(list) ? osp__row_capacity(leaf) : osp__tag(leaf)) - place;
    return leaf + place * size_of(list);
}

/* The end of the free places before the first element, and how many there are side by side. */
static char *open_front(osp_ctx *ctx, struct list *list, uint64_t *room)
{
    if (list->start == 0)
        make_room(ctx, list, false);
    char *leaf = own_leaf(ctx, list, list->start - 1);
    *room = place_in(list, list->start - 1) + 1;
    return leaf + *room * size_of(list);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Elements on their way into a list. Should memory run out those that are not in it yet are dropped. */
struct incoming {
    const char *elements;
    uint64_t count;
    bool pointers;
};

static void drop_incoming(struct incoming *incoming)
{
    void *const *pointers = (const void *)incoming->elements;
    for (uint64_t i = 0; incoming->pointers && i < incoming->count; i++)
        osp_drop(pointers[i]);
}

/* Adds elements, whose counts the list takes over, at the end. */
static void append(osp_ctx *ctx, struct list *list, const void *elements, uint64_t count)
{
    __attribute__((cleanup(drop_incoming))) struct incoming incoming = {elements, count, has_pointers(list)};
    size_t size = size_of(list);
    while (incoming.count > 0) {
        uint64_t room, part;
        char *place = open_back(ctx, list, &room);
        part = smaller(smaller(room, incoming.count), LONGEST_RUN);
        memcpy(place, incoming.elements, part * size);
        list->end += part;
        incoming.elements += part * size;
        incoming.count -= part;
        if (incoming.count > 0)
            osp__poll(ctx);
    }
}

/* The same at the front; they keep their order. */
static void prepend(osp_ctx *ctx, struct list *list, const void *elements, uint64_t count)
{
    __attribute__((cleanup(drop_incoming))) struct incoming incoming = {elements, count, has_pointers(list)};
    size_t size = size_of(list);
    while (incoming.count > 0) {
        uint64_t room, part;
        char *behind = open_front(ctx, list, &room);
        part = smaller(room, incoming.count);
        incoming.count -= part;
        memcpy(behind - part * size, incoming.elements + incoming.count * size, part * size);
        list->start -= part;
    }
}

/* Adds elements, each of which comes as a word, at the end. */
static void append_words(osp_ctx *ctx, struct list *list, const int64_t *words, uint64_t count)
{
    if (size_of(list) == sizeof *words) {
        append(ctx, list, words, count);
        return;
    }
    for (uint64_t done = 0; done < count;) {
        uint8_t bytes[256];
        uint64_t part = smaller(sizeof bytes, count - done);
        for (uint64_t i = 0; i < part; i++)
            bytes[i] = (uint8_t)words[done + i];
        append(ctx, list, bytes, part);
        done += part;
        osp__poll(ctx);
    }
}

/* ---- cutting off --------------------------------------------------------------------------------------- */

/* Releases the elements at positions [from, to), which lie at one end of the list; `kept` is the last that
 * stays on that side. Only nodes on the way to it hold both. */
static void release_edge(osp_ctx *ctx, struct list *list, uint64_t from, uint64_t to, uint64_t kept)
{
    bool pointers = has_pointers(list);
    void **slot = &list->root;
    for (uint64_t level = list->height, base = 0;; level--) {
        uint64_t top = base + ((uint64_t)1 << ((level + 1) * BITS));
        uint64_t first = from > base ? from : base, end = smaller(to, top);
        if (first >= end || (level == 0 && !pointers))
            return;
        void **node = own_node(ctx, slot, elements_at(list, level));
        unsigned way = slot_of(kept, level);
        for (unsigned i = slot_of(first, level), last = slot_of(end - 1, level); i <= last; i++) {
            if (level > 0 && i == way)
                continue;
            osp_drop(node[i]);
            node[i] = NULL;
        }
        if (level == 0)
            return;
        slot = &node[way];
        base += (uint64_t)way << (level * BITS);
    }
}

/* A subtree that holds all that stays takes the root's place. */
static void lower_root(struct list *list, uint64_t *start, uint64_t *end)
{
    while (list->height > 0 && slot_of(list->start, list->height) == slot_of(list->end - 1, list->height)) {
        unsigned slot = slot_of(list->start, list->height);
        void *root = list->root;
        uint64_t places = (uint64_t)1 << (list->height * BITS), base = slot * places, top = base + places;
        list->root = child_of(root, slot);
        osp_dup(list->root);
        osp_drop(root);
        list->height--;
        list->start -= base;
        list->end -= base;
        *start = *start > base ? *start - base : 0;
        *end = smaller(*end, top) - base;
    }
}

/* Keeps `count` elements from `first` on. Takes the list. */
static void *keep(osp_ctx *ctx, void *address, uint64_t first, uint64_t count)
{
    if (count == osp__list_length(address))
        return address;
    if (count == 0) {
        void *empty = osp_list_empty(ctx, elements_of(address));
        osp_drop(address);
        return empty;
    }
    OSP_HELD void *held = address;
    struct list *list = own_cell(ctx, address);
    held = list;
    uint64_t old_start = list->start, old_end = list->end;
    list->start += first;
    list->end = list->start + count;
    if (is_row(list)) {
        /* A few of many elements do not keep the row; nor do they when it is copied for little more. */
        if (count <= FEW || (osp__is_unique(list->root) && count < osp__row_capacity(list->root) / 4))
            move_row(ctx, list, 0, count / 4);
        return osp__let_go(&held);
    }
    lower_root(list, &old_start, &old_end);
    release_edge(ctx, list, old_start, list->start, list->start);
    release_edge(ctx, list, list->end, old_end, list->end - 1);
    return osp__let_go(&held);
}

/* ---- the functions ------------------------------------------------------------------------------------- */

#define EMPTY(name, tag)           \
    static struct {                \
        struct osp__header header; \
        struct list list;          \
    } name = {{0, OSP_INFO(OSP_KIND_CELL, 1, tag)}, {NULL, 0, 0, 0}}

EMPTY(empty_words, OSP_WORDS);
EMPTY(empty_pointers, OSP_POINTERS);
EMPTY(empty_bytes, OSP_BYTES);

OSP_API void *osp_list_empty(osp_ctx *ctx, int64_t elements)
{
    (void)ctx;
    return elements == OSP_POINTERS ? &empty_pointers.list : elements == OSP_BYTES ? &empty_bytes.list : &empty_words.list;
}

OSP_API void *osp_list_with_room(osp_ctx *ctx, int64_t elements, int64_t count)
{
    if (elements == OSP_POINTERS || count <= 0)
        return osp_list_empty(ctx, elements);
    OSP_HELD struct list *list = new_list(ctx, (enum osp_elements)elements);
    list->root = osp__row_new(ctx, (enum osp_elements)elements, smaller((uint64_t)count, MOST_ROOM));
    return osp__let_go(&list);
}

OSP_API void *osp_list_from_words(osp_ctx *ctx, int64_t elements, void *words, int64_t count)
{
    if (count <= 0)
        return osp_list_empty(ctx, elements);
    OSP_HELD struct list *list = new_list(ctx, (enum osp_elements)elements);
    /* A short list gets a row or leaf of its size, as most lists stay as they were written. */
    if (elements != OSP_POINTERS)
        list->root = osp__row_new(ctx, (enum osp_elements)elements, (uint64_t)count);
    else if (count <= WIDTH)
        list->root = new_node(ctx, (unsigned)count, OSP_POINTERS);
    append_words(ctx, list, words, (uint64_t)count);
    return osp__let_go(&list);
}

OSP_API int64_t osp_list_length(osp_ctx *ctx, void *list)
{
    (void)ctx;
    return (int64_t)osp__list_length(list);
}

OSP_API void *osp_list_run(void *list, int64_t index, void *count)
{
    return (void *)(uintptr_t)osp__list_run(list, (uint64_t)index, count);
}

OSP_API int64_t osp_list_get_unchecked(osp_ctx *ctx, void *list, int64_t index)
{
    (void)ctx;
    uint64_t ignored;
    const void *place = osp__list_run(list, (uint64_t)index, &ignored);
    if (elements_of(list) == OSP_BYTES)
        return *(const uint8_t *)place;
    int64_t element = *(const int64_t *)place;
    if (has_pointers(list))
        osp_dup((void *)(uintptr_t)element);
    return element;
}

static bool check_index(const void *list, int64_t index, char **error)
{
    if (index >= 0 && (uint64_t)index < osp__list_length(list))
        return true;
    osp__fail_index(error, index, osp__list_length(list));
    return false;
}

OSP_API int64_t osp_list_get(osp_ctx *ctx, void *list, int64_t index, char **error)
{
    return check_index(list, index, error) ? osp_list_get_unchecked(ctx, list, index) : 0;
}

OSP_API void *osp_list_set(osp_ctx *ctx, void *list, int64_t index, int64_t value, char **error)
{
    bool pointers = has_pointers(list);
    if (!check_index(list, index, error)) {
        osp_drop(list);
        if (pointers)
            osp_drop((void *)(uintptr_t)value);
        return NULL;
    }
    OSP_HELD void *held = list, *held_value = pointers ? (void *)(uintptr_t)value : NULL;
    struct list *result = own_list(ctx, &held);
    uint64_t position = result->start + (uint64_t)index;
    size_t size = size_of(result);
    char *place = (char *)own_leaf(ctx, result, position) + place_in(result, position) * size;
    void *old = pointers ? *(void **)(void *)place : NULL;
    memcpy(place, &value, size);
    osp__let_go(&held_value);
    osp_drop(old);
    return osp__let_go(&held);
}

void *osp__list_extend(osp_ctx *ctx, void *address, const int64_t *words, uint64_t count)
{
    if (count == 0)
        return address;
    OSP_HELD void *held = address;
    __attribute__((cleanup(drop_incoming))) struct incoming incoming = {(const char *)words, count,
                                                                        has_pointers(address)};
    struct list *list = own_list(ctx, &held);
    incoming.count = 0; /* from here on append_words has them */
    append_words(ctx, list, words, count);
    return osp__let_go(&held);
}

void *osp__list_push(osp_ctx *ctx, void *list, int64_t element)
{
    return osp__list_extend(ctx, list, &element, 1);
}

void *osp__list_push_string(osp_ctx *ctx, void *list, const char *bytes, size_t length)
{
    OSP_HELD void *held = list;
    int64_t string = (int64_t)(uintptr_t)osp__string_copy(ctx, bytes, length);
    return osp__list_push(ctx, osp__let_go(&held), string);
}

OSP_API void *osp_list_append(osp_ctx *ctx, void *list, int64_t value)
{
    return osp__list_push(ctx, list, value);
}

OSP_API void *osp_list_prepend(osp_ctx *ctx, void *address, int64_t value)
{
    OSP_HELD void *held = address, *held_value = has_pointers(address) ? (void *)(uintptr_t)value : NULL;
    struct list *list = own_list(ctx, &held);
    osp__let_go(&held_value); /* from here on prepend has it */
    prepend(ctx, list, &value, 1);
    return osp__let_go(&held);
}

/* Copies the shorter list's elements to the end of the longer one that they are next to. */
OSP_API void *osp_list_concat(osp_ctx *ctx, void *a, void *b)
{
    uint64_t a_length = osp__list_length(a), b_length = osp__list_length(b), run;
    bool back = a_length >= b_length;
    OSP_HELD void *held = back ? a : b, *other = back ? b : a;
    struct list *result = own_list(ctx, &held);
    uint64_t length = back ? b_length : a_length;
    for (uint64_t done = 0; done < length; done += run) {
        const void *elements;
        if (back) {
            elements = osp__list_run(other, done, &run);
        } else { /* from the end: whole leaves, the first one perhaps in part */
            uint64_t last = ((struct list *)other)->end - 1 - done;
            run = smaller(slot_of(last, 0) + 1u, length - done);
            uint64_t ignored;
            elements = osp__list_run(other, length - done - run, &ignored);
        }
        if (has_pointers(result))
            osp__dup_words(elements, run);
        if (back)
            append(ctx, result, elements, run);
        else
            prepend(ctx, result, elements, run);
        osp__poll(ctx);
    }
    return osp__let_go(&held);
}

OSP_API void *osp_list_reverse(osp_ctx *ctx, void *address)
{
    uint64_t length = osp__list_length(address), run;
    if (length < 2)
        return address;
    bool pointers = has_pointers(address);
    size_t size = size_of(address);
    OSP_HELD void *held = address;
    OSP_HELD struct list *result = new_list(ctx, elements_of(address));
    if (!pointers) {
        result->root = osp__row_new(ctx, elements_of(address), length);
        result->start = result->end = length;
    }
    for (uint64_t done = 0; done < length; done += run) {
        const char *elements = osp__list_run(address, done, &run);
        char reversed[WIDTH * sizeof(int64_t)];
        run = smaller(run, WIDTH);
        for (uint64_t i = 0; i < run; i++)
            memcpy(reversed + (run - 1 - i) * size, elements + i * size, size);
        if (pointers)
            osp__dup_words((const void *)elements, run);
        prepend(ctx, result, reversed, run);
        osp__poll(ctx);
    }
    return osp__let_go(&result);
}

static uint64_t clamp(const void *list, int64_t count)
{
    return count <= 0 ? 0 : smaller((uint64_t)count, osp__list_length(list));
}

OSP_API void *osp_list_drop(osp_ctx *ctx, void *list, int64_t count)
{
    uint64_t dropped = clamp(list, count);
    return keep(ctx, list, dropped, osp__list_length(list) - dropped);
}

OSP_API void *osp_list_take(osp_ctx *ctx, void *list, int64_t count)
{
    return keep(ctx, list, 0, clamp(list, count));
}
