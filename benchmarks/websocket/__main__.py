"""`python -m benchmarks.websocket`: WebSocket servers under the same load, in one run.

Server and load are pinned to a core each. Echo: 64 connections send a small text message and wait for it to
come back; what counts is messages per second of the server's processor time, which other work on the machine
does not take away. Idle: connections that have had one exchange and are silent; what counts is memory.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.http import process

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "benchmarks-websocket"
SERVERS = HERE / "servers"


@dataclass
class Peer:
    """A server: how to start it, and how to get what it needs."""

    name: str
    command: list[str]
    needs: list[str]
    install: list[list[str]] = field(default_factory=list)
    folder: Path = BUILD
    echoes: float = 0.0
    per_cpu_second: float = 0.0
    idle_bytes: float = 0.0


def peers() -> list[Peer]:
    node, go = BUILD / "node", BUILD / "go"
    return [
        Peer("ospjit", [sys.executable, "-m", "ospjit", str(SERVERS / "server.osp")], []),
        Peer(
            "Go gorilla/websocket",
            [str(go / "server")],
            ["go"],
            [
                ["go", "mod", "init", "benchmark"],
                ["go", "get", "github.com/gorilla/websocket@v1.5.3"],
                ["go", "build", "-o", "server", "."],
            ],
            go,
        ),
        Peer(
            "Node ws",
            ["node", str(node / "server.js")],
            ["node", "npm"],
            [["npm", "install", "ws@8"]],
            node,
        ),
        Peer("Python websockets", [sys.executable, str(SERVERS / "server.py")], []),
    ]


def prepare(peer: Peer) -> str | None:
    """Install what a server needs; what is missing, if that cannot be had."""
    for tool in peer.needs:
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    if not peer.install or (peer.folder / "ready").exists():
        return None
    shutil.rmtree(peer.folder, ignore_errors=True)
    peer.folder.mkdir(parents=True)
    for source in SERVERS.glob("server.*"):
        if (source.suffix, peer.folder.name) in ((".go", "go"), (".js", "node")):
            shutil.copy(source, peer.folder)
    for command in peer.install:
        done = subprocess.run(command, cwd=peer.folder, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{' '.join(command)}: {done.stderr.strip()[-300:]}"
    (peer.folder / "ready").touch()
    return None


def load_program() -> Path:
    program = BUILD / "load"
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", program, HERE / "load.c"], check=True)
    return program


@contextlib.contextmanager
def running(peer: Peer, core: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server on its core, and its port."""
    limit = "import resource, os, sys; h = resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
    limit += "resource.setrlimit(resource.RLIMIT_NOFILE, (h, h)); os.execvp(sys.argv[1], sys.argv[1:])"
    pinned = ["taskset", "-c", str(core), sys.executable, "-c", limit, *peer.command]
    server = subprocess.Popen(pinned, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        match = re.search(r"port (\d+)", line)
        if match is None:
            raise RuntimeError(f"{peer.name} does not start: {line!r}")
        yield server, int(match[1])
    finally:
        process.stop(server)


def measure_echo(peer: Peer, load: Path, seconds: float, cores: list[int]) -> None:
    with running(peer, cores[0]) as (server, port):
        command = ["taskset", "-c", str(cores[1]), str(load), str(port), "64"]
        subprocess.run([*command, "0.5", "32"], check=True, capture_output=True)  # warm
        before = process.cpu_seconds(server.pid)
        done = subprocess.run([*command, str(seconds), "32"], check=True, capture_output=True, text=True)
        used = process.cpu_seconds(server.pid) - before
        echoes, took = done.stdout.split()
        peer.echoes = max(peer.echoes, int(echoes) / float(took))
        peer.per_cpu_second = max(peer.per_cpu_second, int(echoes) / max(used, 0.01))


def measure_idle(peer: Peer, load: Path, connections: int, cores: list[int]) -> None:
    with running(peer, cores[0]) as (server, port):
        command = [str(load), str(port)]
        subprocess.run([*command, "100", "0.1", "32"], check=True, capture_output=True)  # what is made once
        before = process.user_memory(server.pid)
        clients = subprocess.Popen(
            [*command, str(connections), "0", "32"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert clients.stdout is not None
            if clients.stdout.readline() != "ready\n":
                raise RuntimeError(f"{peer.name} does not hold {connections} connections")
            peer.idle_bytes = (process.user_memory(server.pid) - before) / connections
        finally:
            clients.communicate()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.websocket", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=10_000, help="idle ones")
    parser.add_argument("--cores", default="0,1", metavar="A,B", help="of server and load")
    options = parser.parse_args()
    cores = [int(core) for core in options.cores.split(",")]
    load, chosen = load_program(), []
    for peer in peers():
        lacking = prepare(peer)
        if lacking is None:
            chosen.append(peer)
        else:
            print(f"{peer.name} is left out: {lacking}", file=sys.stderr)
    for peer in chosen:
        measure_idle(peer, load, options.connections, cores)
    for _ in range(options.rounds):
        for peer in chosen:
            measure_echo(peer, load, options.seconds, cores)
    fastest = max(peer.per_cpu_second for peer in chosen)
    print(f"{os.cpu_count()} cores; {options.rounds} rounds of {options.seconds} s, the best of each")
    print("| server | echoes/s | per CPU-second of the server | best = 1 | bytes per idle connection |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for peer in chosen:
        print(
            f"| {peer.name} | {peer.echoes:,.0f} | {peer.per_cpu_second:,.0f} |"
            f" {peer.per_cpu_second / fastest:.2f} | {peer.idle_bytes:,.0f} |"
        )
    print(f"idle: {options.connections:,} connections; memory the server has allocated and touched (RssAnon)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
