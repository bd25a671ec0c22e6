/*
 * Numbers that programs hold in place of pointers: clients and responses.
 *
 * A handle is an index and a generation, so that one that was closed, or that was made up, is recognised and
 * never reaches freed memory. Objects are counted: whoever looks one up holds it until it lets go, even if
 * another fiber closes the handle meanwhile. Any thread.
 */
#ifndef OSP_HTTP_HANDLE_TABLE_H
#define OSP_HTTP_HANDLE_TABLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* The first field of every object in a table. */
typedef struct osp__handled {
    int64_t references;
} osp__handled;

typedef struct osp__handle_table {
    pthread_mutex_t lock;
    struct osp__handle_slot *slots;
    uint32_t capacity, used;               /* slots ever used; those in between that are free are linked */
    uint32_t free;                         /* 1 + index of the first free slot, 0 if there is none */
    void (*release)(osp__handled *object); /* frees an object that nobody holds any more */
} osp__handle_table;

/* Static initialiser. */
#define OSP__HANDLE_TABLE(release_function) {.lock = PTHREAD_MUTEX_INITIALIZER, .release = (release_function)}

/* Takes over the caller's only reference. Returns a handle > 0, or 0 when memory runs out (the caller keeps
 * it). */
int64_t osp__handle_add(osp__handle_table *table, osp__handled *object);

/* One more reference, for somebody who has one. */
void osp__handle_hold(osp__handle_table *table, osp__handled *object);

/* The object with one more reference, to be given up with osp__handle_drop(); NULL if there is none. */
osp__handled *osp__handle_get(osp__handle_table *table, int64_t handle);
void osp__handle_drop(osp__handle_table *table, osp__handled *object);

/* Makes the handle invalid and returns its object with the table's reference; NULL if there is none. */
osp__handled *osp__handle_remove(osp__handle_table *table, int64_t handle);

#endif
