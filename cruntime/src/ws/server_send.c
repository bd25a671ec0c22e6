/*
 * What a program sends to the connections of its WebSocket servers, from any fiber: to one, to all, and the end.
 *
 * A message to one waits while its outbox is full, which is how a slow reader slows down who sends to it; after a
 * while the reader is given up. A message to all waits for nobody.
 */
#include <string.h>

#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/runtime.h"
#include "../sys/sys.h"
#include "error_message.h"
#include "peer.h"

#define SEND_PATIENCE_NS (INT64_C(10) * 1000000000)

enum { DEFLATE_FROM = 128, WINDOWS = 16 };

/* ---- encoding ---- */

static osp__ws_frame *deflated(const osp_deflate *deflate, int window_bits, uint8_t opcode, const char *message,
                               size_t length)
{
    osp_deflater *kept = osp__ws_deflater(deflate, window_bits);
    osp_deflater *deflater = kept != NULL ? kept : deflate->deflater_new(window_bits);
    osp__ws_frame *frame =
        deflater != NULL ? osp__ws_frame_deflated(deflate, deflater, opcode, message, length, NULL, true) : NULL;
    if (kept == NULL)
        deflate->deflater_free(deflater);
    return frame;
}

/* window_bits 0: not compressed. Without memory to compress the message goes as it is. */
static osp__ws_frame *encode(const osp__ws_server *server, int window_bits, uint8_t opcode, const char *message,
                             size_t length)
{
    osp__ws_frame *frame = NULL;
    if (window_bits > 0 && length >= DEFLATE_FROM)
        frame = deflated(server->deflate, window_bits, opcode, message, length);
    return frame != NULL ? frame : osp__ws_frame_new(opcode, message, length, NULL);
}

static bool is_text(const char *message)
{
    osp_ws_utf8 check = {0};
    return osp_ws_utf8_feed(&check, (const uint8_t *)message, osp__length(message)) && osp_ws_utf8_is_complete(&check);
}

/* ---- to one ---- */

enum outcome { QUEUED, FULL, CLOSED, NO_MEMORY };

/* With the lock held. */
static enum outcome add(osp__ws_peer *peer, osp__ws_frame *frame)
{
    if (peer->close_queued)
        return CLOSED;
    if (peer->outbox.queued > peer->server->limits.queue_bytes)
        return FULL;
    if (!osp__ws_outbox_add(&peer->outbox, frame))
        return NO_MEMORY;
    osp__ws_peer_nudge(peer);
    return QUEUED;
}

static void leave_waiters(osp__ws_peer *peer, const struct osp__ws_waiter *waiter)
{
    struct osp__ws_waiter **link = &peer->waiters;
    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
}

/* Parks until there is room, the peer is closed, or patience ends. */
static enum outcome wait_and_add(osp_ctx *ctx, osp__ws_peer *peer, osp__ws_frame *frame)
{
    struct osp__ws_waiter waiter;
    int64_t until = osp__now_ns() + SEND_PATIENCE_NS;
    osp__ws_wait_init(&waiter.wait);
    osp__ws_wait_begin(ctx, &waiter.wait);
    pthread_mutex_lock(&peer->shard->lock);
    waiter.next = peer->waiters;
    peer->waiters = &waiter;
    enum outcome outcome;
    while ((outcome = add(peer, frame)) == FULL && osp__now_ns() < until) {
        pthread_mutex_unlock(&peer->shard->lock);
        (void)osp__ws_wait_for(ctx, &waiter.wait, -1, 0, until);
        pthread_mutex_lock(&peer->shard->lock);
    }
    leave_waiters(peer, &waiter);
    pthread_mutex_unlock(&peer->shard->lock);
    osp__ws_wait_end(ctx, &waiter.wait);
    osp__ws_wait_dispose(&waiter.wait);
    return outcome;
}

/* The same for a thread that is no fiber. */
static enum outcome sleep_and_add(osp__ws_peer *peer, osp__ws_frame *frame)
{
    int64_t until = osp__now_ns() + SEND_PATIENCE_NS;
    for (;;) {
        pthread_mutex_lock(&peer->shard->lock);
        enum outcome outcome = add(peer, frame);
        pthread_mutex_unlock(&peer->shard->lock);
        if (outcome != FULL || osp__now_ns() >= until)
            return outcome;
        osp_sleep(NULL, 5);
    }
}

