/* number.c - functions of numbers: rounding, roots, powers, random ones, and reading them from text.
 *
 * Integers are checked, never wrapped; floats follow IEEE 754. Random numbers come from the operating
 * system's generator, never from one of our own. */
#include "../base.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../fiber/fiber.h"
#include "../sched/seed.h"
#include "failure.h"
#include "libm.h"

/* ---- floats -------------------------------------------------------------------------------------------- */

OSP_API double osp_floor(osp_ctx *ctx, double x)
{
    (void)ctx;
    return floor(x);
}

OSP_API double osp_ceil(osp_ctx *ctx, double x)
{
    (void)ctx;
    return ceil(x);
}

OSP_API double osp_round(osp_ctx *ctx, double x)
{
    (void)ctx;
    double whole = floor(fabs(x)); /* round itself would be libm's */
    if (fabs(x) - whole >= 0.5)
        whole++;
    return copysign(whole, x);
}

OSP_API double osp_sqrt(osp_ctx *ctx, double x, char **error)
{
    (void)ctx;
    if (x < 0)
        osp__set_error(error, "sqrt: negative number");
    return sqrt(x);
}

OSP_API double osp_pow(osp_ctx *ctx, double x, double y)
{
    return osp__pow(ctx, x, y);
}

/* The remainder with the sign of the dividend. */
OSP_API double osp_float_mod(osp_ctx *ctx, double a, double b)
{
    return osp__fmod(ctx, a, b);
}

/* ---- random numbers ------------------------------------------------------------------------------------ */

static uint64_t random_bits(osp_ctx *ctx)
{
    if (OSP_UNLIKELY(osp__seeded))
        return osp__seed_next();
    uint64_t bits;
    /* Eight bytes are never cut short; before the kernel's pool is filled, early at boot, this waits. */
    while (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        if (errno != EINTR)
            osp__fiber_fail(ctx, "random: the operating system has no random numbers");
    return bits;
}

OSP_API int64_t osp_random(osp_ctx *ctx)
{
    return (int64_t)(random_bits(ctx) >> 1);
}

OSP_API int64_t osp_random_below(osp_ctx *ctx, int64_t n, char **error)
{
    if (n <= 0) {
        osp__set_error(error, "randomBelow: bound must be positive: %" PRId64, n);
        return 0;
    }
    /* 2^64 mod n numbers are too many for equal shares: draw again when one of them comes up. */
    uint64_t bound = (uint64_t)n, surplus = -bound % bound, bits;
    do
        bits = random_bits(ctx);
    while (bits < surplus);
    return (int64_t)(bits % bound);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t not_a_number(const char *function, const char *kind, const char *s, char **error)
{
    struct osp__excerpt shown;
    osp__set_error(error, "%s: not %s: \"%s\"", function, kind, osp__excerpt(&shown, s));
    return 0;
}

/* An optional sign and digits, nothing else. */
OSP_API int64_t osp_parse_int(osp_ctx *ctx, char *s, char **error)
{
    (void)ctx;
    size_t length = osp__length(s), at = length > 0 && (s[0] == '-' || s[0] == '+');
    bool negative = at == 1 && s[0] == '-';
    int64_t value = 0;
    bool overflow = false;
    if (at == length)
        return not_a_number("parseInt", "an integer", s, error);
    for (; at < length; at++) {
        if (!is_digit(s[at]))
            return not_a_number("parseInt", "an integer", s, error);
        /* Counting down from zero reaches the smallest integer, whose opposite does not exist. */
        overflow |= __builtin_mul_overflow(value, 10, &value);
        overflow |= __builtin_sub_overflow(value, s[at] - '0', &value);
    }
    if (!negative)
        overflow |= __builtin_sub_overflow((int64_t)0, value, &value);
    if (overflow)
        osp__set_error(error, "parseInt: integer overflow");
    return value;
}

static size_t skip_digits(const char *s, size_t at, size_t length)
{
    while (at < length && is_digit(s[at]))
        at++;
    return at;
}

static bool is_word(const char *s, size_t at, const char *word)
{
    return osp__length(s) - at == strlen(word) && memcmp(s + at, word, strlen(word)) == 0;
}

/* [+-] ( digits [. digits] [(e|E) [+-] digits] | inf | nan ): what floats print as, and integers. */
static bool is_float(const char *s)
{
    size_t length = osp__length(s), at = length > 0 && (s[0] == '-' || s[0] == '+');
    if (is_word(s, at, "inf") || is_word(s, at, "nan"))
        return true;
    size_t start = at;
    at = skip_digits(s, at, length);
    if (at == start)
        return false;
    if (at < length && s[at] == '.') {
        start = at + 1;
        at = skip_digits(s, start, length);
        if (at == start)
            return false;
    }
    if (at < length && (s[at] == 'e' || s[at] == 'E')) {
        start = at + 1;
        if (start < length && (s[start] == '-' || s[start] == '+'))
            start++;
        at = skip_digits(s, start, length);
        if (at == start)
            return false;
    }
    return at == length;
}

OSP_API double osp_parse_float(osp_ctx *ctx, char *s, char **error)
{
    (void)ctx;
    if (!is_float(s))
        return (double)not_a_number("parseFloat", "a number", s, error);
    /* The locale of the process belongs to whoever embeds us. Asking for this one makes nothing: it is
     * static. */
    double value = strtod_l(s, NULL, newlocale(LC_ALL_MASK, "C", NULL));
    if (isinf(value) && strchr(s, 'i') == NULL)
        osp__set_error(error, "parseFloat: too large for a float");
    return value;
}
