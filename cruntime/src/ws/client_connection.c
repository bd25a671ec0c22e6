/*
 * See client_connection.h. Section numbers are of RFC 6455.
 */
#include "client_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../net/net.h"
#include "../sys/sys.h"

#define SECOND INT64_C(1000000000)
#define CLOSE_NS (2 * SECOND)
#define SEND_NS (10 * SECOND)

enum { CONTROL_ROOM = 64 << 10, TURNS = 16, PIECES = 16, DEFLATE_FROM = 64 };

/* ---- masking keys ---- */

struct random_call {
    const osp_crypto *crypto;
    void *bytes;
    size_t size;
    bool done;
};

static void call_random(void *argument)
{
    struct random_call *call = argument;
    call->done = call->crypto->random(call->bytes, call->size);
}

/* 5.3: a fresh key from the cryptographic random number generator for every frame. */
static bool make_mask(osp_ctx *ctx, uint8_t mask[4])
{
    const char *why;
    struct random_call call = {.crypto = osp__crypto(ctx, &why), .bytes = mask, .size = 4};
    if (call.crypto == NULL)
        return false;
    osp_call_on_system_stack(ctx, call_random, &call);
    return call.done;
}

/* ---- the outbox ---- */

/* With the lock held: the frame of a message. */
static osp__ws_frame *encode(osp__ws_connection *connection, uint8_t opcode, const char *message, size_t length,
                             const uint8_t *mask)
{
    const osp_ws_deflate_use *use = &connection->compression;
    if (use->deflate == NULL || length < DEFLATE_FROM)
        return osp__ws_frame_new(opcode, message, length, mask);
    if (connection->deflater == NULL)
        connection->deflater = use->deflate->deflater_new(use->own_window_bits);
    if (connection->deflater == NULL)
        return NULL;
    return osp__ws_frame_deflated(use->deflate, connection->deflater, opcode, message, length, mask,
                                  !use->own_context);
}

/* With the lock held. */
static osp__ws_queued add(osp__ws_connection *connection, osp__ws_frame *frame)
{
    bool added = frame != NULL && osp__ws_outbox_add(&connection->outbox, frame);
    osp__ws_frame_release(frame);
    return added ? OSP__WS_QUEUED : OSP__WS_NO_MEMORY;
}

osp__ws_queued osp__ws_enqueue(osp_ctx *ctx, osp__ws_connection *connection, uint8_t opcode, const char *message,
                               size_t length)
{
    uint8_t mask[4];
    if (!make_mask(ctx, mask))
        return OSP__WS_NO_MEMORY;
    osp__ws_queued outcome;
    pthread_mutex_lock(&connection->lock);
    if (connection->close_queued || connection->ended)
        outcome = OSP__WS_CLOSED;
    else if (connection->outbox.queued > OSP_WS_QUEUE_MAX)
        outcome = OSP__WS_FULL;
    else /* in the order of the outbox, since each message may be the next one's context */
        outcome = add(connection, encode(connection, opcode, message, length, mask));
    pthread_mutex_unlock(&connection->lock);
    if (outcome == OSP__WS_QUEUED)
        osp__ws_wait_nudge(&connection->wait);
    return outcome;
}

/* Should memory or random numbers have run out, the end comes without the frame. */
static void queue_close(osp__ws_connection *connection, unsigned code, osp__ws_frame *frame, bool shed)
{
    pthread_mutex_lock(&connection->lock);
    if (!connection->close_queued) {
        connection->close_queued = true;
        if (shed)
            osp__ws_outbox_shed(&connection->outbox);
        connection->close_deadline_ns = osp__now_ns() + CLOSE_NS;
        if (connection->close_code == OSP_WS_ABNORMAL)
            connection->close_code = (uint16_t)code;
        (void)add(connection, frame);
        frame = NULL;
    }
    pthread_mutex_unlock(&connection->lock);
    osp__ws_frame_release(frame);
    osp__ws_wait_nudge(&connection->wait);
}

