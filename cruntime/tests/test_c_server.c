/* test_c_server.c - what a C program can do with servers beyond the raw handler: limits, HTTPS, bodies in files, stopping
 * a server from its own handler, and learning what went wrong. Uses nothing of the runtime but ospjit.h. */
#include <sys/mman.h>

#include "peer.h"

static int64_t server, secure;

static int64_t count_body(void) {
    char part[4096];
    int64_t total = 0;
    int fd = http_request_body_fd();
    if (fd < 0) return fd;
    for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;) total += n;
    return total;
}

static char *handle(char *method, char *path, char *headers, char *body) {
    (void)headers;
    char *reply = NULL;
    long long number = strcmp(path, "/count") == 0  ? (long long)count_body()
                       : strcmp(path, "/stop") == 0 ? (long long)http_stop_server(server)
                                                    : (long long)strlen(body);
    if (asprintf(&reply, "%s %s %zu %lld", method, path, strlen(body), number) < 0) return NULL;
    return reply;
}

static char reply[100000];

static void check_exchange(int64_t port, const char *request, size_t length, const char *status, const char *body) {
    peer_exchange(port, request, length, reply, sizeof reply - 1);
    const char *end = strstr(reply, "\r\n\r\n");
    CHECK(strncmp(reply, status, strlen(status)) == 0);
    if (body != NULL) CHECK_TEXT(end != NULL ? end + 4 : "", body);
}

static void test_bodies(int64_t port) {
    static char large[30000];
    int head = sprintf(large, "POST /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n");
    memset(large + head, 'x', 20000);
    check_exchange(port, large, (size_t)head + 20000, "HTTP/1.1 200 ", "POST /count 0 20000");
    static const char small[] = "POST /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    check_exchange(port, small, sizeof small - 1, "HTTP/1.1 200 ", "POST /count 3 3");
    static const char over[] = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 20001\r\n\r\n";
    check_exchange(port, over, sizeof over - 1, "HTTP/1.1 413 ", NULL);
    CHECK(http_request_body_fd() < 0); /* no handler runs here */
}

static void test_https(void) {
    char url[64];
    secure = http_create_server_tls(0, "127.0.0.1", OSP_TEST_CERTIFICATES "/good.pem", OSP_TEST_CERTIFICATES "/good.pem");
    CHECK(secure > 0 && http_listen(secure, handle) == 0);
    setenv("SSL_CERT_FILE", OSP_TEST_CERTIFICATES "/authority.pem", 1);
    snprintf(url, sizeof url, "https://localhost:%d", (int)http_server_port(secure));
    int64_t client = http_create_client(url, 10000);
    for (int i = 0; i < 3; i++) CHECK(http_get(client, "/", "") == 200);
    CHECK(http_close_client(client) == 0);
    CHECK(http_stop_server(secure) == 0);
}

static void check_error(int64_t result, const char *part) {
    CHECK(result == -1);
    if (strstr(http_server_error(), part) == NULL) check_text(__FILE__, __LINE__, http_server_error(), part);
}

static void test_errors(int64_t port) {
    http_options options = http_default_options();
    check_error(http_create_server(70000, "127.0.0.1"), "invalid port 70000");
    check_error(http_create_server(0, "nowhere"), "invalid address 'nowhere'");
    check_error(http_create_server(port, "127.0.0.1"), "another process listens there");
    check_error(http_create_server_tls(0, "127.0.0.1", "/missing", "/missing"), "cannot read the certificate /missing");
    check_error(http_configure(server, &options), "listening already");
    check_error(http_configure(1000, &options), "no server with id 1000");
    options.header_fields = 0;
    check_error(http_configure(1000, &options), "headerFields must be from 1 to 10000, not 0");
    options.size = 0;
    check_error(http_configure(1000, &options), "size");
    check_error(http_listen(server, handle), "listening already");
    check_error(http_listen(server, NULL), "there is no handler"); /* and no bridge in this program */
    check_error(http_stop_server(1000), "no server with id 1000");
    check_error(http_server_port(1000), "no such server");
}

/* What the access log holds once it has `lines` lines. */
static void read_log(int fd, int lines, char *text, size_t size) {
    for (int i = 0; i < 1000; i++, usleep(10000)) {
        ssize_t n = pread(fd, text, size - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        int found = 0;
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) found++;
        if (found >= lines) return;
    }
}

static void check_log(int fd) {
    static char text[4096];
    read_log(fd, 4, text, sizeof text);
    static const char *const expected[] = {"\"POST /count HTTP/1.1\" 200 19 ", "\"POST /count HTTP/1.1\" 200 15 ",
                                           "\"POST /count HTTP/1.1\" 413 ", "\"GET /stop HTTP/1.1\" 200 13 "};
    const char *line = text;
    for (int i = 0; i < 4; i++) {
        CHECK(strncmp(line, "127.0.0.1 - - [", 15) == 0 && strstr(line, expected[i]) != NULL);
        line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : "";
    }
    CHECK(*line == '\0');
}

int main(void) {
    char place[64];
    int log = memfd_create("log", MFD_CLOEXEC);
    snprintf(place, sizeof place, "/proc/self/fd/%d", log);
    server = http_create_server(0, "127.0.0.1");
    int64_t port = http_server_port(server);
    http_options options = http_default_options();
    options.body_bytes = 1000;
    options.total_body_bytes = 20000;
    options.access_log = place;
    CHECK(http_configure(server, &options) == 0);
    CHECK(http_listen(server, handle) == 0);
    test_bodies(port);
    test_https();
    test_errors(port);
    static const char stop[] = "GET /stop HTTP/1.1\r\nHost: a\r\n\r\n";
    check_exchange(port, stop, sizeof stop - 1, "HTTP/1.1 200 ", "GET /stop 0 0");
    CHECK(peer_connect(port) < 0);
    check_log(log);
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
