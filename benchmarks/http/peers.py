"""The servers that are measured, and what each needs to run.

A peer is a name, what must be there for it, and a command. A peer that is not there is reported with the way
to install it and left out; nothing is installed without being asked (`--install-peers` makes the virtual
environment of the Python servers).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http import process

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
BUILD = HERE.parents[1] / "build" / "benchmarks-http"
VENV = BUILD / "python-peers"
PYTHON_PACKAGES = ("granian", "socketify", "uvicorn", "uvloop", "httptools")
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    title: str
    missing: Callable[[], str | None]
    """How to install what is missing; None if all is there."""
    command: Callable[[int], list[str]]
    """The command line for a port, after preparing what it needs."""


def needs(program: str, package: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        return None if _program(program) else f"'{program}' is not installed: apt-get install {package}"

    return missing


def needs_python(module: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        found = list(VENV.glob(f"lib/python3*/site-packages/{module}"))
        return None if found else f"'{module}' is not installed: python -m benchmarks.http --install-peers"

    return missing


def _program(name: str) -> str | None:
    """Debian puts nginx where not every user's PATH looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/go/bin")


def _ospjit(port: int) -> list[str]:
    return [sys.executable, "-m", "ospjit", "--workers", "1", str(SERVERS / "server.osp"), str(port)]


def _nginx(port: int) -> list[str]:
    folder = BUILD / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    text = (SERVERS / "nginx.conf").read_text().replace("PORT", str(port)).replace("FOLDER", str(folder))
    (folder / "nginx.conf").write_text(text)
    return [_program("nginx") or "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def _go(port: int) -> list[str]:
    binary, source = BUILD / "go-server", SERVERS / "server.go"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        go = _program("go") or "go"
        subprocess.run([go, "build", "-o", str(binary), str(source)], check=True)
    return [str(binary), str(port)]


def _node(port: int) -> list[str]:
    return ["node", str(SERVERS / "server.js"), str(port)]


def _granian(port: int) -> list[str]:
    options = "--interface rsgi --workers 1 --host 127.0.0.1 --no-access-log --log-level error --backlog 4096"
    return [str(VENV / "bin/granian"), *options.split(), "--port", str(port), "python_apps:rsgi"]


def _socketify(port: int) -> list[str]:
    return [str(VENV / "bin/python"), str(SERVERS / "python_apps.py"), str(port)]


def _uvicorn(port: int) -> list[str]:
    options = "--host 127.0.0.1 --no-access-log --log-level error --backlog 4096 --timeout-keep-alive 120"
    return [str(VENV / "bin/uvicorn"), *options.split(), "--port", str(port), "python_apps:asgi"]


PEERS = [
    Peer("ospjit", "ospjit, handler in Osprey", lambda: None, _ospjit),
    Peer("nginx", "nginx, return 200", needs("nginx", "nginx-light"), _nginx),
    Peer("go", "Go net/http", needs("go", "golang-go"), _go),
    Peer("node", "Node http", needs("node", "nodejs"), _node),
    Peer("socketify", "socketify (Python)", needs_python("socketify"), _socketify),
    Peer("granian", "granian, RSGI (Python)", needs_python("granian"), _granian),
    Peer("uvicorn", "uvicorn, raw ASGI (Python)", needs_python("uvicorn"), _uvicorn),
]


def install_python_peers() -> None:
    """Makes the virtual environment of the Python servers, or brings it up to date."""
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(VENV / "bin/pip"), "install", "--upgrade", *PYTHON_PACKAGES], check=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    port: int


def _wait_until_it_answers(server: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    request = b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"it ended at once, with status {server.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(request)
                if b" 200 " in connection.recv(4096):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"no answer within {START_SECONDS:.0f} s")


def pinned(command: list[str], core: int) -> list[str]:
    """A command on one core."""
    return ["taskset", "-c", str(core), *command]


@contextmanager
def running(peer: Peer, core: int) -> Iterator[Running]:
    """A fresh server, pinned to a core, until the block ends."""
    port = free_port()
    command = pinned(peer.command(port), core)
    environment = {**os.environ, "PYTHONPATH": str(SERVERS)} if peer.name not in ("ospjit",) else None
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True, env=environment)
    try:
        _wait_until_it_answers(server, port)
        yield Running(server.pid, port)
    finally:
        process.stop(server)
