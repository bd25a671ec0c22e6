#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int64_t length = 0, capacity = 0, *xs = NULL;
    for (int64_t n = 200000; n != 0; n--) {
        if (length == capacity) {
            capacity = capacity ? 2 * capacity : 8;
            xs = realloc(xs, capacity * sizeof *xs);
        }
        xs[length++] = n;
    }
    int64_t seed = 1;
    for (int64_t rounds = 10000000; rounds != 0; rounds--) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        xs[seed % length] += rounds;
    }
    int64_t sum = 0;
    for (int64_t i = 0; i < length; i++) sum += xs[i];
    printf("%lld\n", (long long)sum);
    free(xs);
}
