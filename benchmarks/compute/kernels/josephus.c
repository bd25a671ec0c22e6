#include <stdint.h>
#include <stdio.h>

static int64_t survivor(int64_t n, int64_t step) {
    int64_t place = 0;
    for (int64_t size = 2; size <= n; size++) place = (place + step) % size;
    return place;
}

int main(void) {
    int64_t sum = 0;
    for (int64_t n = 1; n < 8000; n++) sum += survivor(n, 7);
    printf("%lld\n", (long long)sum);
}
