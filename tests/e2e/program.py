"""Osprey programs as child processes: what the end-to-end tests share.

A child is always waited for, and killed if a test ends early: nothing is left behind.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest

ROOT = Path(__file__).resolve().parents[2]
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
COMMAND = (sys.executable, "-m", "ospjit")
#: Generous: the machine may be busy with other tests.
PATIENCE = 60.0

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child: ours, without what would change the output. A program whose objects are
    counted says on standard error what it leaves behind, so a test that expects no errors expects no leak
    either."""
    env = {k: v for k, v in os.environ.items() if k not in ("OSPJIT_DEBUG", "PYTHONDEVMODE")}
    return {**env, "NO_COLOR": "1", "OSPJIT_COUNT_CELLS": "1", **extra}


def run(*arguments: str | Path, stdin: str = "", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd, env=environment()
    )


class Program:
    """A running child, usually a server. Lines of its output are read as they come."""

    def __init__(
        self,
        *arguments: str | Path,
        command: Sequence[str] = COMMAND,
        cwd: Path = ROOT,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=environment(**(variables or {})),
        )
        self.output: list[str] = []
        self.errors: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.output)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: object, kept: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            kept.append(line.rstrip("\n"))
            self._lines.put(kept[-1])
        self._lines.put(None)

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._reap()

    def wait_for(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """The first line, on either stream, that holds a pattern."""
        ended = 0
        until = time.monotonic() + PATIENCE
        while ended < 2:
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                ended += 1
            elif (match := re.search(pattern, line)) is not None:
                return match
        raise AssertionError(f"no line holds {pattern!r}: {self.output} {self.errors}")

    def port(self) -> int:
        """The port that the program says it serves on."""
        return int(self.wait_for(_ADDRESS).group(1))

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal and wait for the end; the seconds that took."""
        start = time.monotonic()
        self.process.send_signal(number)
        self.wait()
        return time.monotonic() - start

    def wait(self) -> int:
        """Wait for the end; the exit status."""
        self.process.wait(PATIENCE)
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        assert self.process.stdout is not None and self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return status
