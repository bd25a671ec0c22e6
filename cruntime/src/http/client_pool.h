/*
 * The connections that a client keeps for its next requests (RFC 9112 section 9.3). Any thread.
 */
#ifndef OSP_HTTP_CLIENT_POOL_H
#define OSP_HTTP_CLIENT_POOL_H

#include <pthread.h>

#include "client_connection.h"

typedef struct osp__connection_pool {
    pthread_mutex_t lock;         /* of the fields below */
    osp__client_connection *idle; /* the one used last first */
    bool closed;
} osp__connection_pool;

void osp__pool_init(osp__connection_pool *pool);

/* Of a pool that was never used or has been closed. */
void osp__pool_dispose(osp__connection_pool *pool);

/* A kept connection that is still open and silent, or NULL; those that are not are closed on the way. */
osp__client_connection *osp__pool_take(osp_ctx *ctx, osp__connection_pool *pool);

/* Keeps a connection that may serve again; closes it, or older ones, where there are enough or they are too old. */
void osp__pool_keep(osp_ctx *ctx, osp__connection_pool *pool, osp__client_connection *connection);

/* Closes what is kept; whatever comes back later is closed too. */
void osp__pool_close(osp_ctx *ctx, osp__connection_pool *pool);

#endif
