/*
 * See handshake.h. Section numbers are of RFC 6455.
 */
#include "handshake.h"

#include <string.h>

#include "../http/header.h"

/* RFC 9110 section 15.5.22, and 4.4 for the version. */
#define OFFER "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"

/* Value of a base64 digit, or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool osp_ws_key_is_valid(const char *key, size_t length)
{
    if (length != OSP_WS_KEY_LENGTH || key[22] != '=' || key[23] != '=')
        return false;
    for (int i = 0; i < 22; i++)
        if (digit_value(key[i]) < 0)
            return false;
    /* 22 digits hold 132 bits for 128: the last four must be zero, or two keys would mean the same bytes. */
    return (digit_value(key[21]) & 15) == 0;
}

/* The field `name` if exactly one line carries it. */
static bool find_single(const osp_http_request_parser *parser, const char *buffer, const char *name,
                        osp_http_field *field)
{
    return osp_http_header_find(buffer + parser->headers.start, parser->headers.length, name, strlen(name),
                                field) == 1;
}

static bool has_token(const osp_http_request_parser *parser, const char *buffer, const char *name,
                      const char *token)
{
    return osp_http_header_has_token(buffer + parser->headers.start, parser->headers.length, name, token);
}

/* 4.2.1, points 1 to 4: is this a request to speak WebSocket at all? */
static const osp_ws_refusal *check_upgrade(const osp_http_request_parser *parser, const char *buffer)
{
    static const osp_ws_refusal plain = {
        426, "this address speaks WebSocket only", OFFER};
    static const osp_ws_refusal method = {405, "a WebSocket handshake is a GET request", "Allow: GET\r\n"};
    static const osp_ws_refusal body = {400, "a WebSocket handshake has no body", ""};
    if (!parser->upgrade || !has_token(parser, buffer, "Upgrade", "websocket"))
        return &plain;
    if (parser->method_index != OSP_HTTP_GET)
        return &method;
    if (parser->chunked || parser->content_length > 0)
        return &body;
    return NULL;
}

/* 4.2.1, points 5 and 6, and 4.2.2, point 4. */
static const osp_ws_refusal *check_key_and_version(const osp_http_request_parser *parser, const char *buffer,
                                                   const char **key)
{
    static const osp_ws_refusal bad_version = {400, "Sec-WebSocket-Version is missing or repeated", ""};
    static const osp_ws_refusal other_version = {
        426, "only version 13 of the WebSocket protocol is supported", OFFER};
    static const osp_ws_refusal bad_key = {400, "Sec-WebSocket-Key is missing, repeated or invalid", ""};
    osp_http_field version, sent_key;
    if (!find_single(parser, buffer, "Sec-WebSocket-Version", &version))
        return &bad_version;
    if (version.value_length != 2 || memcmp(version.value, "13", 2) != 0)
        return &other_version;
    if (!find_single(parser, buffer, "Sec-WebSocket-Key", &sent_key) ||
        !osp_ws_key_is_valid(sent_key.value, sent_key.value_length))
        return &bad_key;
    *key = sent_key.value;
    return NULL;
}

/* 10.2. The field is the browser's word for whose page this is; who is no browser can write what it likes. */
static bool origin_is_admitted(const osp_http_request_parser *parser, const char *buffer,
                               const osp_ws_admission *admission)
{
    static const char name[] = "Origin";
    osp_http_field origin = {.value = "", .value_length = 0};
    size_t lines = osp_http_header_find(buffer + parser->headers.start, parser->headers.length, name, sizeof name - 1,
                                        &origin);
    if (admission->origin_count == 0)
        return true;
    for (size_t i = 0; lines < 2 && i < admission->origin_count; i++)
        if (osp_http_names_equal(origin.value, origin.value_length, admission->origins[i].bytes,
                                 admission->origins[i].length))
            return true;
    return false;
}

/* Whether the client's list, in one field or several, holds this name. */
static bool is_offered(const osp_http_request_parser *parser, const char *buffer, const osp_ws_name *wanted)
{
    static const char name[] = "Sec-WebSocket-Protocol";
    const char *cursor = buffer + parser->headers.start, *end = cursor + parser->headers.length, *element;
    osp_http_field field;
    while (osp_http_header_next(&cursor, end, &field)) {
        if (!osp_http_names_equal(field.name, field.name_length, name, sizeof name - 1))
            continue;
        const char *list = field.value, *list_end = list + field.value_length;
        for (size_t length; osp_http_list_next(&list, list_end, &element, &length);)
            if (length == wanted->length && memcmp(element, wanted->bytes, length) == 0)
                return true;
    }
    return false;
}

/* 4.2.2, point 5: without a common one the connection speaks none, and the client decides whether that will do. */
static const osp_ws_name *choose_subprotocol(const osp_http_request_parser *parser, const char *buffer,
                                             const osp_ws_admission *admission)
{
    for (size_t i = 0; i < admission->subprotocol_count; i++)
        if (is_offered(parser, buffer, &admission->subprotocols[i]))
            return &admission->subprotocols[i];
    return NULL;
}

const osp_ws_refusal *osp_ws_check_request(const osp_http_request_parser *parser, const char *buffer,
                                           const osp_ws_admission *admission, osp_ws_wish *wish)
{
    static const osp_ws_refusal not_found = {404, "not found", ""};
    static const osp_ws_refusal foreign = {403, "this origin is not admitted", ""};
    static const osp_ws_refusal bad_extension = {400, "Sec-WebSocket-Extensions is invalid", ""};
    size_t sent_length;
    const char *sent = osp__http_request_path(parser, buffer, &sent_length);
    if (sent_length != admission->path.length || memcmp(sent, admission->path.bytes, sent_length) != 0)
        return &not_found;
    const osp_ws_refusal *refusal = check_upgrade(parser, buffer);
    if (refusal == NULL)
        refusal = check_key_and_version(parser, buffer, &wish->key);
    if (refusal != NULL)
        return refusal;
    if (!origin_is_admitted(parser, buffer, admission))
        return &foreign;
    osp_ws_negotiation extension = osp_ws_choose_extension(buffer + parser->headers.start, parser->headers.length,
                                                           &wish->parameters);
    if (extension == OSP_WS_BAD_EXTENSION)
        return &bad_extension;
    wish->deflate = admission->deflate && extension == OSP_WS_DEFLATE;
    wish->subprotocol = choose_subprotocol(parser, buffer, admission);
    return NULL;
}

bool osp_ws_accept_value(const osp_crypto *crypto, const char key[OSP_WS_KEY_LENGTH],
                         char accept[OSP_WS_ACCEPT_LENGTH + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* 1.3 */
    char text[OSP_WS_KEY_LENGTH + sizeof guid - 1];
    uint8_t digest[OSP_SHA1_BYTES];
    memcpy(text, key, OSP_WS_KEY_LENGTH);
    memcpy(text + OSP_WS_KEY_LENGTH, guid, sizeof guid - 1);
    bool done = crypto->sha1(text, sizeof text, digest) &&
                crypto->base64(digest, sizeof digest, accept) == OSP_WS_ACCEPT_LENGTH;
    crypto->wipe(text, sizeof text);
    crypto->wipe(digest, sizeof digest);
    return done;
}
