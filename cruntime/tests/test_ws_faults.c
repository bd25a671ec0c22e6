/* test_ws_faults.c - each allocation and each system call fails once while a WebSocket client of ours talks to a server
 * of ours, both in this process: every message is echoed, or refused with an error, or its connection ends; the next
 * connection works, and nothing is left behind. */
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>

#include "check.h"
#include "sys/sys.h"

enum { WORKERS = 2, MESSAGES = 3, LARGE = 200000 };

/* Made before anything fails: what is tested is the runtime, not the test. */
static char *address, *path, *headers, *empty, *url, *messages[MESSAGES];
static void *none;

static int64_t server;
static atomic_int echoed, refused, open_connections;

/* ---- the server -------------------------------------------------------------------------------------------------- */

static void on_open(osp_ctx *ctx, void *env, void *event) {
    (void)env;
    osp_drop(osp_websocket_event_headers(ctx, event));
    open_connections++;
}

static void on_close(osp_ctx *ctx, void *env, void *event) {
    (void)ctx, (void)env, (void)event;
    open_connections--;
}

static void on_message(osp_ctx *ctx, void *env, void *event) {
    (void)env;
    char *data = osp_websocket_event_data(ctx, event), *failure = NULL;
    osp_websocket_server_send(ctx, server, osp_websocket_event_connection(ctx, event), data, &failure);
    if (failure != NULL) refused++;
    osp_drop(failure);
    osp_drop(data);
}

/* The server is made before anything fails: without memory for it the program ends. */
static void create(void) {
    server = osp_websocket_create_server(NULL, 0, address, path);
    CHECK(server > 0);
}

static bool serve(bool deflate) {
    char *failure = NULL;
    osp_websocket_on_open(NULL, server, on_open, NULL, &failure);
    osp_websocket_on_message(NULL, server, on_message, NULL, &failure);
    osp_websocket_on_close(NULL, server, on_close, NULL, &failure);
    osp_drop(failure);
    bool all = failure == NULL;
    failure = NULL;
    osp_websocket_configure(NULL, server, none, none, 1 << 20, 1 << 20, 1 << 20, 0, 0, 0, 0, 30, deflate, &failure);
    osp_drop(failure);
    if (!all || failure != NULL || osp_websocket_server_listen(NULL, server) != 0) {
        (void)osp_websocket_stop_server(NULL, server); /* may have been stopped by the failed listening */
        return false;
    }
    return true;
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

static void on_echo(osp_ctx *ctx, void *env, void *event) {
    (void)env;
    char *data = osp_websocket_event_data(ctx, event);
    if (osp_string_length(data) > 0) echoed++;
    osp_drop(data);
}

static bool send_text(int64_t id, char *message) {
    char *failure = NULL;
    osp_websocket_send(NULL, id, message, &failure);
    bool sent = failure == NULL;
    osp_drop(failure);
    return sent;
}

/* One connection with a few messages. Returns how many came back; a message that neither comes back nor is refused
 * while its connection goes on is a failure. */
static int exchange(bool deflate) {
    char *failure = NULL;
    echoed = refused = 0;
    int64_t id = osp_websocket_connect_with(NULL, url, none, headers, 1 << 20, deflate, on_echo, NULL, &failure);
    CHECK((id > 0) == (failure == NULL));
    osp_drop(failure);
    if (id <= 0) return 0;
    int sent = 0;
    for (int i = 0; i < MESSAGES; i++) sent += send_text(id, messages[i]);
    bool ended = false;
    for (int tries = 0; echoed + refused < sent && !ended && tries < 1000; tries++) {
        osp__thread_sleep_ns(1000000 + tries * 10000);
        ended = tries % 10 == 9 && !send_text(id, empty);
    }
    if (echoed + refused < sent && !ended) {
        fprintf(stderr, "%d sent, %d came back, %d refused, and the connection goes on\n", sent, echoed, refused);
        check_failures++;
    }
    int worked = echoed;
    failure = NULL;
    osp_websocket_close(NULL, id, &failure);
    osp_drop(failure);
    return worked;
}

/* ---- each operation fails once ----------------------------------------------------------------------------------- */

static void fail_each(unsigned class, int error, bool deflate, int at_least) {
    int i = 0;
    for (bool failed = true; failed && i < 2000; i += failed) {
        osp__fault_plan(class, i, 1, error);
        exchange(deflate);
        failed = osp__fault_left() == 0;
        osp__fault_plan(0, 0, 0, 0);
        if (exchange(deflate) != MESSAGES) {
            fprintf(stderr, "fault %d of class %u (error %d) spoils the next connection\n", i, class, error);
            check_failures++;
        }
    }
    if (i < at_least || i == 2000) fprintf(stderr, "class %u, error %d: %d operations failed\n", class, error, i);
    CHECK(i >= at_least && i < 2000);
}

static void fail_creation(unsigned class, int error) {
    bool failed = true;
    for (int i = 0; failed; i++) {
        create();
        osp__fault_plan(class, i, 1, error);
        bool serves = serve(false);
        if (serves) CHECK(osp_websocket_stop_server(NULL, server) == 0);
        failed = osp__fault_left() == 0;
        osp__fault_plan(0, 0, 0, 0);
    }
}

static int open_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

static void run(bool deflate) {
    create();
    CHECK(serve(deflate));
    char target[64];
    snprintf(target, sizeof target, "ws://127.0.0.1:%lld/echo", (long long)osp_websocket_server_port(NULL, server));
    url = text(target);
    for (int i = 0; i < 10; i++) CHECK(exchange(deflate) == MESSAGES);
    int descriptors = open_descriptors() + WORKERS; /* each keeps one in reserve from its first connection on */
    static const int errors[] = {EIO, EINTR, ECONNRESET};
    fail_each(1, ENOMEM, deflate, 20);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) fail_each(2, errors[i], deflate, 12);
    for (int i = 0; i < 300 && (open_descriptors() > descriptors || open_connections > 0); i++)
        osp__thread_sleep_ns(10000000);
    CHECK(open_descriptors() <= descriptors);
    CHECK(open_connections == 0);
    CHECK(osp_websocket_stop_server(NULL, server) == 0);
    osp_drop(url);
}

int main(void) {
    static char large[LARGE + 1];
    memset(large, 'x', LARGE);
    address = text("127.0.0.1"), path = text("/echo"), headers = text("A: b"), empty = text("");
    messages[0] = text("small"), messages[1] = text(large), messages[2] = text("last");
    none = osp_list_empty(NULL, OSP_POINTERS);
    osp_config config = {.size = sizeof config, .workers = WORKERS};
    CHECK(osp_runtime_start(&config) == 0);
    run(false);
    run(true);
    fail_creation(1, ENOMEM);
    fail_creation(2, EMFILE);
    char *made[] = {address, path, headers, empty, messages[0], messages[1], messages[2], none};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) osp_drop(made[i]);
    for (int i = 0; i < 300 && osp_live_cells() > 0; i++) osp__thread_sleep_ns(10000000);
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
