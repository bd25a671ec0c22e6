/*
 * Redirects (RFC 9110 section 15.4): what request a response asks for instead.
 *
 * Decides and composes; sending is client.c's. Here credentials stop at the border of their origin, and nothing
 * that was asked for over https goes on over http.
 */
#ifndef OSP_HTTP_CLIENT_REDIRECT_H
#define OSP_HTTP_CLIENT_REDIRECT_H

#include "client_exchange.h"
#include "client_origin.h"
#include "client_request.h"

/* A request and where it goes. */
typedef struct osp__hop {
    osp__origin origin;
    osp__client_request request; /* body, and what is not below, are borrowed from the first request */
    char *url;                   /* owned; the request's path is in it */
    char *headers;               /* owned */
} osp__hop;

/* True if the response is a redirect that can be followed: 301, 302, 303, 307 or 308 with a Location. */
bool osp__response_redirects(const osp__exchange *response);

/*
 * Makes *next the request that `response` asks for after `request` was sent to `origin`. False with *error set if
 * that must not or cannot be sent. On success the caller releases it with osp__hop_dispose().
 */
bool osp__hop_make(osp__hop *next, const osp__origin *origin, const osp__client_request *request,
                   const osp__exchange *response, char **error);

/* Releases what a hop owns; one that is all zero owns nothing. */
void osp__hop_dispose(osp__hop *hop);

#endif
