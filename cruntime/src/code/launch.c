/* launch.c - see launch.h. The options are those whose meaning is a part of the key or of the run; one that is not
 * among them, however it came about, belongs to the compiler's command line. */
#include "launch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/diagnostic.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "cached.h"

#define MAX_SOURCE ((off_t)64 << 20)

/* In alphabetical order, as in the key. */
static const char *const capabilities[] = {"ffi", "fs", "http", "process", "websocket"};
#define CAPABILITIES (sizeof capabilities / sizeof *capabilities)

struct request {
    int level;
    unsigned disabled; /* a bit a capability */
    const char *cpu;
    int32_t workers;
    bool statistics, json;
    const char *file;
};

/* ---- the command line ---------------------------------------------------------------------------------------------- */

static const char *value_of(const char *argument, const char *option) {
    size_t length = strlen(option);
    return strncmp(argument, option, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static bool set_workers(struct request *request, const char *text) {
    int32_t number = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > 1024) return false;
        number = number * 10 + (*at - '0');
    }
    request->workers = number;
    return number >= 1 && number <= 1024;
}

static bool set_form(struct request *request, const char *text) {
    request->json = strcmp(text, "json") == 0;
    return request->json || strcmp(text, "text") == 0;
}

static bool disable(struct request *request, const char *name) {
    for (size_t i = 0; i < CAPABILITIES; i++) {
        if (strcmp(name, capabilities[i]) != 0) continue;
        request->disabled |= 1u << i;
        return true;
    }
    return false;
}

/* One option; *at is moved behind it and its value. False: not understood. */
static bool option(struct request *request, int32_t count, const char *const *arguments, int32_t *at) {
    const char *argument = arguments[(*at)++], *value;
    if (argument[0] == '-' && argument[1] == 'O' && argument[2] >= '0' && argument[2] <= '3' && argument[3] == '\0') {
        request->level = argument[2] - '0';
        return true;
    }
    if (strcmp(argument, "--sandbox") == 0) {
        request->disabled = (1u << CAPABILITIES) - 1;
        return true;
    }
    if (strcmp(argument, "--cache-stats") == 0) return request->statistics = true;
    if ((value = value_of(argument, "--mcpu")) != NULL && *value != '\0') return (request->cpu = value) != NULL;
    if ((value = value_of(argument, "--workers")) != NULL) return set_workers(request, value);
    if ((value = value_of(argument, "--diagnostics")) != NULL) return set_form(request, value);
    if (strncmp(argument, "--no-", 5) == 0) return disable(request, argument + 5);
    if (strcmp(argument, "--workers") == 0 && *at < count) return set_workers(request, arguments[(*at)++]);
    return false;
}

/* The index behind the file's name, or -1. */
static int32_t understand(struct request *request, int32_t count, const char *const *arguments) {
    int32_t at = 0;
    while (at < count && arguments[at][0] == '-')
        if (!option(request, count, arguments, &at)) return -1;
    if (at == count || arguments[at][0] == '\0') return -1;
    request->file = arguments[at++];
    for (int32_t i = at; i < count; i++)
        if (strcmp(arguments[i], "--") == 0) return -1; /* which of the two gets it is the other command line's business */
    return at;
}

/* ---- the source ----------------------------------------------------------------------------------------------------- */

/* Only of regular files: what is read from a pipe is gone for whoever compiles it. */
static bool read_source(const char *path, struct osp_bytes *source) {
    int fd = osp__open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) return false;
    struct stat status;
    char *bytes = NULL;
    size_t done = 0;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_SOURCE &&
        (bytes = osp__alloc((size_t)status.st_size + 1)) != NULL) {
        for (ssize_t n; done <= (size_t)status.st_size; done += (size_t)n) {
            n = osp__read(fd, bytes + done, (size_t)status.st_size + 1 - done);
            if (n <= 0) break;
        }
    }
    (void)osp__close(fd);
    source->data = bytes;
    source->size = done;
    if (bytes != NULL && done == (size_t)status.st_size) return true;
    osp__release(bytes);
    return false;
}

