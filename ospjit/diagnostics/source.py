"""Source texts and places in them.

A `Span` is a half-open range of code-point offsets into one `Source`; lines and columns are computed only
when a person is going to read them. Nothing here knows the grammar.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(eq=False)
class Source:
    """One source text. `name` is what diagnostics print (usually the path as the user wrote it)."""

    name: str
    text: str
    data: bytes | None = field(default=None, repr=False)
    """The bytes that the text was read from, with the mark at their beginning if they have one."""
    _line_starts: list[int] = field(default_factory=list, repr=False)

    def encoded(self) -> bytes:
        """The bytes that stand for the source."""
        return self.text.encode("utf-8", "surrogatepass") if self.data is None else self.data

    def line_starts(self) -> list[int]:
        """Offsets at which lines begin; the first is 0."""
        if not self._line_starts:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._line_starts = starts
        return self._line_starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1; columns count code points."""
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its newline."""
        starts = self.line_starts()
        start = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


class Span:
    """A half-open range of offsets in a source."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.source, self.start, other.end)

    def position(self) -> tuple[int, int]:
        """Line and column (from 1) of the start."""
        return self.source.position(self.start)

    @property
    def text(self) -> str:
        """The text that the span covers."""
        return self.source.text[self.start : self.end]

    def __repr__(self) -> str:
        line, column = self.position()
        return f"{self.source.name}:{line}:{column}"
