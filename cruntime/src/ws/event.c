/*
 * See event.h.
 */
#include "event.h"

#include "../mem/string.h"
#include "../sys/sys.h"

osp__ws_event *osp__ws_event_new(const uint8_t *bytes, size_t length, bool is_text)
{
    osp__ws_event *event = osp__alloc(sizeof *event);
    char *data = osp_string_new(length > 0 ? (const char *)bytes : "", length);
    if (event == NULL || data == NULL) {
        osp__release(event);
        osp_drop(data);
        return NULL;
    }
    *event = (osp__ws_event){.data = data, .is_text = is_text};
    return event;
}

void osp__ws_event_free(osp__ws_event *event)
{
    if (event == NULL)
        return;
    osp_drop(event->data);
    osp__release(event);
}

/* ---- for compiled code ---- */

OSP_API int64_t osp_websocket_event_connection(osp_ctx *ctx, void *event)
{
    (void)ctx;
    return ((osp__ws_event *)event)->connection;
}

OSP_API char *osp_websocket_event_data(osp_ctx *ctx, void *event)
{
    (void)ctx;
    char *data = ((osp__ws_event *)event)->data;
    osp_dup(data);
    return data;
}

OSP_API bool osp_websocket_event_is_text(osp_ctx *ctx, void *event)
{
    (void)ctx;
    return ((osp__ws_event *)event)->is_text;
}

OSP_API int64_t osp_websocket_event_code(osp_ctx *ctx, void *event)
{
    (void)ctx;
    return ((osp__ws_event *)event)->code;
}

OSP_API void osp_websocket_event_fail(osp_ctx *ctx, void *object, char *reason)
{
    (void)ctx;
    osp__ws_event *event = object;
    event->fail(event, reason);
}

static char *copy_span(osp_ctx *ctx, const osp__ws_event *event, osp_http_span span)
{
    return osp__string_copy(ctx, event->request_bytes + span.start, span.length);
}

OSP_API char *osp_websocket_event_path(osp_ctx *ctx, void *event)
{
    const osp__ws_event *opening = event;
    size_t length;
    const char *path = osp__http_request_path(opening->request, opening->request_bytes, &length);
    return osp__string_copy(ctx, path, length);
}

OSP_API char *osp_websocket_event_query(osp_ctx *ctx, void *event)
{
    const osp__ws_event *opening = event;
    return copy_span(ctx, opening, opening->request->query);
}

OSP_API char *osp_websocket_event_headers(osp_ctx *ctx, void *event)
{
    const osp__ws_event *opening = event;
    return copy_span(ctx, opening, opening->request->headers);
}
