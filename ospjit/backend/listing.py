"""LLVM's texts taken apart: the lines of each function, in IR or assembly, with their places in the source.

The texts must come from modules with debug information, which is where the places stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class ListingLine(NamedTuple):
    """A line of text, and the line and column in the source that it came from; zeros if that is unknown."""

    text: str
    line: int
    column: int


Listing = dict[str, list[ListingLine]]
"""The lines of functions, by symbol, in the order of the text."""

_DEFINE = re.compile(r'define .*?@("(?:[^"])*"|[\w.$-]+)\(')
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2})")
_LOCATION = re.compile(r"(!\d+) = (?:distinct )?!DILocation\(line: (\d+)(?:, column: (\d+))?")
_DEBUG = re.compile(r",? !dbg (!\d+)")


def llvm_functions(text: str) -> Listing:
    """The functions that a module in LLVM IR defines."""
    places = {name: (int(line), int(column or 0)) for name, line, column in _LOCATION.findall(text)}
    found: Listing = {}
    current: list[ListingLine] | None = None
    for line in text.splitlines():
        head = _DEFINE.match(line)
        if head is not None:
            current = found[_plain(head.group(1))] = []
        if current is not None:
            place = _DEBUG.search(line)
            at = places.get(place.group(1), (0, 0)) if place is not None else (0, 0)
            current.append(ListingLine(_DEBUG.sub("", line), *at))
        if line == "}":
            current = None
    return found


def _plain(symbol: str) -> str:
    """A global name of LLVM IR without quotes and escapes."""
    if not symbol.startswith('"'):
        return symbol
    data = _ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), symbol[1:-1])
    return data.encode("latin-1", "replace").decode("utf-8", "replace")


_TYPE = re.compile(r"\s*\.type\s+(.*),[@%]function")
_PLACE = re.compile(r"\s*\.loc\s+\d+ (\d+) (\d+)")
_LABEL = re.compile(r"\.L(BB|JTI|tmp)?\w*:")


def assembly_functions(text: str) -> Listing:
    """The functions of an assembly text: instructions and the labels that they jump to, no directives."""
    return {symbol: list(lines) for symbol, lines in _assembly(text)}


def _assembly(text: str) -> Iterator[tuple[str, list[ListingLine]]]:
    lines: list[ListingLine] = []
    symbol, at = "", (0, 0)
    for line in text.splitlines():
        begin = _TYPE.match(line)
        place = _PLACE.match(line)
        if begin is not None:
            symbol, lines, at = begin.group(1).strip('"'), [], (0, 0)
        elif place is not None:
            at = (int(place.group(1)), int(place.group(2)))
        elif line.lstrip().startswith(".size") and lines:
            yield symbol.replace('\\"', '"'), lines
            symbol, lines = "", []
        elif symbol and line.strip():
            if line.startswith("\t") and not line.lstrip().startswith((".", "#")):
                lines.append(ListingLine("    " + " ".join(line.split("\t")[1:]).rstrip(), *at))
            elif (label := _LABEL.match(line)) is not None and label.group(1) == "BB":
                lines.append(ListingLine(line.split("#")[0].rstrip(), 0, 0))
