/* test_program.c - the life of a program: exit statuses, diagnostics, signals, output that is never lost. Each case is a
 * child process that has started no runtime before it forks. */
#include "check.h"

static void fine(osp_ctx *ctx, void *result) {
    char *hello = text("hello");
    osp_print(ctx, hello);
    osp_drop(hello);
    *(int64_t *)result = 7 + 256;
}

static void exits(osp_ctx *ctx, void *result) {
    (void)result;
    char *hello = text("before the end");
    osp_print(ctx, hello);
    osp_exit(ctx, -1);
}

static void exhausts(osp_ctx *ctx, void *result) {
    (void)result;
    char *hello = text("before the diagnostic");
    osp_print(ctx, hello);
    osp_stack_exhausted(ctx);
}

static void sleeps(osp_ctx *ctx, void *result) {
    (void)result;
    char *hello = text("going to sleep");
    osp_print(ctx, hello);
    osp_sleep(ctx, 10000);
}

static void prints_much(osp_ctx *ctx, void *result) {
    (void)result;
    for (int i = 0; i < 1000; i++) {
        char *number = osp_int_to_string(ctx, i);
        if (i % 100 == 0) osp_print_err(ctx, number);
        if (i % 100 != 0 && i < 300) osp_print(ctx, number);
        osp_drop(number);
    }
}

static void handle(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    char *body = text("served");
    osp_http_respond_text(ctx, request, body);
    osp_drop(body);
}

static void serves(osp_ctx *ctx, void *result) {
    char *error = NULL, *address = text("127.0.0.1");
    int64_t server = osp_http_create_server(ctx, 0, address, &error);
    osp_http_listen(ctx, server, handle, NULL, &error);
    char *ready = text(error == NULL ? "listening" : error);
    osp_print(ctx, ready);
    *(int64_t *)result = 9;
}

static void serves_and_stops(osp_ctx *ctx, void *result) {
    char *error = NULL, *address = text("127.0.0.1");
    int64_t server = osp_http_create_server(ctx, 0, address, &error);
    osp_http_listen(ctx, server, handle, NULL, &error);
    osp_sleep(ctx, 20);
    osp_http_stop_server(ctx, server, &error);
    *(int64_t *)result = error == NULL ? 9 : 8;
}

static void receives(osp_ctx *ctx, void *env, void *result) {
    *(int64_t *)result = osp_channel_receive(ctx, ((void **)env)[1]);
}

static void *spawn_with(osp_ctx *ctx, osp_thunk code, void *channel) {
    void **closure = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    closure[0] = NULL;
    closure[1] = channel;
    osp_dup(channel);
    return osp_spawn(ctx, code, closure, 1, 0);
}

static void deadlocks(osp_ctx *ctx, void *result) {
    void *channel = osp_channel_new(ctx, 0, false);
    void *task = spawn_with(ctx, receives, channel);
    ctx->place = "app.osp:17"; /* compiled code notes it */
    *(int64_t *)result = *(int64_t *)osp_await(ctx, task);
}

static void deadlocks_alone(osp_ctx *ctx, void *result) {
    osp_sleep(ctx, 20);
    void *channel = osp_channel_new(ctx, 1, false);
    osp_channel_send(ctx, channel, 1);
    osp_channel_send(ctx, channel, 2);
    *(int64_t *)result = 1;
}

static void echoes(osp_ctx *ctx, void *env, void *result) {
    (void)result;
    for (int i = 0; i < 200; i++) {
        void *channel = ((void **)env)[1];
        osp_channel_send(ctx, channel, osp_channel_receive(ctx, channel) + 1);
    }
}

/* Much waiting for each other on several workers, and never a false alarm. */
static void waits_much(osp_ctx *ctx, void *result) {
    void *tasks[16], *channels[16];
    for (int round = 0; round < (OSP_TSAN ? 2 : 20); round++) {
        for (int i = 0; i < 16; i++) {
            channels[i] = osp_channel_new(ctx, 0, false);
            tasks[i] = spawn_with(ctx, echoes, channels[i]);
        }
        for (int k = 0; k < 200; k++)
            for (int i = 0; i < 16; i++) {
                osp_channel_send(ctx, channels[i], k);
                if (osp_channel_receive(ctx, channels[i]) != k + 1) *(int64_t *)result = 1;
            }
        for (int i = 0; i < 16; i++) {
            osp_await(ctx, tasks[i]);
            osp_drop(tasks[i]);
            osp_drop(channels[i]);
        }
    }
    osp_sleep(ctx, 30); /* all workers idle: but time will wake us */
}

