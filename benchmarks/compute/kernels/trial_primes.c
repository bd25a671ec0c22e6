#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static bool has_no_divisor(int64_t n) {
    for (int64_t d = 2; d * d <= n; d++)
        if (n % d == 0) return false;
    return true;
}

int main(void) {
    int64_t count = 0;
    for (int64_t n = 2; n < 600000; n++) count += has_no_divisor(n);
    printf("%lld\n", (long long)count);
}
