/* connection.c - the state machine of connection.h.
 *
 * Sockets are registered once, edge-triggered for both directions, so that a request costs no epoll_ctl; `readable`
 * remembers an edge until a read finds nothing more. Replies collect in `out` while requests of a pipeline are handled
 * and are sent together. */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "access_log.h"
#include "reply.h"
#include "spill.h"

#define REQUESTS_PER_TURN 128            /* then other connections have theirs */
#define READS_PER_TURN 64                /* the same for a body that comes as fast as it is read */
#define OUTPUT_PER_FLUSH ((size_t)65536) /* of a pipeline's replies */
#define LINGER_NS ((int64_t)2000000000)
#define SLOWEST_RATE 4096                /* bytes a second of a body or a reply */

static void advance(struct osp__connection *connection);

/* ---- birth and death --------------------------------------------------------------------------------------------- */

static void close_now(struct osp__connection *connection);
static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker);

struct osp__connection *osp__connection_new(struct osp__server *server, int fd) {
    struct osp__connection *connection = osp__alloc_zeroed(sizeof *connection);
    if (connection == NULL) return NULL;
    osp__stream_init(&connection->stream, fd);
    connection->state = server->identity != NULL ? OSP_CONNECTION_HANDSHAKE : OSP_CONNECTION_IDLE;
    connection->server = server;
    connection->fresh = true;
    connection->poller.ready = on_ready;
    connection->work.run = osp__connection_start;
    osp_http_request_parser_init(&connection->parser);
    __atomic_add_fetch(&server->references, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&server->connections, 1, __ATOMIC_SEQ_CST);
    return connection;
}

void osp__connection_free_unstarted(struct osp__connection *connection) {
    struct osp__server *server = connection->server;
    osp__stream_close(NULL, &connection->stream);
    osp__release(connection);
    osp__server_connection_closed(server);
}

void osp__connection_start(struct osp__work *work, struct osp_worker *worker) {
    struct osp__connection *connection = OSP_CONTAINER(work, struct osp__connection, work);
    struct osp__http_local *local = osp__http_local(worker);
    if (local == NULL || osp__server_is_stopping(connection->server) ||
        osp__epoll_add(worker->epoll, connection->stream.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                       &connection->poller) != 0) {
        osp__connection_free_unstarted(connection);
        return;
    }
    connection->local = local;
    connection->next = local->connections;
    if (connection->next != NULL) connection->next->previous = connection;
    local->connections = connection;
    osp__count(&local->counters.accepted);
    connection->request_began_ns = worker->now_ns;
    if (connection->server->log != NULL) osp__access_log_note_peer(connection);
    osp__wheel_set(&local->wheel, &connection->deadline, worker->now_ns + connection->server->limits.header_ns);
    if (connection->excessive) {
        connection->parser.minor_version = 1;
        osp__reply_refusal(connection, 503, "too many connections");
    }
    advance(connection);
}

static void free_connection(struct osp__work *work, struct osp_worker *worker) {
    (void)worker;
    osp__release(OSP_CONTAINER(work, struct osp__connection, work));
}

static void unlink_connection(struct osp__connection *connection) {
    if (connection->next != NULL) connection->next->previous = connection->previous;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connection->local->connections = connection->next;
}

static void release_buffers(struct osp__connection *connection) {
    osp__buffer_release(&connection->in, &connection->local->buffers);
    osp__buffer_release(&connection->out, &connection->local->buffers);
    osp_drop(connection->tail);
    connection->tail = NULL;
    osp__request_body_release(connection);
}

/* Closes the descriptor and frees the connection, once the events in hand that may name it are done. Never called while
 * a handler uses it. */
