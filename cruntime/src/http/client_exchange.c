/*
 * See client_exchange.h. The buffer starts small and grows only for heads that need it; bodies pass through
 * it or, where their framing allows, go straight to the reader.
 */
#include "client_exchange.h"

#include <errno.h>
#include <string.h>

#include "../mem/string.h"
#include "../net/net.h"
#include "../sys/sys.h"

enum { FIRST_CAPACITY = 8192, MAX_INTERIM_RESPONSES = 16, DRAIN_BLOCK = 16 << 10 };

/* A body that nobody wants is read to its end so that the connection can serve again, but not for ever. */
#define MAX_DRAINED_BODY ((size_t)256 << 10)

/* ---- failures ---- */

static void fail_with(osp__exchange *exchange, char **error, const char *what, const char *why)
{
    exchange->failed = exchange->ended = true;
    osp__set_error(error, "%s: %s: %s", what, exchange->authority, why);
}

static void fail_io(osp__exchange *exchange, char **error, const char *what, int fault)
{
    char text[256];
    osp__client_connection_fault(exchange->connection, fault, exchange->expired_ms, text, sizeof text);
    fail_with(exchange, error, what, text);
}

/* ---- the buffer ---- */

/* Makes room behind `end`. False when memory runs out. */
static bool make_room(osp__exchange *exchange)
{
    if (exchange->end < exchange->capacity)
        return true;
    size_t capacity = exchange->capacity == 0 ? FIRST_CAPACITY : exchange->capacity * 2;
    char *buffer = osp__resize(exchange->buffer, capacity);
    if (buffer == NULL)
        return false;
    exchange->buffer = buffer;
    exchange->capacity = capacity;
    return true;
}

/* Until when one read may take. */
static int64_t read_deadline(osp__exchange *exchange, int64_t deadline_ns)
{
    exchange->expired_ms = exchange->timeout_ms;
    if (exchange->read_timeout_ms == 0)
        return deadline_ns;
    int64_t at = osp__deadline_after_ms(exchange->read_timeout_ms);
    if (at >= deadline_ns)
        return deadline_ns;
    exchange->expired_ms = exchange->read_timeout_ms;
    return at;
}

/* Reads more bytes behind `end`. Returns their number, 0 at the end of the input, or a failure. */
static ssize_t receive(osp_ctx *ctx, osp__exchange *exchange, int64_t deadline_ns)
{
    if (!make_room(exchange))
        return -ENOMEM;
    /* A peer that drips bytes never lets a wait time out; the deadline counts all the same. */
    if (osp__now_ns() >= deadline_ns)
        return -ETIMEDOUT;
    ssize_t moved = osp__client_connection_read(ctx, exchange->connection, exchange->buffer + exchange->end,
                                                exchange->capacity - exchange->end,
                                                read_deadline(exchange, deadline_ns));
    if (moved > 0)
        exchange->end += (size_t)moved;
    return moved;
}

/* ---- heads ---- */

/* Reads one head. Returns its length, or a negative fault (a parser's, below -OSP_HTTP_OK, goes to *refusal).
 */
static int64_t read_head(osp_ctx *ctx, osp__exchange *exchange, bool to_head, int64_t deadline_ns,
                         int *refusal)
{
    osp_http_head_limits limits = osp_http_default_head_limits;
    limits.header_bytes = exchange->max_header_bytes;
    osp_http_response_parser_init(&exchange->head, to_head);
    for (;;) {
        int64_t length = osp_http_response_parse(&exchange->head, &limits, exchange->buffer + exchange->start,
                                                 exchange->end - exchange->start);
        if (length > 0)
            return length;
        *refusal = (int)length;
        if (length < 0)
            return -EPROTO;
        ssize_t moved = receive(ctx, exchange, deadline_ns);
        if (moved <= 0)
            return moved < 0 ? moved : -ENODATA;
    }
}

/* Faults by which a server that closed an idle connection shows on the next use of it. */
static bool is_closed(int64_t fault)
{
    return fault == -ENODATA || fault == -ECONNRESET || fault == -EPIPE || fault == OSP_CLIENT_TLS_FAILED;
}

