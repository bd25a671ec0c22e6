/* test_bridge.c - the plain C functions: a C program that uses the runtime alone, with the raw handler and with the
 * deprecated bridge. */
#include "peer.h"

static char *raw(char *method, char *path, char *headers, char *body) {
    if (strcmp(path, "/null") == 0) return NULL;
    char *reply = NULL;
    if (asprintf(&reply, "%s %s [%s] %s", method, path, headers, body) < 0) return NULL;
    return reply;
}

int osprey_handle_http_request(int server_id, char *method, char *full_url, char *raw_headers, char *body,
                               size_t body_length, int *response_status, char **response_headers, char **response_body,
                               size_t *response_body_length) {
    (void)raw_headers;
    if (strcmp(full_url, "/fail") == 0) return -1;
    *response_status = 203;
    *response_headers = strdup("X-Bridge: yes\r\n");
    *response_body = malloc(body_length + 100);
    *response_body_length = (size_t)sprintf(*response_body, "%d %s %s ", server_id, method, full_url);
    memcpy(*response_body + *response_body_length, body, body_length);
    *response_body_length += body_length;
    return 0;
}

static char reply[10000];

static void exchange(int64_t port, const char *request, size_t length) {
    peer_exchange(port, request, length, reply, sizeof reply - 1);
}

#define CLOSE "Connection: close\r\n"

int main(void) {
    int64_t server = http_create_server(0, "127.0.0.1"), port = http_server_port(server);
    CHECK(server > 0 && port > 0);
    CHECK(http_listen(server, raw) == 0);
    static const char post[] = "POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" CLOSE "\r\nabc";
    exchange(port, post, sizeof post - 1);
    CHECK(strstr(reply, "200 OK") != NULL);
    CHECK(strstr(reply, "POST /x?y [Host: a\r\nContent-Length: 3\r\n" CLOSE "] abc") != NULL);
    static const char null[] = "GET /null HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n";
    exchange(port, null, sizeof null - 1);
    CHECK(strncmp(reply, "HTTP/1.1 500 ", 13) == 0);
    CHECK(http_create_server(port, "127.0.0.1") == -1);
    CHECK(http_create_server(-5, "127.0.0.1") == -1);
    CHECK(http_stop_server(server) == 0 && http_stop_server(server) == -1);

    server = http_create_server(port, "127.0.0.1");
    CHECK(server > 0 && http_listen(server, NULL) == 0);
    static const char binary[] = "PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" CLOSE "\r\n\0\1\2";
    exchange(port, binary, sizeof binary - 1);
    CHECK(strncmp(reply, "HTTP/1.1 203 ", 13) == 0 && strstr(reply, "X-Bridge: yes\r\n") != NULL);
    const char *body = strstr(reply, "\r\n\r\n");
    char expected[64];
    size_t length = (size_t)sprintf(expected, "%lld PUT /b ", (long long)server);
    memcpy(expected + length, "\0\1\2", 3);
    CHECK(body != NULL && memcmp(body + 4, expected, length + 3) == 0);
    static const char fail[] = "GET /fail HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n";
    exchange(port, fail, sizeof fail - 1);
    CHECK(strncmp(reply, "HTTP/1.1 500 ", 13) == 0);
    CHECK(http_stop_server(server) == 0);
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
