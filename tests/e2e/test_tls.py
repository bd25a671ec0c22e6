"""Servers of `httpCreateServerTls`: the handshake, requests under it, unusable files, rude clients."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.program import PATIENCE, ROOT, Program, run

CERTIFICATES = ROOT / "tests" / "hostile" / "certificates"
GOOD = CERTIFICATES / "good.pem"

SERVER = """
fn answer(request: HttpRequest) -> HttpResponse = match request.path {
    "/file" => HttpResponse {
        status: 200, streamFd: openFile(request.queryParams) ?: -1, isComplete: false, body: "first,"
    }
    "/chunks" => HttpResponse {
        status: 200, streamFd: openFile(request.queryParams) ?: -1, isComplete: false, contentLength: -1
    }
    _ => HttpResponse { status: 200, body: "${request.path} ${request.body}" }
}
fn limits() -> HttpOptions = HttpOptions { headerTimeout: 1500 }
match httpCreateServerTls(port: 0, address: "127.0.0.1", certificateFile: "CERTIFICATE", keyFile: "KEY") {
    Success server => {
        print(httpConfigure(server, limits()))
        print("${httpListen(server, answer)} https://127.0.0.1:${httpServerPort(server)}")
    }
    Error message => print("no: ${message}")
}
"""


def program_with(folder: Path, certificate: Path, key: Path) -> Path:
    path = folder / "tls.osp"
    path.write_text(SERVER.replace("CERTIFICATE", str(certificate)).replace("KEY", str(key)))
    return path


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with Program(program_with(tmp_path_factory.mktemp("tls"), GOOD, GOOD)) as program:
        yield int(program.wait_for(r"https://127\.0\.0\.1:(\d+)").group(1))
        assert program.stop() < 1.0
        assert program.process.returncode == 0
        assert program.errors == []


def context(*protocols: str) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


def connect(port: int, *protocols: str, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    return context(*protocols).wrap_socket(plain, server_hostname="localhost", session=session)


def read_all(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def ask(path: str, *, method: str = "GET", close: bool = True, body: bytes = b"") -> bytes:
    ending = "Connection: close\r\n" if close else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n{ending}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_requests_over_https(port: int) -> None:
    authority = str(CERTIFICATES / "authority.pem")
    with requests.Session() as session:
        for n in range(20):
            url = f"https://localhost:{port}/{n}"
            reply = session.post(url, data=b"x" * n * 5000, timeout=PATIENCE, verify=authority)
            assert (reply.status_code, reply.content) == (200, f"/{n} ".encode() + b"x" * n * 5000)


def test_a_pipeline_and_a_proper_end(port: int) -> None:
    with connect(port) as connection:
        assert connection.version() == "TLSv1.3"
        connection.sendall(b"".join(ask(f"/{n}", close=n == 499) for n in range(500)))
        text = read_all(connection)  # recv raises if the end comes without close_notify
    places = [text.index(b"\r\n\r\n/%d " % n) for n in range(500)]
    assert places == sorted(places)
    assert text.count(b"HTTP/1.1 200 OK\r\n") == 500


@pytest.mark.parametrize("path", ["/file", "/chunks"])
def test_streams(port: int, tmp_path: Path, path: str) -> None:
    file = tmp_path / "contents"
    contents = bytes(range(256)) * 20000
    file.write_bytes(contents)
    url = f"https://localhost:{port}{path}?{file}"
    reply = requests.get(url, timeout=PATIENCE, verify=str(CERTIFICATES / "authority.pem"))
    assert reply.content == (b"first," if path == "/file" else b"") + contents
    assert ("Content-Length" in reply.headers) == (path == "/file")


def test_a_slow_reader_of_a_large_reply(port: int) -> None:
    with connect(port) as connection:
        body = b"x" * 3_000_000
        connection.sendall(ask("/", method="POST", body=body))
        time.sleep(0.5)
        assert read_all(connection).endswith(b"/ " + body)


def test_protocols(port: int) -> None:
    with connect(port, "h2", "http/1.1") as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
    with connect(port) as connection:
        assert connection.selected_alpn_protocol() is None
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        connect(port, "h2")
    old = context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    with old.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(ask("/old"))
        assert connection.version() == "TLSv1.2" and read_all(connection).endswith(b"/old ")


def test_sessions_resume(port: int) -> None:
    shared = context()
    session = None
    for attempt in range(2):
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        with shared.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            assert connection.session_reused == (attempt == 1)
            connection.sendall(ask("/"))
            read_all(connection)
            session = connection.session


def test_plain_http_is_told(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        reply = read_all(plain)
    assert reply.startswith(b"HTTP/1.1 400 ") and b"HTTPS" in reply and b"Connection: close\r\n" in reply


def test_garbage_ends_the_connection(port: int) -> None:
    record = b"\x16\x03\x01"
    for garbage in (b"\x16", record + b"\xff\xff" + b"\0" * 70000, record + b"\x00\x05hello", b"\x16" * 1000):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
            plain.sendall(garbage)
            plain.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in read_all(plain)
    with connect(port) as connection:
        connection.sendall(ask("/alive"))
        assert b"/alive" in read_all(connection)


def test_handshakes_that_do_not_go_on_end(port: int) -> None:
    """They hold nobody up either."""
    started = time.monotonic()
    stalled = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(50)]
    for n, plain in enumerate(stalled):
        plain.sendall(b"\x16\x03\x01\x02\x00\x01"[: n % 7])
    with connect(port) as connection:
        connection.sendall(ask("/alive"))
        assert b"/alive" in read_all(connection)
    for plain in stalled:
        assert plain.recv(1) == b""
        plain.close()
    assert 1.4 < time.monotonic() - started < 5.0


#: The key of other.pem under the password "secret", in the new form and in the old one.
ENCRYPTED = """-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgWI7j6W3FEeQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIbaCh8RHcIwoRcFfYCiM5UEgZAw
sTs5C2oEL9mY6l5Eayw906rsa3VzLxKNzSDdicfdwr/DRMWfho0DummOteq/BwQ5
t/OS6WJYcteLXSQFGQR0y36XbvtuiQuEa4R9kID4MF1mBG1KDYjm7qQ59291q7L/
0j946UPUAK9qyqrdNJVW4k6Vzmh/Fcx0QOkDlQJsuRnKEH2MkeHCN4mLhyn1ELM=
-----END ENCRYPTED PRIVATE KEY-----
"""
ENCRYPTED_OLD = """-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,35A10D50FC8085FD77874DE2B2C92EE7

