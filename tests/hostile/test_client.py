"""The HTTP client of Osprey programs against servers that do everything wrong, and some that do it right."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.bad_server import Answer, bad_server
from tests.hostile.responses import CASES, OK, SLOW, Case

CERTIFICATES = Path(__file__).with_name("certificates")

PROGRAM = """
fn show(what: string, result: Result<int, string>) -> Unit = match result {
    Success { value } => print("${what} ${value}")
    Error { message } => print("${what} ${message}")
}

fn body(client: int, path: string) -> string = match httpGetResponse(client, path, "") {
    Success { value } => httpResponseBody(value) ?: "no body"
    Error { message } => message
}

fn run(client: int) -> Unit = {
%s
}

match httpCreateClient(baseUrl: "%s", timeout: %d) {
    Success { value } => run(value)
    Error { message } => print(message)
}
"""


def run_program(
    tmp_path: Path,
    url: str,
    calls: list[str],
    timeout_ms: int = 5000,
    environment: dict[str, str] | None = None,
) -> list[str]:
    """Runs a program that makes `calls` on a client, named `client`; the lines it prints."""
    return run_lines(tmp_path, [PROGRAM % ("\n".join(calls), url, timeout_ms)], environment)


def run_lines(tmp_path: Path, lines: list[str], environment: dict[str, str] | None = None) -> list[str]:
    """Runs a program of these lines; the lines it prints."""
    source = tmp_path / "client.osp"
    source.write_text("\n".join(lines))
    result = subprocess.run(
        [sys.executable, "-m", "ospjit", str(source)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout.splitlines()


def get(path: str) -> str:
    return f'    show("{path}", httpGet(client, "{path}", ""))'


def run_cases(tmp_path: Path, cases: list[Case], timeout_ms: int) -> dict[str, str]:
    with bad_server({case.path: case.answer for case in cases}) as server:
        lines = run_program(
            tmp_path, f"http://127.0.0.1:{server.port}", [get(c.path) for c in cases], timeout_ms
        )
    return dict(line.split(" ", 1) for line in lines)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one program, so that each also shows that the client survived the ones before."""
    folder = tmp_path_factory.mktemp("client")
    return run_cases(folder, CASES, 5000) | run_cases(folder, SLOW, 400)


@pytest.mark.parametrize("case", CASES + SLOW, ids=str)
def test_case(outcomes: dict[str, str], case: Case) -> None:
    assert case.expected in outcomes[case.path]


def test_connections_are_reused(tmp_path: Path) -> None:
    """RFC 9112 9.3."""
    with bad_server({"/": Answer(OK + b"Content-Length: 2\r\n\r\nok", keep=True)}) as server:
        lines = run_program(tmp_path, f"http://127.0.0.1:{server.port}", [get("/")] * 5)
        assert lines == ["/ 200"] * 5
        assert server.connections == 1


def test_a_refused_body(tmp_path: Path) -> None:
    """RFC 9112 9.5: a server that answers without reading the body is heard all the same."""
    refusal = b"HTTP/1.1 413 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    body = '    show("post", httpPost(client, "/", repeat("x", 1000) ?: "", ""))'
    with bad_server({"/": Answer(refusal, ignore_body=True)}) as server:
        assert run_program(tmp_path, f"http://127.0.0.1:{server.port}", [body]) == ["post 413"]


def test_a_large_body_both_ways(tmp_path: Path) -> None:
    """Bodies that no socket buffer holds: 8 MB sent, 8 MB received."""
    size = 8_000_000
    answer = Answer(OK + b"Content-Length: %d\r\n\r\n" % size + b"y" * size, keep=True)
    calls = [
        f'    show("post", httpPost(client, "/", repeat("x", {size}) ?: "", ""))',
        '    print(length(body(client, "/")))',
    ]
    with bad_server({"/": answer}) as server:
        lines = run_program(tmp_path, f"http://127.0.0.1:{server.port}", calls)
    assert lines == ["post 200", str(size)]


def test_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    lines = run_program(tmp_path, f"http://127.0.0.1:{port}", [get("/")])
    assert lines == [f"/ connect: 127.0.0.1:{port}: connection refused"]


def test_a_name(tmp_path: Path) -> None:
    """Names are resolved; here by /etc/hosts."""
    with bad_server({"/": Answer(OK + b"Content-Length: 0\r\n\r\n")}) as server:
        assert run_program(tmp_path, f"http://localhost:{server.port}", [get("/")]) == ["/ 200"]


def test_nothing_is_injected(tmp_path: Path) -> None:
    """CR and LF in a path or a header never reach a server; there is none to reach."""
    calls = [
        r'    show("path", httpGet(client, "/ HTTP/1.1\r\nX: y", ""))',
        r'    show("headers", httpGet(client, "/", "A: b\r\n\r\nGET /x HTTP/1.1\r\n"))',
        r'    show("value", httpGet(client, "/", "A: b\rC: d"))',
    ]
    lines = run_program(tmp_path, "http://127.0.0.1:1", calls)
    assert [line.split(":")[0] for line in lines] == ["path path", "headers headers", "value headers"]


# ---- TLS ----


def tls_context(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    return context


TRUST = {"SSL_CERT_FILE": str(CERTIFICATES / "authority.pem")}
BODY = '    print(body(client, "/"))'


@pytest.fixture
def secure() -> Iterator[dict[str, Answer]]:
    yield {
        "/": Answer(OK + b"Content-Length: 6\r\n\r\nsecret", keep=True),
        "/end": Answer(OK + b"\r\nto the end"),
    }


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_https(tmp_path: Path, secure: dict[str, Answer], host: str) -> None:
    """A certificate of a trusted authority that names the host; one connection for all."""
    with bad_server(secure, tls_context("good")) as server:
        lines = run_program(
            tmp_path, f"https://{host}:{server.port}", [get("/"), BODY, BODY], environment=TRUST
        )
        assert lines == ["/ 200", "secret", "secret"]
        assert server.connections == 1


def test_https_to_a_silent_server(tmp_path: Path) -> None:
    """The time-out covers the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (line,) = run_program(tmp_path, f"https://127.0.0.1:{silent.getsockname()[1]}", [get("/")], 300)
    assert line.startswith("/ tls: 127.0.0.1:") and line.endswith("timed out after 300 ms")


def test_https_to_a_plain_server(tmp_path: Path) -> None:
    """Something that answers, but not in TLS."""

    def answer() -> None:
        peer, _ = plain.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as plain:
        thread = threading.Thread(target=answer)
        thread.start()
        (line,) = run_program(tmp_path, f"https://127.0.0.1:{plain.getsockname()[1]}", [get("/")])
        thread.join()
    assert line.startswith("/ tls: 127.0.0.1:") and "timed out" not in line


def test_https_cut_short(tmp_path: Path, secure: dict[str, Answer]) -> None:
    """RFC 9112 9.8: a body that ends with the connection is incomplete without a closure alert."""
    with bad_server(secure, tls_context("good")) as server:
        lines = run_program(tmp_path, f"https://localhost:{server.port}", [get("/end")], environment=TRUST)
    assert lines[0].startswith("/end read: localhost:"), "the server closed without an alert"
