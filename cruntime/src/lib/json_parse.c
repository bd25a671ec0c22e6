/* json_parse.c - the parser of json.h: strict RFC 8259 in one pass, without recursion.
 *
 * Between two tokens the parser is in one of a few states, each of which says what may come next. Open
 * containers form a chain through their nodes. */
#include <string.h>

#include "../sys/sys.h"
#include "json.h"
#include "utf8.h"

enum expectation { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, COMMA_OR_END, NOTHING };

enum { NO_NODE = UINT32_MAX };

struct parser {
    struct osp__json *document;
    const char *text;
    size_t length, at;
    uint32_t open; /* the innermost open container */
    unsigned depth;
    enum expectation expected;
    struct osp__json_error *error;
};

static bool fail(struct parser *parser, const char *reason)
{
    parser->error->reason = reason;
    parser->error->offset = parser->at;
    return false;
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static struct osp__json_node *add_node(struct parser *parser, enum osp__json_type type, size_t start)
{
    struct osp__json *document = parser->document;
    if (document->size == document->capacity) {
        uint32_t capacity = document->capacity < 8 ? 16 : document->capacity * 2;
        struct osp__json_node *nodes = NULL;
        if (capacity > document->capacity) /* else the count has wrapped */
            nodes = osp__resize(document->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            (void)fail(parser, "out of memory");
            return NULL;
        }
        document->nodes = nodes;
        document->capacity = capacity;
    }
    struct osp__json_node *node = &document->nodes[document->size++];
    *node = (struct osp__json_node){.type = (uint8_t)type, .start = (uint32_t)start, .next = document->size};
    return node;
}

/* A value begins: count it in the container it belongs to. */
static void count_value(struct parser *parser)
{
    if (parser->open != NO_NODE)
        parser->document->nodes[parser->open].count++;
}

static void after_value(struct parser *parser)
{
    parser->expected = parser->open == NO_NODE ? NOTHING : COMMA_OR_END;
}

/* ---- scalars ------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The text is NUL-terminated, so looking one byte ahead is always possible. */
static bool skip_digits(struct parser *parser)
{
    size_t start = parser->at;
    while (is_digit(parser->text[parser->at]))
        parser->at++;
    return parser->at > start || fail(parser, "expected a digit");
}

static bool scan_number(struct parser *parser)
{
    const char *text = parser->text;
    if (text[parser->at] == '-')
        parser->at++;
    if (text[parser->at] == '0') {
        parser->at++;
        if (is_digit(text[parser->at]))
            return fail(parser, "a number must not start with 0");
    } else if (!skip_digits(parser)) {
        return false;
    }
    if (text[parser->at] == '.') {
        parser->at++;
        if (!skip_digits(parser))
            return false;
    }
    if (text[parser->at] == 'e' || text[parser->at] == 'E') {
        parser->at++;
        if (text[parser->at] == '+' || text[parser->at] == '-')
            parser->at++;
        return skip_digits(parser);
    }
    return true;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct parser *parser)
{
    char c = parser->text[++parser->at];
    if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
        return fail(parser, "unknown escape");
    parser->at++;
    if (c != 'u')
        return true;
    for (int i = 0; i < 4; i++, parser->at++)
        if (!is_hex(parser->text[parser->at]))
            return fail(parser, "expected four hexadecimal digits");
    return true;
}

/* From the byte after the opening quote to the one after the closing quote. */
static bool scan_string(struct parser *parser, bool *escaped)
{
    parser->at++;
    while (parser->at < parser->length) {
        unsigned char c = (unsigned char)parser->text[parser->at];
        if (c == '"') {
            parser->at++;
            return true;
        }
        if (c == '\\') {
            *escaped = true;
            if (!scan_escape(parser))
                return false;
        } else if (c < 0x20) {
            return fail(parser, "a control character must be escaped");
        } else if (c < 0x80) {
            parser->at++;
        } else {
            uint32_t ignored;
            size_t width = osp__utf8_decode(parser->text + parser->at, parser->length - parser->at, &ignored);
            if (width == 0)
                return fail(parser, "invalid UTF-8");
            parser->at += width;
        }
    }
    return fail(parser, "the string is not closed");
}

static bool take_string(struct parser *parser)
{
    size_t start = parser->at;
    bool escaped = false;
    if (!scan_string(parser, &escaped))
        return false;
    struct osp__json_node *node = add_node(parser, OSP_JSON_STRING, start);
    if (node == NULL)
        return false;
    node->escaped = escaped;
    node->end = (uint32_t)parser->at;
    return true;
}

static bool take_number(struct parser *parser)
{
    size_t start = parser->at;
    if (!scan_number(parser))
        return false;
    struct osp__json_node *node = add_node(parser, OSP_JSON_NUMBER, start);
    if (node == NULL)
        return false;
    node->end = (uint32_t)parser->at;
    return true;
}

static bool take_word(struct parser *parser, const char *word, enum osp__json_type type)
{
    size_t width = strlen(word);
    if (parser->length - parser->at < width || memcmp(parser->text + parser->at, word, width) != 0)
        return fail(parser, "expected a value");
    struct osp__json_node *node = add_node(parser, type, parser->at);
    if (node == NULL)
        return false;
    parser->at += width;
    node->end = (uint32_t)parser->at;
    return true;
}

/* ---- containers ---------------------------------------------------------------------------------------- */

static bool open_container(struct parser *parser, enum osp__json_type type)
{
    if (parser->depth == OSP_JSON_DEPTH_LIMIT)
        return fail(parser, "nested too deeply");
    struct osp__json_node *node = add_node(parser, type, parser->at);
    if (node == NULL)
        return false;
    node->children = parser->open;
    parser->open = parser->document->size - 1;
    parser->depth++;
    parser->at++;
    parser->expected = type == OSP_JSON_ARRAY ? VALUE_OR_END : KEY_OR_END;
    return true;
}

static bool close_container(struct parser *parser)
{
    struct osp__json_node *node = &parser->document->nodes[parser->open];
    parser->at++;
    node->end = (uint32_t)parser->at;
    node->next = parser->document->size;
    parser->open = node->children;
    parser->depth--;
    after_value(parser);
    return true;
}

static bool closes(const struct parser *parser, char c)
{
    if (parser->open == NO_NODE)
        return false;
    return c == (parser->document->nodes[parser->open].type == OSP_JSON_ARRAY ? ']' : '}');
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

static bool take_scalar(struct parser *parser, char c)
{
    switch (c) {
    case '"':
        return take_string(parser);
    case 't':
        return take_word(parser, "true", OSP_JSON_BOOL);
    case 'f':
        return take_word(parser, "false", OSP_JSON_BOOL);
    case 'n':
        return take_word(parser, "null", OSP_JSON_NULL);
    default:
        return c == '-' || is_digit(c) ? take_number(parser) : fail(parser, "expected a value");
    }
}

static bool take_value(struct parser *parser, char c)
{
    if (c == ']' && parser->expected == VALUE_OR_END)
        return close_container(parser);
    count_value(parser);
    if (c == '[' || c == '{')
        return open_container(parser, c == '[' ? OSP_JSON_ARRAY : OSP_JSON_OBJECT);
    if (!take_scalar(parser, c))
        return false;
    after_value(parser);
    return true;
}

static bool take_key(struct parser *parser, char c)
{
    if (c == '}' && parser->expected == KEY_OR_END)
        return close_container(parser);
    if (c != '"')
        return fail(parser, "expected a key in quotes");
    parser->expected = COLON;
    return take_string(parser);
}

static bool take_comma_or_end(struct parser *parser, char c)
{
    if (closes(parser, c))
        return close_container(parser);
    bool array = parser->document->nodes[parser->open].type == OSP_JSON_ARRAY;
    if (c != ',')
        return fail(parser, array ? "expected ',' or ']'" : "expected ',' or '}'");
    parser->at++;
    parser->expected = array ? VALUE : KEY;
    return true;
}

static bool take_token(struct parser *parser, char c)
{
    switch (parser->expected) {
    case VALUE:
    case VALUE_OR_END:
        return take_value(parser, c);
    case KEY:
    case KEY_OR_END:
        return take_key(parser, c);
    case COLON:
        if (c != ':')
            return fail(parser, "expected ':'");
        parser->at++;
        parser->expected = VALUE;
        return true;
    case COMMA_OR_END:
        return take_comma_or_end(parser, c);
    default:
        return fail(parser, "expected the end of the text");
    }
}

static bool parse(struct parser *parser)
{
    while (parser->at < parser->length) {
        char c = parser->text[parser->at];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
            parser->at++;
        else if (!take_token(parser, c))
            return false;
    }
    return parser->expected == NOTHING || fail(parser, "the text ends too early");
}

/* Lists each container's elements side by side, so that an element is found by its index at once. */
static bool index_children(struct parser *parser)
{
    struct osp__json *document = parser->document;
    document->children = osp__alloc(document->size * sizeof *document->children);
    if (document->children == NULL)
        return fail(parser, "out of memory");
    uint32_t used = 0;
    for (uint32_t i = 0; i < document->size; i++) {
        struct osp__json_node *node = &document->nodes[i];
        if (node->type < OSP_JSON_ARRAY)
            continue;
        node->children = used;
        for (uint32_t child = i + 1; child < node->next; child = document->nodes[child].next) {
            document->children[used++] = child;
            if (node->type == OSP_JSON_OBJECT)
                child++; /* from the key to its value */
        }
    }
    return true;
}

struct osp__json *osp__json_parse(const char *text, size_t length, struct osp__json_error *error)
{
    struct parser parser = {.length = length, .open = NO_NODE, .expected = VALUE, .error = error};
    if (length >= UINT32_MAX) {
        (void)fail(&parser, "the text is too large");
        return NULL;
    }
    struct osp__json *document = osp__alloc_zeroed(sizeof *document);
    char *copy = osp__alloc(length + 1);
    if (document == NULL || copy == NULL) {
        osp__release(document);
        osp__release(copy);
        (void)fail(&parser, "out of memory");
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    document->text = copy;
    parser.document = document;
    parser.text = copy;
    if (parse(&parser) && index_children(&parser))
        return document;
    osp__json_free(document);
    return NULL;
}

void osp__json_free(struct osp__json *document)
{
    if (document == NULL)
        return;
    osp__release(document->text);
    osp__release(document->nodes);
    osp__release(document->children);
    osp__release(document);
}
