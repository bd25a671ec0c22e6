/* test_server.c - the HTTP server from outside: framing, pipelines, limits of time and size, streams, stopping. What is
 * refused by the parser alone is the parser's tests' business. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "lib/descriptor.h"
#include "peer.h"
#include "sys/sys.h"

static int64_t server, port;
static char big_body[300001];
static int slow_calls; /* atomic */

/* ---- the handler: the path says what to do ----------------------------------------------------------------------- */

static void respond_with(osp_ctx *ctx, void *request, int64_t status, const char *headers, const char *type,
                         int64_t length, int64_t fd, bool complete, const char *body) {
    char *h = text(headers), *t = text(type), *b = text(body);
    osp_http_respond(ctx, request, status, h, t, length, fd, complete, b, -2);
    osp_drop(h);
    osp_drop(t);
    osp_drop(b);
}

static void respond_echo(osp_ctx *ctx, void *request) {
    char *parts[9] = {osp_http_request_method(ctx, request), text("|"), osp_http_request_path(ctx, request), text("|"),
                      osp_http_request_query(ctx, request), text("|"), osp_http_request_headers(ctx, request), text("|"),
                      osp_http_request_body(ctx, request)};
    char *all = osp_string_concat_n(ctx, parts, 9);
    osp_http_respond_text(ctx, request, all);
    for (int i = 0; i < 9; i++) osp_drop(parts[i]);
    osp_drop(all);
}

static int file_with(size_t size) {
    int fd = memfd_create("stream", MFD_CLOEXEC);
    for (size_t i = 0; i < size; i++) {
        char byte = (char)('a' + i % 26);
        if (write(fd, &byte, 1) != 1) abort();
    }
    lseek(fd, 0, SEEK_SET);
    if (osp__descriptor_give(fd) != 0) abort();
    return fd;
}

static int pipe_with(const char *contents) {
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], contents, strlen(contents)) < 0) abort();
    close(ends[1]);
    if (osp__descriptor_give(ends[0]) != 0) abort();
    return ends[0];
}

static bool is(const char *path, const char *name) { return strcmp(path, name) == 0; }

static void handle(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    char *path = osp_http_request_path(ctx, request);
    if (is(path, "/echo")) respond_echo(ctx, request);
    else if (is(path, "/slow")) { __atomic_add_fetch(&slow_calls, 1, __ATOMIC_SEQ_CST); osp_sleep(ctx, 100); respond_with(ctx, request, 200, "", "", -2, -1, true, "slow"); }
    else if (is(path, "/silent")) { }
    else if (is(path, "/big")) { char *b = text(big_body); osp_http_respond_text(ctx, request, b); osp_drop(b); }
    else if (is(path, "/json")) respond_with(ctx, request, 201, "X-One: 1\r\nDate: then\r\n", "", 7, -1, true, " {\"a\": 1}");
    else if (is(path, "/html")) respond_with(ctx, request, 200, "", "", -2, -1, true, "<!DOCTYPE html>");
    else if (is(path, "/typed")) respond_with(ctx, request, 200, "Content-Type: a/b\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n", "", 0, -1, true, "x");
    else if (is(path, "/inject")) respond_with(ctx, request, 200, "A: b\r\n\r\nbody", "", 0, -1, true, "x");
    else if (is(path, "/inject2")) respond_with(ctx, request, 200, "A: b\rX: y\r\n", "", 0, -1, true, "x");
    else if (is(path, "/inject3")) respond_with(ctx, request, 200, "", "a/b\r\nX: y", 0, -1, true, "x");
    else if (is(path, "/status")) respond_with(ctx, request, 99, "", "", 0, -1, true, "x");
    else if (is(path, "/none")) respond_with(ctx, request, 204, "", "", 0, -1, true, "ignored");
    else if (is(path, "/close")) respond_with(ctx, request, 200, "Connection: close\r\n", "", -2, -1, true, "bye");
    else if (is(path, "/error")) { char *m = text("it \"broke\"\n"); osp_http_respond_error(ctx, request, m); osp_drop(m); }
    else if (is(path, "/file")) respond_with(ctx, request, 200, "", "x/y", 3, file_with(70000), false, "start:");
    else if (is(path, "/file-chunked")) respond_with(ctx, request, 200, "", "x/y", -1, file_with(20), false, "start:");
    else if (is(path, "/pipe")) respond_with(ctx, request, 200, "", "x/y", -2, pipe_with("from the pipe"), false, "start:");
    else if (is(path, "/unread")) respond_with(ctx, request, 200, "", "x/y", -2, pipe_with("from the pipe"), true, "start:");
    else if (is(path, "/foreign")) respond_with(ctx, request, 200, "", "x/y", -2, 4, false, "start:");
    else if (is(path, "/exhaust")) { osp_drop(path); osp_stack_exhausted(ctx); }
    else { char *b = text("hello"); osp_http_respond_text(ctx, request, b); osp_drop(b); }
    osp_drop(path);
}

