/*
 * A connection of the HTTP client: name resolution, TCP, TLS, and reads and writes that park the fiber.
 *
 * The rest of the client sees bytes in order and a deadline; it does not know whether they are encrypted.
 * A connection belongs to one exchange at a time and may move to another worker between two of them.
 */
#ifndef OSP_HTTP_CLIENT_CONNECTION_H
#define OSP_HTTP_CLIENT_CONNECTION_H

#include <sys/types.h>

#include "../base.h"
#include "../crypto/crypto.h"

/* Where a client connects to; strings are NUL-terminated and borrowed. */
typedef struct osp__endpoint {
    const char *host;      /* name or address, an IPv6 address without brackets */
    const char *authority; /* as the URL has it; what messages and the Host field show */
    uint16_t port;
    bool secure;
    bool host_is_ipv6;
} osp__endpoint;

typedef struct osp__client_connection {
    int fd;
    struct osp__client_connection *next; /* in the client's list of idle ones */
    int64_t idle_since_ns;
    const osp_crypto *crypto; /* NULL for a plain connection */
    osp_tls *tls;
    bool reused; /* has served an exchange before: the peer may have closed it meanwhile */
} osp__client_connection;

/* So many milliseconds from now, or never if that does not fit; CLOCK_MONOTONIC, ns. */
int64_t osp__deadline_after_ms(int64_t ms);

/*
 * Connects (and shakes hands) until deadline_ns. Returns NULL and sets *error on failure:
 * "connect: 127.0.0.1:1: connection refused". timeout_ms is for the message only.
 */
osp__client_connection *osp__client_connection_open(osp_ctx *ctx, const osp__endpoint *endpoint,
                                                    int64_t deadline_ns, int64_t timeout_ms, char **error);

/* What osp__client_connection_read and _write return for a fault of TLS; osp__client_connection_fault() has
 * the sentence. */
#define OSP_CLIENT_TLS_FAILED (-1000000)

/*
 * Moves at least one byte, parking the fiber as needed. Returns the number of bytes, 0 at the end of the
 * input, or a negative errno (-ETIMEDOUT at the deadline) or OSP_CLIENT_TLS_FAILED.
 */
ssize_t osp__client_connection_read(osp_ctx *ctx, osp__client_connection *connection, void *bytes,
                                    size_t size, int64_t deadline_ns);

/* Writes all of the bytes. Returns 0 or a failure as above. */
int osp__client_connection_write(osp_ctx *ctx, osp__client_connection *connection, const void *bytes,
                                 size_t size, int64_t deadline_ns);

/* The words for a failure, as they follow "read: host: ". Into text[0 .. size). */
void osp__client_connection_fault(const osp__client_connection *connection, int fault, int64_t timeout_ms,
                                  char *text, size_t size);

/* True if an idle connection is still open and silent, as it must be between two exchanges. */
bool osp__connection_is_quiet(osp_ctx *ctx, osp__client_connection *connection);

/* Closes and frees. NULL is fine. */
void osp__client_connection_close(osp_ctx *ctx, osp__client_connection *connection);

#endif
