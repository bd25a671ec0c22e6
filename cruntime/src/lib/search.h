/* search.h - finding bytes in long strings. */
#ifndef OSP_LIB_SEARCH_H
#define OSP_LIB_SEARCH_H

#include "../base.h"

/* The first `what` in from[0 .. length), or NULL; `from` when `what` is empty. Linear in both lengths. Polls, so that
 * a long search lets other fibers run. */
const char *osp__find(osp_ctx *ctx, const char *from, size_t length, const char *what, size_t what_length);

#endif
