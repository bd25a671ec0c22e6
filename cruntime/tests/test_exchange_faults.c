/* test_exchange_faults.c - each allocation and each system call fails once while our client talks to our server, both in
 * this process, in the clear and over TLS: whichever side it hits, the client gets the whole response or an error that
 * says so, the next exchange works, and nothing is left behind. */
#include <dirent.h>
#include <errno.h>

#include "check.h"
#include "sys/sys.h"

enum { WORKERS = 2 };

static int64_t server;
static char base_url[64];

static char *answer(char *method, char *path, char *headers, char *body) {
    (void)method, (void)headers;
    char *reply = malloc(strlen(path) + strlen(body) + 1);
    if (reply != NULL) stpcpy(stpcpy(reply, path), body);
    return reply;
}

/* ---- the exchange ------------------------------------------------------------------------------------------------ */

static void expect(const char *body, size_t length, size_t sent) {
    CHECK(length == sent + 5 && strncmp(body, "/path", 5) == 0);
}

/* Two requests on one client, the second on the connection that was kept. Returns how many of them worked. */
static int exchange(size_t body_size) {
    int worked = 0;
    char *body = malloc(body_size + 1);
    memset(body, 'x', body_size);
    body[body_size] = '\0';
    int64_t client = http_create_client(base_url, 10000);
    for (int i = 0; i < 2 && client > 0; i++) {
        size_t length = 0;
        int64_t id = http_fetch(client, i == 0 ? "PUT" : "POST", "/path", "A: b", body);
        char *reply = id > 0 && http_response_status(id) == 200 ? http_response_body(id, &length) : NULL;
        if (reply != NULL) {
            expect(reply, length, body_size);
            worked++;
        } else {
            CHECK(id > 0 || http_client_error()[0] != '\0');
        }
        free(reply);
        if (id > 0) CHECK(http_response_free(id) == 0);
    }
    if (client > 0) CHECK(http_close_client(client) == 0);
    free(body);
    return worked;
}

static void fail_each(unsigned class, int error, size_t body_size, int at_least) {
    int i = 0;
    for (bool failed = true; failed && i < 2000; i += failed) {
        osp__fault_plan(class, i, 1, error);
        exchange(body_size);
        failed = osp__fault_left() == 0;
        osp__fault_plan(0, 0, 0, 0);
        if (exchange(10) != 2) {
            fprintf(stderr, "fault %d of class %u (error %d): %s\n", i, class, error, http_client_error());
            check_failures++;
        }
    }
    if (i < at_least || i == 2000) fprintf(stderr, "class %u, error %d: %d operations failed\n", class, error, i);
    CHECK(i >= at_least && i < 2000);
}

/* ---- nothing is left behind -------------------------------------------------------------------------------------- */

static int open_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

static void run(const char *scheme) {
    snprintf(base_url, sizeof base_url, "%s://127.0.0.1:%lld", scheme, (long long)http_server_port(server));
    CHECK(http_listen(server, answer) == 0);
    for (int i = 0; i < 10; i++)
        if (exchange(10) != 2) fprintf(stderr, "%s: %s\n", base_url, http_client_error()), check_failures++;
    int descriptors = open_descriptors() + WORKERS; /* each keeps one in reserve from its first connection on */
    static const int errors[] = {EIO, EINTR, ECONNRESET};
    fail_each(1, ENOMEM, 100000, 20);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) fail_each(2, errors[i], 100000, 12);
    for (int i = 0; i < 300 && open_descriptors() > descriptors; i++) osp__thread_sleep_ns(10000000);
    CHECK(open_descriptors() <= descriptors);
    CHECK(http_stop_server(server) == 0);
}

int main(void) {
    osp_config config = {.size = sizeof config, .workers = WORKERS};
    CHECK(osp_runtime_start(&config) == 0);
    int64_t cells = osp_live_cells();
    server = http_create_server(0, "127.0.0.1");
    run("http");
#ifdef OSP_TEST_CERTIFICATES
    setenv("SSL_CERT_FILE", OSP_TEST_CERTIFICATES "/authority.pem", 1);
    char *address = text("127.0.0.1"), *pem = text(OSP_TEST_CERTIFICATES "/good.pem"), *failure = NULL;
    server = osp_http_create_server_tls(NULL, 0, address, pem, pem, &failure);
    CHECK(server > 0 && failure == NULL);
    osp_drop(address);
    osp_drop(pem);
    run("https");
#endif
    for (int i = 0; i < 100 && osp_live_cells() > cells; i++) osp__thread_sleep_ns(10000000);
    CHECK(osp_live_cells() <= cells);
    return check_report();
}
