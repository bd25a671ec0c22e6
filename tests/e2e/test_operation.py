"""Running a server: its access log, statistics, sockets passed by a service manager, its limits."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import sys
import time
from pathlib import Path

from tests.e2e.program import COMMAND, PATIENCE, ROOT, Program, run
from tests.hostile.wire import Connection

SERVER = """
fn answer(method: string, path: string, headers: string, body: string) -> Result<string, string> =
    if path == "/bad" { Error("broken") } else { Success("${path} ${length(body)}") }
let server = httpCreateServer(%s, "%s") ?: 0
%s
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""
PLAIN = SERVER % (0, "127.0.0.1", "")

LINE = re.compile(
    r"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
    r' "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+)'
    r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" \d+\.\d{6}'
)


def write(folder: Path, text: str) -> Path:
    path = folder / "app.osp"
    path.write_text(text)
    return path


def ask(port: int, request: bytes) -> int:
    with Connection(("127.0.0.1", port)) as connection:
        connection.send(request)
        reply = connection.read_reply()
        return reply.status if reply is not None else 0


def get(path: str, fields: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode("latin-1")


def parsed(lines: list[str]) -> list[dict[str, str]]:
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), lines
    return [m.groupdict() for m in matches if m is not None]


# ---- the access log


def test_every_request_has_one_line(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("kept\n")
    with Program(f"--access-log={log}", write(tmp_path, PLAIN)) as program:
        port = program.port()
        assert ask(port, get("/a?b", "Referer: http://x/\r\nUser-Agent: me 1.0\r\n")) == 200
        assert ask(port, b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc") == 200
        assert ask(port, get("/bad")) == 500
        assert ask(port, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n") == 501
        assert ask(port, b"GET / HTTP/1.1\r\n\r\n") == 400
        assert ask(port, b"nonsense\r\n\r\n") == 400
        until = time.monotonic() + 5
        while log.read_text().count("\n") < 7 and time.monotonic() < until:
            time.sleep(0.01)
        assert log.read_text().count("\n") == 7  # a line does not wait for the end
        with Connection(("127.0.0.1", port)) as connection:
            connection.send(get("/") * 1000)
            for _ in range(1000):
                assert connection.read_reply() is not None
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])
    first, *lines = log.read_text().splitlines()
    assert first == "kept"
    entries = parsed(lines)
    assert [(e["request"], e["status"], e["bytes"]) for e in entries[:6]] == [
        ("GET /a?b HTTP/1.1", "200", "6"),
        ("POST /p HTTP/1.1", "200", "4"),
        ("GET /bad HTTP/1.1", "500", "18"),
        ("BREW / HTTP/1.1", "501", "34"),
        ("GET / HTTP/1.1", "400", "25"),
        ("nonsense", "400", "34"),
    ]
    assert (entries[0]["referer"], entries[0]["agent"]) == ("http://x/", "me 1.0")
    assert (entries[1]["referer"], entries[1]["agent"]) == ("-", "-")
    assert len(entries) == 1006


def test_nobody_can_forge_a_line(tmp_path: Path) -> None:
    with Program("--access-log", write(tmp_path, PLAIN)) as program:
        port = program.port()
        ask(port, get("/", 'User-Agent: a" 200 1 "x\\\x1b[31m\xff\r\n'))
        ask(port, get("/", 'User-Agent: "\\\t\xe9\r\n'))
        ask(port, b"GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n")
        ask(port, b"\x00\xff\nGET / HTTP/1.1\r\n\r\n")
        ask(port, b"GET /" + b"a" * 7000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        program.stop()
        entries = parsed(program.errors)
    assert entries[0]["status"] == "400"  # control characters
    assert entries[1]["agent"] == r"\x22\x5C\x09\xE9"
    assert entries[2]["request"] == r"GET /\x1B[2J HTTP/1.1"
    assert entries[3]["request"] == r"\x00\xFF"
    assert entries[4]["request"] == "GET /" + "a" * 1019


def test_the_environment_and_the_program_choose_the_log(tmp_path: Path) -> None:
    everywhere, own = tmp_path / "everywhere", tmp_path / "own"
    for configure, used in [
        ("", everywhere),
        (f'print(httpConfigure(server, HttpOptions {{ accessLog: "{own}" }}))', own),
    ]:
        with Program(
            write(tmp_path, SERVER % (0, "127.0.0.1", configure)),
            variables={"OSPJIT_ACCESS_LOG": str(everywhere)},
        ) as program:
            ask(program.port(), get("/"))
            program.stop()
            assert program.errors == []
        assert len(parsed(used.read_text().splitlines())) == 1


def test_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    place = tmp_path / "no" / "log"
    message = f"cannot open the access log {place}: No such file or directory"
    configure = f'print(httpConfigure(server, HttpOptions {{ accessLog: "{place}" }}))'
    with Program(f"--access-log={place}", write(tmp_path, SERVER % (0, "127.0.0.1", configure))) as program:
        assert ask(program.port(), get("/")) == 200
        program.stop()
        assert program.output[0] == f"Error({message})"
        assert program.errors == [f"ospjit: {message}"]


def test_options_behind_the_program_are_its_own(tmp_path: Path) -> None:
    done = run(write(tmp_path, "print(args())\n"), "--access-log", "--stats")
    assert (done.stdout, done.stderr) == ('["--access-log", "--stats"]\n', "")
    done = run("--access-log", "--workers", "1", write(tmp_path, "print(args())\n"), "--access-log=x")
    assert (done.stdout, done.stderr) == ('["--access-log=x"]\n', "")


# ---- statistics


def numbers(lines: list[str]) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in lines)}


