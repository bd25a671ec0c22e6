/* stream.c - see stream.h. Reading beyond the end ends the fiber: it can only mean that the two sides disagree. */
#include "stream.h"

#include <string.h>

#include "../fiber/fiber.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "object.h"

OSP_API struct osp_stream *osp_stream_new(const char *bytes, size_t len) {
    struct osp_stream *stream = osp__alloc_zeroed(sizeof *stream);
    if (stream == NULL || len == 0) return stream;
    stream->bytes = osp__alloc(len);
    if (stream->bytes == NULL) {
        osp__release(stream);
        return NULL;
    }
    memcpy(stream->bytes, bytes, len);
    stream->used = stream->capacity = len;
    return stream;
}

OSP_API const char *osp_stream_bytes(struct osp_stream *stream, size_t *len) {
    *len = stream->used;
    return stream->bytes;
}

OSP_API bool osp_stream_refill(struct osp_stream *stream, const char *bytes, size_t len) {
    if (len > stream->capacity) {
        char *larger = osp__alloc(len);
        if (larger == NULL) return false;
        osp__release(stream->bytes);
        stream->bytes = larger;
        stream->capacity = len;
    }
    if (len > 0) memcpy(stream->bytes, bytes, len);
    stream->used = len;
    stream->at = 0;
    return true;
}

OSP_API void osp_stream_free(struct osp_stream *stream) {
    if (stream == NULL) return;
    osp__release(stream->bytes);
    osp__release(stream);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void append(osp_ctx *ctx, struct osp_stream *stream, const void *bytes, size_t len) {
    if (OSP_UNLIKELY(len > stream->capacity - stream->used)) {
        size_t capacity;
        if (__builtin_add_overflow(stream->used, len, &capacity) || __builtin_add_overflow(capacity, capacity, &capacity))
            osp__fiber_fail(ctx, "out of memory");
        if (capacity < 256) capacity = 256;
        char *larger = osp__alloc(capacity);
        if (larger == NULL) osp__fiber_fail(ctx, "out of memory");
        if (stream->used > 0) memcpy(larger, stream->bytes, stream->used);
        osp__release(stream->bytes);
        stream->bytes = larger;
        stream->capacity = capacity;
    }
    if (len > 0) memcpy(stream->bytes + stream->used, bytes, len);
    stream->used += len;
}

OSP_API void osp_stream_write_int(osp_ctx *ctx, void *stream, int64_t value) { append(ctx, stream, &value, 8); }

OSP_API void osp_stream_write_float(osp_ctx *ctx, void *stream, double value) { append(ctx, stream, &value, 8); }

OSP_API void osp_stream_write_pointer(osp_ctx *ctx, void *stream, void *value) {
    append(ctx, stream, &value, sizeof value);
}

OSP_API void osp_stream_write_string(osp_ctx *ctx, void *stream, char *value) {
    uint64_t length = osp_string_length(value);
    append(ctx, stream, &length, 8);
    append(ctx, stream, value, (size_t)length);
}

/* The embedder becomes an owner of the object, from any of its threads. */
OSP_API void osp_stream_write_shared(osp_ctx *ctx, void *stream, void *value) {
    osp_mark_shared(value);
    append(ctx, stream, &value, sizeof value);
    osp_dup(value);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *next(osp_ctx *ctx, void *opaque, size_t len) {
    struct osp_stream *stream = opaque;
    if (OSP_UNLIKELY(len > stream->used - stream->at)) osp__fiber_fail(ctx, "a value from outside is cut short");
    const char *bytes = stream->bytes + stream->at;
    stream->at += len;
    return bytes;
}

OSP_API int64_t osp_stream_read_int(osp_ctx *ctx, void *stream) {
    int64_t value;
    memcpy(&value, next(ctx, stream, 8), 8);
    return value;
}

OSP_API double osp_stream_read_float(osp_ctx *ctx, void *stream) {
    double value;
    memcpy(&value, next(ctx, stream, 8), 8);
    return value;
}

OSP_API void *osp_stream_read_pointer(osp_ctx *ctx, void *stream) {
    void *value;
    memcpy(&value, next(ctx, stream, sizeof value), sizeof value);
    return value;
}

OSP_API char *osp_stream_read_string(osp_ctx *ctx, void *stream) {
    size_t length = (size_t)osp_stream_read_int(ctx, stream);
    char *value = osp_string_new(next(ctx, stream, length), length);
    if (value == NULL) osp__fiber_fail(ctx, "out of memory");
    return value;
}

/* A counted object of which the stream's reader becomes an owner: one that was written as shared before. */
OSP_API void *osp_stream_read_shared(osp_ctx *ctx, void *stream) {
    void *value = osp_stream_read_pointer(ctx, stream);
    osp_dup(value);
    return value;
}

OSP_API void *osp_stream_read_object(osp_ctx *ctx, void *stream) {
    void *object = osp__foreign_new(osp_stream_read_int(ctx, stream));
    if (object == NULL) osp__fiber_fail(ctx, "out of memory");
    return object;
}
