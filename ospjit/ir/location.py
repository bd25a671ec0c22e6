"""Source locations. Every operation carries one and every pass keeps it: run-time diagnostics, debug
information and profilers read it. A location is a plain value; it must never hold on to source text.
"""

from __future__ import annotations

from typing import NamedTuple

from ospjit.ir.literals import quote


class Location(NamedTuple):
    """A place in a source file. `line` and `column` count from 1; line 0 means that the place is unknown."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        if self.line == 0:
            return "loc(unknown)"
        return f"loc({quote(self.file)}:{self.line}:{self.column})"

    @property
    def known(self) -> bool:
        """Whether this names a place at all."""
        return self.line != 0


UNKNOWN = Location("", 0, 0)
