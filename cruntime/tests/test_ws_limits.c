/*
 * What limits are counted in: rates, and connections per address; and what is read out of the fields of extensions.
 */
#include "../src/ws/address_table.h"
#include "../src/ws/extension.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "protocol_test.h"

#define SECOND INT64_C(1000000000)

static void check_rate(void)
{
    osp__rate rate = {0};
    int64_t now = 5 * SECOND;
    int admitted = 0;
    for (int i = 0; i < 100; i++)
        admitted += osp__rate_admits(&rate, 1, 10, now);
    CHECK(admitted == 11, "a second's worth at once: %d", admitted);
    CHECK(!osp__rate_admits(&rate, 1, 10, now + SECOND / 20), "too soon");
    for (int i = 1; i <= 50; i++)
        CHECK(osp__rate_admits(&rate, 1, 10, now + i * SECOND / 10), "evenly, %d", i);
    CHECK(!osp__rate_admits(&rate, UINT64_MAX, 10, now + 100 * SECOND), "a number that would overflow");
    CHECK(!osp__rate_admits(&rate, 12, 10, now + 100 * SECOND) && osp__rate_admits(&rate, 11, 10, now + 100 * SECOND),
          "several at once");
}

static osp__address v4(const char *text)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    inet_pton(AF_INET, text, &name.sin_addr);
    return osp__address_of((struct sockaddr *)&name);
}

static osp__address v6(const char *text)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6};
    inet_pton(AF_INET6, text, &name.sin6_addr);
    return osp__address_of((struct sockaddr *)&name);
}

