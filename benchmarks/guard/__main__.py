"""Counts the instructions of starts and of compute kernels and compares them with the committed baseline.

    python -m benchmarks.guard            ends with 1 if any count is more than 5 % above the baseline
    python -m benchmarks.guard --update   writes the counts that changed into the baseline

Counted with `valgrind --tool=callgrind`: a cold start, which compiles `hello.osp`; a cached start of it by
the launcher; and cached runs of ten kernels of `benchmarks.compute`, made small, by the launcher with one
worker. Code is made for one CPU model and Python's hashes are fixed, and of the launcher's runs only what is
ours counts (the launcher, the runtime and compiled code), not the system's libraries, which choose their
functions by the CPU: so neither the machine nor its load matters. A cold start depends on the builds of the
interpreter and of llvmlite; the baseline has a section for each that was measured, and what has none is
counted and not compared.
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
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
LAUNCHER = Path(sysconfig.get_path("scripts")) / "ospjit"
CPU = {"x86_64": "x86-64-v2"}.get(platform.machine(), "generic")
OPTIONS = (f"--mcpu={CPU}", "--workers=1")
TOLERANCE = 1.05

#: For each kernel what stands once in its program, and the smaller number that replaces it.
KERNELS = {
    "binary_trees": ("make(16)", "make(8)"),
    "collatz": ("range(1, 1000000)", "range(1, 4000)"),
    "fib": ("fib(38)", "fib(25)"),
    "map_updates": ("bump(fill(Map(), 200000), 2000000), 50000)", "bump(fill(Map(), 1000), 1500), 200)"),
    "matrix_product": ("let n = 400", "let n = 32"),
    "nbody": ("run(start, 1000000)", "run(start, 1000)"),
    "queens": ("solve(0, 11, None)", "solve(0, 8, None)"),
    "sieve": ("let limit = 5000000", "let limit = 20000"),
    "string_building": ('build("", 2000000)', 'build("", 6000)'),
    "word_frequency": ("text(600000, 42, [])", "text(3000, 42, [])"),
}

_OBJECT, _CALL, _COST = re.compile(r"ob=(.*)"), re.compile(r"calls="), re.compile(r"[0-9+*-]\S* (\d+)$")


def is_ours(image: str) -> bool:
    """Whether a file is the launcher or the runtime; compiled code belongs to none."""
    name = os.path.basename(image)
    return name in ("", "???", LAUNCHER.name) or name.startswith("libospjit_rt.")


def count(command: list[str], env: dict[str, str], counts: Callable[[str], bool]) -> int:
    """The instructions that a command takes in the files that count; it must succeed."""
    with tempfile.NamedTemporaryFile("r") as profile:
        options = [f"--callgrind-out-file={profile.name}", "--compress-strings=no", "--compress-pos=no"]
        valgrind = ["valgrind", "--tool=callgrind", *options, *command]
        result = subprocess.run(valgrind, env=env, capture_output=True, text=True, timeout=600)
        if result.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {result.returncode}\n{result.stderr}")
        return own_cost(profile, counts)


def own_cost(profile: Iterable[str], counts: Callable[[str], bool]) -> int:
    """The cost of the files that count in a profile of callgrind, without that of what they call."""
    total, counted, of_call = 0, False, False
    for line in profile:
        if found := _OBJECT.match(line):
            counted = counts(found[1].strip())
        elif _CALL.match(line):
            of_call = True  # the next line is the cost of the call
        elif found := _COST.match(line):
            total += int(found[1]) if counted and not of_call else 0
            of_call = False
    if not total:
        sys.exit("nothing was counted: callgrind's profile has another form than expected")
    return total


def cached(program: Path, env: dict[str, str]) -> int:
    """The instructions of a run from the cache, which two runs outside of valgrind have filled."""
    command = [str(LAUNCHER), *OPTIONS, str(program)]
    for _ in range(2):
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return count(command, env, is_ours)


def small(kernel: str, folder: Path) -> Path:
    """A kernel of `benchmarks.compute` with less to do."""
    text = (HERE.parent / "compute" / "kernels" / f"{kernel}.osp").read_text()
    size, smaller = KERNELS[kernel]
    if text.count(size) != 1:
        sys.exit(f"{kernel}.osp has not one '{size}'")
    path = folder / f"{kernel}.osp"
    path.write_text(text.replace(size, smaller))
    return path


def cold(program: Path, env: dict[str, str]) -> int:
    """The instructions of a start that compiles. Byte code of the package is there, as after any run."""
    command = [sys.executable, "-m", "ospjit", "--no-cache", *OPTIONS, str(program)]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return count(command, env, lambda image: True)


def measure(folder: Path, env: dict[str, str]) -> dict[str, dict[str, int]]:
    """All counts, by section of the baseline and name."""
    machine = platform.machine()
    here = f"{machine} {' '.join(platform.libc_ver())}"
    here += f" Python {' '.join(sys.version.split())} llvmlite {version('llvmlite')}"
    hello = HERE / "hello.osp"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        first = pool.submit(cold, hello, env)
        runs = {"cached start": pool.submit(cached, hello, env)}
        for kernel in KERNELS:
            runs[f"kernel {kernel}"] = pool.submit(cached, small(kernel, folder), env)
        return {
            machine: {name: run.result() for name, run in runs.items()},
            here: {"cold start": first.result()},
        }


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


def updated(now: dict[str, dict[str, int]], before: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The baseline with what changed; less than half a per cent is not worth a line of a commit."""
    after = dict(before)
    for section, counts in now.items():
        old = before.get(section, {})
        near = {name for name in old.keys() & counts.keys() if abs(counts[name] / old[name] - 1) < 0.005}
        after[section] = counts | {name: old[name] for name in near}
    return after


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
        env |= {"OSPJIT_CACHE": "1", "OSPJIT_CACHE_DIR": f"{folder}/cache", "PYTHONHASHSEED": "0"}
        now = measure(Path(folder), env)
    before: dict[str, dict[str, int]] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    fine = compare(now, before)
    if args.update:
        BASELINE.write_text(json.dumps(updated(now, before), indent=2) + "\n")
        return 0
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
