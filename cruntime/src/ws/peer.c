/*
 * The state machine of peer.h. Section numbers are of RFC 6455.
 *
 * Sockets are registered once, edge-triggered for both directions; `readable` remembers an edge until a read finds
 * nothing more. Input goes through one buffer of the worker: a peer holds memory for it only while its request or a
 * message is incomplete.
 */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "../crypto/crypto_load.h"
#include "../http/reply.h"
#include "../mem/string.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"

#define SECOND INT64_C(1000000000)
#define GREETING_NS (10 * SECOND) /* for TLS and the request */
#define CLOSE_NS (2 * SECOND)     /* for the closing handshake */
#define RETRY_NS (SECOND / 10)    /* until there may be memory again */
#define SEND_NS (10 * SECOND)     /* for the reader to take anything at all */

enum {
    INPUT_BYTES = 64 << 10,
    READS_PER_TURN = 16, /* then other peers have theirs */
    PIECES = 64,         /* frames sent with one call */
    CONTROL_ROOM = 64 << 10,
    WAITING_MESSAGES = 64, /* no more is read while so many, or so many bytes, wait for the handler */
    WAITING_BYTES = 1 << 20,
    MAX_WORKERS = 256,
    WINDOWS = 16
};

/* A handshake's fields are few; cookies and tokens have to fit. */
static const osp_http_head_limits greeting_limits = {8192, 16384, 100};
enum { GREETING_BYTES = 8192 + 16384 + 64 };

/* ---- what a worker keeps ---- */

static struct local {
    struct osp_worker *worker; /* NULL: not made yet */
    struct osp__wheel wheel;
    struct osp__timer tick;
    int64_t peers;
    uint8_t *input;
    struct osp__buffer_pool buffers;
    osp_deflater *deflaters[WINDOWS];
} locals[MAX_WORKERS];

static struct local *local_of(const osp__ws_peer *peer)
{
    return &locals[peer->worker->index];
}

static void on_expired(osp__ws_peer *peer);

static void on_tick(struct osp__timer *timer, struct osp_worker *worker)
{
    struct local *local = OSP_CONTAINER(timer, struct local, tick);
    struct osp__deadline *deadline;
    while ((deadline = osp__wheel_next_due(&local->wheel, worker->now_ns)) != NULL)
        on_expired(OSP_CONTAINER(deadline, osp__ws_peer, deadline));
    if (local->peers == 0)
        return; /* a later one starts the ticking again */
    timer->deadline_ns = worker->now_ns + OSP_WHEEL_TICK_NS;
    (void)osp__timer_arm(&worker->timers, timer); /* there is room: this timer has just been taken out */
}

/* Ready for one more peer; NULL when memory runs out. */
static struct local *prepare_local(struct osp_worker *worker)
{
    struct local *local = &locals[worker->index];
    if (local->worker == NULL) {
        local->input = osp__alloc(INPUT_BYTES);
        if (local->input == NULL)
            return NULL;
        local->worker = worker;
        local->tick.fire = on_tick;
        osp__wheel_init(&local->wheel, worker->now_ns);
    }
    if (local->tick.place == 0) {
        local->tick.deadline_ns = worker->now_ns + OSP_WHEEL_TICK_NS;
        if (osp__timer_arm(&worker->timers, &local->tick) != 0)
            return NULL;
    }
    return local;
}

osp_deflater *osp__ws_deflater(const osp_deflate *deflate, int window_bits)
{
    struct osp_worker *worker = osp__worker_self();
    if (worker == NULL)
        return NULL;
    osp_deflater **kept = &locals[worker->index].deflaters[window_bits];
    if (*kept == NULL)
        *kept = deflate->deflater_new(window_bits);
    return *kept;
}

void osp__ws_release_buffers(struct osp_worker *worker)
{
    osp__buffer_pool_clear(&locals[worker->index].buffers);
}

/* ---- birth and death ---- */

static void free_peer(osp__handled *object)
{
    osp__ws_peer *peer = OSP_CONTAINER(object, osp__ws_peer, handled);
    osp__ws_server_drop(peer->server);
    osp_drop(peer->close_reason);
    osp__release(peer);
}

