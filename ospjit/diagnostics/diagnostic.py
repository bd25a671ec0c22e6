"""The one class of compiler messages, and a collector for several of them.

A diagnostic has a stable code (`OSP` and four digits: 1xxx lexing and parsing, 2xxx names, 3xxx types,
4xxx matching, 5xxx effects, 6xxx modules, 7xxx capabilities, 8xxx not supported yet, 9xxx internal), a
sentence in the user's terms, a primary span, further labelled spans and hints. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from ospjit.diagnostics.source import Span


@dataclass(frozen=True)
class Label:
    """A secondary place with a short note."""

    span: Span
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One message. `severity` is "error" or "warning"; `hints` are printed as `help:` lines."""

    code: str
    message: str
    span: Span | None
    labels: tuple[Label, ...] = ()
    hints: tuple[str, ...] = ()
    severity: str = "error"


class CompileFailed(Exception):
    """Raised at the end of a stage that found errors; carries all of them, never only the first."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(d.message for d in self.diagnostics))


@dataclass
class Diagnostics:
    """Collects the diagnostics of one run; a message at a place is kept once.

    Of each severity the first `LIMIT` are kept: nobody reads more, and a file of noise must not cost more
    than a file of code.
    """

    LIMIT: ClassVar[int] = 100

    items: list[Diagnostic] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, str, int]] = field(default_factory=set)

    def error(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        labels: Iterable[Label] = (),
        hints: Iterable[str] = (),
    ) -> None:
        """Add an error."""
        self.add(Diagnostic(code, message, span, tuple(labels), tuple(hints)))

    def warning(self, code: str, message: str, span: Span | None, *, hints: Iterable[str] = ()) -> None:
        """Add a warning: it is shown, and the program still runs."""
        self.add(Diagnostic(code, message, span, (), tuple(hints), "warning"))

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic unless the same message stands at the same place or the limit is reached."""
        key = (diagnostic.code, diagnostic.message, diagnostic.span.start if diagnostic.span else -1)
        count = self._counts.get(diagnostic.severity, 0)
        if count < self.LIMIT and key not in self._seen:
            self._counts[diagnostic.severity] = count + 1
            self._seen.add(key)
            self.items.append(diagnostic)

    @property
    def has_errors(self) -> bool:
        """Whether any error (not only warnings) was reported."""
        return any(d.severity == "error" for d in self.items)

    def raise_if_errors(self) -> None:
        """End the stage if it found errors."""
        if self.has_errors:
            raise CompileFailed(self.in_order())

    def in_order(self) -> list[Diagnostic]:
        """The diagnostics by their place in the source, whichever stage found them first."""
        return sorted(self.items, key=lambda d: d.span.start if d.span else -1)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate closest to `name` by Damerau-Levenshtein distance, if it is close enough to suggest."""
    limit = max(1, len(name) // 3)
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(name)) > limit:
            continue
        distance = 1 if candidate.lower() == name.lower() else _distance(name, candidate, limit)
        if distance <= limit and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return best[1] if best else None


def _distance(a: str, b: str, limit: int) -> int:
    """Edit distance with transpositions (optimal string alignment), cut off above `limit`."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]
