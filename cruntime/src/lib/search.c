/* search.c - see search.h. The two-way algorithm of the C library does the work: linear time, no extra memory. */
#include "search.h"

#include <string.h>

#include "../sched/poll.h"

const char *osp__find(osp_ctx *ctx, const char *from, size_t length, const char *what, size_t what_length)
{
    /* A window holds what begins in its first part: it overlaps with the next one by what_length - 1 bytes. A long
     * `what` makes long windows, since each is prepared for anew. */
    size_t part = what_length < OSP_POLL_BYTES ? OSP_POLL_BYTES : what_length;
    while (length > part + what_length) {
        const char *at = memmem(from, part + what_length, what, what_length);
        if (at != NULL)
            return at;
        from += part;
        length -= part;
        osp__poll(ctx);
    }
    return memmem(from, length, what, what_length);
}