static void close_now(struct osp__connection *connection) {
    if (connection->state == OSP_CONNECTION_CLOSED) return;
    connection->state = OSP_CONNECTION_CLOSED;
    struct osp__http_local *local = connection->local;
    osp__wheel_clear(&local->wheel, &connection->deadline);
    if (connection->stream.tls != NULL && !connection->broken) osp__stream_end_output(NULL, &connection->stream);
    if (connection->reset) osp__reset_on_close(connection->stream.fd);
    (void)osp__epoll_delete(local->worker->epoll, connection->stream.fd);
    osp__stream_close(NULL, &connection->stream);
    release_buffers(connection);
    unlink_connection(connection);
    osp__server_connection_closed(connection->server);
    if (connection->queued) return; /* freed when its turn comes */
    connection->work.run = free_connection;
    osp__worker_defer(local->worker, &connection->work);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static ssize_t send_some(osp_ctx *ctx, struct osp__connection *connection) {
    struct osp__buffer *out = &connection->out;
    size_t head = osp__buffer_length(out);
    if (connection->tail == NULL) return osp__stream_send(ctx, &connection->stream, out->bytes + out->start, head);
    struct iovec parts[2] = {
        {out->bytes + out->start, head},
        {connection->tail + connection->tail_sent, osp__length(connection->tail) - connection->tail_sent}};
    return osp__stream_send_vector(ctx, &connection->stream, head > 0 ? parts : parts + 1, head > 0 ? 2 : 1);
}

static void consume_output(struct osp__connection *connection, size_t sent) {
    struct osp__buffer *out = &connection->out;
    size_t head = osp__buffer_length(out);
    size_t from_head = sent < head ? sent : head;
    out->start += from_head;
    if (out->start == out->end) osp__buffer_release(out, &connection->local->buffers);
    if (connection->tail == NULL) return;
    connection->tail_sent += sent - from_head;
    if (connection->tail_sent == osp__length(connection->tail)) {
        osp_drop(connection->tail);
        connection->tail = NULL;
    }
}

static bool has_output(const struct osp__connection *connection) {
    return osp__buffer_length(&connection->out) > 0 || connection->tail != NULL;
}

int osp__connection_flush(osp_ctx *ctx, struct osp__connection *connection) {
    if (connection->broken) return -EPIPE;
    while (has_output(connection)) {
        ssize_t sent = send_some(ctx, connection);
        if (sent == -EINTR) continue;
        if (sent == -EAGAIN) return 0;
        if (sent < 0) {
            connection->broken = true;
            return (int)sent;
        }
        connection->sent += (uint64_t)sent;
        osp__count_add(&connection->local->counters.bytes_out, (uint64_t)sent);
        consume_output(connection, (size_t)sent);
    }
    return 1;
}

/* ---- the time a client may take ------------------------------------------------------------------------------------ */

/* A transfer is watched in windows of stall_ns: in each one the client has to take, or send, SLOWEST_RATE bytes a second.
 * Other waits have a plain deadline. */
enum window { NO_WINDOW, OF_OUTPUT, OF_BODY };

/* How much of the current request has come in. */
static int64_t bytes_of_body(const struct osp__connection *connection) {
    return (int64_t)(osp__buffer_length(&connection->in) + (connection->spill != NULL ? connection->spill->stored : 0));
}

/* What the client has taken does not include what only fills the kernel's buffer. */
static int64_t moved(const struct osp__connection *connection) {
    if (connection->window == OF_BODY) return bytes_of_body(connection);
    return (int64_t)connection->sent - osp__unsent(connection->stream.fd);
}

static void begin_window(struct osp__connection *connection) {
    struct osp__http_local *local = connection->local;
    connection->window_mark = moved(connection);
    osp__wheel_set(&local->wheel, &connection->deadline, local->worker->now_ns + connection->server->limits.stall_ns);
}

static void watch(struct osp__connection *connection, enum window window) {
    if (connection->window == window && connection->deadline.next != NULL) return;
    connection->window = (uint8_t)window;
    begin_window(connection);
}

void osp__connection_unwatch(struct osp__connection *connection) {
    connection->window = NO_WINDOW;
    osp__wheel_clear(&connection->local->wheel, &connection->deadline);
}

static void set_timer(struct osp__connection *connection, int64_t at_ns) {
    connection->window = NO_WINDOW;
    osp__wheel_set(&connection->local->wheel, &connection->deadline, at_ns);
}

/* At the end of a window: whether enough has moved. */
static bool keeps_up(const struct osp__connection *connection) {
    int64_t needed = connection->server->limits.stall_ns / 1000000 * SLOWEST_RATE / 1000;
    return connection->window != NO_WINDOW && moved(connection) - connection->window_mark >= needed;
}

int osp__connection_wait_writable(osp_ctx *ctx, struct osp__connection *connection) {
    if (connection->broken) return -EPIPE;
    watch(connection, OF_OUTPUT);
    connection->writer = ctx->fiber;
    osp__fiber_park(ctx);
    return connection->broken ? -EPIPE : 0;
}

static void wake_writer(struct osp__connection *connection) {
    struct osp_fiber *writer = connection->writer;
    if (writer == NULL) return;
    connection->writer = NULL;
    osp__fiber_wake(writer);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static char *request_bytes(const struct osp__connection *connection) { return connection->in.bytes + connection->in.start; }

/* The most that may have to be in the buffer at once. */
static size_t input_limit(const struct osp__connection *connection) {
    const struct osp__http_limits *limits = &connection->server->limits;
    size_t head = (size_t)limits->head.start_line_bytes + limits->head.header_bytes + 1024;
    if (connection->state != OSP_CONNECTION_BODY) return head + OSP_BUFFER_SIZE;
    return head + (connection->spill != NULL ? 4 * OSP_SPILL_PIECE : limits->body_bytes) + OSP_BUFFER_SIZE;
}

/* Reads what has come. False when there is nothing (more) to read now. */
static bool read_some(struct osp__connection *connection) {
    if (!connection->readable || connection->end_of_input) return false;
    struct osp__buffer *in = &connection->in;
    size_t wanted = connection->spill != NULL ? OSP_SPILL_PIECE : in->bytes == NULL ? OSP_BUFFER_SIZE : 4096;
    if (!osp__buffer_reserve(in, &connection->local->buffers, wanted, input_limit(connection))) {
        connection->broken = true; /* no memory: there is no way to go on or to say so */
        return false;
    }
    size_t room = in->capacity - in->end;
    ssize_t got = osp__stream_receive(NULL, &connection->stream, in->bytes + in->end, room);
    if (got == -EINTR) return true;
    if (got > 0) {
        in->end += (size_t)got;
        osp__count_add(&connection->local->counters.bytes_in, (uint64_t)got);
        /* A short read has emptied the socket; only if the peer has closed its side is there an end still to read.
         * Under TLS it is but the end of a record. */
        if ((size_t)got < room && !connection->hung_up && connection->stream.tls == NULL) connection->readable = false;
        return true;
    }
    connection->readable = false;
    if (got == 0) connection->end_of_input = true;
    if (got < 0 && got != -EAGAIN) connection->broken = true;
    return got == 0;
}

/* ---- understanding ----------------------------------------------------------------------------------------------- */

/* What a look at the buffer yields. */
enum step { NEEDS_MORE, REQUEST_READY, ANSWERED, WAITS_FOR_DISK };

static enum step refuse(struct osp__connection *connection, int error) {
    const osp_http_parse_error_text *text = osp_http_parse_error_describe(error);
    osp__reply_refusal(connection, text->status, text->reason);
    return ANSWERED;
}

static enum step read_chunks(struct osp__connection *connection) {
    char *base = request_bytes(connection);
    size_t length = osp__buffer_length(&connection->in), used, produced;
    int result = osp_chunked_decode(&connection->chunked, base + connection->raw_end, length - connection->raw_end,
                                    &used, &produced);
    if (result < 0) return refuse(connection, result);
    size_t body_end = connection->head_length + connection->body_length;
    memmove(base + body_end, base + connection->raw_end, produced);
    connection->body_length += produced;
    connection->raw_end += used;
    if (result > 0) return REQUEST_READY;
    /* All input is decoded: the next bytes can follow the body directly. */
    connection->raw_end = connection->head_length + connection->body_length;
    connection->in.end = connection->in.start + connection->raw_end;
    return NEEDS_MORE;
}

/* Takes in what has come of a body with a known length that goes into a file. */
static enum step read_sized(struct osp__connection *connection) {
    struct osp__spill *spill = connection->spill;
    size_t there = osp__buffer_length(&connection->in) - connection->raw_end;
    if (there > spill->left) there = (size_t)spill->left;
    connection->body_length += there;
    connection->raw_end += there;
    spill->left -= there;
    return spill->left == 0 ? REQUEST_READY : NEEDS_MORE;
}

/* Hands the part of the body that is in memory over for writing. The head stays, and what follows the part. */
static bool store_piece(struct osp__connection *connection) {
    struct osp__buffer whole = connection->in, rest = {0};
    struct osp__buffer_pool *pool = &connection->local->buffers;
    char *base = request_bytes(connection);
    size_t after = osp__buffer_length(&whole) - connection->raw_end;
    if (!osp__buffer_append(&rest, pool, base, connection->head_length) ||
        !osp__buffer_append(&rest, pool, base + connection->raw_end, after)) {
        osp__buffer_release(&rest, pool);
        return false;
    }
    whole.start += connection->head_length;
    whole.end = whole.start + connection->body_length;
    connection->in = rest;
    connection->raw_end = connection->head_length;
    connection->body_length = 0;
    osp__spill_write(connection->spill, whole);
    return true;
}

/* The same as read_body for a body that goes into a file. */
static enum step read_to_file(struct osp__connection *connection) {
    struct osp__spill *spill = connection->spill;
    if (!spill->busy && spill->status < 0) {
        osp__diagnose("cannot store a request's body: %s", strerrordesc_np(-spill->status));
        osp__reply_refusal(connection, 507, "the body could not be stored");
        return ANSWERED;
    }
    if (!spill->complete && !(spill->busy && connection->body_length >= OSP_SPILL_PIECE)) {
        enum step step = connection->parser.chunked ? read_chunks(connection) : read_sized(connection);
        if (step == ANSWERED) return step;
        spill->complete = step == REQUEST_READY;
    }
    bool worth_it = connection->body_length >= OSP_SPILL_PIECE || (spill->complete && connection->body_length > 0);
    if (worth_it && !spill->busy && !store_piece(connection)) {
        connection->broken = true;
        return ANSWERED;
    }
    if (spill->complete) return spill->busy ? WAITS_FOR_DISK : REQUEST_READY;
    return spill->busy && connection->body_length >= OSP_SPILL_PIECE ? WAITS_FOR_DISK : NEEDS_MORE;
}

static bool begin_spill(struct osp__connection *connection) {
    connection->spill = osp__spill_new(connection, connection->local->worker);
    if (connection->spill == NULL) connection->broken = true;
    return connection->spill != NULL;
}

static enum step read_chunks_to_memory(struct osp__connection *connection) {
    enum step step = read_chunks(connection);
    if (step == ANSWERED || connection->body_length <= connection->server->limits.body_bytes) return step;
    if (!begin_spill(connection)) return ANSWERED;
    connection->spill->complete = step == REQUEST_READY;
    return read_to_file(connection);
}

static enum step read_body(struct osp__connection *connection) {
    if (connection->spill != NULL) return read_to_file(connection);
    if (connection->parser.chunked) return read_chunks_to_memory(connection);
    size_t length = osp__buffer_length(&connection->in);
    if (length < connection->raw_end) return NEEDS_MORE;
    connection->body_length = connection->raw_end - connection->head_length;
    return REQUEST_READY;
}

static enum step begin_body(struct osp__connection *connection) {
    const osp_http_request_parser *parser = &connection->parser;
    const struct osp__http_limits *limits = &connection->server->limits;
    /* The threads that empty a queue know bodies in memory only. */
    uint64_t limit = connection->server->queue != NULL ? limits->body_bytes : limits->total_body_bytes;
    connection->body_length = 0;
    connection->raw_end = connection->head_length;
    if (!parser->chunked && parser->content_length <= 0) return REQUEST_READY;
    if (!parser->chunked && (uint64_t)parser->content_length > limit) return refuse(connection, -OSP_HTTP_BODY_TOO_LARGE);
    connection->state = OSP_CONNECTION_BODY;
    if (parser->chunked) {
        osp_chunked_init(&connection->chunked, limit);
    } else if ((uint64_t)parser->content_length <= limits->body_bytes) {
        connection->raw_end += (size_t)parser->content_length;
    } else {
        if (!begin_spill(connection)) return ANSWERED;
        connection->spill->left = (uint64_t)parser->content_length;
    }
    enum step step = read_body(connection);
    if (step == NEEDS_MORE && parser->expect_continue) {
        static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!osp__buffer_append(&connection->out, &connection->local->buffers, interim, sizeof interim - 1))
            connection->broken = true;
    }
    return step;
}

static enum step read_head(struct osp__connection *connection) {
    size_t length = osp__buffer_length(&connection->in);
    if (length == 0) return NEEDS_MORE;
    if (connection->state == OSP_CONNECTION_IDLE) {
        connection->state = OSP_CONNECTION_HEAD;
        connection->fresh = false;
        connection->request_began_ns = connection->local->worker->now_ns;
    }
    int64_t result = osp_http_request_parse(&connection->parser, &connection->server->limits.head,
                                            request_bytes(connection), length);
    if (result == 0) return NEEDS_MORE;
    if (result < 0) {
        connection->parser.method_index = OSP_HTTP_METHOD_UNKNOWN; /* not known to be a HEAD */
        connection->parser.minor_version = 1;
        return refuse(connection, (int)result);
    }
    connection->head_length = (size_t)result;
    osp__count(&connection->local->counters.requests);
    return begin_body(connection);
}

static enum step look(struct osp__connection *connection) {
    return connection->state == OSP_CONNECTION_BODY ? read_body(connection) : read_head(connection);
}

/* ---- handling ---------------------------------------------------------------------------------------------------- */

void osp__connection_answered(struct osp__connection *connection) {
    if (connection->server->log != NULL) osp__access_log_request(connection->server->log, connection);
}

/* The request has been answered: makes ready for the next one, or for the end. */
static void finish_request(struct osp__connection *connection) {
    osp__connection_answered(connection);
    osp__request_body_release(connection);
    connection->in.start += connection->raw_end;
    connection->replied = false;
    connection->state = OSP_CONNECTION_IDLE;
    connection->head_length = connection->body_length = connection->raw_end = 0;
    osp_http_request_parser_init(&connection->parser);
    if (osp__buffer_length(&connection->in) == 0) osp__buffer_release(&connection->in, &connection->local->buffers);
}

static void handler_finished(struct osp_fiber *fiber) {
    struct osp__connection *connection = fiber->owner;
    char *failure = fiber->failure;
    osp__fiber_release(fiber);
    if (failure != NULL) {
        osp__count(&connection->local->counters.failed);
        osp__diagnose("in a request handler: %s", failure);
        osp_drop(failure);
    }
    if (!connection->replied) osp__reply_error(connection, 500, "internal server error", 21);
    finish_request(connection);
    if (!connection->advancing) advance(connection);
}

/* Runs the handler; true when it has answered already, false when it is parked. */
static bool handle(struct osp__connection *connection) {
    connection->state = OSP_CONNECTION_HANDLING;
    osp__connection_unwatch(connection);
    struct osp__server *server = connection->server;
    struct osp_fiber *fiber = NULL;
    if (!connection->parser.keep_alive || osp__server_is_stopping(server)) connection->close_after = true;
    if (connection->parser.method_index == OSP_HTTP_METHOD_UNKNOWN) {
        if (connection->parser.form == OSP_HTTP_AUTHORITY_FORM) connection->close_after = true;
        osp__reply_error(connection, 501, "method not implemented", 22);
    } else if ((fiber = osp__fiber_acquire(connection->local->worker, false)) == NULL) {
        osp__reply_error(connection, 503, "out of memory", 13);
    }
    if (fiber == NULL) {
        finish_request(connection);
        return true;
    }
    fiber->code = server->code;
    fiber->env = server->env;
    fiber->arg = connection;
    fiber->owner = connection;
    fiber->finished = handler_finished;
    osp__fiber_run(fiber);
    return connection->state != OSP_CONNECTION_HANDLING;
}

/* ---- the machine ------------------------------------------------------------------------------------------------- */

static void go_on(struct osp__work *work, struct osp_worker *worker) {
    struct osp__connection *connection = OSP_CONTAINER(work, struct osp__connection, work);
    connection->queued = false;
    if (connection->state == OSP_CONNECTION_CLOSED)
        free_connection(work, worker);
    else
        advance(connection);
}

static void go_on_later(struct osp__connection *connection) {
    if (connection->queued) return;
    connection->queued = true;
    connection->work.run = go_on;
    osp__worker_submit(connection->local->worker, &connection->work);
}

/* Answers what is in the buffer and in the socket, in order. Returns when there is nothing more to do now. */
static void answer_requests(struct osp__connection *connection) {
    for (int requests = 0, reads = 0; !connection->close_after && !connection->broken;) {
        if (connection->tail != NULL || osp__buffer_length(&connection->out) > OUTPUT_PER_FLUSH)
            if (osp__connection_flush(NULL, connection) != 1) return; /* a slow reader gets no further replies made */
        enum step step = look(connection);
        if (step == NEEDS_MORE) {
            if (reads++ == READS_PER_TURN) {
                go_on_later(connection);
                return;
            }
            if (!read_some(connection)) return;
            if (!connection->end_of_input) continue;
            if (connection->state != OSP_CONNECTION_IDLE)
                osp__reply_refusal(connection, 400, "the request ends before it is complete");
            connection->close_after = true;
            return;
        }
        if (step == ANSWERED || step == WAITS_FOR_DISK) return;
        if (!handle(connection)) return;
        if (++requests == REQUESTS_PER_TURN) {
            go_on_later(connection);
            return;
        }
    }
}

/* Says that nothing more will come, and drops for a while what still arrives. */
static void linger(struct osp__connection *connection) {
    osp__stream_end_output(NULL, &connection->stream);
    osp__buffer_release(&connection->in, &connection->local->buffers);
    connection->state = OSP_CONNECTION_LINGERING;
    set_timer(connection, connection->local->worker->now_ns + LINGER_NS);
}

/* Everything has been sent and nothing more will be read: closes, but first lets a client that may still be sending
 * read the reply: a close with unread input would reset the connection and could destroy it (RFC 9112 section 9.6). */
static void end_connection(struct osp__connection *connection) {
    bool unread = connection->linger || connection->readable || osp__buffer_length(&connection->in) > 0;
    if (connection->broken || connection->end_of_input || !unread) {
        close_now(connection);
        return;
    }
    linger(connection);
}

static void drop_input(struct osp__connection *connection) {
    char dropped[4096]; /* below TLS, if there is any: nobody looks at it */
    for (int reads = 0; reads < REQUESTS_PER_TURN; reads++) {
        ssize_t got = osp__recv(connection->stream.fd, dropped, sizeof dropped);
        if (got > 0 || got == -EINTR) continue;
        if (got != -EAGAIN) close_now(connection);
        return;
    }
    go_on_later(connection);
}

/* ---- TLS ---------------------------------------------------------------------------------------------------------- */

#define TLS_HANDSHAKE_RECORD 22 /* RFC 8446 section 5.1: what every connection under TLS begins with */

/* Puts the connection under TLS when its first byte has come, so that a silent one costs next to nothing. 1 when that is
 * done, 0 while there is nothing to see. Who speaks HTTP here is told so in HTTP. */
static int begin_tls(struct osp__connection *connection) {
    unsigned char first;
    ssize_t got = osp__peek(connection->stream.fd, &first, 1);
    if (got == -EAGAIN) return 0;
    if (got <= 0) return -1;
    if (first != TLS_HANDSHAKE_RECORD) {
        connection->parser.minor_version = 1;
        connection->state = OSP_CONNECTION_IDLE;
        osp__reply_refusal(connection, 400, "an HTTP request was sent to a port that speaks HTTPS");
        return 1;
    }
    return osp__stream_secure(NULL, &connection->stream, connection->server->identity) == 0 ? 1 : -1;
}

/* Goes on with the handshake. */
static void shake_hands(struct osp__connection *connection) {
    if (connection->stream.tls == NULL) {
        int begun = begin_tls(connection);
        if (begun < 0) close_now(connection);
        if (begun <= 0 || connection->stream.tls == NULL) return;
    }
    int result = osp__stream_handshake(NULL, &connection->stream);
    if (result == -EAGAIN) return;
    if (result != 0) { /* the client has been told why in an alert: let it read that */
        osp__count(&connection->local->counters.handshakes_failed);
        linger(connection);
        return;
    }
    struct osp__http_local *local = connection->local;
    connection->state = OSP_CONNECTION_IDLE;
    connection->readable = true; /* OpenSSL may have read more already */
    osp__wheel_set(&local->wheel, &connection->deadline, local->worker->now_ns + connection->server->limits.header_ns);
}

/* The deadline that fits the state in which the connection now waits. */
static void set_deadline(struct osp__connection *connection) {
    const struct osp__http_limits *limits = &connection->server->limits;
    if (connection->fresh) return; /* the time for the first request's head runs from the start */
    if (has_output(connection))
        watch(connection, OF_OUTPUT);
    else if (connection->state == OSP_CONNECTION_HEAD)
        set_timer(connection, connection->request_began_ns + limits->header_ns);
    else if (connection->state == OSP_CONNECTION_BODY)
        watch(connection, OF_BODY);
    else
        set_timer(connection, connection->local->worker->now_ns + limits->idle_ns);
}

static void advance(struct osp__connection *connection) {
    if (connection->state == OSP_CONNECTION_LINGERING) {
        drop_input(connection);
        return;
    }
    if (connection->state == OSP_CONNECTION_HANDSHAKE) shake_hands(connection);
    if (connection->state == OSP_CONNECTION_HANDSHAKE || connection->state >= OSP_CONNECTION_LINGERING) return;
    connection->advancing = true;
    answer_requests(connection);
    connection->advancing = false;
    int flushed = osp__connection_flush(NULL, connection);
    if (connection->state == OSP_CONNECTION_HANDLING) {
        if (!connection->pinned) osp__buffer_shrink(&connection->in, &connection->local->buffers);
        return;
    }
    if (flushed < 0)
        close_now(connection);
    else if (flushed == 1 && connection->close_after)
        end_connection(connection);
    else
        set_deadline(connection);
}

void osp__connection_stored(struct osp__connection *connection) {
    if (connection->state == OSP_CONNECTION_BODY) advance(connection);
}

struct osp__connection *osp__connection_of(osp_ctx *ctx) {
    return ctx != NULL && ctx->fiber->finished == handler_finished ? ctx->fiber->owner : NULL;
}

static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker) {
    (void)worker;
    struct osp__connection *connection = OSP_CONTAINER(poller, struct osp__connection, poller);
    if (connection->state == OSP_CONNECTION_CLOSED) return;
    /* Under TLS a read may have waited for room to write. */
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) || connection->stream.tls != NULL) connection->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->hung_up = true;
    if (events & (EPOLLHUP | EPOLLERR)) connection->client_gone = true;
    if (connection->client_gone && connection->writer != NULL) connection->broken = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) wake_writer(connection);
    if (connection->state != OSP_CONNECTION_HANDLING)
        advance(connection);
    else if (connection->writer == NULL && has_output(connection))
        (void)osp__connection_flush(NULL, connection); /* of requests before the one being handled */
}

