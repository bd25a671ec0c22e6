"""Records a pipeline for the report: what each pass left, and how that differs from what it got."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from time import perf_counter
from typing import Any

from ospjit.ir import Operation, Pass, PipelineError
from ospjit.ir.instrumentation import Instrumentation, Selection
from ospjit.report.page import page
from ospjit.report.snapshot import Numbers, Place, SnapshotLine, snapshot

Texts = dict[str, tuple[SnapshotLine, ...]]


class Recorder(Instrumentation):
    """Watches one run of a pipeline; `write` makes the page of it.

    Equal texts of a function are kept once, so the report grows with what changes.
    """

    def __init__(self, title: str, source: str, place: Place, selection: Selection | None = None) -> None:
        self._title = title
        self._source = source
        self._place = place
        self._selection = selection or Selection()
        self._numbers = Numbers()
        self._versions: dict[tuple[tuple[str, int, int, int], ...], int] = {}
        self._stages: list[dict[str, Any]] = []
        self._diffs: dict[str, list[list[int]]] = {}
        self._last: Texts = {}
        self._begin = 0.0

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        self._last = {}
        self.stage("input", "what the passes begin with", "ir", self._snapshot(module))

    def before_pass(self, number: int, entry: Pass, module: Operation) -> None:
        self._begin = perf_counter()

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        seconds = perf_counter() - self._begin
        self.stage(str(entry), entry.summary, "ir", self._snapshot(module), seconds)

    def _snapshot(self, module: Operation) -> Texts:
        return snapshot(module, self._numbers, self._place)

    def stage(self, name: str, summary: str, kind: str, texts: Texts, seconds: float | None = None) -> None:
        """Add a tab with these functions; `kind` is `ir`, or what stands beside it: `llvm` or `asm`."""
        number = len(self._stages)
        functions = []
        for symbol, lines in texts.items():
            if self._selection(symbol):
                functions.append([symbol, self._version(lines)])
                before = self._last.get(symbol)
                if kind == "ir" and before is not None and before != lines:
                    self._diffs[f"{number}:{symbol}"] = _opcodes(before, lines)
        self._stages.append(
            {"name": name, "summary": summary, "kind": kind, "functions": functions, "seconds": seconds}
        )
        self._last = texts

    def _version(self, lines: tuple[SnapshotLine, ...]) -> int:
        return self._versions.setdefault(lines, len(self._versions))

    def write(self, directory: Path) -> Path:
        """Write the page into `directory`, which is made, and return where it is. Raises `PipelineError`."""
        data = {
            "title": self._title,
            "source": self._source.splitlines(),
            "stages": self._stages,
            "texts": list(self._versions),
            "diffs": self._diffs,
        }
        path = directory / "index.html"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(page(data), encoding="utf-8", errors="replace")
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            raise PipelineError(f"--ir-report: cannot write {error.filename or path}: {said}") from None
        return path


def _opcodes(before: Sequence[SnapshotLine], after: Sequence[SnapshotLine]) -> list[list[int]]:
    """The ranges that differ: begin and end before, begin and end after."""
    matcher = SequenceMatcher(None, [b.text for b in before], [a.text for a in after], autojunk=False)
    return [list(code[1:]) for code in matcher.get_opcodes() if code[0] != "equal"]
