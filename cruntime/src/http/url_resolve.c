/*
 * See url_resolve.h. Numbers in comments are sections of RFC 3986.
 */
#include "url_resolve.h"

#include <string.h>

size_t osp_url_resolve_room(const osp_url *base, size_t reference_length)
{
    return sizeof "https://" + base->authority_length + 1 + base->path_length + reference_length;
}

static char *append(char *at, const char *bytes, size_t length)
{
    return length > 0 ? (char *)memcpy(at, bytes, length) + length : at;
}

static size_t length_until(const char *text, size_t length, const char *stops)
{
    size_t at = 0;
    while (at < length && (text[at] == 0 || strchr(stops, text[at]) == NULL))
        at++;
    return at;
}

/* 3.1: true if the text begins with a scheme and its colon. */
static bool has_scheme(const char *text, size_t length)
{
    size_t end = length_until(text, length, ":/?#");
    return end > 0 && end < length && text[end] == ':' && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z');
}

/* 5.2.4, in place, for a path that begins with '/'. Returns the new length. */
static size_t remove_dot_segments(char *path, size_t length)
{
    size_t in = 0, out = 0;
    while (in < length) {
        size_t end = in + 1 + length_until(path + in + 1, length - in - 1, "/"), size = end - in - 1;
        const char *segment = path + in + 1;
        bool dots = (size == 1 && segment[0] == '.') || (size == 2 && memcmp(segment, "..", 2) == 0);
        if (!dots) {
            memmove(path + out, path + in, end - in);
            out += end - in;
        } else {
            if (size == 2)
                while (out > 0 && path[--out] != '/') {
                }
            if (end == length)
                path[out++] = '/';
        }
        in = end;
    }
    return out;
}

/* Writes what the reference lacks: scheme, authority, and the part of the base's path that it is relative to. */
static char *append_inherited(char *at, const osp_url *base, const char *reference, size_t length)
{
    bool names_host = length >= 2 && memcmp(reference, "//", 2) == 0;
    size_t path = length_until(base->path, base->path_length, "?#");
    at = base->secure ? append(at, "https:", 6) : append(at, "http:", 5);
    if (names_host)
        return at;
    at = append(at, "//", 2);
    at = append(at, base->authority, base->authority_length);
    if (length > 0 && reference[0] == '/')
        return at;
    if (length == 0) /* the base itself, with its query */
        return append(at, base->path, length_until(base->path, base->path_length, "#"));
    if (reference[0] == '?')
        return append(at, base->path, path);
    while (path > 0 && base->path[path - 1] != '/') /* 5.2.3 */
        path--;
    return path > 0 ? append(at, base->path, path) : append(at, "/", 1);
}

size_t osp_url_resolve(const osp_url *base, const char *reference, size_t length, char *out)
{
    length = length_until(reference, length, "#");
    char *end = has_scheme(reference, length) ? out : append_inherited(out, base, reference, length);
    end = append(end, reference, length);
    size_t total = (size_t)(end - out), scheme = osp_url_http_scheme_length(out, total);
    size_t path = scheme + length_until(out + scheme, total - scheme, "/?");
    if (scheme == 0 || path == total || out[path] != '/')
        return total;
    size_t query = path + length_until(out + path, total - path, "?");
    size_t kept = path + remove_dot_segments(out + path, query - path);
    memmove(out + kept, out + query, total - query);
    return kept + (total - query);
}
