#include <stdint.h>
#include <stdio.h>

static int64_t gcd(int64_t a, int64_t b) { return b == 0 ? a : gcd(b, a % b); }

int main(void) {
    int64_t sum = 0;
    for (int64_t a = 1; a < 2500; a++)
        for (int64_t b = 1; b < 2500; b++) sum += gcd(a, b);
    printf("%lld\n", (long long)sum);
}
