"""The loads: wrk for requests, and a thousand and more idle connections for memory.

Only requests that were answered 200 count: a run with an error or another status is refused, not reported.
"""

from __future__ import annotations

import contextlib
import re
import resource
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http import process
from benchmarks.http.peers import Running, pinned

PIPELINE = Path(__file__).with_name("pipeline.lua")
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n"
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    name: str
    title: str
    connections: int
    pipelined: bool = False


LOADS = [
    Load("c64", "64 connections", 64),
    Load("c1000", "1,000 connections", 1000),
    Load("pipelined", "64 connections, 16 requests deep", 64, pipelined=True),
]


@dataclass(frozen=True, slots=True)
class Result:
    requests_per_second: float
    requests_per_cpu_second: float
    p50_ms: float | None
    """None under pipelines, where wrk's latencies mean nothing."""
    p99_ms: float | None
    memory_mib: float

    def best_of(self, other: Result) -> Result:
        """The better of two figures each, and the larger memory."""

        def less(mine: float | None, theirs: float | None) -> float | None:
            return None if mine is None or theirs is None else min(mine, theirs)

        return Result(
            max(self.requests_per_second, other.requests_per_second),
            max(self.requests_per_cpu_second, other.requests_per_cpu_second),
            less(self.p50_ms, other.p50_ms),
            less(self.p99_ms, other.p99_ms),
            max(self.memory_mib, other.memory_mib),
        )


def missing() -> str | None:
    """What the loads need and this machine lacks."""
    lacking = [name for name in ("wrk", "taskset") if shutil.which(name) is None]
    return f"not installed: {', '.join(lacking)} (apt-get install wrk util-linux)" if lacking else None


def _milliseconds(output: str, percentile: str) -> float:
    match = re.search(rf"^\s+{percentile}%\s+([\d.]+)([a-z]+)\s*$", output, re.MULTILINE)
    if match is None:
        raise RuntimeError(f"wrk printed no {percentile} % latency:\n{output}")
    return float(match[1]) * UNITS[match[2]]


def _wrk(load: Load, port: int, seconds: float, core: int) -> str:
    command = pinned(["wrk", "-t1", f"-c{load.connections}", f"-d{seconds:.0f}s"], core)
    command += ["--latency", "--timeout", "10s"]
    command += ["-s", str(PIPELINE)] if load.pipelined else []
    command.append(f"http://127.0.0.1:{port}/plaintext")
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout


def run(load: Load, server: Running, seconds: float, core: int) -> Result:
    """One run of wrk. What the server spends before and after it is not counted."""
    before = process.cpu_seconds(server.pid)
    output = _wrk(load, server.port, seconds, core)
    spent = process.cpu_seconds(server.pid) - before
    if "Non-2xx" in output or re.search(r"Socket errors: .*(connect|read|write) [1-9]", output):
        raise RuntimeError(f"wrk met errors:\n{output}")
    counted = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if counted is None or rate is None:
        raise RuntimeError(f"wrk printed no counts:\n{output}")
    return Result(
        requests_per_second=float(rate[1]),
        requests_per_cpu_second=int(counted[1]) / max(spent, 0.01),
        p50_ms=None if load.pipelined else _milliseconds(output, "50"),
        p99_ms=None if load.pipelined else _milliseconds(output, "99"),
        memory_mib=process.user_memory(server.pid) / 2**20,
    )


# ---- idle connections ----


@contextlib.contextmanager
def descriptors(count: int) -> Iterator[None]:
    """Lets this process open that many; RuntimeError if the hard limit forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(f"the hard limit on descriptors is {hard}, {count} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _exchange(connections: list[socket.socket]) -> None:
    """One request and its reply on each connection, all at the same time."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.sendall(REQUEST)
            selector.register(connection, selectors.EVENT_READ, bytearray())
        waiting = len(connections)
        while waiting:
            events = selector.select(timeout=20)
            if not events:
                raise RuntimeError(f"{waiting} of {len(connections)} connections got no reply")
            for key, _ in events:
                data = key.fileobj.recv(4096)  # type: ignore[union-attr]
                key.data.extend(data)
                if not data:
                    raise RuntimeError("the server closed an idle connection")
                if b"Hello, World!" in key.data:
                    selector.unregister(key.fileobj)
                    waiting -= 1


def _settled_memory(pid: int) -> int:
    """The memory once it has stopped changing."""
    last = process.user_memory(pid)
    for _ in range(20):
        time.sleep(0.25)
        now = process.user_memory(pid)
        if now == last:
            break
        last = now
    return last


def idle_memory(server: Running, count: int) -> float:
    """Bytes of the server's user memory for each of `count` connections that had one exchange and wait."""
    with contextlib.ExitStack() as stack, descriptors(count + 200):
        warm = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(8)]
        for _ in range(20):
            _exchange(warm)
        before = _settled_memory(server.pid)
        connections = []
        for start in range(0, count, 100):
            batch = [
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.2", 0))
                )
                for _ in range(min(100, count - start))
            ]
            _exchange(batch)
            connections += batch
        return (_settled_memory(server.pid) - before) / count
