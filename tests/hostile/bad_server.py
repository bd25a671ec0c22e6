"""A server that answers as it is told to: each path has an answer, sent as it stands, sometimes slowly.

A thread a connection, loopback only, port given by the kernel; leaving the context manager closes everything.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with one request."""

    send: bytes
    keep: bool = False
    """Go on with the connection; otherwise it is closed."""
    pause: float = 0.0
    """Seconds of silence before the connection is closed."""
    drip: float = 0.0
    """Seconds between two bytes."""
    ignore_body: bool = False
    """Answer before the body of the request was read, and close."""
    reset: bool = False
    """End the connection with a reset."""


@dataclass(slots=True)
class BadServer:
    answers: dict[str, Answer]
    tls: ssl.SSLContext | None = None
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    """What came, heads and bodies, in order."""
    open_sockets: set[socket.socket] = field(default_factory=set)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.connections += 1
                self.open_sockets.add(peer)
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(10)
            channel = self.tls.wrap_socket(peer, server_side=True) if self.tls else peer
            with channel:
                while self._exchange(channel):
                    pass

    def _exchange(self, channel: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = channel.recv(65536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        answer = self.answers[head.split(b" ")[1].decode()]
        if not answer.ignore_body:
            body = self._read_body(channel, head, body)
        self.requests.append(head + b"\r\n\r\n" + body)
        step = 1 if answer.drip else max(len(answer.send), 1)
        for start in range(0, len(answer.send), step):
            channel.sendall(answer.send[start : start + step])
            time.sleep(answer.drip)
        time.sleep(answer.pause)
        if answer.reset:
            time.sleep(0.05)  # the client reads what came before
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return answer.keep

    @staticmethod
    def _read_body(channel: socket.socket, head: bytes, body: bytes) -> bytes:
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                read = bytearray(body)
                while len(read) < int(value):
                    read += channel.recv(65536)
                return bytes(read)
        return body

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.open_sockets:
            peer.close()


@contextlib.contextmanager
def bad_server(
    answers: dict[str, Answer], tls: ssl.SSLContext | None = None, listener: socket.socket | None = None
) -> Iterator[BadServer]:
    """A server that runs until the block ends."""
    server = BadServer(answers, tls) if listener is None else BadServer(answers, tls, listener)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(timeout=5)