def test_statistics(tmp_path: Path) -> None:
    with Program("--stats", "--workers", "2", write(tmp_path, PLAIN)) as program:
        port = program.port()
        for _ in range(3):
            assert ask(port, get("/")) == 200
        assert ask(port, get("/bad")) == 500
        assert ask(port, b"GET / HTTP/1.1\r\n\r\n") == 400
        with Connection(("127.0.0.1", port)) as kept:
            kept.send(get("/"))
            assert kept.read_reply() is not None
            program.process.send_signal(signal.SIGUSR1)
            program.wait_for("bytes_out")
        program.stop()
        assert program.process.returncode == 0, "\n".join(program.errors)
    size = len(program.errors) // 2
    assert program.errors[0] == program.errors[size] == "ospjit: statistics"
    signalled, final = numbers(program.errors[1:size]), numbers(program.errors[size + 1 :])
    assert signalled["connections_open"] >= 1  # the ends of the others may not have been seen yet
    assert final["connections_open"] == 0
    for name, value in {
        "workers": 2, "connections_accepted": 6, "connections_turned_away": 0,
        "requests": 5, "requests_refused": 1,
        "responses_2xx": 4, "responses_4xx": 1, "responses_5xx": 1, "handlers_failed": 0, "fibers_alive": 0,
    }.items():  # fmt: skip
        assert final[name] == value, name
    assert final["bytes_in"] == 5 * len(get("/")) + len("bad") + len(b"GET / HTTP/1.1\r\n\r\n")
    assert final["bytes_out"] > 6 * 100


def test_without_statistics_the_signal_has_its_own_meaning(tmp_path: Path) -> None:
    with Program(write(tmp_path, PLAIN)) as program:
        program.port()
        program.stop(signal.SIGUSR1)
        assert program.process.returncode == -signal.SIGUSR1


# ---- sockets passed by a service manager

PASS = """
import os, socket, sys
first, second = socket.socket(), socket.socket()
for s in (first, second):
    s.bind(("127.0.0.1", 0))
    s.listen()
with open(sys.argv[1], "w") as file:
    print(first.getsockname()[1], second.getsockname()[1], file=file)
port = str(second.getsockname()[1])
a, b = os.dup2(first.fileno(), 50), os.dup2(second.fileno(), 51)
os.dup2(50, 3), os.dup2(51, 4)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="api:other")
os.execv(sys.executable, [sys.executable, "-m", "ospjit", sys.argv[2], port])
"""

PASSED = """
let wanted = parseInt(args() |> first) ?: 0
fn first(items: List<string>) -> string = items[0] ?: ""
fn answer(method: string, path: string, headers: string, body: string) -> string = "passed"
let byPort = httpCreateServer(wanted, "127.0.0.1") ?: 0
let byName = httpCreateServer(0, "socket:api") ?: 0
print(httpCreateServer(0, "socket:other"))
let listening = "${httpListen(byPort, answer)} ${httpListen(byName, answer)}"
print("${listening} ${httpServerPort(byName)} ${httpServerPort(byPort)}")
"""


def test_passed_sockets_are_used(tmp_path: Path) -> None:
    ports = tmp_path / "ports"
    path = write(tmp_path, PASSED)
    with Program(str(ports), path, command=(sys.executable, "-c", PASS)) as program:
        program.wait_for(r"Success\(\(\)\) Success")
        by_name, by_port = map(int, ports.read_text().split())
        assert program.output == [
            "Error(no socket named 'other' has been passed to this process (LISTEN_FDNAMES))",
            f"Success(()) Success(()) {by_name} {by_port}",
        ]
        for port in (by_name, by_port):
            with Connection(("127.0.0.1", port)) as connection:
                connection.send(get("/"))
                reply = connection.read_reply()
                assert reply is not None and reply.body == b"passed"
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])


