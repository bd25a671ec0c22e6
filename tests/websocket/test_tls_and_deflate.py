"""`wss://` servers, and permessage-deflate with a client that keeps its context and one that does not."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from tests.e2e.program import PATIENCE, ROOT
from tests.websocket.conftest import Start
from tests.websocket.wire import Peer

CERTIFICATES = ROOT / "tests" / "hostile" / "certificates"


def test_wss(server: Start) -> None:
    own = server("tls")
    trusted = ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))
    address = own.address().replace("ws://127.0.0.1", "wss://localhost")
    with connect(address, ssl=trusted, compression=None, max_size=None) as client:
        for text in ("hello", "x" * 1000000):
            client.send(f"echo {text}")
            assert client.recv(PATIENCE) == text
        client.close(4000, "enough")
    own.wait_for("^closed 4000 'enough'$")
    with pytest.raises(ssl.SSLError):
        connect(address, ssl=ssl.create_default_context())


def test_a_plain_client_gets_nothing_from_a_tls_server(server: Start) -> None:
    with Peer(server("tls").at) as peer:
        peer.send(b"GET /chat HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP" not in peer.read(1000)


@pytest.mark.parametrize("bits", [None, 9, 12, 15])
@pytest.mark.parametrize("forgets", [False, True])
def test_deflate(server: Start, bits: int | None, forgets: bool) -> None:
    factory = ClientPerMessageDeflateFactory(
        server_max_window_bits=bits, client_max_window_bits=bits or True, client_no_context_takeover=forgets
    )
    address = server("deflate").address()
    with connect(address, extensions=[factory], compression=None, max_size=None) as client:
        assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
        for text in ("", "short", "a longer text, a longer text, " * 1000, "ü" * 100000):
            client.send(f"echo {text}")
            assert client.recv(PATIENCE) == text


def test_a_broadcast_to_all_kinds(server: Start) -> None:
    own = server("deflate")
    text = "to everybody, " * 100
    with contextlib.ExitStack() as stack:
        clients = []
        for bits in (0, 9, 10, 15, 0, 15):
            offer = [ClientPerMessageDeflateFactory(server_max_window_bits=bits)] if bits else []
            clients.append(stack.enter_context(connect(own.address(), compression=None, extensions=offer)))
        clients[0].send(f"all {text}")
        assert [client.recv(PATIENCE) for client in clients] == [text] * 6
        assert clients[0].recv(PATIENCE) == "reached 6"


def test_off_by_default(server: Start) -> None:
    with connect(server().address()) as client:  # which offers compression
        assert "Sec-WebSocket-Extensions" not in client.response.headers
