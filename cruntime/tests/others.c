/* others.c - runs the program of its own name that PATH has elsewhere, without the libraries that are preloaded: the
 * sanitizers' libraries, which `run-with` preloads, crash or hang programs that are not ours. Linked statically, since
 * nothing is preloaded into such a program. What gdb runs does get the libraries. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program's path, in a folder of PATH that does not hold this file. */
static bool find(const char *name, char *path, size_t size) {
    struct stat own, found;
    if (stat("/proc/self/exe", &own) != 0) return false;
    for (const char *at = getenv("PATH"); at != NULL && *at != '\0'; at += *at == ':') {
        size_t length = strcspn(at, ":");
        int needed = snprintf(path, size, "%.*s/%s", (int)length, at, name);
        at += length;
        if (needed < (int)size && access(path, X_OK) == 0 && stat(path, &found) == 0 && found.st_ino != own.st_ino)
            return true;
    }
    return false;
}

int main(int count, char **arguments) {
    const char *slash = strrchr(arguments[0], '/'), *name = slash != NULL ? slash + 1 : arguments[0];
    char path[4096], preload[8192];
    if (!find(name, path, sizeof path)) {
        fprintf(stderr, "others: %s: not found\n", name);
        return 127;
    }
    const char *preloaded = getenv("LD_PRELOAD");
    snprintf(preload, sizeof preload, "set environment LD_PRELOAD %s", preloaded != NULL ? preloaded : "");
    unsetenv("LD_PRELOAD");
    if (strcmp(name, "gdb") == 0) {
        char **with = calloc((size_t)count + 5, sizeof *with);
        if (with == NULL) return 126;
        with[0] = arguments[0];
        with[1] = "-iex";
        with[2] = preload;
        with[3] = "-iex";
        with[4] = "set startup-with-shell off"; /* the shell is not ours either */
        memcpy(with + 5, arguments + 1, (size_t)count * sizeof *with);
        arguments = with;
    }
    execv(path, arguments);
    perror(path);
    return 126;
}
