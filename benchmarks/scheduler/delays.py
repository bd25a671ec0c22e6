"""How long a request waits behind a handler that computes for seconds, on the same worker.

    python benchmarks/scheduler/delays.py [KIND ...] [--seconds S] [--busy N]

For each way of computing in `busy.osp` a server with one worker is kept busy by N requests at a time while
another connection asks for `/` again and again, at random moments; printed is the distribution of how long
the answers took, in milliseconds. The first line, with nothing else to do, is what the machine itself adds.
Server and this client are pinned to one core each when there are two.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

#: Ways to compute, and sizes that take from a tenth of a second to a second each.
KINDS = {
    "loop": 200_000_000,
    "recursion": 38,
    "fold": 100_000_000,
    "list": 10_000_000,
    "sort": 1_000_000,
    "list-reverse": 5_000_000,
    "concat": 100,
    "texts": 2_000_000,
    "join": 2_000_000,
    "split": 3_000_000,
    "lines": 3_000_000,
    "words": 3_000_000,
    "replace": 10_000_000,
    "upper": 20_000_000,
    "reverse": 10_000_000,
    "find": 200_000_000,
    "pattern": 20_000_000,
    "escape": 10_000_000,
    "encode": 10_000_000,
    "json": 2_000_000,
    "decode": 500_000,
    "show": 2_000_000,
    "equal": 3_000_000,
    "map": 1_000_000,
    "keys": 1_000_000,
    "merge": 500_000,
}

HERE = Path(__file__).parent


def pin(core: int) -> None:
    """Keep this process on one core; without a second core both share."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def serve() -> tuple[subprocess.Popen[str], int]:
    """A server with one worker, and its port."""
    server = subprocess.Popen(
        [sys.executable, "-m", "ospjit", "--workers", "1", str(HERE / "busy.osp")],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: pin(0),
    )
    assert server.stdout is not None
    return server, int(server.stdout.readline())


def ask(connection: socket.socket, path: str) -> bytes:
    """One request on a connection that is kept, and the body of its answer."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError(f"{path}: the server closed the connection after {received!r}")
        received += part
    return received.partition(b"\r\n\r\n")[2]


def keep_busy(port: int, path: str, stop: threading.Event) -> None:
    """Ask for one computation after the other."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
        while not stop.is_set():
            ask(connection, path)


def measure(port: int, seconds: float) -> list[float]:
    """Milliseconds that answers took, in order of size."""
    delays = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(random.uniform(0.001, 0.006))
            start = time.perf_counter()
            ask(connection, "/")
            delays.append((time.perf_counter() - start) * 1000)
    return sorted(delays)


def report(kind: str, delays: list[float]) -> None:
    """One line of the table."""
    quantiles = (delays[min(len(delays) - 1, int(len(delays) * q))] for q in (0.5, 0.9, 0.99))
    print(
        f"{kind:14}{len(delays):6}" + "".join(f"{q:9.2f}" for q in quantiles) + f"{delays[-1]:9.2f}",
        flush=True,
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seconds", type=float, default=3.0, help="of measuring each kind")
    parser.add_argument("--busy", type=int, default=1, metavar="N", help="computations at a time")
    options = parser.parse_args()
    print(f"{'computing':14}{'asked':>6}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}   ms")
    for kind in ["nothing", *(options.kinds or KINDS)]:
        server, port = serve()
        pin(1)
        stop = threading.Event()
        if kind != "nothing":
            for _ in range(options.busy):
                path = f"/{kind}/{KINDS[kind]}"
                threading.Thread(target=keep_busy, args=(port, path, stop), daemon=True).start()
            time.sleep(0.3)
        try:
            report(kind, measure(port, options.seconds))
        except OSError as problem:
            print(f"{kind:14} {problem}")
        stop.set()
        server.send_signal(signal.SIGKILL)
        server.wait()


if __name__ == "__main__":
    main()
