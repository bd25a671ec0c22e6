/* stats.c - see stats.h. Reads what others count; counts nothing itself. */
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fiber/fiber.h"
#include "http/counters.h"
#include "net/acceptor.h"
#include "sched/runtime.h"
#include "sys/sys.h"

struct report {
    char text[2048];
    size_t length;
};

static void line(struct report *report, const char *name, uint64_t value) {
    size_t room = sizeof report->text - report->length;
    int n = snprintf(report->text + report->length, room, "  %-26s %" PRIu64 "\n", name, value);
    if (n > 0 && (size_t)n < room) report->length += (size_t)n;
}

struct fibers {
    uint64_t made, alive;
};

static void count_fiber(struct osp_fiber *fiber, void *argument) {
    struct fibers *fibers = argument;
    fibers->made++;
    fibers->alive += __atomic_load_n(&fiber->state, __ATOMIC_RELAXED) == OSP_FIBER_ACTIVE;
}

static uint64_t resident_kilobytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void put_connections(struct report *report, const struct osp__http_counters *counts) {
    struct osp__acceptor_counts acceptors = osp__acceptor_counts();
    line(report, "connections_open", (uint64_t)acceptors.open);
    line(report, "connections_accepted", acceptors.accepted);
    line(report, "connections_turned_away", acceptors.turned_away);
    line(report, "connections_timed_out", counts->timed_out);
    line(report, "tls_handshakes_failed", counts->handshakes_failed);
}

static void put_requests(struct report *report, const struct osp__http_counters *counts) {
    static const char *const classes[] = {"responses_1xx", "responses_2xx", "responses_3xx", "responses_4xx", "responses_5xx"};
    line(report, "requests", counts->requests);
    for (int i = 0; i < 5; i++) line(report, classes[i], counts->responses[i + 1]);
    line(report, "requests_refused", counts->refused);
    line(report, "handlers_failed", counts->failed);
    line(report, "bytes_in", counts->bytes_in);
    line(report, "bytes_out", counts->bytes_out);
}

void osp__stats_report(void) {
    struct report report = {.text = "ospjit: statistics\n"};
    report.length = strlen(report.text);
    struct osp__http_counters counts = osp__http_counters();
    struct fibers fibers = {0};
    osp__fiber_for_each(count_fiber, &fibers);
    line(&report, "workers", (uint64_t)osp__runtime.worker_count);
    line(&report, "uptime_ms", (uint64_t)((osp__now_ns() - osp__runtime.started_ns) / 1000000));
    line(&report, "resident_kilobytes", resident_kilobytes());
    line(&report, "fibers_alive", fibers.alive);
    line(&report, "fiber_stacks", fibers.made);
    put_connections(&report, &counts);
    put_requests(&report, &counts);
    osp_flush();
    (void)osp__write(STDERR_FILENO, report.text, report.length);
}
