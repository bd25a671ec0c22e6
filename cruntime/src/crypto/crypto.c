/*
 * Hashing, encoding, random bytes and the table of crypto.h. Every call into OpenSSL is checked.
 */
#include "crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tls.h"

static bool sha1(const void *bytes, size_t size, uint8_t digest[OSP_SHA1_BYTES])
{
    unsigned length = 0;
    return EVP_Digest(bytes, size, digest, &length, EVP_sha1(), NULL) == 1 && length == OSP_SHA1_BYTES;
}

static int64_t base64(const void *bytes, size_t size, char *out)
{
    if (size > INT_MAX / 2)
        return -1;
    return EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);
}

static bool random_bytes(void *out, size_t size)
{
    return size <= INT_MAX && RAND_bytes(out, (int)size) == 1;
}

static bool equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

__attribute__((visibility("default"))) const osp_crypto *osp_crypto_table(void)
{
    static const osp_crypto table = {
        .version = OSP_CRYPTO_VERSION,
        .sha1 = sha1,
        .base64 = base64,
        .random = random_bytes,
        .equal = equal,
        .wipe = OPENSSL_cleanse,
        .tls_connect = osp__tls_connect,
        .tls_identity = osp__tls_identity,
        .tls_identity_free = osp__tls_identity_free,
        .tls_accept = osp__tls_accept,
        .tls_handshake = osp__tls_handshake,
        .tls_read = osp__tls_read,
        .tls_write = osp__tls_write,
        .tls_close = osp__tls_close,
        .tls_reason = osp__tls_reason,
        .tls_free = osp__tls_free,
    };
    return &table;
}