static osp__handle_table peers = OSP__HANDLE_TABLE(free_peer);

osp__ws_peer *osp__ws_peer_get(int64_t id)
{
    osp__handled *object = osp__handle_get(&peers, id);
    return object != NULL ? OSP_CONTAINER(object, osp__ws_peer, handled) : NULL;
}

void osp__ws_peer_drop(osp__ws_peer *peer)
{
    osp__handle_drop(&peers, &peer->handled);
}

static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker);
static void on_nudge(struct osp__work *work, struct osp_worker *worker);

osp__ws_peer *osp__ws_peer_new(osp__ws_server *server, int fd, struct osp_worker *worker)
{
    osp__ws_peer *peer = osp__alloc_zeroed(sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->server = server;
    peer->worker = worker;
    peer->poller.ready = on_ready;
    peer->work.run = osp__ws_peer_start;
    peer->shard = &server->shards[worker->index];
    osp__stream_init(&peer->stream, fd);
    osp_ws_reader_init(&peer->reader, &server->limits.rules);
    peer->id = osp__handle_add(&peers, &peer->handled);
    if (peer->id == 0) {
        osp__release(peer);
        return NULL;
    }
    osp__ws_server_hold(server);
    return peer;
}

static void link_peer(osp__ws_peer *peer)
{
    pthread_mutex_lock(&peer->shard->lock);
    peer->next = peer->shard->peers;
    if (peer->next != NULL)
        peer->next->previous = peer;
    peer->shard->peers = peer;
    pthread_mutex_unlock(&peer->shard->lock);
}

/* With the lock held. */
static void unlink_peer(osp__ws_peer *peer)
{
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        peer->shard->peers = peer->next;
    peer->next = peer->previous = NULL;
}

static void drop_greeting(osp__ws_peer *peer)
{
    if (peer->greeting == NULL)
        return;
    osp__buffer_release(&peer->greeting->head, &local_of(peer)->buffers);
    osp__release(peer->greeting);
    peer->greeting = NULL;
}

static void leave_address(osp__ws_peer *peer)
{
    if (!peer->counted)
        return;
    peer->counted = false;
    pthread_mutex_lock(&peer->server->lock);
    osp__address_leave(&peer->server->addresses, &peer->address, osp__now_ns());
    pthread_mutex_unlock(&peer->server->lock);
}

static void wake_waiters(osp__ws_peer *peer)
{
    for (struct osp__ws_waiter *waiter = peer->waiters; waiter != NULL; waiter = waiter->next)
        osp__ws_wait_nudge(&waiter->wait);
}

/* Closes the descriptor and lets go of all that only a living connection needs. */
static void close_now(osp__ws_peer *peer)
{
    if (peer->state == OSP_WS_GONE)
        return;
    peer->state = OSP_WS_GONE;
    peer->discarding = true;
    osp__wheel_clear(&local_of(peer)->wheel, &peer->deadline);
    (void)osp__epoll_delete(peer->worker->epoll, peer->stream.fd);
    osp__stream_close(NULL, &peer->stream);
    osp_ws_reader_dispose(&peer->reader);
    leave_address(peer);
    if (!peer->handling)
        drop_greeting(peer);
    pthread_mutex_lock(&peer->shard->lock);
    unlink_peer(peer);
    peer->close_queued = true;
    peer->admitted = false;
    osp__ws_outbox_clear(&peer->outbox);
    wake_waiters(peer);
    pthread_mutex_unlock(&peer->shard->lock);
    osp__connection_gone(peer->worker);
}

/* The handlers have run: whoever still looks the peer up finds nothing. The memory goes behind what is in the
 * worker's queue, since the events in hand, or a nudge, may name the peer. */
static void finish(osp__ws_peer *peer)
{
    if (peer->finished)
        return;
    peer->finished = true;
    drop_greeting(peer);
    (void)osp__handle_remove(&peers, peer->id); /* the reference is dropped by on_nudge */
    local_of(peer)->peers--;
    pthread_mutex_lock(&peer->shard->lock);
    osp__ws_peer_nudge(peer);
    pthread_mutex_unlock(&peer->shard->lock);
}

/* ---- the outbox ---- */

void osp__ws_peer_nudge(osp__ws_peer *peer)
{
    if (peer->nudged || (peer->worker == osp__worker_self() && peer->advancing))
        return;
    peer->nudged = true;
    peer->work.run = on_nudge;
    osp__worker_submit(peer->worker, &peer->work);
}

static bool add_frame(osp__ws_peer *peer, osp__ws_frame *frame)
{
    bool added = false;
    if (frame != NULL) {
        pthread_mutex_lock(&peer->shard->lock);
        added = osp__ws_outbox_add(&peer->outbox, frame);
        pthread_mutex_unlock(&peer->shard->lock);
    }
    osp__ws_frame_release(frame);
    return added;
}

/* What OnClose will hear, unless it is known already. */
static void set_cause(osp__ws_peer *peer, unsigned code, const char *reason, size_t length)
{
    if (peer->close_code != 0)
        return;
    peer->close_code = (uint16_t)code;
    peer->close_reason = length > 0 ? osp_string_new(reason, length) : NULL;
}

void osp__ws_peer_close(osp__ws_peer *peer, unsigned code, const char *reason, size_t length)
{
    pthread_mutex_lock(&peer->shard->lock);
    bool first = !peer->close_queued;
    peer->close_queued = true;
    wake_waiters(peer); /* nothing can be added any more */
    pthread_mutex_unlock(&peer->shard->lock);
    if (!first)
        return;
    set_cause(peer, code, reason, length);
    peer->close_deadline_ns = osp__now_ns() + CLOSE_NS;
    (void)add_frame(peer, osp__ws_frame_close(code, reason, length, NULL)); /* without memory the end comes without it */
}

/* The input has ended, one way or the other. What came before is handled, and may be answered, before the close frame
 * goes; but not for longer than a closing handshake may take. */
static void end(osp__ws_peer *peer, unsigned code, const char *reason)
{
    peer->discarding = peer->ending = true;
    peer->end_code = (uint16_t)code;
    peer->end_reason = reason;
    peer->close_deadline_ns = osp__now_ns() + CLOSE_NS;
}

static void conclude(osp__ws_peer *peer)
{
    peer->ending = false;
    osp__ws_peer_close(peer, peer->end_code, peer->end_reason, strlen(peer->end_reason));
}

/* 7.1.7: says why and listens no more. */
static void fail(osp__ws_peer *peer, unsigned code, const char *reason)
{
    set_cause(peer, code, reason, strlen(reason));
    end(peer, code, reason);
}

/* The reader takes too little: what waits is dropped, so that it learns why. */
static void shed(osp__ws_peer *peer)
{
    pthread_mutex_lock(&peer->shard->lock);
    __atomic_store_n(&peer->shed, false, __ATOMIC_RELAXED);
    if (!peer->close_queued)
        osp__ws_outbox_shed(&peer->outbox);
    pthread_mutex_unlock(&peer->shard->lock);
    fail(peer, OSP_WS_TRY_AGAIN_LATER, "too slow");
    conclude(peer);
}

/* Sends what can be sent. 1: all; 0: the socket takes no more now; negative: the connection is dead. */
static int flush(osp__ws_peer *peer)
{
    struct iovec parts[PIECES];
    while (!peer->broken) {
        pthread_mutex_lock(&peer->shard->lock);
        int count = osp__ws_outbox_gather(&peer->outbox, parts, PIECES);
        pthread_mutex_unlock(&peer->shard->lock);
        if (count == 0) {
            peer->progress_ns = 0;
            return 1;
        }
        ssize_t sent = osp__stream_send_vector(NULL, &peer->stream, parts, count);
        if (peer->progress_ns == 0 || sent > 0)
            peer->progress_ns = peer->worker->now_ns;
        if (sent == -EINTR)
            continue;
        if (sent == -EAGAIN)
            return 0;
        if (sent < 0)
            break;
        pthread_mutex_lock(&peer->shard->lock);
        osp__ws_outbox_sent(&peer->outbox, (size_t)sent);
        if (peer->waiters != NULL && peer->outbox.queued <= peer->server->limits.queue_bytes / 2)
            wake_waiters(peer);
        pthread_mutex_unlock(&peer->shard->lock);
    }
    peer->broken = true;
    return -1;
}

/* ---- messages ---- */

static void on_handler_error(osp__ws_event *event, const char *reason)
{
    osp__ws_peer_close(event->owner, OSP_WS_INTERNAL_ERROR, reason, osp__length(reason));
}

static void on_message(osp__ws_peer *peer)
{
    const osp_ws_reader *reader = &peer->reader;
    if (!osp__ws_server_handles(peer->server, OSP_WS_ON_TEXT_OR_BINARY))
        return;
    osp__ws_event *event =
        osp__ws_event_new(reader->payload, reader->payload_length, reader->opcode == OSP_WS_TEXT);
    if (event == NULL) {
        fail(peer, OSP_WS_TRY_AGAIN_LATER, "out of memory");
        return;
    }
    event->connection = peer->id;
    event->owner = peer;
    event->fail = on_handler_error;
    if (peer->first == NULL)
        peer->first = event;
    else
        peer->last->next = event;
    peer->last = event;
    peer->waiting++;
    peer->waiting_bytes += reader->payload_length;
}

/* 5.5.3: a peer that pings faster than it reads gets no answer to some of its pings. */
static void on_ping(osp__ws_peer *peer)
{
    pthread_mutex_lock(&peer->shard->lock);
    bool room = peer->outbox.queued < CONTROL_ROOM && !peer->close_queued;
    pthread_mutex_unlock(&peer->shard->lock);
    if (room)
        (void)add_frame(peer, osp__ws_frame_new(OSP_WS_PONG, peer->reader.payload, peer->reader.payload_length, NULL));
}

/* 5.5.1: the code that came is echoed, and becomes what OnClose hears unless we closed first. */
static void on_close(osp__ws_peer *peer)
{
    const osp_ws_reader *reader = &peer->reader;
    peer->close_received = true;
    set_cause(peer, reader->code, (const char *)reader->payload, reader->payload_length);
    end(peer, reader->code, "");
}

static void check_rate(osp__ws_peer *peer)
{
    int64_t per_second = peer->server->limits.messages_per_second;
    uint64_t count = peer->reader.frames - peer->charged;
    peer->charged = peer->reader.frames;
    if (per_second > 0 && count > 0 && !peer->discarding &&
        !osp__rate_admits(&peer->rate, count, per_second, peer->worker->now_ns))
        fail(peer, OSP_WS_POLICY, "too many messages");
}

static void take_frames(osp__ws_peer *peer, uint8_t *bytes, size_t length)
{
    for (osp_ws_event event = OSP_WS_ON_PONG; event != OSP_WS_ON_NOTHING && !peer->discarding;) {
        event = osp_ws_read(&peer->reader, &bytes, &length);
        if (event == OSP_WS_ON_MESSAGE)
            on_message(peer);
        else if (event == OSP_WS_ON_PING)
            on_ping(peer);
        else if (event == OSP_WS_ON_CLOSE)
            on_close(peer);
        else if (event == OSP_WS_ON_FAILURE)
            fail(peer, peer->reader.code, peer->reader.reason);
        check_rate(peer);
    }
}

/* ---- the request and its answer ---- */

static osp__ws_frame *raw_frame(const char *bytes, size_t length)
{
    osp__ws_frame *frame = osp__alloc(sizeof *frame + length);
    if (frame == NULL)
        return NULL;
    frame->references = 1;
    frame->length = length;
    frame->wire = frame->bytes;
    memcpy(frame->bytes, bytes, length);
    return frame;
}

static void refuse(osp__ws_peer *peer, const osp_ws_refusal *refusal)
{
    char text[512];
    const osp_http_request_parser *parser = peer->greeting != NULL ? &peer->greeting->parser : NULL;
    bool without_body = parser != NULL && parser->method_index == OSP_HTTP_HEAD;
    bool says_connection = strstr(refusal->headers, "Connection:") != NULL;
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %d %s\r\n%s%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
                          refusal->status, osp__http_reason(refusal->status), refusal->headers,
                          says_connection ? "" : "Connection: close\r\n", strlen(refusal->reason),
                          without_body ? "" : refusal->reason);
    peer->state = OSP_WS_REFUSED;
    peer->discarding = true;
    peer->close_deadline_ns = peer->worker->now_ns + CLOSE_NS;
    pthread_mutex_lock(&peer->shard->lock);
    osp__ws_outbox_clear(&peer->outbox); /* what OnOpen may have sent */
    peer->close_queued = true;
    pthread_mutex_unlock(&peer->shard->lock);
    (void)add_frame(peer, raw_frame(text, (size_t)length));
    drop_greeting(peer);
}

