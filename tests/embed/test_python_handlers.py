"""Handlers whose body is Python: what they may return, and that nothing they do harms the server."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import ospjit
from tests.e2e.program import PATIENCE


@ospjit.handler
def echo(method, path, headers, body):
    return f"{method} {path} {'X-Probe: 1' in headers} {body}"


@ospjit.handler
def shapes(request: ospjit.Request):
    """With a docstring and a body it is Python."""
    return {
        "/str": "text",
        "/bytes": b'{"a": 1}',
        "/empty": "",
        "/pair": (404, "nothing"),
        "/response": ospjit.Response(
            b"\x00\xff", status=202, content_type="application/x-thing", headers={"X-A": "1", "X-B": "2"}
        ),
        "/none": None,
        "/number": 5,
        "/status": (99, "too small"),
        "/request": f"{request.method} {request.query} {request.header('x-probe')} {request.data!r}",
    }[request.path]


def url(handler: ospjit.Handler, path: str = "/") -> str:
    return f"http://127.0.0.1:{handler.port}{path}"


def test_a_call_is_the_functions() -> None:
    assert echo("GET", "/", "", "x") == "GET / False x"
    assert shapes(ospjit.Request(path="/pair")) == (404, "nothing")
    with pytest.raises(KeyError):
        shapes(ospjit.Request(path="/unknown"))


def test_four_strings() -> None:
    with echo:
        reply = requests.post(
            url(echo, "/a?b=c"), data="ü".encode(), headers={"X-Probe": "1"}, timeout=PATIENCE
        )
        assert reply.content.decode() == "POST /a?b=c True ü"
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        binary = bytes(range(256))
        assert requests.put(url(echo), data=binary, timeout=PATIENCE).content == b"PUT / False " + binary


def test_what_a_handler_may_return(caplog: pytest.LogCaptureFixture) -> None:
    with shapes:
        for path, status, kind, body in [
            ("/str", 200, "text/plain; charset=utf-8", b"text"),
            ("/bytes", 200, "application/json; charset=utf-8", b'{"a": 1}'),
            ("/pair", 404, "text/plain; charset=utf-8", b"nothing"),
            ("/response", 202, "application/x-thing", b"\x00\xff"),
        ]:
            reply = requests.get(url(shapes, path), timeout=PATIENCE)
            assert (reply.status_code, reply.headers["Content-Type"], reply.content) == (status, kind, body)
        assert (reply.headers["X-A"], reply.headers["X-B"]) == ("1", "2")
        assert requests.get(url(shapes, "/empty"), timeout=PATIENCE).content == b""
        reply = requests.post(
            url(shapes, "/request?q=%20"), data=b"\xff", headers={"X-Probe": "1"}, timeout=PATIENCE
        )
        assert reply.text == r"POST q=%20 1 b'\xff'"
        assert caplog.records == []


@pytest.mark.parametrize("path", ["/none", "/number", "/status", "/unknown"])
def test_an_exception_is_logged_and_says_nothing(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with shapes:
        reply = requests.get(url(shapes, path), timeout=PATIENCE)
        assert (reply.status_code, reply.json()) == (500, {"error": "internal server error"})
        assert requests.get(url(shapes, "/str"), timeout=PATIENCE).text == "text"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ospjit", logging.ERROR)
    assert "'shapes'" in record.getMessage()
    assert record.exc_info is not None


def test_responses_are_checked_when_made() -> None:
    for wrong in [
        {"status": 20},
        {"status": "200"},
        {"content_type": "a\r\nX: y"},
        {"headers": {"X": "a\nb"}},
        {"headers": {"X: y": "a"}},
        {"headers": [("X\0", "a")]},
    ]:
        with pytest.raises(ValueError):
            ospjit.Response("", **wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ospjit.Response(5)  # type: ignore[arg-type]


def test_header_lines_cannot_be_injected(caplog: pytest.LogCaptureFixture) -> None:
    """Lines written by hand are the runtime's to check."""

    @ospjit.handler
    def inject(request):
        return ospjit.Response("x", headers="X-A: 1\r\n\r\nHTTP/1.1 200 OK\r\n")

    with inject:
        reply = requests.get(url(inject), timeout=PATIENCE)
        assert reply.status_code == 500
        assert "X-A" not in reply.headers


def test_threads_answer_at_once() -> None:
    """As many requests as there are threads wait for each other: all are being answered at the same time."""
    barrier = threading.Barrier(4)

    @ospjit.handler(threads=4)
    def together(request):
        barrier.wait(PATIENCE)
        return threading.current_thread().name

    with together, ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: requests.get(url(together), timeout=PATIENCE).text, range(4)))
    assert len(set(names)) == 4
    assert all(name.startswith("ospjit together ") for name in names)


def test_a_handler_may_call_another() -> None:
    @ospjit.handler
    def inner(method, path, headers, body):
        """ "inner ${path}" """

    @ospjit.handler
    def outer(request):
        return inner("GET", request.path, "", "")

    with outer:
        assert requests.get(url(outer, "/x"), timeout=PATIENCE).text == "inner /x"


def test_many_requests() -> None:
    def ask(number: int) -> bool:
        with requests.Session() as session:
            return all(
                session.get(url(echo, f"/{number}/{n}"), timeout=PATIENCE).text == f"GET /{number}/{n} False "
                for n in range(50)
            )

    with echo, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_stopping_waits_for_the_request_in_flight() -> None:
    started = threading.Event()

    @ospjit.handler
    def slow(request):
        started.set()
        time.sleep(0.5)
        return "late"

    slow.start()
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(requests.get, url(slow), timeout=PATIENCE)
        assert started.wait(PATIENCE)
        slow.stop()
        assert reply.result().text == "late"


def test_a_request_may_stop_its_own_server() -> None:
    @ospjit.handler
    def last(request):
        last.stop()
        return "goodbye"

    port = last.start()
    assert requests.get(url(last), timeout=PATIENCE).text == "goodbye"
    until = time.monotonic() + PATIENCE
    while last.port is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert last.port is None
    assert last.start(port) == port
    last.stop()


def test_no_thread_is_left() -> None:
    with echo:
        requests.get(url(echo), timeout=PATIENCE)
        assert any(t.name.startswith("ospjit echo") for t in threading.enumerate())
    assert not any(t.name.startswith("ospjit echo") for t in threading.enumerate())
