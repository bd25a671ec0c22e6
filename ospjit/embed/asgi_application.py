"""A handler as an ASGI application (ASGI 3, HTTP), to be mounted in Starlette, FastAPI and the like.

An Osprey or Python handler runs on a thread of the event loop's executor, an `async def` handler in the loop
itself. The whole body is read before the handler is called, and sent in one piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from ospjit.embed.message import Request, Response, content_type_of, decode, encode
from ospjit.embed.server import Handler

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def asgi(handler: Handler, *, max_body: int = 16 << 20) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The application that answers with `handler`. Bodies above `max_body` bytes get a 413.

    Where it is mounted (`root_path`) is not part of the path that the handler sees.
    """
    if not isinstance(handler, Handler):
        raise TypeError(f"an ospjit handler is needed, not {type(handler).__name__}")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"an ospjit handler answers HTTP requests only, not {scope['type']!r}")
        body = await _body(receive, max_body)
        if body is None:
            return  # the client has gone
        if len(body) > max_body:
            answer = Response('{"error":"the body is too large"}', 413)
        else:
            answer = await _answer(handler, _request(scope, body))
        await _send(answer, scope["method"] == "HEAD", send)

    return application


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _body(receive: Receive, most: int) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False) and size <= most
    return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Request:
    raw = scope.get("raw_path")
    path = decode(raw.split(b"?")[0]) if raw else scope["path"]
    root = scope.get("root_path", "")
    if root and path.startswith(root):
        path = path[len(root) :] or "/"
    headers = "".join(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}\r\n" for name, value in scope["headers"]
    )
    return Request(scope["method"], path, headers, decode(body), decode(scope.get("query_string", b"")))


async def _answer(handler: Handler, request: Request) -> Response:
    from ospjit.embed.python import AsyncHandler

    if isinstance(handler, AsyncHandler):
        return await handler.answer(request)
    return await asyncio.get_running_loop().run_in_executor(None, handler.respond, request)


async def _send(answer: Response, head: bool, send: Send) -> None:
    body = encode(answer.body)
    headers = [
        (b"content-type", encode(answer.content_type or content_type_of(body))),
        (b"content-length", str(len(body)).encode()),
        *_fields(str(answer.headers).split("\r\n")),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


#: What the server that the application runs in decides.
_OURS = (b"content-length", b"transfer-encoding", b"connection")


def _fields(lines: Iterable[str]) -> list[tuple[bytes, bytes]]:
    pairs = [line.partition(":") for line in lines if line]
    fields = [(encode(name.strip().lower()), encode(value.strip())) for name, _, value in pairs]
    return [field for field in fields if field[0] not in _OURS]