static void refuse_with(osp__ws_peer *peer, int status, const char *reason)
{
    const osp_ws_refusal refusal = {status, reason, ""};
    refuse(peer, &refusal);
}

/* The 101 goes before what OnOpen has sent. */
static bool accept_request(osp__ws_peer *peer)
{
    struct osp__ws_greeting *greeting = peer->greeting;
    const osp_ws_wish *wish = &greeting->wish;
    char text[1024], accept[OSP_WS_ACCEPT_LENGTH + 1], extension[OSP_WS_EXTENSION_TEXT] = "";
    if (!osp_ws_accept_value(peer->server->crypto, wish->key, accept))
        return false;
    if (wish->deflate)
        osp_ws_extension_answer(&wish->parameters, extension);
    const osp_ws_name none = {"", 0}, *protocol = wish->subprotocol != NULL ? wish->subprotocol : &none;
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n%s%.*s%s%s%s%s\r\n",
                          accept, protocol->length > 0 ? "Sec-WebSocket-Protocol: " : "", (int)protocol->length,
                          protocol->bytes, protocol->length > 0 ? "\r\n" : "",
                          wish->deflate ? "Sec-WebSocket-Extensions: " : "", extension, wish->deflate ? "\r\n" : "");
    osp__ws_frame *frame = (size_t)length < sizeof text ? raw_frame(text, (size_t)length) : NULL;
    if (frame == NULL)
        return false;
    pthread_mutex_lock(&peer->shard->lock);
    bool added = osp__ws_outbox_add_first(&peer->outbox, frame);
    peer->admitted = added;
    pthread_mutex_unlock(&peer->shard->lock);
    osp__ws_frame_release(frame);
    return added;
}

