"""The client of Osprey programs against Python's websockets, against our own server under TLS, and against
servers that break the rules."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.e2e.program import ROOT, Program
from tests.websocket.conftest import Start

CERTIFICATES = ROOT / "tests" / "hostile" / "certificates"

PROGRAM = """
let done = Channel<string> { capacity: 10 }

fn heard(message: WebSocketMessage) -> Result<Success, string> = match message {
    Text { data } => {
        send(done, "text ${data}")
        if data == "fail" { Error("as told") } else { Success() }
    }
    Binary { data } => {
        send(done, "binary ${length(data)}")
        Success()
    }
}

fn options() -> WebSocketClientOptions = WebSocketClientOptions { OPTIONS }

match websocketConnectWith("URL", options(), heard) {
    Success { value } => {
TALK
        print("closed ${websocketAwaitClose(value)}")
    }
    Error { message } => print("no: ${message}")
}
"""


def run_client(folder: Path, url: str, talk: str = "", options: str = "", **variables: str) -> list[str]:
    """What a client prints that connects, talks, and waits for the end."""
    program = folder / "client.osp"
    lines = "\n".join(f"        {line}" for line in talk.splitlines())
    text = PROGRAM.replace("URL", url).replace("OPTIONS", options or "deflate: false")
    program.write_text(text.replace("TALK", lines))
    with Program(program, variables=variables) as running:
        assert running.wait() == 0
        assert running.errors == []
        return running.output


@contextlib.contextmanager
def server_of(handler: Callable[[ServerConnection], None], **options: object) -> Iterator[str]:
    """The address of a server that runs in threads of ours."""
    with serve(handler, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


ECHO = """print(websocketSend(value, "hello"))
print(recv(done))
print(websocketSendBinary(value, "Grüße"))
print(recv(done))
print(websocketClose(value))"""


@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("deflate", ["", "deflate: true"])
def test_echo(tmp_path: Path, compression: str | None, deflate: str) -> None:
    with server_of(echo, compression=compression) as address:
        output = run_client(tmp_path, f"ws://{address}/", ECHO, deflate)
    assert output[:5] == ["Success(())", "text hello", "Success(())", "binary 7", "Success(())"]
    assert output[5].startswith("closed Error(websocket: no open connection")


def test_long_messages_that_share_their_context(tmp_path: Path) -> None:
    talk = """let long = repeat("a long text, ", 20000) ?: ""
print(websocketSend(value, long))
print(recv(done) == "text " + long)
print(websocketSend(value, long))
print(recv(done) == "text " + long)
print(websocketClose(value))"""
    with server_of(echo) as address:
        output = run_client(tmp_path, f"ws://{address}/", talk, "deflate: true")
    assert output[:5] == ["Success(())", "true", "Success(())", "true", "Success(())"]


def test_what_the_request_says(tmp_path: Path) -> None:
    requests = []

    def greet(connection: ServerConnection) -> None:
        assert connection.request is not None
        requests.append((connection.request.path, connection.request.headers, connection.subprotocol))
        connection.close(4001, "seen")

    options = 'subprotocols: ["chat.1", "chat.2"], headers: "Authorization: Bearer x\\nX-Long: ${long}\\n"'
    with server_of(greet, subprotocols=["chat.2"]) as address:
        url = f"ws://{address}/{'p' * 600}?q=1"
        output = run_client(tmp_path, url, "", options.replace("${long}", "l" * 2000))
    assert output == ["closed Success(4001)"]
    ((path, headers, subprotocol),) = requests
    assert path == f"/{'p' * 600}?q=1" and subprotocol == "chat.2"
    assert headers["Authorization"] == "Bearer x" and headers["X-Long"] == "l" * 2000
    assert "Sec-WebSocket-Extensions" not in headers


def test_an_error_of_the_handler_closes_with_1011(tmp_path: Path) -> None:
    codes = []

    def tell(connection: ServerConnection) -> None:
        connection.send("fail")
        with contextlib.suppress(Exception):
            connection.recv(30)
        codes.append((connection.close_code, connection.close_reason))

    with server_of(tell) as address:
        output = run_client(tmp_path, f"ws://{address}/", "print(recv(done))")
    assert output == ["text fail", "closed Success(1011)"]
    assert codes == [(1011, "as told")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('headers: "no field"', "headers: not a list of"),
        ('headers: "Host: other\\n"', "headers: Host is set by the client itself"),
        ('headers: "Sec-WebSocket-Key: x\\n"', "headers: Sec-WebSocket-Key is set by the client itself"),
        ('subprotocols: ["two words"]', "'two words' is not the name of a subprotocol"),
        ("maxMessageBytes: 0", "maxMessageBytes is out of range"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: str, message: str) -> None:
    (line,) = run_client(tmp_path, "ws://127.0.0.1:1/", "", options)
    assert line.startswith("no: websocket: ") and message in line


def raw_server(answer: bytes) -> tuple[int, threading.Thread]:
    """A server that sends bytes to one client after its request, and then waits for its end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            connection.settimeout(30)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            connection.sendall(answer)
            with contextlib.suppress(OSError):
                while connection.recv(4096):
                    pass

    thread = threading.Thread(target=run)
    thread.start()
    return listener.getsockname()[1], thread


HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered 403 instead of 101"),
        (HEAD + b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", "does not answer the key"),
        (HEAD + b"\r\n", "does not answer the key"),
        (HEAD.replace(b"Upgrade: websocket\r\n", b"") + b"\r\n", "has no Upgrade: websocket"),
        (b"nonsense\r\n\r\n", ""),
    ],
)
def test_answers_that_are_none(tmp_path: Path, answer: bytes, message: str) -> None:
    port, thread = raw_server(answer)
    (line,) = run_client(tmp_path, f"ws://127.0.0.1:{port}/")
    thread.join()
    assert line.startswith("no: ") and message in line


def test_wss(tmp_path: Path, server: Start) -> None:
    """Against our own server: the chain and the name are verified."""
    port = server("tls").at
    trusted = {"SSL_CERT_FILE": str(CERTIFICATES / "authority.pem")}
    talk = ECHO.replace('"hello"', '"echo hello"')
    output = run_client(tmp_path, f"wss://localhost:{port}/chat", talk, **trusted)
    assert output[:5] == ["Success(())", "text hello", "Success(())", "binary 7", "Success(())"]
    (line,) = run_client(tmp_path, f"wss://localhost:{port}/chat")
    assert line.startswith("no: ") and "certificate verify failed" in line
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(CERTIFICATES / "other.pem")
    with server_of(echo, ssl=other) as address:
        (line,) = run_client(tmp_path, f"wss://{address}/", **trusted)
        assert line.startswith("no: ") and "certificate verify failed" in line
