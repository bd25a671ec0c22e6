/* connection.h - one client connection of a server: reading, handling and answering its requests in order.
 *
 * A connection is a state machine that its worker advances whenever the socket is ready, a handler has ended or a
 * deadline has passed. It holds no stack: a fiber exists only while a handler runs.
 *
 *   HANDSHAKE (under TLS) -> IDLE -> HEAD -> BODY -> HANDLING -> IDLE (the next request may be in the buffer already)
 *                                    -> LINGERING (answered, told the client that we close, dropping what it sends)
 *   CLOSED: the descriptor is gone; the memory goes once no handler uses it. */
#ifndef OSP_HTTP_CONNECTION_H
#define OSP_HTTP_CONNECTION_H

#include "../net/stream.h"
#include "chunked.h"
#include "server.h"

enum osp__connection_state {
    OSP_CONNECTION_HANDSHAKE,
    OSP_CONNECTION_IDLE,
    OSP_CONNECTION_HEAD,
    OSP_CONNECTION_BODY,
    OSP_CONNECTION_HANDLING,
    OSP_CONNECTION_LINGERING,
    OSP_CONNECTION_CLOSED
};

/* What JIT code knows as a request is the connection that it came by, while its handler runs. */
struct osp__connection {
    struct osp__poller poller;
    struct osp__work work;           /* to start, to go on later, and to be freed */
    struct osp__deadline deadline;
    struct osp__http_local *local;
    struct osp__server *server;
    struct osp__connection *next, *previous;

    struct osp__stream stream;
    uint8_t state;                   /* enum osp__connection_state */
    bool readable, hung_up;          /* what epoll has said since the last read */
    bool end_of_input;
    bool fresh;                      /* not one byte has come yet */
    bool advancing;                  /* osp__connection_advance is on the stack */
    bool close_after;                /* no further request on this connection */
    bool excessive;                  /* one more than the server may have: to be answered with 503 */
    bool linger;                     /* the client may still be sending */
    bool replied;
    bool queued;                     /* `work` is in a queue */
    bool pinned;                     /* another thread reads from `in` */
    bool broken;                     /* nothing more can be sent */
    bool client_gone;                /* as far as epoll has told */
    bool reset;                      /* to end with a reset: what was sent is not whole, and does not show it */

    struct osp__buffer in;           /* the current request starts at in.start */
    struct osp__buffer out;          /* replies not yet sent */
    char *tail;                      /* string, counted: a large body that follows `out` */
    size_t tail_sent;
    struct osp_fiber *writer;        /* parked until the socket takes more */
    uint8_t peer[16];                /* its IPv6 address, or IPv4-mapped; set while there is an access log */
    uint16_t reply_status;           /* of the last reply */
    int64_t request_began_ns;        /* when its first byte was seen */
    uint64_t reply_body_bytes;
    uint8_t window;                  /* what is watched now: see connection.c */
    int64_t window_mark;             /* what had moved when it began */
    uint64_t sent;                   /* bytes, as far as the kernel has taken them */

    osp_http_request_parser parser;
    osp_chunked chunked;
    size_t head_length;
    size_t body_length;              /* bytes of the body decoded so far; it starts at head_length */
    struct osp__spill *spill;        /* the body in a file, or on its way there; NULL: in memory alone */
    size_t raw_end;                  /* where the bytes after the request begin (chunked: not yet decoded) */
};

/* Takes over an accepted socket; on the worker's own thread. */
void osp__connection_start(struct osp__work *work, struct osp_worker *worker);
struct osp__connection *osp__connection_new(struct osp__server *server, int fd);
void osp__connection_free_unstarted(struct osp__connection *connection);

/* The server stops: closes the connection if it is idle, and else after the reply in progress, or now if `force`. */
void osp__connection_stop(struct osp__connection *connection, bool force);

/* The connection whose request this fiber handles; NULL when it handles none. ctx may be NULL. */
struct osp__connection *osp__connection_of(osp_ctx *ctx);

/* A piece of the body has been stored. */
void osp__connection_stored(struct osp__connection *connection);

/* Closes what is left of the body's file (request_body.c). */
void osp__request_body_release(struct osp__connection *connection);

/* A deadline of the wheel has passed. */
void osp__connection_expired(struct osp__connection *connection);

/* A request has been answered, or refused: it is logged. */
void osp__connection_answered(struct osp__connection *connection);

/* Sends what is in `out` and `tail`. 1: all sent; 0: the socket takes no more now; negative: the connection is dead.
 * ctx is NULL on the worker's own stack. */
int osp__connection_flush(osp_ctx *ctx, struct osp__connection *connection);

/* What is waited for now is not the client. */
void osp__connection_unwatch(struct osp__connection *connection);

/* Parks the running handler until the socket takes more. 0, or negative when the connection is dead. */
int osp__connection_wait_writable(osp_ctx *ctx, struct osp__connection *connection);

#endif
