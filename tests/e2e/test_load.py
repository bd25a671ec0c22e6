"""A thousand keep-alive connections for ten seconds: every request gets its own response, none is lost.

A run of the client is counted to the last byte; what throughput it reaches is not this test's business.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from collections.abc import Iterator

import pytest

from tests.e2e.program import PATIENCE, ROOT, Program

CONNECTIONS, SECONDS = 1000, 10.0


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Enough descriptors for the connections, here and in the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"the hard limit on descriptors is {hard}")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Client(asyncio.Protocol):
    """One connection: a request, its response, the next request, until the time is over."""

    def __init__(self, number: int, until: float) -> None:
        self.number = number
        self.until = until
        self.sent = self.answered = 0
        self.buffer = b""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.sent += 1
        self.n = self.number * 100_000 + self.sent
        self.transport.write(b"GET /api/square/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.n)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        expected = b'{"n": %d, "square": %d}' % (self.n, self.n * self.n)
        if not found or len(body) < len(expected):
            return
        if not head.startswith(b"HTTP/1.1 200 OK\r\n") or body != expected:
            self.end(f"request {self.n} got {self.buffer!r}")
            return
        self.buffer = b""
        self.answered += 1
        if time.monotonic() < self.until:
            self.ask()
        else:
            self.end("")

    def connection_lost(self, error: Exception | None) -> None:
        self.end(f"connection {self.number} was closed after {self.answered} responses: {error}")

    def end(self, complaint: str) -> None:
        if not self.ended.done():
            self.ended.set_result(complaint)
        self.transport.close()


async def load(port: int) -> list[Client]:
    """Run the load; every client has ended."""
    loop = asyncio.get_running_loop()
    until = time.monotonic() + SECONDS
    clients = []
    for number in range(CONNECTIONS):
        client = Client(number, until)
        await loop.create_connection(lambda c=client: c, "127.0.0.1", port)
        clients.append(client)
    await asyncio.wait_for(asyncio.gather(*(c.ended for c in clients)), PATIENCE)
    return clients


def test_no_response_is_lost(descriptors: None) -> None:
    with Program(ROOT / "examples" / "api.osp", "0") as program:
        clients = asyncio.run(load(program.port()))
        assert [c.ended.result() for c in clients if c.ended.result()] == []
        assert all(c.answered == c.sent >= 1 for c in clients)
        assert sum(c.answered for c in clients) > 2 * CONNECTIONS
        program.stop(signal.SIGTERM)
        assert program.process.returncode == 0
        assert program.errors == []
