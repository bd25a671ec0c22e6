/* process.c - child processes of the language: a shell command whose output goes to a function of the program.
 *
 * A task (see sched/task.h) stands for each process; its fiber waits for the two pipes, calls the handler, one text at a
 * time, and in the end waits for the process. So awaiting a process is awaiting a fiber. What the fiber needs is its
 * environment, a counted object: should the handler end the fiber early, the pipes are closed and the process is
 * waited for all the same. Texts are whole lines as long as these fit into the buffer. */
#include "../base.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fiber/fiber.h"
#include "../net/net.h"
#include "../sched/blocking.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "failure.h"

enum { STDOUT_TEXT = 1, STDERR_TEXT = 2, EXIT_TEXT = 3 };
enum { BUFFER = 1 << 16 };

extern char **environ;

struct stream {
    int fd; /* -1: at its end */
    int kind;
    size_t length;
    char *bytes; /* BUFFER of them */
};

/* The environment of a process's fiber. The first two fields are counted. */
struct process {
    void *handler_env;
    char *text; /* what the handler looks at now; here, so that it goes with the fiber */
    osp_thunk handler;
    int64_t id;
    pid_t pid; /* 0 once it has been waited for */
    int epoll; /* of both pipes, so that the fiber can wait for either */
    struct stream streams[2];
};

/* What the handler gets, as compiled code reads it. */
struct event {
    int64_t id, kind;
    char *text;
};

/* ---- the table: from the program's numbers to tasks ----------------------------------------------------------------- */

struct entry {
    int64_t id;
    void *task; /* counted; NULL until it has been made */
    struct entry *next;
};

