#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    size_t size = 0, room = 64;
    char *text = malloc(room);
    for (int64_t n = 2000000; n != 0; n--) {
        if (room - size < 64) text = realloc(text, room *= 2);
        size += (size_t)sprintf(text + size, "line %lld: %lld\n", (long long)n, (long long)(n * n));
    }
    printf("%zu\nSuccess(%.24s)\n", size, text);
    free(text);
}
