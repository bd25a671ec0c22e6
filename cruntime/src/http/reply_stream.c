/* reply_stream.c - replies that end with what a descriptor holds: osp__reply_stream of reply.h.
 *
 * No source may stop the worker. Pipes, sockets and terminals are made non-blocking and waited for; regular files are
 * sent from the page cache, and where a disk is needed a thread of the blocking pool does the waiting. A source is read
 * only as fast as the client takes it. A promise that cannot be kept (the file has shrunk, the source has failed) ends
 * the connection in a way that the client can tell from a proper end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../mem/string.h"
#include "../net/net.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "reply.h"

#define FILE_PIECE ((int64_t)1 << 18)            /* sent at once from a file */
#define LOOK_AT_CLIENT_NS ((int64_t)1000000000) /* while the source is silent */

struct stream {
    osp_ctx *ctx;
    struct osp__connection *connection;
    int fd;
    bool regular;      /* position and remaining are known */
    int64_t position;  /* of a regular file */
    int64_t remaining; /* bytes still promised; INT64_MAX when the end of the source decides */
};

/* Sends what is pending, waiting as long as the client needs. 0, or negative when the connection is dead. */
static int send_pending(struct stream *stream) {
    for (;;) {
        int result = osp__connection_flush(stream->ctx, stream->connection);
        if (result != 0) return result < 0 ? result : 0;
        result = osp__connection_wait_writable(stream->ctx, stream->connection);
        if (result < 0) return result;
    }
}

/* ---- files, straight from the page cache to the socket --------------------------------------------------------------- */

struct sending {
    int socket, file;
    size_t size;
    ssize_t result;
};

static void send_piece(void *argument) {
    struct sending *sending = argument;
    sending->result = osp__send_file(sending->socket, sending->file, sending->size);
}

static ssize_t send_from_file(struct stream *stream) {
    int64_t size = stream->remaining < FILE_PIECE ? stream->remaining : FILE_PIECE;
    struct sending sending = {stream->connection->stream.fd, stream->fd, (size_t)size, 0};
    if (osp__is_cached(stream->fd, stream->position) && osp__is_cached(stream->fd, stream->position + size - 1)) {
        send_piece(&sending);
        return sending.result;
    }
    int result = osp_blocking_call(stream->ctx, send_piece, &sending);
    return result != 0 ? result : sending.result;
}

static int send_file(struct stream *stream) {
    int result = send_pending(stream);
    while (result == 0 && stream->remaining > 0) {
        ssize_t sent = send_from_file(stream);
        if (sent == -EAGAIN) {
            result = osp__connection_wait_writable(stream->ctx, stream->connection);
        } else if (sent > 0) {
            osp__poll(stream->ctx); /* a client that takes everything at once: others have their turn */
            stream->position += sent;
            stream->remaining -= sent;
            stream->connection->sent += (uint64_t)sent;
            stream->connection->reply_body_bytes += (uint64_t)sent;
            osp__count_add(&stream->connection->local->counters.bytes_out, (uint64_t)sent);
        } else if (sent != -EINTR) {
            result = sent == 0 ? -EIO : (int)sent; /* the file has shrunk: the promised length cannot be kept */
        }
    }
    return result;
}

/* ---- other sources --------------------------------------------------------------------------------------------------- */

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

/* Waits until the source has something, looking after the client now and then: it may be gone, or the server may be
 * stopping. The time a source takes does not count against the client. 0 or a negative errno. */
static int wait_for_source(struct stream *stream) {
    struct osp__connection *connection = stream->connection;
    int result;
    osp__connection_unwatch(connection);
    do {
        result = osp_net_wait(stream->ctx, stream->fd, EPOLLIN, osp__now_ns() + LOOK_AT_CLIENT_NS);
        if (connection->broken || connection->client_gone) result = -EPIPE;
    } while (result == -ETIMEDOUT);
    return result;
}

/* Some bytes of the source; 0 at its end, or a negative errno. */
static ssize_t read_source(struct stream *stream, struct reading *reading) {
    if ((uint64_t)stream->remaining < reading->size) reading->size = (size_t)stream->remaining;
    for (;;) {
        ssize_t got = stream->regular ? osp__read_cached(stream->fd, reading->bytes, reading->size)
                                      : osp__read(stream->fd, reading->bytes, reading->size);
        if (got >= 0 || (got != -EAGAIN && got != -EOPNOTSUPP)) return got;
        int result = stream->regular ? -EPERM : wait_for_source(stream);
        if (result == -EPERM) { /* what cannot be waited for */
            result = osp_blocking_call(stream->ctx, read_blocking, reading);
            if (result == 0) return reading->result;
        }
        if (result != 0) return result;
    }
}

