#include <stdint.h>
#include <stdio.h>

static int64_t digits(int64_t n) {
    int64_t sum = 0;
    for (; n != 0; n /= 10) sum += n % 10;
    return sum;
}

int main(void) {
    int64_t total = 0;
    for (int64_t n = 0; n < 20000000; n++) total += digits(n);
    printf("%lld\n", (long long)total);
}
