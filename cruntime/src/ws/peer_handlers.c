/*
 * Running the program's handlers for a peer: OnOpen, then OnMessage for one message after the other, at last OnClose.
 * The fiber that does so is made when there is something to do and ends when there is nothing left.
 */
#include <string.h>

#include "../io/diagnostic.h"
#include "../mem/string.h"
#include "peer.h"

/* ---- on the fiber: what is held is given up also when a handler ends the fiber ---- */

static void release_event(osp__ws_event **event)
{
    osp__ws_event_free(*event);
}

static void release_handler(osp__ws_handler **handler)
{
    osp__ws_handler_drop(*handler);
}

static void call(osp_ctx *ctx, osp__ws_peer *peer, osp__ws_handler_kind kind, osp__ws_event *event)
{
    __attribute__((cleanup(release_handler))) osp__ws_handler *handler = osp__ws_server_handler(peer->server, kind);
    if (handler != NULL)
        handler->code(ctx, handler->env, event);
}

/* An Error that begins with "401" asks for credentials; the program's words stay here, they may say too much. */
static void on_refusal(osp__ws_event *event, const char *reason)
{
    static const osp_ws_refusal unauthorized = {401, "unauthorized", "WWW-Authenticate: Bearer\r\n"};
    static const osp_ws_refusal forbidden = {403, "forbidden", ""};
    osp__ws_peer *peer = event->owner;
    peer->greeting->refusal = strncmp(reason, "401", 3) == 0 ? &unauthorized : &forbidden;
}

static void call_open(osp_ctx *ctx, osp__ws_peer *peer)
{
    const struct osp__ws_greeting *greeting = peer->greeting;
    osp__ws_event event = {.connection = peer->id,
                           .fail = on_refusal,
                           .owner = peer,
                           .request = &greeting->parser,
                           .request_bytes = greeting->head.bytes + greeting->head.start};
    call(ctx, peer, OSP_WS_ON_OPEN, &event);
}

static osp__ws_event *take_message(osp__ws_peer *peer)
{
    osp__ws_event *event = peer->first;
    if (event == NULL)
        return NULL;
    peer->first = event->next;
    peer->waiting--;
    peer->waiting_bytes -= osp__length(event->data);
    return event;
}

static void call_message(osp_ctx *ctx, osp__ws_peer *peer, osp__ws_event *taken)
{
    __attribute__((cleanup(release_event))) osp__ws_event *event = taken;
    call(ctx, peer, OSP_WS_ON_TEXT_OR_BINARY, event);
}

static void call_close(osp_ctx *ctx, osp__ws_peer *peer)
{
    osp__ws_event event = {.connection = peer->id,
                           .data = peer->close_reason != NULL ? peer->close_reason : osp__empty_string(),
                           .is_text = true,
                           .code = peer->close_code != 0 ? peer->close_code : OSP_WS_ABNORMAL};
    call(ctx, peer, OSP_WS_ON_CLOSED, &event);
}

static bool has_to_hear_of_the_end(const osp__ws_peer *peer)
{
    return peer->state == OSP_WS_GONE && peer->opened && !peer->told_close && peer->first == NULL;
}

static void run(osp_ctx *ctx, void *env, void *argument)
{
    (void)env;
    osp__ws_peer *peer = argument;
    if (peer->state == OSP_WS_OPENING && !peer->told_open) {
        peer->told_open = true;
        call_open(ctx, peer);
        return;
    }
    for (osp__ws_event *event; (event = take_message(peer)) != NULL;)
        call_message(ctx, peer, event);
    if (has_to_hear_of_the_end(peer)) {
        peer->told_close = true;
        call_close(ctx, peer);
    }
}

/* ---- on the worker's stack ---- */

static void on_failure(osp__ws_peer *peer, char *failure)
{
    static const osp_ws_refusal broken = {500, "internal error", ""};
    osp__diagnose("in a WebSocket handler: %s", failure);
    osp_drop(failure);
    if (peer->state == OSP_WS_OPENING)
        peer->greeting->refusal = &broken;
    else if (peer->state == OSP_WS_OPEN)
        osp__ws_peer_close(peer, OSP_WS_INTERNAL_ERROR, "internal error", 14);
}

static void handlers_finished(struct osp_fiber *fiber)
{
    osp__ws_peer *peer = fiber->owner;
    char *failure = fiber->failure;
    osp__fiber_release(fiber);
    peer->handling = false;
    if (failure != NULL)
        on_failure(peer, failure);
    else if (peer->greeting != NULL && peer->greeting->refusal == NULL)
        peer->opened = true; /* OnOpen counts it: whatever comes of it, OnClose will hear */
    if (peer->state == OSP_WS_OPENING)
        osp__ws_peer_answer(peer);
    osp__ws_peer_advance(peer);
}

/* Without memory for a fiber nothing of the program can run. */
static void give_up(osp__ws_peer *peer)
{
    static const osp_ws_refusal busy = {503, "out of memory", "Retry-After: 1\r\n"};
    if (peer->state == OSP_WS_OPENING) {
        peer->told_open = true;
        peer->greeting->refusal = &busy;
        osp__ws_peer_answer(peer);
        return;
    }
    for (osp__ws_event *event; (event = take_message(peer)) != NULL;)
        osp__ws_event_free(event);
    if (peer->state == OSP_WS_GONE)
        osp__ws_peer_retry(peer); /* OnClose must hear in the end */
    else
        osp__ws_peer_close(peer, OSP_WS_TRY_AGAIN_LATER, "out of memory", 13);
}

bool osp__ws_peer_handle(osp__ws_peer *peer)
{
    if (peer->handling)
        return false;
    if (has_to_hear_of_the_end(peer) && !osp__ws_server_handles(peer->server, OSP_WS_ON_CLOSED))
        peer->told_close = true;
    bool opening = peer->state == OSP_WS_OPENING && !peer->told_open;
    if (!opening && peer->first == NULL && !has_to_hear_of_the_end(peer))
        return false;
    struct osp_fiber *fiber = osp__fiber_acquire(peer->worker, false);
    if (fiber == NULL) {
        give_up(peer);
        return false;
    }
    peer->handling = true;
    fiber->code = run;
    fiber->env = NULL;
    fiber->arg = peer;
    fiber->owner = peer;
    fiber->finished = handlers_finished;
    osp__fiber_run(fiber);
    return !peer->handling;
}

bool osp__ws_handles_for(osp_ctx *ctx, const osp__ws_server *server)
{
    return ctx != NULL && ctx->fiber->finished == handlers_finished &&
           ((const osp__ws_peer *)ctx->fiber->owner)->server == server;
}