static enum outcome add_patiently(osp_ctx *ctx, osp__ws_peer *peer, osp__ws_frame *frame)
{
    pthread_mutex_lock(&peer->shard->lock);
    enum outcome outcome = add(peer, frame);
    pthread_mutex_unlock(&peer->shard->lock);
    if (outcome == FULL)
        outcome = ctx != NULL ? wait_and_add(ctx, peer, frame) : sleep_and_add(peer, frame);
    if (outcome != FULL)
        return outcome;
    pthread_mutex_lock(&peer->shard->lock);
    __atomic_store_n(&peer->shed, true, __ATOMIC_RELAXED);
    osp__ws_peer_nudge(peer);
    pthread_mutex_unlock(&peer->shard->lock);
    return FULL;
}

/* The peer with a reference; NULL with *error set if the server has none of this id. */
static osp__ws_peer *get_peer(int64_t server_id, int64_t id, char **error)
{
    osp__ws_peer *peer = osp__ws_peer_get(id);
    if (peer != NULL && peer->server->id == server_id)
        return peer;
    if (peer != NULL)
        osp__ws_peer_drop(peer);
    osp__set_error(error, "websocket: server %lld has no connection with id %lld", (long long)server_id, (long long)id);
    return NULL;
}

static void send_message(osp_ctx *ctx, int64_t server_id, int64_t id, uint8_t opcode, const char *message, char **error)
{
    osp__ws_peer *peer = get_peer(server_id, id, error);
    if (peer == NULL)
        return;
    osp__ws_frame *frame = encode(peer->server, peer->window_bits, opcode, message, osp__length(message));
    enum outcome outcome = frame != NULL ? add_patiently(ctx, peer, frame) : NO_MEMORY;
    osp__ws_frame_release(frame);
    osp__ws_peer_drop(peer);
    if (outcome != QUEUED)
        osp__set_error(error, "websocket: %s",
                       outcome == FULL     ? "the client is too slow"
                       : outcome == CLOSED ? "the connection is closed"
                                           : "out of memory");
}

OSP_API void osp_websocket_server_send(osp_ctx *ctx, int64_t server_id, int64_t id, char *message, char **error)
{
    if (is_text(message))
        send_message(ctx, server_id, id, OSP_WS_TEXT, message, error);
    else
        osp__set_error(error, "websocket: the message is not UTF-8");
}

OSP_API void osp_websocket_server_send_binary(osp_ctx *ctx, int64_t server_id, int64_t id, char *message, char **error)
{
    send_message(ctx, server_id, id, OSP_WS_BINARY, message, error);
}

/* ---- the end ---- */

/* Closing is the worker's business: it is left to it. */
struct closing {
    struct osp__work work;
    osp__ws_peer *peer; /* counted */
    unsigned code;
    char *reason; /* string, owned */
};

static void close_there(struct osp__work *work, struct osp_worker *worker)
{
    (void)worker;
    struct closing *closing = OSP_CONTAINER(work, struct closing, work);
    osp__ws_peer *peer = closing->peer;
    osp__ws_peer_close(peer, closing->code, closing->reason, osp__length(closing->reason));
    osp__ws_peer_advance(peer);
    osp_drop(closing->reason);
    osp__release(closing);
    osp__ws_peer_drop(peer);
}

