"""`python -m benchmarks.http`: HTTP servers under the same load, in one run, with a report.

Server and wrk are pinned to a core each. Every round starts fresh servers, one after the other, and puts
every load on each. The best figure that a server reached in any round counts, because what disturbs a round
on a shared machine only ever makes it slower.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.http import load, peers, process, report
from benchmarks.http.goals import Measurements, goals

IDLE_CONNECTIONS = 10_000


def parse_arguments() -> argparse.Namespace:
    names = ",".join(peer.name for peer in peers.PEERS)
    loads = ",".join([*(one.name for one in load.LOADS), "idle"])
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of two seconds, 2,000 connections")
    parser.add_argument("--only", metavar="SERVERS", default=names, help=f"some of {names}")
    parser.add_argument("--loads", metavar="LOADS", default=loads, help=f"some of {loads}")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds (default 5)")
    parser.add_argument("--seconds", type=int, default=5, metavar="S", help="of each load (default 5)")
    parser.add_argument("--report", type=Path, default=peers.BUILD / "report", metavar="FOLDER")
    parser.add_argument("--cores", default="0,1", metavar="A,B", help="of server and load (default 0,1)")
    parser.add_argument(
        "--nice", type=int, default=0, metavar="N", help="priority of server and load, as root -1 to -20"
    )
    parser.add_argument("--install-peers", action="store_true", help="install the Python servers and end")
    options = parser.parse_args()
    options.only = options.only.split(",")
    options.loads = options.loads.split(",")
    for name in options.only:
        if name not in names.split(","):
            parser.error(f"--only: no server is called '{name}'; there are {names}")
    for name in options.loads:
        if name not in loads.split(","):
            parser.error(f"--loads: no load is called '{name}'; there are {loads}")
    options.cores = [int(core) for core in options.cores.split(",")]
    if options.quick:
        options.rounds, options.seconds = 1, 2
    return options


def available(only: list[str]) -> list[peers.Peer]:
    """The servers that can be run; says how to install the others."""
    found = []
    for peer in peers.PEERS:
        if peer.name in only:
            lacking = peer.missing()
            if lacking is None:
                found.append(peer)
            else:
                print(f"{peer.title} is left out: {lacking}", file=sys.stderr)
    return found


@contextlib.contextmanager
def complaints(peer: peers.Peer) -> Iterator[None]:
    """What goes wrong with one server must not cost the figures of the others, nor its own other ones."""
    try:
        yield
    except (RuntimeError, OSError, subprocess.SubprocessError) as fault:
        print(f"  {peer.name}: {fault}", file=sys.stderr, flush=True)


def measure_idle(options: argparse.Namespace, peer: peers.Peer, measured: Measurements, count: int) -> None:
    """The memory of idle connections, on a fresh server."""
    with complaints(peer), peers.running(peer, options.cores[0]) as server:
        measured.idle[peer.name] = load.idle_memory(server, count)
        print(f"  {peer.name:10} idle: {measured.idle[peer.name]:,.0f} bytes each", flush=True)


def measure_loads(options: argparse.Namespace, peer: peers.Peer, measured: Measurements) -> None:
    """Every load on a fresh server; what is better than before is kept."""
    server_core, load_core = options.cores
    with complaints(peer), peers.running(peer, server_core) as server:
        for one in load.LOADS:
            if one.name not in options.loads:
                continue
            with complaints(peer):
                result = load.run(one, server, options.seconds, load_core)
                best = measured.loads.setdefault(one.name, {}).get(peer.name, result)
                measured.loads[one.name][peer.name] = best.best_of(result)
                latency = "" if result.p99_ms is None else f", p99 {result.p99_ms:.2f} ms"
                print(
                    f"  {peer.name:10} {one.name}: {result.requests_per_second:,.0f}/s, "
                    f"{result.requests_per_cpu_second:,.0f} per CPU-s{latency}",
                    flush=True,
                )


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def describe(options: argparse.Namespace, idle_connections: int) -> dict[str, str]:
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.partition("\n")[0]
    return {
        "command": "python -m benchmarks.http " + " ".join(sys.argv[1:]),
        "processor": f"{_processor()}, {os.cpu_count()} cores; server and load pinned to one each",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {compiler}",
        "rounds": f"{options.rounds} of {options.seconds} s a load; each figure is the best of them",
        "idle connections": f"{idle_connections:,}",
    }


def main() -> int:
    options = parse_arguments()
    if options.install_peers:
        peers.install_python_peers()
        return 0
    lacking = load.missing()
    if lacking is not None:
        print(f"benchmarks.http: {lacking}", file=sys.stderr)
        return 2
    if options.nice:
        process.set_priority(options.nice)
    idle_connections = 2000 if options.quick else IDLE_CONNECTIONS
    measured = Measurements({}, {})
    chosen = available(options.only)
    for number in range(1, options.rounds + 1):
        print(f"round {number} of {options.rounds}", flush=True)
        for peer in chosen:
            if "idle" in options.loads and peer.name not in measured.idle:
                measure_idle(options, peer, measured, idle_connections)
            measure_loads(options, peer, measured)
        report.write(options.report, measured, describe(options, idle_connections))
    print()
    for goal in goals(measured):
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}[goal.holds]
        value = "" if goal.measured is None else f": {goal.measured:.2f} {goal.unit}"
        print(f"{verdict:14} {goal.title}{value}")
    print(f"report: {options.report}/report.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
