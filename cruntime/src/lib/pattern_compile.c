/* pattern_compile.c - from the text of a pattern to its program, in one pass without recursion.
 *
 * Jumps are relative, so a piece of program can be moved and copied as it is: `x*` puts a SPLIT before the
 * code of x, `x{3}` copies it. Open groups are a stack of frames. An alternative's last instruction is a JUMP
 * to the end of its group; until that is known, the JUMPs of a group are chained through their operands. */
#include <string.h>

#include "../sys/sys.h"
#include "pattern.h"
#include "utf8.h"

struct frame {
    int32_t start;  /* where the group's code begins */
    int32_t branch; /* where the code of its current alternative begins */
    int32_t jumps;  /* the last of the chain of JUMPs to its end; -1: none */
};

struct compiler {
    struct osp__pattern *pattern;
    const char *text;
    size_t length, at;
    int32_t atom; /* where the code of what a repetition would repeat begins; -1: nothing to repeat */
    int32_t depth;
    struct frame frames[OSP_PATTERN_DEPTH_LIMIT + 1];
};

static const char too_large[] = "the pattern is too large", no_memory[] = "out of memory";

size_t osp__pattern_character(const char *text, size_t length, uint32_t *character)
{
    size_t width = osp__utf8_decode(text, length, character);
    if (width > 0)
        return width;
    *character = 0xdc00u + (unsigned char)text[0]; /* no text in UTF-8 holds these */
    return 1;
}

void osp__pattern_free(struct osp__pattern *pattern)
{
    osp__release(pattern->steps);
    osp__release(pattern->ranges);
}

/* ---- code ---------------------------------------------------------------------------------------------- */

static const char *reserve(struct osp__pattern *pattern, int64_t count)
{
    int64_t size = pattern->size + count;
    if (size > OSP_PATTERN_LIMIT)
        return too_large;
    if (size <= pattern->capacity)
        return NULL;
    struct osp__pattern_step *steps = osp__resize(pattern->steps, (size_t)size * 2 * sizeof *steps);
    if (steps == NULL)
        return no_memory;
    pattern->steps = steps;
    pattern->capacity = (int32_t)size * 2;
    return NULL;
}

static const char *emit(struct osp__pattern *pattern, enum osp__pattern_op op, int32_t a, int32_t b)
{
    const char *fault = reserve(pattern, 1);
    if (fault == NULL)
        pattern->steps[pattern->size++] = (struct osp__pattern_step){op, a, b};
    return fault;
}

/* Puts a step in front of the code that begins at `at` and reaches to the end. */
static const char *insert(struct osp__pattern *pattern, int32_t at, enum osp__pattern_op op, int32_t a,
                          int32_t b)
{
    const char *fault = reserve(pattern, 1);
    if (fault != NULL)
        return fault;
    struct osp__pattern_step *step = &pattern->steps[at];
    memmove(step + 1, step, (size_t)(pattern->size - at) * sizeof *step);
    *step = (struct osp__pattern_step){op, a, b};
    pattern->size++;
    return NULL;
}

static const char *emit_atom(struct compiler *compiler, enum osp__pattern_op op, int32_t a, int32_t b)
{
    compiler->atom = compiler->pattern->size;
    return emit(compiler->pattern, op, a, b);
}

/* ---- repetition ---------------------------------------------------------------------------------------- */

static const char *star(struct osp__pattern *pattern, int32_t start)
{
    int32_t body = pattern->size - start;
    const char *fault = insert(pattern, start, OSP_PATTERN_SPLIT, 1, body + 2);
    return fault != NULL ? fault : emit(pattern, OSP_PATTERN_JUMP, -(body + 1), 0);
}

/* The code of the atom `minimum` times, then either any number of times or up to `maximum` times (-1: no
 * bound). */
