/* buffer.c - see buffer.h. */
#include "buffer.h"

#include <string.h>

#include "../sys/sys.h"

#define KEPT 64

static char *take(struct osp__buffer_pool *pool) {
    if (pool->free == NULL) return osp__alloc(OSP_BUFFER_SIZE);
    char *bytes = pool->free;
    memcpy(&pool->free, bytes, sizeof pool->free);
    pool->count--;
    return bytes;
}

static void give(struct osp__buffer_pool *pool, char *bytes, size_t capacity) {
    if (capacity != OSP_BUFFER_SIZE || pool->count >= KEPT) {
        osp__release(bytes);
        return;
    }
    memcpy(bytes, &pool->free, sizeof pool->free);
    pool->free = bytes;
    pool->count++;
}

void osp__buffer_pool_clear(struct osp__buffer_pool *pool) {
    while (pool->count > 0) osp__release(take(pool));
}

static bool move_to(struct osp__buffer *buffer, struct osp__buffer_pool *pool, char *bytes, size_t capacity) {
    if (bytes == NULL) return false;
    size_t length = osp__buffer_length(buffer);
    if (length > 0 && buffer->bytes != NULL) memcpy(bytes, buffer->bytes + buffer->start, length);
    if (buffer->bytes != NULL) give(pool, buffer->bytes, buffer->capacity);
    *buffer = (struct osp__buffer){bytes, 0, length, capacity};
    return true;
}

bool osp__buffer_reserve(struct osp__buffer *buffer, struct osp__buffer_pool *pool, size_t more, size_t limit) {
    size_t length = osp__buffer_length(buffer), needed = length + more;
    if (buffer->bytes != NULL && buffer->capacity - buffer->end >= more) return true;
    if (needed > limit) return false;
    if (buffer->bytes != NULL && buffer->capacity >= needed && buffer->start >= length) { /* moving is cheap and makes room */
        memcpy(buffer->bytes, buffer->bytes + buffer->start, length);
        buffer->start = 0;
        buffer->end = length;
        return true;
    }
    if (needed <= OSP_BUFFER_SIZE && buffer->capacity < OSP_BUFFER_SIZE)
        return move_to(buffer, pool, take(pool), OSP_BUFFER_SIZE);
    size_t capacity = buffer->capacity < OSP_BUFFER_SIZE ? OSP_BUFFER_SIZE : buffer->capacity;
    while (capacity < needed) capacity *= 2;
    return move_to(buffer, pool, osp__alloc(capacity), capacity);
}

bool osp__buffer_append(struct osp__buffer *buffer, struct osp__buffer_pool *pool, const void *bytes, size_t length) {
    if (length == 0) return true;
    if (!osp__buffer_reserve(buffer, pool, length, (size_t)-1 / 4)) return false;
    memcpy(buffer->bytes + buffer->end, bytes, length);
    buffer->end += length;
    return true;
}

void osp__buffer_release(struct osp__buffer *buffer, struct osp__buffer_pool *pool) {
    if (buffer->bytes != NULL) give(pool, buffer->bytes, buffer->capacity);
    *buffer = (struct osp__buffer){0};
}

void osp__buffer_shrink(struct osp__buffer *buffer, struct osp__buffer_pool *pool) {
    size_t length = osp__buffer_length(buffer);
    if (length == 0)
        osp__buffer_release(buffer, pool);
    else if (buffer->capacity > 2 * length)
        (void)move_to(buffer, pool, osp__alloc(length), length); /* without memory it simply stays as it is */
}
