/*
 * Where a client connects to: scheme, host and port (RFC 9110 section 4.3.1), with strings of its own.
 */
#ifndef OSP_HTTP_CLIENT_ORIGIN_H
#define OSP_HTTP_CLIENT_ORIGIN_H

#include "client_connection.h"
#include "url.h"

typedef struct osp__origin {
    osp__endpoint endpoint; /* its strings are those below */
    char *host, *authority;
} osp__origin;

/* The origin of a URL. False when memory runs out; nothing is held then. */
bool osp__origin_init(osp__origin *origin, const osp_url *url);
void osp__origin_dispose(osp__origin *origin);

/* RFC 6454 section 5: the same scheme, host and port. */
bool osp__origin_equals(const osp__origin *a, const osp__origin *b);

#endif
