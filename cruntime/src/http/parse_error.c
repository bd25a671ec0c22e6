/*
 * The texts of parse_error.h, indexed by code.
 */
#include "parse_error.h"

static const osp_http_parse_error_text texts[OSP_HTTP_PARSE_ERROR_COUNT] = {
    [OSP_HTTP_OK] = {200, "OK", "no error"},
#define OSP_HTTP_PARSE_ERROR_ROW(name, status, reason) [OSP_HTTP_##name] = {status, #name, reason},
    OSP_HTTP_PARSE_ERRORS(OSP_HTTP_PARSE_ERROR_ROW)
#undef OSP_HTTP_PARSE_ERROR_ROW
};

const osp_http_parse_error_text *osp_http_parse_error_describe(int error)
{
    static const osp_http_parse_error_text unknown = {500, "UNKNOWN", "unknown error"};
    long code = error < 0 ? -(long)error : error;
    return code < OSP_HTTP_PARSE_ERROR_COUNT ? &texts[code] : &unknown;
}
