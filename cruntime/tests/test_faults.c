/* test_faults.c - each allocation and each system call of the runtime fails once while requests are served, one after
 * the other (as SQLite tests itself). Whatever fails: the client sees a reply or the end of the connection, the next
 * client is served, and nothing is leaked. */
#include <errno.h>
#include <fcntl.h>

#include "peer.h"
#include "sys/sys.h"

/* What the handler owns is kept here and not on its stack: the frames of a fiber that ends for want of memory are
 * abandoned, and what they held is not given back yet. The next call, or the end, does it. */
static char *held[3];

static void drop_held(void) {
    for (int i = 0; i < 3; i++) osp_drop(__atomic_exchange_n(&held[i], NULL, __ATOMIC_SEQ_CST));
}

static char *hold(int i, char *string) {
    __atomic_store_n(&held[i], string, __ATOMIC_SEQ_CST);
    return string;
}

static void handle(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    drop_held();
    char *body = hold(0, osp_http_request_body(ctx, request));
    char *path = hold(1, osp_http_request_path(ctx, request));
    osp_http_respond_text(ctx, request, hold(2, osp_string_concat(ctx, path, body)));
    drop_held();
}

static int64_t port;
static char reply[200000];

static void exchange(void) {
    static char request[40000] = "POST /path HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\nConnection: close\r\n\r\n";
    size_t head = strlen(request);
    static const char first[] = "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n3\r\nabc\r\n0\r\n\r\n";
    int fd = peer_connect(port);
    if (fd < 0) return;
    peer_send(fd, first, sizeof first - 1);
    peer_send(fd, request, head);
    char part[30000];
    memset(part, 'x', sizeof part);
    peer_send(fd, part, sizeof part);
    peer_read(fd, reply, sizeof reply - 1);
    close(fd);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1000; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void check_served(unsigned class, int which, int error) {
    memset(reply, 0, 100);
    exchange();
    const char *body = strstr(reply, "/pathxxx");
    if (strncmp(reply, "HTTP/1.1 200 ", 13) == 0 && body != NULL) return;
    fprintf(stderr, "not served after fault %d of class %u (error %d): %.200s\n", which, class, error, reply);
    check_failures++;
}

static void fail_each(unsigned class, int error, int count) {
    for (int i = 0; i < count; i++) {
        osp__fault_plan(class, i, 1, error);
        exchange();
        osp__fault_plan(0, 0, 0, 0);
        check_served(class, i, error);
    }
}

static int64_t create_and_listen(void) {
    char *failure = NULL, *address = text("127.0.0.1");
    int64_t server = address != NULL ? osp_http_create_server(NULL, 0, address, &failure) : 0;
    if (server > 0) osp_http_listen(NULL, server, handle, NULL, &failure);
    CHECK((server > 0) || failure != NULL || address == NULL);
    if (failure != NULL && server > 0) {
        osp_drop(failure);
        failure = NULL;
        osp_http_stop_server(NULL, server, &failure); /* may have been stopped by the failed listen */
        server = 0;
    }
    osp_drop(failure);
    osp_drop(address);
    return server;
}

/* Every step of creating a server and stopping it fails once. */
static void fail_creation(unsigned class, int error, int count) {
    for (int i = 0; i < count; i++) {
        osp__fault_plan(class, i, 1, error);
        int64_t server = create_and_listen();
        char *failure = NULL;
        if (server > 0) osp_http_stop_server(NULL, server, &failure);
        osp__fault_plan(0, 0, 0, 0);
        CHECK(failure == NULL);
        osp_drop(failure);
    }
}

int main(void) {
    osp_config config = {.size = sizeof config, .workers = 2};
    CHECK(osp_runtime_start(&config) == 0);
    int64_t server = create_and_listen();
    port = osp_http_server_port(NULL, server);
    check_served(0, 0, 0);
    int descriptors = open_descriptors() + config.workers; /* each keeps one in reserve from its first connection on */
    fail_each(1, ENOMEM, 30);
    fail_each(2, EIO, 30);
    fail_each(2, EMFILE, 30);
    fail_each(2, EINTR, 30);
    fail_creation(1, ENOMEM, 8);
    fail_creation(2, EMFILE, 14);
    for (int i = 0; i < 100 && open_descriptors() > descriptors; i++) osp__thread_sleep_ns(10000000);
    CHECK(open_descriptors() <= descriptors);
    char *failure = NULL;
    osp_http_stop_server(NULL, server, &failure);
    CHECK(failure == NULL);
    drop_held();
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
