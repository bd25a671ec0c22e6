#include <stdint.h>
#include <stdio.h>

int main(void) {
    int64_t count = 0, limit = 1400;
    for (int64_t a = 1; a < limit; a++)
        for (int64_t b = a; b < limit; b++)
            for (int64_t c = b; c < limit; c++)
                if (a * a + b * b == c * c) count++;
    printf("%lld\n", (long long)count);
}
