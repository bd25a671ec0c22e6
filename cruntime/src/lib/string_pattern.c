/* string_pattern.c - matchesPattern: regular expressions for the language. */
#include "../base.h"

#include "../sched/poll.h"
#include "failure.h"
#include "pattern.h"

/* Between parts of a long search other fibers get their turn. */
static bool find(osp_ctx *ctx, struct osp__pattern_search *search)
{
    enum osp__pattern_state state;
    while ((state = osp__pattern_advance(search, 256)) == OSP_PATTERN_SEARCHING)
        osp__poll(ctx);
    osp__pattern_end(search);
    return state == OSP_PATTERN_FOUND;
}

OSP_API bool osp_matches_pattern(osp_ctx *ctx, char *s, char *regex, char **error)
{
    struct osp__pattern pattern;
    struct osp__pattern_search search;
    size_t offset = 0;
    bool found = false;
    const char *fault = osp__pattern_compile(&pattern, regex, osp__length(regex), &offset);
    if (fault != NULL)
        osp__set_error(error, "matchesPattern: %s (at %zu)", fault, offset);
    else if (!osp__pattern_begin(&search, &pattern, s, osp__length(s)))
        osp__set_error(error, "matchesPattern: out of memory");
    else
        found = find(ctx, &search);
    osp__pattern_free(&pattern);
    return found;
}
