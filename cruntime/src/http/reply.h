/* reply.h - turning a handler's answer into bytes: status line, fields, body. Nothing here sends. */
#ifndef OSP_HTTP_REPLY_H
#define OSP_HTTP_REPLY_H

#include "connection.h"

/* How the length of the body is told. */
enum osp__framing {
    OSP_FRAMING_LENGTH,  /* Content-Length */
    OSP_FRAMING_CHUNKED, /* chunks follow */
    OSP_FRAMING_CLOSE    /* until the connection closes: the client knows no chunks */
};

struct osp__reply {
    int64_t status;             /* 200..599; anything else is answered with 500 */
    const char *headers;        /* "Name: value\r\n" lines of the handler */
    size_t headers_length;
    const char *content_type;   /* empty: found out from the body */
    size_t content_type_length;
    const char *body;           /* the whole body, or its first part */
    size_t body_length;
    char *body_string;          /* the string that `body` is in, so that a large one need not be copied; or NULL */
    enum osp__framing framing;
    uint64_t content_length;    /* with OSP_FRAMING_LENGTH */
};

/* Appends the reply to the connection's output and marks the request as replied. A reply whose fields could be used to
 * smuggle others is replaced by a 500, with a diagnostic. False when the reply as it was given will not be sent. */
bool osp__reply(struct osp__connection *connection, const struct osp__reply *reply);

/* Replies with the body followed by everything that can be read from `fd`, which stays the caller's. Regular files are
 * measured and sent with a length, unless `chunked` says otherwise; what has no size goes out in chunks, or to a client
 * that knows none until the connection closes. Parks the fiber as long as the source and the client need. */
void osp__reply_stream(osp_ctx *ctx, struct osp__connection *connection, struct osp__reply *reply, int fd, bool chunked);

/* A complete reply with this body. */
struct osp__reply osp__reply_whole(int64_t status, const char *body, size_t body_length);

/* {"error": "<message>"} with the status. */
void osp__reply_error(struct osp__connection *connection, int64_t status, const char *message, size_t length);

/* The same, for errors of the protocol: the connection closes after it. */
void osp__reply_refusal(struct osp__connection *connection, int status, const char *reason);

/* Whether the current request wants the fields only (HEAD). */
bool osp__reply_without_body(const struct osp__connection *connection, int64_t status);

/* The reason phrase of a status (RFC 9110 section 15); "Unknown" for those that have none. */
const char *osp__http_reason(int64_t status);

#endif
