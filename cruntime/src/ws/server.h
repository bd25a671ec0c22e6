/*
 * WebSocket servers and what the files of their implementation share.
 *
 *   server --- one listening socket (acceptor.h), options, handlers of the program
 *   shard  --- its connections on one worker, and the lock of what other threads touch of them
 *   peer   --- one connection, which belongs to one worker from accept to close; see peer.h
 *
 * A server is counted: by the table of servers, by each peer, by who has looked it up.
 */
#ifndef OSP_WS_SERVER_H
#define OSP_WS_SERVER_H

#include "../base.h"
#include "../http/handle_table.h"
#include "../net/acceptor.h"
#include "../net/trim.h"
#include "../net/stream.h"
#include "address_table.h"
#include "handshake.h"
#include "reader.h"

struct osp__ws_peer;

typedef enum osp__ws_server_state {
    OSP_WS_CREATED,
    OSP_WS_STARTING,
    OSP_WS_LISTENING,
    OSP_WS_STOPPING,
    OSP_WS_STOPPED
} osp__ws_server_state;

typedef enum osp__ws_handler_kind { OSP_WS_ON_OPEN, OSP_WS_ON_TEXT_OR_BINARY, OSP_WS_ON_CLOSED, OSP_WS_HANDLERS } osp__ws_handler_kind;

/* A handler of the program, counted (atomic). */
typedef struct osp__ws_handler {
    int64_t references;
    osp_thunk code;
    void *env; /* counted, shared */
} osp__ws_handler;

typedef struct osp__ws_limits {
    osp_ws_rules rules;          /* per frame and message */
    size_t queue_bytes;          /* no message is added to an outbox that holds more */
    int64_t connections;         /* 0: as many as the process may have */
    int64_t per_address;         /* connections; 0: any number */
    int64_t handshakes_per_second; /* of an address; 0: any number */
    int64_t messages_per_second; /* frames of any kind, of a connection; 0: any number */
    int64_t ping_ns;             /* silence after which a ping is sent; 0: none is */
} osp__ws_limits;

typedef struct osp__ws_shard {
    pthread_mutex_t lock;
    struct osp__ws_peer *peers; /* doubly linked; with the lock held */
} osp__ws_shard;

typedef struct osp__ws_server {
    osp__handled handled;
    struct osp__ws_server *next; /* in the list of those that listen */
    int64_t id, port;
    char *address, *path; /* strings, owned */
    struct osp__identity *identity; /* NULL: no TLS */
    int bound_port;
    int state; /* atomic: osp__ws_server_state */
    int64_t connections; /* atomic: peers that are not finished */
    int64_t stoppers;    /* atomic: handlers of ours that wait for the server to stop */
    struct osp__acceptor acceptor;

    /* Settled before it listens. */
    osp__ws_limits limits;
    osp_ws_admission admission;
    void *origins, *subprotocols; /* List<string>, which the names of the admission point into; owned */
    const osp_crypto *crypto;
    const osp_deflate *deflate; /* if admission.deflate */

    pthread_mutex_t lock; /* of the fields below */
    osp__ws_handler *handlers[OSP_WS_HANDLERS];
    osp__address_table addresses;

    osp__ws_shard *shards;      /* one a worker */
    struct osp__watch *watches; /* the acceptor's */
} osp__ws_server;

osp__ws_server *osp__ws_server_get(int64_t id); /* with a reference; NULL if there is none */
void osp__ws_server_hold(osp__ws_server *server);
void osp__ws_server_drop(osp__ws_server *server);

static inline int osp__ws_server_state_of(const osp__ws_server *server)
{
    return __atomic_load_n(&server->state, __ATOMIC_SEQ_CST);
}

/* The handler with a reference, or NULL; and without one: is there any? */
osp__ws_handler *osp__ws_server_handler(osp__ws_server *server, osp__ws_handler_kind kind);
bool osp__ws_server_handles(osp__ws_server *server, osp__ws_handler_kind kind);
void osp__ws_handler_drop(osp__ws_handler *handler); /* NULL is fine */

/* A peer is finished: its handlers have run and its descriptor is closed. */
void osp__ws_server_peer_finished(osp__ws_server *server);

#endif
