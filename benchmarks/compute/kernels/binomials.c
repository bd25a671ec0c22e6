#include <stdint.h>
#include <stdio.h>

static int64_t binomial(int64_t n, int64_t k) {
    return k == 0 || k == n ? 1 : binomial(n - 1, k - 1) + binomial(n - 1, k);
}

int main(void) { printf("Success(%lld)\n", (long long)binomial(29, 12)); }
