/*
 * See connection.h. Section numbers are of RFC 6455.
 */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../net/net.h"
#include "../sys/sys.h"

#define SECOND INT64_C(1000000000)
#define CLOSE_NS (2 * SECOND)
#define SEND_NS (10 * SECOND)

enum { FIRST_MESSAGE_CAPACITY = 512, CONTROL_ROOM = 64 << 10, TURNS = 16 };

struct osp__ws_entry {
    struct osp__ws_entry *next;
    osp__ws_frame *frame;
};

/* ---- frames ---- */

osp__ws_frame *osp__ws_frame_new(uint8_t opcode, const void *payload, size_t length, const uint8_t *mask)
{
    osp__ws_frame *frame = osp__alloc(sizeof *frame + OSP_WS_HEADER_MAX + length);
    if (frame == NULL)
        return NULL;
    frame->references = 1;
    size_t header = osp_ws_header_write(frame->bytes, true, opcode, length, mask);
    if (length > 0)
        memcpy(frame->bytes + header, payload, length);
    if (mask != NULL)
        osp_ws_mask(frame->bytes + header, length, mask, 0);
    frame->length = header + length;
    return frame;
}

void osp__ws_frame_release(osp__ws_frame *frame)
{
    if (frame != NULL && __atomic_sub_fetch(&frame->references, 1, __ATOMIC_ACQ_REL) == 0)
        osp__release(frame);
}

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

bool osp__ws_random(osp_ctx *ctx, void *bytes, size_t size)
{
    const char *why;
    struct random_call call = {.crypto = osp__crypto(ctx, &why), .bytes = bytes, .size = size};
    if (call.crypto == NULL)
        return false;
    osp_call_on_system_stack(ctx, call_random, &call);
    return call.done;
}

/* ---- the queue ---- */

/* With the lock held. */
static bool append(osp__ws_connection *connection, osp__ws_frame *frame)
{
    struct osp__ws_entry *entry = osp__alloc(sizeof *entry);
    if (entry == NULL)
        return false;
    __atomic_add_fetch(&frame->references, 1, __ATOMIC_RELAXED);
    *entry = (struct osp__ws_entry){NULL, frame};
    if (connection->first == NULL)
        connection->first = entry;
    else
        connection->last->next = entry;
    connection->last = entry;
    connection->queued += frame->length;
    return true;
}

/* With the lock held: drops what follows *link. */
static void drop_entries(osp__ws_connection *connection, struct osp__ws_entry **link)
{
    for (struct osp__ws_entry *entry = *link, *next; entry != NULL; entry = next) {
        next = entry->next;
        connection->queued -= entry->frame->length;
        osp__ws_frame_release(entry->frame);
        osp__release(entry);
    }
    *link = NULL;
    connection->last = connection->first;
}

osp__ws_queued osp__ws_enqueue(osp__ws_connection *connection, osp__ws_frame *frame)
{
    osp__ws_queued outcome;
    pthread_mutex_lock(&connection->lock);
    if (connection->close_queued || connection->ended)
        outcome = OSP__WS_CLOSED;
    else if (connection->queued > OSP_WS_QUEUE_MAX)
        outcome = OSP__WS_FULL;
    else
        outcome = append(connection, frame) ? OSP__WS_QUEUED : OSP__WS_NO_MEMORY;
    pthread_mutex_unlock(&connection->lock);
    if (outcome == OSP__WS_QUEUED)
        osp__ws_wait_nudge(&connection->wait);
    return outcome;
}

/* Queues a close frame with this payload; with `shed` instead of what is there. */
static void queue_close(osp__ws_connection *connection, osp__ws_frame *frame, bool shed)
{
    pthread_mutex_lock(&connection->lock);
    if (!connection->close_queued) {
        if (shed && connection->first != NULL)
            drop_entries(connection, connection->first_begun ? &connection->first->next : &connection->first);
        connection->close_queued = true; /* should memory have run out, the end comes without the frame */
        connection->close_deadline_ns = osp__now_ns() + CLOSE_NS;
        if (frame != NULL)
            (void)append(connection, frame);
    }
    pthread_mutex_unlock(&connection->lock);
    osp__ws_frame_release(frame);
    osp__ws_wait_nudge(&connection->wait);
}

