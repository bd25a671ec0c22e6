/*
 * See client_origin.h.
 */
#include "client_origin.h"

#include <string.h>

#include "../sys/sys.h"
#include "header.h"

static char *copy_text(const char *bytes, size_t length)
{
    char *copy = osp__alloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, bytes, length);
        copy[length] = 0;
    }
    return copy;
}

bool osp__origin_init(osp__origin *origin, const osp_url *url)
{
    origin->host = copy_text(url->host, url->host_length);
    origin->authority = copy_text(url->authority, url->authority_length);
    origin->endpoint = (osp__endpoint){.host = origin->host,
                                       .authority = origin->authority,
                                       .port = url->port,
                                       .secure = url->secure,
                                       .host_is_ipv6 = url->host_is_ipv6};
    if (origin->host != NULL && origin->authority != NULL)
        return true;
    osp__origin_dispose(origin);
    return false;
}

void osp__origin_dispose(osp__origin *origin)
{
    osp__release(origin->host);
    osp__release(origin->authority);
    *origin = (osp__origin){0};
}

bool osp__origin_equals(const osp__origin *a, const osp__origin *b)
{
    return a->endpoint.secure == b->endpoint.secure && a->endpoint.port == b->endpoint.port &&
           osp_http_names_equal(a->host, strlen(a->host), b->host, strlen(b->host));
}