static const char *repeat(struct osp__pattern *pattern, int32_t start, int32_t minimum, int32_t maximum)
{
    int32_t body = pattern->size - start, optional = maximum < 0 ? 1 : maximum - minimum;
    int64_t total = (int64_t)(body + 2) * (minimum + optional);
    if (total > OSP_PATTERN_LIMIT)
        return too_large;
    struct osp__pattern_step *copy = osp__alloc((size_t)body * sizeof *copy + 1);
    const char *fault = copy == NULL ? no_memory : reserve(pattern, total);
    if (fault == NULL) {
        if (body > 0) /* "()" before any step: there is no array yet */
            memcpy(copy, pattern->steps + start, (size_t)body * sizeof *copy);
        pattern->size = start;
    }
    for (int32_t i = 0; fault == NULL && i < minimum + optional; i++) {
        /* Leaving out an optional copy leaves out those behind it. */
        int32_t rest = (body + 1) * (minimum + optional - i);
        if (i >= minimum)
            fault = emit(pattern, OSP_PATTERN_SPLIT, 1, maximum < 0 ? body + 2 : rest);
        if (fault == NULL) {
            memcpy(pattern->steps + pattern->size, copy, (size_t)body * sizeof *copy);
            pattern->size += body;
        }
    }
    if (fault == NULL && maximum < 0)
        fault = emit(pattern, OSP_PATTERN_JUMP, -(body + 1), 0);
    osp__release(copy);
    return fault;
}

static bool read_number(struct compiler *compiler, int32_t *value)
{
    size_t start = compiler->at;
    *value = 0;
    while (compiler->at < compiler->length && compiler->text[compiler->at] >= '0' &&
           compiler->text[compiler->at] <= '9') {
        if (*value <= OSP_PATTERN_LIMIT) /* more is too large, however much */
            *value = *value * 10 + (compiler->text[compiler->at] - '0');
        compiler->at++;
    }
    return compiler->at > start;
}

static bool take(struct compiler *compiler, char c)
{
    bool here = compiler->at < compiler->length && compiler->text[compiler->at] == c;
    compiler->at += here;
    return here;
}

/* {3} {3,} {3,5}, after the brace. */
static const char *read_bounds(struct compiler *compiler, int32_t *minimum, int32_t *maximum)
{
    if (!read_number(compiler, minimum))
        return "expected a number after '{'";
    *maximum = *minimum;
    if (take(compiler, ',') && !read_number(compiler, maximum))
        *maximum = -1;
    if (!take(compiler, '}'))
        return "expected '}'";
    if (*maximum >= 0 && *maximum < *minimum)
        return "the bounds in braces are in the wrong order";
    return NULL;
}

static const char *compile_repetition(struct compiler *compiler, char c)
{
    struct osp__pattern *pattern = compiler->pattern;
    int32_t start = compiler->atom, minimum, maximum;
    if (start < 0)
        return "nothing to repeat";
    switch (c) {
    case '*':
        return star(pattern, start);
    case '+':
        return emit(pattern, OSP_PATTERN_SPLIT, start - pattern->size, 1);
    case '?':
        return insert(pattern, start, OSP_PATTERN_SPLIT, 1, pattern->size - start + 1);
    default: {
        const char *fault = read_bounds(compiler, &minimum, &maximum);
        return fault != NULL ? fault : repeat(pattern, start, minimum, maximum);
    }
    }
}

/* ---- sets of characters -------------------------------------------------------------------------------- */

static const char *add_range(struct osp__pattern *pattern, uint32_t first, uint32_t last)
{
    if (pattern->range_count == pattern->range_capacity) {
        int32_t capacity = pattern->range_capacity * 2 + 8;
        if (capacity > OSP_PATTERN_LIMIT * 4)
            return too_large;
        struct osp__pattern_range *ranges = osp__resize(pattern->ranges, (size_t)capacity * sizeof *ranges);
        if (ranges == NULL)
            return no_memory;
        pattern->ranges = ranges;
        pattern->range_capacity = capacity;
    }
    pattern->ranges[pattern->range_count++] = (struct osp__pattern_range){first, last};
    return NULL;
}

/* Pairs of first and last characters. */
static const char *add_ranges(struct osp__pattern *pattern, const char *pairs)
{
    const char *fault = NULL;
    for (; *pairs != '\0' && fault == NULL; pairs += 2)
        fault = add_range(pattern, (unsigned char)pairs[0], (unsigned char)pairs[1]);
    return fault;
}

