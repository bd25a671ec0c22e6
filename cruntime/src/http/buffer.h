/* buffer.h - byte buffers of connections, recycled by their worker.
 *
 * A connection has buffers only while bytes are in them, so an idle one costs nothing here. Buffers of the standard
 * size go back to a short list of the worker; grown ones are released. One thread touches a pool: no locks. */
#ifndef OSP_HTTP_BUFFER_H
#define OSP_HTTP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#define OSP_BUFFER_SIZE ((size_t)16384)

struct osp__buffer {
    char *bytes; /* NULL: no memory held */
    size_t start, end, capacity; /* the contents are bytes[start .. end) */
};

struct osp__buffer_pool {
    void *free;
    int count;
};

static inline size_t osp__buffer_length(const struct osp__buffer *buffer) { return buffer->end - buffer->start; }

/* Releases all that a pool keeps. */
void osp__buffer_pool_clear(struct osp__buffer_pool *pool);

/* Makes room for `more` bytes after the end, moving the contents to the front or growing to at most `limit` bytes.
 * False when that is not possible; the contents are then as before. */
bool osp__buffer_reserve(struct osp__buffer *buffer, struct osp__buffer_pool *pool, size_t more, size_t limit);

/* Appends a copy; the same failure. */
bool osp__buffer_append(struct osp__buffer *buffer, struct osp__buffer_pool *pool, const void *bytes, size_t length);

/* Drops the contents and gives the memory back. */
void osp__buffer_release(struct osp__buffer *buffer, struct osp__buffer_pool *pool);

/* Moves the contents into a block of just their size: for what will be held for a while. */
void osp__buffer_shrink(struct osp__buffer *buffer, struct osp__buffer_pool *pool);

#endif