static struct {
    pthread_mutex_t lock;
    struct entry *first;
    int64_t last_id;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* With the lock held: the link to an entry, or to where the list ends. */
static struct entry **find(int64_t id)
{
    struct entry **link = &table.first;
    while (*link != NULL && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

/* ---- starting --------------------------------------------------------------------------------------------------------- */

struct launch {
    const char *command;
    int output[2], errors[2];
    pid_t pid;
    int error; /* a positive errno */
};

/* A pipe whose reading end does not block. */
static int open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return errno;
    }
    return -osp__set_nonblocking(ends[0]);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        (void)osp__close(fd);
}

/* Workers block all signals and the runtime ignores SIGPIPE; a child expects neither. */
static int start_shell(struct launch *launch)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (posix_spawnattr_init(&attributes) != 0)
        return ENOMEM;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        posix_spawnattr_destroy(&attributes);
        return ENOMEM;
    }
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, launch->output[1], STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, launch->errors[1], STDERR_FILENO);
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)launch->command, NULL};
    if (error == 0)
        error = posix_spawn(&launch->pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static void start(void *argument)
{
    struct launch *launch = argument;
    launch->error = open_pipe(launch->output);
    if (launch->error == 0)
        launch->error = open_pipe(launch->errors);
    if (launch->error == 0)
        launch->error = start_shell(launch);
    close_if_open(launch->output[1]);
    close_if_open(launch->errors[1]);
    if (launch->error != 0) {
        close_if_open(launch->output[0]);
        close_if_open(launch->errors[0]);
    }
}

/* ---- ending ----------------------------------------------------------------------------------------------------------- */

struct ending {
    pid_t pid;
    int status; /* as of a shell: 128 and the signal's number if one ended it */
};

static void wait_for(struct ending *ending)
{
    int status = 0;
    while (waitpid(ending->pid, &status, 0) < 0)
        if (errno != EINTR)
            return;
    ending->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void wait_on_pool(void *argument)
{
    wait_for(argument);
}

static void reap(void *argument)
{
    struct ending ending = {.pid = (pid_t)(intptr_t)argument};
    wait_for(&ending);
}

static void finalize(void *object, struct osp__dead *dead)
{
    (void)dead;
    struct process *process = object;
    for (int i = 0; i < 2; i++) {
        close_if_open(process->streams[i].fd);
        osp__release(process->streams[i].bytes);
    }
    close_if_open(process->epoll);
    if (process->pid != 0 && waitpid(process->pid, NULL, WNOHANG) == 0)
        (void)osp__blocking_start(reap, (void *)(intptr_t)process->pid);
}

/* ---- the fiber of a process --------------------------------------------------------------------------------------------- */

static void call_handler(osp_ctx *ctx, struct process *process, int kind, const char *bytes, size_t length)
{
    process->text = osp__string_copy(ctx, bytes, length);
    struct event event = {process->id, kind, process->text};
    process->handler(ctx, process->handler_env, &event);
    osp_drop(process->text);
    process->text = NULL;
}

/* Hands over the first `length` bytes of what is buffered. */
static void deliver(osp_ctx *ctx, struct process *process, struct stream *stream, size_t length)
{
    if (length == 0)
        return;
    call_handler(ctx, process, stream->kind, stream->bytes, length);
    stream->length -= length;
    memmove(stream->bytes, stream->bytes + length, stream->length);
}

/* How much of a full buffer can go without cutting a character in two. */
static size_t whole_characters(const struct stream *stream)
{
    size_t length = stream->length;
    while (length > stream->length - 3 && ((unsigned char)stream->bytes[length - 1] & 0xc0) == 0x80)
        length--;
    bool begins = ((unsigned char)stream->bytes[length - 1] & 0xc0) == 0xc0;
    return begins ? length - 1 : stream->length;
}

static void end_stream(struct process *process, struct stream *stream)
{
    (void)osp__epoll_delete(process->epoll, stream->fd);
    (void)osp__close(stream->fd);
    stream->fd = -1;
}

static void read_some(osp_ctx *ctx, struct process *process, struct stream *stream)
{
    ssize_t n = osp__read(stream->fd, stream->bytes + stream->length, BUFFER - stream->length);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        end_stream(process, stream);
        deliver(ctx, process, stream, stream->length);
        return;
    }
    stream->length += (size_t)n;
    const char *newline = memrchr(stream->bytes, '\n', stream->length);
    if (newline != NULL)
        deliver(ctx, process, stream, (size_t)(newline + 1 - stream->bytes));
    else if (stream->length == BUFFER)
        deliver(ctx, process, stream, whole_characters(stream));
}

static bool is_open(const struct process *process)
{
    return process->streams[0].fd >= 0 || process->streams[1].fd >= 0;
}

static void run(osp_ctx *ctx, void *env, void *result)
{
    struct process *process = env;
    while (is_open(process)) {
        struct epoll_event events[2] = {0};
        int error = osp_net_wait(ctx, process->epoll, EPOLLIN, OSP_NO_DEADLINE);
        int count = error == 0 ? osp__epoll_wait(process->epoll, events, 2, 0) : error;
        if (count < 0)
            osp__fiber_fail(ctx, "the output of a process cannot be read");
        for (int i = 0; i < count && events[i].data.ptr != NULL; i++) /* which it never is, but an analyzer cannot know */
            read_some(ctx, process, events[i].data.ptr);
    }
    struct ending ending = {.pid = process->pid};
    if (osp_blocking_call(ctx, wait_on_pool, &ending) != 0)
        osp__fiber_fail(ctx, "no thread to wait for a process with");
    process->pid = 0;
    *(int64_t *)result = ending.status;
    char text[16];
    call_handler(ctx, process, EXIT_TEXT, text, (size_t)snprintf(text, sizeof text, "%d", ending.status));
}

/* ---- the functions ------------------------------------------------------------------------------------------------------ */

static void set_finalizer(void)
{
    osp__set_finalizer(OSP_KIND_PROCESS, finalize);
}

/* Everything that can fail before there is a process. NULL when memory or descriptors run out. Takes the handler. */
static struct process *prepare(osp_thunk handler, void *handler_env)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_finalizer);
    struct process *process = osp__object_new(OSP_INFO(OSP_KIND_PROCESS, 2, 0), 0, sizeof *process);
    if (process == NULL) {
        osp_drop(handler_env);
        return NULL;
    }
    *process = (struct process){.handler_env = handler_env, .handler = handler, .epoll = osp__epoll_create()};
    bool complete = process->epoll >= 0;
    for (int i = 0; i < 2; i++) {
        process->streams[i] = (struct stream){.fd = -1, .kind = STDOUT_TEXT + i, .bytes = osp__alloc(BUFFER)};
        complete = complete && process->streams[i].bytes != NULL;
    }
    if (complete)
        return process;
    osp_drop(process);
    return NULL;
}

