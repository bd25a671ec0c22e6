#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tree {
    struct tree *left, *right;
} tree;

static tree *make(int64_t depth) {
    if (depth == 0) return NULL;
    tree *t = malloc(sizeof *t);
    t->left = make(depth - 1);
    t->right = make(depth - 1);
    return t;
}

static int64_t nodes(const tree *t) { return t ? nodes(t->left) + nodes(t->right) + 1 : 1; }

static void drop(tree *t) {
    if (!t) return;
    drop(t->left);
    drop(t->right);
    free(t);
}

int main(void) {
    int64_t sum = 0;
    for (int i = 0; i < 64; i++) {
        tree *t = make(16);
        sum += nodes(t);
        drop(t);
    }
    printf("%lld\n", (long long)sum);
}
