/*
 * Fuzz target: JSON texts, and the paths that read them. The first line is a path, the rest the text.
 */
#include "../src/lib/json.h"
#include "fuzz.h"

static void check_node(const struct osp__json *document, uint32_t index, size_t size)
{
    const struct osp__json_node *node = &document->nodes[index];
    REQUIRE(node->start < node->end && node->end <= size);
    REQUIRE(node->next > index && node->next <= document->size);
    if (node->type == OSP_JSON_STRING) {
        char *decoded = malloc(node->end - node->start);
        size_t length = osp__json_decode(document, node, decoded);
        REQUIRE(length <= node->end - node->start - 2);
        char *escaped = malloc(6 * length + 1);
        REQUIRE(osp__json_escape(decoded, length, escaped) == osp__json_escape(decoded, length, NULL));
        free(escaped);
        free(decoded);
    } else if (node->type >= OSP_JSON_ARRAY) {
        for (uint32_t i = 0; i < node->count; i++) {
            uint32_t child = document->children[node->children + i];
            REQUIRE(child > index && child < node->next);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = memchr(data, '\n', size);
    size_t path_size = newline == NULL ? 0 : (size_t)(newline - data), text_size = size - path_size;
    char *path = exact_copy(data, path_size), *text = exact_copy(data + path_size, text_size);
    struct osp__json_error error;
    struct osp__json *document = osp__json_parse(text, text_size, &error);
    if (document == NULL) {
        REQUIRE(error.reason != NULL && error.offset <= text_size);
    } else {
        for (uint32_t i = 0; i < document->size; i++)
            check_node(document, i, text_size);
        bool malformed;
        const struct osp__json_node *found = osp__json_find(document, path, path_size, &malformed);
        REQUIRE(found == NULL || (!malformed && found - document->nodes < document->size));
    }
    osp__json_free(document);
    free(path);
    free(text);
    return 0;
}
