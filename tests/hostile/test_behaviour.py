"""Clients that are not malformed but rude: slow, silent, greedy, or gone. The others must not notice."""

from __future__ import annotations

import contextlib
import socket
import struct
import time

from tests.hostile.cases import get, post
from tests.hostile.wire import Connection

Address = tuple[str, int]

HEADER_TIMEOUT = 10.0
"""Seconds a client has for the head of a request."""


def assert_alive(server: Address, within: float = 2.0) -> None:
    """An honest client is served, and soon."""
    start = time.monotonic()
    with Connection(server) as connection:
        connection.send(get(b"/alive"))
        reply = connection.read_reply()
    assert reply is not None and reply.status == 200
    assert time.monotonic() - start < within


def test_slow_heads(server: Address) -> None:
    """RFC 9110 15.5.9: 408 for a head that does not come, and for one that comes byte by byte."""
    with Connection(server) as silent, Connection(server) as dripping:
        start = time.monotonic()
        silent.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for byte in get(b"/", fields=b"A: " + b"b" * 1000)[:-2]:
            dripping.socket.settimeout(0.25)
            with contextlib.suppress(TimeoutError):
                if not dripping.receive() or b"\r\n\r\n" in dripping.buffer:
                    break
            dripping.send(bytes([byte]))
            if time.monotonic() - start > HEADER_TIMEOUT + 5:
                break
        for connection in (silent, dripping):
            reply = connection.read_reply()
            assert reply is not None and reply.status == 408 and reply.announces_close
            assert connection.closed_by_peer()
        assert HEADER_TIMEOUT - 1 < time.monotonic() - start < HEADER_TIMEOUT + 3


def test_many_half_requests(server: Address) -> None:
    """300 connections in the middle of a request hold nobody up."""
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(Connection(server)).send(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"
            )
        for _ in range(10):
            assert_alive(server)


def test_clients_that_vanish(server: Address) -> None:
    """Connections reset at every stage of an exchange."""
    request = post(b"Content-Length: 5\r\n", b"hello")
    for length in range(len(request) + 1):
        with Connection(server) as connection:
            connection.send(request[:length])
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_alive(server)


def test_a_client_that_does_not_read(server: Address) -> None:
    """Large responses that nobody takes: the server goes on, and the client gets them whole when it reads."""
    body = b"x" * 4_000_000
    with Connection(server) as connection:
        connection.send(post(b"Content-Length: %d\r\n" % len(body), body))
        for _ in range(5):
            assert_alive(server)
        reply = connection.read_reply()
        assert reply is not None and reply.status == 200 and reply.body.endswith(body)


def test_a_long_pipeline(server: Address) -> None:
    """RFC 9112 9.3.2: a thousand requests in one piece are answered in order."""
    with Connection(server) as connection:
        connection.send(b"".join(get(b"/%d" % n) for n in range(1000)))
        for n in range(1000):
            reply = connection.read_reply()
            assert reply is not None and reply.body == b"GET /%d\n" % n


def test_a_pipeline_that_nobody_reads(server: Address) -> None:
    """A client that only sends is stopped by back-pressure, not served from ever more memory."""
    piece = b"".join(get(b"/" + b"a" * 1000) for _ in range(1000))
    with Connection(server) as connection:
        connection.socket.settimeout(1.0)
        sent = 0
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            while sent < 64 * len(piece):
                sent += connection.socket.send(piece)
        assert sent < 64 * len(piece), "64 MB of requests were taken without one response being read"
    assert_alive(server)


def test_a_body_at_its_limit(server: Address) -> None:
    """16 MiB are handed to the handler in memory."""
    size = 16 * 1024 * 1024
    with Connection(server) as connection:
        connection.send(post(b"Content-Length: %d\r\n" % size, b"x" * size))
        reply = connection.read_reply()
        assert reply is not None and reply.status == 200 and len(reply.body) == size + len(b"POST /\n")
