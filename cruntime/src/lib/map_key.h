/* map_key.h - the way of a key through a map's tree: an endless row of digits, five bits each.
 *
 * The first thirteen digits are the key's 64-bit hash; behind them come, for strings, the bytes of the key
 * itself, each as 0x100 + byte in two digits, and zeros after the last. So different keys always part
 * somewhere, and no node has to hold keys that collide. The hash is a fixed one, because the order in which a
 * map shows its entries must be the same in every run; whoever computes colliding keys therefore makes a path
 * longer, by at most two nodes a byte of the key, but never makes an operation cost more than in proportion
 * to the key's length. Integers are hashed by a bijection and never collide. */
#ifndef OSP_LIB_MAP_KEY_H
#define OSP_LIB_MAP_KEY_H

#include <string.h>

#include "../mem/string.h"

struct osp__map_key {
    int64_t word; /* an integer, or a borrowed string */
    bool string;
    uint64_t hash;
};

enum { OSP_MAP_DIGIT_BITS = 5, OSP_MAP_HASH_DIGITS = 13 };

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection. */
static inline uint64_t osp__mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Less than eight bytes as a number, the first the lowest, by loads of fixed sizes that may overlap: a copy of
 * a size that is not known is a call. */
static inline uint64_t osp__few_bytes(const char *bytes, size_t length)
{
    if (length >= 4) {
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + length - 4, 4);
        return low | (uint64_t)high << (length - 4) * 8;
    }
    if (length == 0)
        return 0;
    size_t middle = length / 2, last = length - 1;
    const unsigned char *at = (const unsigned char *)bytes;
    return at[0] | (uint64_t)at[middle] << middle * 8 | (uint64_t)at[last] << last * 8;
}

static inline uint64_t osp__hash_bytes(const char *bytes, size_t length)
{
    uint64_t hash = length * 0x9e3779b97f4a7c15u, word;
    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = osp__mix(hash ^ word);
    }
    return osp__mix(hash ^ osp__few_bytes(bytes, length));
}

static inline struct osp__map_key osp__map_key(int64_t word, bool string)
{
    struct osp__map_key key = {word, string, 0};
    const char *bytes = (const char *)(uintptr_t)word;
    key.hash = string ? osp__hash_bytes(bytes, osp__length(bytes)) : osp__mix((uint64_t)word);
    return key;
}

static inline unsigned osp__map_digit(const struct osp__map_key *key, uint64_t depth)
{
    if (OSP_LIKELY(depth < OSP_MAP_HASH_DIGITS))
        return (unsigned)(key->hash >> (depth * OSP_MAP_DIGIT_BITS)) & 31u;
    const char *bytes = (const char *)(uintptr_t)key->word;
    uint64_t digit = depth - OSP_MAP_HASH_DIGITS, at = digit / 2;
    if (!key->string || at >= osp__length(bytes))
        return 0;
    unsigned byte = 0x100u | (unsigned char)bytes[at];
    return digit % 2 == 0 ? byte >> 5 : byte & 31u;
}

static inline bool osp__map_same_key(const struct osp__map_key *key, int64_t other)
{
    if (!key->string || key->word == other)
        return key->word == other;
    const char *a = (const char *)(uintptr_t)key->word, *b = (const char *)(uintptr_t)other;
    return osp__length(a) == osp__length(b) && memcmp(a, b, osp__length(a)) == 0;
}

#endif
