/*
 * TLS connections over a transport that the caller provides.
 *
 * OpenSSL reads and writes through a BIO of our own, which calls the transport: system calls stay on the
 * runtime's side of the door, and a call that would block comes back as OSP_TLS_WANT_READ or _WRITE. All clients of
 * the process share one context; verification is always on and there is no switch to turn it off. What only servers
 * need is in tls_server.c.
 */
#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct osp_tls {
    SSL *ssl;
    osp_tls_transport transport;
    int error; /* negative errno of the transport, 0 if it had none */
    char reason[256];
};

static pthread_once_t prepared_method = PTHREAD_ONCE_INIT, prepared_context = PTHREAD_ONCE_INIT;
static BIO_METHOD *transport_method;
static SSL_CTX *client_context;

/* ---- the BIO that calls the transport ---- */

static int transport_result(osp_tls *tls, BIO *bio, ssize_t moved, int retry_flag)
{
    BIO_clear_retry_flags(bio);
    if (moved >= 0)
        return (int)moved;
    if (moved == -EAGAIN)
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    else
        tls->error = (int)moved;
    return -1;
}

static int transport_read(BIO *bio, char *bytes, int size)
{
    osp_tls *tls = BIO_get_data(bio);
    ssize_t moved = tls->transport.receive(tls->transport.user, bytes, (size_t)size);
    if (moved == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return transport_result(tls, bio, moved, BIO_FLAGS_READ);
}

static int transport_write(BIO *bio, const char *bytes, int size)
{
    osp_tls *tls = BIO_get_data(bio);
    return transport_result(tls, bio, tls->transport.send(tls->transport.user, bytes, (size_t)size),
                            BIO_FLAGS_WRITE);
}

static long transport_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_FLUSH)
        return 1;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

static void make_method(void)
{
    transport_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ospjit transport");
    if (transport_method != NULL && BIO_meth_set_read(transport_method, transport_read) == 1 &&
        BIO_meth_set_write(transport_method, transport_write) == 1 &&
        BIO_meth_set_ctrl(transport_method, transport_control) == 1)
        return;
    BIO_meth_free(transport_method);
    transport_method = NULL;
}

/* ---- the context ---- */

static bool make_client_context(void)
{
    static const unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    client_context = SSL_CTX_new(TLS_client_method());
    if (client_context == NULL || SSL_CTX_set_min_proto_version(client_context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(client_context) != 1 ||
        SSL_CTX_set_alpn_protos(client_context, http_1_1, sizeof http_1_1) != 0)
        return false;
    SSL_CTX_set_verify(client_context, SSL_VERIFY_PEER, NULL);
    /* Callers buffer as they like, and an idle connection should keep no record buffers. */
    SSL_CTX_set_mode(client_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
    return true;
}

static void prepare_client_context(void)
{
    if (make_client_context())
        return;
    SSL_CTX_free(client_context);
    client_context = NULL;
}

/* ---- connections ---- */

void osp__tls_take_error(char *reason, size_t size)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(reason, size, "%s", text != NULL ? text : "TLS error");
    ERR_clear_error();
}

/* Says why `tls` failed: the certificate, the transport, or the protocol. */
static int fail(osp_tls *tls)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    if (tls->error != 0) {
        char text[96];
        snprintf(tls->reason, sizeof tls->reason, "%s", strerror_r(-tls->error, text, sizeof text));
        ERR_clear_error();
    } else if (verdict != X509_V_OK) {
        snprintf(tls->reason, sizeof tls->reason, "certificate verify failed: %s",
                 X509_verify_cert_error_string(verdict));
        ERR_clear_error();
    } else {
        osp__tls_take_error(tls->reason, sizeof tls->reason);
    }
    return OSP_TLS_FAILED;
}

/* Binds the name that the certificate must carry. */
static bool expect_host(SSL *ssl, const char *host, bool host_is_address)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    /* RFC 9110 4.3.4: the names of the certificate count, never its subject. */
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host_is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1; /* RFC 6066 3 */
}

osp_tls *osp__tls_new(SSL_CTX *context, const osp_tls_transport *transport)
{
    BIO *bio = NULL;
    osp_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL || pthread_once(&prepared_method, make_method) != 0 || transport_method == NULL ||
        (tls->ssl = SSL_new(context)) == NULL || (bio = BIO_new(transport_method)) == NULL) {
        osp__tls_free(tls);
        return NULL;
    }
    tls->transport = *transport;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio); /* owns it from here on */
    return tls;
}

SSL *osp__tls_ssl(osp_tls *tls)
{
    return tls->ssl;
}

osp_tls *osp__tls_connect(const osp_tls_transport *transport, const char *host, bool host_is_address,
                          char *reason, size_t reason_size)
{
    osp_tls *tls = NULL;
    ERR_clear_error();
    if (pthread_once(&prepared_context, prepare_client_context) == 0 && client_context != NULL)
        tls = osp__tls_new(client_context, transport);
    if (tls != NULL && expect_host(tls->ssl, host, host_is_address)) {
        SSL_set_connect_state(tls->ssl);
        return tls;
    }
    osp__tls_take_error(reason, reason_size);
    osp__tls_free(tls);
    return NULL;
}

/* Turns the outcome of an SSL call that moved nothing into ours. */
static int outcome_of(osp_tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return OSP_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return OSP_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return fail(tls);
    }
}

int osp__tls_handshake(osp_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return 0;
    int outcome = outcome_of(tls, result);
    if (outcome != 0)
        return outcome;
    snprintf(tls->reason, sizeof tls->reason, "the peer closed the connection during the handshake");
    return OSP_TLS_FAILED;
}

int64_t osp__tls_read(osp_tls *tls, void *bytes, size_t size)
{
    ERR_clear_error();
    int result = SSL_read(tls->ssl, bytes, size < INT_MAX ? (int)size : INT_MAX);
    return result > 0 ? result : outcome_of(tls, result);
}

int64_t osp__tls_write(osp_tls *tls, const void *bytes, size_t size)
{
    if (size == 0)
        return 0;
    ERR_clear_error();
    int result = SSL_write(tls->ssl, bytes, size < INT_MAX ? (int)size : INT_MAX);
    if (result > 0)
        return result;
    int outcome = outcome_of(tls, result);
    return outcome != 0 ? outcome : fail(tls); /* the peer no longer listens */
}

void osp__tls_close(osp_tls *tls)
{
    ERR_clear_error();
    if (tls->reason[0] == 0) /* nothing may be sent after a fatal error */
        SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

const char *osp__tls_reason(const osp_tls *tls)
{
    return tls->reason;
}

void osp__tls_free(osp_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    free(tls);
}
