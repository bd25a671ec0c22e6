"""`ospjit opt`: run passes on IR text.

What `mlir-opt` is to MLIR: the tool of those who write passes and of the tests of passes. Bad input ends in
messages and exit status 1, never in a traceback (unless OSPJIT_DEBUG=1 asks for those of passes).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ospjit.dialects  # noqa: F401  (registers the operations)
from ospjit.cli.pass_options import add_pass_arguments, colored, options_from, with_values
from ospjit.diagnostics import CompileFailed, Diagnostic, Source, Span
from ospjit.diagnostics.render import render_text
from ospjit.ir import Location, Operation, Pass, PassManager, PipelineError, Timer, print_op
from ospjit.ir.parser import parse_module
from ospjit.ir.pass_manager import INVALID_IR, PassOptions
from ospjit.ir.reproducer import pipeline_of
from ospjit.ir.verifier import verification_errors
from ospjit.passes import parse_pipeline

if TYPE_CHECKING:
    from ospjit.report.recorder import Recorder

OK, FAILED, USAGE = 0, 1, 2
UNMET = "OSP9004"
"""The code of what `--verify-diagnostics` has to complain about."""

_SPLIT = re.compile(r"^// -----[ \t]*$\n?", re.MULTILINE)
_EXPECTATION = re.compile(
    r"//\s*expected-(error|warning)(?:@(?:([-+][0-9]+)|(above)|(below)))?\s*\{\{(.*?)\}\}"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ospjit opt` with these arguments; return the exit status."""
    parser = _parser()
    args = parser.parse_args(with_values(parser, sys.argv[1:] if argv is None else argv, stops=False))
    options = options_from(args)
    try:
        text = _read(args.input)
        passes = _pipeline(args, options, text)
        timer = Timer()
        runner = _Runner(args.input, passes, options, args.split_input_file, timer)
        if args.verify_diagnostics:
            return runner.check_expectations(_chunks(text, args.split_input_file))
        output = runner.transform(_chunks(text, args.split_input_file))
        if options.timing:
            sys.stderr.write(timer.report())
        if output is None:
            return FAILED
        _write(args.output, output)
        return OK
    except PipelineError as error:
        return _fail(str(error), USAGE)
    except UnicodeDecodeError:
        return _fail(f"{args.input}: the file is not text in UTF-8", FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(f"{error.filename or args.input}: {error.strerror}", FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ospjit opt", description="Run passes on IR text in MLIR's generic form.", allow_abbrev=False
    )
    parser.add_argument("input", nargs="?", default="-", help="the file to read; - is standard input")
    parser.add_argument(
        "-o", dest="output", default="-", metavar="FILE", help="where to write; - is standard output"
    )
    parser.add_argument(
        "--split-input-file", action="store_true", help="treat the parts between lines '// -----' alone"
    )
    parser.add_argument(
        "--verify-diagnostics",
        action="store_true",
        help="compare messages with the file's expected-error comments",
    )
    parser.add_argument(
        "--allow-unregistered-dialect", action="store_true", help="accept operations that no dialect defines"
    )
    parser.add_argument("--run-reproducer", action="store_true", help="run the pipeline that the file names")
    add_pass_arguments(parser)
    return parser


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"ospjit opt: error: {message}\n")
    return status


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.buffer.read().decode("utf-8")
    return Path(path).read_bytes().decode("utf-8")


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, encoding="utf-8")


def _pipeline(args: argparse.Namespace, options: PassOptions, text: str) -> list[Pass]:
    """The passes to run, from the options or from the reproducer."""
    pipeline = options.pass_pipeline
    if args.run_reproducer:
        found = pipeline_of(text)
        if found is None:
            raise PipelineError(f"{args.input} is not a crash reproducer")
        pipeline = pipeline or found
    return parse_pipeline(pipeline or "", options.add_passes)


def _chunks(text: str, split: bool) -> Iterator[str]:
    """The parts of the input, each behind as many empty lines as stand before it, so that lines count on."""
    if not split:
        yield text
        return
    position = line = 0
    for match in [*_SPLIT.finditer(text), None]:
        end = match.start() if match is not None else len(text)
        yield "\n" * line + text[position:end]
        if match is not None:
            line += text.count("\n", position, match.end())
            position = match.end()


