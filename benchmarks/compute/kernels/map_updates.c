#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Chained, growing, as textbooks have it. */
typedef struct entry {
    struct entry *next;
    int64_t key, value;
} entry;

typedef struct {
    entry **buckets;
    uint64_t capacity, length;
} map;

static uint64_t hash(uint64_t key) {
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 32;
}

static entry **find(const map *m, int64_t key) {
    entry **at = &m->buckets[hash(key) & (m->capacity - 1)];
    while (*at && (*at)->key != key) at = &(*at)->next;
    return at;
}

static void grow(map *m) {
    map larger = {calloc(2 * m->capacity, sizeof(entry *)), 2 * m->capacity, m->length};
    for (uint64_t i = 0; i < m->capacity; i++)
        for (entry *e = m->buckets[i], *next; e; e = next) {
            next = e->next;
            entry **at = &larger.buckets[hash(e->key) & (larger.capacity - 1)];
            e->next = *at;
            *at = e;
        }
    free(m->buckets);
    *m = larger;
}

static void set(map *m, int64_t key, int64_t value) {
    entry **at = find(m, key);
    if (*at) {
        (*at)->value = value;
        return;
    }
    if (m->length == m->capacity) {
        grow(m);
        at = find(m, key);
    }
    entry *e = malloc(sizeof *e);
    *e = (entry){NULL, key, value};
    *at = e;
    m->length++;
}

static int64_t get(const map *m, int64_t key) {
    entry *e = *find(m, key);
    return e ? e->value : 0;
}

static void discard(map *m, int64_t key) {
    entry **at = find(m, key), *e = *at;
    if (!e) return;
    *at = e->next;
    free(e);
    m->length--;
}

int main(void) {
    map m = {calloc(8, sizeof(entry *)), 8, 0};
    for (int64_t n = 200000; n != 0; n--) set(&m, n * 7919 % 100003, n);
    for (int64_t n = 2000000; n != 0; n--) {
        int64_t key = n * 104729 % 100003;
        set(&m, key, get(&m, key) + 1);
    }
    for (int64_t n = 50000; n != 0; n--) discard(&m, n * 2);
    printf("%llu\n", (unsigned long long)m.length);
    int64_t sum = 0;
    for (int64_t key = 0; key < 100003; key++) sum += get(&m, key);
    printf("%lld\n", (long long)sum);
}
