/* json_decode.c - from a JSON text to a value of the language's union JsonValue.
 *
 * The nodes of a parsed text stand before those below them. So one walk from the last node to the first finds every
 * container's parts made already, and nothing recurses however deep the text is nested. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "../fiber/fiber.h"
#include "../mem/held.h"
#include "../sched/blocking.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "failure.h"
#include "json_text.h"
#include "json_value.h"
#include "list.h"

struct decoding {
    osp_ctx *ctx;
    struct osp__json *document;
    void **containers;                  /* the value of each node that is one, until it is put into another, or NULL */
    uint32_t first;                     /* the first of them that has been filled in: all after it have been */
    const struct osp__json_node *large; /* a number that no float can hold, if there is one */
};

static struct {
    struct osp__header header;
    int64_t nothing;
} null_value = {{0, OSP_INFO(OSP_KIND_CELL, 0, OSP_JSON_NULL)}, 0};

static void *make(osp_ctx *ctx, enum osp__json_type type, const void *payload)
{
    void *cell = osp_cell_new(ctx, OSP_INFO(OSP_KIND_CELL, type >= OSP_JSON_STRING, type), 1);
    memcpy(cell, payload, 8);
    return cell;
}

/* The same for a payload that is counted, which it takes over. */
static void *make_counted(osp_ctx *ctx, enum osp__json_type type, void *payload)
{
    OSP_HELD void *held = payload;
    void *cell = make(ctx, type, &payload);
    osp__let_go(&held);
    return cell;
}

static void release_buffer(char **buffer)
{
    osp__release(*buffer);
}

/* The decoded text of a string node. What is reserved for an escaped one is more than it needs; the difference is
 * a few bytes for each escape, unless most of it is escapes. */
static char *string_of(struct decoding *decoding, const struct osp__json_node *node)
{
    size_t most = node->end - node->start;
    if (!node->escaped)
        return osp__string_copy(decoding->ctx, decoding->document->text + node->start + 1, most - 2);
    __attribute__((cleanup(release_buffer))) char *buffer = osp__alloc(most);
    if (buffer == NULL)
        osp__fiber_fail(decoding->ctx, "out of memory");
    return osp__string_copy(decoding->ctx, buffer, osp__json_decode(decoding->document, node, buffer));
}

static void *number_of(struct decoding *decoding, const struct osp__json_node *node)
{
    /* The text goes on behind the number with what ends it, or with its NUL. The locale is static, see number.c. */
    double value = strtod_l(decoding->document->text + node->start, NULL, newlocale(LC_ALL_MASK, "C", NULL));
    if (isinf(value))
        decoding->large = node;
    return make(decoding->ctx, OSP_JSON_NUMBER, &value);
}

/* The value of a node, owned. That of a container can be taken once. */
static void *take(struct decoding *decoding, uint32_t index)
{
    const struct osp__json_node *node = &decoding->document->nodes[index];
    switch (node->type) {
    case OSP_JSON_NULL:
        return &null_value.nothing;
    case OSP_JSON_BOOL: {
        int64_t value = decoding->document->text[node->start] == 't';
        return make(decoding->ctx, OSP_JSON_BOOL, &value);
    }
    case OSP_JSON_NUMBER:
        return number_of(decoding, node);
    case OSP_JSON_STRING: {
        return make_counted(decoding->ctx, OSP_JSON_STRING, string_of(decoding, node));
    }
    default:
        return osp__let_go(&decoding->containers[index]);
    }
}

static void *array_of(struct decoding *decoding, const struct osp__json_node *node)
{
    const uint32_t *children = decoding->document->children + node->children;
    OSP_HELD void *items = osp_list_empty(decoding->ctx, OSP_POINTERS);
    for (uint32_t i = 0; i < node->count; i++) {
        int64_t item = (int64_t)(uintptr_t)take(decoding, children[i]);
        items = osp__list_push(decoding->ctx, osp__let_go(&items), item);
        osp__poll(decoding->ctx);
    }
    return make_counted(decoding->ctx, OSP_JSON_ARRAY, osp__let_go(&items));
}

/* The last of several equal keys counts. */
static void *object_of(struct decoding *decoding, const struct osp__json_node *node)
{
    const uint32_t *children = decoding->document->children + node->children;
    OSP_HELD void *fields = osp_map_empty(decoding->ctx, true, true);
    for (uint32_t i = 0; i < node->count; i++) {
        OSP_HELD char *key = string_of(decoding, &decoding->document->nodes[children[i]]);
        int64_t value = (int64_t)(uintptr_t)take(decoding, children[i] + 1);
        fields = osp_map_set(decoding->ctx, osp__let_go(&fields), (int64_t)(uintptr_t)osp__let_go(&key), value);
        osp__poll(decoding->ctx);
    }
    return make_counted(decoding->ctx, OSP_JSON_OBJECT, osp__let_go(&fields));
}

static void *decode(struct decoding *decoding)
{
    while (decoding->first > 0) {
        uint32_t i = decoding->first - 1;
        const struct osp__json_node *node = &decoding->document->nodes[i];
        void *value = NULL;
        if (node->type == OSP_JSON_ARRAY)
            value = array_of(decoding, node);
        else if (node->type == OSP_JSON_OBJECT)
            value = object_of(decoding, node);
        decoding->containers[i] = value;
        decoding->first = i;
        osp__poll(decoding->ctx);
    }
    return take(decoding, 0);
}

static void finish(struct decoding *decoding)
{
    uint32_t count = decoding->document->size;
    bool complete = decoding->first == 0; /* then each is in another, and the outermost has been taken */
    for (uint32_t i = decoding->first; !complete && i < count; i++)
        osp_drop(decoding->containers[i]);
    osp__release_aside(decoding->ctx, decoding->containers, count * sizeof *decoding->containers);
    osp__json_discard(decoding->ctx, decoding->document);
}

OSP_API void *osp_json_decode(osp_ctx *ctx, char *text, char **error)
{
    struct osp__json *document = osp__json_parse_string(ctx, "jsonDecode", text, error);
    if (document == NULL)
        return NULL;
    __attribute__((cleanup(finish))) struct decoding decoding = {
        .ctx = ctx, .document = document, .first = document->size};
    decoding.containers = osp__alloc(document->size * sizeof *decoding.containers);
    void *value = NULL;
    if (decoding.containers == NULL) {
        osp__set_error(error, "jsonDecode: out of memory");
    } else {
        value = decode(&decoding);
        if (decoding.large != NULL) {
            const struct osp__json_node *node = decoding.large;
            osp__set_error(error, "jsonDecode: too large for a float: %.*s",
                           (int)(node->end - node->start < 40 ? node->end - node->start : 40),
                           document->text + node->start);
            osp_drop(value);
            value = NULL;
        }
    }
    return value;
}
