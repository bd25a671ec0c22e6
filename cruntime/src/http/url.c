/*
 * See url.h. The validators are loops over the character classes of header.c.
 */
#include "url.h"

#include <arpa/inet.h>
#include <string.h>

#include "header.h"

/* Value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* True if text[at] is the '%' of a percent-encoded byte. */
static bool is_percent_encoded(const char *text, size_t length, size_t at)
{
    return length - at >= 3 && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

/* RFC 3986 3.2.2, without IPvFuture and zone identifiers. */
static bool ipv6_is_valid(const char *text, size_t length)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (length >= sizeof copy || memchr(text, 0, length) != NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool reg_name_is_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && is_percent_encoded(text, length, i))
            i += 2;
        else if (!osp__is(text[i], OSP_CLASS_REG_NAME))
            return false;
    }
    return length > 0;
}

/* Port of at most five significant digits, or -1. An empty one is `absent`. */
static int64_t parse_port(const char *text, size_t length, int64_t absent)
{
    if (length == 0)
        return absent;
    int64_t port = osp_http_parse_length(text, length);
    return port <= 65535 ? port : -1;
}

/*
 * Splits host [":" port]. Returns false if either is invalid. *port is -2 if no port, or an empty one, was
 * given.
 */
static bool split_authority(const char *text, size_t length, const char **host, size_t *host_length,
                            bool *ipv6, int64_t *port)
{
    size_t end; /* of the host, brackets included */
    *ipv6 = length > 0 && text[0] == '[';
    if (*ipv6) {
        const char *bracket = memchr(text, ']', length);
        if (bracket == NULL)
            return false;
        *host = text + 1;
        *host_length = (size_t)(bracket - text) - 1;
        end = (size_t)(bracket - text) + 1;
        if (!ipv6_is_valid(*host, *host_length))
            return false;
    } else {
        const char *colon = memchr(text, ':', length);
        end = colon != NULL ? (size_t)(colon - text) : length;
        *host = text;
        *host_length = end;
        if (!reg_name_is_valid(text, end))
            return false;
    }
    *port = -2;
    if (end == length)
        return true;
    if (text[end] != ':')
        return false;
    *port = parse_port(text + end + 1, length - end - 1, -2);
    return *port != -1;
}

bool osp_url_authority_is_valid(const char *text, size_t length)
{
    const char *host;
    size_t host_length;
    bool ipv6;
    int64_t port;
    return split_authority(text, length, &host, &host_length, &ipv6, &port);
}

size_t osp_url_path_length(const char *text, size_t length, size_t *refused)
{
    size_t at = 0;
    *refused = SIZE_MAX;
    for (; at < length && text[at] != '?'; at++) {
        if (!osp__is(text[at], OSP_CLASS_PATH) || (text[at] == '%' && !is_percent_encoded(text, length, at))) {
            *refused = at;
            return at;
        }
    }
    for (size_t query = at; query < length; query++) {
        if (!osp__is(text[query], OSP_CLASS_QUERY)) {
            *refused = query;
            return at;
        }
    }
    return at;
}

/* Length of `scheme` and "://" at the start of the text, or 0. */
static size_t scheme_length(const char *text, size_t length, const char *scheme)
{
    size_t scheme_end = strlen(scheme);
    if (length < scheme_end + 3 || !osp_http_equals_lower(text, scheme_end, scheme) ||
        memcmp(text + scheme_end, "://", 3) != 0)
        return 0;
    return scheme_end + 3;
}

size_t osp_url_http_scheme_length(const char *text, size_t length)
{
    size_t plain = scheme_length(text, length, "http");
    return plain != 0 ? plain : scheme_length(text, length, "https");
}

/* Reads the scheme. Returns the length of "scheme://", 0 if it is not one of ours. */
static size_t parse_scheme(osp_url *url, const char *text, size_t length)
{
    static const struct {
        const char *name;
        bool secure, websocket;
    } schemes[] = {{"http", false, false}, {"https", true, false}, {"ws", false, true}, {"wss", true, true}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t end = scheme_length(text, length, schemes[i].name);
        if (end != 0) {
            url->secure = schemes[i].secure;
            url->websocket = schemes[i].websocket;
            return end;
        }
    }
    return 0;
}

const char *osp_url_parse(osp_url *url, const char *text, size_t length)
{
    *url = (osp_url){0};
    size_t at = parse_scheme(url, text, length);
    if (at == 0)
        return "a URL starts with http://, https://, ws:// or wss://";
    size_t end = at;
    while (end < length && text[end] != '/' && text[end] != '?' && text[end] != '#')
        end++;
    url->authority = text + at;
    url->authority_length = end - at;
    if (memchr(url->authority, '@', url->authority_length) != NULL)
        return "user information is not allowed in a URL";
    if (url->authority_length == 0)
        return "the host is missing";
    int64_t port;
    if (!split_authority(url->authority, url->authority_length, &url->host, &url->host_length,
                         &url->host_is_ipv6, &port) ||
        port == 0)
        return "invalid host or port";
    url->port = (uint16_t)(port > 0 ? port : url->secure ? 443 : 80);
    url->path = text + end;
    url->path_length = length - end;
    size_t refused;
    osp_url_path_length(url->path, url->path_length, &refused);
    if (refused != SIZE_MAX)
        return url->path[refused] == '#' ? "a fragment is not allowed here" : "invalid character in the path";
    return NULL;
}

int64_t osp__url_decode(const char *text, size_t length, bool plus_is_space, char *out)
{
    size_t produced = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            if (!is_percent_encoded(text, length, i))
                return -1;
            c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[produced++] = c;
    }
    return (int64_t)produced;
}

size_t osp__url_encoded_length(const char *text, size_t length)
{
    size_t encoded = length;
    for (size_t i = 0; i < length; i++)
        encoded += osp__is(text[i], OSP_CLASS_UNRESERVED) ? 0 : 2;
    return encoded;
}

size_t osp__url_encode(const char *text, size_t length, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    char *start = out;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (osp__is(text[i], OSP_CLASS_UNRESERVED)) {
            *out++ = text[i];
        } else {
            *out++ = '%';
            *out++ = digits[c >> 4];
            *out++ = digits[c & 15];
        }
    }
    return (size_t)(out - start);
}

/* True if `encoded` decodes to `name`; compares as it decodes, so that nothing is copied. */
static bool decodes_to(const char *encoded, size_t length, const char *name, size_t name_length)
{
    size_t matched = 0;
    for (size_t i = 0; i < length; i++) {
        char c = encoded[i];
        if (c == '+')
            c = ' ';
        if (c == '%' && is_percent_encoded(encoded, length, i)) {
            c = (char)(hex_value(encoded[i + 1]) * 16 + hex_value(encoded[i + 2]));
            i += 2;
        }
        if (matched == name_length || name[matched++] != c)
            return false;
    }
    return matched == name_length;
}

bool osp__url_query_find(const char *query, size_t query_length, const char *name, size_t name_length,
                        const char **value, size_t *value_length)
{
    const char *end = query + query_length;
    for (const char *pair = query; pair < end;) {
        const char *ampersand = memchr(pair, '&', (size_t)(end - pair));
        const char *pair_end = ampersand != NULL ? ampersand : end;
        const char *equals = memchr(pair, '=', (size_t)(pair_end - pair));
        const char *key_end = equals != NULL ? equals : pair_end;
        if (pair < pair_end && decodes_to(pair, (size_t)(key_end - pair), name, name_length)) {
            *value = equals != NULL ? equals + 1 : pair_end;
            *value_length = (size_t)(pair_end - *value);
            return true;
        }
        pair = pair_end + 1;
    }
    return false;
}
