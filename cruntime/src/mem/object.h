/* object.h - counted objects: the header word, counting, and freeing without recursion.
 *
 * A counted object is known by the pointer to its first field; its header word lies in the eight bytes before. The
 * layout and the meaning of the count are in ospjit.h, since compiled code works on them inline. Objects of the
 * runtime itself (tasks, channels) register a finaliser for their kind. */
#ifndef OSP_MEM_OBJECT_H
#define OSP_MEM_OBJECT_H

#include "../base.h"

struct osp__header {
    int32_t count;
    uint32_t info;
};
_Static_assert(sizeof(struct osp__header) == 8, "the header is one word");

static inline struct osp__header *osp__header(void *object) {
    return (struct osp__header *)(void *)((char *)object - sizeof(struct osp__header));
}

static inline uint32_t osp__kind(uint32_t info) { return info & 15u; }
static inline uint32_t osp__scan(uint32_t info) { return info >> 4 & 4095u; }

/* Dead objects on their way out: a stack threaded through the dying headers. A finaliser gives up the counts that its
 * object holds with osp__drop_onto, never with osp_drop, so that freeing does not recurse. */
struct osp__dead {
    void *top;
    void *bottom; /* of no meaning when `top` is NULL */
};
void osp__drop_onto(struct osp__dead *dead, void *object);

/* Puts all of `more` onto `dead`; `more` is empty then. */
void osp__dead_join(struct osp__dead *dead, struct osp__dead *more);

/* Frees up to `most` of them, and what they held; what is left stays in `dead`. */
void osp__free_some(struct osp__dead *dead, int most);

/* How freeing much at once is interrupted: `pause` is asked now and then, by a thread that has come far with what one
 * drop began, whether to stop; if so it has taken over `dead`, and sees to it that those who make garbage do not go on
 * before it is gone. Called once, before any worker runs. */
void osp__set_pause(bool (*pause)(struct osp__dead *dead));

/* What an object of a runtime kind does when it dies; the memory itself is released by the caller. */
typedef void (*osp__finalizer)(void *object, struct osp__dead *dead);
void osp__set_finalizer(uint32_t kind, osp__finalizer finalizer);

/* What an object of a runtime kind holds besides its scanned fields when it is made immortal: `*fields` becomes the
 * counted pointers, the result is how many. (osp_mark_shared need not ask: what such objects hold was marked when it
 * was put in.) */
typedef size_t (*osp__contents)(void *object, void ***fields);
void osp__set_contents(uint32_t kind, osp__contents contents);

/* Corrects the number of living objects that osp_live_cells tells: those that live as long as the program do not count. */
void osp__count_live(int64_t change);

/* Allocates an object with `prefix` bytes before its header (strings keep their length there) and `size` bytes of
 * fields; count 1. NULL when memory runs out. */
void *osp__object_new(uint32_t info, size_t prefix, size_t size);

#endif
