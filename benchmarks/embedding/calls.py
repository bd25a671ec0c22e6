"""`python -m benchmarks.embedding.calls`: calls of Osprey functions beside those of C functions through
ctypes.
 CPU time of this process, best of several rounds in which everything is measured in turn. The functions do
next to nothing: what is measured is the way there and back.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ospjit

C = """
#include <stdbool.h>
#include <stdint.h>
int64_t add(int64_t a, int64_t b) { return a ^ b; }
double scale(double x, double y) { return x * y; }
int64_t nothing(void) { return 1; }
"""
OSPREY = """
type Point = { x: int, y: int }
export fn larger(a: int, b: int) -> int = if a < b { b } else { a }
export fn scale(x: float, y: float) -> float = x * y
export fn nothing() -> int = 1
export fn add(a: int, b: int) = a + b
export fn greet(name: string) -> string = "hi " + name
export fn swap(p: Point) -> Point = Point { x: p.y, y: p.x }
export fn doubled(xs: List<int>) -> List<int> = mapList(xs, fn(x) => x * 2 ?: 0)
export fn apply(f: (int) -> int, x: int) -> int = f(x)
export fn printing(x: int) -> int { if x < 0 { print("negative") } else { () }  x }
"""


def c_functions(folder: Path) -> ctypes.CDLL:
    """The C functions, compiled and with their types set."""
    (folder / "peer.c").write_text(C)
    library = folder / "peer.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, folder / "peer.c"], check=True)
    peer = ctypes.CDLL(str(library))
    peer.add.argtypes, peer.add.restype = [ctypes.c_int64, ctypes.c_int64], ctypes.c_int64
    peer.scale.argtypes, peer.scale.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double
    peer.nothing.argtypes, peer.nothing.restype = [], ctypes.c_int64
    return peer


def nanoseconds(call: Callable[[], object], count: int) -> float:
    """CPU time of one call, that of the loop included."""
    repeat = range(count)
    start = time.process_time_ns()
    for _ in repeat:
        call()
    return (time.process_time_ns() - start) / count


def main() -> int:
    """Measure and print; 1 if a call of machine numbers costs a microsecond more than ctypes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding.calls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=20_000, help="calls in a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peer = c_functions(Path(folder))
    m = ospjit.compile(OSPREY)
    p, words = m.Point(1, 2), list(range(100))
    # What is called, how many calls a round is, and the same in C.
    cases: list[tuple[str, Callable[[], object], int, str]] = [
        ("C: nothing()", lambda: peer.nothing(), 1, ""),
        ("C: (int, int) -> int", lambda: peer.add(1, 2), 1, ""),
        ("C: (float, float) -> float", lambda: peer.scale(1.0, 2.0), 1, ""),
        ("Osprey: () -> int", lambda: m.nothing(), 1, "C: nothing()"),
        ("Osprey: (int, int) -> int", lambda: m.larger(1, 2), 1, "C: (int, int) -> int"),
        ("Osprey: (float, float) -> float", lambda: m.scale(1.0, 2.0), 1, "C: (float, float) -> float"),
        ("Osprey: (int, int) -> Result<int>", lambda: m.add(1, 2), 1, "C: (int, int) -> int"),
        ("Osprey: (string) -> string", lambda: m.greet("x"), 4, ""),
        ("Osprey: (Point) -> Point", lambda: m.swap(p), 4, ""),
        ("Osprey: (List<int>) of 100", lambda: m.doubled(words), 10, ""),
        ("Osprey: may wait, on a fiber", lambda: m.printing(1), 20, ""),
        ("Osprey: calls Python back", lambda: m.apply(abs, 1), 20, ""),
    ]
    best = {name: float("inf") for name, *_ in cases}
    for _ in range(options.rounds):
        for name, call, fewer, _ in cases:
            best[name] = min(best[name], nanoseconds(call, max(1, options.count // fewer)))
    print(f"{'call':<36} {'ns':>8}  {'beyond ctypes':>14}")
    worst = 0.0
    for name, _, _, like in cases:
        beyond = best[name] - best[like] if like else 0.0
        worst = max(worst, beyond)
        print(f"{name:<36} {best[name]:>8.0f}  {f'{beyond:.0f} ns' if like else '':>14}")
    return int(worst >= 1000)


if __name__ == "__main__":
    sys.exit(main())
