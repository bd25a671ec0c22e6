/*
 * One WebSocket connection after its handshake (RFC 6455 sections 5 to 7), client or server: frames in and out,
 * messages put together, pings answered, the closing handshake.
 *
 * One fiber does all the reading and writing (osp__ws_run). Others put frames into the connection's queue and nudge
 * that fiber, so a send never waits for a slow peer; the queue is bounded. What arrives is handed to a function,
 * one message at a time. It must never call code of the program: that runs on other fibers.
 */
#ifndef OSP_WS_CONNECTION_H
#define OSP_WS_CONNECTION_H

#include "../http/client_connection.h"
#include "frame.h"
#include "wait.h"

enum {
    OSP_WS_INPUT_BYTES = 8192,
    OSP_WS_MESSAGE_MAX = 16 << 20, /* of a message that arrives */
    OSP_WS_QUEUE_MAX = 4 << 20     /* no frame is added to a queue that holds more */
};

/* A frame ready for the wire; may be in the queues of many connections. Counted by `references`, atomic. */
typedef struct osp__ws_frame {
    int64_t references;
    size_t length;
    uint8_t bytes[];
} osp__ws_frame;

/* A frame that is a whole message, one reference; masked if `mask` is not NULL. NULL when memory runs out. */
osp__ws_frame *osp__ws_frame_new(uint8_t opcode, const void *payload, size_t length, const uint8_t *mask);
void osp__ws_frame_release(osp__ws_frame *frame);

typedef struct osp__ws_connection osp__ws_connection;

struct osp__ws_connection {
    osp__ws_wait wait;
    bool is_client;
    int fd;
    osp__client_connection *stream; /* of a client; then it owns fd */

    /* Takes a message (the bytes are borrowed); false when memory runs out. NULL: messages are dropped. */
    bool (*deliver)(osp__ws_connection *connection, const uint8_t *bytes, size_t length, bool is_text);
    /* False while no more should be read; NULL: never. Whoever changes that nudges. */
    bool (*may_read)(osp__ws_connection *connection);

    /* Touched by the fiber only. */
    uint8_t input[OSP_WS_INPUT_BYTES]; /* bytes [start, end) have not been looked at */
    size_t start, end;
    bool in_frame, discarding, close_received, output_shut;
    osp_ws_header frame;
    uint64_t taken; /* of the frame's payload */
    uint8_t control[OSP_WS_CONTROL_MAX];
    uint8_t message_opcode; /* 0: none has begun */
    uint8_t *message;
    size_t message_length, message_capacity;
    osp_ws_utf8 utf8;
    int64_t progress_ns; /* when bytes last went out, or the queue was empty */

    pthread_mutex_t lock; /* of the fields below */
    struct osp__ws_entry *first, *last;
    size_t queued;     /* bytes in the queue */
    size_t first_sent; /* bytes of the first frame that have gone */
    bool first_begun;  /* the first frame was given to the transport: it can no longer be taken back */
    bool close_queued, ended;
    int64_t close_deadline_ns;
};

/* Of zeroed memory. fd, stream and the functions are the caller's to set. dispose closes the descriptor. */
void osp__ws_connection_init(osp__ws_connection *connection);
void osp__ws_connection_dispose(osp_ctx *ctx, osp__ws_connection *connection);

/* Reads and writes until the connection has ended. osp__ws_wait_begin was called, _end has to be. */
void osp__ws_run(osp_ctx *ctx, osp__ws_connection *connection);

typedef enum osp__ws_queued { OSP__WS_QUEUED, OSP__WS_FULL, OSP__WS_CLOSED, OSP__WS_NO_MEMORY } osp__ws_queued;

/* Adds a frame (its own reference to it) to the queue. Any thread. */
osp__ws_queued osp__ws_enqueue(osp__ws_connection *connection, osp__ws_frame *frame);

/*
 * Starts the closing handshake, unless it has started; at most 123 bytes of the reason are sent. With `shed`, what
 * waits in the queue is dropped. Within two seconds the connection ends. Any thread.
 */
void osp__ws_close_begin(osp__ws_connection *connection, unsigned code, const char *reason, bool shed);

/* True once nothing more can be sent. Any thread. */
bool osp__ws_is_closing(osp__ws_connection *connection);

/* Bytes from the cryptographic random number generator; false if it could not give them. */
bool osp__ws_random(osp_ctx *ctx, void *bytes, size_t size);

#endif
