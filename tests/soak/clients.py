"""Clients that behave badly, one function a kind: each gets a port and a random generator, and says how many
requests it has sent. What they get back they check, as far as they wait for it.

They never take longer than a few seconds, and close what they open.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable

from tests.hostile.cases import get, post
from tests.hostile.wire import Connection

Client = Callable[[int, random.Random], int]


def _connect(port: int) -> Connection:
    return Connection(("127.0.0.1", port))


def _reset(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _sized(size: int) -> bytes:
    return post(b"Content-Length: %d\r\n" % size, b"y" * size)


def _chunked(randomness: random.Random) -> tuple[bytes, int]:
    """A chunked request and the length of its body."""
    sizes = [randomness.randrange(1, 5000) for _ in range(randomness.randrange(1, 10))]
    chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"z" * size) for size in sizes)
    return post(b"Transfer-Encoding: chunked\r\n", chunks + b"0\r\n\r\n"), sum(sizes)


def vanish(port: int, randomness: random.Random) -> int:
    """Resets the connection somewhere in the middle of one of a few requests."""
    request = _sized(randomness.choice((0, 10, 100_000)))
    whole = randomness.randrange(3)
    with _connect(port) as connection:
        connection.send(get(b"/vanish") * whole + request[: randomness.randrange(len(request))])
        if randomness.random() < 0.5:
            time.sleep(randomness.random() / 100)
        _reset(connection)
    return whole


def half_close(port: int, randomness: random.Random) -> int:
    """Ends its side behind a pipeline, and gets every answer all the same."""
    count = randomness.randrange(1, 30)
    with _connect(port) as connection:
        connection.send(b"".join(get(b"/%d" % n) for n in range(count)))
        connection.end_input()
        for n in range(count):
            reply = connection.read_reply()
            assert reply is not None and reply.body == b"GET /%d\n" % n
        assert connection.closed_by_peer()
    return count


def half_request(port: int, randomness: random.Random) -> int:
    """Ends its side in the middle of a request: 400, or nothing at all."""
    request = _sized(1000)
    with _connect(port) as connection:
        connection.send(request[: randomness.randrange(1, len(request) - 1)])
        connection.end_input()
        reply = connection.read_reply()
        assert reply is not None and reply.status == 400
    return 0


def slow_reader(port: int, randomness: random.Random) -> int:
    """Lets a large answer wait, takes some of it in small pieces, and then all of it or leaves."""
    size = randomness.randrange(200_000, 1_000_000)
    with _connect(port) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(_sized(size))
        time.sleep(randomness.random() / 5)
        for _ in range(20):
            connection.buffer += connection.socket.recv(512)
        if randomness.random() < 0.3:
            _reset(connection)
            return 1
        reply = connection.read_reply()
        assert reply is not None and len(reply.body) == size + len(b"POST /\n")
    return 1


def pipeline(port: int, randomness: random.Random) -> int:
    """Bodies of all kinds behind one another, cut into pieces anywhere; answers in order and whole."""
    requests, sizes = [], []
    for _ in range(randomness.randrange(1, 60)):
        kind = randomness.randrange(3)
        request, size = (
            (get(b"/"), 0) if kind == 0 else (_sized(500), 500) if kind == 1 else _chunked(randomness)
        )
        requests.append(request)
        sizes.append(size)
    stream = b"".join(requests)
    with _connect(port) as connection:
        while stream:
            step = randomness.randrange(1, 50_000)
            connection.send(stream[:step])
            stream = stream[step:]
        for size in sizes:
            reply = connection.read_reply()
            assert reply is not None and reply.status == 200
            assert len(reply.body) - len(reply.body.partition(b"\n")[0]) - 1 == size
    return len(requests)


def malformed(port: int, randomness: random.Random) -> int:
    """Nonsense, which is refused."""
    with _connect(port) as connection:
        connection.send(get(b"/") + bytes(randomness.randrange(128, 256) for _ in range(50)) + b"\r\n\r\n")
        first, second = connection.read_reply(), connection.read_reply()
        assert first is not None and first.status == 200 and second is not None and second.status == 400
    return 2


def silent(port: int, randomness: random.Random) -> int:
    """A few connections that say nothing, or half a head, for a moment."""
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(_connect(port))
            connection.send(get(b"/")[: randomness.randrange(10)])
        time.sleep(randomness.random() / 5)
    return 0


CLIENTS: list[Client] = [vanish, half_close, half_request, slow_reader, pipeline, malformed, silent]
