#include <stdint.h>
#include <stdio.h>

static int64_t chain(int64_t n) {
    int64_t length = 1;
    for (; n != 1; length++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    return length;
}

int main(void) {
    int64_t best = 0;
    for (int64_t n = 1; n < 1000000; n++) {
        int64_t length = chain(n);
        if (length > best) best = length;
    }
    printf("%lld\n", (long long)best);
}