void osp__ws_peer_answer(osp__ws_peer *peer)
{
    struct osp__ws_greeting *greeting = peer->greeting;
    if (peer->state == OSP_WS_GONE)
        return;
    if (greeting->refusal != NULL) {
        refuse(peer, greeting->refusal);
    } else if (osp__ws_server_state_of(peer->server) != OSP_WS_LISTENING) {
        refuse_with(peer, 503, "the server is stopping");
    } else if (!accept_request(peer)) {
        refuse_with(peer, 500, "internal error");
    } else {
        peer->state = OSP_WS_OPEN;
        peer->opened = true;
        peer->input_ns = peer->worker->now_ns;
        osp__wheel_clear(&local_of(peer)->wheel, &peer->deadline);
        struct osp__buffer *head = &greeting->head;
        size_t start = head->start + greeting->length;
        take_frames(peer, (uint8_t *)head->bytes + start, head->end - start);
        drop_greeting(peer);
    }
}

/* The request is complete: refuses it, or lets OnOpen decide. */
static void judge_request(osp__ws_peer *peer)
{
    struct osp__ws_greeting *greeting = peer->greeting;
    const char *bytes = greeting->head.bytes + greeting->head.start;
    greeting->refusal =
        osp_ws_check_request(&greeting->parser, bytes, &peer->server->admission, &greeting->wish);
    peer->state = OSP_WS_OPENING;
    osp__wheel_clear(&local_of(peer)->wheel, &peer->deadline);
    if (greeting->refusal == NULL && greeting->wish.deflate) {
        osp_ws_reader_inflate(&peer->reader, peer->server->deflate, false);
        uint8_t bits = greeting->wish.parameters.server_window_bits;
        peer->window_bits = bits > 8 ? bits : 0;
    }
    if (greeting->refusal != NULL || !osp__ws_server_handles(peer->server, OSP_WS_ON_OPEN)) {
        peer->told_open = true;
        osp__ws_peer_answer(peer);
    }
}