static osp__exchange_outcome fail_head(osp__exchange *exchange, char **error, int64_t fault, int refusal)
{
    bool silent = exchange->end == 0;
    if (silent && exchange->connection->reused && is_closed(fault)) {
        exchange->failed = exchange->ended = true;
        return OSP__EXCHANGE_UNANSWERED;
    }
    if (refusal < 0)
        fail_with(exchange, error, "response", osp_http_parse_error_describe(refusal)->reason);
    else if (fault == -ENODATA)
        fail_with(exchange, error, "read",
                  silent ? "the server closed the connection without a response"
                         : "the connection closed in the middle of the response head");
    else
        fail_io(exchange, error, "read", (int)fault);
    return OSP__EXCHANGE_FAILED;
}

/* Keeps the field lines and prepares the reading of the body, which starts `length` bytes behind `start`. */
static bool begin_body(osp__exchange *exchange, int64_t length)
{
    exchange->headers_length = exchange->head.headers.length;
    exchange->headers = osp__alloc(exchange->headers_length + 1);
    if (exchange->headers == NULL)
        return false;
    memcpy(exchange->headers, exchange->buffer + exchange->start + exchange->head.headers.start,
           exchange->headers_length);
    exchange->headers[exchange->headers_length] = 0;
    exchange->start += (size_t)length;
    exchange->raw = exchange->start;
    exchange->remaining = exchange->head.content_length > 0 ? (uint64_t)exchange->head.content_length : 0;
    exchange->ended = exchange->head.body == OSP_HTTP_NO_BODY ||
                      (exchange->head.body == OSP_HTTP_BODY_LENGTH && exchange->remaining == 0);
    osp_chunked_init(&exchange->chunks, INT64_MAX);
    return true;
}

static osp__exchange_outcome read_final_head(osp_ctx *ctx, osp__exchange *exchange, bool to_head,
                                             int64_t deadline_ns, char **error)
{
    for (int interim = 0;; interim++) {
        int refusal = 0;
        int64_t length = read_head(ctx, exchange, to_head, deadline_ns, &refusal);
        if (length < 0)
            return fail_head(exchange, error, length, refusal);
        bool final = exchange->head.status >= 200 || exchange->head.status == 101;
        if (final && begin_body(exchange, length))
            return OSP__EXCHANGE_DONE;
        if (final || interim == MAX_INTERIM_RESPONSES) {
            int why = OSP_HTTP_TOO_MANY_INTERIM_RESPONSES;
            fail_with(exchange, error, "response",
                      final ? "out of memory" : osp_http_parse_error_describe(why)->reason);
            return OSP__EXCHANGE_FAILED;
        }
        exchange->start += (size_t)length;
    }
}

osp__exchange_outcome osp__exchange_begin(osp_ctx *ctx, osp__exchange *exchange, const char *head,
                                          size_t head_length, const char *body, size_t body_length,
                                          bool to_head, int64_t deadline_ns, char **error)
{
    exchange->expired_ms = exchange->timeout_ms;
    int fault = osp__client_connection_write(ctx, exchange->connection, head, head_length, deadline_ns);
    if (fault == 0)
        fault = osp__client_connection_write(ctx, exchange->connection, body, body_length, deadline_ns);
    /* A server that refuses a body answers and closes: its answer is worth more than the broken pipe. */
    bool refused = fault == -EPIPE || fault == -ECONNRESET;
    if (fault != 0 && !refused) {
        fail_io(exchange, error, "write", fault);
        return OSP__EXCHANGE_FAILED;
    }
    if (refused) /* the request is cut short: the server must not wait for the rest */
        (void)osp__shutdown_output(exchange->connection->fd);
    osp__exchange_outcome outcome = read_final_head(ctx, exchange, to_head, deadline_ns, error);
    if (refused)
        exchange->head.keep_alive = false;
    return outcome;
}

/* ---- bodies ---- */

static int64_t fail_body(osp__exchange *exchange, char **error, ssize_t fault)
{
    if (fault == 0)
        fail_with(exchange, error, "read", "the connection closed before the end of the body");
    else
        fail_io(exchange, error, "read", (int)fault);
    return -1;
}

