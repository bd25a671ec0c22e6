#include <stdint.h>
#include <stdio.h>

static int64_t coin(int64_t kind) {
    switch (kind) {
    case 0: return 1;
    case 1: return 2;
    case 2: return 5;
    case 3: return 10;
    case 4: return 20;
    case 5: return 50;
    case 6: return 100;
    default: return 200;
    }
}

static int64_t ways(int64_t sum, int64_t kind) {
    if (sum == 0) return 1;
    if (sum < 0 || kind < 0) return 0;
    return ways(sum - coin(kind), kind) + ways(sum, kind - 1);
}

int main(void) { printf("%lld\n", (long long)ways(520, 7)); }