/* The context of the fiber that runs on this thread, or NULL. */
static osp_ctx *current_context(void)
{
    struct osp_worker *worker = osp__worker_self();
    return worker != NULL && worker->current != NULL ? &worker->current->ctx : NULL;
}

void osp__ws_close_begin(osp__ws_connection *connection, unsigned code, const char *reason, bool shed)
{
    uint8_t mask[4];
    osp__ws_frame *frame = NULL;
    if (make_mask(current_context(), mask))
        frame = osp__ws_frame_close(code, reason, strlen(reason), mask);
    queue_close(connection, code, frame, shed);
}

/* ---- the transport: one attempt, -EAGAIN with *events if it would block ---- */

struct tls_attempt {
    osp__client_connection *stream;
    void *bytes;
    const void *source;
    size_t size;
    int64_t result;
};

static void attempt_read(void *argument)
{
    struct tls_attempt *a = argument;
    a->result = a->stream->crypto->tls_read(a->stream->tls, a->bytes, a->size);
}

static void attempt_write(void *argument)
{
    struct tls_attempt *a = argument;
    a->result = a->stream->crypto->tls_write(a->stream->tls, a->source, a->size);
}

static ssize_t settle_tls(const struct tls_attempt *a, uint32_t *events)
{
    if (a->result == OSP_TLS_FAILED)
        return -EPROTO;
    if (a->result >= 0)
        return (ssize_t)a->result;
    *events |= a->result == OSP_TLS_WANT_READ ? EPOLLIN : EPOLLOUT;
    return -EAGAIN;
}

static bool is_encrypted(const osp__ws_connection *connection)
{
    return connection->stream->tls != NULL;
}

static ssize_t try_read(osp_ctx *ctx, osp__ws_connection *connection, void *bytes, size_t size, uint32_t *events)
{
    if (is_encrypted(connection)) {
        struct tls_attempt a = {.stream = connection->stream, .bytes = bytes, .size = size};
        osp_call_on_system_stack(ctx, attempt_read, &a);
        return settle_tls(&a, events);
    }
    ssize_t moved = osp__recv(connection->stream->fd, bytes, size);
    if (moved == -EAGAIN)
        *events |= EPOLLIN;
    return moved;
}

static ssize_t try_write(osp_ctx *ctx, osp__ws_connection *connection, const void *bytes, size_t size, uint32_t *events)
{
    if (is_encrypted(connection)) {
        struct tls_attempt a = {.stream = connection->stream, .source = bytes, .size = size};
        osp_call_on_system_stack(ctx, attempt_write, &a);
        return settle_tls(&a, events);
    }
    ssize_t moved = osp__send(connection->stream->fd, bytes, size);
    if (moved == -EAGAIN)
        *events |= EPOLLOUT;
    return moved;
}

/* ---- output ---- */

/* The bytes to be sent next, in `part`; false when the outbox is empty. */
static bool next_output(osp__ws_connection *connection, struct iovec *part)
{
    pthread_mutex_lock(&connection->lock);
    bool any = osp__ws_outbox_gather(&connection->outbox, part, 1) > 0;
    pthread_mutex_unlock(&connection->lock);
    return any;
}

/* Sends what can be sent. Returns 0 when the outbox is empty, -EAGAIN when some is left, or a fault. */
static int flush(osp_ctx *ctx, osp__ws_connection *connection, uint32_t *events)
{
    for (struct iovec part; next_output(connection, &part);) {
        ssize_t moved = try_write(ctx, connection, part.iov_base, part.iov_len, events);
        if (moved == -EINTR)
            continue;
        if (moved < 0)
            return (int)moved;
        connection->progress_ns = osp__now_ns();
        pthread_mutex_lock(&connection->lock);
        osp__ws_outbox_sent(&connection->outbox, (size_t)moved);
        pthread_mutex_unlock(&connection->lock);
    }
    connection->progress_ns = osp__now_ns();
    return 0;
}

