/*
 * WebSockets end to end in one process: client and server against each other, and a server against a peer that
 * sends raw bytes, right and wrong. Everything on 127.0.0.1, ports given by the kernel.
 */
#include "peer.h"

#include <fcntl.h>

#include "fiber/fiber.h"
#include "sched/runtime.h"
#include "sys/sys.h"
#include "ws/frame.h"

static int64_t server, port;
static char reply[70000];

static int64_t create(int64_t wanted, const char *address, const char *path)
{
    char *a = text(address), *p = text(path);
    int64_t id = osp_websocket_create_server(NULL, wanted, a, p);
    osp_drop(a);
    osp_drop(p);
    return id;
}

static int64_t broadcast(const char *what)
{
    char *message = text(what);
    int64_t reached = osp_websocket_server_broadcast(NULL, server, message);
    osp_drop(message);
    return reached;
}

/* Until a condition holds, for at most five seconds. */
#define AWAIT(condition)                                                  \
    do {                                                                  \
        bool met = false;                                                 \
        for (int tries = 0; tries < 500 && !(met = (condition)); tries++) \
            osp__thread_sleep_ns(10000000);                               \
        if (!met) CHECK(!#condition);                                     \
    } while (0)

/* ---- raw peers ---- */

#define HANDSHAKE(path)                                                                            \
    "GET " path " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static int open_peer(void)
{
    int fd = peer_connect(port);
    peer_send(fd, HANDSHAKE("/chat"), sizeof HANDSHAKE("/chat") - 1);
    CHECK(peer_read(fd, reply, 129) == 129);
    CHECK(strstr(reply, "HTTP/1.1 101 ") == reply);
    CHECK(strstr(reply, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") != NULL);
    return fd;
}

static void send_frame(int fd, bool fin, uint8_t opcode, const char *payload, size_t length)
{
    static const uint8_t mask[4] = {9, 8, 7, 6};
    static uint8_t bytes[70000];
    size_t header = osp_ws_header_write(bytes, fin, opcode, length, mask);
    memcpy(bytes + header, payload, length);
    osp_ws_mask(bytes + header, length, mask, 0);
    peer_send(fd, (char *)bytes, header + length);
}

/* The rest of what the server sends is a close frame with this code, and then the end. */
static void check_closed(int fd, unsigned code, int line)
{
    size_t length = peer_read(fd, reply, sizeof reply - 1);
    const uint8_t *bytes = (const uint8_t *)reply;
    unsigned got = length >= 4 && bytes[0] == 0x88 ? (unsigned)(bytes[2] << 8 | bytes[3]) : 0;
    if (got != code) fprintf(stderr, "line %d: closed with %u, expected %u\n", line, got, code);
    CHECK(got == code);
    close(fd);
}
#define CHECK_CLOSED(fd, code) check_closed(fd, code, __LINE__)

static void check_refused(const char *request, const char *status)
{
    peer_exchange(port, request, strlen(request), reply, sizeof reply - 1);
    CHECK(strncmp(reply, "HTTP/1.1 ", 9) == 0 && strncmp(reply + 9, status, 3) == 0);
}

static void test_handshakes(void)
{
    check_refused("GET /chat HTTP/1.1\r\nHost: a\r\n\r\n", "426");
    check_refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "404");
    check_refused(HANDSHAKE("/other"), "404");
    check_refused("GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n", "400");
    check_refused("GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "426");
    check_refused("nonsense\r\n\r\n", "400");
}

static void test_frames(void)
{
    int fd = open_peer();
    send_frame(fd, true, OSP_WS_PING, "are you there", 13);
    CHECK(peer_read(fd, reply, 15) == 15 && memcmp(reply, "\x8a\x0d" "are you there", 15) == 0);
    send_frame(fd, false, OSP_WS_TEXT, "in ", 3);
    send_frame(fd, true, OSP_WS_PING, "", 0); /* between the fragments */
    send_frame(fd, false, OSP_WS_CONTINUATION, "", 0);
    send_frame(fd, true, OSP_WS_CONTINUATION, "parts", 5);
    CHECK(peer_read(fd, reply, 2) == 2 && memcmp(reply, "\x8a\0", 2) == 0);
    send_frame(fd, true, OSP_WS_PONG, "unasked", 7);
    send_frame(fd, true, OSP_WS_CLOSE, "\x03\xe9" "bye", 5);
    CHECK_CLOSED(fd, 1001);
    fd = open_peer();
    send_frame(fd, true, OSP_WS_CLOSE, "", 0);
    CHECK(peer_read(fd, reply, 100) == 2 && memcmp(reply, "\x88\0", 2) == 0);
    close(fd);
}

static void test_violations(void)
{
    int fd = open_peer();
    peer_send(fd, "\x81\x02hi", 4); /* not masked */
    CHECK_CLOSED(fd, 1002);
    static const struct { const char *bytes; size_t length; unsigned code; } bad[] = {
        {"\xc1\x80\0\0\0\0", 6, 1002}, {"\x83\x80\0\0\0\0", 6, 1002}, {"\x09\x80\0\0\0\0", 6, 1002},
        {"\x80\x80\0\0\0\0", 6, 1002},                            /* continues nothing */
        {"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12, 1002},           /* a message within a message */
        {"\x82\xff\0\0\0\0\x01\0\0\x01\0\0\0\0", 14, 1009},       /* 16 MiB and a byte */
        {"\x01\x83\0\0\0\0\xed\xa0\x80", 9, 1007},                /* a surrogate, in the middle of a message */
        {"\x81\x81\0\0\0\0\xc3", 7, 1007},                        /* half a character at the end */
        {"\x88\x82\0\0\0\0\x03\xed", 8, 1002},                    /* close with 1005 */
        {"\x88\x81\0\0\0\0\x03", 7, 1002},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fd = open_peer();
        peer_send(fd, bad[i].bytes, bad[i].length);
        CHECK_CLOSED(fd, bad[i].code);
    }
    fd = open_peer(); /* byte by byte, then gone without a word */
    for (int i = 0; i < 8; i++) peer_send(fd, &"\x81\x85\x01\x02\x03\x04" "ab"[i], 1);
    close(fd);
}

/* ---- the client ---- */

static int calls, order_errors, failed; /* atomic */
static char last[64];

static void on_message(osp_ctx *ctx, void *env, void *message)
{
    (void)env;
    char *data = osp_websocket_event_data(ctx, message);
    CHECK(osp_websocket_event_is_text(ctx, message));
    if (strncmp(data, "number ", 7) == 0 && atoi(data + 7) != calls) order_errors++;
    if (strcmp(data, "fail") == 0) {
        char *reason = text("as told");
        osp_websocket_event_fail(ctx, message, reason);
        osp_drop(reason);
        __atomic_store_n(&failed, 1, __ATOMIC_SEQ_CST);
    }
    if (strcmp(data, "die") == 0) {
        osp_drop(data);
        osp__fiber_fail(ctx, "the handler died, as the test wants");
    }
    snprintf(last, sizeof last, "%s", data);
    osp_drop(data);
    __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
}

static int64_t connect_to(const char *path, char **error)
{
    char url[100];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", (int)port, path);
    void **env = osp_cell_new(NULL, OSP_INFO(OSP_KIND_CLOSURE, 1, 0), 2);
    env[0] = NULL;
    env[1] = text("captured");
    char *u = text(url);
    int64_t id = osp_websocket_connect(NULL, u, on_message, env, error);
    osp_drop(u);
    return id;
}

static void check_connect_error(const char *url, const char *expected)
{
    char *error = NULL, *u = text(url);
    CHECK(osp_websocket_connect(NULL, u, on_message, NULL, &error) == 0 && error != NULL);
    if (error != NULL) CHECK_STRING(error, expected);
    osp_drop(u);
}

static void send_text(int64_t id, const char *what, const char *expected)
{
    char *error = NULL, *message = text(what);
    osp_websocket_send(NULL, id, message, &error);
    osp_drop(message);
    CHECK((error == NULL) == (expected == NULL));
    if (error != NULL && expected != NULL) CHECK_TEXT(error, expected);
    osp_drop(error);
}

static void test_client(void)
{
    char *error = NULL, *no_id = NULL;
    check_connect_error("ws://127.0.0.1:1/", "connect: 127.0.0.1:1: connection refused");
    check_connect_error("http://127.0.0.1:1/", "websocket: invalid URL: expected ws:// or wss://");
    CHECK(connect_to("/nowhere", &error) == 0 && strstr(error, "answered 404 instead of 101") != NULL);
    osp_drop(error);
    error = NULL;
    AWAIT(broadcast("nobody") == 0); /* the peers of earlier tests are gone, and no message is sent twice below */
    int64_t id = connect_to("/chat", &error);
    CHECK(id > 0 && error == NULL);
    calls = order_errors = 0;
    AWAIT(broadcast("number 0") == 1);
    for (int i = 1; i < 500; i++) {
        char message[32];
        snprintf(message, sizeof message, "number %d", i);
        CHECK(broadcast(message) == 1);
    }
    AWAIT(__atomic_load_n(&calls, __ATOMIC_SEQ_CST) == 500);
    CHECK(order_errors == 0);
    CHECK_TEXT(last, "number 499");
    send_text(id, "hello", NULL);
    send_text(id, "\xff", "websocket: the message is not UTF-8");
    osp_websocket_close(NULL, id, &error);
    CHECK(error == NULL);
    osp_websocket_close(NULL, id, &no_id);
    CHECK(no_id != NULL);
    osp_drop(no_id);
    AWAIT(broadcast("nobody") == 0);
    id = connect_to("/chat", &error);
    AWAIT(broadcast("fail") == 1);
    AWAIT(__atomic_load_n(&failed, __ATOMIC_SEQ_CST) == 1);
    AWAIT(broadcast("still there?") == 0);
    id = connect_to("/chat", &error);
    AWAIT(broadcast("die") == 1);
    AWAIT(broadcast("still there?") == 0);
}

/* ---- slow readers, and stopping ---- */

static void test_slow_reader(void)
{
    static char big[1 << 20];
    memset(big, 'x', sizeof big - 1);
    int slow = open_peer(); /* reads nothing */
    int64_t start = osp__now_ns();
    int rounds = 0;
    AWAIT(broadcast("x") == 1);
    while (broadcast(big) == 1 && rounds < 100) rounds++;
    CHECK(rounds < 100 && osp__now_ns() - start < INT64_C(3000000000));
    AWAIT(broadcast("x") == 0);
    close(slow);
}

/* Ten seconds for the request, however it drips; here they pass at once. */
static void test_slow_handshake(void)
{
    int silent = peer_connect(port), dripping = peer_connect(port), fine = open_peer();
    peer_send(dripping, HANDSHAKE("/chat"), 30);
    osp__thread_sleep_ns(300000000);
    osp__clock_advance(INT64_C(9000000000));
    peer_send(dripping, HANDSHAKE("/chat") + 30, 20);
    osp__thread_sleep_ns(300000000);
    osp__clock_advance(INT64_C(2000000000));
    CHECK(peer_read(silent, reply, 10) == 0);
    peer_read(dripping, reply, sizeof reply - 1);
    CHECK(strncmp(reply, "HTTP/1.1 408 ", 13) == 0);
    send_frame(fine, true, OSP_WS_PING, "x", 1);
    CHECK(peer_read(fine, reply, 3) == 3);
    close(silent);
    close(dripping);
    close(fine);
}

static void test_codes(void)
{
    CHECK(create(65536, "127.0.0.1", "/") == -7 && create(-1, "127.0.0.1", "/") == -7);
    CHECK(create(0, "nonsense", "/") == -8 && create(0, "127.0.0.1", "chat") == -9);
    CHECK(create(0, "127.0.0.1", "/a?b") == -9 && create(0, "127.0.0.1", "") == -9);
    CHECK(osp_websocket_server_listen(NULL, 4711) == -1 && osp_websocket_server_port(NULL, 4711) == -1);
    CHECK(osp_websocket_stop_server(NULL, 4711) == -1);
    int64_t other = create(port, "127.0.0.1", "/");
    CHECK(osp_websocket_server_listen(NULL, other) == -4);
    CHECK(osp_websocket_stop_server(NULL, other) == 0 && osp_websocket_stop_server(NULL, other) == -1);
    CHECK(osp_websocket_server_listen(NULL, server) == -1);
}

/* ---- keeping a program alive ---- */

static void say(osp_ctx *ctx, const char *what)
{
    char *line = text(what);
    osp_print(ctx, line);
    osp_drop(line);
    osp_flush();
}

static void keep(osp_ctx *ctx, void *result)
{
    (void)result;
    int64_t id = create(0, "127.0.0.1", "/");
    CHECK(osp_websocket_server_listen(ctx, id) == 0);
    say(ctx, "ready");
    osp_websocket_keep_alive(ctx);
    osp_sleep(ctx, 50); /* the drain waits for what the program still has to say */
    say(ctx, "bye");
}

static void say_ready(osp_ctx *ctx, void *env, void *argument)
{
    (void)env, (void)argument;
    osp_sleep(ctx, 100); /* by then main waits */
    say(ctx, "ready");
}

static void said(struct osp_fiber *fiber)
{
    osp__fiber_release(fiber);
}

static void keep_alone(osp_ctx *ctx, void *result)
{
    (void)result;
    CHECK(osp__runtime_launch(say_ready, NULL, NULL, said, NULL, false) == 0);
    osp_websocket_keep_alive(ctx);
    say(ctx, "bye");
}

static void test_keep_alive(void)
{
    struct child child = run_child(keep, SIGTERM);
    CHECK(child.status == 0);
    CHECK_TEXT(child.output, "ready\nbye\n");
    child = run_child(keep_alone, SIGINT);
    CHECK(child.status == 0);
    CHECK_TEXT(child.output, "ready\nbye\n");
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int main(void)
{
    test_keep_alive(); /* first: a process in which the runtime runs cannot fork another such */
    osp_config config = {.size = sizeof config, .workers = 2};
    CHECK(osp_runtime_start(&config) == 0);
    int descriptors = 0;
    for (int round = 0; round < 2; round++) {
        failed = 0;
        server = create(0, "127.0.0.1", "/chat");
        CHECK(server > 0 && osp_websocket_server_listen(NULL, server) == 0);
        port = osp_websocket_server_port(NULL, server);
        CHECK(port > 0);
        test_handshakes();
        test_frames();
        test_violations();
        test_client();
        test_slow_reader();
        test_slow_handshake();
        if (round == 0) test_codes();
        int silent = peer_connect(port), fd = open_peer();
        CHECK(osp_websocket_stop_server(NULL, server) == 0);
        CHECK_CLOSED(fd, 1001);
        close(silent);
        CHECK(peer_connect(port) < 0);
        if (round == 0) descriptors = open_descriptors();
        AWAIT(open_descriptors() <= descriptors && osp_live_cells() <= 0);
    }
    return check_report();
}
