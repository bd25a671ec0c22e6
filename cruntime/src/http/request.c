/* request.c - what compiled handlers call: the parts of their request, and the answers.
 *
 * A part is copied out of the connection's buffer only when the handler asks for it. The request pointer is the
 * connection; it is valid while the handler's code runs. */
#include <inttypes.h>
#include <stdio.h>

#include "../lib/descriptor.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "reply.h"

static const char *bytes_of(const struct osp__connection *connection) {
    return connection->in.bytes + connection->in.start;
}

static char *copy_span(osp_ctx *ctx, void *request, osp_http_span span) {
    const struct osp__connection *connection = request;
    return osp__string_copy(ctx, bytes_of(connection) + span.start, span.length);
}

OSP_API char *osp_http_request_method(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    return copy_span(ctx, request, connection->parser.method);
}

/* 0 to 6: GET POST PUT DELETE PATCH HEAD OPTIONS. */
OSP_API int64_t osp_http_request_method_index(osp_ctx *ctx, void *request) {
    (void)ctx;
    const struct osp__connection *connection = request;
    return connection->parser.method_index;
}

/* The target as sent, with its query. */
OSP_API char *osp_http_request_target(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    return copy_span(ctx, request, connection->parser.target);
}

OSP_API char *osp_http_request_path(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    size_t length;
    const char *path = osp__http_request_path(&connection->parser, bytes_of(connection), &length);
    return osp__string_copy(ctx, path, length);
}

OSP_API char *osp_http_request_query(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    return copy_span(ctx, request, connection->parser.query);
}

/* All fields as received, lines "Name: value\r\n". */
OSP_API char *osp_http_request_headers(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    return copy_span(ctx, request, connection->parser.headers);
}

OSP_API char *osp_http_request_body(osp_ctx *ctx, void *request) {
    const struct osp__connection *connection = request;
    return osp__string_copy(ctx, bytes_of(connection) + connection->head_length, connection->body_length);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* 200 with this body; the content type is found out from it. */
OSP_API void osp_http_respond_text(osp_ctx *ctx, void *request, char *body) {
    (void)ctx;
    struct osp__reply reply = osp__reply_whole(200, body, osp__length(body));
    reply.body_string = body;
    osp__reply(request, &reply);
}

/* 500 with {"error": "<message>"}. */
OSP_API void osp_http_respond_error(osp_ctx *ctx, void *request, char *message) {
    (void)ctx;
    osp__reply_error(request, 500, message, osp__length(message));
}

/* The number was made up, or is in use: it may be one of the runtime's own. */
static void fail_stream(void *request, int64_t stream_fd) {
    char message[80];
    int n = snprintf(message, sizeof message, "streamFd: %" PRId64 " is not a free descriptor of this program", stream_fd);
    osp__reply_error(request, 500, message, (size_t)n);
}

/* The general answer, LANGUAGE section 14. `contentType` empty: found out from the body. The length on the wire is
 * always that of what is sent; `contentLength` only decides whether a stream is sent in chunks (-1). `partialLength`
 * shortens the body if it is not negative and less than its length. `streamFd` is closed in any case; if it is not
 * negative and `isComplete` is false, it is sent to its end after `partialBody`. */
OSP_API void osp_http_respond(osp_ctx *ctx, void *request, int64_t status, char *headers, char *content_type,
                              int64_t content_length, int64_t stream_fd, bool is_complete, char *partial_body,
                              int64_t partial_length) {
    size_t length = osp__length(partial_body);
    if (partial_length >= 0 && (uint64_t)partial_length < length) length = (size_t)partial_length;
    struct osp__reply reply = osp__reply_whole(status, partial_body, length);
    reply.body_string = partial_body;
    reply.headers = headers;
    reply.headers_length = osp__length(headers);
    reply.content_type = content_type;
    reply.content_type_length = osp__length(content_type);
    int fd = stream_fd < 0 ? -1 : osp__descriptor_take(stream_fd);
    if (stream_fd >= 0 && fd < 0) {
        fail_stream(request, stream_fd);
        return;
    }
    if (fd >= 0 && !is_complete)
        osp__reply_stream(ctx, request, &reply, fd, content_length == -1);
    else
        osp__reply(request, &reply);
    if (fd >= 0) osp__close(fd);
}
