#include <stdint.h>
#include <stdio.h>

static int64_t factorial(int64_t n, int64_t modulus) {
    int64_t product = 1;
    for (int64_t k = 1; k <= n; k++) product = product * k % modulus;
    return product;
}

int main(void) {
    int64_t sum = 0;
    for (int64_t n = 1; n < 6000; n++) sum += factorial(n, 998244353);
    printf("%lld\n", (long long)sum);
}
