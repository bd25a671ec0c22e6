/* test_queue.c - requests answered by threads of an embedder: order, concurrency, stopping with requests in hand. */
#include <pthread.h>

#include "peer.h"
#include "sys/sys.h"

static int64_t server, port;

static void *answer_jobs(void *unused) {
    (void)unused;
    while (osp_http_queue_open(server)) {
        void *job = osp_http_next_job(server, 100);
        if (job == NULL) continue;
        size_t method_length, target_length, headers_length, body_length;
        const char *method = osp_http_job_method(job, &method_length);
        const char *target = osp_http_job_target(job, &target_length);
        const char *headers = osp_http_job_headers(job, &headers_length);
        const char *body = osp_http_job_body(job, &body_length);
        CHECK(strlen(method) == method_length && strlen(target) == target_length);
        CHECK(strncmp(headers, "Host: a\r\n", 9) == 0 && headers_length >= 9);
        if (strcmp(target, "/slow") == 0) osp__thread_sleep_ns(100000000);
        if (strcmp(target, "/bad") == 0)
            osp_http_job_respond(job, 200, "A: b\r\r\n", NULL, "x", 1);
        else
            osp_http_job_respond(job, 202, "X-Path: yes\r\n", "", body, body_length);
    }
    return NULL;
}



static void *ask(void *reply) {
    static const char request[] = "POST /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                                  "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthere";
    peer_exchange(port, request, sizeof request - 1, reply, 1999);
    return NULL;
}

int main(void) {
    char *error = NULL, *address = text("127.0.0.1");
    server = osp_http_create_server(NULL, 0, address, &error);
    osp_drop(address);
    port = osp_http_server_port(NULL, server);
    CHECK(!osp_http_queue_open(server) && osp_http_next_job(server, 0) == NULL);
    osp_http_listen_queue(NULL, server, &error);
    CHECK(error == NULL && osp_http_queue_open(server) && osp_http_next_job(server, 10) == NULL);
    pthread_t threads[4], askers[8];
    static char replies[8][2000];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, answer_jobs, NULL);
    for (int i = 0; i < 8; i++) pthread_create(&askers[i], NULL, ask, replies[i]);
    for (int i = 0; i < 8; i++) {
        pthread_join(askers[i], NULL);
        const char *hi = strstr(replies[i], "\r\n\r\nhi"), *there = strstr(replies[i], "\r\n\r\nthere");
        CHECK(strncmp(replies[i], "HTTP/1.1 202 Accepted\r\n", 23) == 0);
        CHECK(strstr(replies[i], "X-Path: yes\r\n") != NULL);
        CHECK(hi != NULL && there != NULL && hi < there);
    }
    static const char bad[] = "GET /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    peer_exchange(port, bad, sizeof bad - 1, replies[0], 1999);
    CHECK(strncmp(replies[0], "HTTP/1.1 500 ", 13) == 0);
    pthread_create(&askers[0], NULL, ask, replies[0]); /* in flight while the server stops */
    osp__thread_sleep_ns(50000000);
    osp_http_stop_server(NULL, server, &error);
    CHECK(error == NULL && !osp_http_queue_open(server));
    pthread_join(askers[0], NULL);
    CHECK(strncmp(replies[0], "HTTP/1.1 202 ", 13) == 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK(osp_live_cells() <= 0);
    return check_report();
}
