/* request.c - what compiled handlers call: the parts of their request, and the answers.
 *
 * A part is copied out of the connection's buffer only when the handler asks for it. The request pointer is the
 * connection; it is valid while the handler's code runs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- streaming a descriptor -------------------------------------------------------------------------------------- */

/* A descriptor that is sent after the first part of the body. */
struct stream {
    osp_ctx *ctx;
    struct osp__connection *connection;
    int fd;
    bool regular;
    int64_t remaining; /* bytes, if it is a regular file */
};

/* Sends what is pending, waiting as long as the client needs. 0, or negative when the connection is dead. */
static int send_pending(struct stream *stream) {
    for (;;) {
        int result = osp__connection_flush(stream->connection);
        if (result != 0) return result < 0 ? result : 0;
        result = osp__connection_wait_writable(stream->ctx, stream->connection);
        if (result < 0) return result;
    }
}

/* Bytes that promised Content-Length: straight from the file. */
static int send_file(struct stream *stream) {
    int result = send_pending(stream);
    while (result == 0 && stream->remaining > 0) {
        size_t wanted = stream->remaining < 1 << 20 ? (size_t)stream->remaining : 1 << 20;
        ssize_t sent = osp__send_file(stream->connection->fd, stream->fd, wanted);
        if (sent == -EAGAIN) {
            result = osp__connection_wait_writable(stream->ctx, stream->connection);
        } else if (sent > 0) {
            stream->remaining -= sent;
            stream->connection->sent += (uint64_t)sent;
        } else if (sent != -EINTR) {
            result = sent == 0 ? -EIO : (int)sent; /* the file has shrunk: the promised length cannot be kept */
        }
    }
    return result;
}

struct reading {
    int fd;
    char *bytes;
    size_t size;
    ssize_t result;
};

static void read_blocking(void *argument) {
    struct reading *reading = argument;
    reading->result = osp__read(reading->fd, reading->bytes, reading->size);
}

static int append(struct osp__connection *connection, const char *bytes, size_t length) {
    return osp__buffer_append(&connection->out, &connection->local->buffers, bytes, length) ? 0 : -ENOMEM;
}

static int append_chunk(struct osp__connection *connection, const char *bytes, size_t length, bool framed) {
    char line[24];
    int digits = framed ? snprintf(line, sizeof line, "%zx\r\n", length) : 0;
    int result = append(connection, line, (size_t)digits);
    if (result == 0) result = append(connection, bytes, length);
    if (result == 0 && framed) result = append(connection, "\r\n", 2);
    return result;
}

/* Bytes of unknown number: read on the pool of blocking threads (the descriptor may be a pipe), sent as chunks, or
 * plainly to a client that knows none. */
static int send_until_end(struct stream *stream, bool chunked) {
    struct osp__connection *connection = stream->connection;
    struct reading reading = {.fd = stream->fd, .size = OSP_BUFFER_SIZE, .bytes = osp__alloc(OSP_BUFFER_SIZE)};
    int result = reading.bytes == NULL ? -ENOMEM : 0;
    while (result == 0) {
        result = osp_blocking_call(stream->ctx, read_blocking, &reading);
        if (result == 0 && reading.result < 0) result = (int)reading.result;
        if (result != 0 || reading.result == 0) break;
        result = append_chunk(connection, reading.bytes, (size_t)reading.result, chunked);
        if (result == 0) result = send_pending(stream);
    }
    osp__release(reading.bytes);
    if (result == 0 && chunked) result = append(connection, "0\r\n\r\n", 5);
    return result;
}

static void respond_stream(struct stream *stream, struct osp__reply *reply, int64_t content_length) {
    struct osp__connection *connection = stream->connection;
    struct stat status;
    if (fstat(stream->fd, &status) == 0 && S_ISREG(status.st_mode)) {
        off_t position = lseek(stream->fd, 0, SEEK_CUR);
        stream->regular = true;
        stream->remaining = position < status.st_size ? status.st_size - position : 0;
    }
    bool known = stream->regular && content_length != -1;
    bool chunks = connection->parser.minor_version > 0;
    reply->framing = known ? OSP_FRAMING_LENGTH : chunks ? OSP_FRAMING_CHUNKED : OSP_FRAMING_CLOSE;
    reply->content_length = reply->body_length + (uint64_t)stream->remaining;
    osp__reply(connection, reply);
    if (osp__reply_without_body(connection, reply->status) || connection->broken) return;
    int result = 0;
    if (!known) result = append_chunk(connection, reply->body, reply->body_length, chunks && reply->body_length > 0);
    if (result == 0) result = known ? send_file(stream) : send_until_end(stream, chunks);
    if (result != 0) connection->broken = true; /* an end of the connection is all that can still be said */
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
    if (fd >= 0 && !is_complete) {
        struct stream stream = {.ctx = ctx, .connection = request, .fd = fd};
        respond_stream(&stream, &reply, content_length);
    } else {
        osp__reply(request, &reply);
    }
    if (fd >= 0) osp__close(fd);
}