class _Runner:
    """Parses, verifies, transforms and prints one part of the input after the other."""

    def __init__(
        self, path: str, passes: list[Pass], options: PassOptions, split: bool, timer: Timer
    ) -> None:
        self.name = "<stdin>" if path == "-" else path
        self.passes = passes
        self.options = options
        self.split = split
        self.allow_unregistered = options.allow_unregistered
        self.timer = timer

    def transform(self, chunks: Iterator[str]) -> str | None:
        """The printed results of all parts; None, and messages on standard error, if one failed."""
        outputs: list[str] = []
        failed = False
        for number, chunk in enumerate(chunks, start=1):
            output, messages = self._run(chunk, number)
            _say(messages)
            if output is None:
                failed = True
            else:
                outputs.append(output)
        return None if failed else "// -----\n".join(outputs)

    def check_expectations(self, chunks: Iterator[str]) -> int:
        """Compare what is said about each part with its `expected-error` comments; the exit status."""
        failed = False
        for number, chunk in enumerate(chunks, start=1):
            _, messages = self._run(chunk, number)
            complaints = _compare(Source(self.name, chunk), messages)
            failed = failed or bool(complaints)
            _say(complaints)
        return FAILED if failed else OK

    def _run(self, chunk: str, number: int) -> tuple[str | None, list[Diagnostic]]:
        """What one part becomes, or None, and what there is to say about it."""
        try:
            positions: dict[Operation, Span] = {}
            with self.timer.span("parse"):
                module = parse_module(chunk, self.name, self.allow_unregistered, positions)
            messages = self._verify(module, positions)
            if messages:
                return None, messages
            options = self._options(number)
            recorder = _recorder(self.name, chunk, positions, options)
            watchers = [recorder] if recorder is not None else []
            with self.timer.span("passes"):
                manager = PassManager(self.passes, options, timer=self.timer, instrumentation=watchers)
                try:
                    manager.run(module, lambda: parse_module(chunk, self.name, self.allow_unregistered))
                finally:
                    if recorder is not None and options.ir_report is not None:
                        recorder.write(options.ir_report)
            messages = self._verify(module, positions)
            if messages:
                return None, messages
            with self.timer.span("print"):
                return print_op(module), []
        except CompileFailed as error:
            return None, list(error.diagnostics)

    def _options(self, number: int) -> PassOptions:
        """The options for part `number`: each part of a split file has folders of its own."""
        if not self.split:
            return self.options
        tree, report = (
            folder / f"part{number}" if folder is not None else None
            for folder in (self.options.print_ir_tree_dir, self.options.ir_report)
        )
        return replace(self.options, print_ir_tree_dir=tree, ir_report=report)

    def _verify(self, module: Operation, positions: dict[Operation, Span]) -> list[Diagnostic]:
        with self.timer.span("verify"):
            errors = verification_errors(module, self.allow_unregistered)
        messages = []
        for error in errors:
            name = f"'{error.op.name}': " if error.op is not None else ""
            span = positions.get(error.op) if error.op is not None else None
            messages.append(Diagnostic(INVALID_IR, name + error.message, span))
        return messages


def _recorder(
    name: str, text: str, positions: dict[Operation, Span], options: PassOptions
) -> Recorder | None:
    """What records the run for `--ir-report`, if that was asked for.

    Operations without a place come from where they stand in the file, as they do for `mlir-opt`; those that
    passes make take their places from them.
    """
    if options.ir_report is None:
        return None
    from ospjit.ir.instrumentation import Selection
    from ospjit.report.recorder import Recorder

    places: dict[Location, tuple[int, int]] = {}
    for op, span in positions.items():
        if not op.loc.known:
            op.loc = Location(name, *span.position())
        places.setdefault(op.loc, span.position())
    selection = Selection(options.filter_function)
    return Recorder(name, text, lambda op: places.get(op.loc, (0, 0)), selection)


def _say(messages: Sequence[Diagnostic]) -> None:
    sys.stderr.write(render_text(messages, color=colored(sys.stderr)))


def _compare(source: Source, messages: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The messages that were not expected, and the expectations that were not met."""
    left = list(messages)
    complaints = []
    for match in _EXPECTATION.finditer(source.text):
        severity, offset, above, below, text = match.groups()
        line = source.position(match.start())[0]
        line += int(offset) if offset else -1 if above else 1 if below else 0
        met = [m for m in left if m.severity == severity and _line(m) == line and text in m.message]
        if met:
            left.remove(met[0])
        else:
            span = Span(source, match.start(), match.end())
            complaints.append(Diagnostic(UNMET, f"expected {severity} was not given: {text}", span))
    return complaints + [Diagnostic(UNMET, f"unexpected {m.severity}: {m.message}", m.span) for m in left]


def _line(message: Diagnostic) -> int:
    return message.span.position()[0] if message.span is not None else 0


if __name__ == "__main__":
    sys.exit(main())
