/* pattern_match.c - running a compiled pattern over a text, all alternatives at once; see pattern.h. */
#include <string.h>

#include "../sys/sys.h"
#include "pattern.h"

/* Steps are kept in sets with constant-time insertion, membership and clearing (Briggs and Torczon 1993). */
static bool add(struct osp__pattern_set *set, uint32_t step)
{
    uint32_t place = set->sparse[step];
    if (place < set->size && set->dense[place] == step)
        return false;
    set->sparse[step] = set->size;
    set->dense[set->size++] = step;
    return true;
}

/* Adds a step and all that are reached from it without consuming a character. */
static void follow(struct osp__pattern_search *search, struct osp__pattern_set *set, uint32_t first)
{
    uint32_t count = 0;
    if (add(set, first))
        search->pending[count++] = first;
    while (count > 0) {
        uint32_t at = search->pending[--count];
        const struct osp__pattern_step *step = &search->pattern->steps[at];
        bool passes = (step->op == OSP_PATTERN_START && search->at == 0) ||
                      (step->op == OSP_PATTERN_END && search->at == search->length);
        bool branches = step->op == OSP_PATTERN_SPLIT || step->op == OSP_PATTERN_JUMP;
        if (step->op == OSP_PATTERN_MATCH)
            search->matched = true;
        if (branches && add(set, at + (uint32_t)step->a))
            search->pending[count++] = at + (uint32_t)step->a;
        if (step->op == OSP_PATTERN_SPLIT && add(set, at + (uint32_t)step->b))
            search->pending[count++] = at + (uint32_t)step->b;
        if (passes && add(set, at + 1))
            search->pending[count++] = at + 1;
    }
}

static bool in_set(const struct osp__pattern *pattern, const struct osp__pattern_step *step,
                   uint32_t character)
{
    for (int32_t i = step->a; i < step->b; i++)
        if (character >= pattern->ranges[i].first && character <= pattern->ranges[i].last)
            return true;
    return false;
}

static bool consumes(const struct osp__pattern *pattern, const struct osp__pattern_step *step,
                     uint32_t character)
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

bool osp__pattern_begin(struct osp__pattern_search *search, const struct osp__pattern *pattern,
                        const char *text, size_t length)
{
    size_t size = (size_t)pattern->size;
    uint32_t *memory = osp__alloc_zeroed(5 * size * sizeof *memory);
    if (memory == NULL)
        return false;
    *search =
        (struct osp__pattern_search){.pattern = pattern, .text = text, .length = length, .memory = memory};
    search->now = (struct osp__pattern_set){memory, memory + size, 0};
    search->next = (struct osp__pattern_set){memory + 2 * size, memory + 3 * size, 0};
    search->pending = memory + 4 * size;
    follow(search, &search->now, 0);
    return true;
}

void osp__pattern_end(struct osp__pattern_search *search)
{
    osp__release(search->memory);
}

static void consume(struct osp__pattern_search *search)
{
    uint32_t character;
    const char *text = search->text + search->at;
    search->at += osp__pattern_character(text, search->length - search->at, &character);
    search->next.size = 0;
    for (uint32_t i = 0; i < search->now.size; i++) {
        uint32_t step = search->now.dense[i];
        if (consumes(search->pattern, &search->pattern->steps[step], character))
            follow(search, &search->next, step + 1);
    }
    follow(search, &search->next, 0); /* a match may begin at every character */
    struct osp__pattern_set reached = search->next;
    search->next = search->now;
    search->now = reached;
}

enum osp__pattern_state osp__pattern_advance(struct osp__pattern_search *search, size_t characters)
{
    for (; characters > 0 && !search->matched && search->at < search->length; characters--)
        consume(search);
    if (search->matched)
        return OSP_PATTERN_FOUND;
    return search->at == search->length ? OSP_PATTERN_NOT_FOUND : OSP_PATTERN_SEARCHING;
}
