"""Runs a pipeline of passes over a module: dumps, verification, timing, statistics, bisection, reproducers.

Everything that people can ask for on the command line is one `PassOptions`, the same for programs and for
IR files. The manager never decides which passes run; that is the pipeline's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ospjit.diagnostics import CompileFailed, Diagnostic, nearest
from ospjit.ir.core import Operation
from ospjit.ir.instrumentation import Instrumentation, PrintChanges, PrintIR, PrintIRTree, Selection, Write
from ospjit.ir.pass_base import Pass, PassContext, PassRegistry, UnknownPass, option
from ospjit.ir.pipeline import PipelineError, pipeline_text
from ospjit.ir.printer import print_op
from ospjit.ir.registry import VerifyError
from ospjit.ir.timing import Timer
from ospjit.ir.verifier import verify

__all__ = [
    "Pass",
    "PassContext",
    "PassFailed",
    "PassManager",
    "PassOptions",
    "PassRegistry",
    "UnknownPass",
    "option",
]

PASS_FAILED = "OSP9002"
INVALID_IR = "OSP9003"


@dataclass(frozen=True)
class PassOptions:
    """How to run passes and what to show of it. Names of passes are as they stand in pipelines."""

    pass_pipeline: str | None = None
    """The pipeline to run instead of the usual one."""
    add_passes: tuple[str, ...] = ()
    """Passes to run beside those of the pipeline, as `pipeline.add_passes` reads them."""
    print_ir_before: tuple[str, ...] = ()
    print_ir_after: tuple[str, ...] = ()
    print_ir_before_all: bool = False
    print_ir_after_all: bool = False
    print_ir_after_change: str = ""
    """Empty for not at all, or one of `instrumentation.CHANGES`."""
    print_ir_tree_dir: Path | None = None
    ir_report: Path | None = None
    """The folder for a report of the whole compilation as a web page; made by who runs the passes."""
    filter_function: str | None = None
    """Dumps show only symbols of this name, and its instantiations."""
    timing: bool = False
    pass_statistics: bool = False
    allow_unregistered: bool = False
    """Whether operations that no dialect defines are valid."""
    verify_each: bool = False
    """Verify after every pass; the environment variable OSPJIT_VERIFY_EACH=1 asks for it, too."""
    bisect_limit: int | None = None
    """Run only the first so many of the passes that can be left out."""
    reproducer_dir: Path | None = None
    """Where crash reproducers go; None is the system's folder for temporary files."""

    @property
    def verifies_each(self) -> bool:
        """Whether to verify after every pass, by option or environment."""
        return self.verify_each or os.environ.get("OSPJIT_VERIFY_EACH", "0") not in ("", "0")

    def instrumentation(self, write: Write, selection: Selection) -> list[Instrumentation]:
        """The dumps asked for, of what `selection` selects; those that are not files go to `write`."""
        found: list[Instrumentation] = []
        before, after = set(self.print_ir_before), set(self.print_ir_after)
        if before or after or self.print_ir_before_all or self.print_ir_after_all:
            found.append(
                PrintIR(
                    write,
                    lambda name: self.print_ir_before_all or name in before,
                    lambda name: self.print_ir_after_all or name in after,
                    selection,
                )
            )
        if self.print_ir_after_change:
            found.append(PrintChanges(write, self.print_ir_after_change, selection))
        if self.print_ir_tree_dir is not None:
            found.append(PrintIRTree(self.print_ir_tree_dir, selection))
        return found


class PassFailed(CompileFailed):
    """A pass raised, or left invalid IR: a defect of the compiler, never of the program compiled."""

    def __init__(self, code: str, message: str, reproducer: Path | None, wanted: bool = True) -> None:
        hints: tuple[str, ...] = ("no reproducer could be written",) if wanted else ()
        if reproducer is not None:
            again = f"run it again with: ospjit opt --run-reproducer {reproducer}"
            hints = (f"the IR before the pass is in {reproducer}", again)
        super().__init__([Diagnostic(code, message, None, hints=hints)])
        self.message = message
        self.reproducer = reproducer


