"""`ospjit test PATH...`: run files of tests in parallel and say what failed.

The output of a file is shown when its turn comes in the order of the names, so that two runs read the same.
Exit status: 0 if everything passed, 1 if not, 2 if there was nothing to run, 130 if interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

from ospjit.cli.capabilities import add_capability_arguments, disabled
from ospjit.cli.files import find
from ospjit.cli.tap import Point, comments, readable
from ospjit.cli.test_files import DOES_NOT_COMPILE, SUFFIX, Outcome, Runner
from ospjit.driver.options import CAPABILITIES

PASSED, FAILED, USAGE = 0, 1, 2


def main(argv: list[str]) -> int:
    """Run the command; the exit status."""
    args = _parser().parse_args(argv)
    missing = [path for path in args.paths if not os.path.exists(path)]
    for path in missing:
        print(f"ospjit: cannot read {path}: no such file or directory", file=sys.stderr)
    paths = list(dict.fromkeys(file for path in args.paths for file in find(path, SUFFIX)))
    if missing or not paths:
        if not missing:
            print(f"ospjit: no files named *{SUFFIX} in {', '.join(args.paths)}", file=sys.stderr)
        return USAGE
    signal.signal(signal.SIGTERM, _terminated)
    capabilities = [CAPABILITIES[name] for name in sorted(disabled(args))]
    options = [f"-O{args.opt}", f"--diagnostics={args.diagnostics}", *capabilities]
    environment = dict(os.environ)
    if args.filter is not None:
        environment["OSPJIT_TEST_FILTER"] = args.filter
    runner = Runner(options, args.timeout, environment)
    show = _show_tap if args.tap else _show_text
    with closing(_outcomes(runner, paths, args.jobs)) as outcomes:
        return show(map(_told, outcomes) if args.diagnostics == "json" else outcomes, args.filter)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ospjit test",
        description=f"Run the tests in files named *{SUFFIX}, each file in a process of its own.",
        allow_abbrev=False,
    )
    help_ = "a file, or a directory to search (default: the current one)"
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help=help_)
    help_ = "how many files run at once (default: one a core)"
    parser.add_argument("-j", "--jobs", type=_count, default=_cores(), metavar="N", help=help_)
    help_ = "run only the cases whose name contains TEXT"
    parser.add_argument("--filter", metavar="TEXT", help=help_)
    help_ = "how long a file may take (default: 60)"
    parser.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help=help_)
    parser.add_argument("--tap", action="store_true", help="report all files as one TAP stream")
    help_ = "form of compile errors: among the results, or one JSON object a line on standard error"
    parser.add_argument("--diagnostics", choices=("text", "json"), default="text", help=help_)
    help_ = "optimization level (2)"
    parser.add_argument("-O", dest="opt", type=int, choices=(0, 1, 2, 3), default=2, help=help_)
    add_capability_arguments(parser)
    return parser


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _count(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError("expected a number from 1 to 1024")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= 86400:
        raise argparse.ArgumentTypeError("expected a number of seconds from 0 to 86400")
    return number


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _outcomes(runner: Runner, paths: Sequence[str], jobs: int) -> Generator[Outcome, None, None]:
    """What the files did, in order. However this is left, nothing goes on running."""
    pool = ThreadPoolExecutor(max_workers=min(jobs, len(paths)))
    try:
        yield from pool.map(runner.run, paths)
    finally:
        runner.stop()
        pool.shutdown(cancel_futures=True)


def _told(outcome: Outcome) -> Outcome:
    """The outcome without its compile errors, which go to standard error as they are, for tools."""
    if outcome.problem != DOES_NOT_COMPILE:
        return outcome
    sys.stderr.write(outcome.errors)
    sys.stderr.flush()
    return replace(outcome, errors="")


# ---- for people


def _show_text(outcomes: Iterable[Outcome], wanted: str | None) -> int:
    files = cases = failed = bad_files = 0
    for outcome in outcomes:
        points = outcome.report.points
        files += 1
        cases += len(points)
        failed += outcome.report.failed
        bad_files += not outcome.ok
        print(f"{'ok  ' if outcome.ok else 'FAIL'}  {outcome.path} ({_summary(outcome)})")
        if not outcome.ok:
            _show_failures(outcome)
        sys.stdout.flush()
    if wanted is not None and cases == 0 and bad_files == 0:
        print(f"ospjit: no case has a name that contains '{wanted}'", file=sys.stderr)
        return USAGE
    counts = f"{cases - failed} passed, {failed} failed"
    suffix = f"; {_plural(bad_files, 'file')} failed" if bad_files else ""
    print(f"\n{_plural(files, 'file')}, {_plural(cases, 'case')}: {counts}{suffix}")
    return FAILED if bad_files else PASSED


def _summary(outcome: Outcome) -> str:
    report = outcome.report
    if report.failed:
        cases = f"{report.failed} of {_plural(len(report.points), 'case')} failed"
    else:
        cases = _plural(len(report.points), "case") if report.points else "no cases"
    if outcome.problem is None:
        return cases
    return f"{outcome.problem}; {cases}" if report.points else outcome.problem


def _show_failures(outcome: Outcome) -> None:
    for point in outcome.report.points:
        if not point.ok:
            _show_point(point)
    if outcome.problem is not None:
        _show_lines("  | ", outcome.report.output)
    if outcome.errors:
        _show_lines("  ", outcome.errors.rstrip("\n").split("\n"))


def _show_point(point: Point) -> None:
    print(f"  {readable(point.name)}")
    _show_lines("    | ", point.output)
    _show_lines("    ", point.details)


def _show_lines(margin: str, lines: Iterable[str]) -> None:
    for line in lines:
        print(f"{margin}{line}".rstrip())


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


# ---- for programs


def _show_tap(outcomes: Iterable[Outcome], wanted: str | None) -> int:
    number, status = 0, PASSED
    for outcome in outcomes:
        for point in outcome.report.points:
            number += 1
            print(f"{'' if point.ok else 'not '}ok {number} - {outcome.path}: {point.name}")
            print(comments(point.details), end="")
        if outcome.problem is not None:
            number += 1
            print(f"not ok {number} - {outcome.path} {outcome.problem}")
            print(comments(outcome.errors.splitlines()), end="")
        status = max(status, PASSED if outcome.ok else FAILED)
        sys.stdout.flush()
    print(f"1..{number}")
    return status
