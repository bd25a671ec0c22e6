"""Matches with many arms over many columns: whatever shape their decision trees take, the first arm that fits
is the one that runs, and their size stays in proportion to the arms.

The tables are made here from a seed, and what they must print is worked out here, row by row.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation


@dataclass(frozen=True)
class Column:
    """A field of the record matched on: its type, its values, and patterns with what they fit.

    Values and patterns are Osprey source; `fits[p]` are the indices of the values that pattern p fits.
    """

    type: str
    values: tuple[str, ...]
    patterns: tuple[tuple[str, frozenset[int]], ...]


def _literals(type_: str, values: tuple[str, ...]) -> Column:
    single = [(v, frozenset((i,))) for i, v in enumerate(values)]
    pairs = [(f"{values[i]} | {values[-1]}", frozenset((i, len(values) - 1))) for i in range(len(values) - 1)]
    return Column(type_, values, (*single, *pairs[::3]))


def _shapes() -> Column:
    """A union whose variants hold an integer, another shape, or nothing."""
    values = ("Dot", "Round(0)", "Round(7)", "Boxed(Dot)", "Boxed(Round(0))", "Boxed(Round(9))")
    patterns = (
        ("Dot", {0}),
        ("Round(_)", {1, 2}),
        ("Round(0)", {1}),
        ("Boxed(Round(9))", {5}),
        ("Boxed(Dot)", {3}),
        ("Boxed(_)", {3, 4, 5}),
        ("Dot | Round(7)", {0, 2}),
        ("Boxed(Round(0) | Dot)", {3, 4}),
    )
    return Column("Shape", values, tuple((p, frozenset(f)) for p, f in patterns))


def _lists() -> Column:
    values = ("[]", "[1]", "[2]", "[1, 2]", "[2, 1, 3]")
    patterns = (
        ("[]", {0}),
        ("[1]", {1}),
        ("[_]", {1, 2}),
        ("[1, ..._]", {1, 3}),
        ("[_, 1, ..._]", {4}),
        ("[_, _]", {3}),
    )
    return Column("List<int>", values, tuple((p, frozenset(f)) for p, f in patterns))


COLUMNS = (
    _literals("int", tuple(map(str, range(12)))),
    _literals("string", (*(f'"k{i}"' for i in range(8)), '"other"')),
    _shapes(),
    _lists(),
    _literals("int", tuple(map(str, range(-6, 6)))),
)


@dataclass(frozen=True)
class Arm:
    """An arm: for each column the index of a pattern or None, and whether a guard asks for an even number."""

    patterns: tuple[int | None, ...]
    guarded: bool

    def fits(self, row: tuple[int, ...], number: int) -> bool:
        if self.guarded and number % 2:
            return False
        return all(
            p is None or value in column.patterns[p][1]
            for p, value, column in zip(self.patterns, row, COLUMNS, strict=True)
        )

    def source(self, result: int) -> str:
        shown = ("_" if p is None else c.patterns[p][0] for p, c in zip(self.patterns, COLUMNS, strict=True))
        fields = ", ".join(f"f{i}: {'(' + p + ')' if ' | ' in p else p}" for i, p in enumerate(shown))
        guard = " if even(number)" if self.guarded else ""
        return f"    {{ {fields} }}{guard} => {result}"


def table(seed: int, arms: int, most: int) -> list[Arm]:
    """Arms that each test up to `most` of the columns; none is of use to nobody."""
    rng = random.Random(seed)
    made: list[Arm] = []
    while len(made) < arms:
        tested = rng.sample(range(len(COLUMNS)), rng.randint(2, most))
        patterns = tuple(
            rng.randrange(len(c.patterns)) if i in tested else None for i, c in enumerate(COLUMNS)
        )
        arm = Arm(patterns, rng.random() < 0.25)
        if not any(_covers(other, arm) for other in made):
            made.append(arm)
    return made


def _covers(a: Arm, b: Arm) -> bool:
    """Whether what fits b fits a: the compiler would refuse b behind a."""
    return not a.guarded and all(
        p is None or (q is not None and column.patterns[q][1] <= column.patterns[p][1])
        for p, q, column in zip(a.patterns, b.patterns, COLUMNS, strict=True)
    )


def program(arms: list[Arm], rows: list[tuple[int, ...]]) -> str:
    fields = ", ".join(f"f{i}: {c.type}" for i, c in enumerate(COLUMNS))
    lines = [
        "type Shape = Dot | Round(int) | Boxed(Shape)",
        f"type Row = {{ {fields} }}",
        "fn even(n: int) -> bool = (n % 2 ?: 1) == 0",
        "fn pick(row: Row, number: int) -> int = match row {",
        *(arm.source(i) for i, arm in enumerate(arms)),
        "    _ => -1",
        "}",
    ]
    for number, row in enumerate(rows):
        values = (c.values[v] for v, c in zip(row, COLUMNS, strict=True))
        made = ", ".join(f"f{i}: {v}" for i, v in enumerate(values))
        lines.append(f"print(pick(Row {{ {made} }}, {number}))")
    return "\n".join(lines) + "\n"


def _rows(seed: int, arms: list[Arm], count: int) -> list[tuple[int, ...]]:
    """Rows near the arms: each fits what one of them asks of most columns."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        arm = rng.choice(arms)
        row = []
        for p, c in zip(arm.patterns, COLUMNS, strict=True):
            fitting = (
                sorted(c.patterns[p][1]) if p is not None and rng.random() < 0.9 else range(len(c.values))
            )
            row.append(rng.choice(list(fitting)))
        rows.append(tuple(row))
    return rows


