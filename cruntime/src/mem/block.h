/* block.h - the small blocks that objects live in: kept by the worker that frees them, for the next object of the size.
 *
 * A worker's objects come and go by the million, and asking the C library for each of them costs more than what is done
 * with it. So a worker keeps what its fibers free, up to some MiB, in lists that no other thread sees; any thread may free
 * a block that another one got. Threads that are not workers ask the C library each time, as do
 * builds that look for mistakes with freed memory. */
#ifndef OSP_MEM_BLOCK_H
#define OSP_MEM_BLOCK_H

#include "../base.h"

/* A block of at least `size` bytes, uninitialised; NULL when memory runs out. */
char *osp__block_new(size_t size);

void osp__block_free(char *block);

/* From now on this thread keeps so many bytes in blocks: it is a worker, and never ends. */
void osp__block_keep(size_t most);

#define OSP_BLOCK_SIZES 8

/* Blocks that are kept, a list for each size: every block begins with the address of the next. */
struct osp__blocks {
    char *first[OSP_BLOCK_SIZES];
};

/* All that this thread keeps, to be given back to the C library by osp__blocks_release, from any thread; that takes
 * milliseconds. */
struct osp__blocks osp__block_take(void);
void osp__blocks_release(struct osp__blocks *blocks);

#endif
