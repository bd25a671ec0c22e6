/* stream.h - the server's end of a connected socket: non-blocking reads and writes, plain or under TLS.
 *
 * Whoever owns the stream waits for readiness in its own way (a worker's epoll, osp_net_wait) and calls again after
 * -EAGAIN. Under TLS the direction that OpenSSL waits for may differ from the one asked for, so the owner should wait
 * for both directions, or for what osp__stream_events says. A stream holds no buffers of its own; OpenSSL's record
 * buffers, some 34 KiB, exist only while records are incomplete. One thread at a time may use a stream.
 *
 * `ctx` is the running fiber's context, or NULL when the caller runs on a thread's own stack (a worker's loop): OpenSSL
 * needs more stack than a fiber has. */
#ifndef OSP_NET_STREAM_H
#define OSP_NET_STREAM_H

#include <sys/types.h>
#include <sys/uio.h>

#include "../base.h"
#include "../crypto/crypto.h"

/* A server's certificate and key, counted. */
struct osp__identity;

/* Loads the crypto library if need be and reads the files on the pool for blocking calls. NULL with *error set:
 * "cannot read the certificate x.pem: No such file or directory". ctx may be NULL. */
struct osp__identity *osp__identity_load(osp_ctx *ctx, const char *certificate_file, const char *key_file, char **error);
struct osp__identity *osp__identity_share(struct osp__identity *identity);
void osp__identity_release(struct osp__identity *identity); /* NULL is fine */

struct osp__stream {
    int fd;        /* non-blocking; the stream's */
    bool wants_output; /* what the last -EAGAIN under TLS waits for */
    osp_tls *tls;  /* NULL: plain, or TLS that has not begun */
};

/* What the functions below return for a fault of TLS; osp__stream_reason has the words. */
#define OSP_STREAM_TLS_FAILED (-1000000)

/* A plain stream. */
void osp__stream_init(struct osp__stream *stream, int fd);

/* Puts the stream under TLS; the handshake comes next. 0 or -ENOMEM. The identity may be released afterwards. */
int osp__stream_secure(osp_ctx *ctx, struct osp__stream *stream, struct osp__identity *identity);

/* Goes on with the handshake. 0 when done, -EAGAIN, another negative errno, or OSP_STREAM_TLS_FAILED (an alert has been
 * sent). */
int osp__stream_handshake(osp_ctx *ctx, struct osp__stream *stream);

/* Bytes moved (at least one), 0 at the end of the input, -EAGAIN, another negative errno, or OSP_STREAM_TLS_FAILED.
 * Under TLS a short read says nothing about what is left: read until -EAGAIN. */
ssize_t osp__stream_receive(osp_ctx *ctx, struct osp__stream *stream, void *bytes, size_t size);

/* Bytes taken (perhaps fewer than there are), or a failure as above. After -EAGAIN under TLS the next call must offer
 * the same bytes again, more may follow them; they may have moved. */
ssize_t osp__stream_send(osp_ctx *ctx, struct osp__stream *stream, const void *bytes, size_t size);
ssize_t osp__stream_send_vector(osp_ctx *ctx, struct osp__stream *stream, struct iovec *parts, int count);

/* EPOLLIN or EPOLLOUT: what to wait for after -EAGAIN from a read (`sending` false) or a write. */
uint32_t osp__stream_events(const struct osp__stream *stream, bool sending);

/* Tells the peer that nothing more comes: close_notify if under TLS, then the end of the output. */
void osp__stream_end_output(osp_ctx *ctx, struct osp__stream *stream);

/* Closes the descriptor and frees what TLS holds. Safe to call twice. */
void osp__stream_close(osp_ctx *ctx, struct osp__stream *stream);

/* What OSP_STREAM_TLS_FAILED was about; until the stream is closed. */
const char *osp__stream_reason(const struct osp__stream *stream);

#endif