static void take_greeting(osp__ws_peer *peer, const uint8_t *bytes, size_t length)
{
    struct osp__ws_greeting *greeting = peer->greeting;
    struct osp__buffer_pool *pool = &local_of(peer)->buffers;
    if (greeting == NULL) {
        greeting = peer->greeting = osp__alloc_zeroed(sizeof *greeting);
        if (greeting != NULL)
            osp_http_request_parser_init(&greeting->parser);
    }
    if (greeting == NULL || !osp__buffer_append(&greeting->head, pool, bytes, length)) {
        peer->broken = true;
        return;
    }
    struct osp__buffer *head = &greeting->head;
    int64_t size = osp_http_request_parse(&greeting->parser, &greeting_limits, head->bytes + head->start,
                                          osp__buffer_length(head));
    if (size > 0) {
        greeting->length = (size_t)size;
        judge_request(peer);
    } else if (size < 0) {
        const osp_http_parse_error_text *wrong = osp_http_parse_error_describe((int)size);
        greeting->parser.method_index = OSP_HTTP_METHOD_UNKNOWN;
        refuse_with(peer, wrong->status, wrong->reason);
    } else if (osp__buffer_length(head) > GREETING_BYTES) {
        refuse_with(peer, 431, "header section too large");
    }
}

/* ---- input ---- */

