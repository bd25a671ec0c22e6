"""What changed between two texts of the same IR, symbol by symbol, as a unified diff.

Texts are compared one top-level operation at a time, so that the cost does not grow with the square of the
module and a function that moved is no change. Give texts with stable names, or every line will differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from ospjit.ir.core import Operation, body_of
from ospjit.ir.printer import print_op
from ospjit.ir.symbol_table import SYMBOL_NAME

_RESET = "\033[0m"
#: What a line of a diff starts with, and its colour.
_COLORS = (("+++", "\033[1m"), ("---", "\033[1m"), ("@@", "\033[36m"), ("+", "\033[32m"), ("-", "\033[31m"))


def symbol_texts(module: Operation) -> dict[str, str]:
    """The text of each top-level operation of `module` with stable names, by its symbol.

    Those that define no symbol are called by their names and numbers.
    """
    found: dict[str, str] = {}
    for number, op in enumerate(body_of(module).ops):
        symbol = op.attr(SYMBOL_NAME)
        found[f"{op.name}#{number}" if symbol is None else f"@{symbol}"] = print_op(op, stable=True)
    return found


def diff(before: dict[str, str], after: dict[str, str], color: bool = False, context: int = 3) -> str:
    """The unified diff between two results of `symbol_texts`; empty if nothing changed."""
    lines = _diff_lines(before, after, context)
    return "".join([f"{_painted(line) if color else line}\n" for line in lines])


def _diff_lines(before: dict[str, str], after: dict[str, str], context: int) -> Iterator[str]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            titles = name if old else "/dev/null", name if new else "/dev/null"
            yield from unified_diff(old.splitlines(), new.splitlines(), *titles, n=context, lineterm="")


def _painted(line: str) -> str:
    for start, color in _COLORS:
        if line.startswith(start):
            return f"{color}{line}{_RESET}"
    return line
