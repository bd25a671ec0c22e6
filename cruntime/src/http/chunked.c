/*
 * The decoder of chunked.h: one small function a group of states, one byte at a time outside chunk data,
 * block moves inside it. Grammar of RFC 9112 section 7.1:
 *
 *     chunk     = 1*HEXDIG *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) CRLF data CRLF
 *     last      = 1*"0" [ extensions ] CRLF *( field-line CRLF ) CRLF
 */
#include "chunked.h"

#include <stdbool.h>
#include <string.h>

#include "header.h"

enum state {
    SIZE,
    EXTENSION_OR_BLANK,    /* blanks after a size or an extension: only ';' may follow */
    EXTENSION_BEFORE_NAME, /* after ';' */
    EXTENSION_NAME,
    EXTENSION_AFTER_NAME, /* blanks after a name: '=' or ';' may follow */
    EXTENSION_BEFORE_VALUE,
    EXTENSION_TOKEN,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPE,
    EXTENSION_AFTER_QUOTED,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF
};

enum { MAX_SIZE_DIGITS = 16 };

void osp_chunked_init(osp_chunked *decoder, uint64_t body_limit)
{
    *decoder = (osp_chunked){.body_limit = body_limit};
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The size is complete: does the body stay within its limit? */
static int accept_size(osp_chunked *decoder)
{
    decoder->state = SIZE_LF;
    if (__builtin_add_overflow(decoder->total, decoder->remaining, &decoder->total) ||
        decoder->total > decoder->body_limit)
        return -OSP_HTTP_BODY_TOO_LARGE;
    return 0;
}

static int step_size(osp_chunked *decoder, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        if (decoder->digits == MAX_SIZE_DIGITS) /* sixteen digits fill 64 bits; more is an overflow or a game */
            return -OSP_HTTP_BAD_CHUNK_SIZE;
        decoder->digits++;
        decoder->remaining = decoder->remaining << 4 | (uint64_t)digit;
        return 0;
    }
    if (decoder->digits == 0)
        return -OSP_HTTP_BAD_CHUNK_SIZE;
    decoder->line_extensions = 0;
    if (c == '\r')
        return accept_size(decoder);
    if (c == ';')
        decoder->state = EXTENSION_BEFORE_NAME;
    else if (is_blank(c))
        decoder->state = EXTENSION_OR_BLANK;
    else
        return -OSP_HTTP_BAD_CHUNK_SIZE;
    return 0;
}

/* After a complete name, token or quoted string. */
static int after_extension(osp_chunked *decoder, char c, uint8_t blank_state)
{
    if (c == '\r')
        return accept_size(decoder);
    if (c == ';')
        decoder->state = EXTENSION_BEFORE_NAME;
    else if (is_blank(c))
        decoder->state = blank_state;
    else
        return -OSP_HTTP_BAD_CHUNK_EXTENSION;
    return 0;
}

static int step_extension_syntax(osp_chunked *decoder, char c)
{
    bool token = osp__is(c, OSP_CLASS_TOKEN);
    bool text = osp__is(c, OSP_CLASS_VALUE);
    switch (decoder->state) {
    case EXTENSION_OR_BLANK:
        if (c == ';')
            decoder->state = EXTENSION_BEFORE_NAME;
        return c == ';' || is_blank(c) ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    case EXTENSION_BEFORE_NAME:
        if (token)
            decoder->state = EXTENSION_NAME;
        return token || is_blank(c) ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    case EXTENSION_NAME:
        if (token)
            return 0;
        if (c == '=') {
            decoder->state = EXTENSION_BEFORE_VALUE;
            return 0;
        }
        return after_extension(decoder, c, EXTENSION_AFTER_NAME);
    case EXTENSION_AFTER_NAME:
        if (c == ';' || c == '=')
            decoder->state = c == ';' ? EXTENSION_BEFORE_NAME : EXTENSION_BEFORE_VALUE;
        return c == ';' || c == '=' || is_blank(c) ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    case EXTENSION_BEFORE_VALUE:
        if (token || c == '"')
            decoder->state = token ? EXTENSION_TOKEN : EXTENSION_QUOTED;
        return token || c == '"' || is_blank(c) ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    case EXTENSION_TOKEN:
        return token ? 0 : after_extension(decoder, c, EXTENSION_OR_BLANK);
    case EXTENSION_QUOTED:
        if (c == '"' || c == '\\')
            decoder->state = c == '"' ? EXTENSION_AFTER_QUOTED : EXTENSION_ESCAPE;
        return text ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    case EXTENSION_ESCAPE:
        decoder->state = EXTENSION_QUOTED;
        return text ? 0 : -OSP_HTTP_BAD_CHUNK_EXTENSION;
    default: /* EXTENSION_AFTER_QUOTED */
        return after_extension(decoder, c, EXTENSION_OR_BLANK);
    }
}

