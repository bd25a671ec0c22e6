/* test_embed.c - what embedders use: streams, calls on this thread and on fibers, requests to the embedder, what a
 * module made immortal, messages. */
#include <errno.h>
#include <pthread.h>

#include "check.h"
#include "embed/object.h"
#include "fiber/fiber.h"
#include "sys/sys.h"

void *osp_spawn(osp_ctx *ctx, osp_thunk code, void *env, int64_t words, int64_t pointers);
bool osp_call_direct(void *code, void *words, bool waits);
void osp_raise_error(char *message);
void osp_call_embedder(osp_ctx *ctx, void *callee, void *stream);
void *osp_call_stream(osp_ctx *ctx);
void osp_call_stream_end(osp_ctx *ctx, void *stream);
void osp_stream_write_int(osp_ctx *ctx, void *stream, int64_t value);
void osp_stream_write_string(osp_ctx *ctx, void *stream, char *value);
int64_t osp_stream_read_int(osp_ctx *ctx, void *stream);
char *osp_stream_read_string(osp_ctx *ctx, void *stream);
void osp_mark_module(void *object, void *place);
void osp_free_module(void *place);

static void double_it(osp_ctx *ctx, void *env, void *words) {
    (void)ctx, (void)env;
    *(int64_t *)words *= 2;
}

static void fail(osp_ctx *ctx, void *env, void *words) {
    (void)env, (void)words;
    osp__fiber_fail(ctx, "why");
}

static void exhaust(osp_ctx *ctx, void *env, void *words) {
    (void)env, (void)words;
    osp_stack_exhausted(ctx);
}

static void nested(osp_ctx *ctx, void *env, void *words) {
    (void)ctx, (void)env;
    int64_t inner = 4;
    CHECK(osp_call_direct((void *)(uintptr_t)double_it, &inner, false));
    *(int64_t *)words += inner;
}

static void check_pending(int kind, const char *message) {
    int found = 0;
    char *pending = osp_take_pending(&found);
    CHECK(pending != NULL && found == kind);
    if (pending != NULL) CHECK(strstr(pending, message) != NULL);
    osp_drop(pending);
    CHECK(osp_take_pending(&found) == NULL);
}

/* On this thread (false), or on a fiber while it sleeps (true). */
static void test_direct(bool waits) {
    int64_t word = 21;
    CHECK(osp_call_direct((void *)(uintptr_t)double_it, &word, waits) && word == 42);
    for (int i = 0; i < 3; i++) {
        CHECK(!osp_call_direct((void *)(uintptr_t)fail, &word, waits));
        CHECK(osp_pending == 1);
        check_pending(OSP_PENDING_FAILURE, "why");
        CHECK(!osp_call_direct((void *)(uintptr_t)exhaust, &word, waits));
        check_pending(OSP_PENDING_FAILURE, "stack exhausted");
        CHECK(osp_call_direct((void *)(uintptr_t)double_it, &word, waits));
    }
    osp_raise_error(text("an Error"));
    check_pending(OSP_PENDING_ERROR, "an Error");
    CHECK(osp_pending == 0);
}

static void *call_here(void *unused) {
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        int64_t word = i;
        CHECK(osp_call_direct((void *)(uintptr_t)nested, &word, false) && word == i + 8);
    }
    return NULL;
}

static void test_threads(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, call_here, NULL) == 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

static void write_and_read(osp_ctx *ctx, void *env, void *stream) {
    (void)env;
    for (int64_t i = 0; i < 100; i++) osp_stream_write_int(ctx, stream, i);
    char *string = text("some text");
    osp_stream_write_string(ctx, stream, string);
    osp_drop(string);
    for (int64_t i = 0; i < 100; i++) CHECK(osp_stream_read_int(ctx, stream) == i);
    string = osp_stream_read_string(ctx, stream);
    CHECK_TEXT(string, "some text");
    osp_drop(string);
    (void)osp_stream_read_int(ctx, stream); /* ends the fiber */
    CHECK(false);
}

