/*
 * See client_handshake.h. Keys, and requests that may hold credentials, are wiped after use.
 */
#include "client_handshake.h"

#include <errno.h>
#include <string.h>

#include "../crypto/crypto_load.h"
#include "../deflate/deflate_load.h"
#include "../http/client_exchange.h"
#include "../http/header.h"
#include "../http/url.h"
#include "../mem/string.h"
#include "../sys/sys.h"
#include "handshake.h"

#define CONNECT_MS INT64_C(10000)

enum { HEADER_BYTES = 64 << 10 }; /* of the answer */

struct handshake {
    const osp_crypto *crypto;
    const osp__ws_client_options *options;
    char key[OSP_WS_KEY_LENGTH + 1], accept[OSP_WS_ACCEPT_LENGTH + 1];
    bool done;
    osp_ws_negotiation extension;
    osp_ws_deflate_parameters parameters;
};

static void make_key(void *argument)
{
    struct handshake *handshake = argument;
    uint8_t nonce[16];
    handshake->done = handshake->crypto->random(nonce, sizeof nonce) &&
                      handshake->crypto->base64(nonce, sizeof nonce, handshake->key) == OSP_WS_KEY_LENGTH &&
                      osp_ws_accept_value(handshake->crypto, handshake->key, handshake->accept);
    handshake->crypto->wipe(nonce, sizeof nonce);
}

static int64_t subprotocol_count(const osp__ws_client_options *options)
{
    return options->subprotocols != NULL ? osp_list_length(NULL, options->subprotocols) : 0;
}

static char *subprotocol_at(const osp__ws_client_options *options, int64_t index)
{
    return (char *)(uintptr_t)osp_list_get_unchecked(NULL, options->subprotocols, index); /* owned */
}

/* 4.1, the last point: one that was offered, or none. */
static bool subprotocol_is_right(const osp__ws_client_options *options, const char *headers, size_t length)
{
    static const char name[] = "Sec-WebSocket-Protocol";
    osp_http_field field;
    size_t lines = osp_http_header_find(headers, length, name, sizeof name - 1, &field);
    if (lines != 1)
        return lines == 0;
    bool found = false;
    for (int64_t i = 0; !found && i < subprotocol_count(options); i++) {
        char *offered = subprotocol_at(options, i);
        found = osp__length(offered) == field.value_length && memcmp(offered, field.value, field.value_length) == 0;
        osp_drop(offered);
    }
    return found;
}

/* NULL if the response accepts, else what is wrong with it. */
static const char *judge(const osp__exchange *exchange, struct handshake *handshake)
{
    osp_http_field field;
    const char *headers = exchange->headers;
    size_t length = exchange->headers_length;
    if (!osp_http_header_has_token(headers, length, "Upgrade", "websocket"))
        return "the response has no Upgrade: websocket";
    if (!osp_http_header_has_token(headers, length, "Connection", "upgrade"))
        return "the response has no Connection: Upgrade";
    static const char accept[] = "Sec-WebSocket-Accept";
    if (osp_http_header_find(headers, length, accept, sizeof accept - 1, &field) != 1 ||
        field.value_length != OSP_WS_ACCEPT_LENGTH ||
        !handshake->crypto->equal(field.value, handshake->accept, OSP_WS_ACCEPT_LENGTH))
        return "the response does not answer the key";
    handshake->extension =
        osp_ws_check_extension(headers, length, handshake->options->deflate, &handshake->parameters);
    if (handshake->extension == OSP_WS_BAD_EXTENSION)
        return "the server chose an extension that was not offered";
    if (!subprotocol_is_right(handshake->options, headers, length))
        return "the server chose a subprotocol that was not offered";
    return NULL;
}

static bool check_response(const osp__exchange *exchange, struct handshake *handshake, char **error)
{
    const char *wrong = judge(exchange, handshake);
    if (exchange->head.status != 101)
        osp__set_error(error, "websocket: %s: the server answered %d instead of 101", exchange->authority,
                       exchange->head.status);
    else if (wrong != NULL)
        osp__set_error(error, "websocket: %s: %s", exchange->authority, wrong);
    else if (exchange->end - exchange->start > OSP_WS_INPUT_BYTES)
        osp__set_error(error, "websocket: %s: too much behind the handshake", exchange->authority);
    else
        return true;
    return false;
}

