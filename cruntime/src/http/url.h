/*
 * URLs as HTTP uses them (RFC 3986, RFC 9110 section 4.2): validating authorities and paths, taking an http
 * or https URL apart, percent-encoding.
 *
 * Pure functions over bytes; nothing here resolves a name, allocates, or normalises a path (a handler gets
 * its target as it was sent).
 */
#ifndef OSP_HTTP_URL_H
#define OSP_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True if text[0 .. length) is uri-host [":" port] with a host that is not empty: a registered name, an IPv4
 * address, or an IPv6 address in brackets. No user information. The port may be empty and is at most 65535.
 */
bool osp_url_authority_is_valid(const char *text, size_t length);

/*
 * Length of the path in text[0 .. length) (up to '?' or the end). Checks path and query: *refused is
 * SIZE_MAX if they are valid, otherwise the offset of the first byte that is not. '%' must begin a
 * percent-encoded byte in the path; a query is left to whoever decodes it, as browsers send stray ones.
 */
size_t osp_url_path_length(const char *text, size_t length, size_t *refused);

/* Length of "http://" or "https://" (any case) at the start of text[0 .. length); 0 if it is neither. */
size_t osp_url_http_scheme_length(const char *text, size_t length);

/* An http, https, ws or wss URL taken apart; pointers into its text. */
typedef struct osp_url {
    bool secure;      /* https, wss */
    bool websocket;   /* ws, wss */
    bool host_is_ipv6; /* an IPv6 literal; `host` is then without its brackets */
    const char *host;
    size_t host_length;
    const char *authority; /* host [":" port] as written: what the Host field carries */
    size_t authority_length;
    uint16_t port; /* as written, or the scheme's default: 80, 443 */
    const char *path; /* path and query; length 0 if the URL ends after its authority */
    size_t path_length;
} osp_url;

/*
 * Takes text[0 .. length) apart. Returns NULL, or a static sentence that says what is wrong with it
 * ("user information is not allowed"). Port 0 and fragments are refused.
 */
const char *osp_url_parse(osp_url *url, const char *text, size_t length);

/*
 * Decodes %XX into `out` (at least `length` bytes; it may be `text`). With plus_is_space, "+" gives a space
 * as in form data. Returns the decoded length, or -1 if a '%' does not begin a percent-encoded byte.
 */
int64_t osp__url_decode(const char *text, size_t length, bool plus_is_space, char *out);

/*
 * Encodes every byte that is not unreserved (RFC 3986 2.3) as %XX into `out`, at least osp__url_encoded_length()
 * bytes. Returns the encoded length.
 */
size_t osp__url_encoded_length(const char *text, size_t length);
size_t osp__url_encode(const char *text, size_t length, char *out);

/*
 * Looks up `name` among the pairs of a query, name=value joined by '&' (no leading '?'). Names are compared
 * after decoding. Returns true with the first value, still encoded, in *value (empty if the pair has no '=').
 */
bool osp__url_query_find(const char *query, size_t query_length, const char *name, size_t name_length,
                        const char **value, size_t *value_length);

#endif
