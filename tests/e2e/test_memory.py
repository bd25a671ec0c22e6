"""What clients can make a server hold is bounded, whatever they send and however little they read."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.hostile.wire import Connection
from tests.sanitizers import needs_release_build

pytestmark = needs_release_build  # sanitizers take memory of their own

SERVER = """
let text = repeat("0123456789", 1000) ?: ""
fn answer(request: HttpRequest) -> string = if request.path == "/wait" { waited() } else { text }
fn waited() -> string = { sleep(4000)  text }
let server = httpCreateServer(0, "127.0.0.1") ?: 0
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""
CLIENTS, REQUESTS = 60, 4000
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    path = tmp_path / "app.osp"
    path.write_text(SERVER)
    with Program("--workers", "2", path) as program:
        yield program
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])


def resident(program: Program) -> int:
    return int(Path(f"/proc/{program.process.pid}/statm").read_text().split()[1]) * 4096


def settled(program: Program) -> int:
    """Resident bytes once they do not grow any more."""
    before = -1
    while (now := resident(program)) > before:
        before = now
        time.sleep(0.4)
    return now


def test_pipelines_that_nobody_reads(program: Program) -> None:
    address = ("127.0.0.1", program.port())
    with contextlib.ExitStack() as stack:
        with Connection(address) as first:
            first.send(GET)
            assert first.read_reply() is not None
        before = settled(program)
        connections = [stack.enter_context(Connection(address)) for _ in range(CLIENTS)]
        for connection in connections:
            connection.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.socket.send(GET * REQUESTS)  # 40 MB of replies
        growth = settled(program) - before
        assert growth < CLIENTS * 400_000, growth
        connections[0].socket.settimeout(10)
        for _ in range(1000):  # it goes on when they are read
            reply = connections[0].read_reply()
            assert reply is not None and len(reply.body) == 10_000


def test_requests_behind_one_that_takes_long(program: Program) -> None:
    """While a handler works, what comes behind its request is left in the socket."""
    address = ("127.0.0.1", program.port())
    with contextlib.ExitStack() as stack:
        before = settled(program)
        for _ in range(CLIENTS):
            connection = stack.enter_context(Connection(address))
            connection.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.socket.send(GET.replace(b"/", b"/wait", 1) + GET * REQUESTS)
        growth = settled(program) - before
        assert growth < CLIENTS * 400_000, growth