/* ---- the request ---- */

static bool subprotocols_are_right(const osp__ws_client_options *options, size_t *room, char **error)
{
    for (int64_t i = 0; i < subprotocol_count(options); i++) {
        char *name = subprotocol_at(options, i);
        bool right = osp_http_is_token(name, osp__length(name));
        *room += osp__length(name) + 2;
        struct osp__excerpt shown;
        if (!right)
            osp__set_error(error, "websocket: '%s' is not the name of a subprotocol", osp__excerpt(&shown, name));
        osp_drop(name);
        if (!right)
            return false;
    }
    return true;
}

/* Fields that are the handshake's own, or would frame a body. */
static bool is_reserved(const osp_http_field *field)
{
    static const char *const names[] = {"host",
                                        "upgrade",
                                        "connection",
                                        "content-length",
                                        "transfer-encoding",
                                        "sec-websocket-key",
                                        "sec-websocket-version",
                                        "sec-websocket-protocol",
                                        "sec-websocket-extensions"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (osp_http_equals_lower(field->name, field->name_length, names[i]))
            return true;
    return false;
}

static bool headers_are_right(const char *headers, size_t *room, char **error)
{
    size_t position, length = osp__length(headers);
    const char *cursor = headers;
    osp_http_field field;
    *room += 2 * length; /* ":" and LF may become ": " and CRLF */
    if (!osp_http_headers_are_safe(headers, length, &position)) {
        osp__set_error(error, "websocket: headers: not a list of \"Name: value\" lines (byte %zu)", position);
        return false;
    }
    while (osp_http_header_next(&cursor, headers + length, &field)) {
        if (!is_reserved(&field))
            continue;
        osp__set_error(error, "websocket: headers: %.*s is set by the client itself", (int)field.name_length, field.name);
        return false;
    }
    return true;
}

static char *add(char *at, const char *bytes, size_t length)
{
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

static char *add_text(char *at, const char *text)
{
    return add(at, text, strlen(text));
}

static char *add_options(char *at, const osp__ws_client_options *options)
{
    osp_http_field field;
    if (options->deflate)
        at = add_text(at, "Sec-WebSocket-Extensions: " OSP_WS_EXTENSION_OFFER "\r\n");
    for (int64_t i = 0, count = subprotocol_count(options); i < count; i++) {
        char *name = subprotocol_at(options, i);
        at = add_text(at, i == 0 ? "Sec-WebSocket-Protocol: " : ", ");
        at = add(at, name, osp__length(name));
        at = add_text(at, i + 1 == count ? "\r\n" : "");
        osp_drop(name);
    }
    const char *cursor = options->headers, *end = cursor != NULL ? cursor + osp__length(cursor) : NULL;
    while (cursor != NULL && osp_http_header_next(&cursor, end, &field)) {
        at = add(at, field.name, field.name_length);
        at = add_text(at, ": ");
        at = add(at, field.value, field.value_length);
        at = add_text(at, "\r\n");
    }
    return at;
}

/* The request, allocated, with its length; NULL with *error set. */
static char *compose(const osp_url *url, const struct handshake *handshake, size_t *length, char **error)
{
    const osp__ws_client_options *options = handshake->options;
    size_t room = 512 + url->path_length + url->authority_length;
    if (!subprotocols_are_right(options, &room, error) ||
        (options->headers != NULL && !headers_are_right(options->headers, &room, error)))
        return NULL;
    char *request = osp__alloc(room), *at = request;
    if (request == NULL) {
        osp__set_error(error, "websocket: out of memory");
        return NULL;
    }
    at = add_text(at, url->path_length == 0 || url->path[0] != '/' ? "GET /" : "GET ");
    at = add(at, url->path, url->path_length);
    at = add_text(at, " HTTP/1.1\r\nHost: ");
    at = add(at, url->authority, url->authority_length);
    at = add_text(at, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    at = add_text(at, handshake->key);
    at = add_text(at, "\r\n");
    at = add_options(at, options);
    at = add_text(at, "\r\n");
    *length = (size_t)(at - request);
    return request;
}

/* ---- the exchange ---- */

/* The connection, and what was read behind the handshake, become the WebSocket's. */
static void take_over(osp__ws_connection *connection, osp__exchange *exchange, const struct handshake *handshake,
                      const osp_deflate *deflate)
{
    connection->stream = exchange->connection;
    connection->end = exchange->end - exchange->start;
    memcpy(connection->input, exchange->buffer + exchange->start, connection->end);
    exchange->connection = NULL;
    if (handshake->extension != OSP_WS_DEFLATE)
        return;
    const osp_ws_deflate_parameters *agreed = &handshake->parameters;
    osp_ws_reader_inflate(&connection->reader, deflate, agreed->server_context);
    if (agreed->client_window_bits > 8)
        connection->compression = (osp_ws_deflate_use){deflate, agreed->client_window_bits, agreed->client_context};
}

/* Sends the request and looks at the answer. */
static bool shake_hands(osp_ctx *ctx, osp__ws_connection *connection, const osp_url *url, const osp__endpoint *endpoint,
                        struct handshake *handshake, const osp_deflate *deflate, char **error)
{
    int64_t deadline = osp__now_ns() + CONNECT_MS * 1000000;
    osp__exchange exchange = {
        .authority = endpoint->authority, .timeout_ms = CONNECT_MS, .max_header_bytes = HEADER_BYTES};
    size_t length;
    char *request = compose(url, handshake, &length, error);
    if (request == NULL)
        return false;
    exchange.connection = osp__client_connection_open(ctx, endpoint, deadline, CONNECT_MS, error);
    bool accepted = exchange.connection != NULL &&
                    osp__exchange_begin(ctx, &exchange, request, length, "", 0, false, deadline, error) ==
                        OSP__EXCHANGE_DONE &&
                    check_response(&exchange, handshake, error);
    handshake->crypto->wipe(request, length); /* it may hold credentials */
    osp__release(request);
    if (accepted)
        take_over(connection, &exchange, handshake, deflate);
    osp__exchange_dispose(ctx, &exchange);
    return accepted;
}

/* Connects and shakes hands. */
static bool open_endpoint(osp_ctx *ctx, osp__ws_connection *connection, const osp_url *url, const osp__endpoint *endpoint,
                        const osp__ws_client_options *options, char **error)
{
    const char *why = "no random numbers";
    const osp_deflate *deflate = options->deflate ? osp__deflate(ctx, &why) : NULL;
    struct handshake handshake = {.crypto = osp__crypto(ctx, &why), .options = options};
    if (handshake.crypto != NULL && (deflate != NULL || !options->deflate))
        osp_call_on_system_stack(ctx, make_key, &handshake);
    if (!handshake.done) {
        osp__set_error(error, "websocket: %s", why);
        return false;
    }
    bool opened = shake_hands(ctx, connection, url, endpoint, &handshake, deflate, error);
    handshake.crypto->wipe(handshake.key, sizeof handshake.key);
    handshake.crypto->wipe(handshake.accept, sizeof handshake.accept);
    return opened;
}

bool osp__ws_client_open(osp_ctx *ctx, osp__ws_connection *connection, const char *text,
                         const osp__ws_client_options *options, char **error)
{
    osp_url url;
    char *host, *authority;
    const char *wrong = osp_url_parse(&url, text, osp__length(text));
    if (wrong == NULL && !url.websocket)
        wrong = "expected ws:// or wss://";
    if (wrong != NULL) {
        osp__set_error(error, "websocket: invalid URL: %s", wrong);
        return false;
    }
    host = osp_string_new(url.host, url.host_length);
    authority = osp_string_new(url.authority, url.authority_length);
    bool opened = false;
    if (host == NULL || authority == NULL) {
        osp__set_error(error, "websocket: out of memory");
    } else {
        osp__endpoint endpoint = {host, authority, url.port, url.secure, url.host_is_ipv6};
        opened = open_endpoint(ctx, connection, &url, &endpoint, options, error);
    }
    osp_drop(host);
    osp_drop(authority);
    return opened;
}
