"""The server under test: an Osprey program, one process for all the cases of a test worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("server.osp")


def _other_server() -> tuple[str, int] | None:
    """HOSTILE_TARGET=HOST:PORT points the table at another server, to see which expectations are odd."""
    target = os.environ.get("HOSTILE_TARGET")
    if target is None:
        return None
    host, _, port = target.rpartition(":")
    return host, int(port)


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, int]]:
    """Address of a running server."""
    other = _other_server()
    if other is not None:
        yield other
        return
    command = [sys.executable, "-m", "ospjit", str(PROGRAM)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.strip().isdigit(), f"no port but {line!r}, exit status {process.poll()}"
            yield "127.0.0.1", int(line)
            assert process.poll() is None, "the server died"
        finally:
            process.terminate()
            status = process.wait(timeout=10)
    assert status == 0, f"the server ended with {status}"
