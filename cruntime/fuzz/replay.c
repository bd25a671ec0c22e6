/*
 * Stands in for libFuzzer where only gcc is: runs a target over the files of a corpus, each as it is, cut short
 * everywhere, and with every byte changed in a few ways. It explores nothing; it keeps what was found found.
 *
 *     fuzz_request_parser_replay corpus/request_parser
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { MAX_FILE = 4096 };

static size_t runs;

static void run(const uint8_t *data, size_t size)
{
    runs++;
    LLVMFuzzerTestOneInput(data, size);
}

/* Bytes that mean something to one of the parsers. */
static const uint8_t substitutes[] = {0, '\t', '\n', '\r', ' ', ',', ':', ';', '"', '%', '0', '9', 'f', 0x7f, 0xff};

static void run_variants(uint8_t *data, size_t size)
{
    run(data, size);
    for (size_t cut = 1; cut < size; cut++)
        run(data, cut);
    for (size_t at = 0; at < size; at++) {
        uint8_t original = data[at];
        for (size_t i = 0; i < sizeof substitutes; i++) {
            data[at] = substitutes[i];
            run(data, size);
        }
        data[at] = original ^ 0x20;
        run(data, size);
        data[at] = original;
    }
}

static int run_file(const char *path)
{
    uint8_t data[MAX_FILE];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    run_variants(data, size);
    return 0;
}

static int run_path(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISDIR(about.st_mode))
        return run_file(path);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return 1;
    }
    int failed = 0, files = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        failed |= run_file(name);
        files++;
    }
    closedir(folder);
    if (files == 0)
        fprintf(stderr, "%s: no corpus\n", path);
    return failed | (files == 0);
}

int main(int count, char **paths)
{
    int failed = count < 2;
    for (int i = 1; i < count; i++)
        failed |= run_path(paths[i]);
    fprintf(stderr, "%zu runs\n", runs);
    return failed;
}
