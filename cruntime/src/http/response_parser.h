/*
 * The head of an HTTP/1.x response, for the client: the counterpart of request_parser.h, with the same way of
 * working (offsets into the caller's growing buffer, no allocation, no copy).
 *
 * One difference: a user agent must turn a folded header line into one line (RFC 9112 section 5.2), so this
 * parser overwrites the line end of a fold with two spaces and therefore takes a writable buffer.
 */
#ifndef OSP_HTTP_RESPONSE_PARSER_H
#define OSP_HTTP_RESPONSE_PARSER_H

#include "request_parser.h"

/* How the body ends, RFC 9112 section 6.3. */
typedef enum osp_http_body_kind {
    OSP_HTTP_NO_BODY,         /* HEAD, 1xx, 204, 304 */
    OSP_HTTP_BODY_LENGTH,     /* content_length bytes */
    OSP_HTTP_BODY_CHUNKED,    /* see chunked.h */
    OSP_HTTP_BODY_UNTIL_CLOSE /* to the end of the connection */
} osp_http_body_kind;

typedef struct osp_http_response_parser {
    osp_http_span reason;   /* reason phrase, may be empty */
    osp_http_span headers;  /* all field lines, "Name: value\r\n", folds undone */
    int64_t content_length; /* -1 if absent */
    uint16_t status;        /* 100 to 999 */
    uint8_t minor_version;  /* 0 or 1 */
    uint8_t body;           /* osp_http_body_kind */
    bool keep_alive;        /* the connection may be used again after the body */
    bool chunked;

    uint32_t line, scanned, error_position, fields;
    uint8_t state;
    uint8_t connection;
    bool to_head;
} osp_http_response_parser;

/* Makes the parser ready for a response; to_head: the request was HEAD, so that no body follows. */
void osp_http_response_parser_init(osp_http_response_parser *parser, bool to_head);

/*
 * As osp_http_request_parse(). An interim response (status 1xx) is reported like any other, with
 * OSP_HTTP_NO_BODY: unless it is 101, the final one follows behind it.
 */
int64_t osp_http_response_parse(osp_http_response_parser *parser, const osp_http_head_limits *limits,
                                char *buffer, size_t length);

#endif
