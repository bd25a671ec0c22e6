"""The opening handshake of a server: what is refused and how, what is chosen, what an answer never says."""

from __future__ import annotations

import pytest

from tests.websocket.conftest import Start
from tests.websocket.wire import ACCEPT, KEY, Peer, frame, request

UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
VERSION = "Sec-WebSocket-Version: 13\r\n"
REST = f"Sec-WebSocket-Key: {KEY}\r\n"

REFUSED = {
    "another path": ("GET /other HTTP/1.1", UPGRADE + VERSION + REST, 404),
    "another path, plain": ("GET / HTTP/1.1", "", 404),
    "a plain request": ("GET /chat HTTP/1.1", "", 426),
    "another protocol": ("GET /chat HTTP/1.1", "Upgrade: h2c\r\nConnection: Upgrade\r\n", 426),
    "no Connection": ("GET /chat HTTP/1.1", "Upgrade: websocket\r\n" + VERSION + REST, 426),
    "HTTP/1.0": ("GET /chat HTTP/1.0", UPGRADE + VERSION + REST, 426),
    "another version": ("GET /chat HTTP/1.1", UPGRADE + "Sec-WebSocket-Version: 8\r\n" + REST, 426),
    "no version": ("GET /chat HTTP/1.1", UPGRADE + REST, 400),
    "another method": ("POST /chat HTTP/1.1", UPGRADE + VERSION + REST + "Content-Length: 0\r\n", 405),
    "a body": ("GET /chat HTTP/1.1", UPGRADE + VERSION + REST + "Content-Length: 3\r\n", 400),
    "no key": ("GET /chat HTTP/1.1", UPGRADE + VERSION, 400),
    "two keys": ("GET /chat HTTP/1.1", UPGRADE + VERSION + REST + REST, 400),
    "a short key": ("GET /chat HTTP/1.1", UPGRADE + VERSION + "Sec-WebSocket-Key: AAAA\r\n", 400),
    "a key of 4096 characters": (
        "GET /chat HTTP/1.1",
        UPGRADE + VERSION + f"Sec-WebSocket-Key: {'A' * 4096}\r\n",
        400,
    ),
    "a key that is no base64": (
        "GET /chat HTTP/1.1",
        UPGRADE + VERSION + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j Q==\r\n",
        400,
    ),
    "a key with an injected field": (
        "GET /chat HTTP/1.1",
        UPGRADE + VERSION + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\rX: Q==\r\n",
        400,
    ),
    "not HTTP": ("nonsense", "", 400),
    "a giant field": ("GET /chat HTTP/1.1", "X: " + "a" * 40000 + "\r\n", 431),
    "many fields": ("GET /chat HTTP/1.1", "".join(f"X{i}: a\r\n" for i in range(200)), 431),
    "a giant target": ("GET /chat?" + "a" * 40000 + " HTTP/1.1", "", 414),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(server: Start, name: str) -> None:
    line, fields, status = REFUSED[name]
    with Peer(server().at) as peer:
        peer.send(f"{line}\r\nHost: a\r\n{fields}\r\n".encode())
        head = peer.head()
        assert head.startswith(f"HTTP/1.1 {status} ")
        assert "\r\nConnection: close\r\n" in head or "\r\nConnection: Upgrade, close\r\n" in head
        if status == 426:
            assert "\r\nUpgrade: websocket\r\n" in head and "\r\nSec-WebSocket-Version: 13\r\n" in head
        body = peer.read(10000).decode()
        assert f"\r\nContent-Length: {len(body)}\r\n" in head
        for secret in ("/", "osp", "0x", "errno", ".c", "secret"):
            assert secret not in body


def test_accepted(server: Start) -> None:
    with Peer(server().at) as peer:
        head = peer.handshake("/chat?room=1", "X-Test: yes")
        assert head.startswith("HTTP/1.1 101 Switching Protocols\r\n")
        assert f"\r\nSec-WebSocket-Accept: {ACCEPT}\r\n" in head
        assert "Extensions" not in head and "Protocol:" not in head
        server().wait_for(r"^open /chat\?room=1 body '' yes$")


def test_frames_may_follow_the_request_at_once(server: Start) -> None:
    with Peer(server().at) as peer:
        peer.send(request("/chat?slow") + frame(1, b"echo early"))
        assert peer.head().startswith("HTTP/1.1 101 ")
        assert peer.frame() == (0x81, b"early")


def test_a_handshake_byte_by_byte(server: Start) -> None:
    with Peer(server().at) as peer:
        for byte in request():
            peer.send(bytes([byte]))
        assert peer.head().startswith("HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [("refuse", 403, ""), ("who", 401, "WWW-Authenticate: Bearer\r\n"), ("die", 500, "")],
)
def test_on_open_refuses_before_the_101(server: Start, query: str, status: int, field: str) -> None:
    with Peer(server().at) as peer:
        head = peer.handshake(f"/chat?{query}")
        assert head.startswith(f"HTTP/1.1 {status} ") and field in head
        body = peer.read(1000)
        assert b"secret" not in body and b"who are you" not in body and b"channel" not in body
        assert peer.at_end()


def test_what_on_open_sends_comes_behind_the_101(server: Start) -> None:
    with Peer(server().at) as peer:
        assert peer.handshake("/chat?greet").startswith("HTTP/1.1 101 ")
        assert peer.frame() == (0x81, b"welcome")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Origin: https://a.example"], 101),
        (["Origin: HTTPS://A.EXAMPLE"], 101),
        ([], 101),  # "" in the list admits who is no browser
        (["Origin: https://evil.example"], 403),
        (["Origin: https://a.example.evil"], 403),
        (["Origin: null"], 403),
        (["Origin: https://a.example", "Origin: https://a.example"], 403),
    ],
)
def test_origins(server: Start, lines: list[str], status: int) -> None:
    with Peer(server("checks").at) as peer:
        assert peer.handshake("/chat", *lines).startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        (["Sec-WebSocket-Protocol: chat.1, chat.2"], "chat.2"),
        (["Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: chat.1"], "chat.1"),
        (["Sec-WebSocket-Protocol: CHAT.1"], ""),
        ([], ""),
    ],
)
def test_subprotocols(server: Start, lines: list[str], chosen: str) -> None:
    with Peer(server("checks").at) as peer:
        head = peer.handshake("/chat", *lines)
        assert head.startswith("HTTP/1.1 101 ")
        assert (f"\r\nSec-WebSocket-Protocol: {chosen}\r\n" in head) == (chosen != "")
        assert ("Sec-WebSocket-Protocol" in head) == (chosen != "")
