/* digest.c - see digest.h. Two lanes of multiply and rotate, each step of which can be undone, so that no word is
 * ever lost; the words are read as little-endian, so that a cache means the same on every machine. */
#include "digest.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

static inline uint64_t rotated(uint64_t x, int by) { return x << by | x >> (64 - by); }

static inline void step(osp_digest *d, uint64_t word) {
    d->a = rotated(d->a ^ word * UINT64_C(0x9e3779b97f4a7c15), 29) * UINT64_C(0xbf58476d1ce4e5b9);
    d->b = (rotated(d->b + word * UINT64_C(0x94d049bb133111eb), 31) ^ d->a) * UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t mixed(uint64_t x) {
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

osp_digest osp__digest(osp_digest seed, const void *bytes, size_t size) {
    const char *at = bytes;
    osp_digest d = seed;
    for (size_t left = size; left > 0;) {
        uint64_t word = 0;
        size_t n = left < sizeof word ? left : sizeof word;
        memcpy(&word, at, n);
        step(&d, le64toh(word));
        at += n;
        left -= n;
    }
    step(&d, size);
    osp_digest end = {mixed(d.a + rotated(d.b, 17)), mixed(d.b ^ rotated(d.a, 41))};
    return end;
}

void osp__digest_text(osp_digest digest, char text[33]) {
    snprintf(text, 33, "%016llx%016llx", (unsigned long long)digest.a, (unsigned long long)digest.b);
}
