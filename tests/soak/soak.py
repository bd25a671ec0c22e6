"""A server under load and abuse for as long as one likes, and what it holds at the end.

The load is wrk's where it is installed, else a pipeline of our own; beside it run the clients of clients.py.
After the first requests, when everything has been used once, the server is left alone and its memory and
descriptors are read; after the last ones again. The second reading must be the first.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http import process
from tests.e2e.program import Program
from tests.hostile.cases import get
from tests.hostile.wire import Connection
from tests.sanitizers import SANITIZED
from tests.soak.clients import CLIENTS

HERE = Path(__file__).parent
SERVER = HERE.parent / "hostile" / "server.osp"
WRK = shutil.which("wrk")
SLICE_SECONDS = 5
ALLOWED_GROWTH = 2 << 20
"""Bytes: 256 fibers a worker are kept warm, each with the page or two of stack that it has touched."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a server holds while nobody talks to it."""

    memory: int
    descriptors: int

    def __str__(self) -> str:
        return f"{self.memory / 2**20:.2f} MiB, {self.descriptors} descriptors"


def settled(pid: int) -> Holding:
    """What is left once the last connections are gone; those that linger take two seconds."""
    last = Holding(process.user_memory(pid), process.descriptors(pid))
    unchanged = 0
    for _ in range(100):
        time.sleep(0.25)
        now = Holding(process.user_memory(pid), process.descriptors(pid))
        unchanged = unchanged + 1 if now == last else 0
        if unchanged == 12:
            break
        last = now
    return last


class Abuse:
    """Bad clients on a few threads, until stopped; the first complaint of one is kept."""

    def __init__(self, port: int, threads: int, seed: int) -> None:
        self.port = port
        self.requests = 0
        self.complaint: BaseException | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed + n),)) for n in range(threads)
        ]

    def __enter__(self) -> Abuse:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, randomness: random.Random) -> None:
        while not self._stopped.is_set() and self.complaint is None:
            client = randomness.choice(CLIENTS)
            try:
                sent = client(self.port, randomness)
            except BaseException as complaint:
                self.complaint = AssertionError(f"the client '{client.__name__}' met: {complaint!r}")
                self.complaint.__cause__ = complaint
                return
            with self._lock:
                self.requests += sent


def wrk_slice(port: int) -> int:
    """A few seconds of wrk on 64 connections; the number of requests answered."""
    assert WRK is not None
    command = [
        WRK,
        "-t1",
        "-c64",
        f"-d{SLICE_SECONDS}s",
        "-s",
        str(HERE / "mixed.lua"),
        f"http://127.0.0.1:{port}",
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    assert "Non-2xx" not in output and "Socket errors" not in output, output
    match = re.search(r"(\d+) requests in", output)
    assert match is not None, output
    return int(match[1])


def python_slice(port: int) -> int:
    """Some pipelines of 500 requests."""
    batch = b"".join(get(b"/%d" % n) for n in range(500))
    with Connection(("127.0.0.1", port)) as connection:
        for _ in range(4):
            connection.send(batch)
            for n in range(500):
                reply = connection.read_reply()
                assert reply is not None and reply.body == b"GET /%d\n" % n
    return 2000


def load(port: int, requests: int, threads: int, seed: int, report: Callable[[int], None]) -> int:
    """At least so many requests; how many there were."""
    done = 0
    with Abuse(port, threads, seed) as abuse:
        while done + abuse.requests < requests and abuse.complaint is None:
            done += wrk_slice(port) if WRK is not None and requests > 50_000 else python_slice(port)
            report(done + abuse.requests)
    if abuse.complaint is not None:
        raise abuse.complaint
    return done + abuse.requests


@dataclass(frozen=True, slots=True)
class Outcome:
    requests: int
    first: Holding
    last: Holding

    @property
    def complaints(self) -> list[str]:
        found = []
        if self.last.descriptors > self.first.descriptors:
            found.append(f"{self.last.descriptors - self.first.descriptors} descriptors more than before")
        if not SANITIZED and self.last.memory > self.first.memory + ALLOWED_GROWTH:
            found.append(f"{(self.last.memory - self.first.memory) / 2**20:.2f} MiB more than before")
        return found


def soak(
    first: int, requests: int, threads: int, seed: int, report: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Runs a server through the load. AssertionError if a client got what it should not, or if the server did
    not end well: its counted objects are looked at too, when it stops."""
    with Program(SERVER) as program:
        port = int(program.wait_for(r"^(\d+)$").group(1))
        pid = program.process.pid
        done = load(port, first, threads, seed, report)
        before = settled(pid)
        done += load(port, requests - done, threads, seed + 1000, lambda n: report(done + n))
        after = settled(pid)
        program.stop()
        assert program.process.returncode == 0 and program.errors == [], program.errors
    return Outcome(done, before, after)