static bool same(osp__address a, osp__address b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void check_addresses(void)
{
    CHECK(same(v4("127.0.0.1"), v6("::ffff:127.0.0.1")) && !same(v4("127.0.0.1"), v4("127.0.0.2")), "IPv4");
    CHECK(same(v6("2001:db8::1"), v6("2001:db8::ffff:2")) && !same(v6("2001:db8::1"), v6("2001:db8:0:1::1")), "a /64");
    osp__address_table table = {.seed = 0x9e3779b97f4a7c15};
    osp__address one = v4("10.0.0.1"), two = v4("10.0.0.2");
    CHECK(osp__address_enter(&table, &one, 2, 0, 1) && osp__address_enter(&table, &one, 2, 0, 1), "two");
    CHECK(!osp__address_enter(&table, &one, 2, 0, 1) && osp__address_enter(&table, &two, 2, 0, 1), "and no third");
    osp__address_leave(&table, &one, 2);
    CHECK(osp__address_enter(&table, &one, 2, 0, 2), "room again");
    osp__address_leave(&table, &one, 3);
    osp__address_leave(&table, &one, 3);
    osp__address_leave(&table, &two, 3);
    CHECK(table.count == 0, "who has left is forgotten: %zu", table.count);
    for (int i = 0; i < 5000; i++) { /* many addresses, each known for as long as its rate needs */
        char text[32];
        snprintf(text, sizeof text, "10.1.%d.%d", i / 256, i % 256);
        osp__address address = v4(text);
        CHECK(osp__address_enter(&table, &address, 0, 1, SECOND) && osp__address_enter(&table, &address, 0, 1, SECOND),
              "%s", text);
        CHECK(!osp__address_enter(&table, &address, 0, 1, SECOND), "%s: too fast", text);
        osp__address_leave(&table, &address, SECOND);
        osp__address_leave(&table, &address, SECOND);
    }
    CHECK(table.count == 5000 && table.bucket_count >= 4096, "%zu", table.count);
    for (int i = 0; i < 5000; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.1.%d.%d", i / 256, i % 256);
        osp__address address = v4(text);
        CHECK(osp__address_enter(&table, &address, 0, 1, 10 * SECOND), "%s later", text);
        osp__address_leave(&table, &address, 20 * SECOND);
    }
    CHECK(table.count < 100, "%zu are left", table.count);
    osp__address_table_dispose(&table);
}

static const char *chosen(const char *value)
{
    static char text[OSP_WS_EXTENSION_TEXT + 64];
    char headers[512];
    snprintf(headers, sizeof headers, "Sec-WebSocket-Extensions: %s\r\n", value);
    osp_ws_deflate_parameters parameters;
    osp_ws_negotiation result = osp_ws_choose_extension(headers, strlen(headers), &parameters);
    if (result != OSP_WS_DEFLATE)
        return result == OSP_WS_NO_EXTENSION ? "none" : "bad";
    osp_ws_extension_answer(&parameters, text);
    return text;
}

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static void check_offers(void)
{
    static const char *const cases[][2] = {
        {"permessage-deflate", ANSWER},
        {"permessage-deflate; client_max_window_bits", ANSWER},
        {"permessage-deflate; client_max_window_bits=10; server_max_window_bits=15", ANSWER "; server_max_window_bits=15"},
        {"permessage-deflate;server_max_window_bits=\"10\"", ANSWER "; server_max_window_bits=10"},
        {"permessage-deflate; server_max_window_bits=8", ANSWER "; server_max_window_bits=8"},
        {"x, permessage-deflate; server_no_context_takeover ; client_no_context_takeover", ANSWER},
        {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9", ANSWER "; server_max_window_bits=9"},
        {"permessage-deflate; server_max_window_bits", "none"},
        {"permessage-deflate; server_max_window_bits=7", "none"},
        {"permessage-deflate; server_max_window_bits=16", "none"},
        {"permessage-deflate; server_max_window_bits=010", "none"},
        {"permessage-deflate; client_max_window_bits=99999999999999999999", "none"},
        {"permessage-deflate; server_no_context_takeover=1", "none"},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", "none"},
        {"permessage-bzip2", "none"},
        {"", "none"},
        {",,", "none"},
        {"permessage-deflate;", "bad"},
        {"permessage-deflate; =1", "bad"},
        {"permessage-deflate; a=", "bad"},
        {"permessage-deflate; a=\"b", "bad"},
        {"permessage-deflate; a=\"b c\"", "bad"},
        {"permessage deflate", "bad"},
        {"@", "bad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(strcmp(chosen(cases[i][0]), cases[i][1]) == 0, "%s: %s", cases[i][0], chosen(cases[i][0]));
}

static void check_answers(void)
{
    static const struct { const char *value; bool offered; osp_ws_negotiation result; int own; bool context; } cases[] = {
        {"permessage-deflate", true, OSP_WS_DEFLATE, 15, true},
        {"permessage-deflate; client_max_window_bits=9; client_no_context_takeover", true, OSP_WS_DEFLATE, 9, false},
        {"permessage-deflate; server_max_window_bits=8", true, OSP_WS_DEFLATE, 15, true},
        {"permessage-deflate", false, OSP_WS_BAD_EXTENSION, 0, false},
        {"permessage-deflate; client_max_window_bits", true, OSP_WS_BAD_EXTENSION, 0, false},
        {"permessage-deflate, permessage-deflate", true, OSP_WS_BAD_EXTENSION, 0, false},
        {"x-other", true, OSP_WS_BAD_EXTENSION, 0, false},
        {"permessage-deflate; x=1", true, OSP_WS_BAD_EXTENSION, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char headers[512];
        osp_ws_deflate_parameters parameters = {0};
        snprintf(headers, sizeof headers, "A: b\r\nsec-websocket-extensions: %s\r\n", cases[i].value);
        osp_ws_negotiation result = osp_ws_check_extension(headers, strlen(headers), cases[i].offered, &parameters);
        CHECK(result == cases[i].result, "%s: %d", cases[i].value, (int)result);
        if (result == OSP_WS_DEFLATE)
            CHECK(parameters.client_window_bits == cases[i].own && parameters.client_context == cases[i].context, "%s",
                  cases[i].value);
    }
    osp_ws_deflate_parameters parameters;
    CHECK(osp_ws_check_extension("A: b\r\n", 6, true, &parameters) == OSP_WS_NO_EXTENSION, "no answer");
}

int main(void)
{
    check_rate();
    check_addresses();
    check_offers();
    check_answers();
    return report();
}
