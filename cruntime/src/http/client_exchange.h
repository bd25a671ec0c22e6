/*
 * One request and its response on one connection.
 *
 * An exchange writes a composed request, reads the final response head (interim ones are skipped, RFC 9110
 * 15.2) and then hands out the body in pieces, whatever its framing. It owns its connection until the body
 * has ended; then the caller may take the connection back for another exchange.
 */
#ifndef OSP_HTTP_CLIENT_EXCHANGE_H
#define OSP_HTTP_CLIENT_EXCHANGE_H

#include "../base.h"
#include "chunked.h"
#include "client_connection.h"
#include "response_parser.h"

typedef struct osp__exchange {
    osp__client_connection *connection; /* NULL once it was given back or closed */
    const char *authority;              /* for messages; borrowed, or the one below */
    char *redirected_to;                /* the authority of the server that answered, if it is not the client's; owned */
    int64_t timeout_ms;                 /* of the whole, for messages */
    int64_t read_timeout_ms;            /* of each read; 0: only the whole counts */
    int64_t expired_ms;                 /* which of the two ends the read that is under way */
    bool at_home; /* with the client's own server, whose connections are kept */
    uint32_t max_header_bytes;
    int64_t max_body_bytes; /* of a body that is read whole */
    osp_http_response_parser head;
    char *headers; /* the field lines of the response, owned */
    size_t headers_length;

    char *buffer; /* bytes [start, end) were received and not looked at yet */
    size_t start, end, capacity;
    size_t decoded; /* of a chunked body: that many bytes from `start` on are body, then come raw bytes ... */
    size_t raw;     /* ... from here to `end` */
    uint64_t remaining; /* of a body with a length */
    osp_chunked chunks;
    bool chunks_ended;
    bool ended; /* the whole body was handed out, or the exchange failed */
    bool failed;
} osp__exchange;

/* Whether a failed exchange may be tried again on another connection. */
typedef enum osp__exchange_outcome {
    OSP__EXCHANGE_DONE,
    OSP__EXCHANGE_FAILED,
    OSP__EXCHANGE_UNANSWERED /* a reused connection was closed before one byte of an answer came */
} osp__exchange_outcome;

/*
 * Sends head and body on exchange->connection and reads the head of the response. On failure *error is set
 * and the connection is still the exchange's.
 */
osp__exchange_outcome osp__exchange_begin(osp_ctx *ctx, osp__exchange *exchange, const char *head,
                                          size_t head_length, const char *body, size_t body_length,
                                          bool to_head, int64_t deadline_ns, char **error);

/*
 * Hands out up to `size` (> 0) bytes of the body. Returns their number, 0 at the end, or -1 with *error set:
 * a body that ends early, or is framed wrongly, is an error and never a short body.
 */
int64_t osp__exchange_read(osp_ctx *ctx, osp__exchange *exchange, char *bytes, size_t size,
                           int64_t deadline_ns, char **error);

/*
 * Reads the rest of a body that nobody wants, if it is short, so that its faults are reported and the connection can
 * serve again. False with *error set on failure.
 */
bool osp__exchange_drain(osp_ctx *ctx, osp__exchange *exchange, int64_t deadline_ns, char **error);

/* True if the body has ended and the connection may serve another exchange. */
bool osp__exchange_may_persist(const osp__exchange *exchange);

/* Closes the connection, if there is one, and releases the memory; the structure itself is the caller's. */
void osp__exchange_dispose(osp_ctx *ctx, osp__exchange *exchange);

#endif
