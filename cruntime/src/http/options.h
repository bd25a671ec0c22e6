/* options.h - what can be set for a server: the limits of the language reference, with their defaults and bounds. */
#ifndef OSP_HTTP_OPTIONS_H
#define OSP_HTTP_OPTIONS_H

#include "../base.h"
#include "request_parser.h"

/* Limits of a server. */
struct osp__http_limits {
    osp_http_head_limits head;
    uint64_t body_bytes;       /* of a body kept in memory */
    uint64_t total_body_bytes; /* of any body; what is over body_bytes goes to a file */
    int64_t connections;       /* at once; INT64_MAX: the process's limit alone */
    int64_t header_ns;         /* for the head of a request to come, once it has begun */
    int64_t idle_ns;           /* between two requests */
    int64_t stall_ns;          /* stretches of a body or a reply in which 4096 bytes a second have to move */
};

/* The limits that `options` asks for; false with *error set when one of them makes no sense. */
bool osp__http_limits_from(const http_options *options, struct osp__http_limits *limits, char **error);

#endif
