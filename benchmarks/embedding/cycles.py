"""`python -m benchmarks.embedding.cycles`: compile, call and drop modules, ten thousand times, in flat
memory.
 Every module has other names of types and other literals than the one before. Prints resident memory,
mappings and Python's objects as it goes; the status is 1 if they grow after the first tenth.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path

import ospjit

SOURCE = """
type Point{n} = {{ x: int, y: int }}
type Shape{n} = Circle{n} {{ radius: float }} | Dot{n}
let names = ["a" + toString({n}), "b"]
export fn add(a: int, b: int) = a + b
export fn swap(p: Point{n}) -> Point{n} = Point{n} {{ x: p.y, y: p.x }}
export fn area(s: Shape{n}) -> float = match s {{ Circle{n} {{ radius }} => radius  Dot{n} => 0.0 }}
export fn name(i: int) -> string = names[i] ?: ""
export fn adder(n: int) -> (int) -> int = fn(x) => x + n ?: 0
export fn apply(f: (int) -> int) -> int = f(1)
"""
#: What may be added after the first tenth: KiB, mappings, objects. One lost module is about 150 KiB.
ALLOWED = (8 * 1024, 20, 2_000)


def cycle(number: int, opt_level: int) -> None:
    """One module from its source to its end."""
    module = ospjit.compile(SOURCE.format(n=number), opt_level=opt_level)
    assert module.add(number, 1) == ospjit.Success(number + 1)
    point, circle = getattr(module, f"Point{number}"), getattr(module, f"Circle{number}")
    assert module.swap(point(1, number)) == point(number, 1)
    assert module.area(circle(2.0)) == 2.0
    assert module.name(0) == f"a{number}"
    adder = module.adder(number)
    assert module.apply(lambda x: adder(x)) == number + 1


def state() -> tuple[int, int, int]:
    """Resident KiB, mappings, Python's objects."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4
    return resident, Path("/proc/self/maps").read_text().count("\n"), len(gc.get_objects())


def main() -> int:
    """Run the cycles."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding.cycles", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--opt-level", type=int, default=0)
    options = parser.parse_args()
    os.environ["OSPJIT_CACHE"] = "0"  # what is measured is compiling, not finding code in files
    tenth = max(1, options.count // 10)
    start = time.monotonic()
    first = last = (0, 0, 0)
    print(f"{'cycles':>8} {'KiB':>9} {'mappings':>9} {'objects':>9} {'seconds':>9}")
    for number in range(1, options.count + 1):
        cycle(number, options.opt_level)
        if number % tenth == 0:
            last = state()
            if number == tenth:
                first = last
            print(
                f"{number:>8} {last[0]:>9} {last[1]:>9} {last[2]:>9} {time.monotonic() - start:>9.0f}",
                flush=True,
            )
    grown = [after - before for before, after in zip(first, last, strict=True)]
    print("grown after the first tenth: {} KiB, {} mappings, {} objects".format(*grown))
    return int(any(g > most for g, most in zip(grown, ALLOWED, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
