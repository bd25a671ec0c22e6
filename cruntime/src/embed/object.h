/* object.h - counted objects that stand for an object of the embedder, known by a number. */
#ifndef OSP_EMBED_OBJECT_H
#define OSP_EMBED_OBJECT_H

#include "../base.h"

/* An object with count 1; NULL when memory runs out. When it dies its number goes to osp_next_released. */
void *osp__foreign_new(int64_t number);
int64_t osp__foreign_number(const void *object);

#endif
