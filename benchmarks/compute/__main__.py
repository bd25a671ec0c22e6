"""Kernels in Osprey beside C (`gcc -O2`) and Rust (overflow checked): whole processes, compiling left out.

    python -m benchmarks.compute [--only NAME ...] [--runs N] [--output DIR]

The languages take turns, so that a busy moment meets all of them. Printed are medians of CPU time, ratios
and the goals; `report.html`, with charts, and `report.json` go into the folder. The exit status is 1 when a
kernel fails or gives another answer than the others, not when a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.compute import report
from benchmarks.compute.running import GROUPS, LANGUAGES, KernelFailed, Run, build, run


def measure(name: str, runs: int, folder: Path) -> dict[str, report.Figures]:
    """A kernel's figures in each language. Raises `KernelFailed`."""
    commands = build(name, folder)
    taken: dict[str, list[Run]] = {language: [] for language in LANGUAGES}
    run(commands["osprey"])  # from now on its code comes from the cache
    for _ in range(runs):
        for language, command in commands.items():
            taken[language].append(run(command))
    answers = {language: taken[language][0].output for language in LANGUAGES}
    if len(set(answers.values())) != 1:
        raise KernelFailed(f"{name} gives different answers: {answers}")
    return {
        language: report.Figures(
            statistics.median(r.cpu for r in found),
            statistics.median(r.wall for r in found),
            max(r.peak_kib for r in found),
        )
        for language, found in taken.items()
    }


def main() -> int:
    """See the module's docstring."""
    names = [name for group in GROUPS.values() for name in group]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compute", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help="these kernels"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--output", type=Path, default=Path("compute-report"), help="where the report goes")
    arguments = parser.parse_args()
    found: dict[str, dict[str, report.Figures]] = {}
    failed = False
    print(report.HEADING)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            try:
                found[name] = measure(name, arguments.runs, Path(folder))
            except KernelFailed as error:
                print(error, file=sys.stderr)
                failed = True
                continue
            print(report.line(name, found[name]), flush=True)
    for goal in report.goals(found):
        print(goal)
    report.write(arguments.output, found)
    print(f"report: {arguments.output / 'report.html'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
