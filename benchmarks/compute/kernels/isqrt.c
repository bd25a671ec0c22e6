#include <stdint.h>
#include <stdio.h>

static int64_t isqrt(int64_t n) {
    if (n < 2) return n;
    int64_t x = n;
    for (;;) {
        int64_t y = (x + n / x) / 2;
        if (y >= x) return x;
        x = y;
    }
}

int main(void) {
    int64_t sum = 0;
    for (int64_t n = 0; n < 1500000; n++) sum += isqrt(n);
    printf("%lld\n", (long long)sum);
}
