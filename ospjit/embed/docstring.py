"""Where a docstring stands in its Python file, so that diagnostics about the Osprey in it point there.

The source that is compiled has the docstring's text at its own lines and columns, and nothing else of the
Python file.
"""

from __future__ import annotations

import ast
import dis
import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ospjit.diagnostics import Source

_OPENING = re.compile(r"[A-Za-z]*('''|\"\"\"|'|\")")


@dataclass(frozen=True)
class Docstring:
    """A docstring: its value, its file, and the place of its first character (line from 1, column from 0;
    line 0 when the file cannot be read). `raw`: the value is what stands in the file, letter by letter."""

    text: str
    file: str
    line: int
    column: int
    raw: bool

    def source(self, before: str, after: str) -> Source:
        """A source with the docstring in its place, `before` on the line above and `after` on lines below."""
        if self.line < 2:
            return Source(self.file, f"{before}{self.text}\n{after}")
        above = "\n" * (self.line - 2)
        return Source(self.file, f"{above}{before}\n{' ' * self.column}{self.text}\n{after}")


def is_only_docstring(function: Callable[..., Any]) -> bool:
    """Whether a function's body does nothing: it is a docstring alone (or was, before -OO dropped it)."""
    instructions = [i for i in dis.get_instructions(function) if i.opname not in ("RESUME", "NOP", "CACHE")]
    names = [i.opname for i in instructions]
    return names in (["LOAD_CONST", "RETURN_VALUE"], ["RETURN_CONST"]) and instructions[0].argval is None


def docstring_of(function: Callable[..., Any]) -> Docstring | None:
    """A function's docstring with its place; None if it has none."""
    file = function.__code__.co_filename
    lines = linecache.getlines(file, function.__globals__)
    node = _definition("".join(lines), function) if lines else None
    if node is not None:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            if isinstance(first.value.value, str):
                return _located(first.value, first.value.value, file, lines)
        return None
    text = function.__doc__
    return None if text is None else Docstring(text, f"<docstring of {function.__qualname__}>", 0, 0, True)


def _definition(text: str, function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The definition that a function was made from: the one of its name that starts on its first line."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # the file has changed, or is none of Python's
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if start == function.__code__.co_firstlineno:
                return node
    return None


def _located(literal: ast.Constant, value: str, file: str, lines: list[str]) -> Docstring:
    assert literal.end_lineno is not None and literal.end_col_offset is not None
    stretch = [line.encode() for line in lines[literal.lineno - 1 : literal.end_lineno]]
    stretch[-1] = stretch[-1][: literal.end_col_offset]
    written = b"".join([stretch[0][literal.col_offset :], *stretch[1:]]).decode()
    opening = _OPENING.match(written)
    assert opening is not None
    column = len(stretch[0][: literal.col_offset].decode()) + opening.end()
    raw = written[opening.end() : len(written) - len(opening.group(1))] == value
    return Docstring(value, file, literal.lineno, column, raw)
