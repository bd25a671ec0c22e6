#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { NUM, VAR, ADD, MUL };

typedef struct expr {
    enum kind kind;
    union {
        int64_t number;
        struct {
            struct expr *a, *b;
        };
    };
} expr;

static expr *num(int64_t n) {
    expr *e = malloc(sizeof *e);
    e->kind = NUM;
    e->number = n;
    return e;
}

static expr *pair(enum kind kind, expr *a, expr *b) {
    expr *e = malloc(sizeof *e);
    e->kind = kind;
    e->a = a;
    e->b = b;
    return e;
}

static void drop(expr *e) {
    if (e->kind == ADD || e->kind == MUL) {
        drop(e->a);
        drop(e->b);
    }
    free(e);
}

static expr *build(int64_t depth, int64_t seed) {
    if (depth == 0) {
        if (seed % 3 != 0) return num(seed % 7);
        expr *e = malloc(sizeof *e);
        e->kind = VAR;
        return e;
    }
    expr *left = build(depth - 1, (seed * 5 + 1) % 1009);
    expr *right = build(depth - 1, (seed * 3 + 2) % 1009);
    return pair(seed % 2 == 0 ? ADD : MUL, left, right);
}

static int is(const expr *e, int64_t n) { return e->kind == NUM && e->number == n; }

/* Takes e and gives a simpler one. */
static expr *simplify(expr *e) {
    if (e->kind != ADD && e->kind != MUL) return e;
    expr *a = simplify(e->a), *b = simplify(e->b);
    enum kind kind = e->kind;
    free(e);
    if (kind == ADD) {
        if (is(a, 0)) { drop(a); return b; }
        if (is(b, 0)) { drop(b); return a; }
    } else {
        if (is(a, 0) || is(b, 0)) { drop(a); drop(b); return num(0); }
        if (is(a, 1)) { drop(a); return b; }
        if (is(b, 1)) { drop(b); return a; }
    }
    if (a->kind == NUM && b->kind == NUM) {
        int64_t n = kind == ADD ? (a->number + b->number) % 1000 : (a->number * b->number) % 1000;
        drop(a);
        drop(b);
        return num(n);
    }
    return pair(kind, a, b);
}

static int64_t value(const expr *e, int64_t x) {
    switch (e->kind) {
    case NUM: return e->number;
    case VAR: return x;
    case ADD: return (value(e->a, x) + value(e->b, x)) % 1000003;
    default: return (value(e->a, x) * value(e->b, x)) % 1000003;
    }
}

int main(void) {
    int64_t sum = 0;
    for (int64_t seed = 1; seed < 41; seed++) {
        expr *e = simplify(build(15, seed));
        sum += value(e, seed);
        drop(e);
    }
    printf("%lld\n", (long long)sum);
}