static void test_streams(void) {
    struct osp_stream *stream = osp_stream_new(NULL, 0);
    char *error = NULL;
    CHECK(osp_call_on_fiber(write_and_read, NULL, stream, &error) == -1);
    CHECK(error != NULL && strstr(error, "cut short") != NULL);
    osp_drop(error);
    size_t length = 0;
    const char *bytes = osp_stream_bytes(stream, &length);
    CHECK(length == 100 * 8 + 8 + 9 && bytes[8] == 1);
    CHECK(osp_stream_refill(stream, "12345678", 8));
    osp_stream_free(stream);
    osp_stream_free(NULL);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static void *asked; /* the frame of a C function is not unwound: the test gives it up */

static void ask(osp_ctx *ctx, void *env, void *words) {
    (void)env;
    int64_t *word = words;
    void *object = asked = osp__foreign_new(7);
    for (int i = 0; i < 3; i++) {
        void *stream = osp_call_stream(ctx);
        osp_stream_write_int(ctx, stream, *word);
        osp_call_embedder(ctx, object, stream);
        *word = osp_stream_read_int(ctx, stream);
        osp_call_stream_end(ctx, stream);
    }
    osp_drop(object);
}

static void answer(struct osp_request *request) {
    CHECK(osp_request_number(request) == 7);
    size_t length;
    int64_t value;
    memcpy(&value, osp_stream_bytes(osp_request_stream(request), &length), 8);
    CHECK(length == 8);
    value++;
    CHECK(osp_stream_refill(osp_request_stream(request), (const char *)&value, 8));
    osp_request_answer(request, NULL, 0);
}

static void test_requests(void) {
    int64_t word = 10;
    int status, state;
    struct osp_call *call = osp_call_begin(ask, NULL, &word, &status);
    CHECK(call != NULL && status == 0);
    struct osp_request *request;
    char *error = NULL;
    int answered = 0;
    while ((state = osp_call_wait(call, answered == 0 ? -1 : 50, &request, &error)) > 0) {
        if (state == 2) continue;
        answered++;
        answer(request);
    }
    CHECK(state == 0 && answered == 3 && word == 13);
    int64_t numbers[4];
    CHECK(osp_next_released(numbers, 4) == 1 && numbers[0] == 7);
    CHECK(osp_next_released(numbers, 4) == 0);
}

static void test_requests_that_fail(void) {
    int64_t word = 10;
    int status;
    struct osp_call *call = osp_call_begin(ask, NULL, &word, &status);
    struct osp_request *request;
    char *error = NULL;
    CHECK(osp_call_wait(call, -1, &request, &error) == 1);
    osp_request_answer(request, "refused", 7);
    CHECK(osp_call_wait(call, -1, &request, &error) == -1);
    CHECK(error != NULL && strcmp(error, "refused") == 0);
    osp_drop(asked);
    osp_drop(error);
}

/* A fiber that no call waits for: its requests go to the queue. */
static void *answer_queue(void *unused) {
    (void)unused;
    for (int answered = 0; answered < 3;) {
        struct osp_request *request = osp_next_request(100);
        if (request == NULL) continue;
        answer(request);
        answered++;
    }
    CHECK(osp_next_request(1) == NULL);
    return NULL;
}

static void test_queue(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, answer_queue, NULL) == 0);
    int64_t word = 1;
    char *error = NULL;
    CHECK(osp_call_on_fiber(ask, NULL, &word, &error) == 0 && word == 4);
    pthread_join(thread, NULL);
}

/* ---- modules and messages ------------------------------------------------------------------------------------------ */

static void test_modules(void) {
    void *place = NULL;
    for (int i = 0; i < 100; i++) {
        void **cell = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CELL, 1, 0), 1);
        cell[0] = text("held");
        osp_mark_module(cell, &place);
        osp_drop(cell); /* immortal: nothing happens */
        CHECK_TEXT((char *)cell[0], "held");
    }
    osp_free_module(&place);
    CHECK(place == NULL);
    osp_free_module(&place);
}

static void leave_task(osp_ctx *ctx, void *env, void *arg) {
    (void)env, (void)arg;
    void *task = osp_spawn(ctx, fail, NULL, 0, 0);
    osp_sleep(ctx, 30);
    osp_drop(task); /* it has failed, and nobody can await it any more */
}

static void test_messages(void) {
    char message[64];
    osp_collect_messages(true);
    CHECK(osp_next_message(message, sizeof message, 1) == 0);
    char *error = NULL;
    CHECK(osp_call_on_fiber(leave_task, NULL, NULL, &error) == 0);
    CHECK(osp_next_message(message, sizeof message, 1000) == 3 && memcmp(message, "why", 3) == 0);
    osp_collect_messages(false);
    CHECK(osp_next_message(message, sizeof message, 1000) == 0);
}

int main(void) {
    int64_t before = osp_live_cells();
    test_direct(false);
    test_direct(true);
    test_threads();
    test_streams();
    test_requests();
    test_requests_that_fail();
    test_queue();
    test_modules();
    test_messages();
    int64_t numbers[8];
    (void)osp_next_released(numbers, 8);
    for (int i = 0; i < 100 && !osp_is_idle(); i++) osp__thread_sleep_ns(10000000);
    CHECK(osp_is_idle());
    CHECK(osp_live_cells() == before);
    return check_report();
}
