/*
 * Opening libospjit_crypto.so on first use; the runtime's side of crypto.h.
 */
#ifndef OSP_CRYPTO_LOAD_H
#define OSP_CRYPTO_LOAD_H

#include "../base.h"
#include "crypto.h"

/*
 * The table, or NULL with a static sentence in *why. The first call opens the library that lies beside the one
 * this function is in. Any thread; ctx may be NULL outside fibers.
 */
const osp_crypto *osp__crypto(osp_ctx *ctx, const char **why);

#endif
