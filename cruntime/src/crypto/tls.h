/*
 * TLS for the table of crypto.h; the functions are described there.
 */
#ifndef OSP_TLS_H
#define OSP_TLS_H

#include "crypto.h"

osp_tls *osp__tls_connect(const osp_tls_transport *transport, const char *host, bool host_is_address,
                          char *reason, size_t reason_size);
osp_tls_identity *osp__tls_identity(const char *certificate_file, const char *key_file, char *reason,
                                    size_t reason_size);
void osp__tls_identity_free(osp_tls_identity *identity);
osp_tls *osp__tls_accept(osp_tls_identity *identity, const osp_tls_transport *transport);
int osp__tls_handshake(osp_tls *tls);
int64_t osp__tls_read(osp_tls *tls, void *bytes, size_t size);
int64_t osp__tls_write(osp_tls *tls, const void *bytes, size_t size);
void osp__tls_close(osp_tls *tls);
const char *osp__tls_reason(const osp_tls *tls);
void osp__tls_free(osp_tls *tls);

/* For the sources of this library: a connection of this context over the transport; NULL on failure, with OpenSSL's
 * error queue saying why. */
struct ssl_ctx_st;
osp_tls *osp__tls_new(struct ssl_ctx_st *context, const osp_tls_transport *transport);

/* The SSL of a connection. */
struct ssl_st *osp__tls_ssl(osp_tls *tls);

/* The newest entry of OpenSSL's error queue as a sentence; empties the queue. */
void osp__tls_take_error(char *reason, size_t size);

#endif
