"""Handlers compiled by numba, what they work with, and that requests to them never meet the interpreter."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time

import numba
import numpy as np
import pytest
import requests

import ospjit
from ospjit import nopython
from tests.e2e.program import PATIENCE


@ospjit.handler(nopython=True)
def square(request):
    if nopython.starts_with(request.path, b"/square/"):
        ok, number = nopython.parse_int(request.path[8:])
        if not ok:
            return (
                400,
                nopython.as_text(b'{"error": "no number"}'),
                nopython.as_text(b"application/problem+json"),
            )
        return 200, nopython.from_int(number * number), request.body[:0]
    if nopython.equal(request.path, b"/echo"):
        probe = nopython.header(request.headers, b"x-probe")
        text = nopython.concat(request.method, nopython.concat(b" ", request.query))
        return (
            201,
            nopython.concat(text, nopython.concat(probe, request.body)),
            nopython.as_text(b"text/x-echo"),
        )
    if nopython.equal(request.path, b"/fail"):
        raise ValueError("inside")
    return 404, request.path, request.body[:0]


@ospjit.handler(nopython=True)
def plain(method, path, headers, body):
    return path


@ospjit.handler
def osprey(method, path, headers, body):
    """path"""


def test_calls() -> None:
    assert square(ospjit.Request("GET", "/square/7")) == (200, b"49", b"")
    assert plain("GET", "/grüße", "", b"\xff") == "/grüße".encode()
    assert plain.respond(ospjit.Request("GET", "/x", query="y")) == ospjit.Response(b"/x?y")
    assert square.respond(ospjit.Request("GET", "/fail")).status == 500
    with pytest.raises(TypeError, match=r"called with an ospjit\.Request, not str"):
        square("GET")
    with pytest.raises(TypeError, match="argument 'path' must be str or bytes, not int"):
        plain("GET", 5, "", "")


def test_serving() -> None:
    with square, plain:
        at = f"http://127.0.0.1:{square.port}"
        reply = requests.get(at + "/square/12", timeout=PATIENCE)
        assert (reply.status_code, reply.text) == (200, "144")
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        reply = requests.get(at + "/square/x", timeout=PATIENCE)
        assert (reply.status_code, reply.headers["Content-Type"]) == (400, "application/problem+json")
        data = bytes(range(256))
        reply = requests.post(at + "/echo?q", data=data, headers={"X-Probe": "1"}, timeout=PATIENCE)
        assert (reply.status_code, reply.content) == (201, b"POST q1" + data)
        for _ in range(2):
            reply = requests.get(at + "/fail", timeout=PATIENCE)
            assert (reply.status_code, reply.json()) == (500, {"error": "internal server error"})
        assert requests.get(at + "/none", timeout=PATIENCE).status_code == 404
        url = f"http://127.0.0.1:{plain.port}/a?b"
        assert requests.get(url, timeout=PATIENCE).text == "/a?b"


@pytest.mark.parametrize("handler", [plain, osprey], ids=["numba", "osprey"])
def test_requests_never_meet_the_interpreter(handler: ospjit.Handler) -> None:
    """A client gets its answers while this thread holds the interpreter's lock."""
    client = (
        "import sys, time, urllib.request\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "start = time.monotonic()\n"
        f"for _ in range(20): urllib.request.urlopen('http://127.0.0.1:{{}}/x', timeout={PATIENCE}).read()\n"
        "print(time.monotonic() - start)\n"
    )
    with handler:
        process = subprocess.Popen(
            [sys.executable, "-c", client.format(handler.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        held = time.monotonic()
        ctypes.PyDLL(None).usleep(2_500_000)  # keeps the lock
        held = time.monotonic() - held
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert held > 2.4
    assert float(output) < held


def test_what_is_no_compiled_handler() -> None:
    with pytest.raises(TypeError, match="handler 'wrong' cannot be compiled in nopython mode"):

        @ospjit.handler(nopython=True)
        def wrong(method, path, headers, body):
            return object()

    with pytest.raises(TypeError, match="runtime's own workers"):

        @ospjit.handler(nopython=True, threads=2)
        def threads(method, path, headers, body):
            return body


# ---- what they work with; compiled once, against Python


def text(value: str | bytes) -> np.ndarray:
    return nopython.as_text(value)


TEXTS = ["", "a", "abc", "/users/", "grüße 🦅", "x" * 100]


def test_comparing() -> None:
    for a in TEXTS:
        for b in TEXTS:
            x, y = text(a), text(b)
            assert nopython.equal(x, y) == (a == b)
            assert nopython.starts_with(x, y) == a.startswith(b)
            assert nopython.ends_with(x, y) == a.endswith(b)
            assert nopython.find(x, y) == a.encode().find(b.encode())
            assert nopython.concat(x, y).tobytes() == (a + b).encode()


def test_numbers() -> None:
    for number in [0, 7, -1, 10**18, 2**63 - 1, -(2**63)]:
        assert nopython.from_int(number).tobytes() == str(number).encode()
        assert nopython.parse_int(text(str(number))) == (True, number)
    for wrong in ["", "-", "1x", " 1", "+1", str(2**63), str(-(2**63) - 1), "9" * 30]:
        assert nopython.parse_int(text(wrong)) == (False, 0)
    for value in [0.0, 1.5, -0.25, 3.14159265, 999999.9999999, -1e-9, 123456789.125]:
        assert float(nopython.from_float(value, 6).tobytes()) == pytest.approx(value, abs=1e-6)
    assert nopython.from_float(2.0, 2).tobytes() == b"2.00"
    assert nopython.from_float(-1.995, 0).tobytes() == b"-2"
    assert nopython.from_float(float("nan"), 2).tobytes() == b"nan"


def test_headers() -> None:
    headers = text("Host: a\r\nX-Probe:\t one \r\nX-Probe: two\r\nEmpty:\r\n")
    for name, value in [("host", b"a"), ("X-PROBE", b"one"), ("empty", b""), ("probe", b""), ("x", b"")]:
        assert nopython.header(headers, text(name)).tobytes() == value


def test_text_of_other_types() -> None:
    @numba.njit
    def made():
        return nopython.as_text("grüße 🦅"), nopython.to_str(nopython.as_text(b"a\xffb"))

    array, string = made()
    assert (array.tobytes().decode(), string) == ("grüße 🦅", "a?b")
