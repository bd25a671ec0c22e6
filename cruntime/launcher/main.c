/* main.c - the `ospjit` command: runs a program whose code is cached without starting Python, and hands everything
 * else over to the Python that it is installed with.
 *
 * It knows no option and no cache entry: both are the runtime library's business, which the note in the cache (see
 * where.h) names. It must do nothing that could be told from `python -m ospjit` by anything but the time. */
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../src/code/where.h"

/* Python would put the working directory first on its path for `-m` and `-c`: nothing there is to be imported. */
#define START                                   \
    "import sys\n"                              \
    "if sys.path[0] == '': del sys.path[0]\n"   \
    "from ospjit.__main__ import run\n"         \
    "run()"

static char self[PATH_MAX];

/* ---- a cached program ---------------------------------------------------------------------------------------------- */

/* What Python does at its start and a program can see: two signals are ignored, and the character type's locale is the
 * user's, or UTF-8 instead of the C locale (PEP 538). That Python also says so in the environment is undone by the
 * package. */
static void be_like_python(void) {
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    const char *locale = setlocale(LC_CTYPE, ""), *all = getenv("LC_ALL"), *coerce = getenv("PYTHONCOERCECLOCALE");
    if (locale == NULL || strcmp(locale, "C") != 0 || (all != NULL && *all != '\0')) return;
    if (coerce != NULL && strcmp(coerce, "0") == 0) return;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Ends the process with the program's status, or returns. */
static void run_cached(int count, char **arguments) {
    if (count < 1 || getenv("OSPJIT_RUNTIME") != NULL) return;
    struct osp_where where;
    if (!osp__where_find(self, &where)) return;
    void *library = dlopen(where.library, RTLD_NOW | RTLD_LOCAL);
    int64_t (*launch)(const char *, const char *, int64_t, int32_t, char *const *) = NULL;
    if (library != NULL) *(void **)&launch = dlsym(library, "osp_launch");
    if (launch == NULL) return;
    be_like_python();
    int64_t status = launch(where.package, where.library, now(), count, arguments);
    if (status >= 0) _exit((int)status);
}

/* ---- Python -------------------------------------------------------------------------------------------------------- */

static bool is_executable(const char *path) { return access(path, X_OK) == 0; }

/* The interpreter in the launcher's own folder: virtual environments and prefixes of an interpreter. */
static bool beside(const char *folder, char *path, size_t size) {
    static const char *const names[] = {"python3", "python"};
    for (size_t i = 0; i < 2; i++)
        if ((size_t)snprintf(path, size, "%s/%s", folder, names[i]) < size && is_executable(path)) return true;
    return false;
}

/* A folder of scripts without an interpreter, such as ~/.local/bin: the folder of packages beside it says which
 * version it belongs to. */
static bool by_version(const char *folder, char *path, size_t size) {
    char pattern[PATH_MAX + 64];
    snprintf(pattern, sizeof pattern, "%s/../lib*/python3.*/*-packages/ospjit*", folder);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) return false;
    const char *version = strstr(found.gl_pathv[found.gl_pathc - 1] + strlen(folder), "/python3.") + 1;
    size_t length = strcspn(version, "/");
    const char *search = getenv("PATH");
    bool ok = false;
    for (const char *at = search; !ok && at != NULL && *at != '\0';) {
        size_t part = strcspn(at, ":");
        ok = (size_t)snprintf(path, size, "%.*s/%.*s", (int)part, at, (int)length, version) < size && is_executable(path);
        at += part + (at[part] == ':');
    }
    globfree(&found);
    return ok;
}

static const char *interpreter(void) {
    static char path[PATH_MAX];
    const char *chosen = getenv("OSPJIT_PYTHON");
    if (chosen != NULL && *chosen != '\0') return chosen;
    char folder[PATH_MAX];
    memcpy(folder, self, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = '\0';
    return beside(folder, path, sizeof path) || by_version(folder, path, sizeof path) ? path : "python3";
}

static int hand_over(int count, char **arguments) {
    const char *python = interpreter();
    char **command = calloc((size_t)count + 4, sizeof *command);
    if (command == NULL || setenv("OSPJIT_HANDOVER", self, 1) != 0) {
        fprintf(stderr, "ospjit: out of memory\n");
        free(command);
        return 3;
    }
    command[0] = (char *)(uintptr_t)python;
    command[1] = (char *)(uintptr_t)"-c";
    command[2] = (char *)(uintptr_t)START;
    memcpy(command + 3, arguments, (size_t)count * sizeof *command);
    if (strchr(python, '/') != NULL) execv(python, command);
    else execvp(python, command);
    fprintf(stderr, "ospjit: cannot start %s: %s\n", python, strerror(errno));
    free(command);
    return 3;
}

int main(int argc, char **argv) {
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) run_cached(argc - 1, argv + 1);
    return hand_over(argc > 0 ? argc - 1 : 0, argv + 1);
}
