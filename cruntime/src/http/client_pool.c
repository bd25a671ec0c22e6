/*
 * See client_pool.h. Idle connections are a stack, so that the one used last, which is the least likely to have
 * been closed by the server, is used next.
 */
#include "client_pool.h"

#include "../sys/sys.h"

enum { MAX_IDLE_CONNECTIONS = 32 };

/* Servers commonly close after 60 s or more; a connection of this age is not worth trying. */
#define MAX_IDLE_NS (INT64_C(30) * 1000000000)

void osp__pool_init(osp__connection_pool *pool)
{
    *pool = (osp__connection_pool){0};
    pthread_mutex_init(&pool->lock, NULL);
}

void osp__pool_dispose(osp__connection_pool *pool)
{
    pthread_mutex_destroy(&pool->lock);
}

static void close_all(osp_ctx *ctx, osp__client_connection *list)
{
    while (list != NULL) {
        osp__client_connection *next = list->next;
        osp__client_connection_close(ctx, list);
        list = next;
    }
}

static osp__client_connection *pop(osp__connection_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    osp__client_connection *connection = pool->idle;
    if (connection != NULL)
        pool->idle = connection->next;
    pthread_mutex_unlock(&pool->lock);
    return connection;
}

osp__client_connection *osp__pool_take(osp_ctx *ctx, osp__connection_pool *pool)
{
    osp__client_connection *connection;
    while ((connection = pop(pool)) != NULL) {
        bool fresh = osp__now_ns() - connection->idle_since_ns < MAX_IDLE_NS;
        if (fresh && osp__connection_is_quiet(ctx, connection))
            return connection;
        osp__client_connection_close(ctx, connection);
    }
    return NULL;
}

void osp__pool_keep(osp_ctx *ctx, osp__connection_pool *pool, osp__client_connection *connection)
{
    int64_t now = osp__now_ns();
    connection->reused = true;
    connection->idle_since_ns = now;
    connection->next = NULL; /* it may still point to one that was kept beside it */
    pthread_mutex_lock(&pool->lock);
    osp__client_connection *excess = connection;
    if (!pool->closed) {
        connection->next = pool->idle;
        pool->idle = connection;
        osp__client_connection **link = &pool->idle;
        for (int kept = 0;
             *link != NULL && kept < MAX_IDLE_CONNECTIONS && now - (*link)->idle_since_ns < MAX_IDLE_NS; kept++)
            link = &(*link)->next;
        excess = *link;
        *link = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    close_all(ctx, excess);
}

void osp__pool_close(osp_ctx *ctx, osp__connection_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    osp__client_connection *idle = pool->idle;
    pool->idle = NULL;
    pool->closed = true;
    pthread_mutex_unlock(&pool->lock);
    close_all(ctx, idle);
}
