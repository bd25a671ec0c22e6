"""Waiting, while a handler is served, for a signal or for somebody to stop it.

Not a lock or a queue: a signal that arrives just before a thread blocks on one of those does not wake it. The
interpreter writes a byte to a socket when a signal arrives, and reading that byte is what the wait is.
"""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """As a context manager in the main thread: SIGINT and SIGTERM end the wait; the first of them gives the
    signals back to whom they belonged, as leaving does. In other threads only `end` ends it."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._over = False
        self._previous: dict[signal.Signals, Any] = {}

    def end(self) -> None:
        """End the wait; from any thread, any number of times."""
        self._over = True
        with suppress(OSError):  # full of bytes that wake as well, or nobody waits any more
            self._writer.send(b"\0")

    def wait(self) -> None:
        """Wait for the end."""
        while not self._over:
            self._reader.recv(64)

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.getsignal(number) for number in _NUMBERS}
            self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            for number in _NUMBERS:
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            self._restore()
            signal.set_wakeup_fd(self._wakeup)
        self._reader.close()
        self._writer.close()

    def _restore(self) -> None:
        for number, action in self._previous.items():
            signal.signal(number, signal.SIG_DFL if action is None else action)
        self._previous = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._restore()
        self.end()
