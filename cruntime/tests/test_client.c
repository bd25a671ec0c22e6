/*
 * The HTTP client against a server that does everything wrong, and against one that does it right.
 *
 * A thread plays the server: for each connection it reads what it is sent up to a point, answers with given
 * bytes, all at once or dripping, and closes or goes on. The client runs on fibers, as it does for programs, and
 * once on a plain thread. Everything on 127.0.0.1, ports given by the kernel.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "../src/base.h"
#include "../src/mem/string.h"
#include "../src/sys/sys.h"

#include "protocol_test.h"

/* ---- the server ---- */

/* What the server does with each connection: exchanges[0 .. count) in turn, then it closes. */
typedef struct script {
    const char *answers[4]; /* the answer to the 1st, 2nd … request of a connection; NULL: close at once */
    int drip_ms;            /* pause after each byte of an answer */
    int hold_ms;            /* how long to say nothing before closing */
} script;

static struct server {
    int listener;
    int port;
    pthread_t thread;
    script script;
    int accepted;        /* atomic: connections so far */
    char seen[1 << 17];  /* the last connection's input */
    size_t seen_length;
    bool stop;           /* atomic */
} server;

static void pause_ms(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* Reads to the end of one request: head, and Content-Length bytes. False at the end of the input. */
static bool read_request(int fd)
{
    server.seen_length = 0;
    size_t want = SIZE_MAX;
    while (server.seen_length < want) {
        size_t room = sizeof server.seen - 1 - server.seen_length;
        ssize_t count = recv(fd, server.seen + server.seen_length, room, 0);
        if (count <= 0)
            return false;
        server.seen_length += (size_t)count;
        server.seen[server.seen_length] = 0;
        char *end = strstr(server.seen, "\r\n\r\n");
        if (end == NULL || want != SIZE_MAX)
            continue;
        char *length = strstr(server.seen, "Content-Length: ");
        size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
        want = (size_t)(end + 4 - server.seen) + body;
    }
    return true;
}

static void answer(int fd, const char *bytes, size_t length)
{
    size_t step = server.script.drip_ms > 0 ? 1 : length;
    for (size_t at = 0; at < length;) {
        ssize_t sent = send(fd, bytes + at, step < length - at ? step : length - at, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += (size_t)sent;
        if (server.script.drip_ms > 0)
            pause_ms(server.script.drip_ms);
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0 || __atomic_load_n(&server.stop, __ATOMIC_ACQUIRE))
            return NULL;
        __atomic_add_fetch(&server.accepted, 1, __ATOMIC_SEQ_CST);
        const script *now = &server.script;
        for (int i = 0; i < 4 && now->answers[i] != NULL && read_request(fd); i++)
            answer(fd, now->answers[i], strlen(now->answers[i]));
        pause_ms(now->hold_ms);
        close(fd);
    }
}

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

static void start_server(const script *what)
{
    server.script = *what;
    server.accepted = 0;
    server.stop = false;
    server.listener = listen_anywhere(&server.port);
    pthread_create(&server.thread, NULL, serve, NULL);
}

static void stop_server(void)
{
    __atomic_store_n(&server.stop, true, __ATOMIC_RELEASE);
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
}

/* ---- calling the client ---- */

static char *string(const char *text)
{
    return osp_string_new(text, strlen(text));
}

static int64_t create_client_for(osp_ctx *ctx, const char *host, int port, int64_t timeout_ms)
{
    char url[64], *error = NULL;
    snprintf(url, sizeof url, "http://%s:%d", host, port);
    char *base = string(url);
    int64_t client = osp_http_create_client(ctx, base, timeout_ms, &error);
    CHECK(client > 0, "%s", error);
    osp_drop(base);
    return client;
}

static int64_t create_client(osp_ctx *ctx, int port, int64_t timeout_ms)
{
    return create_client_for(ctx, "127.0.0.1", port, timeout_ms);
}

static void close_client(osp_ctx *ctx, int64_t client)
{
    char *error = NULL;
    osp_http_close_client(ctx, client, &error);
    CHECK(error == NULL, "%s", error);
}

/* A request with C strings. Returns the status, or 0 with *error set. */
static int64_t request(osp_ctx *ctx, int64_t client, const char *method, const char *path, const char *headers,
                       const char *body, char **error)
{
    char *parts[] = {string(method), string(path), string(headers), string(body)};
    *error = NULL;
    int64_t status = osp_http_request(ctx, client, parts[0], parts[1], parts[2], parts[3], error);
    for (int i = 0; i < 4; i++)
        osp_drop(parts[i]);
    CHECK((*error == NULL) == (status != 0), "either a status or an error");
    return status;
}

/* ---- answers, good and bad ---- */

#define OK "HTTP/1.1 200 OK\r\n"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define INTERIM4 "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n"

typedef struct expectation {
    const char *rule;
    const char *answer;
    const char *error; /* NULL: `status`; otherwise a part of the message */
    int status;
    const char *method; /* NULL: GET */
    int drip_ms, hold_ms;
} expectation;

static const expectation cases[] = {
    {"RFC 9112 6.3: length", OK "Content-Length: 2\r\n\r\nok", NULL, 200, NULL, 0, 0},
    {"RFC 9112 7.1: chunked", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n", NULL, 200, NULL, 0, 0},
    {"RFC 9112 6.3: to the end", OK "\r\nok", NULL, 200, NULL, 0, 0},
    {"RFC 9112 6.3: to the end, empty", OK "\r\n", NULL, 200, NULL, 0, 0},
    {"the same dripping", OK "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n", NULL, 200, NULL, 1, 0},
    {"RFC 9112 6.3: HEAD", OK "Content-Length: 5\r\n\r\n", NULL, 200, "HEAD", 0, 0},
    {"RFC 9112 6.3: 204", "HTTP/1.1 204 x\r\n\r\n", NULL, 204, NULL, 0, 0},
    {"RFC 9112 6.3: 304", "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", NULL, 304, NULL, 0, 0},
    {"RFC 9110 15.2: interim", INTERIM4 INTERIM4 OK "Content-Length: 0\r\n\r\n", NULL, 200, NULL, 0, 0},
    {"RFC 9110 15.2: interim for ever", INTERIM4 INTERIM4 INTERIM4 INTERIM4 INTERIM4, "too many interim", 0, NULL, 0, 0},
    {"RFC 9112 5.2: folded", OK "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", NULL, 200, NULL, 0, 0},
    {"RFC 9112 9.3: more than the body", OK "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", NULL, 200, NULL, 0, 0},
    {"RFC 9112 6.3: body cut", OK "Content-Length: 5\r\n\r\nok", "closed before the end of the body", 0, NULL, 0, 0},
    {"RFC 9112 8: chunks cut", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nok", "closed before the end of the body", 0,
     NULL, 0, 0},
    {"RFC 9112 8: last chunk missing", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
     "closed before the end of the body", 0, NULL, 0, 0},
    {"RFC 9112 7.1: bad size", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid chunk size", 0, NULL, 0, 0},
    {"RFC 9112 7.1: huge size", OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "invalid chunk size", 0,
     NULL, 0, 0},
    {"RFC 9112 7.1: bad end", OK "Transfer-Encoding: chunked\r\n\r\n1\r\nok", "not followed by a line end", 0, NULL, 0, 0},
    {"RFC 9112 4: nonsense", "220 mail.example ESMTP\r\n", "malformed status line", 0, NULL, 0, 0},
    {"RFC 9112 4: HTTP/2", "HTTP/2 200\r\n\r\n", "malformed status line", 0, NULL, 0, 0},
    {"RFC 9112 2.2: bare LF", "HTTP/1.1 200 OK\n\n", "line feed", 0, NULL, 0, 0},
    {"RFC 9112 8: head cut", "HTTP/1.1 200 OK\r\nA: b\r\n", "in the middle of the response head", 0, NULL, 0, 0},
    {"RFC 9112 8: nothing", "", "without a response", 0, NULL, 0, 0},
    {"RFC 9112 6.3: two lengths", OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nok", "more than one Content-Length",
     0, NULL, 0, 0},
    {"RFC 9112 6.3: no number", OK "Content-Length: 1x\r\n\r\nok", "invalid Content-Length", 0, NULL, 0, 0},
    {"RFC 9112 6.1: both", OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both Content-Length", 0, NULL,
     0, 0},
    {"RFC 9112 6.1: gzip", OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "transfer coding", 0, NULL, 0, 0},
    {"silence", OK, "timed out after 300 ms", 0, NULL, 0, 600},
    {"silence in a body", OK "Content-Length: 5\r\n\r\nok", "timed out after 300 ms", 0, NULL, 0, 600},
    {"a head that drips for ever", OK "A: " HUNDRED, "timed out after 300 ms", 0, NULL, 8, 0},
    {"a body that drips for ever", OK "\r\n" HUNDRED, "timed out after 300 ms", 0, NULL, 8, 0},
};

static void check_case(osp_ctx *ctx, const expectation *expected)
{
    char *error;
    start_server(&(script){.answers = {expected->answer}, .drip_ms = expected->drip_ms, .hold_ms = expected->hold_ms});
    bool times_out = expected->error != NULL && strstr(expected->error, "timed out") != NULL;
    int64_t client = create_client(ctx, server.port, times_out ? 300 : 5000);
    int64_t status = request(ctx, client, expected->method ? expected->method : "GET", "/", "", "", &error);
    if (expected->error == NULL)
        CHECK(status == expected->status, "%s: %d, %s", expected->rule, (int)status, error ? error : "");
    else
        CHECK(error != NULL && strstr(error, expected->error) != NULL, "%s: %s", expected->rule,
              error ? error : "accepted");
    osp_drop(error);
    close_client(ctx, client);
    stop_server();
}

/* Heads too large for a table of literals. */
static void check_large_heads(osp_ctx *ctx)
{
    static const struct { const char *prefix, *filler; size_t count; const char *error; } table[] = {
        {"HTTP/1.1 200 ", "x", 10000, "status line too long"},
        {OK, "A: b\r\n", 102, "too many header fields"},
        {OK "A: ", "x", 70000, "header section too large"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *text = malloc(100000), *end = stpcpy(text, table[i].prefix), *error;
        for (size_t n = 0; n < table[i].count; n++)
            end = stpcpy(end, table[i].filler);
        start_server(&(script){.answers = {text}});
        int64_t client = create_client(ctx, server.port, 5000);
        request(ctx, client, "GET", "/", "", "", &error);
        CHECK(error != NULL && strstr(error, table[i].error) != NULL, "%s", error);
        osp_drop(error);
        close_client(ctx, client);
        stop_server();
        free(text);
    }
}

/* ---- connections ---- */

#define KEPT OK "Content-Length: 2\r\n\r\nok"

/* Three requests in turn; how many connections they took. */
static int connections_for_three(osp_ctx *ctx, const script *what, const char *method, const char *third)
{
    char *error;
    start_server(what);
    int64_t client = create_client(ctx, server.port, 5000);
    for (int i = 0; i < 3; i++) {
        int64_t status = request(ctx, client, method, "/", "", "", &error);
        CHECK(i < 2 || third == NULL ? status == 200 : strstr(error, third) != NULL, "request %d: %s", i,
              error ? error : "no error");
        osp_drop(error);
    }
    int accepted = __atomic_load_n(&server.accepted, __ATOMIC_SEQ_CST);
    close_client(ctx, client);
    stop_server();
    return accepted;
}

static void check_reuse(osp_ctx *ctx)
{
    CHECK(connections_for_three(ctx, &(script){.answers = {KEPT, KEPT, KEPT}}, "GET", NULL) == 1, "kept");
    CHECK(connections_for_three(ctx, &(script){.answers = {OK "Connection: close\r\nContent-Length: 0\r\n\r\n"}},
                                "GET", NULL) == 3, "close");
    CHECK(connections_for_three(ctx, &(script){.answers = {OK "\r\nok"}}, "GET", NULL) == 3, "to the end");
    CHECK(connections_for_three(ctx, &(script){.answers = {KEPT "junk", KEPT}}, "GET", NULL) == 3,
          "bytes that nobody asked for");
    /* The server promises to keep the connection and closes it: seen before the next request, or during it. */
    CHECK(connections_for_three(ctx, &(script){.answers = {KEPT}}, "GET", NULL) == 3, "closed all the same");
}

static void check_refused(osp_ctx *ctx)
{
    int port;
    char *error, expected[64];
    close(listen_anywhere(&port));
    int64_t client = create_client(ctx, port, 5000);
    request(ctx, client, "GET", "/", "", "", &error);
    snprintf(expected, sizeof expected, "connect: 127.0.0.1:%d: connection refused", port);
    CHECK(error != NULL && strcmp(error, expected) == 0, "%s", error);
    osp_drop(error);
    close_client(ctx, client);
}

/* A name that is known to every machine, and one that nobody may have (RFC 6761 6.4): whatever the resolver does
 * about it, the time-out holds. */
static void check_names(osp_ctx *ctx)
{
    char *error;
    start_server(&(script){.answers = {KEPT}});
    int64_t client = create_client_for(ctx, "localhost", server.port, 5000);
    CHECK(request(ctx, client, "GET", "/", "", "", &error) == 200, "%s", error);
    close_client(ctx, client);
    stop_server();
    if (ctx == NULL)
        return;
    struct timespec before, after;
    client = create_client_for(ctx, "nobody.invalid", 80, 300);
    clock_gettime(CLOCK_MONOTONIC, &before);
    request(ctx, client, "GET", "/", "", "", &error);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(error != NULL && strstr(error, "resolve: nobody.invalid: ") != NULL, "%s", error);
    CHECK(after.tv_sec - before.tv_sec <= 2, "%d seconds", (int)(after.tv_sec - before.tv_sec));
    osp_drop(error);
    close_client(ctx, client);
}

/* A body that does not fit into the socket's buffers at once. */
static void check_bodies(osp_ctx *ctx)
{
    size_t size = 100000; /* the server keeps what it sees in 128 KiB */
    char *body = malloc(size + 1), *error;
    memset(body, 'x', size);
    body[size] = 0;
    start_server(&(script){.answers = {KEPT}});
    int64_t client = create_client(ctx, server.port, 5000);
    CHECK(request(ctx, client, "POST", "/", "", body, &error) == 200, "%s", error);
    close_client(ctx, client);
    stop_server();
    CHECK(strstr(server.seen, "Content-Length: 100000\r\n") != NULL && server.seen_length > size, "sent whole");
    free(body);
}

/* ---- what is sent ---- */

static void check_sent(osp_ctx *ctx, const char *base, const char *method, const char *path, const char *headers,
                       const char *body, const char *expected)
{
    char url[128], *error = NULL;
    start_server(&(script){.answers = {KEPT}});
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, base);
    char *text = string(url);
    int64_t client = osp_http_create_client(ctx, text, 5000, &error);
    CHECK(request(ctx, client, method, path, headers, body, &error) == 200, "%s", error);
    close_client(ctx, client);
    stop_server();
    /* The port differs from run to run: compare around it. */
    char host[32], *place;
    snprintf(host, sizeof host, "127.0.0.1:%d", server.port);
    while ((place = strstr(server.seen, host)) != NULL) {
        memmove(place + 1, place + strlen(host), strlen(place + strlen(host)) + 1);
        *place = '@';
    }
    CHECK(strcmp(server.seen, expected) == 0, "sent: %s", server.seen);
    osp_drop(text);
}

static void check_requests(osp_ctx *ctx)
{
    check_sent(ctx, "", "GET", "/a?b=c", "", "", "GET /a?b=c HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "", "GET", "", "", "", "GET / HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "", "GET", "?q", "", "", "GET /?q HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "/", "GET", "a", "", "", "GET /a HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "/v1/", "GET", "/a", "", "", "GET /v1/a HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "/v1", "DELETE", "", "", "", "DELETE /v1 HTTP/1.1\r\nHost: @\r\n\r\n");
    check_sent(ctx, "", "POST", "/", "", "", "POST / HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\n\r\n");
    check_sent(ctx, "", "PUT", "/", "A:b\nC: d", "xyz",
               "PUT / HTTP/1.1\r\nHost: @\r\nA: b\r\nC: d\r\nContent-Length: 3\r\n\r\nxyz");
    check_sent(ctx, "", "GET", "/", "host: other\r\n", "", "GET / HTTP/1.1\r\nhost: other\r\n\r\n");
    check_sent(ctx, "", "PATCH", "/", "content-length: 1\r\n", "x",
               "PATCH / HTTP/1.1\r\nHost: @\r\nContent-Length: 1\r\n\r\nx");
}

/* Nothing of these may reach the server: there is none. */
static void check_injection(osp_ctx *ctx)
{
    static const struct { const char *method, *path, *headers, *body, *error; } table[] = {
        {"GET", "/ HTTP/1.1\r\nX: y", "", "", "path: invalid character at byte 1"},
        {"GET", "/a\nb", "", "", "path: invalid character"},
        {"GET", "/\xc3\xa9", "", "", "path: invalid character"},
        {"GET", "/#a", "", "", "path: invalid character"},
        {"GET", "/", "A: b\r\n\r\nGET /x HTTP/1.1\r\n", "", "headers: not a list"},
        {"GET", "/", "A: b\rC: d", "", "headers: not a list"},
        {"GET", "/", "nonsense", "", "headers: not a list"},
        {"GET", "/", "A b: c", "", "headers: not a list"},
        {"POST", "/", "Content-Length: 5", "x", "Content-Length does not match"},
        {"POST", "/", "Transfer-Encoding: chunked", "x", "Transfer-Encoding is set by"},
        {"GET / HTTP/1.1\r\n", "/", "", "", "unknown method"},
        {"get", "/", "", "", "unknown method"},
    };
    int64_t client = create_client(ctx, 1, 5000);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *error;
        request(ctx, client, table[i].method, table[i].path, table[i].headers, table[i].body, &error);
        CHECK(error != NULL && strstr(error, table[i].error) != NULL, "case %zu: %s", i, error);
        osp_drop(error);
    }
    close_client(ctx, client);
}

static void check_bad_clients(osp_ctx *ctx)
{
    static const char *const urls[] = {"", "example.org", "ftp://a", "ws://a", "http://", "http://a:99999",
                                       "http://u:p@a", "http://a/?q", "http://a/#f", "http://a b"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char *error = NULL, *url = string(urls[i]);
        CHECK(osp_http_create_client(ctx, url, 1000, &error) == 0 && error != NULL, "%s", urls[i]);
        osp_drop(url);
        osp_drop(error);
    }
    char *error = NULL, *url = string("http://a");
    CHECK(osp_http_create_client(ctx, url, 0, &error) == 0 && error != NULL, "no time at all");
    osp_drop(error);
    error = NULL;
    int64_t client = osp_http_create_client(ctx, url, 1000, &error);
    close_client(ctx, client);
    osp_http_close_client(ctx, client, &error);
    CHECK(error != NULL && strstr(error, "no HTTP client") != NULL, "closed twice");
    osp_drop(error);
    request(ctx, client, "GET", "/", "", "", &error);
    CHECK(error != NULL && strstr(error, "no HTTP client") != NULL, "used after it was closed");
    osp_drop(error);
    osp_drop(url);
}

/* ---- responses ---- */

static int64_t get_response(osp_ctx *ctx, int64_t client, char **error)
{
    char *path = string("/"), *headers = string("");
    *error = NULL;
    int64_t id = osp_http_get_response(ctx, client, path, headers, error);
    osp_drop(path);
    osp_drop(headers);
    return id;
}

static void check_response(osp_ctx *ctx, const char *framing, const char *body)
{
    char text[256], *error = NULL, *name = string("x-name"), *value;
    snprintf(text, sizeof text, OK "X-Name:  value \r\n%s", framing);
    bool to_the_end = framing[0] == '\r';
    start_server(&(script){.answers = {text, to_the_end ? NULL : text}});
    int64_t client = create_client(ctx, server.port, 5000);

    int64_t id = get_response(ctx, client, &error);
    CHECK(id > 0 && osp_http_response_status(ctx, id) == 200, "%s", error);
    value = osp_http_response_header(ctx, id, name, &error);
    CHECK(value != NULL && strcmp(value, "value") == 0, "header");
    osp_drop(value);
    value = osp_http_response_body(ctx, id, &error);
    CHECK(value != NULL && strcmp(value, body) == 0, "body: %s", value ? value : error);
    osp_drop(value);
    osp_http_response_free(ctx, id, &error);
    CHECK(error == NULL, "%s", error);

    id = get_response(ctx, client, &error); /* in pieces of three bytes */
    char whole[64] = "";
    for (;;) {
        value = osp_http_response_read(ctx, id, 3, &error);
        if (value == NULL || osp_string_length(value) == 0)
            break;
        CHECK(osp_string_length(value) <= 3, "a piece is too large");
        strcat(whole, value);
        osp_drop(value);
    }
    CHECK(error == NULL && strcmp(whole, body) == 0, "pieces: %s", error ? error : whole);
    osp_drop(value);
    osp_http_response_free(ctx, id, &error);
    close_client(ctx, client);
    stop_server();
    osp_drop(name);
}

static void check_response_faults(osp_ctx *ctx)
{
    char *error = NULL, *name = string("Absent");
    start_server(&(script){.answers = {OK "Content-Length: 9\r\n\r\nok", KEPT}});
    int64_t client = create_client(ctx, server.port, 200);
    int64_t id = get_response(ctx, client, &error);
    CHECK(osp_http_response_header(ctx, id, name, &error) == NULL && error != NULL, "absent header");
    osp_drop(error);
    error = NULL;
    CHECK(osp_http_response_read(ctx, id, 0, &error) == NULL && error != NULL, "no bytes asked for");
    osp_drop(error);
    error = NULL;
    CHECK(osp_http_response_body(ctx, id, &error) == NULL && strstr(error, "timed out") != NULL, "body that stalls");
    osp_drop(error);
    error = NULL;
    CHECK(osp_http_response_body(ctx, id, &error) == NULL && error != NULL, "read again after it failed");
    osp_drop(error);
    error = NULL;
    close_client(ctx, client); /* the response outlives its client */
    CHECK(osp_http_response_status(ctx, id) == 200, "status");
    osp_http_response_free(ctx, id, &error);
    CHECK(error == NULL, "%s", error);
    osp_http_response_free(ctx, id, &error);
    CHECK(error != NULL && strstr(error, "no HTTP response") != NULL, "freed twice");
    osp_drop(error);
    error = NULL;
    CHECK(osp_http_response_status(ctx, id) == -1 && osp_http_response_status(ctx, -5) == -1 &&
              osp_http_response_status(ctx, INT64_MAX) == -1, "ids that name nothing");
    stop_server();
    osp_drop(name);
}

/* ---- faults on purpose ---- */

/* Follows a redirect, so that this path is walked too. */
static void follow_redirects(int64_t client)
{
    char *error = NULL;
    osp_http_configure_client(NULL, client, 1, 0, 0, 1000, 100, &error);
    CHECK(error == NULL, "%s", error);
}

/* One request whose body is read, with operation number `successes` of its kind failing. False if there are not as
 * many operations. */
static bool fail_one(unsigned classes, int64_t successes, int code, const char *url)
{
    char *error = NULL, *base = string(url), *path = string("/"), *headers = string("A: b\r\n");
    osp__fault_plan(classes, successes, 1, code);
    int64_t client = osp_http_create_client(NULL, base, 2000, &error);
    if (client > 0)
        follow_redirects(client);
    int64_t id = client > 0 ? osp_http_get_response(NULL, client, path, headers, &error) : 0;
    char *body = id > 0 ? osp_http_response_body(NULL, id, &error) : NULL;
    bool failed = osp__fault_left() == 0;
    osp__fault_plan(0, 0, 0, 0);
    CHECK((body != NULL) == (error == NULL), "fault %d after %d: neither a body nor an error", (int)classes,
          (int)successes);
    CHECK(body == NULL || strcmp(body, "ok") == 0, "fault %d after %d: body", (int)classes, (int)successes);
    osp_drop(error);
    osp_drop(body);
    error = NULL;
    if (id > 0)
        osp_http_response_free(NULL, id, &error);
    if (client > 0)
        osp_http_close_client(NULL, client, &error);
    CHECK(error == NULL, "fault %d after %d: %s", (int)classes, (int)successes, error);
    osp_drop(base);
    osp_drop(path);
    osp_drop(headers);
    return failed;
}

/* Each allocation, then each system call, fails in turn: an error comes back, and nothing is left behind. */
static void check_faults(void)
{
    char url[64];
    static const char redirect[] = "HTTP/1.1 302 x\r\nLocation: /b\r\nContent-Length: 4\r\n\r\nmove";
    start_server(&(script){.answers = {redirect, OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}});
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
    int64_t allocations = 0, calls = 0;
    while (fail_one(1, allocations, ENOMEM, url))
        allocations++;
    static const int errors[] = {ECONNRESET, EMFILE, EINTR, EAGAIN, EIO};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        for (calls = 0; fail_one(2, calls, errors[i], url);)
            calls++;
    CHECK(allocations >= 12 && calls >= 6, "only %d allocations and %d calls failed", (int)allocations, (int)calls);
    stop_server();
}

/* ---- on fibers ---- */

static void everything(osp_ctx *ctx, void *env, void *arg)
{
    (void)env, (void)arg;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(ctx, &cases[i]);
    check_large_heads(ctx);
    check_reuse(ctx);
    check_refused(ctx);
    check_names(ctx);
    check_bodies(ctx);
    check_requests(ctx);
    check_injection(ctx);
    check_bad_clients(ctx);
    check_response(ctx, "Content-Length: 10\r\n\r\n" TEN, TEN);
    check_response(ctx, "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", TEN);
    check_response(ctx, "\r\n" TEN, TEN);
    check_response(ctx, "Content-Length: 0\r\n\r\n", "");
    check_response_faults(ctx);
}

/* ---- many fibers, one client, our own server ---- */

enum { THREADS = 8, REQUESTS = 40 };

static char *echo(char *method, char *path, char *headers, char *body)
{
    (void)method, (void)headers, (void)body;
    return strdup(path);
}

/* Each response must be the one to this fiber's request: connections are never mixed up. */
static void ask_often(osp_ctx *ctx, void *env, void *arg)
{
    (void)env;
    int64_t client = *(int64_t *)arg;
    char *headers = string("");
    for (int i = 0; i < REQUESTS; i++) {
        char text[64], *error = NULL;
        snprintf(text, sizeof text, "/%p/%d", (void *)&text, i);
        char *path = string(text);
        int64_t id = osp_http_get_response(ctx, client, path, headers, &error);
        char *body = id > 0 ? osp_http_response_body(ctx, id, &error) : NULL;
        CHECK(body != NULL && strcmp(body, text) == 0, "%s: %s", text, body != NULL ? body : error);
        osp_drop(body);
        if (id > 0)
            osp_http_response_free(ctx, id, &error);
        osp_drop(path);
    }
    osp_drop(headers);
}

static void *run_fiber(void *client)
{
    char *error = NULL;
    if (osp_call_on_fiber(ask_often, NULL, client, &error) != 0)
        abort();
    return NULL;
}

/* The functions in the plain shape, from a plain thread; and from a handler, which then asks another server. */
static int64_t other_client;

static char *forward(char *method, char *path, char *headers, char *body)
{
    (void)headers;
    return http_request(other_client, method, path, NULL, body) == 200 ? strdup("ok") : NULL;
}

static void check_c_responses(int64_t client)
{
    http_client_options options = HTTP_CLIENT_OPTIONS;
    options.read_timeout_ms = 4000;
    CHECK(http_configure_client(client, &options) == 0, "%s", http_client_error());
    options.max_redirects = -1;
    CHECK(http_configure_client(client, &options) == -1 && strstr(http_client_error(), "maxRedirects"), "%s",
          http_client_error());
    int64_t id = http_fetch(client, "POST", "/", "", "x");
    CHECK(id > 0 && http_response_status(id) == 200, "%s", http_client_error());
    size_t length = 0;
    char *type = http_response_header(id, "content-TYPE", NULL), buffer[2];
    CHECK(type != NULL && strncmp(type, "text/plain", 10) == 0, "%s", http_client_error());
    CHECK(http_response_header(id, "absent", &length) == NULL && strstr(http_client_error(), "no header"), "absent");
    CHECK(http_response_read(id, buffer, 1) == 1 && buffer[0] == 'o', "%s", http_client_error());
    char *rest = http_response_body(id, &length);
    CHECK(rest != NULL && length == 1 && strcmp(rest, "k") == 0, "%s", http_client_error());
    CHECK(http_response_read(id, buffer, 2) == 0, "the end");
    CHECK(http_response_free(id) == 0 && http_response_free(id) == -1 && http_response_status(id) == -1, "freed");
    CHECK(http_fetch(client, "BREW", "/", NULL, NULL) == -1 && http_response_body(id, NULL) == NULL, "refused");
    free(type);
    free(rest);
}

/* A client is closed while a connection that was kept beside another one is in use: each is closed once. */
static void check_closing_in_use(const char *url)
{
    int64_t client = http_create_client(url, 5000), ids[2];
    for (int i = 0; i < 2; i++)
        ids[i] = http_fetch(client, "GET", "/", NULL, NULL);
    for (int i = 0; i < 2; i++) {
        free(http_response_body(ids[i], NULL));
        CHECK(http_response_free(ids[i]) == 0, "%s", http_client_error());
    }
    int64_t id = http_fetch(client, "GET", "/", NULL, NULL);
    CHECK(http_close_client(client) == 0, "%s", http_client_error());
    char *body = http_response_body(id, NULL);
    CHECK(body != NULL && http_response_free(id) == 0, "%s", http_client_error());
    free(body);
}

static void check_c_functions(void)
{
    char url[64];
    int64_t back = http_create_server(0, "127.0.0.1"), front = http_create_server(0, "127.0.0.1");
    CHECK(http_listen(back, echo) == 0 && http_listen(front, forward) == 0, "servers");
    snprintf(url, sizeof url, "http://127.0.0.1:%lld", (long long)http_server_port(back));
    other_client = http_create_client(url, 5000);
    snprintf(url, sizeof url, "http://127.0.0.1:%lld", (long long)http_server_port(front));
    check_closing_in_use(url);
    int64_t client = http_create_client(url, 5000);
    CHECK(http_get(client, "/", NULL) == 200 && http_delete(client, "/", "A: b") == 200, "%s", http_client_error());
    CHECK(http_post(client, "/", "x", "") == 200 && http_put(client, "/", "x", "") == 200, "%s", http_client_error());
    CHECK(http_get(client, "no good", NULL) == -1 && strstr(http_client_error(), "path:") != NULL, "%s",
          http_client_error());
    check_c_responses(client);
    CHECK(http_create_client("nowhere", 1) == -1 && http_create_client(NULL, 1) == -1, "no URL");
    CHECK(http_close_client(client) == 0 && http_close_client(other_client) == 0, "%s", http_client_error());
    CHECK(http_close_client(client) == -1, "closed twice");
    CHECK(http_stop_server(front) == 0 && http_stop_server(back) == 0, "stop");
}

static void check_many_fibers(void)
{
    int64_t listener = http_create_server(0, "127.0.0.1");
    CHECK(listener > 0 && http_listen(listener, echo) == 0, "server");
    int64_t client = create_client(NULL, (int)http_server_port(listener), 10000);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run_fiber, &client);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    close_client(NULL, client);
    CHECK(http_stop_server(listener) == 0, "stop");
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    osp_config config = {.size = sizeof config, .workers = 2};
    if (osp_runtime_start(&config) != 0)
        return 1;
    char *error = NULL;
    int before = open_descriptors();
    int64_t cells = osp_live_cells();
    CHECK(osp_call_on_fiber(everything, NULL, NULL, &error) == 0, "%s", error);
    CHECK(open_descriptors() == before, "descriptors left open");
    CHECK(osp_live_cells() == cells, "strings left over");
    check_case(NULL, &cases[0]);
    check_reuse(NULL);
    check_names(NULL);
    check_faults();
    CHECK(open_descriptors() == before && osp_live_cells() == cells, "left over after faults");
    check_many_fibers();
    check_c_functions();
    CHECK(osp_live_cells() == cells, "%d strings left over", (int)(osp_live_cells() - cells));
    return report();
}
