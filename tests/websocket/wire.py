"""A WebSocket peer that sends any bytes at all, right or wrong, and reads frames."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from types import TracebackType

from tests.e2e.program import PATIENCE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 section 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """One frame; a client's if it is masked."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    length = len(payload)
    bit = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    key = (mask * (length // 4 + 1))[:length]
    hidden = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
    return head + mask + hidden


def request(target: str = "/chat", *lines: str) -> bytes:
    """The request of a handshake, with more fields."""
    fields = [
        f"GET {target} HTTP/1.1",
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY}",
        *lines,
    ]
    return "".join(f"{line}\r\n" for line in (*fields, "")).encode()


class Peer:
    """A connection to 127.0.0.1; every read has a time-out."""

    def __init__(self, port: int, source: str = "127.0.0.1", receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.rest = b""

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send all of the bytes; the other side may have gone."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def _more(self) -> bool:
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.rest += piece
        return piece != b""

    def read(self, count: int) -> bytes:
        """So many bytes, fewer at the end."""
        while len(self.rest) < count and self._more():
            pass
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def head(self) -> str:
        """The head of an HTTP response, a mere line end if none comes."""
        while b"\r\n\r\n" not in self.rest and self._more():
            pass
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head.decode() + "\r\n"

    def handshake(self, target: str = "/chat", *lines: str) -> str:
        """Open a WebSocket; the head of the answer."""
        self.send(request(target, *lines))
        return self.head()

    def frame(self) -> tuple[int, bytes] | None:
        """First byte and payload of the next frame; None at the end."""
        head = self.read(2)
        if len(head) < 2:
            return None
        length = head[1]
        if length == 126:
            (length,) = struct.unpack("!H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read(8))
        return head[0], self.read(length)

    def closing(self) -> tuple[int, str]:
        """Code and reason of the next close frame, whatever comes before it; (0, "") at the end."""
        while (got := self.frame()) is not None:
            first, payload = got
            if first == 0x88:
                code = int.from_bytes(payload[:2], "big") if payload else 1005
                return code, payload[2:].decode()
        return 0, ""

    def at_end(self) -> bool:
        """Whether the other side closes, and sends nothing more."""
        return self.read(1) == b""