/* Bodies that are plain bytes: what was buffered first, then straight from the connection. */
static int64_t read_plain(osp_ctx *ctx, osp__exchange *exchange, char *bytes, size_t size,
                          int64_t deadline_ns, char **error)
{
    bool counted = exchange->head.body == OSP_HTTP_BODY_LENGTH;
    size_t buffered = exchange->end - exchange->start;
    if (counted && size > exchange->remaining)
        size = (size_t)exchange->remaining;
    ssize_t moved;
    if (buffered > 0) {
        moved = (ssize_t)(size < buffered ? size : buffered);
        memcpy(bytes, exchange->buffer + exchange->start, (size_t)moved);
        exchange->start += (size_t)moved;
    } else {
        moved = osp__now_ns() < deadline_ns
                    ? osp__client_connection_read(ctx, exchange->connection, bytes, size,
                                                  read_deadline(exchange, deadline_ns))
                    : -ETIMEDOUT;
    }
    if (moved < 0 || (moved == 0 && counted))
        return fail_body(exchange, error, moved);
    if (counted)
        exchange->remaining -= (uint64_t)moved;
    exchange->ended = counted ? exchange->remaining == 0 : moved == 0;
    return moved;
}

/* Decodes what was received, in place; receives more if that yields nothing. False on failure. */
static bool decode_more(osp_ctx *ctx, osp__exchange *exchange, int64_t deadline_ns, char **error)
{
    while (exchange->decoded == 0 && !exchange->chunks_ended) {
        if (exchange->raw == exchange->end) {
            exchange->start = exchange->raw = exchange->end = 0;
            ssize_t moved = receive(ctx, exchange, deadline_ns);
            if (moved <= 0)
                return fail_body(exchange, error, moved) == 0;
        }
        size_t used;
        exchange->start = exchange->raw;
        int outcome = osp_chunked_decode(&exchange->chunks, exchange->buffer + exchange->raw,
                                         exchange->end - exchange->raw, &used, &exchange->decoded);
        if (outcome < 0) {
            fail_with(exchange, error, "response", osp_http_parse_error_describe(outcome)->reason);
            return false;
        }
        exchange->raw += used;
        exchange->chunks_ended = outcome == 1;
    }
    return true;
}

static int64_t read_chunked(osp_ctx *ctx, osp__exchange *exchange, char *bytes, size_t size,
                            int64_t deadline_ns, char **error)
{
    if (!decode_more(ctx, exchange, deadline_ns, error))
        return -1;
    size_t moved = size < exchange->decoded ? size : exchange->decoded;
    memcpy(bytes, exchange->buffer + exchange->start, moved);
    exchange->start += moved;
    exchange->decoded -= moved;
    if (exchange->decoded == 0 && exchange->chunks_ended) {
        exchange->start = exchange->raw;
        exchange->ended = true;
    }
    return (int64_t)moved;
}

int64_t osp__exchange_read(osp_ctx *ctx, osp__exchange *exchange, char *bytes, size_t size,
                           int64_t deadline_ns, char **error)
{
    if (exchange->failed) {
        fail_with(exchange, error, "read", "the response failed before");
        return -1;
    }
    if (exchange->ended)
        return 0;
    if (exchange->head.body == OSP_HTTP_BODY_CHUNKED)
        return read_chunked(ctx, exchange, bytes, size, deadline_ns, error);
    return read_plain(ctx, exchange, bytes, size, deadline_ns, error);
}

bool osp__exchange_drain(osp_ctx *ctx, osp__exchange *exchange, int64_t deadline_ns, char **error)
{
    char *block = osp__alloc(DRAIN_BLOCK);
    int64_t count = -1;
    if (block == NULL)
        osp__set_error(error, "read: out of memory");
    for (size_t total = 0; block != NULL && total <= MAX_DRAINED_BODY; total += (size_t)count) {
        count = osp__exchange_read(ctx, exchange, block, DRAIN_BLOCK, deadline_ns, error);
        if (count <= 0)
            break;
    }
    osp__release(block);
    return count >= 0;
}

bool osp__exchange_may_persist(const osp__exchange *exchange)
{
    /* Bytes behind the body were not asked for: whoever sent them is not to be trusted with another request.
     */
    return exchange->ended && !exchange->failed && exchange->head.keep_alive &&
           exchange->start == exchange->end;
}

void osp__exchange_dispose(osp_ctx *ctx, osp__exchange *exchange)
{
    osp__client_connection_close(ctx, exchange->connection);
    osp__release(exchange->headers);
    osp__release(exchange->buffer);
    osp__release(exchange->redirected_to);
    *exchange = (osp__exchange){.ended = true};
}