/* ---- helpers of the cases ---------------------------------------------------------------------------------------- */

static char reply[1 << 20];

static const char *exchange(const char *request) {
    peer_exchange(port, request, strlen(request), reply, sizeof reply - 1);
    return reply;
}

static bool has(const char *what) { return strstr(reply, what) != NULL; }
static bool begins(const char *what) { return strncmp(reply, what, strlen(what)) == 0; }
static const char *body_of_reply(void) { const char *end = strstr(reply, "\r\n\r\n"); return end ? end + 4 : ""; }

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* ---- cases ------------------------------------------------------------------------------------------------------- */

static void test_basics(void) {
    exchange(GET("/"));
    CHECK(begins("HTTP/1.1 200 OK\r\nDate: ") && has(" GMT\r\n"));
    CHECK(has("Content-Type: text/plain; charset=utf-8\r\n") && has("Content-Length: 5\r\n") && has("Connection: close\r\n"));
    CHECK_TEXT(body_of_reply(), "hello");
    exchange("POST /echo?q=1&r HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
    CHECK_TEXT(body_of_reply(), "POST|/echo|q=1&r|Host: a\r\nX-Y:  z \r\nContent-Length: 4\r\nConnection: close\r\n|body");
    exchange(GET("/json"));
    CHECK(begins("HTTP/1.1 201 Created\r\n") && has("X-One: 1\r\n") && has("Date: then\r\n") && !has("GMT"));
    CHECK(has("Content-Type: application/json; charset=utf-8\r\n") && has("Content-Length: 9\r\n"));
    exchange(GET("/html"));
    CHECK(has("Content-Type: text/html; charset=utf-8\r\n"));
    exchange(GET("/typed"));
    CHECK(has("Content-Type: a/b\r\n") && has("Content-Length: 1\r\n") && !has("99") && !has("chunked") && !has("text/plain"));
    exchange(GET("/none"));
    CHECK(begins("HTTP/1.1 204 No Content\r\n") && !has("Content-Length") && !has("Content-Type") && !has("ignored"));
    exchange("HEAD /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(has("Content-Length: 300000\r\n"));
    CHECK_TEXT(body_of_reply(), "");
    exchange(GET("/big"));
    CHECK(strlen(body_of_reply()) == 300000);
    exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(begins("HTTP/1.1 200 OK\r\n"));
    exchange("GET / HTTP/1.0\r\n\r\n");
    CHECK(begins("HTTP/1.1 200 OK\r\n") && has("Connection: close\r\n"));
    exchange("GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(has("Connection: close\r\n") && strcmp(body_of_reply(), "bye") == 0);
}

static void test_failures(void) {
    exchange(GET("/error"));
    CHECK(begins("HTTP/1.1 500 ") && has("application/json"));
    CHECK_TEXT(body_of_reply(), "{\"error\":\"it \\\"broke\\\"\\u000a\"}");
    static const char *const paths[] = {GET("/silent"), GET("/inject"), GET("/inject2"), GET("/inject3"), GET("/status"),
                                        GET("/exhaust")};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        exchange(paths[i]);
        CHECK(begins("HTTP/1.1 500 ") && has("{\"error\":\"internal server error\"}") && !has("X: y"));
    }
    exchange("BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(begins("HTTP/1.1 501 "));
    exchange("GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    CHECK(begins("HTTP/1.1 505 ") && has("Connection: close\r\n"));
    exchange("GET / HTTP/1.1\r\n\r\n");
    CHECK(begins("HTTP/1.1 400 "));
    exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 268435457\r\n\r\n");
    CHECK(begins("HTTP/1.1 413 "));
    exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000001\r\n");
    CHECK(begins("HTTP/1.1 413 "));
    exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    CHECK(begins("HTTP/1.1 400 "));
    int fd = peer_connect(port); /* half-closed in the middle of a request */
    peer_send(fd, "GET / HT", 8);
    shutdown(fd, SHUT_WR);
    peer_read(fd, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 400 "));
    close(fd);
    size_t length = 9000;
    char *request = malloc(100000);
    memset(request, 'a', 100000);
    memcpy(request, "GET /", 5);
    peer_exchange(port, request, length, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 414 "));
    length = (size_t)sprintf(request, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(request + length, 'a', 80000);
    peer_exchange(port, request, length + 80000, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 431 "));
    free(request);
    exchange(GET("/"));
    CHECK(begins("HTTP/1.1 200 "));
}

static void test_pipeline(void) {
    int fd = peer_connect(port);
    char requests[64 * 200] = "";
    for (int i = 0; i < 200; i++) strcat(requests, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_send(fd, requests, strlen(requests));
    CHECK(peer_read_until(fd, reply, sizeof reply - 1, "hello", 200));
    static const char mixed[] = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
                                "one\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
                                "GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /close HTTP/1.1\r\nHost: a\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n";
    peer_send(fd, mixed, sizeof mixed - 1);
    peer_read(fd, reply, sizeof reply - 1);
    const char *slow = strstr(reply, "slow"), *one = strstr(reply, "|one"), *two = strstr(reply, "|two"),
               *bye = strstr(reply, "bye");
    CHECK(slow != NULL && slow < one && one < two && two < bye); /* in order, though the first one waited */
    CHECK(bye != NULL && bye[3] == '\0'); /* nothing after the reply that closes */
    close(fd);
}

static void test_cut_anywhere(void) {
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                  "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
    for (size_t cut = 1; cut < sizeof request - 1; cut += 7) {
        int fd = peer_connect(port);
        peer_send(fd, request, cut);
        osp__thread_sleep_ns(2000000);
        peer_send(fd, request + cut, sizeof request - 1 - cut);
        peer_read(fd, reply, sizeof reply - 1);
        CHECK(begins("HTTP/1.1 200 ") && has("|abcde"));
        close(fd);
    }
    int fd = peer_connect(port); /* byte by byte */
    for (size_t i = 0; i < sizeof request - 1; i++) peer_send(fd, request + i, 1);
    peer_read(fd, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 200 ") && has("|abcde"));
    close(fd);
}

static void test_large_body(void) {
    enum { SIZE = 3000000 };
    char *request = malloc(SIZE + 200);
    size_t head = (size_t)sprintf(request, "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", SIZE);
    memset(request + head, 'b', SIZE);
    char *large = malloc(SIZE + 1000);
    size_t got = peer_exchange(port, request, head + SIZE, large, SIZE + 999);
    CHECK(got > SIZE && large[got - 1] == 'b' && strncmp(large, "HTTP/1.1 200 ", 13) == 0);
    free(request);
    free(large);
}

static void test_expect(void) {
    int fd = peer_connect(port);
    static const char head[] = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    peer_send(fd, head, sizeof head - 1);
    CHECK(peer_read_until(fd, reply, sizeof reply - 1, "\r\n\r\n", 1));
    CHECK_TEXT(reply, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_send(fd, "body", 4);
    peer_read(fd, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 200 ") && has("|body"));
    close(fd);
    exchange("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n");
    CHECK(begins("HTTP/1.1 413 "));
}

static void test_streams(void) {
    exchange(GET("/file"));
    CHECK(has("Content-Length: 70006\r\n") && strlen(body_of_reply()) == 70006 && strncmp(body_of_reply(), "start:abc", 9) == 0);
    exchange(GET("/file-chunked"));
    CHECK(has("Transfer-Encoding: chunked\r\n") && !has("Content-Length"));
    CHECK_TEXT(body_of_reply(), "6\r\nstart:\r\n14\r\nabcdefghijklmnopqrst\r\n0\r\n\r\n");
    exchange(GET("/pipe"));
    CHECK_TEXT(body_of_reply(), "6\r\nstart:\r\nd\r\nfrom the pipe\r\n0\r\n\r\n");
    exchange("GET /pipe HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(has("Connection: close\r\n") && !has("chunked"));
    CHECK_TEXT(body_of_reply(), "start:from the pipe");
    exchange(GET("/unread"));
    CHECK_TEXT(body_of_reply(), "start:");
    exchange(GET("/foreign")); /* a descriptor that the program does not hold, one of the runtime's most likely */
    CHECK(begins("HTTP/1.1 500 ") && has("streamFd: 4 is not a free descriptor of this program"));
    exchange("HEAD /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(has("Content-Length: 70006\r\n") && strcmp(body_of_reply(), "") == 0);
}

/* Clients that go away, read slowly, or never finish: the server keeps answering the others. */
static void test_bad_clients(void) {
    for (int i = 0; i < 20; i++) {
        int fd = peer_connect(port);
        static const char slow[] = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n";
        peer_send(fd, slow, sizeof slow - 1);
        struct linger reset = {.l_onoff = 1};
        if (i & 1) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    int reader = peer_connect(port);
    static const char big[] = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    for (int i = 0; i < 50; i++) peer_send(reader, big, sizeof big - 1);
    exchange(GET("/"));
    CHECK(begins("HTTP/1.1 200 "));
    size_t total = 0; /* read them after all: everything comes, in full */
    for (ssize_t n; total < 50 * 300000 && (n = recv(reader, reply, sizeof reply - 1, 0)) > 0;) total += (size_t)n;
    CHECK(total > 50 * 300000);
    close(reader);
}

static void test_time_limits(void) {
    int silent = peer_connect(port), partial = peer_connect(port), body = peer_connect(port), idle = peer_connect(port);
    peer_send(partial, "GET / HTTP/1.1\r\nHo", 18);
    peer_send(body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", 51);
    peer_send(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    CHECK(peer_read_until(idle, reply, sizeof reply - 1, "hello", 1));
    osp__clock_advance(11000000000);
    CHECK(peer_read(silent, reply, sizeof reply - 1) == 0);
    peer_read(partial, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 408 "));
    peer_send(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    CHECK(peer_read_until(idle, reply, sizeof reply - 1, "hello", 1)); /* idle time is longer */
    osp__clock_advance(21000000000);
    peer_read(body, reply, sizeof reply - 1);
    CHECK(begins("HTTP/1.1 408 "));
    osp__clock_advance(62000000000);
    CHECK(peer_read(idle, reply, sizeof reply - 1) == 0);
    close(silent), close(partial), close(body), close(idle);
}

/* ---- creating and stopping --------------------------------------------------------------------------------------- */

static int64_t create(int64_t wanted, const char *address, char **error) {
    char *a = text(address);
    int64_t id = osp_http_create_server(NULL, wanted, a, error);
    osp_drop(a);
    return id;
}

static void check_create_error(int64_t wanted, const char *address, const char *expected) {
    char *error = NULL;
    CHECK(create(wanted, address, &error) == 0 && error != NULL);
    if (error != NULL) CHECK(strstr(error, expected) != NULL);
    osp_drop(error);
}

static void test_create_errors(void) {
    check_create_error(-1, "127.0.0.1", "invalid port -1");
    check_create_error(65536, "127.0.0.1", "invalid port 65536");
    check_create_error(0, "not an address", "invalid address 'not an address'");
    check_create_error(0, "", "invalid address");
    check_create_error(0, "192.0.2.1", "cannot bind 192.0.2.1 port 0");
    int64_t start = osp__now_ns();
    check_create_error(port, "127.0.0.1", "another process listens there");
    CHECK(osp__now_ns() - start > 900000000);
    char *error = NULL;
    osp_http_listen(NULL, 4711, handle, NULL, &error);
    CHECK_STRING(error, "there is no server with id 4711");
    error = NULL;
    osp_http_listen(NULL, server, handle, NULL, &error);
    CHECK(error != NULL);
    osp_drop(error);
    error = NULL;
    int64_t unused = create(0, "::1", &error); /* created, never listening */
    if (unused > 0) osp_http_stop_server(NULL, unused, &error);
    osp_drop(error);
}

static void *ask_slow(void *result) {
    static const char request[] = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    char *answer = result;
    peer_exchange(port, request, sizeof request - 1, answer, 999);
    return NULL;
}

static void test_stop(void) {
    int idle = peer_connect(port);
    peer_send(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    CHECK(peer_read_until(idle, reply, sizeof reply - 1, "hello", 1));
    pthread_t thread;
    static char answer[1000];
    int calls = __atomic_load_n(&slow_calls, __ATOMIC_SEQ_CST);
    pthread_create(&thread, NULL, ask_slow, answer);
    while (__atomic_load_n(&slow_calls, __ATOMIC_SEQ_CST) == calls) osp__thread_sleep_ns(1000000);
    char *error = NULL;
    osp_http_stop_server(NULL, server, &error);
    CHECK(error == NULL);
    CHECK(peer_read(idle, reply, sizeof reply - 1) == 0); /* the idle connection is closed */
    pthread_join(thread, NULL);
    CHECK(strstr(answer, "slow") != NULL); /* the one in flight got its answer */
    CHECK(strstr(answer, "Connection: close") != NULL);
    CHECK(peer_connect(port) < 0);
    osp_http_stop_server(NULL, server, &error);
    CHECK(error != NULL);
    osp_drop(error);
    error = NULL;
    int64_t again = create(port, "127.0.0.1", &error); /* the port is free at once */
    CHECK(again > 0 && osp_http_server_port(NULL, again) == port && osp_http_server_port(NULL, server) == -1);
    osp_http_stop_server(NULL, again, &error);
    CHECK(error == NULL);
    close(idle);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1000; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int main(void) {
    memset(big_body, 'B', sizeof big_body - 1);
    osp_config config = {.size = sizeof config, .workers = 2};
    CHECK(osp_runtime_start(&config) == 0);
    for (int round = 0; round < 2; round++) {
        static int descriptors;
        char *error = NULL;
        server = create(0, "127.0.0.1", &error);
        port = osp_http_server_port(NULL, server);
        void **env = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
        env[0] = NULL;
        env[1] = text("captured");
        osp_http_listen(NULL, server, handle, env, &error);
        CHECK(error == NULL && port > 0);
        test_basics();
        test_failures();
        test_pipeline();
        test_cut_anywhere();
        test_large_body();
        test_expect();
        test_streams();
        test_bad_clients();
        if (round == 0) test_time_limits();
        if (round == 0) test_create_errors();
        test_stop();
        if (round == 0) descriptors = open_descriptors();
        CHECK(open_descriptors() <= descriptors);
        CHECK(osp_live_cells() <= 1); /* at most the path of the handlers that failed on purpose */
    }
    return check_report();
}
