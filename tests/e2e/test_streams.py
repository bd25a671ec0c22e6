"""Replies that end with a descriptor: files, pipes, slow or failing sources, clients that leave."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import PATIENCE, Program
from tests.hostile.wire import Connection

SERVER = """
fn stream(path: string, length: int, complete: bool, start: string) -> HttpResponse = HttpResponse {
    status: 200, streamFd: openFile(path) ?: -1, isComplete: complete, contentLength: length, body: start
}
fn answer(request: HttpRequest) -> HttpResponse = match request.path {
    "/known" => stream(request.queryParams, 3, false, "start:")
    "/chunks" => stream(request.queryParams, -1, false, "start:")
    "/bare" => stream(request.queryParams, -1, false, "")
    "/complete" => stream(request.queryParams, 3, true, "start:")
    "/bad" => stream(request.queryParams, 3, false, "") { headers: "A: b\\r\\n\\r\\n" }
    "/number" => HttpResponse {
        status: 200, streamFd: parseInt(request.queryParams) ?: -1, isComplete: false
    }
    _ => HttpResponse { status: 200, body: "quick" }
}
let server = httpCreateServer(0, "127.0.0.1") ?: 0
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""

CONTENTS = os.urandom(3_000_000)


class Server:
    """The program, with one worker: whatever stops it stops everything."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.port = program.port()

    def connect(self) -> Connection:
        return Connection(("127.0.0.1", self.port))

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.program.process.pid}/fd"))

    def settles_at(self, count: int) -> bool:
        until = time.monotonic() + PATIENCE
        while self.descriptors() > count and time.monotonic() < until:
            time.sleep(0.05)
        return self.descriptors() <= count


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("streams") / "app.osp"
    path.write_text(SERVER)
    with Program("--workers", "1", path) as program:
        yield Server(program)
        program.stop()
        assert program.process.returncode == 0
        assert set(program.errors) <= {"ospjit: the handler's header fields are malformed (status 200)"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contents"
    path.write_bytes(CONTENTS)
    return path


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A named pipe and its writing end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)
    yield path, end
    with contextlib.suppress(OSError):
        os.close(end)


def get(path: str, source: object, version: str = "1.1", method: str = "GET") -> bytes:
    return f"{method} {path}?{source} HTTP/{version}\r\nHost: a\r\n\r\n".encode()


def read_chunked(connection: Connection) -> tuple[dict[str, str], bytes]:
    """The next reply, which must be in chunks and end properly."""
    while b"\r\n\r\n" not in connection.buffer:
        assert connection.receive()
    head, _, connection.buffer = connection.buffer.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    body = b""
    while True:
        while b"\r\n" not in connection.buffer:
            assert connection.receive(), "cut"
        line, _, rest = connection.buffer.partition(b"\r\n")
        size = int(line, 16)
        while len(rest) < size + 2:
            connection.buffer = b""
            assert connection.receive(), "cut"
            rest += connection.buffer
        assert rest[size : size + 2] == b"\r\n"
        connection.buffer = rest[size + 2 :]
        if size == 0:
            return headers, body
        body += rest[:size]


def assert_quick(server: Server) -> None:
    start = time.monotonic()
    with server.connect() as connection:
        connection.send(get("/quick", ""))
        reply = connection.read_reply()
        assert reply is not None and reply.body == b"quick"
    assert time.monotonic() - start < 1.0


def test_files(server: Server, file: Path) -> None:
    before = server.descriptors()
    with server.connect() as connection:
        for _ in range(3):
            connection.send(
                get("/known", file) + get("/complete", file) + get("/chunks", file) + get("/quick", "")
            )
            known = connection.read_reply()
            assert known is not None and known.body == b"start:" + CONTENTS
            complete = connection.read_reply()
            assert complete is not None and complete.body == b"start:"
            headers, body = read_chunked(connection)
            assert headers["transfer-encoding"] == "chunked" and "content-length" not in headers
            assert body == b"start:" + CONTENTS
            quick = connection.read_reply()
            assert quick is not None and quick.body == b"quick"
        connection.send(get("/known", file, method="HEAD") + get("/quick", ""))
        head = connection.read_reply(to_head=True)
        assert head is not None and head.headers["content-length"] == str(len(CONTENTS) + 6)
        quick = connection.read_reply()
        assert quick is not None and quick.body == b"quick"
    assert server.settles_at(before)


def test_an_empty_file_and_one_that_says_it_is_empty(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with server.connect() as connection:
        connection.send(get("/known", tmp_path / "empty"))
        reply = connection.read_reply()
        assert reply is not None and reply.body == b"start:"
        connection.send(get("/known", "/proc/self/status"))
        _, body = read_chunked(connection)
        assert body.startswith(b"start:Name:") and b"\nThreads:" in body


def test_old_clients_get_no_chunks(server: Server, fifo: tuple[Path, int], file: Path) -> None:
    path, end = fifo
    os.write(end, b"from the pipe")
    with server.connect() as connection:
        connection.send(get("/known", path, "1.0"))
        while b"pipe" not in connection.buffer:
            assert connection.receive()
        os.close(end)
        while connection.receive():
            pass
        head, _, body = connection.buffer.partition(b"\r\n\r\n")
        assert b"\r\nConnection: close" in head and b"chunked" not in head and b"Content-Length" not in head
        assert body == b"start:from the pipe"
    with server.connect() as connection:
        connection.send(get("/known", file, "1.0"))
        reply = connection.read_reply()
        assert reply is not None and reply.body == b"start:" + CONTENTS


def test_a_slow_pipe_stops_nobody(server: Server, fifo: tuple[Path, int]) -> None:
    path, end = fifo
    with server.connect() as connection:
        connection.send(get("/bare", path))
        for n in range(3):
            os.write(end, b"line %d\n" % n)
            while b"line %d\n" % n not in connection.buffer:
                assert connection.receive()  # what there is comes at once
            assert_quick(server)
        os.close(end)
        _, body = read_chunked(connection)
        assert body == b"line 0\nline 1\nline 2\n"


def test_many_silent_pipes_stop_nobody(server: Server, tmp_path: Path) -> None:
    """More of them than there are threads for what blocks."""
    before = server.descriptors()
    with contextlib.ExitStack() as stack:
        for n in range(40):
            path = tmp_path / f"pipe{n}"
            os.mkfifo(path)
            stack.callback(os.close, os.open(path, os.O_RDWR))
            connection = stack.enter_context(server.connect())
            connection.send(get("/chunks", path))
            while b"start:" not in connection.buffer:
                assert connection.receive()
        assert_quick(server)
        file = tmp_path / "file"
        file.write_bytes(b"abc")
        with server.connect() as other:
            other.send(get("/known", file))
            reply = other.read_reply()
            assert reply is not None and reply.body == b"start:abc"
    assert server.settles_at(before)


def test_clients_that_leave(server: Server, file: Path, fifo: tuple[Path, int]) -> None:
    before = server.descriptors()
    for request in (get("/known", file), get("/chunks", file), get("/bare", fifo[0])):
        for reset in (False, True):
            with server.connect() as connection:
                connection.send(request)
                connection.receive()
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            with contextlib.suppress(BlockingIOError):
                os.set_blocking(fifo[1], False)
                os.write(fifo[1], b"x" * 10000)  # a silent source would hide that nobody listens
                time.sleep(0.1)
                os.write(fifo[1], b"x" * 10000)
    os.close(fifo[1])
    assert_quick(server)
    assert server.settles_at(before)


def test_a_file_that_shrinks_breaks_the_connection(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with server.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.send(get("/known", path))
        connection.receive()
        os.truncate(path, 1_000_000)
        received = len(connection.buffer)
        while connection.receive():
            received = len(connection.buffer)
        assert received < 200_000_000
    assert_quick(server)


def test_descriptors_that_cannot_be_sent(server: Server, tmp_path: Path) -> None:
    with server.connect() as connection:
        for source in ("1", "3", "77777", "4611686018427387904"):
            connection.send(get("/number", source))
            reply = connection.read_reply()
            assert reply is not None and reply.status == 500 and b"streamFd: " in reply.body
        connection.send(get("/known", tmp_path / "missing"))
        reply = connection.read_reply()
        assert reply is not None and reply.body == b"start:"
        connection.send(get("/known", tmp_path))  # a folder: openFile refuses it
        reply = connection.read_reply()
        assert reply is not None and reply.body == b"start:"


def test_a_refused_reply_streams_nothing(server: Server, file: Path) -> None:
    before = server.descriptors()
    with server.connect() as connection:
        connection.send(get("/bad", file) + get("/quick", ""))
        reply = connection.read_reply()
        assert reply is not None and reply.status == 500
        quick = connection.read_reply()
        assert quick is not None and quick.body == b"quick"
    assert server.settles_at(before)
