/*
 * What a handler of the program is called with: the pointer that compiled code passes to osp_websocket_event_*.
 */
#ifndef OSP_WS_EVENT_H
#define OSP_WS_EVENT_H

#include "../base.h"
#include "../http/request_parser.h"

typedef struct osp__ws_event {
    struct osp__ws_event *next; /* in an inbox */
    int64_t connection;         /* its id */
    char *data;                 /* string, owned: the message, or the reason of a close; NULL for an opening */
    bool is_text;
    int64_t code; /* of a close */
    /* The handler returned an Error. */
    void (*fail)(struct osp__ws_event *event, const char *reason);
    void *owner;                            /* for `fail` */
    const osp_http_request_parser *request; /* of an opening, else NULL; with its bytes */
    const char *request_bytes;
} osp__ws_event;

/* A message; NULL when memory runs out. */
osp__ws_event *osp__ws_event_new(const uint8_t *bytes, size_t length, bool is_text);
void osp__ws_event_free(osp__ws_event *event); /* NULL is fine */

#endif
