/*
 * The head of an HTTP/1.x request: a pure, incremental function over bytes.
 *
 * The caller owns a buffer in which a request begins at offset 0 and which grows as bytes arrive; it calls
 * osp_http_request_parse() after each arrival with the whole buffer. The parser allocates nothing, copies
 * nothing, and keeps only offsets, so the buffer may move between two calls. Each byte is looked at a fixed
 * number of times however finely the input is cut, because the parser remembers where it stopped.
 *
 * It is strict: what RFC 9112 and RFC 9110 let a recipient tolerate is refused wherever tolerating it could
 * make two recipients disagree about where a message ends or whom it is for. It must never read outside
 * [buffer, buffer + length), and it never touches the body.
 */
#ifndef OSP_HTTP_REQUEST_PARSER_H
#define OSP_HTTP_REQUEST_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse_error.h"

/* The order is that of the language's HttpMethod union. */
typedef enum osp_http_method {
    OSP_HTTP_GET,
    OSP_HTTP_POST,
    OSP_HTTP_PUT,
    OSP_HTTP_DELETE,
    OSP_HTTP_PATCH,
    OSP_HTTP_HEAD,
    OSP_HTTP_OPTIONS,
    OSP_HTTP_METHOD_UNKNOWN /* a well-formed method outside HttpMethod, CONNECT and TRACE too: answer 501 */
} osp_http_method;

/* RFC 9112 section 3.2. Authority form is accepted for CONNECT only, asterisk form for OPTIONS only. */
typedef enum osp_http_target_form {
    OSP_HTTP_ORIGIN_FORM,
    OSP_HTTP_ABSOLUTE_FORM,
    OSP_HTTP_AUTHORITY_FORM,
    OSP_HTTP_ASTERISK_FORM
} osp_http_target_form;

/* Bytes [start, start + length) of the buffer. */
typedef struct osp_http_span {
    uint32_t start;
    uint32_t length;
} osp_http_span;

typedef struct osp_http_head_limits {
    uint32_t start_line_bytes; /* request line without its CRLF; over it 414 */
    uint32_t header_bytes;     /* all field lines with their CRLFs; over it 431 */
    uint32_t header_fields;    /* number of field lines; over it 431 */
} osp_http_head_limits;

/* 8 KiB, 64 KiB, 100 fields. */
extern const osp_http_head_limits osp_http_default_head_limits;

typedef struct osp_http_request_parser {
    /* Result, complete once osp_http_request_parse() has returned a positive number. */
    osp_http_span method;   /* as sent */
    osp_http_span target;   /* as sent, with its query */
    osp_http_span path;     /* the target up to '?', without scheme and authority; may be empty in absolute
                               form: use osp__http_request_path() */
    osp_http_span query;    /* after '?', or empty */
    osp_http_span host;     /* of the target in absolute form (RFC 9112 3.2.2), otherwise the Host field */
    osp_http_span headers;  /* all field lines as received, each "Name: value\r\n" */
    int64_t content_length; /* value of Content-Length; -1 if absent */
    uint8_t method_index;   /* osp_http_method */
    uint8_t form;           /* osp_http_target_form */
    uint8_t minor_version;  /* 0 or 1; HTTP/1.2 to 1.9 are treated as 1.1 (RFC 9110 6.2) */
    bool keep_alive;        /* the client lets the connection persist (RFC 9112 9.3) */
    bool chunked;           /* a chunked body follows; otherwise content_length bytes, none if it is -1 */
    bool expect_continue;   /* Expect: 100-continue of an HTTP/1.1 request (RFC 9110 10.1.1) */
    bool upgrade;           /* an Upgrade field is there and Connection lists "upgrade" (RFC 9110 7.8) */

    /* Position, for the parser itself; error_position for whoever reports an error. */
    uint32_t line;           /* where the line being read starts */
    uint32_t scanned;        /* bytes before this offset hold no line end of that line */
    uint32_t error_position; /* offset of the byte that was refused */
    uint32_t fields;         /* field lines so far */
    uint8_t state;
    uint8_t connection; /* what the Connection fields list */
    bool skipped_line, has_host, has_upgrade;
} osp_http_request_parser;

/* Makes the parser ready for a new request. An all-zero structure is not ready. */
void osp_http_request_parser_init(osp_http_request_parser *parser);

/*
 * Reads on in buffer[0 .. length), whose earlier bytes must be those of the earlier calls.
 *
 * Returns the length of the head, empty line included (> 0: the body starts there); 0 if the head is not
 * complete yet; the negative of an osp_http_parse_error as soon as the bytes cannot become a valid request.
 * After either final result the parser must be initialised before it is used again.
 */
int64_t osp_http_request_parse(osp_http_request_parser *parser, const osp_http_head_limits *limits,
                               const char *buffer, size_t length);

/* True while not one byte of a request has arrived (an empty line before it does not count). */
static inline bool osp_http_request_parser_is_idle(const osp_http_request_parser *parser)
{
    return parser->state == 0 && parser->scanned == parser->line;
}

/*
 * The path of a parsed request: a pointer into `buffer`, or to static "/" or "*" where an absolute target
 * has an empty path (RFC 9112 3.2.1, 3.2.4). Not NUL-terminated.
 */
const char *osp__http_request_path(const osp_http_request_parser *parser, const char *buffer, size_t *length);

/* The method called name[0 .. length), case-sensitive; OSP_HTTP_METHOD_UNKNOWN if it is none of HttpMethod. */
osp_http_method osp_http_method_index(const char *name, size_t length);

/* "GET" and so on; NULL for OSP_HTTP_METHOD_UNKNOWN. */
const char *osp_http_method_name(osp_http_method method);

#endif
