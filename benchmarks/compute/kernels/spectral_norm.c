#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double element(int64_t i, int64_t j) { return 1.0 / (double)((i + j) * (i + j + 1) / 2 + i + 1); }

static double *rows(const double *v, int64_t n) {
    double *result = malloc(n * sizeof *result);
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < n; j++) sum += element(i, j) * v[j];
        result[i] = sum;
    }
    return result;
}

static double *columns(const double *v, int64_t n) {
    double *result = malloc(n * sizeof *result);
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < n; j++) sum += element(j, i) * v[j];
        result[i] = sum;
    }
    return result;
}

static double dot(const double *u, const double *v, int64_t n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += u[i] * v[i];
    return sum;
}

static double *both(const double *u, int64_t n) {
    double *between = rows(u, n), *result = columns(between, n);
    free(between);
    return result;
}

int main(void) {
    int64_t n = 1000;
    double *u = malloc(n * sizeof *u), *v = NULL;
    for (int64_t i = 0; i < n; i++) u[i] = 1.0;
    for (int rounds = 10; rounds != 0; rounds--) {
        free(v);
        v = both(u, n);
        free(u);
        u = both(v, n);
    }
    printf("%.1f\n", floor(sqrt(dot(u, v, n) / dot(v, v, n)) * 1000000000.0));
    free(u);
    free(v);
}
