"""`async def` handlers: many at once in one event loop, failures, and cancellation when the server stops."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import ospjit
from tests.e2e.program import PATIENCE

cancelled = threading.Event()
threads: set[int] = set()


@ospjit.handler
async def waits(request: ospjit.Request):
    """A coroutine function is Python, whatever its docstring."""
    threads.add(threading.get_ident())
    if request.path == "/fail":
        raise ValueError("inside")
    if request.path == "/stop":
        waits.stop()
        return "stopping"
    if request.path == "/forever":
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise
    await asyncio.sleep(0.2)
    return 201, f"{request.method} {request.path} {request.body}"


@ospjit.handler
async def four(method, path, headers, body):
    return f"{method} {path} {body}"


def test_requests_wait_together() -> None:
    threads.clear()
    with waits, ThreadPoolExecutor(20) as clients:
        url = f"http://127.0.0.1:{waits.port}"
        start = time.monotonic()
        replies = list(clients.map(lambda n: requests.get(f"{url}/{n}", timeout=PATIENCE), range(20)))
        taken = time.monotonic() - start
    assert [(r.status_code, r.text) for r in replies] == [(201, f"GET /{n} ") for n in range(20)]
    assert taken < 20 * 0.2  # one after the other would take longer
    assert len(threads) == 1


def test_a_call_is_a_coroutine() -> None:
    assert asyncio.run(four("GET", "/a", "", "b")) == "GET /a b"
    assert four.respond(ospjit.Request("PUT", "/x", "", "y")) == ospjit.Response("PUT /x y")


def test_an_exception_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    with waits:
        reply = requests.get(f"http://127.0.0.1:{waits.port}/fail", timeout=PATIENCE)
        assert (reply.status_code, reply.json()) == (500, {"error": "internal server error"})
    (record,) = caplog.records
    assert "'waits'" in record.getMessage() and record.exc_info is not None


def test_a_handler_may_stop_its_server() -> None:
    waits.start()
    reply = requests.get(f"http://127.0.0.1:{waits.port}/stop", timeout=PATIENCE)
    assert reply.text == "stopping"
    until = time.monotonic() + PATIENCE
    while waits.port is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert waits.port is None


def test_what_does_not_answer_is_cancelled() -> None:
    waits.start()
    url = f"http://127.0.0.1:{waits.port}/forever"
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            requests.get(url, timeout=PATIENCE)
        except requests.RequestException as error:
            failed.append(error)

    client = threading.Thread(target=ask)
    client.start()
    time.sleep(0.3)
    start = time.monotonic()
    waits.stop()
    assert time.monotonic() - start < 8
    assert cancelled.wait(PATIENCE)
    client.join(PATIENCE)
    assert failed


def test_threads_make_no_sense() -> None:
    with pytest.raises(TypeError, match="one event loop"):
        ospjit.handler(threads=2)(four.__wrapped__)
