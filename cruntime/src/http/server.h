/* server.h - HTTP servers and what each worker keeps for them. Internal to the http folder.
 *
 *   server --- one listening socket, watched by every worker (acceptor.h), one handler
 *   local  --- per worker: its connections, buffers, deadlines, the text of the current date
 *   connection --- belongs to one worker from accept to close; see connection.h
 *
 * A server is reference-counted: by the table of servers while it has an id that can be used, and by each connection. */
#ifndef OSP_HTTP_SERVER_H
#define OSP_HTTP_SERVER_H

#include <pthread.h>

#include "../base.h"
#include "../net/acceptor.h"
#include "../net/trim.h"
#include "../sched/runtime.h"
#include "buffer.h"
#include "counters.h"
#include "options.h"
#include "request_parser.h"
#include "wheel.h"

struct osp__connection;
struct osp__server;
struct osp__job_queue;
struct osp__identity;
struct osp__access_log;

enum osp__server_state {
    OSP_SERVER_BOUND,    /* may be configured */
    OSP_SERVER_STARTING, /* for the moment that it takes: nothing else may be done */
    OSP_SERVER_LISTENING,
    OSP_SERVER_STOPPING,
    OSP_SERVER_STOPPED
};

struct osp__server {
    int64_t id;
    int64_t references;  /* atomic */
    int64_t connections; /* atomic */
    int64_t stoppers;    /* atomic: connections whose own handlers wait for the server to stop */
    int state;           /* atomic: enum osp__server_state */
    bool forced;         /* atomic: connections in flight have been told to end */
    struct osp__acceptor acceptor;
    int port;
    struct osp__identity *identity; /* NULL: not under TLS */
    osp_thunk code;
    void *env;           /* counted */
    struct osp__job_queue *queue; /* NULL unless threads of an embedder take the requests */
    struct osp__http_limits limits;
    struct osp__access_log *log; /* NULL: none */
    struct osp__watch watches[]; /* the acceptor's, one a worker */
};

/* What a worker keeps for HTTP. */
struct osp__http_local {
    struct osp_worker *worker;
    struct osp__buffer_pool buffers;
    struct osp__wheel wheel;
    struct osp__timer tick;                /* drives the wheel while there are deadlines */
    struct osp__connection *connections;   /* doubly linked */
    struct osp__http_counters counters;
    int64_t date_read_ns, date_second;
    char date[40];                         /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */
};

/* The worker's part, made when its first server listens. */
struct osp__http_local *osp__http_local(struct osp_worker *worker);

/* The current Date field with its CRLF, 37 bytes; right to the second. */
#define OSP_DATE_LENGTH 37
const char *osp__http_date(struct osp__http_local *local);

/* The server with this id, with a reference that the caller releases; NULL if there is none. */
struct osp__server *osp__server_find(int64_t id);
void osp__server_release(struct osp__server *server);

/* One connection of the server has ended. */
void osp__server_connection_closed(struct osp__server *server);

bool osp__server_is_stopping(const struct osp__server *server);

/* Sets limits and the access log of a server that does not listen yet. */
void osp__http_configure(int64_t id, const http_options *options, char **error);

/* Starts accepting; takes over one count of env, and `queue`, also on failure. */
void osp__server_listen(int64_t id, osp_thunk code, void *env, struct osp__job_queue *queue, char **error);

#endif
