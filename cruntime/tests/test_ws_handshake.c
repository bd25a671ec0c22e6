/*
 * The WebSocket handshake: which keys are keys, which requests are refused and how, and the value of
 * Sec-WebSocket-Accept.
 */
#include "../src/crypto/crypto_load.h"
#include "../src/ws/handshake.h"

#include "protocol_test.h"

#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 1.3 */

static void check_keys(void)
{
    static const char *const good[] = {SAMPLE_KEY, "AAAAAAAAAAAAAAAAAAAAAA==", "/////////////////////w==",
                                       "x3JJHMbDL1EzLkh9GBhXDw=="};
    static const char *const bad[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ=",    /* 23 characters */
        "dGhlIHNhbXBsZSBub25jZQ===",  /* 25 */
        "dGhlIHNhbXBsZSBub25jZQAA",   /* 18 bytes */
        "dGhlIHNhbXBsZSBub25jZQA=",   /* 17 bytes */
        "dGhlIHNhbXBsZSBub25jZQ=A",   /* padding in the middle */
        "dGhlIHNhbXBsZSBub25jZR==",   /* stray bits: not canonical */
        "dGhlIHNhbXBsZSBub25j-Q==",   /* the URL alphabet */
        "dGhlIHNhbXBsZSBub25j Q==",   /* a space */
        "dGhlIHNhbXBsZSBub25j\nQ==",  /* a line feed */
        "dGhlIHNhbXBsZSBub25j\xc3Q==",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(osp_ws_key_is_valid(guarded(good[i], strlen(good[i])), strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!osp_ws_key_is_valid(guarded(bad[i], strlen(bad[i])), strlen(bad[i])), "%s", bad[i]);
    for (int value = 0; value < 256; value++) { /* each byte at each place */
        for (size_t at = 0; at < OSP_WS_KEY_LENGTH; at++) {
            char key[] = "AAAAAAAAAAAAAAAAAAAAAA==";
            key[at] = (char)value;
            bool digit = (value >= 'A' && value <= 'Z') || (value >= 'a' && value <= 'z') ||
                         (value >= '0' && value <= '9') || value == '+' || value == '/';
            bool last = value == 'A' || value == 'Q' || value == 'g' || value == 'w';
            bool valid = at >= 22 ? value == '=' : at == 21 ? last : digit;
            CHECK(osp_ws_key_is_valid(key, OSP_WS_KEY_LENGTH) == valid, "byte %d at %zu", value, at);
        }
    }
}

/* An accept value through OpenSSL. */
static void check_accept(void)
{
    const char *why = "";
    char accept[OSP_WS_ACCEPT_LENGTH + 1] = "";
    const osp_crypto *crypto = osp__crypto(NULL, &why);
    CHECK(crypto != NULL && osp_ws_accept_value(crypto, SAMPLE_KEY, accept), "%s", why);
    CHECK(strcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == 0, "RFC 6455 1.3: %s", accept);
}

typedef struct expectation {
    const char *rule;
    const char *line;
    const char *fields;
    int status; /* 0: accepted */
} expectation;

#define GET "GET /chat HTTP/1.1\r\n"
#define UP "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: " SAMPLE_KEY "\r\n"

static const expectation requests[] = {
    {"4.2.1: a request as browsers send it", GET, UP VERSION KEY, 0},
    {"4.2.1: tokens in lists and any case", GET, "Upgrade: h2c, WebSocket\r\nConnection: keep-alive, UPGRADE\r\n"
     VERSION KEY, 0},
    {"3: a query belongs to the resource", "GET /chat?room=1 HTTP/1.1\r\n", UP VERSION KEY, 0},
    {"another path", "GET /chats HTTP/1.1\r\n", UP VERSION KEY, 404},
    {"a plain request", GET, "", 426},
    {"4.2.1, 3: no Upgrade", GET, "Connection: Upgrade\r\n" VERSION KEY, 426},
    {"4.2.1, 4: Connection without the token", GET, "Upgrade: websocket\r\nConnection: keep-alive\r\n" VERSION KEY, 426},
    {"4.2.1, 3: upgrade to something else", GET, "Upgrade: h2c\r\nConnection: Upgrade\r\n" VERSION KEY, 426},
    {"4.2.1, 1: HTTP/1.0", "GET /chat HTTP/1.0\r\n", UP VERSION KEY, 426},
    {"4.2.1, 1: another method", "POST /chat HTTP/1.1\r\n", UP VERSION KEY, 405},
    {"a body", GET, UP VERSION KEY "Content-Length: 1\r\n", 400},
    {"a chunked body", GET, UP VERSION KEY "Transfer-Encoding: chunked\r\n", 400},
    {"4.2.1, 6: no version", GET, UP KEY, 400},
    {"4.2.1, 6: two versions", GET, UP VERSION VERSION KEY, 400},
    {"4.4: another version", GET, UP "Sec-WebSocket-Version: 8\r\n" KEY, 426},
    {"4.4: a version that only starts right", GET, UP "Sec-WebSocket-Version: 130\r\n" KEY, 426},
    {"4.2.1, 5: no key", GET, UP VERSION, 400},
    {"4.2.1, 5: two keys", GET, UP VERSION KEY KEY, 400},
    {"4.2.1, 5: short key", GET, UP VERSION "Sec-WebSocket-Key: dGhl\r\n", 400},
    {"4.2.1, 5: empty key", GET, UP VERSION "Sec-WebSocket-Key:\r\n", 400},
    {"an origin that is admitted", GET, UP VERSION KEY "Origin: https://a.example\r\n", 0},
    {"an origin, in capitals", GET, UP VERSION KEY "Origin: HTTPS://A.example\r\n", 0},
    {"a foreign origin", GET, UP VERSION KEY "Origin: https://evil.example\r\n", 403},
    {"an origin that only begins right", GET, UP VERSION KEY "Origin: https://a.example.evil\r\n", 403},
    {"two origins", GET, UP VERSION KEY "Origin: https://a.example\r\nOrigin: https://a.example\r\n", 403},
    {"no origin", GET, UP VERSION KEY, 403},
    {"subprotocol: the server's preference, chat.2", GET, UP VERSION KEY
     "Sec-WebSocket-Protocol: x, chat.1\r\nSec-WebSocket-Protocol: chat.2\r\n", 0},
    {"subprotocol: chat.1", GET, UP VERSION KEY "Sec-WebSocket-Protocol: chat.1,chat.3\r\n", 0},
    {"subprotocol: none in common", GET, UP VERSION KEY "Sec-WebSocket-Protocol: chat, CHAT.1\r\n", 0},
    {"9.1: extensions that break the grammar", GET, UP VERSION KEY "Sec-WebSocket-Extensions: a;;b\r\n", 400},
    {"9.1: an extension that nobody knows", GET, UP VERSION KEY "Sec-WebSocket-Extensions: x-y; z=\"1\"\r\n", 0},
};

static void check_request(const expectation *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "%sHost: a\r\n%s\r\n", expected->line, expected->fields);
    osp_http_request_parser parser;
    osp_http_request_parser_init(&parser);
    if (osp_http_request_parse(&parser, &osp_http_default_head_limits, text, strlen(text)) <= 0) {
        CHECK(false, "%s: not a request", expected->rule);
        return;
    }
    static const osp_ws_name origins[] = {{"https://a.example", 17}}, protocols[] = {{"chat.2", 6}, {"chat.1", 6}};
    osp_ws_admission admission = {.path = {"/chat", 5}, .subprotocols = protocols, .subprotocol_count = 2};
    if (strstr(expected->rule, "origin") != NULL) {
        admission.origins = origins;
        admission.origin_count = 1;
    }
    osp_ws_wish wish = {0};
    const osp_ws_refusal *refusal = osp_ws_check_request(&parser, text, &admission, &wish);
    CHECK((refusal != NULL ? refusal->status : 0) == expected->status, "%s: %d", expected->rule,
          refusal != NULL ? refusal->status : 0);
    if (refusal == NULL) {
        CHECK(wish.key != NULL && memcmp(wish.key, SAMPLE_KEY, 24) == 0, "%s: key", expected->rule);
        const char *protocol = wish.subprotocol != NULL ? wish.subprotocol->bytes : "none";
        CHECK(strstr(expected->rule, "subprotocol") == NULL || strstr(expected->rule, protocol) != NULL, "%s: %s",
              expected->rule, protocol);
    }
    if (expected->status == 426)
        CHECK(strstr(refusal->headers, "Sec-WebSocket-Version: 13\r\n") != NULL &&
                  strstr(refusal->headers, "Upgrade: websocket\r\n") != NULL,
              "%s", expected->rule);
}

int main(void)
{
    check_keys();
    check_accept();
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        check_request(&requests[i]);
    return report();
}
