#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double entry(int64_t i, int64_t j) { return (double)((i * 31 + j * 17) % 100) / 10.0; }

int main(void) {
    int64_t n = 400;
    double *a = malloc(n * n * sizeof *a), *columns = malloc(n * n * sizeof *a), *product = malloc(n * n * sizeof *a);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) a[i * n + j] = columns[j * n + i] = entry(i, j);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0.0;
            for (int64_t k = 0; k < n; k++) sum += a[i * n + k] * columns[j * n + k];
            product[i * n + j] = sum;
        }
    double total = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double row = 0.0;
        for (int64_t j = 0; j < n; j++) row += product[i * n + j];
        total += row;
    }
    printf("%.1f\n", floor(total));
    free(a);
    free(columns);
    free(product);
}