/* ---- from outside ------------------------------------------------------------------------------------------------ */

void osp__connection_expired(struct osp__connection *connection) {
    bool disk_is_slow = connection->spill != NULL && connection->spill->busy;
    bool source_is_slow = connection->state == OSP_CONNECTION_HANDLING && connection->writer == NULL;
    if (disk_is_slow || source_is_slow || keeps_up(connection)) {
        begin_window(connection);
        return;
    }
    bool waited_for = connection->state != OSP_CONNECTION_IDLE || has_output(connection);
    if (waited_for) osp__count(&connection->local->counters.timed_out);
    if (connection->state == OSP_CONNECTION_HANDLING) { /* a reader too slow for the reply being streamed to it */
        connection->broken = true;
        wake_writer(connection);
    } else if (!has_output(connection) &&
               (connection->state == OSP_CONNECTION_HEAD || connection->state == OSP_CONNECTION_BODY)) {
        connection->parser.minor_version = 1;
        osp__reply_refusal(connection, 408, "the request took too long");
        advance(connection);
    } else {
        close_now(connection);
    }
}

void osp__connection_stop(struct osp__connection *connection, bool force) {
    bool reading = connection->state == OSP_CONNECTION_HEAD || connection->state == OSP_CONNECTION_BODY;
    if (force) {
        connection->broken = true;
        if (connection->state == OSP_CONNECTION_HANDLING)
            wake_writer(connection); /* closed when the handler has ended */
        else
            close_now(connection);
    } else if (!reading) { /* a request that is coming in gets its answer: handle() sees that the server stops */
        connection->close_after = true;
        if (connection->state != OSP_CONNECTION_HANDLING && !has_output(connection)) close_now(connection);
    }
}
