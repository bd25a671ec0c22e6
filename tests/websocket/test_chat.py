"""The chat of `examples/chat` in a real browser: two pages see each other's messages.

Chromium runs headless and is driven over its own DevTools protocol, which is JSON over a WebSocket.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.e2e.program import PATIENCE, ROOT, Program

CHAT = ROOT / "examples" / "chat" / "chat.osp"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
]


def browser_command() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """A headless Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        command = browser_command()
        assert command is not None, "this test needs Chromium: apt-get install chromium"
        self.profile = profile
        self.drivers = contextlib.ExitStack()
        environment = {**os.environ, "HOME": str(profile)}
        self.process = subprocess.Popen(
            [command, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def port(self) -> int:
        """Where the browser can be driven; it writes that down when it is up."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                return int((self.profile / "DevToolsActivePort").read_text().split()[0])
            except (OSError, IndexError, ValueError):
                assert self.process.poll() is None, "the browser ended"
                time.sleep(0.1)
        raise AssertionError("the browser does not come up")

    def open(self, address: str) -> Page:
        """A new tab."""
        ask = urllib.request.Request(f"http://127.0.0.1:{self.port()}/json/new?{address}", method="PUT")
        with urllib.request.urlopen(ask, timeout=PATIENCE) as answer:
            tab = json.load(answer)["webSocketDebuggerUrl"]
        driver = connect(tab, compression=None, max_size=None, open_timeout=PATIENCE)
        return Page(self.drivers.enter_context(driver))

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drivers.close()
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Page:
    """A tab, in which expressions can be evaluated."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)

    def _command(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(PATIENCE))
            if answer.get("id") == number:
                result: dict[str, Any] = answer["result"]
                return result

    def evaluate(self, expression: str) -> object:
        result = self._command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self) -> None:
        self._command("Page.close")

    def wait_for(self, expression: str) -> None:
        """Until the expression is true."""
        until = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            assert time.monotonic() < until, f"{expression}: {self.evaluate('document.body.innerText')}"
            time.sleep(0.05)

    def enter(self, name: str) -> None:
        self.wait_for("document.readyState === 'complete' && document.getElementById('enter') !== null")
        self.evaluate(f"document.getElementById('name').value = {json.dumps(name)}")
        self.evaluate("document.querySelector('#enter button').click()")

    def say(self, text: str) -> None:
        self.evaluate(f"document.getElementById('text').value = {json.dumps(text)}")
        self.evaluate("document.querySelector('#talk button').click()")

    def log(self) -> list[str]:
        lines = self.evaluate("[...document.querySelectorAll('#log p')].map(p => p.textContent)")
        assert isinstance(lines, list)
        return lines

    def wait_for_line(self, line: str) -> None:
        lines = "[...document.querySelectorAll('#log p')]"
        self.wait_for(f"{lines}.some(p => p.textContent === {json.dumps(line)})")


@pytest.fixture
def chat() -> Iterator[Program]:
    with Program(CHAT, "0", "0") as program:
        yield program
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])


def test_two_pages_see_each_others_messages(chat: Program, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{chat.port()}/"
    with Browser(tmp_path / "profile") as browser:
        ada, grace = browser.open(address), browser.open(address)
        ada.enter("Ada")
        ada.wait_for_line("Ada enters")
        grace.enter("Grace")
        grace.wait_for_line("Grace enters")
        ada.wait_for_line("Grace enters")
        ada.say("Hello, Grace!")
        grace.wait_for_line("Ada: Hello, Grace!")
        grace.say("Grüße <b>nicht fett</b> 😀")
        ada.wait_for_line("Grace: Grüße <b>nicht fett</b> 😀")
        assert ada.log() == [
            "Ada enters",
            "Grace enters",
            "Ada: Hello, Grace!",
            "Grace: Grüße <b>nicht fett</b> 😀",
        ]
        third = browser.open(address)  # a name is taken once
        third.enter("Ada")
        third.wait_for_line("You could not enter: the name is taken, or nobody is there.")
        grace.close()
        ada.wait_for_line("Grace leaves")
