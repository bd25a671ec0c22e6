/*
 * HTTP clients: a base URL, a time-out and the connections kept for reuse (RFC 9112 section 9.3).
 *
 * Any fiber on any worker may use a client, several at the same time; each exchange has a connection to
 * itself. The functions that compiled code calls are declared in osp_builtins.h and defined in client_api.c.
 */
#ifndef OSP_HTTP_CLIENT_H
#define OSP_HTTP_CLIENT_H

#include "client_exchange.h"
#include "client_request.h"
#include "handle_table.h"

typedef struct osp__client osp__client;

/* Makes a client for the URL. Returns its handle, or 0 with *error set. timeout_ms > 0. */
int64_t osp__client_create(const char *url, size_t length, int64_t timeout_ms, char **error);

/* What httpConfigureClient sets: the fields of HttpClientOptions, in its order. */
typedef struct osp__client_settings {
    int64_t max_redirects;      /* 0: a redirect is a response like any other */
    int64_t connect_timeout_ms; /* 0: the client's time-out */
    int64_t read_timeout_ms;    /* 0: the client's time-out */
    int64_t max_header_bytes;
    int64_t max_body_bytes; /* of a body that is read whole */
} osp__client_settings;

/* Applies settings to the exchanges that start from now on. False with *error set if one makes no sense. */
bool osp__client_configure(int64_t handle, const osp__client_settings *settings, char **error);

/* Makes the handle invalid; exchanges under way are completed. False if there is no such client. */
bool osp__client_close(osp_ctx *ctx, int64_t handle);

/* The client, held until osp__client_drop(); NULL and *error if there is none. */
osp__client *osp__client_get(int64_t handle, char **error);
void osp__client_drop(osp__client *client);

/*
 * When an exchange, or a read of a streamed body, that starts now must have ended; CLOCK_MONOTONIC, ns.
 */
int64_t osp__client_deadline(const osp__client *client);

/*
 * Sends `request` (authority and base path are filled in here) and reads the head of the response. A request
 * that a kept connection swallowed because the server was closing it is sent once more on a new one if its
 * method is idempotent (RFC 9110 9.2.2). Redirects are followed as far as the settings allow. False with
 * *error set on failure. On success the caller ends the exchange with osp__client_finish().
 */
bool osp__client_send(osp_ctx *ctx, osp__client *client, osp__client_request *request,
                      osp__exchange *exchange, int64_t deadline_ns, char **error);

/* Keeps the exchange's connection if it may serve again, and releases the rest. */
void osp__client_finish(osp_ctx *ctx, osp__client *client, osp__exchange *exchange);

#endif
