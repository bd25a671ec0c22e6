"""Diagnostics as text for people and as JSON for tools.

Both take any diagnostics and return a string; nothing here prints, and nothing here decides what is wrong.
The text of one diagnostic:

    app.osp:3:14: error[OSP3001]: type mismatch: expected int, found string
      |
    3 | let x: int = "a"
      |        ---   ^^^
      |        |
      |        declared here
      = help: …

The first line alone is what compilers have always printed, so editors and scripts find the place. Columns
count code points from 1; the underlines count terminal cells. Control characters of the source never
reach the terminal.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ospjit.diagnostics.diagnostic import Diagnostic
from ospjit.diagnostics.source import Source, Span

MAX_CELLS = 110  # source lines longer than this are shown in part
_TAB = 4
_STYLES = {"error": "1;31", "warning": "1;33", "help": "1;36", "frame": "34", "title": "1", "label": "36"}


def render_text(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """All diagnostics for a terminal, an empty line between two; with `color`, ANSI escape sequences."""
    return "\n".join(_Text(diagnostic, color).render() for diagnostic in diagnostics)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One JSON object a line for each diagnostic.

    Keys: `code`, `severity`, `message`, `hints` (list of strings), `span` and `labels`. A span has `file`,
    `line`, `column`, `endLine`, `endColumn` (all from 1, columns in code points, the end exclusive),
    `start` and `end` (offsets in code points); it is null where a diagnostic has no place. A label is a span
    with a `text`.
    """
    return "".join(json.dumps(_as_json(d)) + "\n" for d in diagnostics)


def _as_json(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "span": _span_json(diagnostic.span) if diagnostic.span is not None else None,
        "labels": [_span_json(label.span) | {"text": label.text} for label in diagnostic.labels],
        "hints": list(diagnostic.hints),
    }


def _span_json(span: Span) -> dict[str, object]:
    line, column = span.position()
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "endLine": end_line,
        "endColumn": end_column,
        "start": span.start,
        "end": span.end,
    }


@dataclass(frozen=True)
class _Mark:
    """A stretch of one line that is underlined: columns from 0, `end` exclusive."""

    line: int
    start: int
    end: int
    primary: bool
    text: str


class _Text:
    """The rendering of one diagnostic."""

    def __init__(self, diagnostic: Diagnostic, color: bool) -> None:
        self.diagnostic = diagnostic
        self.color = color
        self.gutter = 1

    def render(self) -> str:
        diagnostic = self.diagnostic
        title = self._paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
        message = self._paint(_visible(diagnostic.message), "title")
        span = diagnostic.span
        if span is None:
            lines = [f"{title}: {message}"]
        else:
            line, column = span.position()
            lines = [f"{_visible(span.source.name)}:{line}:{column}: {title}: {message}"]
            lines += self._excerpts(span)
        for hint in diagnostic.hints:
            lines.append(" " * (self.gutter + 1) + f"= {self._paint('help', 'help')}: {_visible(hint)}")
        return "\n".join(lines) + "\n"

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color else text

    def _excerpts(self, span: Span) -> list[str]:
        """The source lines of the primary span, then those of labels in other sources."""
        marks: dict[Source, list[_Mark]] = {span.source: _marks(span, True, "")}
        for label in self.diagnostic.labels:
            marks.setdefault(label.span.source, []).extend(_marks(label.span, False, label.text))
        self.gutter = max(len(str(mark.line)) for found in marks.values() for mark in found)
        lines: list[str] = []
        for source, found in marks.items():
            if source is not span.source:
                first = min(found, key=lambda mark: mark.line)
                place = f"{_visible(source.name)}:{first.line}:{first.start + 1}"
                lines.append(" " * self.gutter + self._paint(" ::: ", "frame") + place)
            lines += self._excerpt(source, found)
        return lines

    def _excerpt(self, source: Source, marks: list[_Mark]) -> list[str]:
        empty = " " * self.gutter + self._paint(" |", "frame")
        lines = [empty]
        before = 0
        for number in sorted({mark.line for mark in marks}):
            if before and number == before + 2:
                lines += self._line(source.line(before + 1), before + 1, [])
            elif before and number > before + 1:
                lines.append(self._paint("." * max(3, self.gutter), "frame"))
            before = number
            here = sorted((mark for mark in marks if mark.line == number), key=lambda mark: mark.start)
            lines += self._line(source.line(number), number, here)
        return lines

    def _line(self, text: str, number: int, marks: list[_Mark]) -> list[str]:
        """A source line and the underlines and notes below it."""
        first = min((m.start for m in marks if m.primary), default=marks[0].start if marks else 0)
        shown, cells = _window(text, first)
        gutter = self._paint(f"{number:>{self.gutter}} |", "frame")
        empty = " " * self.gutter + self._paint(" |", "frame")
        lines = [f"{gutter} {shown}".rstrip()]
        if not marks:
            return lines
        width = len(cells) - 1
        spans = [(cells[min(m.start, width)], cells[min(m.end, width)], m) for m in marks]
        spans = [(start, max(end, start + 1), mark) for start, end, mark in spans]
        underline = self._underline(spans)
        noted = [(start, mark) for start, _, mark in spans if mark.text]
        if noted and noted[-1][1] is marks[-1]:
            # The last note stands beside its underline, the others hang below theirs.
            lines.append(f"{empty} {underline} {self._paint(_visible(noted.pop()[1].text), 'label')}")
        else:
            lines.append(f"{empty} {underline}")
        while noted:
            at, mark = noted.pop()
            bars = _row([start for start, _ in noted])
            text_ = self._paint(_visible(mark.text), "label")
            lines.append(f"{empty} {_row([start for start, _ in [*noted, (at, mark)]])}")
            lines.append(f"{empty} {bars.ljust(at)}{text_}")
        return lines

    def _underline(self, spans: list[tuple[int, int, _Mark]]) -> str:
        """`^^^` below the primary span, `---` below the others; the primary wins where they overlap."""
        row: list[str] = [" "] * max(end for _, end, _ in spans)
        for start, end, mark in sorted(spans, key=lambda part: part[2].primary):
            row[start:end] = ("^" if mark.primary else "-") * (end - start)
        out, at = "", 0
        while at < len(row):
            end = at
            while end < len(row) and row[end] == row[at]:
                end += 1
            style = {"^": self.diagnostic.severity, "-": "label"}.get(row[at])
            run = "".join(row[at:end])
            out += self._paint(run, style) if style else run
            at = end
        return out


