"""What can be seen of a pipeline while it runs: dumps of the IR before and after passes.

An instrumentation is told when a pass begins and ends. It never changes the IR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ospjit.ir.core import Operation
from ospjit.ir.pass_base import Pass
from ospjit.ir.printer import print_op
from ospjit.ir.symbol_table import SYMBOL_NAME

Write = Callable[[str], object]


class Instrumentation:
    """Told of the course of a pipeline; the base does nothing."""

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        pass

    def before_pass(self, number: int, entry: Pass, module: Operation) -> None:
        """Pass `number`, counted from 0, is about to run."""

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        """Pass `number` has run."""


def dump(module: Operation, function: str | None) -> str:
    """`module` as text, or only the symbols called `function` in it."""
    if function is None:
        return print_op(module)
    return "".join([print_op(op) for op in module.walk() if op.attr(SYMBOL_NAME) == function])


class PrintIR(Instrumentation):
    """Writes dumps before and after the passes chosen, under the headings that MLIR uses."""

    def __init__(
        self,
        write: Write,
        before: Callable[[str], bool],
        after: Callable[[str], bool],
        only_changes: bool = False,
        function: str | None = None,
    ) -> None:
        self._write = write
        self._before = before
        self._after = after
        self._only_changes = only_changes
        self._function = function
        self._last = ""

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        if self._only_changes:
            self._last = dump(module, self._function)

    def before_pass(self, number: int, entry: Pass, module: Operation) -> None:
        if self._before(entry.name):
            self._print("Before", entry, dump(module, self._function))

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        if self._only_changes:
            text = dump(module, self._function)
            if text != self._last:
                self._last = text
                self._print("After", entry, text)
        elif self._after(entry.name):
            self._print("After", entry, dump(module, self._function))

    def _print(self, when: str, entry: Pass, text: str) -> None:
        self._write(f"// -----// IR Dump {when} {entry.name} //----- //\n{text}\n")


class PrintIRTree(Instrumentation):
    """Writes the IR after every pass to a file of its own in `directory`: `00_input.mlir` is what the
    pipeline got, `01_<pass>.mlir` what the first pass left, and so on."""

    def __init__(self, directory: Path, function: str | None = None) -> None:
        self._directory = directory
        self._function = function

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._save("00_input.mlir", module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        self._save(f"{number + 1:02}_{entry.name}.mlir", module)

    def _save(self, name: str, module: Operation) -> None:
        text = dump(module, self._function)
        (self._directory / name).write_text(text, encoding="utf-8")
