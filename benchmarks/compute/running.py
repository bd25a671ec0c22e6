"""The kernels: each in Osprey, C and Rust under one name in `kernels/`, printing the same answer.

Building and running stand here; what the numbers mean does not.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "kernels"
#: In the order of the report: recursion, loops and number theory, allocation.
GROUPS = {
    "recursion": ("fib", "tak", "ackermann", "hanoi", "binomials", "coin_change", "parity"),
    "loops": (
        *("trial_primes", "gcd_sums", "collatz", "digit_sums", "isqrt", "josephus", "mod_power"),
        *("triple_loops", "factorial_mod", "mandelbrot"),
    ),
    "allocation": (
        *("binary_trees", "expression_trees", "queens", "list_updates", "map_updates", "word_frequency"),
        *("text_statistics", "string_building", "sieve", "nbody", "matrix_product", "spectral_norm"),
    ),
}
#: Those whose C version spends its time in malloc and free.
AGAINST_MALLOC = ("binary_trees", "expression_trees", "queens")
LANGUAGES = ("osprey", "c", "rust")
#: What a compiled kernel may take at most, in seconds.
PATIENCE = 60

LAUNCHER = str(Path(sysconfig.get_path("scripts")) / "ospjit")


class KernelFailed(Exception):
    """A kernel could not be built, ended badly, took too long or gave another answer than the others."""


@dataclass(frozen=True)
class Run:
    """One run: CPU and wall-clock seconds, the peak of its memory in KiB, and what it printed."""

    cpu: float
    wall: float
    peak_kib: int
    output: str


def build(name: str, into: Path) -> dict[str, list[str]]:
    """The command of the kernel in each language; C and Rust are compiled into the folder `into`.

    Rust checks overflow, as Osprey does; C does not. Raises `KernelFailed`.
    """
    c, rust = into / f"{name}.c.bin", into / f"{name}.rs.bin"
    compilers: Sequence[list[str]] = (
        ["gcc", "-O2", "-o", str(c), str(FOLDER / f"{name}.c"), "-lm"],
        ["rustc", "-O", "-C", "overflow-checks=on", "-o", str(rust), str(FOLDER / f"{name}.rs")],
    )
    for command in compilers:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise KernelFailed(f"{command[0]} is not installed") from error
        if done.returncode:
            raise KernelFailed(f"{command[0]} does not take {name}:\n{done.stderr}")
    source = str(FOLDER / f"{name}.osp")
    return {"osprey": [LAUNCHER, "--workers", "1", source], "c": [str(c)], "rust": [str(rust)]}


def run(command: list[str]) -> Run:
    """Runs a command to its end. Raises `KernelFailed`.

    GNU time stands between, for a process that is started from here counts this interpreter's memory as its
    own: what a process held before it became another program stays in its peak.
    """
    time_command = shutil.which("time")
    if time_command is None:
        raise KernelFailed("GNU time is not installed (Debian's package: time)")
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.NamedTemporaryFile() as peak,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(
            [time_command, "-q", "-o", peak.name, "-f", "%M", *command],
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        timer = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            what = f"{Path(command[-1]).name} ended with {process.returncode} after {wall:.0f} s"
            raise KernelFailed(f"{what}: {err.read().decode()}")
        return Run(usage.ru_utime + usage.ru_stime, wall, int(peak.read()), out.read().decode())
