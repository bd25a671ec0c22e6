"""The text of a module line by line, each line with the operation that it shows and where that came from."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ospjit.ir import Operation, body_of, print_op
from ospjit.ir.symbol_table import SYMBOL_NAME

_HEAD = re.compile(r'\s*(?:%[^"]*= )?"')

Place = Callable[[Operation], tuple[int, int]]
"""Where in the source an operation came from: line and column, or zeros."""


class SnapshotLine(NamedTuple):
    """A line of IR: the number of its operation, and line and column in the source; zeros if unknown."""

    text: str
    operation: int
    line: int
    column: int


class Numbers:
    """Numbers operations by identity, from 1 on. Erased ones are kept alive: no number is used twice."""

    def __init__(self) -> None:
        self._numbers: dict[Operation, int] = {}

    def __getitem__(self, op: Operation) -> int:
        return self._numbers.setdefault(op, len(self._numbers) + 1)


def snapshot(module: Operation, numbers: Numbers, place: Place) -> dict[str, tuple[SnapshotLine, ...]]:
    """The lines of each top-level operation of `module`, with stable names, by symbol."""
    found: dict[str, tuple[SnapshotLine, ...]] = {}
    for position, op in enumerate(body_of(module).ops):
        symbol = op.attr(SYMBOL_NAME)
        found[f"{op.name}#{position}" if symbol is None else symbol] = tuple(_lines(op, numbers, place))
    return found


def _lines(top: Operation, numbers: Numbers, place: Place) -> list[SnapshotLine]:
    """Lines that begin an operation come in the order in which operations are walked; others go with the
    operation whose region they end, or with none."""
    heads = top.walk()
    open_ops: list[Operation] = []
    result = []
    for text in print_op(top, locations=False, stable=True).splitlines():
        op = None
        if _HEAD.match(text):
            op = next(heads)
            if text.endswith("({"):
                open_ops.append(op)
        elif text.lstrip().startswith("}"):
            op = open_ops[-1]
            if not text.endswith("{"):
                open_ops.pop()
        if op is None:
            result.append(SnapshotLine(text, 0, 0, 0))
        else:
            result.append(SnapshotLine(text, numbers[op], *place(op)))
    return result
