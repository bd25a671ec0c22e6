"""What an attacker can do to a WebSocket server, in small: floods, bombs, and readers that do not read."""

from __future__ import annotations

import contextlib
import time
import zlib
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.e2e.program import PATIENCE
from tests.sanitizers import SANITIZED
from tests.websocket.conftest import Server, Start
from tests.websocket.wire import BINARY, CONTINUATION, PING, PONG, TEXT, Peer, frame, request


def resident(server: Server) -> int:
    """Bytes of memory that the server's process holds; 0 with a sanitizer, which takes memory of its own."""
    if SANITIZED:
        return 0
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4096


def answers(server: Server) -> bool:
    """Whether a new client is served."""
    with Peer(server.at) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"echo here"))
        return peer.frame() == (0x81, b"here")


TOO_MUCH = {
    "a frame": frame(TEXT, b"a" * 601),
    "a frame, of which only the head comes": frame(TEXT, b"a" * 100000)[:14],
    "a message in fragments": frame(TEXT, b"a" * 600, fin=False) + frame(CONTINUATION, b"a" * 401),
    "2^63 - 1 bytes": b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_big_is_refused(server: Start, name: str) -> None:
    with Peer(server("limits").at) as peer:
        peer.handshake()
        peer.send(TOO_MUCH[name])
        assert peer.closing()[0] == 1009


def test_a_compressed_bomb(server: Start) -> None:
    """Half a kilobyte that would become half a megabyte costs no more than the longest message."""
    own = server("limits")
    bomb = zlib.compress(b"0" * 10000000, 9, -15)
    assert answers(own)
    before = resident(own)
    with Peer(own.at) as peer:
        assert "permessage-deflate" in peer.handshake("/chat", "Sec-WebSocket-Extensions: permessage-deflate")
        peer.send(frame(BINARY, bomb[:590], rsv=4))
        assert peer.closing() == (1009, "the message is too big")
    assert resident(own) - before < 4 << 20
    assert answers(own)


def test_a_flood_of_fragments(server: Start) -> None:
    own = server()
    assert answers(own)
    before = resident(own)
    with Peer(own.at) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"echo ", fin=False))
        for _ in range(20):
            peer.send(frame(CONTINUATION, b"", fin=False) * 2500)
        peer.send(frame(CONTINUATION, b"done"))
        assert peer.frame() == (0x81, b"done")
    assert resident(own) - before < 8 << 20


def test_a_flood_of_pings_that_nobody_reads_the_answers_to(server: Start) -> None:
    own = server()
    assert answers(own)
    before = resident(own)
    with Peer(own.at, receive_buffer=4096) as peer:
        peer.handshake()
        pings = frame(PING, b"p" * 125) * 500
        peer.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            for _ in range(200):  # 13 MB
                peer.socket.sendall(pings)
        assert answers(own)
        assert resident(own) - before < 8 << 20


def test_a_flood_of_messages_is_against_the_policy(server: Start) -> None:
    for flood in (frame(TEXT, b"x") * 30, frame(PING) * 30, frame(PONG) * 30):
        time.sleep(0.25)  # handshakes are counted too
        with Peer(server("rates").at) as peer:
            assert peer.handshake().startswith("HTTP/1.1 101 ")
            peer.send(flood)
            assert peer.closing() == (1008, "too many messages")


def test_connections_that_come_too_fast(server: Start) -> None:
    own = Server("rates")
    with own:
        statuses = []
        for _ in range(12):
            with Peer(own.at) as peer:
                statuses.append(peer.handshake().split(" ")[1:2])
        assert statuses[:4] == [["101"]] * 4
        assert ["429"] in statuses
        # What a handler prints while the program ends may come after the end.
        for _ in range(statuses.count(["101"])):
            own.wait_for("^closed 1006 ")
        own.finish()


def test_too_many_connections(server: Start) -> None:
    own = Server("rates")
    with own, contextlib.ExitStack() as stack:
        for _ in range(4):
            assert stack.enter_context(Peer(own.at)).handshake().startswith("HTTP/1.1 101 ")
        with Peer(own.at) as peer:
            assert peer.handshake().startswith("HTTP/1.1 503 ")


def test_too_many_connections_from_one_address(server: Start) -> None:
    own = server("limits")
    with contextlib.ExitStack() as stack:
        statuses = [
            stack.enter_context(Peer(own.at, "127.0.0.2")).handshake().split(" ")[1] for _ in range(22)
        ]
        assert statuses == ["101"] * 20 + ["429"] * 2
        assert answers(own)  # from another address
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:  # they have gone: there is room again
        with Peer(own.at, "127.0.0.2") as peer:
            if peer.handshake().startswith("HTTP/1.1 101 "):
                return
        time.sleep(0.05)
    raise AssertionError("no room again")


def test_a_flood_of_connections_that_say_nothing(server: Start) -> None:
    own = server()
    assert answers(own)
    before = resident(own)
    with contextlib.ExitStack() as stack:
        for i in range(400):
            peer = stack.enter_context(Peer(own.at))
            peer.send(request()[: i % 60])
        assert answers(own)
        assert (resident(own) - before) / 400 < 32 << 10
    assert answers(own)


def test_a_reader_that_does_not_read_is_closed_and_holds_up_nobody() -> None:
    with Server("slow") as own, Peer(own.at, receive_buffer=4096) as slow, Peer(own.at) as other:
        slow.handshake()
        other.handshake()
        megabyte = b"x" * (1 << 20)
        reached = []
        while len(reached) < 40 and reached[-1:] != [b"reached 1"]:
            other.send(frame(TEXT, b"all " + megabyte))
            assert other.frame() == (0x81, megabyte)
            answer = other.frame()
            assert answer is not None
            reached.append(answer[1])
        assert reached[0] == b"reached 2"  # and so until 4 MiB wait in the outbox of the slow one
        assert reached[-1] == b"reached 1"
        assert slow.closing() == (1013, "too slow")
        own.wait_for("^closed 1013 'too slow'$")
        other.send(frame(TEXT, b"echo fine"))
        assert other.frame() == (0x81, b"fine")


def test_a_sender_waits_for_a_slow_reader(server: Start) -> None:
    """Back-pressure: 20 MB go through an outbox of 4 MiB to a reader that takes its time."""
    with Peer(server().at, receive_buffer=65536) as peer:
        peer.handshake()
        peer.send(frame(TEXT, b"flood 320"))
        time.sleep(0.5)
        for i in range(320):
            assert peer.frame() == (0x81, b"x" * 65536), i
    server().wait_for(r"^flood Success\(\(\)\)$")


def test_the_dead_are_noticed(server: Start) -> None:
    """A peer that answers pings stays; one that does not is closed."""
    with connect(server("pings").address(), compression=None) as alive, Peer(server("pings").at) as dead:
        dead.handshake()
        assert dead.frame() == (0x89, b"")
        assert dead.closing() == (1011, "a ping was not answered")
        alive.send("echo still here")
        assert alive.recv(PATIENCE) == "still here"