static const struct {
    char name[8];
    char pairs[12];
} classes[] = {
    {"alnum", "09AZaz"},   {"alpha", "AZaz"},   {"blank", "  \t\t"}, {"cntrl", "\001\037\177\177"},
    {"digit", "09"},       {"graph", "!~"},     {"lower", "az"},     {"print", " ~"},
    {"punct", "!/:@[`{~"}, {"space", "  \t\r"}, {"upper", "AZ"},     {"xdigit", "09AFaf"},
};

/* [:name:], after the colon. */
static const char *add_class(struct compiler *compiler)
{
    const char *name = compiler->text + compiler->at;
    const char *colon = memchr(name, ':', compiler->length - compiler->at);
    for (size_t i = 0; colon != NULL && i < sizeof classes / sizeof *classes; i++) {
        size_t width = strlen(classes[i].name);
        if ((size_t)(colon - name) != width || memcmp(name, classes[i].name, width) != 0)
            continue;
        compiler->at += width + 1;
        if (!take(compiler, ']'))
            break;
        if (memcmp(name, "cntrl", width) == 0) { /* it holds NUL, which a C string of pairs cannot */
            const char *fault = add_range(compiler->pattern, 0, 0);
            if (fault != NULL)
                return fault;
        }
        return add_ranges(compiler->pattern, classes[i].pairs);
    }
    return "unknown character class";
}

/* One end of a range inside brackets: a character, [.c.] or [=c=]. */
static const char *read_member(struct compiler *compiler, uint32_t *character)
{
    char kind = 0;
    if (compiler->at + 1 < compiler->length && compiler->text[compiler->at] == '[' &&
        (compiler->text[compiler->at + 1] == '.' || compiler->text[compiler->at + 1] == '=')) {
        kind = compiler->text[compiler->at + 1];
        compiler->at += 2;
    }
    if (compiler->at >= compiler->length)
        return "expected ']'";
    compiler->at +=
        osp__pattern_character(compiler->text + compiler->at, compiler->length - compiler->at, character);
    if (kind != 0 && (!take(compiler, kind) || !take(compiler, ']')))
        return "unknown collating element";
    return NULL;
}

static const char *add_member(struct compiler *compiler)
{
    uint32_t first, last;
    if (compiler->length - compiler->at >= 2 && memcmp(compiler->text + compiler->at, "[:", 2) == 0) {
        compiler->at += 2;
        return add_class(compiler);
    }
    const char *fault = read_member(compiler, &first);
    if (fault != NULL)
        return fault;
    last = first;
    /* A '-' before the closing bracket is a character. */
    if (compiler->length - compiler->at >= 2 && compiler->text[compiler->at] == '-' &&
        compiler->text[compiler->at + 1] != ']') {
        compiler->at++;
        fault = read_member(compiler, &last);
        if (fault != NULL)
            return fault;
    }
    return last < first ? "a range is in the wrong order" : add_range(compiler->pattern, first, last);
}

/* [...], after the bracket. A ']' that comes first is a character. */
static const char *compile_set(struct compiler *compiler)
{
    int32_t first = compiler->pattern->range_count;
    bool negated = take(compiler, '^');
    do {
        if (compiler->at >= compiler->length)
            return "expected ']'";
        const char *fault = add_member(compiler);
        if (fault != NULL)
            return fault;
    } while (!take(compiler, ']'));
    return emit_atom(compiler, negated ? OSP_PATTERN_NOT_SET : OSP_PATTERN_SET, first,
                     compiler->pattern->range_count);
}

static const char *compile_escape(struct compiler *compiler)
{
    static const char letters[] = "dwsDWS";
    static const char *const pairs[] = {"09", "09AZ__az", "  \t\r"};
    if (compiler->at >= compiler->length)
        return "a backslash must not be last";
    char c = compiler->text[compiler->at];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter != NULL) {
        int32_t first = compiler->pattern->range_count;
        compiler->at++;
        const char *fault = add_ranges(compiler->pattern, pairs[(letter - letters) % 3]);
        enum osp__pattern_op op = letter - letters < 3 ? OSP_PATTERN_SET : OSP_PATTERN_NOT_SET;
        return fault != NULL ? fault : emit_atom(compiler, op, first, compiler->pattern->range_count);
    }
    if (c >= '1' && c <= '9')
        return "back-references are not supported";
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return "unknown escape";
    uint32_t character;
    compiler->at +=
        osp__pattern_character(compiler->text + compiler->at, compiler->length - compiler->at, &character);
    return emit_atom(compiler, OSP_PATTERN_CHARACTER, (int32_t)character, 0);
}

