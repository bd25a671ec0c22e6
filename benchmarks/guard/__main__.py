"""Counts the instructions of starts and of compute kernels and compares them with the committed baseline.

    python -m benchmarks.guard            ends with 1 if any count is more than 5 % above the baseline
    python -m benchmarks.guard --update   writes the counts of this run into the baseline

Counted with `valgrind --tool=callgrind`: a cold start, which compiles `hello.osp`; a cached start of it by
the launcher; and a cached run of each program in `kernels/`, by the launcher with one worker. Code is made
for one CPU model and Python's hashes are fixed, so that the machine and its load do not matter. What a start
counts depends on the C library, and a cold one on the build of the interpreter and on llvmlite, so the
baseline has a section for each that was measured; what has no section is counted and not compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
LAUNCHER = Path(sysconfig.get_path("scripts")) / "ospjit"
CPU = {"x86_64": "x86-64-v2"}.get(platform.machine(), "generic")
OPTIONS = (f"--mcpu={CPU}", "--workers=1")
TOLERANCE = 1.05

_COLLECTED = re.compile(r"Collected : (\d+)")


def count(command: list[str], env: dict[str, str]) -> int:
    """The instructions that a command takes; it must succeed."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    result = subprocess.run(valgrind, env=env, capture_output=True, text=True, timeout=600)
    found = _COLLECTED.search(result.stderr)
    if result.returncode != 0 or found is None:
        sys.exit(f"{' '.join(command)} ended with {result.returncode}\n{result.stderr}")
    return int(found[1])


def cached(program: Path, env: dict[str, str]) -> int:
    """The instructions of a run from the cache, which two runs outside of valgrind have filled."""
    command = [str(LAUNCHER), *OPTIONS, str(program)]
    for _ in range(2):
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return count(command, env)


def cold(program: Path, env: dict[str, str]) -> int:
    """The instructions of a start that compiles. Byte code of the package is there, as after any run."""
    command = [sys.executable, "-m", "ospjit", "--no-cache", *OPTIONS, str(program)]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return count(command, env)


def measure(env: dict[str, str]) -> dict[str, dict[str, int]]:
    """All counts, by section of the baseline and name."""
    machine = f"{platform.machine()} {' '.join(platform.libc_ver())}"
    here = f"{machine} Python {' '.join(sys.version.split())} llvmlite {version('llvmlite')}"
    runs = {"cached start": cached(HERE / "hello.osp", env)}
    for kernel in sorted((HERE / "kernels").glob("*.osp")):
        runs[f"kernel {kernel.stem}"] = cached(kernel, env)
    return {machine: runs, here: {"cold start": cold(HERE / "hello.osp", env)}}


def compare(now: dict[str, dict[str, int]], before: dict[str, dict[str, int]]) -> bool:
    """Print a line for each count; whether none is too high."""
    fine = True
    for section, counts in now.items():
        print(section)
        for name, value in counts.items():
            known = before.get(section, {}).get(name)
            change = f"{100 * (value / known - 1):+6.1f} %" if known else "no baseline"
            worse = known is not None and value > known * TOLERANCE
            fine = fine and not worse
            print(f"  {name:24} {value:15,}  {change}{'  TOO MANY' if worse else ''}")
    return fine


def main() -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__.split("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the baseline")
    args = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is needed: apt-get install valgrind")
    with tempfile.TemporaryDirectory() as folder:
        drop = ("PYTHONDONTWRITEBYTECODE", "OSPJIT_RUNTIME", "OSPJIT_COUNT_CELLS")
        env = {k: v for k, v in os.environ.items() if k not in drop}
        env |= {"OSPJIT_CACHE": "1", "OSPJIT_CACHE_DIR": folder, "PYTHONHASHSEED": "0"}
        now = measure(env)
    before: dict[str, dict[str, int]] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    fine = compare(now, before)
    if args.update:
        BASELINE.write_text(json.dumps(before | now, indent=2) + "\n")
        return 0
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
