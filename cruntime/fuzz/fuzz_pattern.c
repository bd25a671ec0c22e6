/*
 * Fuzz target: regular expressions. The first line is a pattern, the rest the text it searches.
 */
#include "../src/lib/pattern.h"
#include "fuzz.h"

static void check_program(const struct osp__pattern *pattern)
{
    REQUIRE(pattern->size > 0 && pattern->size <= OSP_PATTERN_LIMIT);
    for (int32_t i = 0; i < pattern->size; i++) {
        const struct osp__pattern_step *step = &pattern->steps[i];
        if (step->op == OSP_PATTERN_SPLIT || step->op == OSP_PATTERN_JUMP)
            REQUIRE(i + step->a >= 0 && i + step->a < pattern->size);
        if (step->op == OSP_PATTERN_SPLIT)
            REQUIRE(i + step->b >= 0 && i + step->b < pattern->size);
        if (step->op == OSP_PATTERN_SET || step->op == OSP_PATTERN_NOT_SET)
            REQUIRE(step->a >= 0 && step->a <= step->b && step->b <= pattern->range_count);
    }
    REQUIRE(pattern->steps[pattern->size - 1].op == OSP_PATTERN_MATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = memchr(data, '\n', size);
    size_t pattern_size = newline == NULL ? size : (size_t)(newline - data), text_size = size - pattern_size;
    char *source = exact_copy(data, pattern_size), *text = exact_copy(data + pattern_size, text_size);
    struct osp__pattern pattern;
    size_t offset = 0;
    const char *fault = osp__pattern_compile(&pattern, source, pattern_size, &offset);
    REQUIRE(offset <= pattern_size);
    if (fault == NULL) {
        struct osp__pattern_search search;
        check_program(&pattern);
        REQUIRE(osp__pattern_begin(&search, &pattern, text, text_size));
        while (osp__pattern_advance(&search, 3) == OSP_PATTERN_SEARCHING) {
        }
        REQUIRE(search.at <= text_size);
        osp__pattern_end(&search);
    }
    osp__pattern_free(&pattern);
    free(source);
    free(text);
    return 0;
}