/* ---- groups and alternatives --------------------------------------------------------------------------- */

static const char *open_group(struct compiler *compiler)
{
    if (compiler->depth == OSP_PATTERN_DEPTH_LIMIT)
        return "groups are nested too deeply";
    int32_t start = compiler->pattern->size;
    compiler->frames[++compiler->depth] = (struct frame){start, start, -1};
    compiler->atom = -1;
    return NULL;
}

static const char *next_alternative(struct compiler *compiler)
{
    struct osp__pattern *pattern = compiler->pattern;
    struct frame *frame = &compiler->frames[compiler->depth];
    const char *fault =
        insert(pattern, frame->branch, OSP_PATTERN_SPLIT, 1, pattern->size - frame->branch + 2);
    if (fault == NULL)
        fault = emit(pattern, OSP_PATTERN_JUMP, frame->jumps, 0);
    if (fault != NULL)
        return fault;
    frame->jumps = pattern->size - 1;
    frame->branch = pattern->size;
    compiler->atom = -1;
    return NULL;
}

static void close_group(struct compiler *compiler)
{
    struct osp__pattern *pattern = compiler->pattern;
    struct frame *frame = &compiler->frames[compiler->depth--];
    for (int32_t jump = frame->jumps; jump >= 0;) {
        int32_t previous = pattern->steps[jump].a;
        pattern->steps[jump].a = pattern->size - jump;
        jump = previous;
    }
    compiler->atom = frame->start;
}

static const char *compile_anchor(struct compiler *compiler, enum osp__pattern_op op)
{
    const char *fault = emit(compiler->pattern, op, 0, 0);
    compiler->atom = -1;
    return fault;
}

/* ---- the pass ------------------------------------------------------------------------------------------ */

static const char *compile_next(struct compiler *compiler)
{
    uint32_t character;
    compiler->at +=
        osp__pattern_character(compiler->text + compiler->at, compiler->length - compiler->at, &character);
    switch (character) {
    case '(':
        return open_group(compiler);
    case ')':
        if (compiler->depth == 0)
            return "')' without '('";
        close_group(compiler);
        return NULL;
    case '|':
        return next_alternative(compiler);
    case '*':
    case '+':
    case '?':
    case '{':
        return compile_repetition(compiler, (char)character);
    case '[':
        return compile_set(compiler);
    case '\\':
        return compile_escape(compiler);
    case '.':
        return emit_atom(compiler, OSP_PATTERN_ANY, 0, 0);
    case '^':
        return compile_anchor(compiler, OSP_PATTERN_START);
    case '$':
        return compile_anchor(compiler, OSP_PATTERN_END);
    default:
        return emit_atom(compiler, OSP_PATTERN_CHARACTER, (int32_t)character, 0);
    }
}

static const char *compile(struct compiler *compiler)
{
    compiler->atom = -1;
    compiler->frames[0] = (struct frame){0, 0, -1};
    while (compiler->at < compiler->length) {
        const char *fault = compile_next(compiler);
        if (fault != NULL)
            return fault;
    }
    if (compiler->depth > 0)
        return "expected ')'";
    close_group(compiler);
    return emit(compiler->pattern, OSP_PATTERN_MATCH, 0, 0);
}

const char *osp__pattern_compile(struct osp__pattern *pattern, const char *text, size_t length,
                                 size_t *offset)
{
    *pattern = (struct osp__pattern){0};
    /* On the heap: the frames would be a large part of a fiber's stack. */
    struct compiler *compiler = osp__alloc_zeroed(sizeof *compiler);
    if (compiler == NULL)
        return no_memory;
    compiler->pattern = pattern;
    compiler->text = text;
    compiler->length = length;
    const char *fault = compile(compiler);
    *offset = compiler->at;
    osp__release(compiler);
    return fault;
}