static int append(struct osp__connection *connection, const char *bytes, size_t length) {
    return osp__buffer_append(&connection->out, &connection->local->buffers, bytes, length) ? 0 : -ENOMEM;
}

static int append_piece(struct osp__connection *connection, const char *bytes, size_t length, bool as_chunk) {
    char line[24];
    int digits = as_chunk ? snprintf(line, sizeof line, "%zx\r\n", length) : 0;
    int result = append(connection, line, (size_t)digits);
    if (result == 0) result = append(connection, bytes, length);
    if (result == 0 && as_chunk) result = append(connection, "\r\n", 2);
    return result;
}

/* Sends the source to its end, or as much as was promised. */
static int send_source(struct stream *stream, bool in_chunks) {
    struct osp__connection *connection = stream->connection;
    struct reading reading = {.fd = stream->fd, .size = OSP_BUFFER_SIZE, .bytes = osp__alloc(OSP_BUFFER_SIZE)};
    bool promised = stream->remaining != INT64_MAX;
    int result = reading.bytes == NULL ? -ENOMEM : send_pending(stream);
    while (result == 0 && stream->remaining > 0) {
        ssize_t got = read_source(stream, &reading);
        if (got <= 0) {
            result = got == 0 && promised ? -EIO : (int)got;
            break;
        }
        osp__poll(stream->ctx);
        if (promised) stream->remaining -= got;
        connection->reply_body_bytes += (uint64_t)got;
        result = append_piece(connection, reading.bytes, (size_t)got, in_chunks);
        if (result == 0) result = send_pending(stream);
    }
    osp__release(reading.bytes);
    if (result == 0 && in_chunks) result = append(connection, "0\r\n\r\n", 5);
    return result;
}

/* ---- the reply ------------------------------------------------------------------------------------------------------- */

/* Measures a regular file, if `measured`; makes what can be waited for non-blocking. The files of /proc say that they
 * are empty and are not: their end is found by reading. False for a folder, which cannot be read at all. */
static bool look_at_source(struct stream *stream, bool measured) {
    struct stat status = {0};
    stream->remaining = INT64_MAX;
    if (fstat(stream->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        (void)osp__set_nonblocking(stream->fd);
        return !S_ISDIR(status.st_mode);
    }
    stream->regular = true;
    stream->position = lseek(stream->fd, 0, SEEK_CUR);
    if (stream->position < 0) stream->position = 0;
    char byte;
    if (measured && (status.st_size > 0 || pread(stream->fd, &byte, 1, 0) == 0))
        stream->remaining = stream->position < status.st_size ? status.st_size - stream->position : 0;
    return true;
}

void osp__reply_stream(osp_ctx *ctx, struct osp__connection *connection, struct osp__reply *reply, int fd, bool chunked) {
    struct stream stream = {.ctx = ctx, .connection = connection, .fd = fd};
    if (!look_at_source(&stream, !chunked)) {
        static const char message[] = "streamFd: is a directory";
        osp__reply_error(connection, 500, message, sizeof message - 1);
        return;
    }
    bool known = stream.remaining != INT64_MAX, knows_chunks = connection->parser.minor_version > 0;
    reply->framing = known ? OSP_FRAMING_LENGTH : knows_chunks ? OSP_FRAMING_CHUNKED : OSP_FRAMING_CLOSE;
    reply->content_length = reply->body_length + (known ? (uint64_t)stream.remaining : 0);
    if (!osp__reply(connection, reply) || osp__reply_without_body(connection, reply->status)) return;
    int result = 0;
    if (!known && reply->body_length > 0)
        result = append_piece(connection, reply->body, reply->body_length, knows_chunks);
    if (result == 0)
        result = known && connection->stream.tls == NULL ? send_file(&stream) : send_source(&stream, !known && knows_chunks);
    if (result == 0) return;
    if (reply->framing == OSP_FRAMING_CLOSE) connection->reset = true; /* a plain end would look like the body's end */
    connection->broken = true; /* an end of the connection is all that can still be said */
}
