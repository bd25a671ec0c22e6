#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static bool is_odd(int64_t n);
static bool is_even(int64_t n) { return n == 0 ? true : is_odd(n - 1); }
static bool is_odd(int64_t n) { return n == 0 ? false : is_even(n - 1); }

int main(void) {
    int64_t sum = 0;
    for (int64_t n = 0; n < 30000; n++)
        if (is_even(n)) sum += n;
    printf("%lld\n", (long long)sum);
}