static void waits_with_time_limit(osp_ctx *ctx, void *result) {
    struct { int64_t kind; void *channel; int64_t word; } arms[2] = {{0, osp_channel_new(ctx, 0, false), 0}, {2, NULL, 30}};
    *(int64_t *)result = 10 + osp_select(ctx, arms, 2);
}

/* A fiber that nobody waits for may wait for ever. */
static void leaves_one_waiting(osp_ctx *ctx, void *result) {
    spawn_with(ctx, receives, osp_channel_new(ctx, 0, false));
    osp_sleep(ctx, 30);
    *(int64_t *)result = 6;
}

#if !OSP_ASAN && !OSP_TSAN
__attribute__((noinline)) static int64_t dig(volatile int64_t *above) {
    volatile int64_t frame[512] = {0};
    frame[0] = *above + 1;
    if (frame[0] < 0) return 0;
    return dig(frame) + frame[0];
}

/* A million frames fit in main's stack; beyond its end there is a diagnostic and no crash. */
static void digs(osp_ctx *ctx, void *result) {
    (void)ctx;
    volatile int64_t zero = 0;
    *(int64_t *)result = dig(&zero);
}

static void crashes(osp_ctx *ctx, void *result) {
    (void)ctx;
    *(int64_t *)result = *(volatile int *)(uintptr_t)(8 + *(volatile int64_t *)result);
}
#endif

static void check_child(const char *name, void (*entry)(osp_ctx *, void *), int signal, int status, const char *output) {
    struct child child = run_child(entry, signal);
    if (child.status == status && strcmp(child.output, output) == 0) return;
    fprintf(stderr, "%s: status %d, expected %d, output \"%s\"\n", name, child.status, status, child.output);
    check_failures++;
}

int main(void) {
    check_child("fine", fine, 0, 7, "hello\n");
    check_child("exit", exits, 0, 255, "before the end\n");
    check_child("stack", exhausts, 0, 3, "before the diagnostic\nospjit: stack exhausted in main\n");
    check_child("interrupt", sleeps, SIGINT, 130, "going to sleep\n");
    check_child("terminate", sleeps, SIGTERM, 143, "going to sleep\n");
    check_child("server, interrupt", serves, SIGINT, 0, "listening\n");
    check_child("server, terminate", serves, SIGTERM, 0, "listening\n");
    check_child("server that stops", serves_and_stops, 0, 9, "");
    check_child("deadlock alone", deadlocks_alone, 0, 3,
                "ospjit: deadlock: every fiber waits for another one\nospjit:   main waits in send\n");
    check_child("much waiting", waits_much, 0, 0, "");
    check_child("time limit", waits_with_time_limit, 0, 11, "");
    check_child("one waiting", leaves_one_waiting, 0, 6, "");
    struct child stuck = run_child(deadlocks, 0);
    CHECK(stuck.status == 3 && strncmp(stuck.output, "ospjit: deadlock: every fiber waits for another one\n", 51) == 0);
    CHECK(strstr(stuck.output, "ospjit:   main waits in await at app.osp:17\n") != NULL);
    CHECK(strstr(stuck.output, " waits in recv\n") != NULL);
    struct child child = run_child(prints_much, 0);
    CHECK(child.status == 0 && strncmp(child.output, "0\n1\n2\n", 6) == 0);
    CHECK(strstr(child.output, "99\n100\n101\n") != NULL && strstr(child.output, "299\n300\n400\n") != NULL);
#if !OSP_ASAN && !OSP_TSAN
    check_child("recursion", digs, 0, 3, "ospjit: stack exhausted in main\n");
    check_child("crash", crashes, 0, 1000 + SIGSEGV, "");
#endif
    return check_report();
}
