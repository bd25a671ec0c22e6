#include <stdint.h>
#include <stdio.h>

static int64_t hanoi(int64_t n, int64_t from, int64_t to, int64_t via) {
    if (n == 0) return 0;
    int64_t before = hanoi(n - 1, from, via, to);
    int64_t after = hanoi(n - 1, via, to, from);
    return before + after + from * n + to;
}

int main(void) { printf("%lld\n", (long long)hanoi(25, 1, 3, 2)); }
