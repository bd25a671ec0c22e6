"""Headless Chromium for tests: a page is opened, clicked through and looked at over the DevTools protocol.

Chromium gets a profile folder of its own and a port that it chooses; leaving the `with` block ends it.
Nothing but the addresses that a test opens is ever asked for.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

#: What keeps Chromium from talking to anybody else, and lets it run as root in a container.
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --mute-audio"
).split()

PATIENCE = 60.0


class PageFailed(AssertionError):
    """What the page's script threw, or what did not come about in time."""


class Page:
    """The one tab of a browser. `errors` collects exceptions and what was logged as an error; `requests` the
    addresses that were asked for."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the DevTools protocol; its result."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(PATIENCE))
            if message.get("id") == self._number:
                if "error" in message:
                    raise PageFailed(f"{method}: {message['error']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(str(details.get("exception", {}).get("description", details["text"])))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(str(params["entry"]["text"]))
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(str(params["request"]["url"]))

    def open(self, url: str) -> None:
        """Open a page and wait until it has been loaded."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        """The value of an expression in JavaScript; a promise is waited for. Raises `PageFailed`."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageFailed(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def wait(self, script: str) -> Any:
        """The value of an expression as soon as it is true. Raises `PageFailed` when it never is."""
        until = time.monotonic() + PATIENCE
        while not (value := self.evaluate(script)):
            if time.monotonic() > until:
                raise PageFailed(f"never true: {script}")
            time.sleep(0.02)
        return value

    def text(self, selector: str) -> str:
        """The text of the first element that a CSS selector finds."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a CSS selector finds."""
        return list(
            self.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")
        )

    def click(self, selector: str, containing: str = "") -> None:
        """Click with the mouse in the middle of the first element that a CSS selector finds and that holds
        a text; it is scrolled into view first."""
        script = f"""(() => {{
            const found = [...document.querySelectorAll({json.dumps(selector)})]
              .find((e) => e.textContent.includes({json.dumps(containing)}));
            if (!found) throw new Error("nothing to click");
            found.scrollIntoView({{ block: "center", inline: "nearest" }});
            const box = found.getBoundingClientRect();
            return [Math.min(box.left + box.width / 2, innerWidth - 20), box.top + box.height / 2];
        }})()"""
        x, y = self.evaluate(script)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: characters, or names such as `ArrowRight` and `Escape`."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path: Path) -> None:
        """Write what the window shows to a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browser(width: int = 1400, height: int = 900) -> Iterator[Page]:
    """A running Chromium with an empty page."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program is not None, "the tests of pages need Chromium (Debian's package chromium)"
    profile = tempfile.mkdtemp(prefix="ospjit-chromium-")
    command = [program, *_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
    command += ["--remote-debugging-port=0", "about:blank"]
    log = Path(profile) / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        port = _port(process, Path(profile) / "DevToolsActivePort", log)
        with connect(_tab(port), max_size=None, open_timeout=PATIENCE) as connection:
            yield Page(connection)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def _port(process: subprocess.Popen[bytes], path: Path, log: Path) -> int:
    """The port that Chromium has chosen."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if path.exists() and (lines := path.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.02)
    raise PageFailed(f"Chromium did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _tab(port: int) -> str:
    """The address at which the first tab takes commands."""
    from http.client import HTTPConnection

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/json/list")
        pages = [page for page in json.loads(connection.getresponse().read()) if page["type"] == "page"]
        connection.close()
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.02)
    raise PageFailed("Chromium has no tab")
