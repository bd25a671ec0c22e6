/*
 * What the tests of the pure protocol code share: checks that count and name what failed, and a buffer whose
 * last byte is followed by a page that cannot be read, so that a parser that looks one byte too far dies.
 */
#ifndef OSP_PROTOCOL_TEST_H
#define OSP_PROTOCOL_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failures, checks;

#define CHECK(condition, ...)                                                                                 \
    do {                                                                                                      \
        __atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);                                                     \
        if (!(condition)) {                                                                                   \
            __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);                                               \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                   \
            fprintf(stderr, __VA_ARGS__);                                                                     \
            fputc('\n', stderr);                                                                              \
        }                                                                                                     \
    } while (0)

static inline int report(void)
{
    fprintf(stderr, "%d checks, %d failures\n", checks, failures);
    return failures != 0;
}

enum { GUARDED_BYTES = 1 << 20 };

/* A copy of bytes[0 .. length) that ends where an unreadable page begins. Valid until the next call. */
static inline char *guarded(const char *bytes, size_t length)
{
    static char *base;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (base == NULL) {
        base = mmap(NULL, GUARDED_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED || mprotect(base + GUARDED_BYTES, page, PROT_NONE) != 0)
            abort();
    }
    if (length > GUARDED_BYTES)
        abort();
    char *copy = base + GUARDED_BYTES - length;
    memmove(copy, bytes, length);
    return copy;
}

#endif
