"""The end of servers: ports are free at once, codes say why, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from tests.e2e.program import PATIENCE, run
from tests.websocket.conftest import Server
from tests.websocket.wire import Peer, frame

AGAIN = """
fn serve(port: int, left: int) -> Unit = {
    let server = websocketCreateServer(port, "127.0.0.1", "/")
    let code = websocketServerListen(server)
    let bound = websocketServerPort(server)
    match websocketConnect("ws://127.0.0.1:${bound}/", fn(message: string) => print(message)) {
        Success _ => {
            let reached = websocketServerBroadcast(server, "hello")
            print("${code} ${reached} ${websocketStopServer(server)}")
        }
        Error { message } => print(message)
    }
    if left > 0 { serve(bound, (left - 1) ?: 0) } else { () }
}
serve(0, 5)
"""


def test_a_port_is_free_at_once(tmp_path: Path) -> None:
    program = tmp_path / "again.osp"
    program.write_text(AGAIN)
    done = run(program)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line != "hello"] == ["0 1 0"] * 6


CODES = """
fn show(code: int) -> Unit = print("${code} ${websocketErrorMessage(code)}")
show(websocketCreateServer(70000, "127.0.0.1", "/"))
show(websocketCreateServer(0, "example", "/"))
show(websocketCreateServer(0, "127.0.0.1", "chat"))
show(websocketCreateServerTls(0, "127.0.0.1", "/", "none.pem", "none.pem"))
show(websocketServerListen(4711))
let late = websocketCreateServer(PORT, "127.0.0.1", "/")
show(websocketServerListen(late))
print(websocketStopServer(late))
let server = websocketCreateServer(0, "127.0.0.1", "/")
show(websocketServerBroadcast(server, "nobody"))
show(websocketServerListen(server))
show(websocketServerListen(server))
print(websocketConfigure(server, WebSocketOptions { deflate: true }))
show(websocketStopServer(server))
show(websocketStopServer(server))
"""


def test_every_failure_has_its_words(tmp_path: Path) -> None:
    program = tmp_path / "codes.osp"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program.write_text(CODES.replace("PORT", str(port)))
        start = time.monotonic()
        done = run(program)
        assert time.monotonic() - start > 1.0  # binding was tried for a second
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "-7 invalid port: a number from 1 to 65535, or 0 for any free one",
        "-8 invalid address: an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
        "-9 invalid path: it begins with / and holds no query",
    ]
    assert lines[3].startswith(
        "-10 the certificate or its key could not be used: cannot read the certificate"
    )
    assert lines[4] == "-1 invalid server id"
    reason = f"127.0.0.1 port {port}: another process listens there"
    assert lines[5] == f"-4 the address could not be bound: {reason}"
    assert lines[6] == "0"
    assert lines[7].startswith("-12 the server does not listen")
    assert lines[8] == "0 success"
    assert lines[9] == "-1 invalid server id: the server listens already, or has been stopped"
    assert lines[10] == "Error(websocket: the server listens already)"
    assert lines[11] == "0 success"
    assert lines[12].startswith("-1 invalid server id")


def descriptors(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_nothing_is_left_of_connections() -> None:
    with Server("fds") as server:
        with Peer(server.at) as peer:
            peer.handshake()
        before = 0
        for round_number in range(3):
            with contextlib.ExitStack() as stack:
                peers = [stack.enter_context(Peer(server.at)) for _ in range(60)]
                for i, peer in enumerate(peers):
                    if i % 3:
                        peer.handshake("/chat" if i % 2 else "/other")
                        peer.send(frame(1, b"echo x") if i % 5 else b"\xff")
                    else:
                        peer.send(b"GET /chat HTT")
            deadline = time.monotonic() + PATIENCE
            while descriptors(server) > before and round_number > 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            if round_number == 0:
                time.sleep(3)
                before = descriptors(server)
            assert descriptors(server) <= before
        server.finish()  # which also counts the objects
        assert server.errors == []


def test_a_signal_closes_with_1001() -> None:
    with Server("signal") as server, Peer(server.at) as peer:
        peer.handshake()
        server.process.send_signal(signal.SIGTERM)
        assert peer.closing() == (1001, "the server is stopping")
        server.wait_for("^closed 1001 'the server is stopping'$")
        peer.socket.close()
        server.process.wait(PATIENCE)
        assert server.process.returncode == 0


def test_a_handler_may_stop_its_own_server() -> None:
    with Server("own") as server, Peer(server.at) as peer:
        peer.handshake()
        peer.send(frame(1, b"stop"))
        assert peer.closing() == (1001, "the server is stopping")
        server.wait_for("^stopped 0$")