class PassManager:
    """A pipeline ready to run. Raises `PipelineError` if `options` name passes that are not in it."""

    def __init__(
        self,
        passes: Sequence[Pass],
        options: PassOptions | None = None,
        write: Write | None = None,
        timer: Timer | None = None,
        instrumentation: Sequence[Instrumentation] = (),
    ) -> None:
        """`write` receives dumps and reports (default: standard error); `instrumentation` adds to the dumps
        that `options` ask for. With a `timer` of the caller's, reporting its times is up to the caller."""
        self.passes = list(passes)
        self.options = options or PassOptions()
        self._write: Write = write or sys.stderr.write
        self._timer = timer or Timer()
        self._reports_time = self.options.timing and timer is None
        self._selection = Selection(self.options.filter_function)
        self._instrumentation = [
            *self.options.instrumentation(self._write, self._selection),
            *instrumentation,
        ]
        self._check_names()

    def _check_names(self) -> None:
        names = [entry.name for entry in self.passes]
        for flag, chosen in (
            ("--print-ir-before", self.options.print_ir_before),
            ("--print-ir-after", self.options.print_ir_after),
        ):
            for name in chosen:
                if name not in names:
                    hint = nearest(name, names)
                    said = f"did you mean '{hint}'?" if hint else f"it is: {', '.join(names) or 'empty'}"
                    raise PipelineError(f"{flag}: no pass '{name}' is in the pipeline; {said}")

    def run(self, module: Operation, fresh: Callable[[], Operation] | None = None) -> PassContext:
        """Run the pipeline on `module` in place and return the context with the statistics.

        `fresh` makes the same module again: a crash reproducer is then made by running the passes before the
        one that failed once more; without it, the IR is printed in advance, which takes time.

        Raises `PassFailed` for a defect of a pass. `CompileFailed` raised by a pass, a diagnostic about the
        program compiled, goes through.
        """
        before = None if fresh is not None else print_op(module)
        ctx = PassContext()
        if self.options.verifies_each:
            self._verify_input(module)
        for watcher in self._instrumentation:
            watcher.before_pipeline(self.passes, module)
        done: list[Pass] = []
        for number, entry in enumerate(self.passes):
            if not self._selected(number, entry):
                continue
            for watcher in self._instrumentation:
                watcher.before_pass(number, entry, module)
            try:
                self._run_pass(entry, module, ctx)
            except CompileFailed:
                raise
            except Exception as error:
                self._report_crash(error, done, number, before, fresh)
            done.append(entry)
            for watcher in self._instrumentation:
                watcher.after_pass(number, entry, module)
        for watcher in self._instrumentation:
            watcher.after_pipeline(module)
        self._report(ctx)
        return ctx

    def _run_pass(self, entry: Pass, module: Operation, ctx: PassContext) -> None:
        ctx.enter(entry.name)
        with self._timer.span(entry.name):
            entry.run(module, ctx)
            if self.options.verifies_each:
                with self._timer.span("(verify)"):
                    verify(module, self.options.allow_unregistered)

    def _verify_input(self, module: Operation) -> None:
        try:
            verify(module, self.options.allow_unregistered)
        except VerifyError as error:
            raise PassFailed(
                INVALID_IR, f"the IR is invalid before the first pass: {describe(error)}", None, wanted=False
            ) from None

    def _selected(self, number: int, entry: Pass) -> bool:
        """Whether `--bisect-limit` lets pass `number` run; says so, as LLVM's does."""
        limit = self.options.bisect_limit
        if limit is None or entry.required:
            return True
        position = 1 + sum(not before.required for before in self.passes[:number])
        runs = position <= limit
        self._write(f"BISECT: {'running' if runs else 'NOT running'} pass ({position}) {entry.name}\n")
        return runs

    def _report_crash(
        self,
        error: Exception,
        done: Sequence[Pass],
        number: int,
        before: str | None,
        fresh: Callable[[], Operation] | None,
    ) -> None:
        """Write a reproducer and raise `PassFailed`, or the error itself if OSPJIT_DEBUG=1."""
        from ospjit.ir.reproducer import write_reproducer

        entry = self.passes[number]
        if isinstance(error, VerifyError):
            code = INVALID_IR
            message = f"pass '{entry.name}'{_whose(entry)} left invalid IR: {describe(error)}"
        else:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            code, message = PASS_FAILED, f"pass '{entry.name}'{_whose(entry)} failed: {said}"
        rest, ir, path = [*done, entry], before, None
        if ir is None:
            rest, ir = [entry], _replay(done, fresh)
        if ir is not None:
            path = write_reproducer(self.options.reproducer_dir, entry.name, pipeline_text(rest), message, ir)
        failure = PassFailed(code, message, path)
        if os.environ.get("OSPJIT_DEBUG") == "1":
            for hint in failure.diagnostics[0].hints:
                self._write(f"{hint}\n")
            raise error
        raise failure from error

    def _report(self, ctx: PassContext) -> None:
        seen = self._selection.seen
        if seen and not self._selection.found:
            hint = nearest(self.options.filter_function or "", seen)
            said = f"did you mean '{hint}'?" if hint else f"there are: {', '.join(sorted(seen)[:20])}"
            self._write(f"--filter-function: no function '{self.options.filter_function}'; {said}\n")
        if self.options.pass_statistics:
            self._write(statistics_text(ctx))
        if self._reports_time:
            self._write(self._timer.report())


def _replay(done: Sequence[Pass], fresh: Callable[[], Operation] | None) -> str | None:
    """The IR that the passes `done` make of a fresh module; None if that fails."""
    if fresh is None:
        return None
    try:
        module = fresh()
        for entry in done:
            entry.run(module, PassContext())
        return print_op(module)
    except Exception:
        return None


def _whose(entry: Pass) -> str:
    """Whose defect it is, if the pass is not one of ours."""
    package = type(entry).__module__.partition(".")[0]
    return "" if package == __name__.partition(".")[0] else f" of package '{package}'"


def describe(error: VerifyError) -> str:
    """What a `VerifyError` says, about which operation, from where in the source."""
    if error.op is None:
        return error.message
    place = (
        f" from {error.op.loc.file}:{error.op.loc.line}:{error.op.loc.column}" if error.op.loc.known else ""
    )
    return f"'{error.op.name}'{place}: {error.message}"


def statistics_text(ctx: PassContext) -> str:
    """The counters of all passes that counted something, as text."""
    lines = ["Pass statistics:"]
    for name, counter in ctx.statistics.items():
        if counter:
            lines.append(f"  {name}")
            lines += [f"    {counter[statistic]:8} {statistic}" for statistic in sorted(counter)]
    return "\n".join(lines) + "\n"