@pytest.mark.parametrize(("seed", "arms", "most"), [(1, 8, 5), (2, 25, 3), (3, 70, 3)])
def test_the_first_arm_that_fits(seed: int, arms: int, most: int, tmp_path: Path) -> None:
    made = table(seed, arms, most)
    rows = _rows(seed, made, 120)
    expected = [
        next((i for i, arm in enumerate(made) if arm.fits(row, number)), -1)
        for number, row in enumerate(rows)
    ]
    assert len(set(expected)) > min(arms, 20) // 2
    path = tmp_path / "table.osp"
    path.write_text(program(made, rows))
    done = subprocess.run(
        [sys.executable, "-m", "ospjit", "-O0", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"OSPJIT_COUNT_CELLS": "1", "OSPJIT_VERIFY_EACH": "1"},
    )
    assert done.stderr == ""
    assert [int(line) for line in done.stdout.split()] == expected


def _lines(arms: int, columns: int, arm: Callable[[int, int], str]) -> int:
    """Lines of LLVM IR of a match whose arm a asks `arm(a, c)` of column c."""
    fields = [f"f{c}" for c in range(columns)]
    rows = (", ".join(f"{f}: {arm(a, c)}" for c, f in enumerate(fields)) for a in range(arms))
    text = "\n".join(
        [
            f"type Row = {{ {', '.join(f'{f}: int' for f in fields)} }}",
            "fn pick(row: Row) -> int = match row {",
            *(f"    {{ {row} }} => {a}" for a, row in enumerate(rows)),
            "    _ => -1",
            "}",
            f"print(pick(Row {{ {', '.join(f'{f}: 0' for f in fields)} }}))",
        ]
    )
    return len(Compilation(Source("table.osp", text)).llvm_text.splitlines())


@pytest.mark.parametrize(
    "arm",
    [
        pytest.param(lambda a, c: str(a) if a % 8 == c else "_", id="a literal in one of the columns"),
        pytest.param(lambda a, c: str(a // 2 + c) if (a * 5 + c) % 8 < 2 else "_", id="in two of them"),
    ],
)
def test_size_grows_with_the_arms(arm: Callable[[int, int], str]) -> None:
    base = _lines(1, 8, arm)
    small, large = (_lines(arms, 8, arm) - base for arms in (30, 60))
    assert large < 4 * small + 2000
