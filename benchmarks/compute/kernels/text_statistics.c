#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    const char *line = "the quick brown fox, 42 years old, jumps over 7 lazy dogs. ";
    size_t n = strlen(line), size = n * 1000000;
    char *text = malloc(size);
    for (size_t i = 0; i < 1000000; i++) memcpy(text + i * n, line, n);
    int64_t letters = 0, digits = 0, spaces = 0, others = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 97 && byte <= 122) letters++;
        else if (byte >= 48 && byte <= 57) digits++;
        else if (byte == 32) spaces++;
        else others++;
    }
    printf("Counts { letters: %lld, digits: %lld, spaces: %lld, others: %lld }\n", (long long)letters,
           (long long)digits, (long long)spaces, (long long)others);
    free(text);
}
