/* pattern_match.c - running a compiled pattern over a text, all alternatives at once; see pattern.h. */
#include "../base.h"

#include <string.h>

#include "../sys/sys.h"
#include "failure.h"
#include "pattern.h"

/* A set of steps with constant-time insertion, membership and clearing (Briggs and Torczon 1993). */
struct set {
    uint32_t *dense, *sparse;
    uint32_t size;
};

struct run {
    const struct osp__pattern *pattern;
    struct set now, next;
    uint32_t *pending; /* steps still to be followed: a stack */
    bool matched;
};

static bool add(struct set *set, uint32_t step)
{
    uint32_t place = set->sparse[step];
    if (place < set->size && set->dense[place] == step)
        return false;
    set->sparse[step] = set->size;
    set->dense[set->size++] = step;
    return true;
}

/* Adds a step and all that are reached from it without consuming a character. */
static void follow(struct run *run, struct set *set, uint32_t first, bool at_start, bool at_end)
{
    uint32_t count = 0;
    if (add(set, first))
        run->pending[count++] = first;
    while (count > 0) {
        uint32_t at = run->pending[--count];
        const struct osp__pattern_step *step = &run->pattern->steps[at];
        bool forward = (step->op == OSP_PATTERN_START && at_start) || (step->op == OSP_PATTERN_END && at_end);
        bool branches = step->op == OSP_PATTERN_SPLIT || step->op == OSP_PATTERN_JUMP;
        if (step->op == OSP_PATTERN_MATCH)
            run->matched = true;
        if (branches && add(set, at + (uint32_t)step->a))
            run->pending[count++] = at + (uint32_t)step->a;
        if (step->op == OSP_PATTERN_SPLIT && add(set, at + (uint32_t)step->b))
            run->pending[count++] = at + (uint32_t)step->b;
        if (forward && add(set, at + 1))
            run->pending[count++] = at + 1;
    }
}

static bool in_set(const struct osp__pattern *pattern, const struct osp__pattern_step *step, uint32_t character)
{
    for (int32_t i = step->a; i < step->b; i++)
        if (character >= pattern->ranges[i].first && character <= pattern->ranges[i].last)
            return true;
    return false;
}

static bool consumes(const struct osp__pattern *pattern, const struct osp__pattern_step *step, uint32_t character)
{
    switch (step->op) {
    case OSP_PATTERN_CHARACTER:
        return (uint32_t)step->a == character;
    case OSP_PATTERN_ANY:
        return true;
    case OSP_PATTERN_SET:
        return in_set(pattern, step, character);
    case OSP_PATTERN_NOT_SET:
        return !in_set(pattern, step, character);
    default:
        return false;
    }
}

/* Whether the pattern matches somewhere. A match may begin at every character, so step 0 is followed before each. */
static bool search(osp_ctx *ctx, struct run *run, const char *text, size_t length)
{
    size_t at = 0;
    follow(run, &run->now, 0, true, length == 0);
    while (!run->matched && at < length) {
        uint32_t character;
        at += osp__pattern_character(text + at, length - at, &character);
        run->next.size = 0;
        for (uint32_t i = 0; i < run->now.size; i++) {
            uint32_t step = run->now.dense[i];
            if (consumes(run->pattern, &run->pattern->steps[step], character))
                follow(run, &run->next, step + 1, false, at == length);
        }
        follow(run, &run->next, 0, false, at == length);
        struct set reached = run->next;
        run->next = run->now;
        run->now = reached;
        if (ctx != NULL && OSP_UNLIKELY(__atomic_load_n(&ctx->poll, __ATOMIC_RELAXED) != 0))
            osp_poll(ctx);
    }
    return run->matched;
}

OSP_API bool osp_matches_pattern(osp_ctx *ctx, char *s, char *regex, char **error)
{
    struct osp__pattern pattern;
    size_t offset = 0;
    bool matched = false;
    const char *fault = osp__pattern_compile(&pattern, regex, osp__length(regex), &offset);
    if (fault != NULL) {
        osp__set_error(error, "matchesPattern: %s (at %zu)", fault, offset);
        osp__pattern_free(&pattern);
        return false;
    }
    uint32_t *memory = osp__alloc_zeroed((size_t)pattern.size * 5 * sizeof *memory);
    if (memory == NULL) {
        osp__set_error(error, "matchesPattern: out of memory");
    } else {
        size_t size = (size_t)pattern.size;
        struct run run = {&pattern, {memory, memory + size, 0}, {memory + 2 * size, memory + 3 * size, 0},
                          memory + 4 * size, false};
        matched = search(ctx, &run, s, osp__length(s));
    }
    osp__release(memory);
    osp__pattern_free(&pattern);
    return matched;
}