def test_sockets_meant_for_another_process_are_left_alone(tmp_path: Path) -> None:
    done = run_with(
        tmp_path,
        'print(httpCreateServer(0, "socket:api"))\n',
        LISTEN_PID="1",
        LISTEN_FDS="1",
        LISTEN_FDNAMES="api",
    )
    assert done == ["Error(no socket named 'api' has been passed to this process (LISTEN_FDNAMES))"]


def run_with(folder: Path, text: str, **variables: str) -> list[str]:
    with Program(write(folder, text), variables=variables) as program:
        program.wait()
        return program.output


# ---- limits


def test_limits_of_httpConfigure(tmp_path: Path) -> None:
    configure = """print(httpConfigure(server, HttpOptions {
        requestLineBytes: 50, headerBytes: 200, headerFields: 3, bodyBytes: 10, totalBodyBytes: 20,
        headerTimeout: 800, idleTimeout: 1600, connections: 3
    }))"""
    with Program(write(tmp_path, SERVER % (0, "127.0.0.1", configure))) as program:
        port = program.port()
        assert ask(port, get("/" + "a" * 36)) == 200
        assert ask(port, get("/" + "a" * 37)) == 414
        assert ask(port, get("/", "A: " + "b" * 180 + "\r\n")) == 200
        assert ask(port, get("/", "A: " + "b" * 200 + "\r\n")) == 431
        assert ask(port, get("/", "A: b\r\n" * 2)) == 200
        assert ask(port, get("/", "A: b\r\n" * 3)) == 431
        for size, status in [(10, 200), (20, 200), (21, 413)]:
            assert ask(port, get("/", f"Content-Length: {size}\r\n") + b"x" * size) == status
        started = time.monotonic()
        with Connection(("127.0.0.1", port)) as half, Connection(("127.0.0.1", port)) as idle:
            half.send(b"GET / HTTP/1.1\r\n")
            idle.send(get("/"))
            assert idle.read_reply() is not None
            reply = half.read_reply()
            assert reply is not None and reply.status == 408
            assert 0.7 < time.monotonic() - started < 1.5
            assert idle.closed_by_peer()
            assert 1.5 < time.monotonic() - started < 3
        time.sleep(0.1)
        with Connection(("127.0.0.1", port)) as a, Connection(("127.0.0.1", port)) as b:
            with Connection(("127.0.0.1", port)) as c:
                for connection in (a, b, c):
                    connection.send(get("/"))
                    reply = connection.read_reply()
                    assert reply is not None and reply.status == 200
                for _ in range(5):
                    with Connection(("127.0.0.1", port)) as refused:
                        refused.send(get("/"))
                        reply = refused.read_reply()
                        assert reply is not None and reply.status == 503 and reply.announces_close
                        assert refused.closed_by_peer()
            until = time.monotonic() + PATIENCE
            while ask(port, get("/")) != 200 and time.monotonic() < until:
                time.sleep(0.02)
            assert time.monotonic() < until
        program.stop()


READERS = """
let large = repeat("0123456789", 3000000) ?: ""
fn answer(request: HttpRequest) -> HttpResponse = match request.path {
    "/file" => HttpResponse { status: 200, streamFd: openFile(request.queryParams) ?: -1, isComplete: false }
    "/large" => HttpResponse { status: 200, body: large }
    _ => HttpResponse { status: 200, body: "quick" }
}
let server = httpCreateServer(0, "127.0.0.1") ?: 0
print(httpConfigure(server, HttpOptions { stallTimeout: 1000 }))
print("${httpListen(server, answer)} http://127.0.0.1:${httpServerPort(server)}")
"""


def test_readers_that_stall_are_let_go(tmp_path: Path) -> None:
    """Of a large body, of a file, of a pipeline; somebody who reads, however slowly, is served."""
    file = tmp_path / "large"
    with file.open("wb") as out:
        out.truncate(30_000_000)
    with Program("--stats", write(tmp_path, READERS)) as program:
        address = ("127.0.0.1", program.port())
        requests = [get("/large"), get(f"/file?{file}"), get("/large") + get("/") * 100]
        stalled = [Connection(address) for _ in requests]
        with Connection(address) as slow:
            slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
            for connection, request in zip(stalled, requests, strict=True):
                connection.send(request)
            slow.send(get("/large"))
            started = time.monotonic()
            while time.monotonic() - started < 3:
                assert slow.socket.recv(20_000)
                time.sleep(0.05)
            assert slow.socket.recv(20_000)
        for connection in stalled:
            with connection:
                while connection.receive():
                    pass
                assert len(connection.buffer) < 30_000_000
        program.stop()
        assert numbers(program.errors[1:])["connections_timed_out"] == 3