static struct osp_bytes text_bytes(const char *text) { return (struct osp_bytes){text, strlen(text)}; }

static void describe_options(const struct request *request, char *text, size_t size) {
    int length = snprintf(text, size, "O%d no=", request->level);
    const char *separator = "";
    for (size_t i = 0; i < CAPABILITIES; i++) {
        if (!(request->disabled & 1u << i)) continue;
        length += snprintf(text + length, size - (size_t)length, "%s%s", separator, capabilities[i]);
        separator = ",";
    }
}

static bool find(const struct request *request, const char *package, const char *library, int64_t since,
                 struct osp_code **code, char **notes) {
    struct osp_bytes source;
    if (!read_source(request->file, &source)) return false;
    char options[128];
    describe_options(request, options, sizeof options);
    const struct osp_bytes key[OSP_KEY_PARTS] = {
        [OSP_KEY_PACKAGE] = text_bytes(package), [OSP_KEY_LIBRARY] = text_bytes(library),
        [OSP_KEY_OPTIONS] = text_bytes(options), [OSP_KEY_CPU] = text_bytes(request->cpu),
        [OSP_KEY_NAME] = text_bytes(request->file), [OSP_KEY_SOURCE] = source,
    };
    const char *why;
    int error = osp_cache_load(key, since, code, notes, &why);
    osp__release((void *)(uintptr_t)source.data);
    return error == 0;
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

/* What the compilation said, in the form that the command line would choose. */
static void repeat(const char *notes, bool json) {
    const char *coloured = notes + strlen(notes) + 1;
    const char *text = json                                                     ? coloured + strlen(coloured) + 1
                       : isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL ? coloured
                                                                                : notes;
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = osp__write(STDERR_FILENO, text, left);
        if (n <= 0) return;
        text += n;
        left -= (size_t)n;
    }
}

/* A fiber wakes who awaits it before its own worker has released what it held, so the workers get half a second when
 * something is left; counted in rounds, for the runtime's clock may stand still. -1: nobody counts. */
static int64_t cells_left(void) {
    int64_t live = osp_live_cells();
    for (int round = 0; live > 0 && round < 250; round++) {
        osp__thread_sleep_ns(2000000);
        live = osp_live_cells();
    }
    return live;
}

OSP_API int64_t osp_run_program(void (*entry)(osp_ctx *, void *)) {
    int64_t status = osp_run_main(entry);
    int64_t live = cells_left();
    if (live > 0) osp__diagnose("%lld cells are still alive at the end", (long long)live);
    return status;
}

static int64_t start_and_run(void (*entry)(osp_ctx *, void *), int32_t workers, int32_t count, const char *const *arguments) {
    const osp_config config = {.size = sizeof config, .workers = workers, .argc = count, .argv = arguments};
    int error = osp_runtime_start(&config);
    if (error == 0) return osp_run_program(entry);
    osp__diagnose("the runtime cannot start: %s", osp__runtime_problem(error));
    return OSP_EXIT_DIAGNOSTIC;
}

OSP_API int64_t osp_launch(const char *package, const char *library, int64_t since, int32_t count, const char *const *arguments) {
    struct request request = {.level = 2, .cpu = ""};
    int32_t first = understand(&request, count, arguments);
    struct osp_code *code;
    char *notes;
    const char *perf = getenv("OSPJIT_PERF");
    if (perf != NULL && *perf != '\0' && strcmp(perf, "0") != 0) return -1; /* the compiler tells it of the code */
    if (first < 0 || !find(&request, package, library, since, &code, &notes)) return -1;
    void (*entry)(osp_ctx *, void *);
    *(void **)&entry = osp_code_symbol(code, "osp_program");
    if (entry == NULL) return -1;
    repeat(notes, request.json);
    osp__release(notes);
    if (request.statistics) osp__diagnose("cache: hit");
    return start_and_run(entry, request.workers, count - first, arguments + first);
}