/* A control frame of a connection, masked if it is a client's (5.3). NULL when memory or random numbers run out. */
static osp__ws_frame *control_frame(osp_ctx *ctx, osp__ws_connection *connection, uint8_t opcode, const void *payload,
                                    size_t length)
{
    uint8_t mask[4];
    if (!connection->is_client)
        return osp__ws_frame_new(opcode, payload, length, NULL);
    return osp__ws_random(ctx, mask, sizeof mask) ? osp__ws_frame_new(opcode, payload, length, mask) : NULL;
}

/* The context of the fiber that runs on this thread, or NULL. */
static osp_ctx *current_context(void)
{
    struct osp_worker *worker = osp__worker_self();
    return worker != NULL && worker->current != NULL ? &worker->current->ctx : NULL;
}

void osp__ws_close_begin(osp__ws_connection *connection, unsigned code, const char *reason, bool shed)
{
    uint8_t payload[OSP_WS_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    size_t length = strlen(reason);
    if (length > OSP_WS_REASON_MAX)
        for (length = OSP_WS_REASON_MAX; length > 0 && ((unsigned char)reason[length] & 0xc0) == 0x80;)
            length--; /* not in the middle of a character */
    osp_ws_utf8 check = {0};
    if (!osp_ws_utf8_feed(&check, (const uint8_t *)reason, length) || !osp_ws_utf8_is_complete(&check))
        length = 0;
    memcpy(payload + 2, reason, length);
    queue_close(connection, control_frame(current_context(), connection, OSP_WS_CLOSE, payload, 2 + length), shed);
}

bool osp__ws_is_closing(osp__ws_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    bool closing = connection->close_queued || connection->ended;
    pthread_mutex_unlock(&connection->lock);
    return closing;
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
    return connection->stream != NULL && connection->stream->tls != NULL;
}

static ssize_t try_read(osp_ctx *ctx, osp__ws_connection *connection, void *bytes, size_t size, uint32_t *events)
{
    if (is_encrypted(connection)) {
        struct tls_attempt a = {.stream = connection->stream, .bytes = bytes, .size = size};
        osp_call_on_system_stack(ctx, attempt_read, &a);
        return settle_tls(&a, events);
    }
    ssize_t moved = osp__recv(connection->fd, bytes, size);
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
    ssize_t moved = osp__send(connection->fd, bytes, size);
    if (moved == -EAGAIN)
        *events |= EPOLLOUT;
    return moved;
}

/* ---- output ---- */

/* The bytes to be sent next; NULL when the queue is empty. The first entry stays where it is until it is sent. */
static const uint8_t *next_output(osp__ws_connection *connection, size_t *size)
{
    const uint8_t *bytes = NULL;
    pthread_mutex_lock(&connection->lock);
    if (connection->first != NULL) {
        connection->first_begun = true;
        bytes = connection->first->frame->bytes + connection->first_sent;
        *size = connection->first->frame->length - connection->first_sent;
    }
    pthread_mutex_unlock(&connection->lock);
    return bytes;
}

static void count_output(osp__ws_connection *connection, size_t moved)
{
    struct osp__ws_entry *sent = NULL;
    pthread_mutex_lock(&connection->lock);
    connection->first_sent += moved;
    if (connection->first_sent == connection->first->frame->length) {
        sent = connection->first;
        connection->first = sent->next;
        if (connection->first == NULL)
            connection->last = NULL;
        connection->queued -= sent->frame->length;
        connection->first_sent = 0;
        connection->first_begun = false;
    }
    pthread_mutex_unlock(&connection->lock);
    if (sent != NULL) {
        osp__ws_frame_release(sent->frame);
        osp__release(sent);
    }
}

/* Sends what can be sent. Returns 0 when the queue is empty, -EAGAIN when some is left, or a fault. */
static int flush(osp_ctx *ctx, osp__ws_connection *connection, uint32_t *events)
{
    size_t size = 0;
    for (const uint8_t *bytes; (bytes = next_output(connection, &size)) != NULL;) {
        ssize_t moved = try_write(ctx, connection, bytes, size, events);
        if (moved == -EINTR)
            continue;
        if (moved < 0)
            return (int)moved;
        connection->progress_ns = osp__now_ns();
        count_output(connection, (size_t)moved);
    }
    connection->progress_ns = osp__now_ns();
    return 0;
}

/* ---- input ---- */

/* 7.1.7: says why and listens no more. */
static void fail(osp__ws_connection *connection, unsigned code, const char *reason)
{
    connection->discarding = true;
    osp__ws_close_begin(connection, code, reason, false);
}

static void on_close(osp_ctx *ctx, osp__ws_connection *connection)
{
    unsigned code, refusal = osp_ws_close_parse(connection->control, connection->frame.length, &code);
    if (refusal != 0) {
        fail(connection, refusal, "invalid close frame");
        return;
    }
    connection->close_received = connection->discarding = true;
    size_t echoed = code == OSP_WS_NO_STATUS ? 0 : 2;
    queue_close(connection, control_frame(ctx, connection, OSP_WS_CLOSE, connection->control, echoed), false);
}

/* 5.5.3: a peer that pings faster than it reads gets no answer to some of its pings. */
static void on_ping(osp_ctx *ctx, osp__ws_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    bool room = connection->queued < CONTROL_ROOM;
    pthread_mutex_unlock(&connection->lock);
    if (!room)
        return;
    osp__ws_frame *pong = control_frame(ctx, connection, OSP_WS_PONG, connection->control, connection->frame.length);
    if (pong != NULL)
        (void)osp__ws_enqueue(connection, pong);
    osp__ws_frame_release(pong);
}

static bool reserve_message(osp__ws_connection *connection, size_t more)
{
    size_t needed = connection->message_length + more, capacity = connection->message_capacity;
    if (needed <= capacity)
        return true;
    if (capacity == 0)
        capacity = FIRST_MESSAGE_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *message = osp__resize(connection->message, capacity);
    if (message == NULL)
        return false;
    connection->message = message;
    connection->message_capacity = capacity;
    return true;
}

/* Memory is not kept for the next message: most connections are silent most of the time. */
static void forget_message(osp__ws_connection *connection)
{
    osp__release(connection->message);
    connection->message = NULL;
    connection->message_length = connection->message_capacity = 0;
    connection->message_opcode = 0;
    connection->utf8 = (osp_ws_utf8){0};
}

static void end_message(osp__ws_connection *connection)
{
    bool is_text = connection->message_opcode == OSP_WS_TEXT, taken = true;
    if (is_text && !osp_ws_utf8_is_complete(&connection->utf8)) {
        fail(connection, OSP_WS_INVALID_DATA, "the text is not UTF-8");
        return;
    }
    if (connection->deliver != NULL)
        taken = connection->deliver(connection, connection->message, connection->message_length, is_text);
    forget_message(connection);
    if (!taken)
        fail(connection, OSP_WS_TRY_AGAIN_LATER, "out of memory");
}

/* 5.1 to 5.4: whether this frame may come now. */
static void begin_frame(osp__ws_connection *connection)
{
    const osp_ws_header *frame = &connection->frame;
    connection->in_frame = true;
    connection->taken = 0;
    if (frame->masked == connection->is_client) {
        fail(connection, OSP_WS_PROTOCOL_ERROR,
             connection->is_client ? "a server must not mask" : "a client must mask");
    } else if (osp_ws_is_control(frame->opcode)) {
        return;
    } else if ((frame->opcode == OSP_WS_CONTINUATION) != (connection->message_opcode != 0)) {
        fail(connection, OSP_WS_PROTOCOL_ERROR, "unexpected frame in a fragmented message");
    } else if (frame->length > OSP_WS_MESSAGE_MAX - connection->message_length) {
        fail(connection, OSP_WS_TOO_BIG, "the message is too big");
    } else if (frame->opcode != OSP_WS_CONTINUATION) {
        connection->message_opcode = frame->opcode;
    }
}

static void end_frame(osp_ctx *ctx, osp__ws_connection *connection)
{
    connection->in_frame = false;
    if (connection->frame.opcode == OSP_WS_CLOSE)
        on_close(ctx, connection);
    else if (connection->frame.opcode == OSP_WS_PING)
        on_ping(ctx, connection);
    else if (!osp_ws_is_control(connection->frame.opcode) && connection->frame.fin)
        end_message(connection);
}

/* Takes bytes of the payload of a frame. */
static void take_payload(osp__ws_connection *connection, uint8_t *bytes, size_t length)
{
    if (connection->frame.masked)
        osp_ws_mask(bytes, length, connection->frame.mask, connection->taken);
    if (osp_ws_is_control(connection->frame.opcode)) {
        memcpy(connection->control + connection->taken, bytes, length);
    } else if (connection->message_opcode == OSP_WS_TEXT && !osp_ws_utf8_feed(&connection->utf8, bytes, length)) {
        fail(connection, OSP_WS_INVALID_DATA, "the text is not UTF-8");
    } else if (!reserve_message(connection, length)) {
        fail(connection, OSP_WS_TRY_AGAIN_LATER, "out of memory");
    } else if (length > 0) {
        memcpy(connection->message + connection->message_length, bytes, length);
        connection->message_length += length;
    }
    connection->taken += length;
}

/* One step through the input. False when more bytes are needed, or nobody listens any more. */
static bool step(osp_ctx *ctx, osp__ws_connection *connection)
{
    if (!connection->in_frame) {
        int size = osp_ws_header_parse(&connection->frame, connection->input + connection->start,
                                       connection->end - connection->start);
        if (size < 0)
            fail(connection, (unsigned)-size, "invalid frame");
        if (size <= 0)
            return false;
        connection->start += (size_t)size;
        begin_frame(connection);
    }
    size_t available = connection->end - connection->start;
    uint64_t left = connection->frame.length - connection->taken;
    size_t length = left < available ? (size_t)left : available;
    if (!connection->discarding)
        take_payload(connection, connection->input + connection->start, length);
    connection->start += length;
    if (!connection->discarding && connection->taken == connection->frame.length)
        end_frame(ctx, connection);
    else if (length == available)
        return false;
    return !connection->discarding;
}

static bool may_read(osp__ws_connection *connection)
{
    return connection->discarding || connection->may_read == NULL || connection->may_read(connection);
}

/* Works through what is there, as long as whoever takes the messages keeps up. */
static void consume(osp_ctx *ctx, osp__ws_connection *connection)
{
    while (!connection->discarding && may_read(connection) && step(ctx, connection)) {
    }
    if (connection->discarding) /* a frame that failed is never gone back to */
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
static bool is_over(osp__ws_connection *connection, bool flushed)
{
    pthread_mutex_lock(&connection->lock);
    bool closing = connection->close_queued;
    pthread_mutex_unlock(&connection->lock);
    if (!closing || !flushed)
        return false;
    if (connection->close_received && !connection->is_client)
        return true;
    if (connection->discarding && !connection->output_shut && !is_encrypted(connection)) {
        connection->output_shut = true;
        (void)osp__shutdown_output(connection->fd);
    }
    return false;
}

static int64_t next_deadline(osp__ws_connection *connection, bool flushed)
{
    pthread_mutex_lock(&connection->lock);
    int64_t deadline = connection->close_queued ? connection->close_deadline_ns : OSP_NO_DEADLINE;
    pthread_mutex_unlock(&connection->lock);
    if (!flushed && connection->progress_ns + SEND_NS < deadline)
        deadline = connection->progress_ns + SEND_NS;
    return deadline;
}

/* A deadline has passed. True if that ends the connection; a reader that is too slow is told so first. */
static bool is_out_of_time(osp__ws_connection *connection)
{
    if (osp__ws_is_closing(connection))
        return true;
    osp__ws_close_begin(connection, OSP_WS_TRY_AGAIN_LATER, "too slow", true);
    return false;
}

void osp__ws_run(osp_ctx *ctx, osp__ws_connection *connection)
{
    connection->progress_ns = osp__now_ns();
    for (unsigned turns = 0;;) {
        uint32_t events = 0;
        consume(ctx, connection);
        int sent = flush(ctx, connection, &events);
        bool flushed = sent == 0;
        if ((sent != 0 && sent != -EAGAIN) || is_over(connection, flushed))
            break;
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
        int fd = events != 0 ? connection->fd : -1; /* a hang-up alone would be reported again and again */
        int fault = osp__ws_wait_for(ctx, &connection->wait, fd, events, deadline);
        if (fault != 0 && (fault != -ETIMEDOUT || is_out_of_time(connection)))
            break;
    }
    pthread_mutex_lock(&connection->lock);
    connection->ended = true;
    pthread_mutex_unlock(&connection->lock);
}

void osp__ws_connection_init(osp__ws_connection *connection)
{
    osp__ws_wait_init(&connection->wait);
    pthread_mutex_init(&connection->lock, NULL);
    connection->fd = -1;
}

void osp__ws_connection_dispose(osp_ctx *ctx, osp__ws_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    drop_entries(connection, &connection->first);
    pthread_mutex_unlock(&connection->lock);
    forget_message(connection);
    if (connection->stream != NULL)
        osp__client_connection_close(ctx, connection->stream);
    else if (connection->fd >= 0)
        osp__close(connection->fd);
    pthread_mutex_destroy(&connection->lock);
    osp__ws_wait_dispose(&connection->wait);
}
