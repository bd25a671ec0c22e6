/*
 * From the bytes of a peer to its messages: RFC 6455 sections 5 to 8, and RFC 7692 where compression was agreed on.
 *
 * A function over bytes: no socket, no time, nothing of the runtime. It is given bytes as they come, cut anywhere,
 * and yields one event after the other. What breaks a rule is found at the first byte that does: a text that stops
 * being UTF-8 in the middle of a frame, a frame whose length alone goes over a limit. Memory is held only while a
 * message is in several pieces or compressed.
 */
#ifndef OSP_WS_READER_H
#define OSP_WS_READER_H

#include "../deflate/deflate.h"
#include "frame.h"

/* What applies to all messages of a connection; several may share it. */
typedef struct osp_ws_rules {
    bool from_server;           /* the peer is a server: its frames must not be masked, a client's must be */
    size_t message_bytes;       /* the longest message, after inflation */
    uint64_t frame_bytes;       /* the longest payload of a frame, as it is on the wire */
} osp_ws_rules;

typedef enum osp_ws_event {
    OSP_WS_ON_NOTHING, /* all bytes were used and nothing is complete */
    OSP_WS_ON_MESSAGE, /* `opcode` TEXT (checked UTF-8) or BINARY */
    OSP_WS_ON_PING,
    OSP_WS_ON_PONG,
    OSP_WS_ON_CLOSE, /* `code` and, as payload, the reason (checked UTF-8); nothing more is read */
    OSP_WS_ON_FAILURE /* the connection has to be closed with `code`; nothing more is read */
} osp_ws_event;

typedef struct osp_ws_reader {
    const osp_ws_rules *rules;
    const osp_deflate *deflate; /* NULL unless compression was agreed on */

    /* What the last event was about. The payload is valid until the next call. */
    const uint8_t *payload;
    size_t payload_length;
    uint8_t opcode;
    uint16_t code;
    const char *reason; /* of a failure; static */
    uint64_t frames;    /* how many have begun: for limits on their rate */

    /* The reader's own. */
    osp_ws_header frame;
    uint64_t taken; /* of the frame's payload */
    bool in_frame, done, compressed, keeps_context;
    uint8_t message_opcode; /* 0: none has begun */
    uint8_t head_length;
    uint8_t head[OSP_WS_HEADER_MAX]; /* of a header that is not complete */
    uint8_t control[OSP_WS_CONTROL_MAX];
    osp_ws_utf8 utf8;
    osp_inflater *inflater;
    uint8_t *message;
    size_t message_length, message_capacity;
} osp_ws_reader;

/* Of zeroed memory. */
void osp_ws_reader_init(osp_ws_reader *reader, const osp_ws_rules *rules);
void osp_ws_reader_dispose(osp_ws_reader *reader);

/* Compression was agreed on; the peer keeps its context from one message to the next, or not. */
void osp_ws_reader_inflate(osp_ws_reader *reader, const osp_deflate *deflate, bool keeps_context);

/*
 * Takes bytes from (*bytes)[0 .. *length), which it may overwrite (they are unmasked in place), moves both on, and
 * returns at the first event. To be called again until all bytes are used and it returns OSP_WS_ON_NOTHING.
 */
osp_ws_event osp_ws_read(osp_ws_reader *reader, uint8_t **bytes, size_t *length);

#endif
