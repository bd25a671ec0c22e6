/*
 * Composing a request: the bytes that the client puts on the wire before the body.
 *
 * Pure but for its one allocation. This is where header injection stops: nothing that a program passes in a
 * method, path or header block can start a line of its own or contradict the framing.
 */
#ifndef OSP_HTTP_CLIENT_REQUEST_H
#define OSP_HTTP_CLIENT_REQUEST_H

#include "../base.h"

/* Bytes that the composer reads; not NUL-terminated. */
typedef struct osp__text {
    const char *bytes;
    size_t length;
} osp__text;

typedef struct osp__client_request {
    const char *method;  /* a name of HttpMethod */
    osp__text authority; /* Host, unless the headers have one */
    osp__text base_path; /* of the base URL, without a trailing '/' */
    osp__text path;      /* path and query as the program gave them */
    osp__text headers;   /* "Name: value" lines, each but the last ended by CRLF or LF */
    osp__text body;
} osp__client_request;

/*
 * The head of the request, in memory that the caller releases with osp__release(); its length in *length.
 * NULL and a message in *error if a part is not fit to be sent: "path: invalid character at byte 3".
 */
char *osp__client_request_compose(const osp__client_request *request, size_t *length, char **error);

/* Writes the request target, base path and path joined, into `out`; returns its length, at most the room less 1. */
size_t osp__client_request_target_room(const osp__client_request *request);
size_t osp__client_request_target(const osp__client_request *request, char *out);

#endif
