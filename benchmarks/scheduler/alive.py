"""How much memory so many fibers take that are alive at once, all of them waiting.

    python benchmarks/scheduler/alive.py [COUNT ...]

For each COUNT (100,000 and 1,000,000 if none is given) the program `alive.osp` starts as many fibers. While
all of them wait the kernel is asked what the process holds; and again after they have ended. What the process
held with a thousand fibers is taken off.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Held:
    """What a process holds, in bytes, and in how many mappings."""

    resident: int
    page_tables: int
    mappings: int


def held(pid: int) -> Held:
    """Ask the kernel."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    maps = Path(f"/proc/{pid}/maps").read_text().count("\n")
    return Held(int(status["VmRSS"].split()[0]) << 10, int(status["VmPTE"].split()[0]) << 10, maps)


def run(count: int) -> tuple[Held, Held, float, float]:
    """With so many fibers: what is held while they wait and afterwards, milliseconds to start and to end."""
    command = [sys.executable, "-m", "ospjit", str(HERE / "alive.osp"), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None and program.stdout is not None
        starting = float(program.stdout.readline())
        waiting = held(program.pid)
        print(file=program.stdin, flush=True)
        ending = float(program.stdout.readline())
        if int(program.stdout.readline()) != count * (count - 1) // 2:
            sys.exit("the fibers gave a wrong sum")
        after = held(program.pid)
        print(file=program.stdin, flush=True)
    return waiting, after, starting, ending


def main() -> None:
    """See the module's docstring."""
    few = run(1000)[0]
    print("    fibers  resident  bytes each  page tables  mappings  started in  ended in  resident after")
    for count in map(int, sys.argv[1:] or ["100000", "1000000"]):
        waiting, after, starting, ending = run(count)
        each = (waiting.resident - few.resident) / count
        print(
            f"{count:10,}{waiting.resident / 1e6:7,.0f} MB{each:12,.0f}{waiting.page_tables / 1e6:10,.0f} MB"
            f"{waiting.mappings:10,}{starting / 1000:10.2f} s{ending / 1000:8.2f} s"
            f"{after.resident / 1e6:13,.0f} MB"
        )


if __name__ == "__main__":
    main()
