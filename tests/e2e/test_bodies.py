"""Request bodies in memory, in files, and over every limit."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import PATIENCE, Program
from tests.hostile.wire import Connection

MEMORY, TOTAL = 100_000, 5_000_000

SERVER = """
fn readAll(fd: int, total: int) -> int = match readFd(fd, 50000) {
    Success part => if length(part) == 0 { total } else { readAll(fd, total + length(part) ?: 0) }
    Error _ => -1
}
fn answer(request: HttpRequest) -> Result<HttpResponse, string> = match request.path {
    "/count" => match requestBodyFd() {
        Success fd => Success(HttpResponse { status: 200, body: "${length(request.body)} ${readAll(fd, 0)}" })
        Error message => Error("${message}")
    }
    "/echo" => match requestBodyFd() {
        Success fd => Success(HttpResponse { status: 200, streamFd: fd, isComplete: false })
        Error message => Error("${message}")
    }
    "/twice" => Success(HttpResponse { status: 200, body: "${requestBodyFd() == requestBodyFd()}" })
    "/closed" => Success(HttpResponse {
        status: 200, body: "${closeFd(requestBodyFd() ?: -1)} ${requestBodyFd()}"
    })
    "/elsewhere" => {
        let other = spawn requestBodyFd()
        Success(HttpResponse { status: 200, body: "${await(other)}" })
    }
    _ => Success(HttpResponse { status: 200, body: "${length(request.body)}" })
}
print(requestBodyFd())
let server = httpCreateServer(0, "127.0.0.1") ?: 0
print(httpConfigure(server, HttpOptions { bodyBytes: MEMORY, totalBodyBytes: TOTAL, stallTimeout: 3000 }))
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    path = tmp_path_factory.mktemp("bodies") / "app.osp"
    path.write_text(SERVER.replace("MEMORY", str(MEMORY)).replace("TOTAL", str(TOTAL)))
    with Program(path) as program:
        program.number = program.port()  # type: ignore[attr-defined]
        yield program
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])
        assert program.output[0] == "Error(requestBodyFd: called outside a request handler)"


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nA: b\r\n\r\n"


def read_reply(connection: Connection) -> tuple[int, bytes]:
    reply = connection.read_reply()
    assert reply is not None
    return reply.status, reply.body


def post(path: str, framing: str, end: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n{end}\r\n".encode()


def descriptors(program: Program) -> int:
    return len(os.listdir(f"/proc/{program.process.pid}/fd"))


def connect(program: Program) -> Connection:
    return Connection(("127.0.0.1", program.number))  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [0, 1, MEMORY, MEMORY + 1, 200_000, TOTAL])
@pytest.mark.parametrize("chunk", [None, 1000, 70_000, TOTAL])
def test_bodies_of_all_sizes_come_back(program: Program, size: int, chunk: int | None) -> None:
    body = os.urandom(size)
    with connect(program) as connection:
        for path, expected in [
            ("/echo", body),
            ("/count", b"%d %d" % (size if size <= MEMORY else 0, size)),
            ("/", b"%d" % (size if size <= MEMORY else 0)),
        ]:
            if chunk is None:
                connection.send(post(path, f"Content-Length: {size}") + body)
            else:
                connection.send(post(path, "Transfer-Encoding: chunked") + chunked(body, chunk))
            status, reply = read_reply(connection)
            assert status == 200
            assert hashlib.sha256(reply).digest() == hashlib.sha256(expected).digest()


def test_bodies_over_the_limit(program: Program) -> None:
    for request in (
        post("/", f"Content-Length: {TOTAL + 1}"),
        post("/", f"Content-Length: {TOTAL + 1}\r\nExpect: 100-continue"),
        post("/", "Transfer-Encoding: chunked") + b"%x\r\n" % (TOTAL + 1),
        post("/", "Transfer-Encoding: chunked") + chunked(b"x" * TOTAL, 100_000)[:-11] + b"1\r\nx\r\n",
    ):
        with connect(program) as connection:
            connection.send(request)
            status, _ = read_reply(connection)
            assert status == 413
            assert connection.closed_by_peer()


def test_a_pipeline_behind_a_stored_body(program: Program) -> None:
    body = os.urandom(MEMORY * 3)
    with connect(program) as connection:
        connection.send(
            (post("/count", f"Content-Length: {len(body)}") + body) * 3
            + post("/echo", "Transfer-Encoding: chunked") + chunked(body, 9999)
            + post("/", "Content-Length: 3") + b"end"
        )  # fmt: skip
        for _ in range(3):
            assert read_reply(connection) == (200, b"0 %d" % len(body))
        assert read_reply(connection) == (200, body)
        assert read_reply(connection) == (200, b"3")


def test_an_expectation_is_met_before_a_large_body(program: Program) -> None:
    with connect(program) as connection:
        connection.send(post("/count", f"Content-Length: {MEMORY * 2}", "Expect: 100-continue\r\n"))
        assert read_reply(connection) == (100, b"")
        connection.send(b"x" * MEMORY * 2)
        assert read_reply(connection) == (200, b"0 %d" % (MEMORY * 2))


def test_the_descriptor_belongs_to_the_request(program: Program) -> None:
    with connect(program) as connection:
        connection.send(post("/twice", "Content-Length: 3") + b"abc")
        assert read_reply(connection) == (200, b"true")
        connection.send(post("/closed", "Content-Length: 3") + b"abc")
        status, reply = read_reply(connection)
        assert (status, reply.startswith(b"Success(")) == (200, True)
        assert b"the descriptor of this request has been closed" in reply
        connection.send(post("/elsewhere", "Content-Length: 3") + b"abc")
        assert b"called outside a request handler" in read_reply(connection)[1]


def test_nothing_is_left_open(program: Program) -> None:
    with connect(program) as connection:
        connection.send(post("/", "Content-Length: 1") + b"x")
        read_reply(connection)
        before = descriptors(program)
        for _ in range(50):
            connection.send(post("/twice", f"Content-Length: {MEMORY * 2}") + b"x" * MEMORY * 2)
            assert read_reply(connection) == (200, b"true")
        assert descriptors(program) == before
    for cut in (1, MEMORY - 1, MEMORY, MEMORY + 70_000, MEMORY * 2 - 1):
        with connect(program) as connection:
            connection.send(post("/", f"Content-Length: {MEMORY * 2}") + b"x" * cut)
    until = time.monotonic() + PATIENCE
    while descriptors(program) > before and time.monotonic() < until:
        time.sleep(0.05)
    assert descriptors(program) <= before


def test_a_body_that_stalls(program: Program) -> None:
    with connect(program) as connection:
        connection.send(post("/", f"Content-Length: {MEMORY * 2}") + b"x" * 1000)
        status, _ = read_reply(connection)
        assert status == 408


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "app.osp"
    path.write_text(SERVER.replace("MEMORY", "10").replace("TOTAL", "1000000"))
    with Program(path, variables={"TMPDIR": str(tmp_path / "missing")}) as program:
        port = program.port()
        with Connection(("127.0.0.1", port)) as connection:
            connection.send(post("/count", "Content-Length: 3") + b"abc")
            assert read_reply(connection)[0] == 500
            connection.send(post("/", "Content-Length: 200000") + b"x" * 200000)
            assert read_reply(connection)[0] == 507
        program.stop()
        assert program.errors == ["ospjit: cannot store a request's body: No such file or directory"]
