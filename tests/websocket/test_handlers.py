"""The server's events and sends: what handlers see, in which order, and what their failures do."""

from __future__ import annotations

import contextlib
import threading

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.program import PATIENCE
from tests.websocket.conftest import Start
from tests.websocket.wire import BINARY, CLOSE, PING, TEXT, Peer, frame


def open_client(server: Start, query: str = "", *switches: str) -> connect:
    return connect(server(*switches).address(query), compression=None, open_timeout=PATIENCE, max_size=None)


def ask(client: ClientConnection, text: str) -> str:
    client.send(text)
    answer = client.recv(PATIENCE)
    assert isinstance(answer, str)
    return answer


def test_text_and_binary(server: Start) -> None:
    with open_client(server) as client:
        for text in ("", "hello", "Grüße 😀", "x" * 70000):
            assert ask(client, f"echo {text}") == text
        for data in (b"", bytes(range(256)), b"\xff" * 200000):
            client.send(data)
            assert client.recv(PATIENCE) == data


def test_messages_are_handled_in_order(server: Start) -> None:
    with open_client(server) as client:
        client.send("sleep 100")
        for i in range(300):
            client.send(f"echo {i}")
        assert client.recv(PATIENCE) == "slept"
        assert [client.recv(PATIENCE) for _ in range(300)] == [str(i) for i in range(300)]


def test_a_slow_handler_holds_up_nobody_else(server: Start) -> None:
    with open_client(server) as slow, open_client(server) as quick:
        slow.send("sleep 1500")
        for _ in range(20):
            assert ask(quick, "echo now") == "now"
        with pytest.raises(TimeoutError):
            slow.recv(0.01)
        assert slow.recv(PATIENCE) == "slept"


def test_pings_are_answered_while_a_handler_runs(server: Start) -> None:
    with Peer(server().at) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"sleep 400") + frame(PING, b"alive?"))
        assert peer.frame() == (0x8A, b"alive?")
        assert peer.frame() == (0x81, b"slept")


def test_broadcast_reaches_everybody(server: Start) -> None:
    own = server("broadcast")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(own.address(), compression=None)) for _ in range(20)]
        assert ask(clients[0], "all of you") == "of you"
        assert clients[0].recv(PATIENCE) == "reached 20"
        assert [client.recv(PATIENCE) for client in clients[1:]] == ["of you"] * 19


def test_sending_to_another_connection(server: Start) -> None:
    with open_client(server) as one, open_client(server) as other:
        number = ask(other, "id")
        assert ask(one, f"send {number}") == "sent"
        assert other.recv(PATIENCE) == "hello"
        for wrong in ("0", "-1", "999999999", number + "0"):
            assert "no connection with id" in ask(one, f"send {wrong}")
        other.close()
        server().wait_for("^closed 1000 ''$")
        assert "no connection with id" in ask(one, f"send {number}")


CLOSES = {
    "with a code": (frame(CLOSE, b"\x0f\xa1why"), "closed 4001 'why'"),
    "without": (frame(CLOSE), "closed 1005 ''"),
    "not at all": (b"", "closed 1006 ''"),
    "in the middle of a frame": (frame(TEXT, b"hello")[:-1], "closed 1006 ''"),
    "against the rules": (b"\xff", "closed 1002 'invalid frame'"),
    "with bytes that are no text": (frame(TEXT, b"\xff"), "closed 1007 'the text is not UTF-8'"),
}


@pytest.mark.parametrize("how", CLOSES)
def test_on_close_hears_code_and_reason(server: Start, how: str) -> None:
    data, line = CLOSES[how]
    with Peer(server().at) as peer:
        peer.handshake()
        peer.send(data)
    server().wait_for(f"^{line}$")


def test_a_message_before_the_close_is_still_handled_and_answered(server: Start) -> None:
    with Peer(server().at) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"sleep 200") + frame(TEXT, b"echo last") + frame(CLOSE, b"\x03\xe8"))
        assert [peer.frame() for _ in range(3)] == [(0x81, b"slept"), (0x81, b"last"), (0x88, b"\x03\xe8")]
        assert peer.at_end()


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 3000, 4999])
def test_the_server_closes(server: Start, code: int) -> None:
    with open_client(server) as client:
        client.send(f"close {code}")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "as you wish")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1010, 1015, 2999, 5000, 70000, -1])
def test_codes_that_nobody_may_send(server: Start, code: int) -> None:
    """The `Error` of websocketServerClose becomes the handler's, which closes with 1011."""
    with open_client(server) as client:
        client.send(f"close {code}")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1011


@pytest.mark.parametrize(
    ("message", "reason"), [("fail for a reason", "for a reason"), ("die", "internal error")]
)
def test_a_handler_that_fails_costs_one_connection(server: Start, message: str, reason: str) -> None:
    with open_client(server) as other, open_client(server) as client:
        client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, reason)
        assert ask(other, "echo alive") == "alive"


def test_without_handlers_messages_are_dropped(server: Start) -> None:
    with Peer(server("silent").at) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"anybody?") + frame(BINARY, b"") + frame(PING, b"!"))
        assert peer.frame() == (0x8A, b"!")
        peer.send(frame(CLOSE, b"\x03\xe8"))
        assert peer.closing() == (1000, "")


def test_many_clients_at_once(server: Start) -> None:
    failures: list[str] = []

    def talk(number: int) -> None:
        try:
            with open_client(server) as client:
                for i in range(20):
                    assert ask(client, f"echo {number} {i}") == f"{number} {i}"
        except Exception as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
