"""How long programs take to start: cached and compiled, beside Python's own start, and by size.

    python -m benchmarks.startup [--runs N] [--sizes LINES ...]

Runs take turns, so that a busy moment meets all of them; printed are medians of wall-clock and CPU time and
ratios to `python3 -c pass` by the real interpreter, not a shim. Then programs that double in size five times
are compiled: the time for a thousand lines should stay the same from one to the next.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.startup.program import program

LAUNCHER = str(Path(sysconfig.get_path("scripts")) / "ospjit")
PASS = "python3 -c pass"


@dataclass
class Samples:
    """Seconds of wall-clock and CPU time of runs of one command."""

    command: list[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, env: dict[str, str]) -> None:
        """Run it once more."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(self.command, env=env, check=True, stdout=subprocess.DEVNULL)
        self.wall.append(time.perf_counter() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def starts(folder: Path, env: dict[str, str], runs: int) -> None:
    """Cached and uncached starts of a program of one line."""
    hello = folder / "hello.osp"
    hello.write_text('print("hello")\n')
    module = [sys.executable, "-m", "ospjit"]
    table = {
        PASS: Samples([os.path.realpath(sys.executable), "-c", "pass"]),
        "ospjit hello.osp, cached": Samples([LAUNCHER, str(hello)]),
        "python -m ospjit hello.osp, cached": Samples([*module, str(hello)]),
        "ospjit hello.osp, uncached": Samples([LAUNCHER, "--no-cache", str(hello)]),
    }
    subprocess.run(table["ospjit hello.osp, cached"].command, env=env, check=True, stdout=subprocess.DEVNULL)
    for _ in range(runs):
        for samples in table.values():
            samples.run(env)
    base = table[PASS]
    print(f"{'':36}{'wall ms':>9}{'ratio':>7}{'CPU ms':>9}{'ratio':>7}")
    for name, samples in table.items():
        wall, cpu = statistics.median(samples.wall), statistics.median(samples.cpu)
        ratios = wall / statistics.median(base.wall), cpu / statistics.median(base.cpu)
        print(f"{name:36}{wall * 1e3:9.1f}{ratios[0]:7.2f}{cpu * 1e3:9.1f}{ratios[1]:7.2f}")


def sizes(folder: Path, env: dict[str, str], lines: list[int]) -> None:
    """Compiling programs of these sizes."""
    print(f"\n{'lines':>8}{'wall s':>9}{'CPU s':>9}{'CPU s per 1000 lines':>22}")
    for number in lines:
        path = folder / f"lines{number}.osp"
        path.write_text(program(number))
        written = path.read_text().count("\n")
        samples = Samples([LAUNCHER, "--no-cache", str(path)])
        samples.run(env)
        cpu = samples.cpu[0]
        print(f"{written:8}{samples.wall[0]:9.2f}{cpu:9.2f}{cpu / written * 1000:22.2f}", flush=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    doubled = [500, 1000, 2000, 4000, 8000, 16000]
    parser.add_argument("--sizes", type=int, nargs="*", default=doubled, metavar="LINES")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        drop = ("PYTHONDONTWRITEBYTECODE", "OSPJIT_RUNTIME", "OSPJIT_COUNT_CELLS")
        env = {k: v for k, v in os.environ.items() if k not in drop}
        env |= {"OSPJIT_CACHE": "1", "OSPJIT_CACHE_DIR": f"{name}/cache"}
        starts(Path(name), env, args.runs)
        sizes(Path(name), env, args.sizes)


if __name__ == "__main__":
    main()
