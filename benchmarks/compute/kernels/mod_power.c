#include <stdint.h>
#include <stdio.h>

static int64_t power(int64_t base, int64_t exponent, int64_t modulus) {
    int64_t product = 1;
    for (; exponent != 0; exponent /= 2) {
        if (exponent % 2 == 1) product = product * base % modulus;
        base = base * base % modulus;
    }
    return product;
}

int main(void) {
    int64_t sum = 0;
    for (int64_t n = 0; n < 800000; n++) sum = (sum + power(n, 1000000005, 1000000007)) % 1000000007;
    printf("%lld\n", (long long)sum);
}
