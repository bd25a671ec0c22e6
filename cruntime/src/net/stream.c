/* stream.c - see stream.h. Plain streams cost one comparison more than the system call; every call into OpenSSL is made
 * on the worker's own stack. */
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../mem/string.h"
#include "../sys/sys.h"

/* Set before the first stream can be secured. */
static const osp_crypto *crypto; /* atomic */

static const osp_crypto *door(void) { return __atomic_load_n(&crypto, __ATOMIC_ACQUIRE); }

/* ---- identities -------------------------------------------------------------------------------------------------- */

struct osp__identity {
    int64_t references; /* atomic */
    osp_tls_identity *identity;
};

struct load_call {
    const char *certificate_file, *key_file;
    osp_tls_identity *identity;
    char reason[512];
};

static void call_load(void *argument) {
    struct load_call *call = argument;
    call->identity = door()->tls_identity(call->certificate_file, call->key_file, call->reason, sizeof call->reason);
}

struct osp__identity *osp__identity_load(osp_ctx *ctx, const char *certificate_file, const char *key_file, char **error) {
    const char *why = "";
    const osp_crypto *table = osp__crypto(ctx, &why);
    if (table == NULL) {
        osp__set_error(error, "TLS is not available: %s", why);
        return NULL;
    }
    __atomic_store_n(&crypto, table, __ATOMIC_RELEASE);
    struct osp__identity *identity = osp__alloc_zeroed(sizeof *identity);
    struct load_call call = {.certificate_file = certificate_file, .key_file = key_file};
    int status = identity != NULL ? osp_blocking_call(ctx, call_load, &call) : -ENOMEM;
    if (status != 0) {
        osp__set_error(error, "cannot read the certificate: %s", strerrordesc_np(-status));
    } else if (call.identity == NULL) {
        osp__set_error(error, "%s", call.reason);
    } else {
        identity->references = 1;
        identity->identity = call.identity;
        return identity;
    }
    osp__release(identity);
    return NULL;
}

struct osp__identity *osp__identity_share(struct osp__identity *identity) {
    __atomic_add_fetch(&identity->references, 1, __ATOMIC_RELAXED);
    return identity;
}

void osp__identity_release(struct osp__identity *identity) {
    if (identity == NULL || __atomic_sub_fetch(&identity->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    door()->tls_identity_free(identity->identity);
    osp__release(identity);
}

/* ---- the transport under TLS: the descriptor is its user ----------------------------------------------------------- */

static ssize_t receive_plain(void *user, void *bytes, size_t size) { return osp__recv((int)(intptr_t)user, bytes, size); }
static ssize_t send_plain(void *user, const void *bytes, size_t size) {
    return osp__send((int)(intptr_t)user, bytes, size);
}

/* ---- calls on the system stack ------------------------------------------------------------------------------------- */

struct call {
    struct osp__stream *stream;
    struct osp__identity *identity;
    void *bytes;
    const void *source;
    size_t size;
    int64_t result;
};

static void call_accept(void *argument) {
    struct call *call = argument;
    const osp_tls_transport transport = {(void *)(intptr_t)call->stream->fd, receive_plain, send_plain};
    call->stream->tls = door()->tls_accept(call->identity->identity, &transport);
}

static void call_handshake(void *argument) {
    struct call *call = argument;
    call->result = door()->tls_handshake(call->stream->tls);
}

static void call_read(void *argument) {
    struct call *call = argument;
    call->result = door()->tls_read(call->stream->tls, call->bytes, call->size);
}

static void call_write(void *argument) {
    struct call *call = argument;
    call->result = door()->tls_write(call->stream->tls, call->source, call->size);
}

static void call_close(void *argument) { door()->tls_close(((struct osp__stream *)argument)->tls); }
static void call_free(void *argument) { door()->tls_free(((struct osp__stream *)argument)->tls); }

static ssize_t outcome(struct osp__stream *stream, int64_t result) {
    if (result >= 0) return (ssize_t)result;
    if (result == OSP_TLS_FAILED) return OSP_STREAM_TLS_FAILED;
    stream->wants_output = result == OSP_TLS_WANT_WRITE;
    return -EAGAIN;
}

/* ---- streams ------------------------------------------------------------------------------------------------------- */

void osp__stream_init(struct osp__stream *stream, int fd) { *stream = (struct osp__stream){.fd = fd}; }

int osp__stream_secure(osp_ctx *ctx, struct osp__stream *stream, struct osp__identity *identity) {
    struct call call = {.stream = stream, .identity = identity};
    osp_call_on_system_stack(ctx, call_accept, &call);
    return stream->tls != NULL ? 0 : -ENOMEM;
}

int osp__stream_handshake(osp_ctx *ctx, struct osp__stream *stream) {
    struct call call = {.stream = stream};
    osp_call_on_system_stack(ctx, call_handshake, &call);
    return (int)outcome(stream, call.result);
}

ssize_t osp__stream_receive(osp_ctx *ctx, struct osp__stream *stream, void *bytes, size_t size) {
    if (OSP_LIKELY(stream->tls == NULL)) return osp__recv(stream->fd, bytes, size);
    struct call call = {.stream = stream, .bytes = bytes, .size = size};
    osp_call_on_system_stack(ctx, call_read, &call);
    return outcome(stream, call.result);
}

ssize_t osp__stream_send(osp_ctx *ctx, struct osp__stream *stream, const void *bytes, size_t size) {
    if (OSP_LIKELY(stream->tls == NULL)) return osp__send(stream->fd, bytes, size);
    struct call call = {.stream = stream, .source = bytes, .size = size};
    osp_call_on_system_stack(ctx, call_write, &call);
    return outcome(stream, call.result);
}

ssize_t osp__stream_send_vector(osp_ctx *ctx, struct osp__stream *stream, struct iovec *parts, int count) {
    if (OSP_LIKELY(stream->tls == NULL)) return osp__send_vector(stream->fd, parts, count);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len == 0) continue;
        ssize_t sent = osp__stream_send(ctx, stream, parts[i].iov_base, parts[i].iov_len);
        if (sent < 0) return total > 0 ? total : sent;
        total += sent;
        if ((size_t)sent < parts[i].iov_len) break;
    }
    return total;
}

uint32_t osp__stream_events(const struct osp__stream *stream, bool sending) {
    if (stream->tls != NULL) return stream->wants_output ? EPOLLOUT : EPOLLIN;
    return sending ? EPOLLOUT : EPOLLIN;
}

void osp__stream_end_output(osp_ctx *ctx, struct osp__stream *stream) {
    if (stream->tls != NULL) osp_call_on_system_stack(ctx, call_close, stream);
    (void)osp__shutdown_output(stream->fd);
}

void osp__stream_close(osp_ctx *ctx, struct osp__stream *stream) {
    if (stream->tls != NULL) osp_call_on_system_stack(ctx, call_free, stream);
    stream->tls = NULL;
    if (stream->fd >= 0) osp__close(stream->fd);
    stream->fd = -1;
}

const char *osp__stream_reason(const struct osp__stream *stream) {
    return stream->tls != NULL ? door()->tls_reason(stream->tls) : "TLS error";
}
