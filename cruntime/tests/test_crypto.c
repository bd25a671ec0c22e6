/*
 * The crypto library as the runtime reaches it: opened on first use, then SHA-1 against the published vectors,
 * base64, random bytes, and TLS connections that fail before a byte is exchanged.
 */
#include <errno.h>

#include "../src/crypto/crypto_load.h"

#include "protocol_test.h"

static const osp_crypto *crypto;

static void check_sha1(const char *source, const char *text, size_t length, size_t repeat, const char *expected)
{
    char *message = malloc(length * repeat + 1);
    for (size_t i = 0; i < repeat; i++)
        memcpy(message + i * length, text, length);
    uint8_t digest[OSP_SHA1_BYTES];
    char hex[2 * OSP_SHA1_BYTES + 1];
    CHECK(crypto->sha1(message, length * repeat, digest), "%s", source);
    for (int i = 0; i < OSP_SHA1_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    CHECK(strcmp(hex, expected) == 0, "%s: %s", source, hex);
    free(message);
}

static void check_digests(void)
{
    check_sha1("FIPS 180-4, one block", "abc", 3, 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_sha1("FIPS 180-4, two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 1,
               "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    check_sha1("FIPS 180-4, a million times a", "a", 1, 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    check_sha1("RFC 3174, TEST4", "0123456701234567012345670123456701234567012345670123456701234567", 64, 10,
               "dea356a2cddd90c7a7ecedc5ebb563934f460452");
    check_sha1("RFC 3174, the empty message", "", 0, 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* RFC 4648 section 10. */
static void check_base64(void)
{
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="},  {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[16];
        int64_t length = crypto->base64(pairs[i][0], strlen(pairs[i][0]), out);
        CHECK(length == (int64_t)strlen(pairs[i][1]) && strcmp(out, pairs[i][1]) == 0, "%s", pairs[i][0]);
    }
    CHECK(crypto->base64("", SIZE_MAX, NULL) == -1, "a size that OpenSSL cannot take");
}

static void check_secrets(void)
{
    uint8_t first[32] = {0}, second[32] = {0}, zero[32] = {0};
    CHECK(crypto->random(first, sizeof first) && crypto->random(second, sizeof second), "random");
    CHECK(!crypto->equal(first, second, sizeof first), "two draws are the same");
    CHECK(crypto->equal(first, first, sizeof first), "equal to itself");
    crypto->wipe(first, sizeof first);
    CHECK(crypto->equal(first, zero, sizeof first), "wiped");
}

static ssize_t receive_nothing(void *user, void *bytes, size_t size)
{
    (void)user, (void)bytes, (void)size;
    return *(int *)user;
}

static ssize_t swallow(void *user, const void *bytes, size_t size)
{
    (void)user, (void)bytes;
    return (ssize_t)size;
}

/* A server that says nothing, hangs up, or talks something else. */
static void check_tls(void)
{
    int answer = -EAGAIN;
    char reason[160] = "";
    osp_tls_transport transport = {&answer, receive_nothing, swallow};
    osp_tls *tls = crypto->tls_connect(&transport, "example.org", false, reason, sizeof reason);
    CHECK(tls != NULL, "%s", reason);
    CHECK(crypto->tls_handshake(tls) == OSP_TLS_WANT_READ, "silence");
    answer = 0;
    CHECK(crypto->tls_handshake(tls) == OSP_TLS_FAILED, "hang-up");
    CHECK(crypto->tls_reason(tls)[0] != 0, "a reason");
    crypto->tls_close(tls);
    crypto->tls_free(tls);
    crypto->tls_free(NULL);

    answer = -ECONNRESET;
    tls = crypto->tls_connect(&transport, "::1", true, reason, sizeof reason);
    CHECK(tls != NULL && crypto->tls_handshake(tls) == OSP_TLS_FAILED, "reset");
    CHECK(strstr(crypto->tls_reason(tls), "reset") != NULL, "%s", crypto->tls_reason(tls));
    crypto->tls_free(tls);
    CHECK(crypto->tls_connect(&transport, "not an address", true, reason, sizeof reason) == NULL, "bad address");
    CHECK(reason[0] != 0, "a reason");
}

/* True if a file of this name is mapped into the process. */
static bool is_mapped(const char *name)
{
    char line[4096];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (!found && maps != NULL && fgets(line, sizeof line, maps) != NULL)
        found = strstr(line, name) != NULL;
    if (maps != NULL)
        fclose(maps);
    return found;
}

int main(void)
{
    const char *why = "";
    CHECK(!is_mapped("libcrypto.so") && !is_mapped("libssl.so"), "OpenSSL is there before it is used");
    crypto = osp__crypto(NULL, &why);
    if (crypto == NULL) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    CHECK(osp__crypto(NULL, &why) == crypto, "opened once");
    CHECK(is_mapped("libcrypto.so"), "OpenSSL is not there");
    check_digests();
    check_base64();
    check_secrets();
    check_tls();
    return report();
}