def test_no_descriptors_left(tmp_path: Path) -> None:
    """Connections beyond what the limit allows are told so, and the next ones are served."""
    path = write(tmp_path, PLAIN)
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80)); "
    limited = (sys.executable, "-c", limit + "os.execv(sys.argv[1], sys.argv[1:])", *COMMAND)
    with Program("--workers", "2", path, command=limited) as program:
        port = program.port()
        with contextlib.ExitStack() as stack:
            statuses = []
            for _ in range(100):
                connection = stack.enter_context(Connection(("127.0.0.1", port)))
                connection.send(get("/"))
                with contextlib.suppress(AssertionError):  # the reset of a refusal may overtake it
                    reply = connection.read_reply()
                    statuses.append(reply.status if reply is not None else 0)
            assert statuses.count(200) >= 30
            assert set(statuses[60:]) <= {503, 0} and 503 in statuses
        until = time.monotonic() + PATIENCE
        while ask(port, get("/")) != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        program.stop()
        assert program.process.returncode == 0


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    calls = [
        ("HttpOptions { requestLineBytes: 0 }", "Error(requestLineBytes must be from 16 to 1048576, not 0)"),
        ("HttpOptions { headerBytes: -1 }", "Error(headerBytes must be from 64 to 16777216, not -1)"),
        ("HttpOptions { headerFields: 10001 }", "Error(headerFields must be from 1 to 10000, not 10001)"),
        ("HttpOptions { bodyBytes: -5 }", "Error(bodyBytes must be from 0 to 1073741824, not -5)"),
        ("HttpOptions { idleTimeout: 0 }", "Error(idleTimeout must be from 1 to 86400000, not 0)"),
        ("HttpOptions { connections: -1 }", "Error(connections must be from 0 to 1073741824, not -1)"),
        ("HttpOptions { idleTimeout: 5 }", "Success(())"),
    ]
    text = 'let server = httpCreateServer(0, "127.0.0.1") ?: 0\n'
    text += "".join(f"print(httpConfigure(server, {options}))\n" for options, _ in calls)
    text += "print(httpConfigure(77, HttpOptions { idleTimeout: 5 }))\n"
    text += 'fn answer(a: string, b: string, c: string, d: string) -> string = ""\n'
    text += (
        "print(httpListen(server, answer))\nprint(httpConfigure(server, HttpOptions { idleTimeout: 5 }))\n"
    )
    text += "print(httpStopServer(server))\n"
    done = run(write(tmp_path, text))
    assert done.stdout.splitlines() == [
        *(expected for _, expected in calls),
        "Error(there is no server with id 77)",
        "Success(())",
        "Error(server 1 is listening already)",
        "Success(())",
    ]


# ---- documentation


def test_every_variable_is_documented() -> None:
    """docs/runtime.md lists the OSPJIT_* variables that the package reads, and no others."""
    read: set[str] = set()
    for folder, pattern in (("ospjit", "*.py"), ("passes", "*.py"), ("cruntime/src", "*.[ch]")):
        for file in (ROOT / folder).rglob(pattern):
            read |= set(re.findall(r"\bOSPJIT_[A-Z_]+", file.read_text()))
    page = (ROOT / "docs" / "runtime.md").read_text()
    documented = re.findall(r"^`(OSPJIT_[A-Z_]+)`$", page, re.MULTILINE)
    assert {"OSPJIT_WORKERS", "OSPJIT_ACCESS_LOG", "OSPJIT_RUNTIME", "OSPJIT_DEBUG"} <= read
    assert documented == sorted(read)


def test_the_statistics_on_the_page_are_those_reported() -> None:
    page = (ROOT / "docs" / "runtime.md").read_text()
    shown = re.findall(r"^  ([a-z_0-9]+) +\d+$", page, re.MULTILINE)
    source = (ROOT / "cruntime" / "src" / "stats.c").read_text()
    assert sorted(shown) == sorted(set(re.findall(r'"([a-z]+_?[a-z_0-9]+)"', source)) - {"re"})
