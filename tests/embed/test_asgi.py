"""Handlers in ASGI applications: by the protocol itself, and mounted in Starlette."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import ospjit


@ospjit.handler
def osprey(request: ospjit.Request) -> ospjit.Response:
    r"""
    HttpResponse {
        status: 201,
        headers: "X-Query: ${request.queryParams}\r\nContent-Length: 5\r\n",
        body: "{\"path\": \"${request.path}\", \"body\": \"${request.body}\", "
            + "\"probe\": ${contains(request.headers, "x-probe: 1")}}"
    }
    """


@ospjit.handler
def python(method, path, headers, body):
    if path.startswith("/fail"):
        raise ValueError("inside")
    return f"{method} {path} {body}"


@ospjit.handler
async def later(request: ospjit.Request):
    await asyncio.sleep(0.01)
    return ospjit.Response(b"\x00\xff", content_type="application/x-thing")


APP = Starlette(
    routes=[
        Mount("/osprey", app=ospjit.asgi(osprey)),
        Mount("/python", app=ospjit.asgi(python, max_body=1000)),
        Mount("/later", app=ospjit.asgi(later)),
        Route("/", lambda request: PlainTextResponse("starlette")),
    ]
)


def ask(*requests: tuple[Any, ...], **options: Any) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return list(await asyncio.gather(*(client.request(*r, **options) for r in requests)))

    return asyncio.run(run())


def test_mounted_in_starlette() -> None:
    (reply,) = ask(("POST", "/osprey/a%20b?q=1"), content="text", headers={"X-Probe": "1"})
    assert (reply.status_code, reply.headers["x-query"]) == (201, "q=1")
    assert reply.json() == {"path": "/a%20b", "body": "text", "probe": True}
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers.get_list("content-length") == [str(len(reply.content))]
    first, second, third = ask(("GET", "/"), ("PUT", "/python/x?y"), ("GET", "/later/x"))
    assert first.text == "starlette"
    assert second.text == "PUT /x?y "
    assert (third.content, third.headers["content-type"]) == (b"\x00\xff", "application/x-thing")


def test_many_at_once() -> None:
    replies = ask(*[("GET", f"/osprey/{n}") for n in range(50)])
    assert [r.json()["path"] for r in replies] == [f"/{n}" for n in range(50)]


def test_failures_and_limits(caplog: pytest.LogCaptureFixture) -> None:
    failed, head = ask(("GET", "/python/fail"), ("HEAD", "/python/x"))
    assert (failed.status_code, failed.json()) == (500, {"error": "internal server error"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len("HEAD /x ")))
    assert [r.name for r in caplog.records if r.name == "ospjit"] == ["ospjit"]
    (reply,) = ask(("POST", "/python/x"), content=b"x" * 1001)
    assert reply.status_code == 413
    (reply,) = ask(("POST", "/python/x"), content=b"x" * 1000)
    assert reply.status_code == 200


def test_the_protocol() -> None:
    application = ospjit.asgi(osprey)

    async def lifespan() -> list[Any]:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await application({"type": "lifespan"}, receive, send)
        with pytest.raises(RuntimeError, match="websocket"):
            await application({"type": "websocket"}, receive, send)
        return sent

    assert asyncio.run(lifespan()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(TypeError, match="ospjit handler is needed, not function"):
        ospjit.asgi(lambda: None)  # type: ignore[arg-type]
