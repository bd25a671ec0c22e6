"""A WebSocket server for each way to switch things on, shared by the tests of this folder."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.program import ROOT, Program

SERVER = ROOT / "tests" / "websocket" / "server.osp"


class Server(Program):
    """The program `server.osp`, its port and what it prints."""

    def __init__(self, *switches: str) -> None:
        super().__init__(SERVER, *switches)
        self.number = 0

    @property
    def at(self) -> int:
        """The port."""
        if self.number == 0:
            self.number = int(self.wait_for(r"^port (\d+)$").group(1))
        return self.number

    def address(self, query: str = "") -> str:
        return f"ws://127.0.0.1:{self.at}/chat{'?' if query else ''}{query}"

    def finish(self) -> None:
        """It lives, and ends with nothing left behind: connections, objects, complaints."""
        assert self.process.poll() is None, "the server died"
        self.stop(signal.SIGTERM)
        assert self.process.returncode == 0
        assert self.output[-1] == "the end"


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[..., Server]]:
    """A server with these things switched on, one for the session."""
    running: dict[tuple[str, ...], Server] = {}

    def start(*switches: str) -> Server:
        if switches not in running:
            running[switches] = Server(*switches)
        return running[switches]

    yield start
    with contextlib.ExitStack() as stack:
        for program in running.values():
            stack.enter_context(program)
        for program in running.values():
            program.finish()
            unwanted = [
                line for line in program.errors if "in a WebSocket handler" not in line and "  " not in line
            ]
            assert unwanted == []


Start = Callable[..., Server]
