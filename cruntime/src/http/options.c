/* options.c - see options.h. One table names every option, its bounds and its default. */
#include "options.h"

#include <inttypes.h>
#include <stddef.h>

#include "../mem/string.h"

#define DAY_MS INT64_C(86400000)
#define MS_NS INT64_C(1000000)

/* X(field of http_options, name in the language, least, most, default) */
#define OPTIONS(X)                                                               \
    X(request_line_bytes, "requestLineBytes", 16, 1 << 20, 8192)                 \
    X(header_bytes, "headerBytes", 64, 16 << 20, 65536)                          \
    X(header_fields, "headerFields", 1, 10000, 100)                              \
    X(body_bytes, "bodyBytes", 0, 1 << 30, 16 << 20)                             \
    X(total_body_bytes, "totalBodyBytes", 0, INT64_C(1) << 50, 256 << 20)        \
    X(header_timeout_ms, "headerTimeout", 1, DAY_MS, 10000)                      \
    X(idle_timeout_ms, "idleTimeout", 1, DAY_MS, 60000)                          \
    X(stall_timeout_ms, "stallTimeout", 1, DAY_MS, 30000)                        \
    X(connections, "connections", 0, 1 << 30, 0)

OSP_API http_options http_default_options(void) {
    return (http_options){.size = sizeof(http_options),
#define DEFAULT(field, name, least, most, value) .field = value,
                          OPTIONS(DEFAULT)
#undef DEFAULT
                              .access_log = NULL};
}

static bool check(const char *name, int64_t value, int64_t least, int64_t most, char **error) {
    if (value >= least && value <= most) return true;
    osp__set_error(error, "%s must be from %" PRId64 " to %" PRId64 ", not %" PRId64, name, least, most, value);
    return false;
}

bool osp__http_limits_from(const http_options *options, struct osp__http_limits *limits, char **error) {
#define CHECK_BOUNDS(field, name, least, most, value) \
    if (!check(name, options->field, least, most, error)) return false;
    OPTIONS(CHECK_BOUNDS)
#undef CHECK_BOUNDS
    int64_t in_memory = options->body_bytes < options->total_body_bytes ? options->body_bytes : options->total_body_bytes;
    *limits = (struct osp__http_limits){
        .head = {.start_line_bytes = (uint32_t)options->request_line_bytes,
                 .header_bytes = (uint32_t)options->header_bytes,
                 .header_fields = (uint32_t)options->header_fields},
        .body_bytes = (uint64_t)in_memory,
        .total_body_bytes = (uint64_t)options->total_body_bytes,
        .connections = options->connections != 0 ? options->connections : INT64_MAX,
        .header_ns = options->header_timeout_ms * MS_NS,
        .idle_ns = options->idle_timeout_ms * MS_NS,
        .stall_ns = options->stall_timeout_ms * MS_NS,
    };
    return true;
}
