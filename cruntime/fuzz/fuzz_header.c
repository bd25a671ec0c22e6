/*
 * Fuzz target: header blocks, as a program may pass them or a parser has accepted them, and lists in values.
 */
#include <string.h>

#include "../src/http/framing.h"
#include "../src/http/header.h"
#include "fuzz.h"

/* Elements lie in the list, in order, without the white space around them. */
static void check_list(const char *text, size_t size)
{
    const char *cursor = text, *element, *last = text;
    size_t length;
    while (osp_http_list_next(&cursor, text + size, &element, &length)) {
        REQUIRE(length > 0 && element >= last && element + length <= text + size);
        REQUIRE(element[0] != ' ' && element[length - 1] != ' ' && element[0] != ',');
        last = element + length;
    }
}

/* The fields that frame a message: whatever they say, the answers are of the kinds that are promised. */
static void check_framing(const osp_http_field *field)
{
    int64_t length = -1;
    bool chunked = false;
    int fault = osp__http_content_length(field, &length);
    REQUIRE((fault == 0) == (length >= 0) && fault <= 0);
    fault = osp__http_transfer_encoding(field, &chunked);
    REQUIRE((fault == 0) == chunked && fault <= 0);
    REQUIRE(osp__http_connection_options(field) < 8);
}

/* What is called safe holds nothing that could start a line or end the head. */
static void check_headers(const char *text, size_t size)
{
    size_t position = 0;
    osp_http_field field;
    const char *cursor = text;
    while (osp_http_header_next(&cursor, text + size, &field)) {
        REQUIRE(osp_http_is_token(field.name, field.name_length) && field.value + field.value_length <= text + size);
        check_framing(&field);
    }
    if (!osp_http_headers_are_safe(text, size, &position)) {
        REQUIRE(position <= size);
        return;
    }
    REQUIRE(memchr(text, 0, size) == NULL && memmem(text, size, "\n\n", 2) == NULL &&
            memmem(text, size, "\r\n\r\n", 4) == NULL);
    for (size_t i = 0; i < size; i++)
        REQUIRE(text[i] != '\r' || (i + 1 < size && text[i + 1] == '\n'));
}

/* A line that splits gives back its parts. */
static void check_line(const char *text, size_t size)
{
    osp_http_field field;
    size_t position = 0;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' && text[i] != '\t')
            return;
    if (osp_http_field_split(text, size, &field, &position) != 0) {
        REQUIRE(position <= size);
        return;
    }
    REQUIRE(osp_http_is_token(field.name, field.name_length) && field.name == text);
    REQUIRE(field.value >= text && field.value + field.value_length <= text + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    char *text = exact_copy(data, size);
    check_headers(text, size);
    check_list(text, size);
    check_line(text, size);
    osp_http_header_has_token(text, size, "connection", "close");
    free(text);
    return 0;
}
