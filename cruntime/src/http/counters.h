/* counters.h - what a worker counts for --stats. One thread writes, others may read: relaxed atomics, which cost no more
 * than plain additions. */
#ifndef OSP_HTTP_COUNTERS_H
#define OSP_HTTP_COUNTERS_H

#include <stdint.h>

struct osp__http_counters {
    uint64_t accepted;          /* connections */
    uint64_t handshakes_failed; /* of TLS */
    uint64_t requests;          /* whose head was read */
    uint64_t responses[6];      /* by status / 100 */
    uint64_t refused;           /* malformed or over a limit: answered without the handler */
    uint64_t timed_out;         /* connections that were too slow */
    uint64_t failed;            /* handlers that died */
    uint64_t bytes_in, bytes_out;
};

static inline void osp__count_add(uint64_t *counter, uint64_t change) {
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + change, __ATOMIC_RELAXED);
}
static inline void osp__count(uint64_t *counter) { osp__count_add(counter, 1); }

/* The sum over all workers. Any thread. */
struct osp__http_counters osp__http_counters(void);

#endif