static bool has_room(const osp__ws_peer *peer)
{
    return peer->waiting < WAITING_MESSAGES && peer->waiting_bytes < WAITING_BYTES;
}

static bool may_read(const osp__ws_peer *peer)
{
    if (!peer->readable || peer->end_of_input || peer->broken || peer->state == OSP_WS_GONE)
        return false;
    return peer->discarding || (peer->state != OSP_WS_OPENING && has_room(peer));
}

static void take_input(osp__ws_peer *peer, uint8_t *bytes, size_t length)
{
    peer->input_ns = peer->worker->now_ns;
    peer->ping_sent = false;
    if (peer->discarding)
        return;
    if (peer->state == OSP_WS_GREETING)
        take_greeting(peer, bytes, length);
    else
        take_frames(peer, bytes, length);
}

/* Goes on with TLS. False while it is not through. */
static bool is_secured(osp__ws_peer *peer)
{
    if (peer->state != OSP_WS_SECURING)
        return true;
    int result = osp__stream_handshake(NULL, &peer->stream);
    if (result == 0)
        peer->state = OSP_WS_GREETING;
    else if (result == -EAGAIN)
        peer->readable = false;
    else
        peer->broken = true;
    return result == 0;
}

static void read_input(osp__ws_peer *peer)
{
    uint8_t *input = local_of(peer)->input;
    for (int reads = 0; may_read(peer) && is_secured(peer); reads++) {
        if (reads == READS_PER_TURN) {
            pthread_mutex_lock(&peer->shard->lock);
            if (!peer->nudged) { /* even while advancing: this turn is over */
                peer->nudged = true;
                peer->work.run = on_nudge;
                osp__worker_submit(peer->worker, &peer->work);
            }
            pthread_mutex_unlock(&peer->shard->lock);
            return;
        }
        ssize_t got = osp__stream_receive(NULL, &peer->stream, input, INPUT_BYTES);
        if (got == -EINTR)
            continue;
        /* A short read has emptied a plain socket; only if the peer has closed its side is there an end to read. */
        if (got <= 0 || (got < INPUT_BYTES && peer->stream.tls == NULL && !peer->hung_up))
            peer->readable = false;
        if (got > 0)
            take_input(peer, input, (size_t)got);
        else if (got == 0)
            peer->end_of_input = true;
        else if (got != -EAGAIN)
            peer->broken = true;
    }
}

