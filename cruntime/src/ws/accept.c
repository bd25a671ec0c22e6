/*
 * See accept.h.
 */
#include "accept.h"

#include "../crypto/crypto_load.h"
#include "../mem/string.h"
#include "handshake.h"

typedef struct computation {
    const osp_crypto *crypto;
    const char *key;
    char accept[OSP_WS_ACCEPT_LENGTH + 1];
    bool done;
} computation;

static void compute(void *argument)
{
    computation *work = argument;
    work->done = osp_ws_accept_value(work->crypto, work->key, work->accept);
}

char *osp_websocket_accept(osp_ctx *ctx, char *key, char **error)
{
    const char *why = "";
    if (!osp_ws_key_is_valid(key, osp_string_length(key))) {
        osp__set_error(error, "websocket: invalid Sec-WebSocket-Key");
        return NULL;
    }
    computation work = {.crypto = osp__crypto(ctx, &why), .key = key};
    if (work.crypto == NULL) {
        osp__set_error(error, "websocket: %s", why);
        return NULL;
    }
    osp_call_on_system_stack(ctx, compute, &work);
    if (!work.done) {
        osp__set_error(error, "websocket: SHA-1 is not available");
        return NULL;
    }
    return osp__string_copy(ctx, work.accept, OSP_WS_ACCEPT_LENGTH);
}
