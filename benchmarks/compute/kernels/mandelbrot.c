#include <stdint.h>
#include <stdio.h>

static int64_t escapes(double cx, double cy) {
    double x = 0.0, y = 0.0;
    for (int64_t left = 100; left != 0; left--) {
        if (x * x + y * y > 4.0) return 1;
        double next = x * x - y * y + cx;
        y = 2.0 * x * y + cy;
        x = next;
    }
    return 0;
}

int main(void) {
    int64_t size = 1000, count = 0;
    for (int64_t j = 0; j < size; j++) {
        double cy = 2.0 * ((double)j / (double)size) - 1.0;
        for (int64_t i = 0; i < size; i++) count += escapes(2.0 * ((double)i / (double)size) - 1.5, cy);
    }
    printf("%lld\n", (long long)count);
}
