#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct queens {
    int64_t row;
    struct queens *before;
} queens;

static bool safe(int64_t row, const queens *q) {
    for (int64_t distance = 1; q; q = q->before, distance++)
        if (row == q->row || row == q->row + distance || row == q->row - distance) return false;
    return true;
}

static int64_t solve(int64_t column, int64_t size, queens *q) {
    if (column == size) return 1;
    int64_t count = 0;
    for (int64_t row = 0; row < size; row++) {
        if (!safe(row, q)) continue;
        queens *next = malloc(sizeof *next);
        next->row = row;
        next->before = q;
        count += solve(column + 1, size, next);
        free(next);
    }
    return count;
}

int main(void) { printf("%lld\n", (long long)solve(0, 11, NULL)); }
