/* block.c - see block.h. Blocks are the C library's: what it says of their size decides which list they are in. */
#include "block.h"

#include "../sys/sys.h"

#if defined __SANITIZE_ADDRESS__ || defined OSP_POISON || defined OSP_FAULTS
#define KEEPS 0
#else
#define KEEPS 1
#endif

/* Blocks of 24 bytes, 40, 56, and so on: what fits into the C library's own. */
enum { SMALLEST = 24, STEP = 16, SIZES = OSP_BLOCK_SIZES };

struct kept {
    struct osp__blocks blocks;
    size_t room, most; /* bytes of blocks that may be kept yet, and in all; 0 on threads that keep none */
};

/* In the thread's own block, where it costs no call to find: there is room for a little of that. */
static __thread struct kept kept __attribute__((tls_model("initial-exec")));

static size_t bytes_of(size_t index) { return SMALLEST + index * STEP; }

/* The list of the blocks that hold so many bytes at least. */
static size_t list_for(size_t size) { return size <= SMALLEST ? 0 : (size - SMALLEST + STEP - 1) / STEP; }

char *osp__block_new(size_t size) {
    size_t index = list_for(size);
    if (!KEEPS || OSP_UNLIKELY(index >= SIZES)) return osp__alloc(size);
    char *block = kept.blocks.first[index];
    if (OSP_UNLIKELY(block == NULL)) return osp__alloc(bytes_of(index));
    kept.blocks.first[index] = *(char **)(void *)block;
    kept.room += bytes_of(index);
    return block;
}

void osp__block_free(char *block) {
    size_t size = KEEPS ? osp__block_size(block) : 0;
    size_t index = (size - SMALLEST) / STEP;
    if (!KEEPS || OSP_UNLIKELY(size < SMALLEST || index >= SIZES || kept.room < size)) {
        osp__release(block);
        return;
    }
    *(char **)(void *)block = kept.blocks.first[index];
    kept.blocks.first[index] = block;
    kept.room -= bytes_of(index);
}

void osp__block_keep(size_t most) { kept.room = kept.most = KEEPS ? most : 0; }

struct osp__blocks osp__block_take(void) {
    struct osp__blocks taken;
    for (size_t i = 0; i < SIZES; i++) {
        taken.first[i] = kept.blocks.first[i];
        kept.blocks.first[i] = NULL;
    }
    kept.room = kept.most;
    return taken;
}

void osp__blocks_release(struct osp__blocks *blocks) {
    for (size_t i = 0; i < SIZES; i++)
        for (char *block = blocks->first[i], *next; block != NULL; block = next) {
            next = *(char **)(void *)block;
            osp__release(block);
        }
}
