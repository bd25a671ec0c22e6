/*
 * One WebSocket connection of a client after its handshake (RFC 6455 sections 5 to 7): bytes in and out, pings
 * answered, the closing handshake.
 *
 * One fiber does all the reading and writing (osp__ws_run). Others put frames into the connection's outbox and nudge
 * that fiber, so a send never waits for a slow peer; the outbox is bounded. What arrives is handed to a function,
 * one message at a time. It must never call code of the program: that runs on another fiber.
 */
#ifndef OSP_WS_CLIENT_CONNECTION_H
#define OSP_WS_CLIENT_CONNECTION_H

#include "../http/client_connection.h"
#include "extension.h"
#include "outbox.h"
#include "reader.h"
#include "wait.h"

enum {
    OSP_WS_INPUT_BYTES = 16384,
    OSP_WS_QUEUE_MAX = 4 << 20 /* no frame is added to an outbox that holds more */
};

typedef struct osp__ws_connection osp__ws_connection;

struct osp__ws_connection {
    osp__ws_wait wait;
    osp__client_connection *stream; /* owned */

    /* Takes a message (the bytes are borrowed); false when memory runs out. */
    bool (*deliver)(osp__ws_connection *connection, const uint8_t *bytes, size_t length, bool is_text);
    /* False while no more should be read; true once all messages have been handled. Whoever changes that nudges. */
    bool (*may_read)(osp__ws_connection *connection);
    bool (*is_idle)(osp__ws_connection *connection);

    /* Touched by the fiber only. */
    osp_ws_rules rules;
    osp_ws_reader reader;
    uint8_t input[OSP_WS_INPUT_BYTES]; /* bytes [start, end) have not been looked at */
    size_t start, end;
    bool discarding, close_received, output_shut;
    bool ending; /* to be closed with end_code once the messages before are handled */
    uint16_t end_code;
    const char *end_reason; /* static */
    int64_t end_deadline_ns;
    int64_t progress_ns; /* when bytes last went out, or the outbox was empty */

    pthread_mutex_t lock; /* of the fields below */
    osp__ws_outbox outbox;
    osp_ws_deflate_use compression;
    osp_deflater *deflater;
    bool close_queued, ended;
    uint16_t close_code; /* the peer's, or else ours; OSP_WS_ABNORMAL while there is none */
    int64_t close_deadline_ns;
};

/* Of zeroed memory. stream and the functions are the caller's to set. dispose closes the stream. */
void osp__ws_connection_init(osp__ws_connection *connection, size_t message_bytes);
void osp__ws_connection_dispose(osp_ctx *ctx, osp__ws_connection *connection);

/* Reads and writes until the connection has ended. osp__ws_wait_begin was called, _end has to be. */
void osp__ws_run(osp_ctx *ctx, osp__ws_connection *connection);

typedef enum osp__ws_queued { OSP__WS_QUEUED, OSP__WS_FULL, OSP__WS_CLOSED, OSP__WS_NO_MEMORY } osp__ws_queued;

/* Adds a message to the outbox, compressed if that was agreed on. Any thread. */
osp__ws_queued osp__ws_enqueue(osp_ctx *ctx, osp__ws_connection *connection, uint8_t opcode, const char *message,
                               size_t length);

/*
 * Starts the closing handshake, unless it has started; at most 123 bytes of the reason are sent. With `shed`, what
 * waits in the outbox is dropped (only its own fiber may ask for that). Within two seconds the connection ends. Any
 * thread.
 */
void osp__ws_close_begin(osp__ws_connection *connection, unsigned code, const char *reason, bool shed);

#endif
