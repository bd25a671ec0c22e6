"""HTTP/1.1 on a raw socket, just enough to say exactly what is sent and to read what comes back.

It must never repair, complete or reject anything that is sent: that is what the server is tested for. What
comes back it reads strictly, because a sloppy answer is a fault as well.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def announces_close(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """A connection to the server under test; use it as a context manager."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.ended = False

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends what the server still takes: it may have answered and closed in the middle."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def end_input(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def receive(self) -> bool:
        """Reads more; False at the end of the connection."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        self.ended = self.ended or not data
        return bool(data)

    def _read_until(self, mark: bytes) -> bytes | None:
        while mark not in self.buffer:
            if not self.receive():
                return None
        text, _, self.buffer = self.buffer.partition(mark)
        return text

    def _read_exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            assert self.receive(), f"body cut: {len(self.buffer)} of {count} bytes"
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_reply(self, to_head: bool = False) -> Reply | None:
        """The next response, interim ones included; None if the server closed without one."""
        head = self._read_until(b"\r\n\r\n")
        if head is None:
            assert self.buffer == b"", f"half a response: {self.buffer!r}"
            return None
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = status_line.split(" ", 2)
        assert version == "HTTP/1.1" and len(status) == 3, status_line
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            assert colon and name and name == name.strip() and name.lower() not in headers, line
            headers[name.lower()] = value.strip()
        code = int(status)
        if to_head or code < 200 or code in (204, 304):
            return Reply(code, headers)
        assert "content-length" in headers and "transfer-encoding" not in headers, headers
        return Reply(code, headers, self._read_exactly(int(headers["content-length"])))

    def closed_by_peer(self) -> bool:
        """True if the server closes now without another byte."""
        self.socket.settimeout(TIMEOUT)
        try:
            return not self.receive() and self.buffer == b""
        except TimeoutError:
            return False
