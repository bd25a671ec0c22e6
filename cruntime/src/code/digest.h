/* digest.h - a fast 128-bit digest of bytes, for names of cache entries and for noticing damage and change.
 *
 * It is no cryptographic hash and nothing relies on it as one: an entry is used only if its whole key is equal, byte
 * by byte, and who may write into the cache may run what they like anyway. */
#ifndef OSP_CODE_DIGEST_H
#define OSP_CODE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct osp_digest {
    uint64_t a, b;
} osp_digest;

/* The digest of `size` bytes, continued from `seed` (zeroes to begin). */
osp_digest osp__digest(osp_digest seed, const void *bytes, size_t size);

static inline bool osp__digest_equal(osp_digest x, osp_digest y) { return x.a == y.a && x.b == y.b; }

/* 32 hexadecimal digits and a NUL. */
void osp__digest_text(osp_digest digest, char text[33]);

#endif
