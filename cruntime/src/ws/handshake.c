/*
 * See handshake.h. Section numbers are of RFC 6455.
 */
#include "handshake.h"

#include <string.h>

#include "../http/header.h"

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
        426, "this address speaks WebSocket only", "Upgrade: websocket\r\nConnection: Upgrade\r\n"};
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
        426, "only version 13 of the WebSocket protocol is supported",
        "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"};
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

const osp_ws_refusal *osp_ws_check_request(const osp_http_request_parser *parser, const char *buffer,
                                           const char *path, size_t path_length, const char **key)
{
    static const osp_ws_refusal not_found = {404, "not found", ""};
    size_t sent_length;
    const char *sent = osp__http_request_path(parser, buffer, &sent_length);
    if (sent_length != path_length || memcmp(sent, path, path_length) != 0)
        return &not_found;
    const osp_ws_refusal *refusal = check_upgrade(parser, buffer);
    return refusal != NULL ? refusal : check_key_and_version(parser, buffer, key);
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
