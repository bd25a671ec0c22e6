"""Where the time went: a tree of named, nested spans of wall-clock time.

One timer is shared by everything that runs for one command, so that its report accounts for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

_RULE = "===" + "-" * 73 + "==="


@dataclass
class _Span:
    seconds: float = 0.0
    children: dict[str, _Span] = field(default_factory=dict)


class Timer:
    """Measures from its creation on. Spans of one name inside the same parent are added up."""

    def __init__(self) -> None:
        self._start = perf_counter()
        self._root = _Span()
        self._open = [self._root]

    def began_before(self, name: str, seconds: float) -> None:
        """Count what was done before the timer was created, in a span of its own."""
        self._start -= seconds
        self.add(name, seconds)

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Add the time that the `with` block takes to the span `name` inside the current one."""
        span = self._open[-1].children.setdefault(name, _Span())
        self._open.append(span)
        begin = perf_counter()
        try:
            yield
        finally:
            span.seconds += perf_counter() - begin
            self._open.pop()

    def add(self, name: str, seconds: float) -> None:
        """Add time that was measured elsewhere to the span `name` inside the current one."""
        self._open[-1].children.setdefault(name, _Span()).seconds += seconds

    def report(self) -> str:
        """The tree as text. Times are in seconds; "Rest" is what no span covers."""
        total = perf_counter() - self._start
        lines = [_RULE, "Execution time report".center(len(_RULE)).rstrip(), _RULE]
        lines += [f"  Total Execution Time: {total:.4f} seconds", "", "  ----Wall Time----  ----Name----"]
        self._add_lines(lines, self._root, 0, total)
        covered = sum(span.seconds for span in self._root.children.values())
        lines += [_line("Rest", total - covered, 0, total), _line("Total", total, 0, total)]
        return "\n".join(lines) + "\n"

    def _add_lines(self, lines: list[str], parent: _Span, depth: int, total: float) -> None:
        for name, span in parent.children.items():
            lines.append(_line(name, span.seconds, depth, total))
            self._add_lines(lines, span, depth + 1, total)


def _line(name: str, seconds: float, depth: int, total: float) -> str:
    share = 100 * seconds / total if total else 0.0
    return f"  {seconds:10.4f} ({share:5.1f}%)  {'  ' * depth}{name}"