/* ---- the machine ---- */

/* The deadline that fits the state in which the peer now waits. */
static void set_deadline(osp__ws_peer *peer)
{
    struct osp__wheel *wheel = &local_of(peer)->wheel;
    int64_t ping_ns = peer->server->limits.ping_ns;
    if (peer->state == OSP_WS_SECURING || peer->state == OSP_WS_GREETING)
        return; /* set at the start: a peer that drips bytes gets no more time */
    if (peer->progress_ns != 0 && !peer->close_queued && !peer->ending)
        osp__wheel_set(wheel, &peer->deadline, peer->progress_ns + SEND_NS);
    else if (peer->close_queued || peer->ending)
        osp__wheel_set(wheel, &peer->deadline, peer->close_deadline_ns);
    else if (peer->state == OSP_WS_OPEN && ping_ns > 0 && peer->deadline.next == NULL)
        osp__wheel_set(wheel, &peer->deadline, peer->input_ns + ping_ns); /* not moved by each input: see on_expired */
}

/* 7.1.1: the server is the one to close, when both have said so. After a failure, or a refusal, what still comes in is
 * thrown away for a while, since closing with bytes unread would destroy the last words on their way. */
static void settle(osp__ws_peer *peer)
{
    if (__atomic_load_n(&peer->shed, __ATOMIC_RELAXED))
        shed(peer);
    if (peer->ending && !peer->handling && peer->first == NULL)
        conclude(peer);
    int flushed = peer->state == OSP_WS_OPENING ? 0 : flush(peer);
    bool said_all = flushed == 1 && peer->close_queued;
    if (flushed < 0 || peer->broken || peer->end_of_input || (said_all && peer->close_received)) {
        if (said_all)
            osp__stream_end_output(NULL, &peer->stream);
        close_now(peer);
        return;
    }
    if (said_all && peer->discarding && !peer->output_ended) {
        peer->output_ended = true;
        osp__stream_end_output(NULL, &peer->stream);
    }
    set_deadline(peer);
}

/* Nobody is left who could have something to say. */
static bool is_done(const osp__ws_peer *peer)
{
    return peer->state == OSP_WS_GONE && !peer->handling && peer->first == NULL && (!peer->opened || peer->told_close);
}

void osp__ws_peer_advance(osp__ws_peer *peer)
{
    if (peer->advancing || peer->finished)
        return;
    peer->advancing = true;
    do {
        if (peer->state != OSP_WS_GONE)
            read_input(peer);
    } while (osp__ws_peer_handle(peer) && may_read(peer));
    if (peer->state != OSP_WS_GONE)
        settle(peer);
    while (peer->state == OSP_WS_GONE && osp__ws_peer_handle(peer)) {
    }
    peer->advancing = false;
    if (is_done(peer))
        finish(peer);
}

static void on_ready(struct osp__poller *poller, uint32_t events, struct osp_worker *worker)
{
    (void)worker;
    osp__ws_peer *peer = OSP_CONTAINER(poller, osp__ws_peer, poller);
    if (peer->state == OSP_WS_GONE)
        return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 || peer->stream.tls != NULL)
        peer->readable = true; /* TLS may have to write before it can read */
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        peer->hung_up = true;
    if ((events & EPOLLERR) != 0)
        peer->broken = true;
    osp__ws_peer_advance(peer);
}

static void on_nudge(struct osp__work *work, struct osp_worker *worker)
{
    (void)worker;
    osp__ws_peer *peer = OSP_CONTAINER(work, osp__ws_peer, work);
    pthread_mutex_lock(&peer->shard->lock);
    peer->nudged = false;
    pthread_mutex_unlock(&peer->shard->lock);
    if (!peer->finished) {
        osp__ws_peer_advance(peer);
        return;
    }
    osp__ws_server *server = peer->server;
    osp__ws_server_hold(server);
    osp__ws_peer_drop(peer); /* the table's reference */
    osp__ws_server_peer_finished(server);
    osp__ws_server_drop(server);
}

/* ---- the start ---- */

