/*
 * See handle_table.h. A handle is generation << 32 | index + 1, so the first ones are 1, 2, 3. A slot whose
 * generation would overflow is not used again.
 */
#include "handle_table.h"

#include "../sys/sys.h"

struct osp__handle_slot {
    osp__handled *object; /* NULL while the slot is free */
    uint32_t generation;
    uint32_t next_free; /* 1 + index, 0 at the end */
};

enum { LAST_GENERATION = INT32_MAX };

/* With the lock held: index of a free slot, or -1 when memory runs out. */
static int64_t take_slot(osp__handle_table *table)
{
    if (table->free != 0) {
        uint32_t index = table->free - 1;
        table->free = table->slots[index].next_free;
        return index;
    }
    if (table->used == table->capacity) {
        uint32_t capacity = table->capacity == 0 ? 16 : table->capacity * 2;
        if (capacity > INT32_MAX)
            return -1;
        struct osp__handle_slot *slots = osp__resize(table->slots, capacity * sizeof *slots);
        if (slots == NULL)
            return -1;
        table->slots = slots;
        table->capacity = capacity;
    }
    table->slots[table->used] = (struct osp__handle_slot){0};
    return table->used++;
}

/* With the lock held: the slot of a valid handle, or NULL. */
static struct osp__handle_slot *find(osp__handle_table *table, int64_t handle)
{
    uint64_t index = ((uint64_t)handle & UINT32_MAX) - 1;
    if (handle <= 0 || index >= table->used)
        return NULL;
    struct osp__handle_slot *slot = &table->slots[index];
    return slot->object != NULL && slot->generation == (uint64_t)handle >> 32 ? slot : NULL;
}

int64_t osp__handle_add(osp__handle_table *table, osp__handled *object)
{
    pthread_mutex_lock(&table->lock);
    int64_t index = take_slot(table), handle = 0;
    if (index >= 0) {
        object->references = 1;
        table->slots[index].object = object;
        handle = (int64_t)table->slots[index].generation << 32 | (index + 1);
    }
    pthread_mutex_unlock(&table->lock);
    return handle;
}

osp__handled *osp__handle_get(osp__handle_table *table, int64_t handle)
{
    pthread_mutex_lock(&table->lock);
    struct osp__handle_slot *slot = find(table, handle);
    osp__handled *object = slot != NULL ? slot->object : NULL;
    if (object != NULL)
        object->references++;
    pthread_mutex_unlock(&table->lock);
    return object;
}

void osp__handle_hold(osp__handle_table *table, osp__handled *object)
{
    pthread_mutex_lock(&table->lock);
    object->references++;
    pthread_mutex_unlock(&table->lock);
}

void osp__handle_drop(osp__handle_table *table, osp__handled *object)
{
    pthread_mutex_lock(&table->lock);
    int64_t left = --object->references;
    pthread_mutex_unlock(&table->lock);
    if (left == 0)
        table->release(object);
}

osp__handled *osp__handle_remove(osp__handle_table *table, int64_t handle)
{
    pthread_mutex_lock(&table->lock);
    struct osp__handle_slot *slot = find(table, handle);
    osp__handled *object = NULL;
    if (slot != NULL) {
        object = slot->object;
        slot->object = NULL;
        if (slot->generation != LAST_GENERATION) {
            slot->generation++;
            slot->next_free = table->free;
            table->free = (uint32_t)(slot - table->slots) + 1;
        }
    }
    pthread_mutex_unlock(&table->lock);
    return object;
}