/* ---- input ---- */

/* 7.1.7: says why and listens no more. What came before is handled, and may be answered, before the close frame goes;
 * but not for longer than a closing handshake may take. */
static void fail(osp__ws_connection *connection, unsigned code, const char *reason)
{
    connection->discarding = connection->ending = true;
    connection->end_code = (uint16_t)code;
    connection->end_reason = reason;
    connection->end_deadline_ns = osp__now_ns() + CLOSE_NS;
}

static void conclude_if_due(osp__ws_connection *connection)
{
    if (!connection->ending || (!connection->is_idle(connection) && osp__now_ns() < connection->end_deadline_ns))
        return;
    connection->ending = false;
    osp__ws_close_begin(connection, connection->end_code, connection->end_reason, false);
}

/* 5.5.1: answers with the code that came. */
static void on_close(osp__ws_connection *connection)
{
    connection->close_received = true;
    pthread_mutex_lock(&connection->lock);
    connection->close_code = connection->reader.code;
    pthread_mutex_unlock(&connection->lock);
    fail(connection, connection->reader.code, "");
}

/* 5.5.3: a peer that pings faster than it reads gets no answer to some of its pings. */
static void on_ping(osp_ctx *ctx, osp__ws_connection *connection)
{
    uint8_t mask[4];
    const osp_ws_reader *reader = &connection->reader;
    if (!make_mask(ctx, mask))
        return;
    pthread_mutex_lock(&connection->lock);
    if (connection->outbox.queued < CONTROL_ROOM && !connection->close_queued)
        (void)add(connection, osp__ws_frame_new(OSP_WS_PONG, reader->payload, reader->payload_length, mask));
    pthread_mutex_unlock(&connection->lock);
}

static void on_event(osp_ctx *ctx, osp__ws_connection *connection, osp_ws_event event)
{
    const osp_ws_reader *reader = &connection->reader;
    if (event == OSP_WS_ON_FAILURE)
        fail(connection, reader->code, reader->reason);
    else if (event == OSP_WS_ON_CLOSE)
        on_close(connection);
    else if (event == OSP_WS_ON_PING)
        on_ping(ctx, connection);
    else if (event == OSP_WS_ON_MESSAGE &&
             !connection->deliver(connection, reader->payload, reader->payload_length, reader->opcode == OSP_WS_TEXT))
        fail(connection, OSP_WS_TRY_AGAIN_LATER, "out of memory");
}

static bool may_read(osp__ws_connection *connection)
{
    return connection->discarding || connection->may_read(connection);
}

/* Works through what is there, as long as whoever takes the messages keeps up. */
static void consume(osp_ctx *ctx, osp__ws_connection *connection)
{
    osp_ws_event event = OSP_WS_ON_PONG;
    while (!connection->discarding && event != OSP_WS_ON_NOTHING && may_read(connection)) {
        uint8_t *bytes = connection->input + connection->start;
        size_t length = connection->end - connection->start;
        event = osp_ws_read(&connection->reader, &bytes, &length);
        connection->start = connection->end - length;
        on_event(ctx, connection, event);
    }
    if (connection->discarding)
        connection->start = connection->end;
    if (connection->start == connection->end)
        connection->start = connection->end = 0;
}

