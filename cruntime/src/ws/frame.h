/*
 * WebSocket frames (RFC 6455 section 5) as pure functions over bytes: headers, masking, close payloads, and a
 * check of UTF-8 that can stop at any byte. No sockets, no allocation, nothing of the runtime: what a frame means
 * for a connection is decided in connection.c.
 */
#ifndef OSP_WS_FRAME_H
#define OSP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opcodes, section 5.2; those from OSP_WS_CLOSE on are of control frames. */
enum {
    OSP_WS_CONTINUATION = 0,
    OSP_WS_TEXT = 1,
    OSP_WS_BINARY = 2,
    OSP_WS_CLOSE = 8,
    OSP_WS_PING = 9,
    OSP_WS_PONG = 10
};

/* Reserved bit 1 beside an opcode that is written: the message is compressed (RFC 7692 section 6). */
enum { OSP_WS_COMPRESSED = 0x40 };

/* Section 7.4.1 and the registry of section 11.7; NO_STATUS and ABNORMAL are never on the wire. */
enum {
    OSP_WS_NORMAL = 1000,
    OSP_WS_GOING_AWAY = 1001,
    OSP_WS_PROTOCOL_ERROR = 1002,
    OSP_WS_NO_STATUS = 1005,
    OSP_WS_ABNORMAL = 1006,
    OSP_WS_INVALID_DATA = 1007,
    OSP_WS_POLICY = 1008,
    OSP_WS_TOO_BIG = 1009,
    OSP_WS_INTERNAL_ERROR = 1011,
    OSP_WS_TRY_AGAIN_LATER = 1013
};

enum { OSP_WS_HEADER_MAX = 14, OSP_WS_CONTROL_MAX = 125, OSP_WS_REASON_MAX = 123 };

typedef struct osp_ws_header {
    bool fin, masked, compressed;
    uint8_t opcode; /* one of the above */
    uint8_t mask[4];
    uint64_t length; /* of the payload, below 2^63 */
} osp_ws_header;

static inline bool osp_ws_is_control(uint8_t opcode)
{
    return opcode >= OSP_WS_CLOSE;
}

/*
 * Reads the header at the start of bytes[0 .. length). Returns its size; 0 if it is not complete; or
 * -OSP_WS_PROTOCOL_ERROR as soon as the bytes break a rule: reserved bits or opcodes, a control frame that is
 * fragmented or longer than 125 bytes, a length not in its shortest form or above 2^63 - 1. With `deflate`, the first
 * frame of a message may have reserved bit 1.
 */
int osp_ws_header_parse(osp_ws_header *header, const uint8_t *bytes, size_t length, bool deflate);

/* Writes the header of a frame; `opcode` may hold OSP_WS_COMPRESSED; mask NULL: not masked. Returns its size. */
size_t osp_ws_header_write(uint8_t out[OSP_WS_HEADER_MAX], bool fin, uint8_t opcode, uint64_t length,
                           const uint8_t *mask);

/* Masks or unmasks (5.3) bytes that begin `offset` bytes into a payload. */
void osp_ws_mask(uint8_t *bytes, size_t length, const uint8_t mask[4], uint64_t offset);

/* The same, byte by byte: what the vectors are measured and tested against. */
void osp_ws_mask_scalar(uint8_t *bytes, size_t length, const uint8_t mask[4], uint64_t offset);

/* True if a peer may send this code in a close frame (7.4). */
bool osp_ws_close_code_is_valid(unsigned code);

/*
 * Checks the payload of a close frame. Returns 0 with the code (OSP_WS_NO_STATUS if there is none), or the code to
 * answer with: OSP_WS_PROTOCOL_ERROR or OSP_WS_INVALID_DATA. The reason is what follows the first two bytes.
 */
unsigned osp_ws_close_parse(const uint8_t *payload, size_t length, unsigned *code);

/* How far a text has been checked; zero at its start. */
typedef struct osp_ws_utf8 {
    uint8_t needed;       /* continuation bytes that are still to come */
    uint8_t lower, upper; /* what the next of them may be */
} osp_ws_utf8;

/* Takes in bytes; false as soon as no continuation could make the text well-formed (RFC 3629). */
bool osp_ws_utf8_feed(osp_ws_utf8 *state, const uint8_t *bytes, size_t length);

/* True if the text may end here. */
static inline bool osp_ws_utf8_is_complete(const osp_ws_utf8 *state)
{
    return state->needed == 0;
}

#endif