static int step_extension(osp_chunked *decoder, char c)
{
    if (decoder->line_extensions++ == OSP_CHUNK_EXTENSION_LIMIT ||
        decoder->extensions++ == OSP_CHUNK_EXTENSIONS_TOTAL_LIMIT)
        return -OSP_HTTP_CHUNK_EXTENSIONS_TOO_LONG;
    return step_extension_syntax(decoder, c);
}

/* Names the fault where an LF, or a CR, had to stand. */
static int expect(osp_chunked *decoder, char c, char expected, int error, uint8_t next)
{
    if (c != expected)
        return -error;
    decoder->state = next;
    return 0;
}

static int step_trailer_start(osp_chunked *decoder, char c)
{
    if (c == '\r') {
        decoder->state = END_LF;
        return 0;
    }
    if (is_blank(c))
        return -OSP_HTTP_OBS_FOLD;
    if (!osp__is(c, OSP_CLASS_TOKEN))
        return c == '\n' ? -OSP_HTTP_BARE_LF : -OSP_HTTP_BAD_FIELD_NAME;
    if (decoder->trailer_fields++ == OSP_TRAILER_FIELDS_LIMIT)
        return -OSP_HTTP_TOO_MANY_FIELDS;
    decoder->state = TRAILER_NAME;
    return 0;
}

/* Trailer fields are checked like header fields and then dropped: none of them may affect framing. */
static int step_trailer(osp_chunked *decoder, char c)
{
    if (decoder->trailer_bytes++ == OSP_TRAILER_LIMIT)
        return -OSP_HTTP_HEADERS_TOO_LARGE;
    switch (decoder->state) {
    case TRAILER_START:
        return step_trailer_start(decoder, c);
    case TRAILER_NAME:
        if (c == ':')
            decoder->state = TRAILER_VALUE;
        else if (is_blank(c))
            return -OSP_HTTP_SPACE_BEFORE_COLON;
        else if (!osp__is(c, OSP_CLASS_TOKEN))
            return -OSP_HTTP_BAD_FIELD_NAME;
        return 0;
    case TRAILER_VALUE:
        if (c == '\r')
            decoder->state = TRAILER_LF;
        else if (!osp__is(c, OSP_CLASS_VALUE))
            return c == '\n' ? -OSP_HTTP_BARE_LF : -OSP_HTTP_CONTROL_CHARACTER;
        return 0;
    default: /* TRAILER_LF */
        return expect(decoder, c, '\n', OSP_HTTP_BARE_CR, TRAILER_START);
    }
}

/* One byte outside chunk data. */
static int step(osp_chunked *decoder, char c)
{
    switch (decoder->state) {
    case SIZE:
        return step_size(decoder, c);
    case SIZE_LF:
        return expect(decoder, c, '\n', OSP_HTTP_BARE_CR, decoder->remaining > 0 ? DATA : TRAILER_START);
    case DATA_CR:
        return expect(decoder, c, '\r', OSP_HTTP_BAD_CHUNK_END, DATA_LF);
    case DATA_LF:
        decoder->digits = 0;
        return expect(decoder, c, '\n', OSP_HTTP_BAD_CHUNK_END, SIZE);
    case TRAILER_START:
    case TRAILER_NAME:
    case TRAILER_VALUE:
    case TRAILER_LF:
        return step_trailer(decoder, c);
    case END_LF:
        return c == '\n' ? 1 : -OSP_HTTP_BARE_CR;
    default:
        return step_extension(decoder, c);
    }
}

/* Moves what there is of the chunk's data down to *produced. Returns how many bytes that was. */
static size_t take_data(osp_chunked *decoder, char *bytes, size_t at, size_t length, size_t *produced)
{
    size_t count = length - at < decoder->remaining ? length - at : (size_t)decoder->remaining;
    if (*produced != at)
        memmove(bytes + *produced, bytes + at, count);
    *produced += count;
    decoder->remaining -= count;
    if (decoder->remaining == 0)
        decoder->state = DATA_CR;
    return count;
}

int osp_chunked_decode(osp_chunked *decoder, char *bytes, size_t length, size_t *used, size_t *produced)
{
    size_t at = 0;
    int outcome = 0;
    *produced = 0;
    while (at < length && outcome == 0) {
        if (decoder->state == DATA) {
            at += take_data(decoder, bytes, at, length, produced);
        } else {
            outcome = step(decoder, bytes[at]);
            at += outcome >= 0;
        }
    }
    *used = at;
    return outcome;
}
