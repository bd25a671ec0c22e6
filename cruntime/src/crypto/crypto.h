/*
 * The one door between the runtime and OpenSSL.
 *
 * libospjit_crypto.so is the only thing linked to OpenSSL. The runtime opens it on first use (crypto_load.c),
 * so that a program without TLS and WebSockets never maps it, and reaches it through the single table below.
 * The library knows nothing of fibers, sockets or Osprey strings: it is given bytes, and a transport to call.
 *
 * Stack: OpenSSL needs more than a fiber has. Every function of the table except `equal` and `wipe` must be
 * called on a worker's system stack (osp_call_on_system_stack). None of them blocks.
 */
#ifndef OSP_CRYPTO_H
#define OSP_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { OSP_SHA1_BYTES = 20, OSP_CRYPTO_VERSION = 2 };

/* What a TLS connection reads from and writes to. Both return the number of bytes moved, 0 at the end of the
 * input, or a negative errno; -EAGAIN when they would block. */
typedef struct osp_tls_transport {
    void *user;
    ssize_t (*receive)(void *user, void *bytes, size_t size);
    ssize_t (*send)(void *user, const void *bytes, size_t size);
} osp_tls_transport;

typedef struct osp_tls osp_tls;

/* What a server proves who it is with: a certificate chain, its key, and the settings of all its connections. */
typedef struct osp_tls_identity osp_tls_identity;

/* Results of the TLS functions besides counts. WANT_*: wait until the transport can do it and call again with the
 * same arguments. FAILED: the connection is of no more use; tls_reason() says why. */
enum { OSP_TLS_WANT_READ = -1, OSP_TLS_WANT_WRITE = -2, OSP_TLS_FAILED = -3 };

typedef struct osp_crypto {
    uint32_t version; /* OSP_CRYPTO_VERSION */

    /* SHA-1 (FIPS 180-4, RFC 3174) of bytes[0 .. size). False if OpenSSL failed. */
    bool (*sha1)(const void *bytes, size_t size, uint8_t digest[OSP_SHA1_BYTES]);

    /* Base64 (RFC 4648 section 4) of bytes[0 .. size), NUL-terminated, into `out` of 4 * ((size + 2) / 3) + 1
     * bytes. Returns the length without the NUL, or -1 if size does not fit an int. */
    int64_t (*base64)(const void *bytes, size_t size, char *out);

    /* Bytes from the cryptographic random number generator. False if it could not give them. */
    bool (*random)(void *out, size_t size);

    /* Compares without letting the time depend on the contents. */
    bool (*equal)(const void *a, const void *b, size_t size);

    /* Zeroes memory; the compiler may not leave it out. */
    void (*wipe)(void *bytes, size_t size);

    /* A client connection to `host`, which the certificate must name: as an IP address if host_is_address, as a
     * DNS name otherwise. Trusted are the authorities that OpenSSL finds (SSL_CERT_FILE and SSL_CERT_DIR count).
     * TLS 1.2 or later, ALPN http/1.1. The transport is copied; its user must outlive the connection. NULL on
     * failure, with a sentence in reason[0 .. reason_size). */
    osp_tls *(*tls_connect)(const osp_tls_transport *transport, const char *host, bool host_is_address,
                            char *reason, size_t reason_size);

    /* Reads a chain of PEM certificates, the server's own first, and its PEM key, which must belong to it and not be
     * encrypted. This reads files: on a thread that may block. NULL on failure, with a sentence in reason[0 ..
     * reason_size). Any number of connections on any threads may use an identity. */
    osp_tls_identity *(*tls_identity)(const char *certificate_file, const char *key_file, char *reason,
                                      size_t reason_size);
    void (*tls_identity_free)(osp_tls_identity *identity); /* connections that use it go on; NULL is fine */

    /* A server's connection, before its handshake. TLS 1.2 or later, no renegotiation; a client that offers
     * protocols by ALPN must offer http/1.1. The transport is copied. NULL when memory runs out. */
    osp_tls *(*tls_accept)(osp_tls_identity *identity, const osp_tls_transport *transport);

    int (*tls_handshake)(osp_tls *tls);                               /* 0 when done */
    int64_t (*tls_read)(osp_tls *tls, void *bytes, size_t size);      /* 0: the peer closed properly */
    int64_t (*tls_write)(osp_tls *tls, const void *bytes, size_t size); /* may write less than size */
    void (*tls_close)(osp_tls *tls);           /* tells the peer, once and without waiting */
    const char *(*tls_reason)(const osp_tls *tls); /* "certificate verify failed: ..."; until tls_free */
    void (*tls_free)(osp_tls *tls);            /* NULL is fine */
} osp_crypto;

/* The only symbol that the library exports. */
const osp_crypto *osp_crypto_table(void);

#endif
