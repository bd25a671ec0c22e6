"""Running files of tests: which there are, and one process for each, so that no program can harm another.

Nothing here prints. Whoever starts processes here must call `stop` in the end, also when interrupted.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import ospjit
from ospjit.cli.tap import Report, parse

SUFFIX = ".test.osp"

#: A program that prints more is stopped.
MAX_OUTPUT = 16 << 20

#: The problem of a file that has no program.
DOES_NOT_COMPILE = "does not compile"

#: What tells a compile error from a program's own words, in both forms of diagnostics.
_COMPILE_ERRORS = ("error[OSP", '"severity": "error"')

#: How long one that took too long may take to report, in seconds.
_GRACE = 1.0

#: The interpreter must not find modules in the directory where the tests run.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.append(sys.argv.pop(1));"
    "from ospjit.cli.main import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Outcome:
    """What a file's process did. `problem` says what is wrong besides failed cases."""

    path: str
    report: Report
    errors: str
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether everything passed."""
        return self.problem is None and self.report.failed == 0


@dataclass
class Runner:
    """Runs files with the same options, from several threads at once. `timeout` is in seconds."""

    options: Sequence[str]
    timeout: float
    environment: dict[str, str]
    _lock: Lock = field(default_factory=Lock)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _stopped: bool = False

    def run(self, path: str) -> Outcome:
        """Run one file to its end."""
        process = self._start(path)
        if process is None:
            return Outcome(path, parse(""), "", "was not run")
        try:
            stdout, stderr, problem = _collect(process, self.timeout)
        finally:
            _kill(process)
            with self._lock:  # so that nobody kills what has been waited for
                process.wait()
                self._running.discard(process)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        report = parse(stdout.decode(errors="backslashreplace"))
        errors = stderr.decode(errors="backslashreplace")
        return Outcome(path, report, errors, problem or _problem(report, errors, process.returncode))

    def _start(self, path: str) -> subprocess.Popen[bytes] | None:
        root = str(Path(ospjit.__file__).parents[1])
        with self._lock:
            if self._stopped:
                return None
            process = subprocess.Popen(
                [sys.executable, "-c", _START, root, *self.options, path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment,
                start_new_session=True,  # so that what the program has started ends with it
            )
            self._running.add(process)
            return process

    def stop(self) -> None:
        """End everything that runs, and let nothing new begin."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that has not been waited for, and all it has started."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _collect(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes, str | None]:
    """Both outputs, and why the process has to be ended if it has not ended itself. One that takes too long
    is asked first, so that it reports which of its cases did not finish."""
    assert process.stdout is not None and process.stderr is not None
    parts = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    problem = None
    if not _drain(parts, process, timeout):
        problem = f"did not end within {timeout:g} s"
        process.send_signal(signal.SIGTERM)
        _drain(parts, process, _GRACE)
    if _full(parts):
        problem = f"printed more than {MAX_OUTPUT >> 20} MiB"
    stdout, stderr = parts.values()
    return bytes(stdout), bytes(stderr), problem


def _full(parts: dict[int, bytearray]) -> bool:
    return sum(map(len, parts.values())) > MAX_OUTPUT


def _drain(parts: dict[int, bytearray], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Reads until the process has ended and all that it wrote is read, or there is too much of it, or time is
    up (then the result is false). What the program has started may hold the pipes open; that is not waited
    for."""
    deadline = time.monotonic() + seconds
    ended = False
    with selectors.DefaultSelector() as selector:
        for descriptor in parts:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ready = selector.select(0 if ended else 0.05) if selector.get_map() else []
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 16)
                parts[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fd)
            if (ended and not ready) or _full(parts):
                return True
            ended = ended or _has_ended(process)
            if not selector.get_map():
                time.sleep(0.002)
    return False


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, without waiting for it: until then its group cannot become somebody else's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _problem(report: Report, errors: str, status: int) -> str | None:
    """What an ending of its own accord leaves to complain about."""
    if status < 0:
        return f"was ended by signal {-status} ({signal.strsignal(-status) or 'unknown'})"
    if status == 1 and not report.points and any(mark in errors for mark in _COMPILE_ERRORS):
        return DOES_NOT_COMPILE
    if status != 0 and not (status == 1 and report.complete and report.failed):
        return f"ended with status {status}"
    if report.points and not report.complete:
        return "ended without the plan of its tests"
    return None
