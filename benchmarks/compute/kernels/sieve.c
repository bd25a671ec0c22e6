#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int64_t limit = 5000000;
    bool *flags = malloc(limit);
    for (int64_t n = 0; n < limit; n++) flags[n] = n > 1;
    for (int64_t n = 2; n * n < limit; n++)
        if (flags[n])
            for (int64_t m = n * n; m < limit; m += n) flags[m] = false;
    int64_t count = 0;
    for (int64_t n = 0; n < limit; n++) count += flags[n];
    printf("%lld\n", (long long)count);
    free(flags);
}