/* Reads once. Returns 0, -EAGAIN, or a fault (-ENODATA at the end of the input). */
static int receive(osp_ctx *ctx, osp__ws_connection *connection, uint32_t *events)
{
    if (connection->start > 0) {
        memmove(connection->input, connection->input + connection->start, connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    if (connection->end == sizeof connection->input)
        return 0; /* whoever takes the messages has just caught up: look at these first */
    ssize_t moved = try_read(ctx, connection, connection->input + connection->end,
                             sizeof connection->input - connection->end, events);
    if (moved == 0)
        return -ENODATA;
    if (moved < 0)
        return moved == -EINTR ? 0 : (int)moved;
    connection->end += (size_t)moved;
    return 0;
}

/* ---- the fiber ---- */

/* 7.1.1: the server closes first; a client waits for that. After a failure what still comes in is thrown away, since
 * closing with bytes unread would destroy the close frame on its way. */
static void say_the_end(osp__ws_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    bool closing = connection->close_queued;
    pthread_mutex_unlock(&connection->lock);
    if (closing && connection->discarding && !connection->output_shut && !is_encrypted(connection)) {
        connection->output_shut = true;
        (void)osp__shutdown_output(connection->stream->fd);
    }
}

static int64_t next_deadline(osp__ws_connection *connection, bool flushed)
{
    pthread_mutex_lock(&connection->lock);
    int64_t deadline = connection->close_queued ? connection->close_deadline_ns : OSP_NO_DEADLINE;
    pthread_mutex_unlock(&connection->lock);
    if (!flushed && connection->progress_ns + SEND_NS < deadline)
        deadline = connection->progress_ns + SEND_NS;
    if (connection->ending && connection->end_deadline_ns < deadline)
        deadline = connection->end_deadline_ns;
    return deadline;
}

/* A deadline has passed. True if that ends the connection; a reader that is too slow is told so first. */
static bool is_out_of_time(osp__ws_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    bool closing = connection->close_queued;
    pthread_mutex_unlock(&connection->lock);
    if (closing)
        return true;
    if (connection->ending) /* the next turn concludes */
        return false;
    osp__ws_close_begin(connection, OSP_WS_TRY_AGAIN_LATER, "too slow", true);
    return false;
}

void osp__ws_run(osp_ctx *ctx, osp__ws_connection *connection)
{
    connection->progress_ns = osp__now_ns();
    for (unsigned turns = 0;;) {
        uint32_t events = 0;
        consume(ctx, connection);
        conclude_if_due(connection);
        int sent = flush(ctx, connection, &events);
        bool flushed = sent == 0;
        if (sent != 0 && sent != -EAGAIN)
            break;
        if (flushed)
            say_the_end(connection);
        int64_t deadline = next_deadline(connection, flushed);
        if (osp__now_ns() >= deadline) { /* a peer that drips bytes never lets a wait time out */
            if (is_out_of_time(connection))
                break;
            continue;
        }
        bool reading = may_read(connection);
        int received = reading ? receive(ctx, connection, &events) : -EAGAIN;
        if (received == 0) {
            if (++turns % TURNS == 0)
                osp_yield(ctx); /* a peer that never pauses must not keep the worker to itself */
            continue;
        }
        if (received != -EAGAIN)
            break;
        int fd = events != 0 ? connection->stream->fd : -1; /* a hang-up alone would be reported again and again */
        int fault = osp__ws_wait_for(ctx, &connection->wait, fd, events, deadline);
        if (fault != 0 && (fault != -ETIMEDOUT || is_out_of_time(connection)))
            break;
    }
    pthread_mutex_lock(&connection->lock);
    connection->ended = true;
    pthread_mutex_unlock(&connection->lock);
}

void osp__ws_connection_init(osp__ws_connection *connection, size_t message_bytes)
{
    osp__ws_wait_init(&connection->wait);
    pthread_mutex_init(&connection->lock, NULL);
    connection->close_code = OSP_WS_ABNORMAL;
    connection->rules = (osp_ws_rules){.from_server = true, .message_bytes = message_bytes, .frame_bytes = message_bytes};
    osp_ws_reader_init(&connection->reader, &connection->rules);
}

void osp__ws_connection_dispose(osp_ctx *ctx, osp__ws_connection *connection)
{
    osp__ws_outbox_clear(&connection->outbox);
    osp_ws_reader_dispose(&connection->reader);
    if (connection->deflater != NULL)
        connection->compression.deflate->deflater_free(connection->deflater);
    osp__client_connection_close(ctx, connection->stream);
    pthread_mutex_destroy(&connection->lock);
    osp__ws_wait_dispose(&connection->wait);
}
