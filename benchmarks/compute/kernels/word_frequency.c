#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    struct entry *next;
    char *word;
    size_t length;
    int64_t count;
} entry;

static entry **buckets;
static uint64_t capacity = 8, length;

static uint64_t hash(const char *word, size_t size) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) h = (h ^ (unsigned char)word[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static entry **find(const char *word, size_t size) {
    entry **at = &buckets[hash(word, size) & (capacity - 1)];
    while (*at && ((*at)->length != size || memcmp((*at)->word, word, size) != 0)) at = &(*at)->next;
    return at;
}

static void grow(void) {
    entry **old = buckets;
    uint64_t old_capacity = capacity;
    buckets = calloc(capacity *= 2, sizeof *buckets);
    for (uint64_t i = 0; i < old_capacity; i++)
        for (entry *e = old[i], *next; e; e = next) {
            next = e->next;
            entry **at = &buckets[hash(e->word, e->length) & (capacity - 1)];
            e->next = *at;
            *at = e;
        }
    free(old);
}

int main(void) {
    size_t size = 0, room = 64;
    char *text = malloc(room);
    int64_t seed = 42;
    for (int64_t n = 600000; n != 0; n--) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        if (room - size < 32) text = realloc(text, room *= 2);
        size += (size_t)sprintf(text + size, size ? " word%lld" : "word%lld", (long long)(seed % 5003));
    }
    buckets = calloc(capacity, sizeof *buckets);
    for (char *at = text, *end = text + size; at < end;) {
        char *stop = memchr(at, ' ', (size_t)(end - at));
        if (!stop) stop = end;
        size_t n = (size_t)(stop - at);
        entry **slot = find(at, n);
        if (!*slot) {
            if (length == capacity) {
                grow();
                slot = find(at, n);
            }
            entry *e = malloc(sizeof *e);
            *e = (entry){NULL, malloc(n + 1), n, 0};
            memcpy(e->word, at, n);
            e->word[n] = 0;
            *slot = e;
            length++;
        }
        (*slot)->count++;
        at = stop + 1;
    }
    int64_t best = 0;
    for (uint64_t i = 0; i < capacity; i++)
        for (entry *e = buckets[i]; e; e = e->next)
            if (e->count > best) best = e->count;
    printf("%llu\n%lld\nSuccess(%lld)\n", (unsigned long long)length, (long long)best,
           (long long)(*find("word17", 6))->count);
}
