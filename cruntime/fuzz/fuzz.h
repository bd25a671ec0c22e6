/*
 * What the fuzz targets share: a check that is never compiled out, and copies of exactly the input's size, so
 * that the address sanitizer sees a parser that reads one byte too far.
 */
#ifndef OSP_FUZZ_H
#define OSP_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                                    \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                   \
            abort();                                                                                          \
        }                                                                                                     \
    } while (0)

static inline char *exact_copy(const uint8_t *data, size_t size)
{
    char *copy = malloc(size);
    REQUIRE(copy != NULL);
    memcpy(copy, data, size);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
