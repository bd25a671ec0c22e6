/* json_handle.c - the JSON functions of the language: documents behind integer handles.
 *
 * A handle is an index into a table and the number of times that place was used before, so that a handle that
 * was freed stays invalid when its place is taken again. Fibers on several workers may read one document
 * while another frees it: each reader holds a count, and the last one gone releases the memory. */
#include "../base.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "../sys/sys.h"
#include "failure.h"
#include "json_text.h"

enum { INDEX_BITS = 24, MAX_HANDLES = (1 << INDEX_BITS) - 1 };

struct place {
    struct osp__json *document; /* NULL: free */
    uint32_t readers;
    bool freed; /* jsonFree was called while somebody read */
    uint64_t generation;
    uint32_t next_free;
};

static struct {
    pthread_mutex_t lock;
    struct place *places;
    uint32_t size, capacity;
    uint32_t first_free; /* index + 1; 0: none */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool grow(void)
{
    uint32_t capacity = table.capacity == 0 ? 64 : table.capacity * 2;
    struct place *places = osp__resize(table.places, capacity * sizeof *places);
    if (places == NULL)
        return false;
    table.places = places;
    table.capacity = capacity;
    return true;
}

/* Called with the lock held. Returns the handle, or 0 when there is no room. */
static int64_t enter(struct osp__json *document)
{
    uint32_t index;
    if (table.first_free != 0) {
        index = table.first_free - 1;
        table.first_free = table.places[index].next_free;
    } else {
        if (table.size == MAX_HANDLES || (table.size == table.capacity && !grow()))
            return 0;
        index = table.size++;
        table.places[index] = (struct place){0};
    }
    table.places[index].document = document;
    return (int64_t)(table.places[index].generation << INDEX_BITS | (index + 1));
}

/* Called with the lock held: the place of a valid handle, or NULL. */
static struct place *find(int64_t handle)
{
    uint64_t index = ((uint64_t)handle & MAX_HANDLES) - 1;
    if (handle <= 0 || index >= table.size)
        return NULL;
    struct place *place = &table.places[index];
    bool same = place->generation == (uint64_t)handle >> INDEX_BITS;
    return same && place->document != NULL && !place->freed ? place : NULL;
}

/* Called with the lock held, by the last one to use the document, which is returned for freeing. */
static struct osp__json *vacate(struct place *place)
{
    struct osp__json *document = place->document;
    place->document = NULL;
    place->freed = false;
    place->generation = (place->generation + 1) & (UINT64_MAX >> (INDEX_BITS + 1));
    place->next_free = table.first_free;
    table.first_free = (uint32_t)(place - table.places) + 1;
    return document;
}

static const struct osp__json *begin_reading(int64_t handle)
{
    pthread_mutex_lock(&table.lock);
    struct place *place = find(handle);
    if (place != NULL)
        place->readers++;
    const struct osp__json *document = place == NULL ? NULL : place->document;
    pthread_mutex_unlock(&table.lock);
    return document;
}

static void end_reading(osp_ctx *ctx, int64_t handle)
{
    struct osp__json *last = NULL;
    pthread_mutex_lock(&table.lock);
    struct place *place = &table.places[((uint64_t)handle & MAX_HANDLES) - 1];
    if (--place->readers == 0 && place->freed)
        last = vacate(place);
    pthread_mutex_unlock(&table.lock);
    osp__json_discard(ctx, last);
}

/* ---- the functions ------------------------------------------------------------------------------------- */

OSP_API int64_t osp_json_parse(osp_ctx *ctx, char *text, char **error)
{
    struct osp__json *document = osp__json_parse_string(ctx, "jsonParse", text, error);
    if (document == NULL)
        return 0;
    pthread_mutex_lock(&table.lock);
    int64_t handle = enter(document);
    pthread_mutex_unlock(&table.lock);
    if (handle == 0) {
        osp__json_discard(ctx, document);
        osp__set_error(error, "jsonParse: too many JSON texts are open");
    }
    return handle;
}

static void fail_handle(char **error, const char *function, int64_t handle)
{
    osp__set_error(error, "%s: not an open JSON handle: %" PRId64, function, handle);
}

/* Strings as they are; other values as their JSON text. NULL when memory runs out. */
static char *text_of(const struct osp__json *document, const struct osp__json_node *node)
{
    const char *start = document->text + node->start;
    size_t length = node->end - node->start;
    if (node->type != OSP_JSON_STRING)
        return osp_string_new(start, length);
    if (!node->escaped)
        return osp_string_new(start + 1, length - 2);
    char *buffer = osp__alloc(length);
    if (buffer == NULL)
        return NULL;
    char *result = osp_string_new(buffer, osp__json_decode(document, node, buffer));
    osp__release(buffer);
    return result;
}

OSP_API char *osp_json_get(osp_ctx *ctx, int64_t handle, char *path, char **error)
{
    (void)ctx;
    const struct osp__json *document = begin_reading(handle);
    if (document == NULL) {
        fail_handle(error, "jsonGet", handle);
        return NULL;
    }
    bool malformed;
    const struct osp__json_node *node = osp__json_find(document, path, osp__length(path), &malformed);
    char *result = node == NULL ? NULL : text_of(document, node);
    struct osp__excerpt shown;
    if (node == NULL)
        osp__set_error(error, "jsonGet: %s: %s", malformed ? "not a path" : "no value at", osp__excerpt(&shown, path));
    else if (result == NULL)
        osp__set_error(error, "jsonGet: out of memory");
    end_reading(ctx, handle);
    return result;
}

/* -1 when there is no array or object at the path, or no such handle. */
OSP_API int64_t osp_json_length(osp_ctx *ctx, int64_t handle, char *path)
{
    const struct osp__json *document = begin_reading(handle);
    if (document == NULL)
        return -1;
    bool malformed;
    const struct osp__json_node *node = osp__json_find(document, path, osp__length(path), &malformed);
    int64_t length = node != NULL && node->type >= OSP_JSON_ARRAY ? (int64_t)node->count : -1;
    end_reading(ctx, handle);
    return length;
}

OSP_API void osp_json_free(osp_ctx *ctx, int64_t handle, char **error)
{
    struct osp__json *last = NULL;
    pthread_mutex_lock(&table.lock);
    struct place *place = find(handle);
    if (place != NULL && place->readers > 0)
        place->freed = true;
    else if (place != NULL)
        last = vacate(place);
    pthread_mutex_unlock(&table.lock);
    if (place == NULL)
        fail_handle(error, "jsonFree", handle);
    osp__json_discard(ctx, last);
}

OSP_API char *osp_json_escape(osp_ctx *ctx, char *s)
{
    size_t length = osp__json_escape_long(ctx, s, osp__length(s), NULL);
    if (length == osp__length(s)) { /* every change makes it longer */
        osp_dup(s);
        return s;
    }
    char *result = osp__string_reserve(ctx, length);
    (void)osp__json_escape_long(ctx, s, osp__length(s), result);
    return result;
}
