"""How programs begin and end: signals, errors and exit statuses. No message is a trace back."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.program import COMMAND, PATIENCE, ROOT, Program, environment, run

API = ROOT / "examples" / "api.osp"
USAGE, COMPILE_ERROR, INTERRUPTED = 2, 1, 130

SERVER = """
fn answer(method: string, path: string, headers: string, body: string) -> %s
let server = httpCreateServer(0, "127.0.0.1") ?: 0
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""

#: Not a tail call: the stack runs out.
DEEP = "fn deep(n: int) -> int = match deep((n + 1) ?: 0) + 1 { Success m => m  Error _ => 0 }\n"


@pytest.fixture
def write(tmp_path: Path):
    """Write a program; its path."""

    def write(text: str, name: str = "app.osp") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def get(port: int, path: str = "/") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


# ---- signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_server_stops_within_a_second(number: signal.Signals) -> None:
    with Program(API, "0") as program:
        port = program.port()
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        assert get(port, "/health")[0] == 200
        seconds = program.stop(number)
        assert all(connection.recv(1) == b"" for connection in idle)
        for connection in idle:
            connection.close()
        assert program.process.returncode == 0
        assert seconds < 1.0
        assert program.errors == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_request_in_flight_is_answered_before_the_end(write) -> None:
    source = SERVER % 'string = {\n    print(path)\n    sleep(1500)\n    "late"\n}'
    with Program(write(source)) as program:
        port = program.port()
        replies: list[tuple[int, str]] = []
        client = threading.Thread(target=lambda: replies.append(get(port, "/slow")))
        client.start()
        program.wait_for("/slow")
        seconds = program.stop(signal.SIGTERM)
        client.join(PATIENCE)
        assert program.process.returncode == 0
        assert replies == [(200, "late")]
        assert seconds < 5.0


def test_a_second_signal_ends_at_once(write) -> None:
    source = SERVER % 'string = {\n    print(path)\n    sleep(60000)\n    "late"\n}'
    with Program(write(source)) as program:
        port = program.port()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            program.wait_for("/slow")
            program.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            assert program.process.poll() is None
            assert program.stop(signal.SIGINT) < 1.0
        assert program.process.returncode == INTERRUPTED


def test_a_program_without_a_server_is_interrupted(write) -> None:
    with Program(write('print("ready")\nsleep(60000)\n')) as program:
        program.wait_for("ready")
        assert program.stop(signal.SIGINT) < 1.0
        assert program.process.returncode == INTERRUPTED
        assert program.errors == []


def test_a_terminal_interrupts_the_whole_group() -> None:
    """Ctrl-C reaches every process of the foreground group, as it does under a shell."""
    process = subprocess.Popen(
        [*COMMAND, API, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


# ---- errors


def test_a_port_in_use() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = run(API, str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"127.0.0.1:{port}" in done.stderr or (str(port) in done.stderr and "127.0.0.1" in done.stderr)
    assert "another process" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_becomes_free_is_had() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    with Program(API, str(port)) as first:
        assert first.port() == port
        get(port, "/health")
        first.stop()
        with Program(API, str(port)) as second:
            assert second.port() == port
            assert get(port, "/health")[0] == 200
            second.stop()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["missing.osp"], USAGE, "ospjit: cannot read missing.osp: no such file or directory\n"),
        (["tests"], USAGE, "ospjit: cannot read tests: is a directory\n"),
        ([], USAGE, None),
        (["--no-such-option"], USAGE, None),
    ],
)
def test_wrong_usage(arguments: list[str], status: int, message: str | None) -> None:
    done = run(*arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    if message is not None:
        assert (done.stdout, done.stderr) == ("", message)


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        ("let x = (1 +\n", ":", "error[OSP1"),
        ('let x: int = "a"\n', ":1:14: ", "type mismatch: expected int, found string"),
        ('print(lenght("a"))\n', ":1:7: ", "undefined function 'lenght'"),
        ("\x00\n", ":1:1: ", "error[OSP1"),
        ("{" * 100000, ":", "error[OSP1"),
    ],
)
def test_a_program_that_does_not_compile(write, source: str, place: str, message: str) -> None:
    path = write(source)
    done = run(path)
    assert done.returncode == COMPILE_ERROR
    assert done.stdout == ""
    assert done.stderr.startswith(str(path) + place)
    assert message in done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr


@pytest.mark.parametrize("option", ["--no-http", "--sandbox"])
def test_a_program_without_the_network(option: str) -> None:
    done = run(option, API, "0")
    assert (done.returncode, done.stdout) == (COMPILE_ERROR, "")
    assert "'httpCreateServer' is not available: network access is disabled" in done.stderr
    assert "'httpListen' is not available" in done.stderr


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.osp"
    path.write_bytes(b'print("\xe4")\n')
    done = run(path)
    assert done.returncode == USAGE
    assert "not UTF-8 (line 1" in done.stderr


def test_a_handler_that_fails_costs_one_response(write) -> None:
    result = 'Result<string, string> = if path == "/bad" { Error("it \\"broke\\"") } else { Success("fine") }'
    with Program(write(SERVER % result)) as program:
        port = program.port()
        for _ in range(3):
            status, body = get(port, "/bad")
            assert status == 500
            assert json.loads(body) == {"error": 'it "broke"'}
            assert get(port, "/good") == (200, "fine")
        program.stop()
        assert program.process.returncode == 0


def test_a_handler_without_end_of_recursion_costs_one_response(write) -> None:
    """The stack of a fiber runs out: that request gets a 500 and a diagnostic, the others their answers."""
    source = DEEP + SERVER % 'string = if path == "/bad" { "${deep(0)}" } else { "fine" }'
    with Program(write(source)) as program:
        port = program.port()
        for _ in range(2):
            assert get(port, "/bad")[0] == 500
            assert get(port, "/good") == (200, "fine")
        program.stop()
        assert program.process.returncode == 0
        assert "stack" in "".join(program.errors)


def test_exit_statuses(write) -> None:
    assert run(write("exit(7)\n")).returncode == 7
    assert run(write("fn main() -> int = 258\n")).returncode == 2
    assert run(write("print(1)\n")).returncode == 0
    done = run(write(DEEP + "print(deep(0))\n"))
    assert done.returncode == 3
    assert "stack" in done.stderr and "Traceback" not in done.stderr


def test_a_program_on_standard_input() -> None:
    done = run("-", stdin='print("from stdin")\n')
    assert (done.returncode, done.stdout, done.stderr) == (0, "from stdin\n", "")


def test_a_reader_that_goes_away(write) -> None:
    path = write("""
fn loop(n: int) -> int = if n == 0 { 0 } else {
    print("${n}")
    loop((n - 1) ?: 0)
}
print(loop(100000))
""")
    process = subprocess.Popen(
        [*COMMAND, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(PATIENCE)
    assert b"Traceback" not in errors
