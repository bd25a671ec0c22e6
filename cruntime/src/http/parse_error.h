/*
 * Why a piece of HTTP was refused.
 *
 * Every parser in this folder reports failure as the negative of one of these codes, so that the server can
 * answer with the right status, a log can print a stable name, and a test can say exactly which rule it
 * meant. One table, no strings scattered over the parsers. It must never depend on anything else.
 */
#ifndef OSP_HTTP_PARSE_ERROR_H
#define OSP_HTTP_PARSE_ERROR_H

/* X(name, HTTP status a server answers with, sentence). Sections are of RFC 9112 unless said otherwise. */
#define OSP_HTTP_PARSE_ERRORS(X)                                                                              \
    X(BARE_CR, 400, "carriage return without line feed")                       /* 2.2 */                      \
    X(BARE_LF, 400, "line feed without carriage return")                       /* 2.2 */                      \
    X(CONTROL_CHARACTER, 400, "control character in the message head")         /* RFC 9110 5.5 */             \
    X(EXTRA_EMPTY_LINE, 400, "more than one empty line before the request")    /* 2.2 */                      \
    X(BAD_METHOD, 400, "invalid method")                                       /* 3.1 */                      \
    X(BAD_REQUEST_LINE, 400, "malformed request line")                         /* 3 */                        \
    X(BAD_TARGET, 400, "invalid request target")                               /* 3.2 */                      \
    X(BAD_VERSION, 400, "malformed HTTP version")                              /* 2.3 */                      \
    X(UNSUPPORTED_VERSION, 505, "HTTP version not supported")                  /* RFC 9110 15.6.6 */          \
    X(REQUEST_LINE_TOO_LONG, 414, "request line too long")                     /* 3 */                        \
    X(OBS_FOLD, 400, "folded header line")                                     /* 5.2 */                      \
    X(SPACE_BEFORE_COLON, 400, "white space between field name and colon")     /* 5.1 */                      \
    X(BAD_FIELD_NAME, 400, "invalid header field name")                        /* 5.1 */                      \
    X(HEADERS_TOO_LARGE, 431, "header section too large")                      /* RFC 6585 5 */               \
    X(TOO_MANY_FIELDS, 431, "too many header fields")                          /* RFC 6585 5 */               \
    X(MISSING_HOST, 400, "no Host field")                                      /* 3.2 */                      \
    X(REPEATED_HOST, 400, "more than one Host field")                          /* 3.2 */                      \
    X(BAD_HOST, 400, "invalid Host field")                                     /* 3.2 */                      \
    X(BAD_CONTENT_LENGTH, 400, "invalid Content-Length")                       /* 6.3 */                      \
    X(REPEATED_CONTENT_LENGTH, 400, "more than one Content-Length")            /* 6.3 */                      \
    X(LENGTH_AND_ENCODING, 400, "both Content-Length and Transfer-Encoding")   /* 6.1 */                      \
    X(ENCODING_IN_OLD_VERSION, 400, "Transfer-Encoding in an HTTP/1.0 message") /* 6.1 */                     \
    X(BAD_TRANSFER_ENCODING, 400, "invalid Transfer-Encoding")                 /* 6.1 */                      \
    X(UNKNOWN_TRANSFER_CODING, 501, "transfer coding not implemented")         /* 6.1 */                      \
    X(UNKNOWN_EXPECTATION, 417, "expectation not supported")                   /* RFC 9110 10.1.1 */          \
    X(BAD_CHUNK_SIZE, 400, "invalid chunk size")                               /* 7.1 */                      \
    X(BAD_CHUNK_EXTENSION, 400, "invalid chunk extension")                     /* 7.1.1 */                    \
    X(CHUNK_EXTENSIONS_TOO_LONG, 400, "chunk extensions too long")             /* 7.1.1 */                    \
    X(BAD_CHUNK_END, 400, "chunk data not followed by a line end")             /* 7.1 */                      \
    X(BODY_TOO_LARGE, 413, "body too large")                                   /* RFC 9110 15.5.14 */         \
    X(BAD_STATUS_LINE, 502, "malformed status line")                           /* 4 */                        \
    X(STATUS_LINE_TOO_LONG, 502, "status line too long")                       /* 4 */                        \
    X(TOO_MANY_INTERIM_RESPONSES, 502, "too many interim responses")           /* RFC 9110 15.2 */

typedef enum osp_http_parse_error {
    OSP_HTTP_OK = 0,
#define OSP_HTTP_PARSE_ERROR_ENUM(name, status, reason) OSP_HTTP_##name,
    OSP_HTTP_PARSE_ERRORS(OSP_HTTP_PARSE_ERROR_ENUM)
#undef OSP_HTTP_PARSE_ERROR_ENUM
        OSP_HTTP_PARSE_ERROR_COUNT
} osp_http_parse_error;

typedef struct osp_http_parse_error_text {
    int status;         /* the answer of a server that met it; 502 for errors found in a response */
    const char *name;   /* "BARE_LF": stable, for logs and tests */
    const char *reason; /* "line feed without carriage return" */
} osp_http_parse_error_text;

/* The text of `error` (positive, or negative as the parsers return it). Never NULL; static storage. */
const osp_http_parse_error_text *osp_http_parse_error_describe(int error);

#endif
