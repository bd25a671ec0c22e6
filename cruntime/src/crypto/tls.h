/*
 * TLS for the table of crypto.h; the functions are described there.
 */
#ifndef OSP_TLS_H
#define OSP_TLS_H

#include "crypto.h"

osp_tls *osp__tls_connect(const osp_tls_transport *transport, const char *host, bool host_is_address,
                          char *reason, size_t reason_size);
int osp__tls_handshake(osp_tls *tls);
int64_t osp__tls_read(osp_tls *tls, void *bytes, size_t size);
int64_t osp__tls_write(osp_tls *tls, const void *bytes, size_t size);
void osp__tls_close(osp_tls *tls);
const char *osp__tls_reason(const osp_tls *tls);
void osp__tls_free(osp_tls *tls);

#endif
