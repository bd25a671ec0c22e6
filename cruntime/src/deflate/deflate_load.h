/*
 * Opening libospjit_deflate.so on first use; the runtime's side of deflate.h.
 */
#ifndef OSP_DEFLATE_LOAD_H
#define OSP_DEFLATE_LOAD_H

#include "../base.h"
#include "deflate.h"

/* The table, or NULL with a static sentence in *why. Any thread; ctx may be NULL outside fibers. */
const osp_deflate *osp__deflate(osp_ctx *ctx, const char **why);

#endif
