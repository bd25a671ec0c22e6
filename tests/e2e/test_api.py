"""Every route of the example API, asked by curl and by a client that reads strictly."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import requests

from tests.e2e.program import PATIENCE, needs_curl

JSON, TEXT, HTML = "application/json", "text/plain", "text/html; charset=utf-8"
ALICE = '{"id": 1, "name": "Alice", "role": "admin"}'
BOB = '{"id": 2, "name": "Bob", "role": "editor"}'
PAGE = (
    "<!doctype html><title>Users</title><h1>Users</h1>"
    "<p>The API is under <a href=/api/users>/api/users</a>.</p>"
)

#: method, path, request's body, status, content type, body
ROUTES = [
    ("GET", "/", None, 200, HTML, PAGE),
    ("GET", "/health", None, 200, JSON, '{"status": "healthy"}'),
    ("GET", "/health?verbose=1", None, 200, JSON, '{"status": "healthy"}'),
    ("GET", "/hello.txt", None, 200, TEXT, "Hello from Osprey!\n"),
    ("GET", "/api/users", None, 200, JSON, f"[{ALICE}, {BOB}]"),
    ("GET", "/api/users/1", None, 200, JSON, ALICE),
    ("GET", "/api/users/2", None, 200, JSON, BOB),
    ("GET", "/api/users/7", None, 404, JSON, '{"error": "there is no user 7"}'),
    ("GET", "/api/users/x", None, 400, JSON, '{"error": "\'x\' is not a user\'s number"}'),
    ("POST", "/api/users", '{"name": "Eve"}', 201, JSON, '{"id": 3, "name": "Eve", "role": "reader"}'),
    ("POST", "/api/users", '{"name": "E\\"ve", "role": "ü"}', 201, JSON,
     '{"id": 3, "name": "E\\"ve", "role": "ü"}'),
    ("POST", "/api/users", '{"role": "admin"}', 422, JSON, '{"error": "a user needs a name"}'),
    ("POST", "/api/users", "{", 400, JSON, None),
    ("DELETE", "/api/users", None, 405, JSON, '{"error": "use GET, HEAD, POST"}'),
    ("GET", "/api/square/12", None, 200, JSON, '{"n": 12, "square": 144}'),
    ("GET", "/api/square/-3", None, 200, JSON, '{"n": -3, "square": 9}'),
    ("GET", "/api/square/4000000000", None, 422, JSON,
     '{"error": "integer overflow: 4000000000 * 4000000000"}'),
    ("GET", "/api/square/x", None, 400, JSON, '{"error": "\'x\' is not an integer"}'),
    ("GET", "/nothing", None, 404, JSON, '{"error": "there is nothing at /nothing"}'),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "sent", "status", "kind", "body"), ROUTES)
def test_routes_with_requests(
    api: str, method: str, path: str, sent: str | None, status: int, kind: str, body: str | None
) -> None:
    reply = requests.request(method, api + path, data=sent and sent.encode(), timeout=PATIENCE)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, kind)
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    if body is not None:
        assert reply.content.decode() == body
    if kind == JSON:
        json.loads(reply.content)


@needs_curl
@pytest.mark.parametrize(("method", "path", "sent", "status", "kind", "body"), ROUTES)
def test_routes_with_curl(
    api: str, tmp_path: Path, method: str, path: str, sent: str | None, status: int, kind: str,
    body: str | None,
) -> None:  # fmt: skip
    file = tmp_path / "body"
    data = ["--data-binary", sent] if sent is not None else []
    command = ["curl", "-sS", "-X", method, *data, "-o", file, "-w", "%{http_code} %{content_type}"]
    done = subprocess.run([*command, api + path], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{status} {kind}", "")
    if body is not None:
        assert file.read_text() == body


def test_other_headers(api: str) -> None:
    created = requests.post(api + "/api/users", data='{"name": "x"}', timeout=PATIENCE)
    assert created.headers["Location"] == "/api/users/3"
    refused = requests.delete(api + "/api/users", timeout=PATIENCE)
    assert refused.headers["Allow"] == "GET, HEAD, POST"
    assert "Date" in refused.headers


def test_head_has_the_headers_and_no_body(api: str) -> None:
    got = requests.get(api + "/api/users", timeout=PATIENCE)
    head = requests.head(api + "/api/users", timeout=PATIENCE)
    assert head.status_code == 200
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.content == b""


def test_many_requests_on_one_connection(api: str) -> None:
    with requests.Session() as session:
        for n in range(50):
            reply = session.get(f"{api}/api/square/{n}", timeout=PATIENCE)
            assert reply.json() == {"n": n, "square": n * n}