OSP_API void osp_websocket_server_close(osp_ctx *ctx, int64_t server_id, int64_t id, int64_t code, char *reason,
                                        char **error)
{
    (void)ctx;
    osp__ws_peer *peer = NULL;
    if (code < 0 || code > 65535 || !osp_ws_close_code_is_valid((unsigned)code) || code == 1010)
        osp__set_error(error, "websocket: %lld is not a code that a server may close with (1000 to 1014, 3000 to 4999)",
                       (long long)code);
    else if (osp__length(reason) > OSP_WS_REASON_MAX || !is_text(reason))
        osp__set_error(error, "websocket: a reason is at most %d bytes of UTF-8", OSP_WS_REASON_MAX);
    else
        peer = get_peer(server_id, id, error);
    if (peer == NULL)
        return;
    struct closing *closing = osp__alloc(sizeof *closing);
    char *copy = osp_string_new(reason, osp__length(reason));
    if (closing == NULL || copy == NULL) {
        osp__release(closing);
        osp_drop(copy);
        osp__ws_peer_drop(peer);
        osp__set_error(error, "websocket: out of memory");
        return;
    }
    *closing = (struct closing){{.run = close_there}, peer, (unsigned)code, copy};
    osp__worker_submit(peer->worker, &closing->work);
}

/* ---- to all ---- */

/* One encoding for each way in which the clients want it. */
struct broadcast {
    osp__ws_server *server;
    uint8_t opcode;
    const char *message;
    osp__ws_frame *frames[WINDOWS]; /* by the bits of the window, 0: not compressed */
};

static bool encode_all(struct broadcast *broadcast)
{
    const osp__ws_server *server = broadcast->server;
    unsigned wanted = 1;
    for (int i = 0; server->deflate != NULL && i < osp__runtime.worker_count; i++) {
        osp__ws_shard *shard = &server->shards[i];
        pthread_mutex_lock(&shard->lock);
        for (osp__ws_peer *peer = shard->peers; peer != NULL; peer = peer->next)
            wanted |= peer->admitted ? 1u << peer->window_bits : 0;
        pthread_mutex_unlock(&shard->lock);
    }
    size_t length = osp__length(broadcast->message);
    for (int bits = 0; bits < WINDOWS; bits++)
        if ((wanted & 1u << bits) != 0)
            broadcast->frames[bits] = encode(server, bits, broadcast->opcode, broadcast->message, length);
    return broadcast->frames[0] != NULL;
}

/* A reader whose outbox is full is given up; the others do not notice. */
static int64_t add_to_shard(struct broadcast *broadcast, osp__ws_shard *shard)
{
    int64_t reached = 0;
    pthread_mutex_lock(&shard->lock);
    for (osp__ws_peer *peer = shard->peers; peer != NULL; peer = peer->next) {
        if (!peer->admitted)
            continue;
        osp__ws_frame *frame = broadcast->frames[peer->window_bits];
        enum outcome outcome = add(peer, frame != NULL ? frame : broadcast->frames[0]);
        reached += outcome == QUEUED;
        if (outcome == FULL) {
            __atomic_store_n(&peer->shed, true, __ATOMIC_RELAXED);
            osp__ws_peer_nudge(peer);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return reached;
}

static int64_t send_to_all(int64_t id, uint8_t opcode, const char *message)
{
    osp__ws_server *server = osp__ws_server_get(id);
    if (server == NULL)
        return OSP_WS_ERROR_ID;
    struct broadcast broadcast = {.server = server, .opcode = opcode, .message = message};
    int64_t reached = OSP_WS_ERROR_NOT_LISTENING;
    if (opcode == OSP_WS_TEXT && !is_text(message)) {
        reached = OSP_WS_ERROR_NOT_TEXT;
    } else if (osp__ws_server_state_of(server) == OSP_WS_LISTENING) {
        if (!encode_all(&broadcast))
            osp__runtime_out_of_memory();
        reached = 0;
        for (int i = 0; i < osp__runtime.worker_count; i++)
            reached += add_to_shard(&broadcast, &server->shards[i]);
        for (int bits = 0; bits < WINDOWS; bits++)
            osp__ws_frame_release(broadcast.frames[bits]);
    }
    osp__ws_server_drop(server);
    return reached;
}

OSP_API int64_t osp_websocket_server_broadcast(osp_ctx *ctx, int64_t id, char *message)
{
    (void)ctx;
    return send_to_all(id, OSP_WS_TEXT, message);
}

OSP_API int64_t osp_websocket_server_broadcast_binary(osp_ctx *ctx, int64_t id, char *message)
{
    (void)ctx;
    return send_to_all(id, OSP_WS_BINARY, message);
}
