"""Reading what the tests of a program report: TAP, as the runtime writes it (testanything.org).

A program prints as well. Its lines are not taken for results: a result carries the number that is due, and
the plan the number of results there were; all other lines are the program's output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_POINT = re.compile(r"(not )?ok (\d+) - (.*)")
_PLAN = re.compile(r"1\.\.(\d+)")


@dataclass(frozen=True)
class Point:
    """One result. `name` is as written, with its escapes; `details` are the comments below it, without their
    `# `; `output` is what the program had printed before."""

    ok: bool
    name: str
    details: tuple[str, ...]
    output: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All results; what was printed after the last; and whether the plan, which ends a report, is there."""

    points: tuple[Point, ...]
    output: tuple[str, ...]
    complete: bool

    @property
    def failed(self) -> int:
        """How many results are failures."""
        return sum(not point.ok for point in self.points)


def parse(text: str) -> Report:
    """The report in a program's standard output."""
    points: list[Point] = []
    output: list[str] = []
    details: list[str] = []
    complete = False
    for line in text.removesuffix("\n").split("\n"):
        found = _POINT.fullmatch(line)
        plan = _PLAN.fullmatch(line)
        if found and int(found[2]) == len(points) + 1:
            details = []
            points.append(Point(found[1] is None, found[3], (), tuple(output)))
            output = []
        elif line.startswith("#") and points and not output:
            details.append(line.removeprefix("#").removeprefix(" "))
            points[-1] = Point(points[-1].ok, points[-1].name, tuple(details), points[-1].output)
        elif plan and int(plan[1]) == len(points) and points:
            complete = True
        elif line or output:
            output.append(line)
    return Report(tuple(points), tuple(output), complete)


def readable(name: str) -> str:
    """A name without its escapes."""
    return name.replace("\\#", "#")


def comments(lines: Iterable[str]) -> str:
    """Lines as comments of TAP, each with its newline."""
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


__all__ = ["Point", "Report", "comments", "parse", "readable"]