TaEIDou5dADDQ8OOL/vP9pG9fNjcdDeLrKkqjnsw/bNyd+Gtecpo9YyMRRCNTeRw
jnW1BvaJhXAPFatv6cNVvf7U3zJGSrWel1vTg1eLgRFCqNGkYFbet0qsplrD4BsR
ydqp603q+ik8o0bi07Y8P9NtL8i5l4lupgXYS7wttsM=
-----END EC PRIVATE KEY-----
"""


#: certificate, key, and what is said about them
UNUSABLE = [
    ("missing.pem", "good.pem", "cannot read the certificate {c}: No such file or directory"),
    ("good.pem", "missing.pem", "cannot read the key {k}: No such file or directory"),
    ("folder", "good.pem", "cannot read the certificate {c}: Is a directory"),
    ("text", "good.pem", "{c} holds no certificate in PEM form"),
    ("empty", "good.pem", "{c} holds no certificate in PEM form"),
    ("good.pem", "text", "{k} holds no private key in PEM form"),
    ("good.pem", "authority.pem", "{k} holds no private key in PEM form"),
    ("good.pem", "other.pem", "the key in {k} does not belong to the certificate in {c}"),
    ("good.pem", "encrypted", "the key in {k} is encrypted"),
    ("good.pem", "encrypted-old", "the key in {k} is encrypted"),
]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    for name in ("good.pem", "other.pem", "authority.pem"):
        shutil.copy(CERTIFICATES / name, tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no PEM\n")
    (tmp_path / "encrypted").write_text(ENCRYPTED)
    (tmp_path / "encrypted-old").write_text(ENCRYPTED_OLD)
    calls, expected = "", ""
    for certificate, key, message in UNUSABLE:
        c, k = tmp_path / certificate, tmp_path / key
        calls += f'print(httpCreateServerTls(0, "127.0.0.1", "{c}", "{k}"))\n'
        expected += f"Error({message.format(c=c, k=k)})\n"
    (tmp_path / "app.osp").write_text(calls)
    done = run(tmp_path / "app.osp")
    assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)
