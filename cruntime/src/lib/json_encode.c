/* json_encode.c - from a value of the language's union JsonValue to JSON text, without white space.
 *
 * A program can nest values as deep as it likes, so what is open is kept in a stack on the heap. The text grows by
 * doubling; when memory runs out the fiber fails. */
#include <math.h>

#include "../fiber/fiber.h"
#include "../mem/held.h"
#include "../mem/string.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "json_text.h"
#include "json_value.h"
#include "list.h"

/* An array or object of which some parts are written. */
struct open {
    void *keys;   /* a list, owned; NULL: an array */
    void *values; /* a list, owned */
    uint64_t next, count;
};

struct encoding {
    osp_ctx *ctx;
    char *text;
    size_t length, capacity;
    struct open *open;
    size_t depth, room;
};

static void finish(struct encoding *encoding)
{
    while (encoding->depth > 0) {
        struct open *open = &encoding->open[--encoding->depth];
        osp_drop(open->keys);
        osp_drop(open->values);
    }
    osp__release(encoding->open);
    osp__release(encoding->text);
}

static _Noreturn void out_of_memory(struct encoding *encoding)
{
    osp__fiber_fail(encoding->ctx, "out of memory");
}

static char *reserve(struct encoding *encoding, size_t length)
{
    if (encoding->capacity - encoding->length < length) {
        size_t capacity = (encoding->length + length) * 2;
        char *text = osp__resize(encoding->text, capacity);
        if (text == NULL)
            out_of_memory(encoding);
        encoding->text = text;
        encoding->capacity = capacity;
    }
    char *place = encoding->text + encoding->length;
    encoding->length += length;
    return place;
}

static void put(struct encoding *encoding, const char *bytes, size_t length)
{
    memcpy(reserve(encoding, length), bytes, length);
}

static void put_string(struct encoding *encoding, const char *string)
{
    size_t length = osp__length(string), escaped = osp__json_escape_long(encoding->ctx, string, length, NULL);
    char *place = reserve(encoding, escaped + 2);
    place[0] = '"';
    (void)osp__json_escape_long(encoding->ctx, string, length, place + 1);
    place[escaped + 1] = '"';
}

/* The shortest text that reads back as the same float; a whole number without its ".0". JSON has no word for what is
 * no number. */
static void put_number(struct encoding *encoding, double value)
{
    if (!isfinite(value)) {
        put(encoding, "null", 4);
        return;
    }
    OSP_HELD char *text = osp_float_to_string(encoding->ctx, value);
    size_t length = osp__length(text);
    if (length > 2 && memcmp(text + length - 2, ".0", 2) == 0 && !(value == 0 && signbit(value)))
        length -= 2;
    put(encoding, text, length);
}

static void open_container(struct encoding *encoding, void *value)
{
    if (encoding->depth == encoding->room) {
        size_t room = encoding->room == 0 ? 16 : encoding->room * 2;
        struct open *open = osp__resize(encoding->open, room * sizeof *open);
        if (open == NULL)
            out_of_memory(encoding);
        encoding->open = open;
        encoding->room = room;
    }
    void *payload = osp__json_value_pointer(value);
    struct open *opened = &encoding->open[encoding->depth++]; /* finish() finds what is in it */
    *opened = (struct open){0};
    if (osp__json_value_type(value) == OSP_JSON_ARRAY) {
        osp_dup(payload);
        opened->values = payload;
    } else {
        opened->keys = osp_map_keys(encoding->ctx, payload, OSP_POINTERS);
        opened->values = osp_map_values(encoding->ctx, payload, OSP_POINTERS);
    }
    opened->count = osp__list_length(opened->values);
    put(encoding, opened->keys != NULL ? "{" : "[", 1);
}

static void begin_value(struct encoding *encoding, void *value)
{
    switch (osp__json_value_type(value)) {
    case OSP_JSON_NULL:
        put(encoding, "null", 4);
        return;
    case OSP_JSON_BOOL:
        put(encoding, osp__json_value_bool(value) ? "true" : "false", osp__json_value_bool(value) ? 4 : 5);
        return;
    case OSP_JSON_NUMBER:
        put_number(encoding, osp__json_value_number(value));
        return;
    case OSP_JSON_STRING:
        put_string(encoding, osp__json_value_pointer(value));
        return;
    case OSP_JSON_ARRAY:
    case OSP_JSON_OBJECT:
        open_container(encoding, value);
    }
}

/* The next part of the innermost open container, or its end. */
static void go_on(struct encoding *encoding)
{
    struct open *open = &encoding->open[encoding->depth - 1];
    if (open->next == open->count) {
        put(encoding, open->keys != NULL ? "}" : "]", 1);
        osp_drop(open->keys);
        osp_drop(open->values);
        encoding->depth--;
        return;
    }
    uint64_t run, index = open->next++;
    if (index > 0)
        put(encoding, ",", 1);
    if (open->keys != NULL) {
        put_string(encoding, *(char *const *)osp__list_run(open->keys, index, &run));
        put(encoding, ":", 1);
    }
    begin_value(encoding, *(void *const *)osp__list_run(open->values, index, &run));
}

OSP_API char *osp_json_encode(osp_ctx *ctx, void *value)
{
    __attribute__((cleanup(finish))) struct encoding encoding = {.ctx = ctx};
    begin_value(&encoding, value);
    while (encoding.depth > 0) {
        go_on(&encoding);
        osp__poll(ctx);
    }
    return osp__string_copy(ctx, encoding.text, encoding.length);
}
