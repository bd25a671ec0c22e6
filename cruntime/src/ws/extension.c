/*
 * See extension.h. Section numbers are of RFC 7692 unless another RFC is named.
 */
#include "extension.h"

#include <stdio.h>
#include <string.h>

#include "../http/header.h"

/* ---- the grammar: RFC 6455 section 9.1 ---- */

struct cursor {
    const char *at, *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

static bool take(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

struct text {
    const char *bytes;
    size_t length;
};

static bool take_token(struct cursor *cursor, struct text *token)
{
    skip_space(cursor);
    token->bytes = cursor->at;
    while (cursor->at < cursor->end && osp__is(*cursor->at, OSP_CLASS_TOKEN))
        cursor->at++;
    token->length = (size_t)(cursor->at - token->bytes);
    return token->length > 0;
}

/* A value may be quoted, but what is quoted has to be a token. */
static bool take_value(struct cursor *cursor, struct text *value)
{
    if (!take(cursor, '"'))
        return take_token(cursor, value);
    value->bytes = cursor->at;
    while (cursor->at < cursor->end && osp__is(*cursor->at, OSP_CLASS_TOKEN))
        cursor->at++;
    value->length = (size_t)(cursor->at - value->bytes);
    return value->length > 0 && cursor->at < cursor->end && *cursor->at++ == '"';
}

static bool is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

/* ---- one offer or answer ---- */

/* What a parameter was given as; NONE: without a value. */
enum { ABSENT = 0, NONE = 1 };

struct element {
    bool is_deflate, acceptable; /* acceptable: known parameters, each once, with values they may have */
    bool server_no_context, client_no_context;
    uint8_t server_bits, client_bits; /* ABSENT, NONE or 8 to 15 */
};

/* 7.1.2: a decimal from 8 to 15 without leading zeros; 0 otherwise. */
static uint8_t window_bits(struct text value)
{
    if (value.length == 1 && (value.bytes[0] == '8' || value.bytes[0] == '9'))
        return (uint8_t)(value.bytes[0] - '0');
    if (value.length == 2 && value.bytes[0] == '1' && value.bytes[1] >= '0' && value.bytes[1] <= '5')
        return (uint8_t)(10 + value.bytes[1] - '0');
    return 0;
}

static bool set_flag(bool *flag, bool has_value)
{
    bool fresh = !*flag && !has_value;
    *flag = true;
    return fresh;
}

static bool set_bits(uint8_t *bits, bool has_value, struct text value, bool may_lack)
{
    if (*bits != ABSENT)
        return false;
    *bits = has_value ? window_bits(value) : NONE;
    return *bits != ABSENT && (has_value || may_lack);
}

static bool set_parameter(struct element *element, struct text name, bool has_value, struct text value)
{
    if (is(name, "server_no_context_takeover"))
        return set_flag(&element->server_no_context, has_value);
    if (is(name, "client_no_context_takeover"))
        return set_flag(&element->client_no_context, has_value);
    if (is(name, "server_max_window_bits"))
        return set_bits(&element->server_bits, has_value, value, false);
    return is(name, "client_max_window_bits") && set_bits(&element->client_bits, has_value, value, true);
}

/* Reads `token *( ";" parameter )`. False if it breaks the grammar. */
static bool take_element(struct cursor *cursor, struct element *element)
{
    struct text name, value = {NULL, 0};
    *element = (struct element){.acceptable = true};
    if (!take_token(cursor, &name))
        return false;
    element->is_deflate = is(name, "permessage-deflate");
    while (take(cursor, ';')) {
        if (!take_token(cursor, &name))
            return false;
        bool has_value = take(cursor, '=');
        if (has_value && !take_value(cursor, &value))
            return false;
        if (element->is_deflate && !set_parameter(element, name, has_value, value))
            element->acceptable = false;
    }
    return true;
}

/* Steps through the elements of all fields. 1: one more; 0: no more; -1: the grammar is broken. */
struct walk {
    const char *headers, *end;
    struct cursor field;
};

static int next_element(struct walk *walk, struct element *element)
{
    static const char name[] = "Sec-WebSocket-Extensions";
    osp_http_field field;
    for (;;) {
        while (take(&walk->field, ',')) { /* RFC 9110 5.6.1: empty elements are skipped */
        }
        skip_space(&walk->field);
        if (walk->field.at < walk->field.end)
            break;
        do {
            if (!osp_http_header_next(&walk->headers, walk->end, &field))
                return 0;
        } while (!osp_http_names_equal(field.name, field.name_length, name, sizeof name - 1));
        walk->field = (struct cursor){field.value, field.value + field.value_length};
    }
    if (!take_element(&walk->field, element))
        return -1;
    skip_space(&walk->field);
    return walk->field.at == walk->field.end || *walk->field.at == ',' ? 1 : -1;
}

static uint8_t bits_or_all(uint8_t bits)
{
    return bits > NONE ? bits : 15;
}

osp_ws_negotiation osp_ws_choose_extension(const char *headers, size_t length, osp_ws_deflate_parameters *parameters)
{
    struct walk walk = {headers, headers + length, {NULL, NULL}};
    struct element element;
    osp_ws_negotiation chosen = OSP_WS_NO_EXTENSION;
    int found;
    while ((found = next_element(&walk, &element)) > 0) {
        if (!element.is_deflate || !element.acceptable || chosen != OSP_WS_NO_EXTENSION)
            continue;
        chosen = OSP_WS_DEFLATE;
        *parameters = (osp_ws_deflate_parameters){.server_window_bits = bits_or_all(element.server_bits),
                                                  .client_window_bits = 15, /* we do not ask for less */
                                                  .server_window_asked = element.server_bits != ABSENT};
    }
    return found < 0 ? OSP_WS_BAD_EXTENSION : chosen;
}

void osp_ws_extension_answer(const osp_ws_deflate_parameters *parameters, char text[OSP_WS_EXTENSION_TEXT])
{
    char bits[32] = "";
    if (parameters->server_window_asked) /* 7.1.2.1: then it has to be answered */
        snprintf(bits, sizeof bits, "; server_max_window_bits=%u", parameters->server_window_bits);
    snprintf(text, OSP_WS_EXTENSION_TEXT,
             "permessage-deflate; server_no_context_takeover; client_no_context_takeover%s", bits);
}

osp_ws_negotiation osp_ws_check_extension(const char *headers, size_t length, bool offered,
                                          osp_ws_deflate_parameters *parameters)
{
    struct walk walk = {headers, headers + length, {NULL, NULL}};
    struct element element;
    int found = next_element(&walk, &element);
    if (found == 0)
        return OSP_WS_NO_EXTENSION;
    bool good = found > 0 && offered && element.is_deflate && element.acceptable && element.client_bits != NONE;
    struct element other;
    if (!good || next_element(&walk, &other) != 0)
        return OSP_WS_BAD_EXTENSION;
    *parameters = (osp_ws_deflate_parameters){.server_window_bits = bits_or_all(element.server_bits),
                                              .client_window_bits = bits_or_all(element.client_bits),
                                              .server_context = !element.server_no_context,
                                              .client_context = !element.client_no_context};
    return OSP_WS_DEFLATE;
}
