"""The examples of the language's chapter on networking, completed to programs, do what the chapter says.

Only their fixed ports and outside addresses are replaced, so that tests run beside each other and offline.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.e2e.program import PATIENCE, Program, run

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def local(tmp_path: Path):
    """A copy of a program that binds a free port and talks to its own server only."""

    def copy(name: str) -> Path:
        text = (PROGRAMS / name).read_text().replace("8080", "0")
        own = "http://127.0.0.1:${httpServerPort(serverId)}"
        path = tmp_path / name
        path.write_text(text.replace("http://jsonplaceholder.typicode.com", own))
        return path

    return copy


def output(path: Path) -> list[str]:
    """The lines that a program prints; it must end well."""
    done = run("--verify-each", path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_core_types(local) -> None:
    assert output(local("core_types.osp")) == [
        'HttpRequest { method: PATCH, path: "/a", headers: "", body: "b", queryParams: "q=1" }',
        "OPTIONS",
        'HttpResponse { status: 200, headers: "", contentType: "text/plain", contentLength: 2, streamFd: -1, '
        'isComplete: true, partialBody: "hi", partialLength: 2 }',
        "PATCH",
    ]


def test_create_server(local) -> None:
    (line,) = output(local("create_server.osp"))
    assert re.fullmatch(r"Server created with ID: [1-9]\d*", line)


def test_create_server_that_fails(tmp_path: Path) -> None:
    source = (PROGRAMS / "create_server.osp").read_text()
    path = tmp_path / "bad_port.osp"
    path.write_text(source.replace("8080", "65536"))
    (line,) = output(path)
    assert line.startswith("Failed to create server: ") and "65536" in line
    path.write_text(source.replace("8080", "0").replace("127.0.0.1", "no address"))
    (line,) = output(path)
    assert line.startswith("Failed to create server: ") and "no address" in line


JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
UPDATED = '{"id": 1, "name": "Alice Updated", "message": "User updated"}'
RAW = [
    ("GET", "/health", JSON, '{"status": "healthy"}'),
    ("GET", "/nothing", TEXT, "Not Found"),
    ("GET", "/health?x", TEXT, "Not Found"),  # the four-argument form sees the target as sent
    ("PATCH", "/health", TEXT, "Method not allowed"),
]


@pytest.mark.parametrize(
    ("name", "exchanges"),
    [
        (
            "raw_handler.osp",
            [
                *RAW,
                ("GET", "/api/users", JSON, '[{"id": 1, "name": "Alice"}, {"id": 2, "name": "Bob"}]'),
                ("POST", "/api/users", JSON, '{"id": 3, "name": "New User", "message": "User created"}'),
                ("POST", "/api/auth/login", JSON, '{"token": "abc123", "message": "Login successful"}'),
                ("POST", "/x", TEXT, "Endpoint not found"),
                ("PUT", "/api/users/1", JSON, UPDATED),
                ("PUT", "/x", TEXT, "Not Found"),
                ("DELETE", "/api/users/1", JSON, '{"message": "User deleted"}'),
                ("DELETE", "/x", TEXT, "Not Found"),
            ],
        ),
        (
            "raw_handler_positional.osp",
            [
                *RAW,
                ("GET", "/api/users", JSON, '[{"id": 1, "name": "Alice"}]'),
                ("POST", "/anything", JSON, '{"message": "Created"}'),
            ],
        ),
        (
            "my_handler.osp",
            [("POST", "/a/b?c=d", TEXT, "POST /a/b?c=d true body"), ("GET", "/", TEXT, "GET / true body")],
        ),
    ],
)
def test_raw_handlers(local, name: str, exchanges: list[tuple[str, str, str, str]]) -> None:
    with Program("--verify-each", local(name)) as program:
        address = f"http://127.0.0.1:{program.port()}"
        for method, path, kind, body in exchanges:
            reply = requests.request(
                method, address + path, data="body", headers={"X-Probe": "yes"}, timeout=PATIENCE
            )
            assert (reply.status_code, reply.headers["Content-Type"], reply.text) == (200, kind, body)
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])


def test_handle_http_request(local) -> None:
    with Program("--verify-each", local("handle_http_request.osp")) as program:
        address = f"http://127.0.0.1:{program.port()}"
        plain = "application/json"
        for method, path, sent, status, kind, body in [
            ("GET", "/api/users", "", 200, plain, '[{"id": 1, "name": "Alice"}]'),
            ("GET", "/api/health?now=1", "", 200, plain, '{"status": "healthy"}'),
            ("GET", "/none", "", 404, "text/plain", "Not Found"),
            ("POST", "/api/users", '"Eve"', 201, plain, '{"created": "Eve"}'),
            ("POST", "/api/users", "", 500, JSON, '{"error":"no user"}'),
            ("POST", "/none", "", 500, JSON, '{"error":"Endpoint not found"}'),
            ("DELETE", "/api/users", "", 500, JSON, '{"error":"Method not supported"}'),
        ]:
            reply = requests.request(method, address + path, data=sent, timeout=PATIENCE)
            assert (reply.status_code, reply.headers["Content-Type"], reply.text) == (status, kind, body)
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])


def test_client(local) -> None:
    assert output(local("client.osp")) == [
        "Success(())",
        "  GET /users json=false ''",
        "Request completed with status: 200",
        '  POST /users json=true \'{"name": "John", "email": "john@example.com"}\'',
        "Success(200)",
        "  PUT /users/1 json=true '{}'",
        "Success(204)",
        "  DELETE /users/1 json=false ''",
        "Success(204)",
        "  DELETE /none json=false ''",
        "Success(404)",
        "  PATCH /users json=false 'patch'",
        "Success(200)",
        "  OPTIONS /users json=false ''",
        "Success(200)",
        "Success(())",
        "Request failed: no HTTP client with id 1",
        "Success(())",
        "Not stopped: there is no server with id 1",
    ]


def test_client_without_a_server(tmp_path: Path) -> None:
    path = tmp_path / "lonely.osp"
    path.write_text(
        'let clientId = httpCreateClient(baseUrl: "http://127.0.0.1:1", timeout: 5000) ?: 0\n'
        'match httpGet(clientID: clientId, path: "/", headers: "") {\n'
        '    Success statusCode => print("Request completed with status: ${statusCode}")\n'
        '    Err message => print("Request failed: ${message}")\n}\n'
    )
    assert output(path) == ["Request failed: connect: 127.0.0.1:1: connection refused"]


def test_handlers_of_every_shape(local) -> None:
    assert output(local("shapes.osp")) == [
        "200 text POST /good?q=1 body",
        "200 text POST /bad body",
        "418 response /good?q=1",
        "418 response /bad",
        "200 textOrError /good?q=1",
        '500 {"error":"not good"}',
        "202 responseOrError /good?q=1",
        '500 {"error":"not good"}',
        "200 textOf POST /good q=1 body",
        "200 textOf POST /bad  body",
        "203 responseOf /good",
        "203 responseOf /bad",
        "200 textOrErrorOf /good",
        '500 {"error":"not good"}',
        "200 responseOrErrorOf /good",
        '500 {"error":"not good"}',
        "200 hello /good?q=1 201",
        "200 hello /bad 201",
        "201 hello /good",
        "201 hello /bad",
        "200 201",
        '500 {"error":"hello"}',
    ]


def test_websocket_server(tmp_path: Path) -> None:
    text = (PROGRAMS / "websocket_server.osp").read_text().replace("8080", "0")
    path = tmp_path / "server.osp"
    path.write_text(text + "print(websocketServerPort(serverId))\n")
    with Program("--verify-each", path) as server:
        assert re.fullmatch(r"[1-9]\d*", server.wait_for(r"Server created with ID: (.*)").group(1))
        server.wait_for("^0$")
        port = int(server.wait_for(r"^([1-9]\d+)$").group(1))
        with connect(f"ws://127.0.0.1:{port}/chat") as client:
            client.ping().wait(PATIENCE)
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{port}/other")
        assert requests.get(f"http://127.0.0.1:{port}/chat", timeout=PATIENCE).status_code == 426
        server.stop()
    assert (server.process.returncode, server.errors) == (0, [])


def test_websocket_client(tmp_path: Path) -> None:
    received: list[str] = []

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            received.append(str(message))
            connection.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        path = tmp_path / "client.osp"
        text = (PROGRAMS / "websocket_client.osp").read_text().replace("localhost:8080", f"127.0.0.1:{port}")
        # The answer is waited for before the connection is closed.
        path.write_text(
            text.replace("        print(websocketClose", "        sleep(300)\n        print(websocketClose")
        )
        assert output(path) == ["Success(())", "Received: Hello, WebSocket!", "Success(())"]
    assert received == ["Hello, WebSocket!"]


def test_websocket_client_without_a_server(tmp_path: Path) -> None:
    path = tmp_path / "lonely.osp"
    path.write_text((PROGRAMS / "websocket_client.osp").read_text().replace("localhost:8080", "127.0.0.1:1"))
    assert output(path) == ["No connection: connect: 127.0.0.1:1: connection refused"]


def test_a_wrong_websocket_handler_is_a_type_error(tmp_path: Path) -> None:
    source = (PROGRAMS / "websocket_client.osp").read_text()
    path = tmp_path / "wrong.osp"
    path.write_text(source.replace("handleMessage(message: String)", "handleMessage(message: Int)"))
    done = run("check", path)
    assert done.returncode == 1
    assert "OSP3" in done.stderr