/* Makes the number of a process known and starts its fiber. Takes the process; 0 when memory runs out. */
static int64_t adopt(osp_ctx *ctx, struct process *process)
{
    struct entry *entry = osp__alloc(sizeof *entry);
    if (entry == NULL) {
        osp_drop(process);
        return 0;
    }
    pthread_mutex_lock(&table.lock);
    int64_t id = process->id = ++table.last_id;
    *entry = (struct entry){id, NULL, table.first};
    table.first = entry;
    pthread_mutex_unlock(&table.lock);
    void *task = osp_spawn(ctx, run, process, 1, 0); /* without the lock: this may fail the fiber */
    pthread_mutex_lock(&table.lock);
    entry = *find(id);
    if (entry != NULL)
        entry->task = task;
    pthread_mutex_unlock(&table.lock);
    if (entry == NULL) /* the handler was quicker, and called cleanupProcess */
        osp_drop(task);
    return id;
}

OSP_API int64_t osp_spawn_process(osp_ctx *ctx, char *command, osp_thunk handler, void *handler_env, char **error)
{
    struct process *process = NULL;
    if (!osp__check_c_string(error, "spawnProcess", command))
        osp_drop(handler_env);
    else if ((process = prepare(handler, handler_env)) == NULL)
        osp__set_error(error, "spawnProcess: out of memory or descriptors");
    if (process == NULL)
        return 0;
    struct launch launch = {.command = command, .output = {-1, -1}, .errors = {-1, -1}};
    if (osp_blocking_call(ctx, start, &launch) != 0)
        start(&launch);
    if (launch.error != 0) {
        osp__fail_system(error, "spawnProcess", NULL, launch.error);
        osp_drop(process);
        return 0;
    }
    process->pid = launch.pid;
    process->streams[0].fd = launch.output[0];
    process->streams[1].fd = launch.errors[0];
    int failure = 0;
    for (int i = 0; i < 2 && failure == 0; i++)
        failure = osp__epoll_add(process->epoll, process->streams[i].fd, EPOLLIN, &process->streams[i]);
    int64_t id = 0;
    if (failure != 0)
        osp_drop(process);
    else
        id = adopt(ctx, process);
    if (id == 0)
        osp__fail_system(error, "spawnProcess", NULL, failure != 0 ? -failure : ENOMEM);
    return id;
}

/* Parks until the process and its output have ended; -1 when there is no such process. A fiber whose handler failed
 * fails its awaiter. */
OSP_API int64_t osp_await_process(osp_ctx *ctx, int64_t id)
{
    pthread_mutex_lock(&table.lock);
    struct entry *entry = *find(id);
    void *task = entry != NULL ? entry->task : NULL;
    osp_dup(task);
    pthread_mutex_unlock(&table.lock);
    if (task == NULL)
        return -1;
    char *failure = NULL;
    const int64_t *result = osp_await_result(ctx, task, &failure);
    int64_t status = failure == NULL ? *result : -1;
    osp_drop(task);
    if (failure != NULL)
        osp__fiber_fail_with(ctx, failure);
    return status;
}

/* Forgets a process; one that still runs goes on. */
OSP_API void osp_cleanup_process(osp_ctx *ctx, int64_t id)
{
    (void)ctx;
    pthread_mutex_lock(&table.lock);
    struct entry **link = find(id), *entry = *link;
    if (entry != NULL)
        *link = entry->next;
    pthread_mutex_unlock(&table.lock);
    if (entry == NULL)
        return;
    osp_drop(entry->task);
    osp__release(entry);
}
