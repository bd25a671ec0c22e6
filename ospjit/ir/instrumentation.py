"""What can be seen of a pipeline while it runs: dumps of the IR before and after passes.

An instrumentation is told when a pass begins and ends. It never changes the IR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ospjit.ir.core import Operation
from ospjit.ir.line_diff import diff, symbol_texts
from ospjit.ir.pass_base import Pass
from ospjit.ir.pipeline import PipelineError
from ospjit.ir.printer import print_op
from ospjit.ir.symbol_table import SYMBOL_NAME

Write = Callable[[str], object]

#: How `--print-ir-after-change` shows a change: all of the IR, or a diff, plain or in the terminal's colours.
CHANGES = ("full", "diff", "cdiff")


class Instrumentation:
    """Told of the course of a pipeline; the base does nothing."""

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        pass

    def before_pass(self, number: int, entry: Pass, module: Operation) -> None:
        """Pass `number`, counted from 0, is about to run."""

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        """Pass `number` has run."""

    def after_pipeline(self, module: Operation) -> None:
        """The last pass has run, and none has failed."""


class Selection:
    """Which symbols dumps show: all, or those called `function` and its instantiations `function<…>`.

    It remembers what it has been asked about, to say when it never found anything.
    """

    def __init__(self, function: str | None = None) -> None:
        self.function = function
        self.found = False
        self.seen: dict[str, None] = {}

    def __call__(self, name: str) -> bool:
        """Whether the symbol `name` is shown."""
        if self.function is None:
            return True
        self.seen[name] = None
        chosen = name == self.function or name.startswith(f"{self.function}<")
        self.found = self.found or chosen
        return chosen

    def text(self, module: Operation, stable: bool = False) -> str:
        """`module` as text, or only what is selected of it."""
        if self.function is None:
            return print_op(module, stable=stable)
        named = [(op, op.attr(SYMBOL_NAME)) for op in module.walk()]
        return "".join([print_op(op, stable=stable) for op, name in named if name is not None and self(name)])

    def texts(self, module: Operation) -> dict[str, str]:
        """What is selected of `module`, as `symbol_texts` gives it."""
        texts = symbol_texts(module)
        if self.function is None:
            return texts
        return {name: text for name, text in texts.items() if self(name.removeprefix("@"))}


class PrintIR(Instrumentation):
    """Writes dumps before and after the passes chosen, under the headings that MLIR uses."""

    def __init__(
        self, write: Write, before: Callable[[str], bool], after: Callable[[str], bool], selection: Selection
    ) -> None:
        self._write = write
        self._before = before
        self._after = after
        self._selection = selection

    def before_pass(self, number: int, entry: Pass, module: Operation) -> None:
        if self._before(entry.name):
            self._print("Before", entry, module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        if self._after(entry.name):
            self._print("After", entry, module)

    def _print(self, when: str, entry: Pass, module: Operation) -> None:
        self._write(f"// -----// IR Dump {when} {entry.name} //----- //\n{self._selection.text(module)}\n")


class PrintChanges(Instrumentation):
    """Writes the IR after every pass that changed it, or what changed; `form` is one of `CHANGES`."""

    def __init__(self, write: Write, form: str, selection: Selection) -> None:
        self._write = write
        self._form = form
        self._selection = selection
        self._last: dict[str, str] = {}

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        self._last = self._selection.texts(module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        before, after = self._last, self._selection.texts(module)
        if after == before:
            return
        self._last = after
        if self._form == "full":
            text, what = self._selection.text(module), "Dump"
        else:
            text, what = diff(before, after, self._form == "cdiff"), "Diff"
        self._write(f"// -----// IR {what} After {entry.name} //----- //\n{text}\n")


class PrintIRTree(Instrumentation):
    """Writes the IR after every pass to a file of its own in `directory`: `00_input.mlir` is what the
    pipeline got, `01_<pass>.mlir` what the first pass left, and so on.

    Values have stable names, so that `diff -r` of two folders shows what differs and no more. Files of an
    earlier run are removed. Raises `PipelineError` if the folder cannot be written.
    """

    _OURS = re.compile(r"\d\d+_[\w.-]+\.mlir\Z")

    def __init__(self, directory: Path, selection: Selection) -> None:
        self._directory = directory
        self._selection = selection

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for path in self._directory.iterdir():
                if self._OURS.match(path.name):
                    path.unlink()
        except OSError as error:
            raise self._failure(error) from None
        self._save("00_input.mlir", module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        self._save(f"{number + 1:02}_{entry.name}.mlir", module)

    def _save(self, name: str, module: Operation) -> None:
        text = self._selection.text(module, stable=True)
        try:
            (self._directory / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> PipelineError:
        place = error.filename or self._directory
        return PipelineError(f"--print-ir-tree-dir: cannot write {place}: {(error.strerror or '').lower()}")
