/*
 * A name with several addresses: the client tries the next when one does not answer (RFC 9110 4.3.3 leaves it to the
 * client; RFC 6724 orders them). The resolver is ours here: it is found before the C library's, and knows a few names
 * on 127.0.0.0/8, of which only 127.0.0.1 is listened on.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "check.h"

static const struct {
    const char *name, *addresses[3];
} hosts[] = {
    {"first.test", {"127.0.0.1"}},
    {"second.test", {"127.0.0.2", "127.0.0.1"}},
    {"third.test", {"127.0.0.2", "127.0.0.3", "127.0.0.1"}},
    {"none.test", {"127.0.0.2", "127.0.0.3"}},
};

static struct addrinfo *make_address(const char *text, const char *service) {
    struct addrinfo *info = calloc(1, sizeof *info);
    struct sockaddr_in *address = calloc(1, sizeof *address);
    if (info == NULL || address == NULL) abort();
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)atoi(service));
    inet_pton(AF_INET, text, &address->sin_addr);
    *info = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addrlen = sizeof *address,
                              .ai_addr = (struct sockaddr *)address};
    return info;
}

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result) {
    (void)hints;
    *result = NULL;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (strcmp(hosts[i].name, name) != 0) continue;
        for (int last = 2; last >= 0; last--) {
            if (hosts[i].addresses[last] == NULL) continue;
            struct addrinfo *info = make_address(hosts[i].addresses[last], service);
            info->ai_next = *result;
            *result = info;
        }
        return 0;
    }
    return EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static char *answer(char *method, char *path, char *headers, char *body) {
    (void)method, (void)path, (void)body;
    return strdup(headers);
}

static int64_t port;

static int64_t status_from(const char *host) {
    char url[64];
    snprintf(url, sizeof url, "http://%s:%lld", host, (long long)port);
    int64_t client = http_create_client(url, 5000), status = http_get(client, "/", NULL);
    CHECK(http_close_client(client) == 0);
    return status;
}

/* On a fiber names are looked up by another thread. */
static void on_a_fiber(osp_ctx *ctx, void *env, void *argument) {
    (void)ctx, (void)env, (void)argument;
    CHECK(status_from("first.test") == 200 && status_from("third.test") == 200);
    CHECK(status_from("none.test") == -1 && status_from("unknown.test") == -1);
}

int main(void) {
    int64_t server = http_create_server(0, "127.0.0.1");
    CHECK(server > 0 && http_listen(server, answer) == 0);
    port = http_server_port(server);
    CHECK(status_from("first.test") == 200 && status_from("second.test") == 200 && status_from("third.test") == 200);
    char expected[80];
    snprintf(expected, sizeof expected, "connect: none.test:%lld: connection refused", (long long)port);
    CHECK(status_from("none.test") == -1);
    CHECK_TEXT(http_client_error(), expected);
    CHECK(status_from("unknown.test") == -1);
    CHECK(strncmp(http_client_error(), "resolve: unknown.test: ", 23) == 0);
    char *failure = NULL;
    CHECK(osp_call_on_fiber(on_a_fiber, NULL, NULL, &failure) == 0);
    CHECK(http_stop_server(server) == 0);
    return check_report();
}