def _row(columns: list[int]) -> str:
    """A row with a bar at each of some columns, which ascend."""
    row = ""
    for column in columns:
        row = row.ljust(column) + ("|" if len(row) <= column else "")
    return row


def _marks(span: Span, primary: bool, text: str) -> list[_Mark]:
    """The stretches of a span: one on its line, or the first and the last of several lines."""
    source = span.source
    line, column = source.position(span.start)
    end_line, end_column = source.position(max(span.end, span.start))
    if end_line > line and end_column == 1:
        # A span that ends with a newline does not reach into the next line.
        end_line -= 1
        end_column = len(source.line(end_line)) + 1
    if end_line == line:
        return [_Mark(line, column - 1, end_column - 1, primary, text)]
    last = source.line(end_line)
    indent = len(last) - len(last.lstrip())
    return [
        _Mark(line, column - 1, len(source.line(line)), primary, ""),
        _Mark(end_line, min(indent, end_column - 1), end_column - 1, primary, text),
    ]


def _cells(character: str) -> str:
    """What a terminal shows for a character of the source."""
    if character == "\t":
        return " " * _TAB
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return "\ufffd"
    return character


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _visible(text: str) -> str:
    """A text of ours that quotes the source, made safe for a terminal."""
    return text if text.isascii() and text.isprintable() else "".join(map(_cells, text))


def _window(text: str, column: int) -> tuple[str, list[int]]:
    """The part of a line around a column that fits, and for every column of the line its cell there.

    Columns before the part map to its first cell, columns after it to its last.
    """
    reach = 2 * MAX_CELLS
    offset = max(0, column - reach) if len(text) > 2 * reach else 0
    cut = text[offset : column + reach] if len(text) > 2 * reach else text
    pieces = [_cells(character) for character in cut]
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + sum(map(_width, piece)))
    first, last = 0, len(pieces)
    if ends[-1] > MAX_CELLS:
        target = ends[min(column - offset, len(pieces))]
        left = max(0, target - MAX_CELLS // 2)
        first = next(i for i, end in enumerate(ends) if end >= left)
        last = first
        while last < len(pieces) and ends[last + 1] - ends[first] <= MAX_CELLS:
            last += 1
    prefix = "…" if offset + first > 0 else ""
    suffix = "…" if offset + last < len(text) else ""
    shown = prefix + "".join(pieces[first:last]) + suffix
    shift = len(prefix) - ends[first]
    limit = ends[last] + shift
    cells = [len(prefix)] * offset
    cells += [min(max(end + shift, len(prefix)), limit) for end in ends]
    cells += [limit] * (len(text) - offset - len(pieces))
    return shown, cells
