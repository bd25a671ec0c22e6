/*
 * One connection of a WebSocket server: a state machine that its worker advances whenever the socket is ready, other
 * threads have put something into the outbox, a handler has ended or a deadline has passed. It holds no stack: a
 * fiber exists only while handlers run, and they run one after the other.
 *
 *   SECURING (TLS) -> GREETING (the request) -> OPENING (OnOpen decides) -> OPEN -> CLOSED
 *                                            -> REFUSED (an answer is sent) ------> CLOSED
 *   CLOSED: the descriptor is gone. Messages that are waiting are still handled, then OnClose runs.
 *
 * Other threads touch what stands below `shard`, with that shard's lock held, and nothing else.
 */
#ifndef OSP_WS_PEER_H
#define OSP_WS_PEER_H

#include "../http/buffer.h"
#include "../http/wheel.h"
#include "event.h"
#include "outbox.h"
#include "server.h"
#include "wait.h"

typedef enum osp__ws_peer_state {
    OSP_WS_SECURING,
    OSP_WS_GREETING,
    OSP_WS_OPENING,
    OSP_WS_OPEN,
    OSP_WS_REFUSED,
    OSP_WS_GONE
} osp__ws_peer_state;

/* What is kept of the request until it is answered. */
struct osp__ws_greeting {
    struct osp__buffer head;
    osp_http_request_parser parser;
    osp_ws_wish wish;
    size_t length;                 /* of the head; what follows are frames */
    const osp_ws_refusal *refusal; /* what OnOpen has decided, NULL: to let it in */
};

/* A fiber that waits for room in the outbox; on its stack. */
struct osp__ws_waiter {
    osp__ws_wait wait;
    struct osp__ws_waiter *next;
};

typedef struct osp__ws_peer {
    osp__handled handled;
    int64_t id;
    osp__ws_server *server; /* counted */
    struct osp_worker *worker;
    struct osp__poller poller;
    struct osp__deadline deadline;
    struct osp__stream stream;
    struct osp__ws_greeting *greeting; /* until the request is answered */
    osp_ws_reader reader;
    osp__address address;

    uint8_t state;           /* osp__ws_peer_state */
    uint8_t window_bits;     /* of what we compress; 0: we do not */
    bool counted;            /* its address is in the table */
    bool readable, hung_up;  /* what epoll has said since the last read */
    bool end_of_input, broken;
    bool discarding;         /* nobody listens any more */
    bool ending;             /* to be closed with end_code once the messages before are handled */
    bool close_received, output_ended;
    bool ping_sent;          /* and nothing has come since */
    bool advancing;          /* osp__ws_peer_advance is on the stack */
    bool handling;           /* a fiber runs handlers */
    bool opened;             /* let in by OnOpen, or without asking: OnClose hears of the end */
    bool told_open, told_close, finished;
    uint16_t end_code;
    uint16_t close_code;     /* of the first cause; 0: there is none yet */
    const char *end_reason;  /* static */
    char *close_reason;      /* string, owned; NULL: "" */

    osp__ws_event *first, *last; /* messages that wait for the handler */
    size_t waiting, waiting_bytes;
    osp__rate rate;
    uint64_t charged;        /* frames that have been counted for the rate */
    int64_t input_ns, progress_ns, close_deadline_ns;

    osp__ws_shard *shard;
    struct osp__ws_peer *next, *previous;
    struct osp__work work; /* to start, and after a nudge */
    osp__ws_outbox outbox;
    struct osp__ws_waiter *waiters;
    bool nudged;             /* `work` is in the worker's queue */
    bool admitted;           /* broadcasts reach it */
    bool close_queued;       /* nothing more may be added */
    bool shed;               /* atomic, set with the lock: its reader is too slow, it is to be closed */
} osp__ws_peer;

/* Takes over an accepted descriptor; NULL when memory runs out. */
osp__ws_peer *osp__ws_peer_new(osp__ws_server *server, int fd, struct osp_worker *worker);

/* On its worker. */
void osp__ws_peer_start(struct osp__work *work, struct osp_worker *worker);
void osp__ws_peer_advance(osp__ws_peer *peer);

/* The server stops. On its worker. */
void osp__ws_peer_stop(osp__ws_peer *peer);

/* Starts the closing handshake for this reason, unless it has started. On its worker. */
void osp__ws_peer_close(osp__ws_peer *peer, unsigned code, const char *reason, size_t length);

/* With the shard's lock held: makes the worker look at the peer. Any thread. */
void osp__ws_peer_nudge(osp__ws_peer *peer);

/* The peer with this id, with a reference; NULL if there is none. Any thread. */
osp__ws_peer *osp__ws_peer_get(int64_t id);
void osp__ws_peer_drop(osp__ws_peer *peer);

/* Releases what the worker keeps for the requests of later peers. */
void osp__ws_release_buffers(struct osp_worker *worker);

/* A deflater of the running worker for this window, which nobody else uses while the caller does not wait; NULL on
 * other threads or when memory runs out. */
osp_deflater *osp__ws_deflater(const osp_deflate *deflate, int window_bits);

/* ---- peer_handlers.c ---- */

/* Starts the handlers that there is something to do for. True if they ran and have ended already. */
bool osp__ws_peer_handle(osp__ws_peer *peer);

/* OnOpen has decided (or nobody asked). In peer.c. */
void osp__ws_peer_answer(osp__ws_peer *peer);

/* Advances one that is gone, a little later. */
void osp__ws_peer_retry(osp__ws_peer *peer);

/* True if this fiber runs a handler of the server. */
bool osp__ws_handles_for(osp_ctx *ctx, const osp__ws_server *server);

#endif
