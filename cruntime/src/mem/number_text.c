/* number_text.c - numbers as text.
 *
 * A float is printed as the shortest decimal that reads back as the same value, always with a '.' or an exponent, in
 * the form that Python's repr uses. Any decimal of up to 15 digits survives the way through a normal double, so if 15
 * digits read back, the shortest form is those digits without their trailing zeros; otherwise 16 or 17 are needed.
 * Just above a power of two the spacing of doubles is uneven, and the nearest 16 digits may fail where their neighbour
 * reads back; subnormal values have fewer digits and are tried from one digit on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "string.h"

OSP_API char *osp_int_to_string(osp_ctx *ctx, int64_t value) {
    char text[24], *end = text + sizeof text, *start = end;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do *--start = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0) *--start = '-';
    return osp__string_copy(ctx, start, (size_t)(end - start));
}

struct decimal {
    char digits[20]; /* without leading zeros */
    int count;
    int exponent; /* of the first digit: d.ddd * 10^exponent */
};

/* Splits what printf("%.*e") wrote; the radix character depends on the locale and is skipped whatever it is. */
static void split(const char *text, struct decimal *decimal) {
    decimal->count = 0;
    for (; *text != 'e'; text++)
        if (*text >= '0' && *text <= '9') decimal->digits[decimal->count++] = *text;
    decimal->exponent = atoi(text + 1);
}

static bool reads_back(const struct decimal *decimal, double value) {
    char text[40];
    /* An integer mantissa needs no radix character. */
    snprintf(text, sizeof text, "%.*se%d", decimal->count, decimal->digits, decimal->exponent - decimal->count + 1);
    return strtod(text, NULL) == value;
}

/* The next decimal of the same number of digits; false if that needs one digit more. */
static bool increment(struct decimal *decimal) {
    for (int i = decimal->count - 1; i >= 0; i--) {
        if (decimal->digits[i] != '9') {
            decimal->digits[i]++;
            return true;
        }
        decimal->digits[i] = '0';
    }
    return false;
}

static void shortest(double value, struct decimal *decimal) {
    char text[40];
    for (int digits = fabs(value) < 0x1p-1022 ? 1 : 15;; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        split(text, decimal);
        if (digits >= 17 || reads_back(decimal, value)) break;
        struct decimal next = *decimal;
        if (increment(&next) && reads_back(&next, value)) {
            *decimal = next;
            break;
        }
    }
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') decimal->count--;
}

static char *put_fixed(char *end, const struct decimal *decimal) {
    int point = decimal->exponent + 1; /* digits before the point */
    if (point <= 0) {
        end = mempcpy(end, "0.", 2);
        for (int i = point; i < 0; i++) *end++ = '0';
        return mempcpy(end, decimal->digits, (size_t)decimal->count);
    }
    for (int i = 0; i < point; i++) *end++ = i < decimal->count ? decimal->digits[i] : '0';
    *end++ = '.';
    if (point >= decimal->count) *end++ = '0';
    for (int i = point; i < decimal->count; i++) *end++ = decimal->digits[i];
    return end;
}

static char *put_scientific(char *end, const struct decimal *decimal) {
    *end++ = decimal->digits[0];
    if (decimal->count > 1) {
        *end++ = '.';
        end = mempcpy(end, decimal->digits + 1, (size_t)decimal->count - 1);
    }
    return end + snprintf(end, sizeof "e-324", "e%+03d", decimal->exponent);
}

OSP_API char *osp_float_to_string(osp_ctx *ctx, double value) {
    if (isnan(value)) return osp__string_copy(ctx, "nan", 3);
    if (isinf(value)) return osp__string_copy(ctx, value < 0 ? "-inf" : "inf", value < 0 ? 4 : 3);
    char text[64], *end = text;
    if (signbit(value)) *end++ = '-';
    double magnitude = fabs(value);
    struct decimal decimal = {.digits = "0", .count = 1, .exponent = 0};
    if (magnitude < 1e15 && magnitude == (double)(int64_t)magnitude) { /* whole numbers need no search */
        end += snprintf(end, 24, "%lld.0", (long long)magnitude);
        return osp__string_copy(ctx, text, (size_t)(end - text));
    }
    shortest(magnitude, &decimal);
    if (decimal.exponent < -4 || decimal.exponent >= 16)
        end = put_scientific(end, &decimal);
    else
        end = put_fixed(end, &decimal);
    return osp__string_copy(ctx, text, (size_t)(end - text));
}
