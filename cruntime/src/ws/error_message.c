/*
 * See error_message.h.
 */
#include "error_message.h"

#include <stdio.h>
#include <string.h>

#include "../base.h"
#include "../mem/string.h"
#include "frame.h"

static __thread struct {
    int code;
    char detail[256];
} latest;

void osp__ws_explain(int code, const char *detail)
{
    latest.code = code;
    snprintf(latest.detail, sizeof latest.detail, "%s", detail);
}

static const char *describe(int64_t code)
{
    static const char *const errors[] = {
        "success",
        "invalid server id",
        "the socket could not be created",
        "the socket's options could not be set",
        "the address could not be bound",
        "the socket could not listen",
        "the workers could not be started",
        "invalid port: a number from 1 to 65535, or 0 for any free one",
        "invalid address: an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
        "invalid path: it begins with / and holds no query",
        "the certificate or its key could not be used",
        "the message is not UTF-8",
        "the server does not listen",
    };
    if (code <= 0 && code > -(int64_t)(sizeof errors / sizeof *errors))
        return errors[-code];
    switch (code) { /* RFC 6455 section 7.4.1 and the registry of section 11.7 */
    case OSP_WS_NORMAL: return "closed normally";
    case OSP_WS_GOING_AWAY: return "going away";
    case OSP_WS_PROTOCOL_ERROR: return "protocol error";
    case 1003: return "unacceptable kind of data";
    case OSP_WS_NO_STATUS: return "closed without a code";
    case OSP_WS_ABNORMAL: return "the connection was lost";
    case OSP_WS_INVALID_DATA: return "invalid data";
    case OSP_WS_POLICY: return "against the server's policy";
    case OSP_WS_TOO_BIG: return "the message is too big";
    case 1010: return "an extension is missing";
    case OSP_WS_INTERNAL_ERROR: return "internal error";
    case 1012: return "the service restarts";
    case OSP_WS_TRY_AGAIN_LATER: return "try again later";
    case 1014: return "bad gateway";
    case 1015: return "TLS failed";
    default: return code >= 3000 && code <= 4999 ? "closed by the application" : "unknown code";
    }
}

OSP_API char *osp_websocket_error_message(osp_ctx *ctx, int64_t code)
{
    char text[512];
    bool detailed = code < 0 && code == latest.code;
    int length = snprintf(text, sizeof text, "%s%s%s", describe(code), detailed ? ": " : "", detailed ? latest.detail : "");
    return osp__string_copy(ctx, text, (size_t)length);
}
