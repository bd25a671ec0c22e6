/*
 * See deflate.h. Section numbers are of RFC 7692.
 */
#include "deflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Little is gained by trying harder on short messages, and it is the sender's time. */
enum { LEVEL = 3, MEMORY_LEVEL = 8 };

struct osp_inflater {
    z_stream stream;
};

struct osp_deflater {
    z_stream stream;
};

static osp_inflater *inflater_new(int window_bits)
{
    osp_inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater != NULL && inflateInit2(&inflater->stream, -window_bits) != Z_OK) {
        free(inflater);
        inflater = NULL;
    }
    return inflater;
}

static void inflater_free(osp_inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

static uInt clamp(size_t size)
{
    return size < UINT_MAX ? (uInt)size : UINT_MAX;
}

/* 7.2.3.5 allows a block with BFINAL set, after which DEFLATE begins anew. */
static int inflate_some(osp_inflater *inflater, const uint8_t **bytes, size_t *length, uint8_t *out, size_t *room)
{
    z_stream *stream = &inflater->stream;
    for (;;) {
        uInt given = clamp(*length), offered = clamp(*room);
        stream->next_in = (Bytef *)*bytes;
        stream->avail_in = given;
        stream->next_out = out;
        stream->avail_out = offered;
        int result = inflate(stream, Z_SYNC_FLUSH);
        size_t used = given - stream->avail_in, made = offered - stream->avail_out;
        *bytes += used;
        *length -= used;
        out += made;
        *room -= made;
        if (result == Z_STREAM_END)
            result = inflateReset(stream);
        else if (result == Z_BUF_ERROR) /* no progress was possible: not an error */
            result = Z_OK;
        if (result != Z_OK)
            return OSP_INFLATE_BAD;
        if (*room == 0)
            return OSP_INFLATE_FULL; /* perhaps there is nothing more; the next call will tell */
        if (*length == 0)
            return OSP_INFLATE_MORE;
        if (used == 0 && made == 0)
            return OSP_INFLATE_BAD;
    }
}

static osp_deflater *deflater_new(int window_bits)
{
    osp_deflater *deflater = calloc(1, sizeof *deflater);
    if (deflater != NULL && deflateInit2(&deflater->stream, LEVEL, Z_DEFLATED, -window_bits, MEMORY_LEVEL,
                                         Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        deflater = NULL;
    }
    return deflater;
}

static void deflater_free(osp_deflater *deflater)
{
    if (deflater == NULL)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

static size_t bound(osp_deflater *deflater, size_t length)
{
    return deflateBound(&deflater->stream, length) + 16; /* the empty block of a flush */
}

static int64_t deflate_message(osp_deflater *deflater, const uint8_t *bytes, size_t length, uint8_t *out, size_t room,
                               bool forget)
{
    z_stream *stream = &deflater->stream;
    if (length > UINT_MAX || room > UINT_MAX || room < 5)
        return -1;
    if (length == 0) { /* 7.2.3.6 */
        out[0] = 0;
        return 1;
    }
    if (forget && deflateReset(stream) != Z_OK)
        return -1;
    stream->next_in = (Bytef *)bytes;
    stream->avail_in = (uInt)length;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in != 0 || stream->avail_out == 0)
        return -1;
    size_t made = room - stream->avail_out;
    static const uint8_t tail[4] = {0, 0, 0xff, 0xff}; /* of the flush; 7.2.1 leaves it out */
    if (made < sizeof tail || memcmp(out + made - sizeof tail, tail, sizeof tail) != 0)
        return -1;
    return (int64_t)(made - sizeof tail);
}

__attribute__((visibility("default"))) const osp_deflate *osp_deflate_table(void)
{
    static const osp_deflate table = {
        .version = OSP_DEFLATE_VERSION,
        .inflater_new = inflater_new,
        .inflater_free = inflater_free,
        .inflate = inflate_some,
        .deflater_new = deflater_new,
        .deflater_free = deflater_free,
        .deflate_bound = bound,
        .deflate = deflate_message,
    };
    return &table;
}
