"""Prints what an operation costs in ospjit's IR and in xDSL, measured in one run, in turns.

Memory is what Python has allocated for a module, by `tracemalloc`; times are CPU seconds of this process, the
best of several rounds, a million-fold by operation. Imports are timed in interpreters of their own.
"""

from __future__ import annotations

import gc
import importlib.metadata
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.ir import ours, theirs

COUNT = 10_000
ROUNDS = 3


def microseconds(action: Callable[[], Any]) -> float:
    """CPU microseconds an operation that `action` takes."""
    gc.collect()
    begin = time.process_time()
    action()
    return (time.process_time() - begin) / COUNT * 1e6


def bytes_an_operation(build: Callable[[int], Any]) -> float:
    gc.collect()
    tracemalloc.start()
    module = build(COUNT)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del module
    return size / COUNT


def import_milliseconds(module: str) -> float:
    """CPU milliseconds that an interpreter takes longer when it imports `module`."""
    program = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    times = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", program.format(module)], capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return min(times) * 1e3


def measured(side: ModuleType) -> dict[str, float]:
    """One round of everything."""
    module = side.build(COUNT)
    text = side.write(module)
    return {
        "build": microseconds(lambda: side.build(COUNT)),
        "print": microseconds(lambda: side.write(module)),
        "parse": microseconds(lambda: side.read(text)),
        "verify": microseconds(lambda: side.check(module)),
        "clone": microseconds(lambda: side.copy(module)),
        "walk": microseconds(lambda: side.walk(module)),
        "rewrite by pattern": microseconds(lambda: side.rewrite(module)),
    }


def main() -> None:
    gc.disable()
    sides = (ours, theirs)
    assert theirs.walk(theirs.read(ours.write(ours.build(50)))) == ours.walk(ours.build(50))
    rounds: dict[ModuleType, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side in sides:
            rounds[side].append(measured(side))
    rows = [
        (f"{step}, µs an operation", *(min(r[step] for r in rounds[side]) for side in sides))
        for step in rounds[ours][0]
    ]
    rows.append(("memory, bytes an operation", *(bytes_an_operation(side.build) for side in sides)))
    names = [side.__name__ for side in sides]
    rows.append(("import of what this needs, ms", *map(import_milliseconds, names)))
    version = importlib.metadata.version("xdsl")
    print(f"{COUNT} operations in one block; Python {platform.python_version()}, xDSL {version}.\n")
    print("| | ospjit | xDSL | xDSL / ospjit |\n| --- | ---: | ---: | ---: |")
    for name, mine, other in rows:
        print(f"| {name} | {mine:.2f} | {other:.2f} | {other / mine:.1f} |")


if __name__ == "__main__":
    main()
