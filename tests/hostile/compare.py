"""`python -m tests.hostile.compare`: the table of hostile requests against other servers.

A wrong expectation of ours would show as a difference from both nginx and Node. What matters is whether a
request is taken or refused; which 4xx says so is a matter of taste, and so is whether a refusal is said at
all. Every difference that is known has its reason in `differences.py`; the command prints them all, and fails
if one has none.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hostile.cases import CASES, Case
from tests.hostile.differences import REASONS

HERE = Path(__file__).parent
PATIENCE = 1.0
"""Seconds without a byte after which a server is taken to wait for more."""


def program(name: str) -> str | None:
    """The path of a peer; Debian puts nginx where not every user's PATH looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """A server on a port until the block ends; its port."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert server.poll() is None, f"{command[0]} ended with status {server.returncode}"
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=10)


@contextlib.contextmanager
def peer(name: str) -> Iterator[int]:
    """nginx or node; its port."""
    path = program(name)
    assert path is not None, f"{name} is not installed"
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if name == "node":
            command = [path, str(HERE / "peer.js"), str(port)]
        else:
            text = (HERE / "nginx.conf").read_text()
            for key, value in {"PORT": port, "INNER": free_port(), "FOLDER": folder}.items():
                text = text.replace(key, str(value))
            configuration = Path(folder, "nginx.conf")
            configuration.write_text(text)
            command = [path, "-p", folder, "-c", str(configuration), "-e", "stderr"]
        with running(command, port):
            yield port


def statuses(port: int, case: Case) -> list[int]:
    """What a server answers: status codes, and 0 where it closed without a word or waits for more."""
    found = []
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(case.send)
            if case.half_close:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                data += piece
    while data.startswith(b"HTTP/1."):
        head, _, data = data.partition(b"\r\n\r\n")
        found.append(int(head[9:12]))
        data = behind_the_body(head, data, case.to_head)
    return [status for status in found if status != 100] or [0]


def behind_the_body(head: bytes, data: bytes, to_head: bool) -> bytes:
    """What follows a response's body; up to the next status line if it has no length."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return data[0 if to_head else int(value) :]
    start = data.find(b"HTTP/1.")
    return data[start:] if start > 0 else data


def taken(codes: list[int]) -> bool:
    """Whether the last request of a case was taken."""
    return bool(codes) and 200 <= codes[-1] < 400


def compare(name: str) -> dict[str, str]:
    """The cases that a peer judges in another way than we do, with what it answered."""
    with peer(name) as port, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda case: statuses(port, case), CASES))
    found = {}
    for case, codes in zip(CASES, answers, strict=True):
        ours = [status for status in case.statuses if status != 100]
        if taken(codes) != taken(ours) or (taken(codes) and len(codes) != len(ours)):
            shown = ", ".join("no answer" if code == 0 else str(code) for code in codes)
            found[str(case)] = f"{shown} (ours: {', '.join(map(str, ours)) or 'closes'})"
    return found


def main() -> int:
    unexplained = 0
    for name in ("nginx", "node"):
        if program(name) is None:
            print(f"{name} is not installed: apt-get install nginx-light nodejs", file=sys.stderr)
            return 2
        version = subprocess.run([program(name) or name, "-v"], capture_output=True, text=True)
        differences = compare(name)
        print(f"## {(version.stdout + version.stderr).strip()}\n")
        print(f"{len(CASES) - len(differences)} of {len(CASES)} cases are judged as by us. The others:\n")
        print("| case | its answer | why |\n| --- | --- | --- |")
        for case, answer in differences.items():
            reason = REASONS[name].get(case)
            unexplained += reason is None
            print(f"| {case} | {answer} | {reason or 'UNEXPLAINED'} |")
        print()
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
