/* pattern.h - POSIX extended regular expressions (IEEE 1003.1, chapter 9.4), compiled to a small program.
 *
 * An engine of our own, for three reasons: the C library's recurses on nested groups, takes exponential time
 * or memory on some patterns, and knows neither UTF-8 without a locale nor lengths. This one simulates the
 * automaton (Thompson 1968, as in Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009):
 * time is the product of the lengths of pattern and text, memory that of the pattern, and nothing recurses.
 * Characters are code points; a byte that is not UTF-8 is a character of its own. There are no
 * back-references: they are what makes matching exponential. \d \w \s and their capitals are added to POSIX.
 */
#ifndef OSP_LIB_PATTERN_H
#define OSP_LIB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum osp__pattern_op {
    OSP_PATTERN_CHARACTER, /* consume the code point `a` */
    OSP_PATTERN_ANY,       /* consume any */
    OSP_PATTERN_SET,       /* consume one of the ranges [a, b) */
    OSP_PATTERN_NOT_SET,   /* consume one of the others */
    OSP_PATTERN_SPLIT,     /* go on at both a and b, relative to this instruction */
    OSP_PATTERN_JUMP,      /* go on at a */
    OSP_PATTERN_START,     /* only at the start of the text */
    OSP_PATTERN_END,       /* only at its end */
    OSP_PATTERN_MATCH
};

struct osp__pattern_step {
    uint32_t op;
    int32_t a, b;
};

struct osp__pattern_range {
    uint32_t first, last;
};

/* A program is never longer than this: counted repetitions are copies, and nested ones multiply. */
enum { OSP_PATTERN_LIMIT = 20000, OSP_PATTERN_DEPTH_LIMIT = 1000 };

struct osp__pattern {
    struct osp__pattern_step *steps;
    int32_t size, capacity;
    struct osp__pattern_range *ranges;
    int32_t range_count, range_capacity;
};

/* Compiles a pattern. Returns NULL, or what is wrong with it (static text) and where. In either case the
 * caller releases the pattern's memory with osp__pattern_free. */
const char *osp__pattern_compile(struct osp__pattern *pattern, const char *text, size_t length,
                                 size_t *offset);
void osp__pattern_free(struct osp__pattern *pattern);

/* A search for the pattern in a text, both of which must outlive it. It can be done in parts, since it may be
 * long. */
struct osp__pattern_search {
    const struct osp__pattern *pattern;
    const char *text;
    size_t length, at;
    uint32_t *memory; /* what the sets and the stack below are parts of */
    struct osp__pattern_set {
        uint32_t *dense, *sparse;
        uint32_t size;
    } now, next;
    uint32_t *pending;
    bool matched;
};

enum osp__pattern_state { OSP_PATTERN_SEARCHING, OSP_PATTERN_FOUND, OSP_PATTERN_NOT_FOUND };

/* False when memory runs out; nothing needs to be ended then. */
bool osp__pattern_begin(struct osp__pattern_search *search, const struct osp__pattern *pattern,
                        const char *text, size_t length);

/* Goes on for at most so many characters. */
enum osp__pattern_state osp__pattern_advance(struct osp__pattern_search *search, size_t characters);

void osp__pattern_end(struct osp__pattern_search *search);

/* The character at text[0] and its width; `length` is at least 1. */
size_t osp__pattern_character(const char *text, size_t length, uint32_t *character);

#endif
