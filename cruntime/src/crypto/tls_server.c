/*
 * Servers' side of TLS: identities, made of a certificate chain and a key, and accepting connections with them.
 *
 * An identity is an SSL_CTX with OpenSSL's own defaults for ciphers and groups, TLS 1.2 or later. Sessions resume by
 * tickets, which the clients keep: nothing here grows with the number of clients. It must never ask a terminal for
 * the password of a key.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tls.h"

struct osp_tls_identity; /* an SSL_CTX */

static SSL_CTX *context_of(osp_tls_identity *identity)
{
    return (SSL_CTX *)identity;
}

/* RFC 7301 section 3.2: a client that speaks none of our protocols is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
                           const unsigned char *offered, unsigned offered_length, void *unused)
{
    (void)ssl;
    (void)unused;
    static const unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char *found;
    if (SSL_select_next_proto(&found, chosen_length, http_1_1, sizeof http_1_1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static int no_password(char *buffer, int size, int writing, void *unused)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

/* Can the file be read at all? OpenSSL's words for what is not are of no use to people. */
static bool is_readable(const char *what, const char *file, char *reason, size_t size)
{
    struct stat status;
    FILE *stream = fopen(file, "rb");
    int code = stream == NULL ? errno : fstat(fileno(stream), &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
    if (stream != NULL)
        (void)fclose(stream);
    char text[96];
    if (code != 0)
        snprintf(reason, size, "cannot read the %s %s: %s", what, file, strerror_r(code, text, sizeof text));
    return code == 0;
}

/* What OpenSSL's error queue says; one failure leaves several entries, and their number and order vary. */
struct complaint {
    bool no_start, mismatch, password, no_key;
    char text[128]; /* of the first entry: the cause */
};

static struct complaint take_complaint(void)
{
    struct complaint complaint = {.text = "unknown error"};
    bool first = true;
    for (unsigned long error; (error = ERR_get_error()) != 0; first = false) {
        int library = ERR_GET_LIB(error), code = ERR_GET_REASON(error);
        const char *text = ERR_reason_error_string(error);
        if (first && text != NULL)
            snprintf(complaint.text, sizeof complaint.text, "%s", text);
        complaint.no_start |= library == ERR_LIB_PEM && code == PEM_R_NO_START_LINE;
        complaint.mismatch |=
            library == ERR_LIB_X509 && (code == X509_R_KEY_VALUES_MISMATCH || code == X509_R_KEY_TYPE_MISMATCH);
        complaint.password |= (library == ERR_LIB_PEM && (code == PEM_R_BAD_PASSWORD_READ ||
                                                          code == PEM_R_PROBLEMS_GETTING_PASSWORD)) ||
                              (library == ERR_LIB_CRYPTO && code == ERR_R_INTERRUPTED_OR_CANCELLED);
        complaint.no_key |= library == ERR_LIB_OSSL_DECODER;
    }
    return complaint;
}

static bool use_certificate(SSL_CTX *context, const char *file, char *reason, size_t size)
{
    if (SSL_CTX_use_certificate_chain_file(context, file) == 1)
        return true;
    struct complaint complaint = take_complaint();
    if (complaint.no_start)
        snprintf(reason, size, "%s holds no certificate in PEM form", file);
    else
        snprintf(reason, size, "the certificate %s cannot be used: %s", file, complaint.text);
    return false;
}

static bool use_key(SSL_CTX *context, const char *file, const char *certificate_file, char *reason, size_t size)
{
    if (SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1)
        return true;
    struct complaint complaint = take_complaint();
    if (complaint.mismatch)
        snprintf(reason, size, "the key in %s does not belong to the certificate in %s", file, certificate_file);
    else if (complaint.password)
        snprintf(reason, size, "the key in %s is encrypted", file);
    else if (complaint.no_start || complaint.no_key)
        snprintf(reason, size, "%s holds no private key in PEM form", file);
    else
        snprintf(reason, size, "the key in %s cannot be used: %s", file, complaint.text);
    return false;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

osp_tls_identity *osp__tls_identity(const char *certificate_file, const char *key_file, char *reason,
                                    size_t reason_size)
{
    ERR_clear_error();
    if (!is_readable("certificate", certificate_file, reason, reason_size) ||
        !is_readable("key", key_file, reason, reason_size))
        return NULL;
    SSL_CTX *context = make_context();
    if (context == NULL) {
        osp__tls_take_error(reason, reason_size);
        return NULL;
    }
    if (use_certificate(context, certificate_file, reason, reason_size) &&
        use_key(context, key_file, certificate_file, reason, reason_size))
        return (osp_tls_identity *)context;
    SSL_CTX_free(context);
    return NULL;
}

void osp__tls_identity_free(osp_tls_identity *identity)
{
    SSL_CTX_free(context_of(identity));
}

osp_tls *osp__tls_accept(osp_tls_identity *identity, const osp_tls_transport *transport)
{
    ERR_clear_error();
    osp_tls *tls = osp__tls_new(context_of(identity), transport);
    if (tls != NULL)
        SSL_set_accept_state(osp__tls_ssl(tls));
    ERR_clear_error();
    return tls;
}
