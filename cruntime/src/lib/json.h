/* json.h - a parsed JSON text (RFC 8259), as an array of nodes over a copy of the text.
 *
 * The nodes stand in the order of the text, a container before its members, so that the whole document is two
 * blocks of memory and parsing, searching and freeing need no recursion. Strings and numbers stay in the text
 * and are decoded when somebody asks. A document never changes once it is made. Nothing here knows of handles
 * or fibers. */
#ifndef OSP_LIB_JSON_H
#define OSP_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Containers may be nested this deep. Not for our sake: what reads the result may recurse. */
enum { OSP_JSON_DEPTH_LIMIT = 1000 };

enum osp__json_type {
    OSP_JSON_NULL,
    OSP_JSON_BOOL,
    OSP_JSON_NUMBER,
    OSP_JSON_STRING,
    OSP_JSON_ARRAY,
    OSP_JSON_OBJECT
};

struct osp__json_node {
    uint8_t type;
    bool escaped;   /* a string with a backslash */
    uint32_t start; /* the value's text: [start, end), quotes and brackets included */
    uint32_t end;
    uint32_t next;     /* the first node after this one and all below it */
    uint32_t count;    /* containers: elements, or members (each a key node followed by its value) */
    uint32_t children; /* containers: where elements or keys begin in `children`; while open: the parent */
};

struct osp__json {
    char *text;
    struct osp__json_node *nodes; /* nodes[0] is the whole value */
    uint32_t *children;
    uint32_t size, capacity;
};

struct osp__json_error {
    const char *reason; /* static text */
    size_t offset;
};

/* Parses a text. Returns the document, which the caller frees, or NULL with the error filled in. */
struct osp__json *osp__json_parse(const char *text, size_t length, struct osp__json_error *error);
void osp__json_free(struct osp__json *document);

/* Finds the value at a path like `user.items[0].name` or `["a key"][2]`; "" is the whole. The last of several
 * equal keys counts. Returns the node, or NULL; *malformed tells a bad path from a missing value. */
const struct osp__json_node *osp__json_find(const struct osp__json *document, const char *path, size_t length,
                                            bool *malformed);

/* The decoded bytes of a string node: at most end - start of them, written to `out`. Returns how many. A
 * surrogate without its other half becomes U+FFFD. */
size_t osp__json_decode(const struct osp__json *document, const struct osp__json_node *node, char *out);

/* The escaped form of bytes inside JSON quotes: its length, and, unless `out` is NULL, the text. Bytes that
 * are not UTF-8 become U+FFFD. */
size_t osp__json_escape(const char *bytes, size_t length, char *out);

#endif
