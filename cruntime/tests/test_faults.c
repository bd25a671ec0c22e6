/* test_faults.c - each allocation and each system call of the runtime fails once while requests are served, one after
 * the other (as SQLite tests itself). Whatever fails: the client sees a reply or the end of the connection, the next
 * client is served, and nothing is leaked. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "lib/descriptor.h"
#include "peer.h"
#include "sys/sys.h"

/* What the handler owns is kept here and not on its stack: the frames of a fiber that ends for want of memory are
 * abandoned, and what they held is not given back yet. The next call, or the end, does it. */
static char *held[6];

static void drop_held(void) {
    for (int i = 0; i < 6; i++) osp_drop(__atomic_exchange_n(&held[i], NULL, __ATOMIC_SEQ_CST));
}

static char *hold(int i, char *string) {
    __atomic_store_n(&held[i], string, __ATOMIC_SEQ_CST);
    return string;
}

/* A descriptor of the program's with a few bytes: a file's, whose length is known, or a pipe's. -1 if it cannot be. */
static int descriptor_with_bytes(bool of_pipe) {
    static const char contents[] = "streamed";
    int ends[2] = {-1, memfd_create("stream", MFD_CLOEXEC)};
    if (of_pipe) {
        close(ends[1]);
        if (pipe2(ends, O_CLOEXEC) != 0) abort();
    }
    if (write(ends[1], contents, sizeof contents - 1) < 0) abort();
    if (of_pipe)
        close(ends[1]);
    else
        lseek(ends[0] = ends[1], 0, SEEK_SET);
    if (osp__descriptor_give(ends[0]) == 0) return ends[0];
    close(ends[0]);
    return -1;
}

static void stream(osp_ctx *ctx, void *request, bool from_pipe) {
    char *headers = hold(2, text("A: b")), *type = hold(3, text("text/plain")), *first = hold(4, text("first "));
    int fd = headers != NULL && type != NULL && first != NULL ? descriptor_with_bytes(from_pipe) : -1;
    if (fd >= 0) osp_http_respond(ctx, request, 200, headers, type, -1, fd, false, first, -2);
}

/* The beginning of a body that went into a file. */
static char *stored_body(osp_ctx *ctx) {
    char *failure = NULL, *part = NULL;
    int64_t fd = osp_http_request_body_fd(ctx, &failure);
    if (failure == NULL) part = osp_read_fd(ctx, fd, 1000, &failure);
    osp_drop(failure);
    return part != NULL ? part : text("");
}

static void handle(osp_ctx *ctx, void *env, void *request) {
    (void)env;
    drop_held();
    char *body = hold(0, osp_http_request_body(ctx, request));
    char *path = hold(1, osp_http_request_path(ctx, request));
    if (strcmp(path, "/path") == 0 && osp_string_length(body) == 0) {
        osp_drop(body);
        body = hold(0, NULL);
        body = hold(0, stored_body(ctx));
        if (body == NULL) return;
    }
    if (strcmp(path, "/file") == 0 || strcmp(path, "/pipe") == 0)
        stream(ctx, request, path[1] == 'p');
    else
        osp_http_respond_text(ctx, request, hold(5, osp_string_concat(ctx, path, body)));
    drop_held();
}

static int64_t port;
static char reply[200000];

/* A pipeline with every kind of body in both directions, and a request that ends the connection. */
static void exchange(void) {
    static char request[40000] = "POST /path HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\nConnection: close\r\n\r\n";
    size_t head = strlen(request);
    static const char first[] = "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n3\r\nabc\r\n0\r\n\r\nHEAD /h HTTP/1.1\r\nHost: a\r\n\r\n"
                                "GET /file HTTP/1.1\r\nHost: a\r\n\r\nGET /pipe HTTP/1.1\r\nHost: a\r\n\r\n"
                                "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
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

/* Until an exchange needs fewer operations than succeed: then each has failed once. */
static void fail_each(unsigned class, int error, int at_least) {
    int i = 0;
    for (bool failed = true; failed && i < 1000; i += failed) {
        osp__fault_plan(class, i, 1, error);
        exchange();
        failed = osp__fault_left() == 0;
        osp__fault_plan(0, 0, 0, 0);
        check_served(class, i, error);
    }
    if (i < at_least || i == 1000) fprintf(stderr, "class %u, error %d: %d operations failed\n", class, error, i);
    CHECK(i >= at_least && i < 1000);
}

/* With this many bytes of a body in memory; 0: as many as there are by default. */
static int64_t create_and_listen_with(int64_t body_bytes) {
    char *failure = NULL, *address = text("127.0.0.1");
    int64_t server = address != NULL ? osp_http_create_server(NULL, 0, address, &failure) : 0;
    http_options options = http_default_options();
    options.body_bytes = body_bytes;
    options.access_log = "/dev/null";
    if (body_bytes > 0) CHECK(http_configure(server, &options) == 0);
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

static int64_t create_and_listen(void) { return create_and_listen_with(0); }

/* The same with a server that keeps next to nothing in memory, and logs. */
static void fail_each_stored(void) {
    int64_t server = create_and_listen_with(1000), other = port;
    port = osp_http_server_port(NULL, server);
    check_served(0, 0, 0);
    fail_each(1, ENOMEM, 14);
    fail_each(2, EIO, 17);
    fail_each(2, ENOSPC, 17);
    char *failure = NULL;
    osp_http_stop_server(NULL, server, &failure);
    CHECK(failure == NULL);
    port = other;
}

/* Every step of creating a server and stopping it fails once. */
static void fail_creation(unsigned class, int error) {
    bool failed = true;
    for (int i = 0; failed; i++) {
        osp__fault_plan(class, i, 1, error);
        int64_t server = create_and_listen();
        char *failure = NULL;
        if (server > 0) osp_http_stop_server(NULL, server, &failure);
        failed = osp__fault_left() == 0;
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
    int descriptors = open_descriptors() + config.workers; /* each keeps one in reserve from its first connection on */
    for (int i = 0; i < 10; i++) check_served(0, 0, 0); /* a worker that cannot start ends the process: let them */
    osp__thread_sleep_ns(20000000);
    fail_each(1, ENOMEM, 12);
    static const int errors[] = {EIO, EMFILE, EINTR, ENOBUFS, ECONNRESET};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) fail_each(2, errors[i], 15);
    fail_each_stored();
    fail_creation(1, ENOMEM);
    fail_creation(2, EMFILE);
    for (int i = 0; i < 100 && open_descriptors() > descriptors; i++) osp__thread_sleep_ns(10000000);
    CHECK(open_descriptors() <= descriptors);
    char *failure = NULL;
    osp_http_stop_server(NULL, server, &failure);
    CHECK(failure == NULL);
    drop_held();
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