/* False if the address has too many connections, or makes them too fast. */
static bool enter_address(osp__ws_peer *peer)
{
    osp__ws_server *server = peer->server;
    const osp__ws_limits *limits = &server->limits;
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (limits->per_address == 0 && limits->handshakes_per_second == 0)
        return true;
    if (osp__peer_name(peer->stream.fd, (struct sockaddr *)&name, &size) != 0)
        return false;
    peer->address = osp__address_of((struct sockaddr *)&name);
    pthread_mutex_lock(&server->lock);
    peer->counted = osp__address_enter(&server->addresses, &peer->address, limits->per_address,
                                       limits->handshakes_per_second, osp__now_ns());
    pthread_mutex_unlock(&server->lock);
    return peer->counted;
}

void osp__ws_peer_start(struct osp__work *work, struct osp_worker *worker)
{
    osp__ws_peer *peer = OSP_CONTAINER(work, osp__ws_peer, work);
    struct local *local = prepare_local(worker);
    link_peer(peer);
    locals[worker->index].peers++;
    peer->state = peer->server->identity != NULL ? OSP_WS_SECURING : OSP_WS_GREETING;
    peer->input_ns = worker->now_ns;
    if (local == NULL || osp__ws_server_state_of(peer->server) != OSP_WS_LISTENING ||
        (peer->state == OSP_WS_SECURING &&
         osp__stream_secure(NULL, &peer->stream, peer->server->identity) != 0) ||
        osp__epoll_add(worker->epoll, peer->stream.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &peer->poller) != 0) {
        close_now(peer);
        finish(peer);
        return;
    }
    osp__wheel_set(&local->wheel, &peer->deadline, worker->now_ns + GREETING_NS);
    if (!enter_address(peer))
        refuse_with(peer, 429, "too many connections from this address");
    osp__ws_peer_advance(peer);
}

/* ---- from outside ---- */

/* Nothing has come for a while: is anybody there? */
static void on_silence(osp__ws_peer *peer)
{
    int64_t now = peer->worker->now_ns, ping_ns = peer->server->limits.ping_ns;
    if (peer->input_ns + ping_ns > now) {
        osp__wheel_set(&local_of(peer)->wheel, &peer->deadline, peer->input_ns + ping_ns);
    } else if (peer->ping_sent) {
        fail(peer, OSP_WS_INTERNAL_ERROR, "a ping was not answered");
    } else {
        peer->ping_sent = true;
        (void)add_frame(peer, osp__ws_frame_new(OSP_WS_PING, "", 0, NULL));
        osp__wheel_set(&local_of(peer)->wheel, &peer->deadline, now + ping_ns);
    }
}

static void on_expired(osp__ws_peer *peer)
{
    if (peer->state == OSP_WS_SECURING)
        close_now(peer);
    else if (peer->state == OSP_WS_GREETING && peer->greeting == NULL)
        close_now(peer); /* not a word has come */
    else if (peer->state == OSP_WS_GREETING)
        refuse_with(peer, 408, "the request took too long");
    else if (peer->close_queued)
        close_now(peer);
    else if (peer->ending)
        conclude(peer);
    else if (peer->progress_ns != 0)
        shed(peer);
    else if (peer->state == OSP_WS_OPEN && peer->server->limits.ping_ns > 0)
        on_silence(peer);
    osp__ws_peer_advance(peer);
}

void osp__ws_peer_retry(osp__ws_peer *peer)
{
    osp__wheel_set(&local_of(peer)->wheel, &peer->deadline, peer->worker->now_ns + RETRY_NS);
}

void osp__ws_peer_stop(osp__ws_peer *peer)
{
    static const char reason[] = "the server is stopping";
    if (peer->state == OSP_WS_OPEN)
        osp__ws_peer_close(peer, OSP_WS_GOING_AWAY, reason, sizeof reason - 1);
    else if (peer->state == OSP_WS_SECURING || peer->state == OSP_WS_GREETING)
        close_now(peer);
    /* While OnOpen decides: it is told when it has. */
    osp__ws_peer_advance(peer);
}
