/* check.h - what the runtime's own tests share: checks that name what failed, and running a body as a program's main
 * in a child process, so that exit statuses, signals and whole-process output can be looked at. */
#ifndef OSP_TESTS_CHECK_H
#define OSP_TESTS_CHECK_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "mem/object.h"
#include "mem/string.h"

/* Where everything takes long: tests of many or much do less. */
#ifdef OSP_SLOW_TESTS
#define SMALL 1
#else
#define SMALL (OSP_ASAN || OSP_TSAN)
#endif

static int check_failures;

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);                       \
            fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);   \
        }                                                                                   \
    } while (0)

#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, actual, expected)

__attribute__((unused)) static void check_text(const char *file, int line, const char *actual, const char *expected) {
    if (strcmp(actual, expected) == 0) return;
    __atomic_add_fetch(&check_failures, 1, __ATOMIC_SEQ_CST);
    fprintf(stderr, "%s:%d: got \"%s\", expected \"%s\"\n", file, line, actual, expected);
}

/* Checks an owned string and drops it. */
__attribute__((unused)) static void check_string(const char *file, int line, char *actual, const char *expected) {
    check_text(file, line, actual, expected);
    osp_drop(actual);
}
#define CHECK_STRING(actual, expected) check_string(__FILE__, __LINE__, actual, expected)

static inline int check_report(void) {
    if (check_failures != 0) fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}

static inline char *text(const char *literal) { return osp_string_new(literal, strlen(literal)); }

/* A program run in a child process. */
struct child {
    int status;       /* exit status; 1000 + signal if a signal ended it */
    char output[8192]; /* what it wrote to standard output and error */
};

/* Runs `entry` by osp_run_main in a child, sends it `signal` (0: none) once it has written something, and collects what
 * it wrote. */
__attribute__((unused)) static struct child run_child(void (*entry)(osp_ctx *, void *), int signal) {
    struct child child = {0};
    int pipes[2];
    if (pipe(pipes) != 0) abort();
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        close(pipes[0]);
        close(pipes[1]);
        alarm(20);
        _exit((int)osp_run_main(entry));
    }
    close(pipes[1]);
    if (signal != 0) {
        struct pollfd first = {.fd = pipes[0], .events = POLLIN};
        (void)poll(&first, 1, 15000);
        kill(pid, signal);
    }
    size_t used = 0;
    for (ssize_t n; used < sizeof child.output - 1 &&
                    (n = read(pipes[0], child.output + used, sizeof child.output - 1 - used)) > 0;)
        used += (size_t)n;
    close(pipes[0]);
    int status;
    waitpid(pid, &status, 0);
    child.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return child;
}

#endif
