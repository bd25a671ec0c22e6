"""`ospjit`: running programs, checking them, and showing what the compiler makes of them.

`ospjit FILE [ARGUMENTS]` runs a program. Subcommands that have pages of their own are loaded when named. It
must never show a Python traceback: whatever goes wrong is a message and an exit status.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ospjit
from ospjit.cli import cached
from ospjit.cli.files import read_source
from ospjit.diagnostics import CompileFailed, Diagnostic, Source

if TYPE_CHECKING:
    from ospjit.driver.options import CompileOptions

EMIT = ("tokens", "ast", "types", "osp", "llvm", "llvm-opt", "asm", "obj")

OK, COMPILE_ERROR, USAGE, RUNTIME_ERROR, INTERRUPTED = 0, 1, 2, 3, 130

_EPILOG = """\
commands:
  ospjit FILE [ARGUMENTS]   compile a program and run it
  ospjit check PATH...      report errors without running
  ospjit test [PATH...]     run the tests in files named *.test.osp
  ospjit explain FILE       show source lines beside their IR and machine code
  ospjit cache path|size|clear
                            the machine code kept for the next run
  ospjit opt FILE.mlir      run passes on IR (ospjit opt --help)
  ospjit passes             list the passes, or describe some
  ospjit dialects           list the dialects of the IR, or describe some
  ospjit doc [NAME]         show the documentation of a built-in function

exit status:
  0 success   1 errors in the program   2 wrong usage   3 run-time diagnostic   130 interrupted
  otherwise what the program's exit(code) or main gave
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        command = _COMMANDS.get(arguments[0]) if arguments else None
        return command(arguments[1:]) if command is not None else _run(arguments)
    except CompileFailed as failed:
        _show(failed.diagnostics, "text")
        return COMPILE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("OSPJIT_DEBUG") == "1":
            raise
        from ospjit.backend.runtime import RuntimeUnavailable

        if isinstance(error, RuntimeUnavailable):
            print(f"ospjit: {error}", file=sys.stderr)
            return RUNTIME_ERROR
        print(
            f"ospjit: internal error: {type(error).__name__}: {error}\n"
            "This is a defect of ospjit, not of your program. OSPJIT_DEBUG=1 shows where it happened.",
            file=sys.stderr,
        )
        return RUNTIME_ERROR


def _show(diagnostics: Sequence[Diagnostic], form: str) -> None:
    from ospjit.diagnostics.render import render_json, render_text

    if form == "json":
        sys.stderr.write(render_json(diagnostics))
    else:
        sys.stderr.write(render_text(diagnostics, color=sys.stderr.isatty() and "NO_COLOR" not in os.environ))


def _show_notes(notes: tuple[str, str, str], form: str) -> None:
    """Show the warnings of a compilation that succeeded, which may have been another process's."""
    colored = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    sys.stderr.write(notes[2 if form == "json" else 1 if colored else 0])


def _parser() -> argparse.ArgumentParser:
    from ospjit.cli.capabilities import add_capability_arguments
    from ospjit.cli.operation import add_operation_arguments
    from ospjit.cli.pass_options import add_pass_arguments

    parser = argparse.ArgumentParser(
        prog="ospjit",
        description="Compile an Osprey program and run it at once.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ospjit {ospjit.__version__}")
    parser.add_argument("file", metavar="FILE", help="an Osprey program, or - for standard input")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="for the program")
    parser.add_argument(
        "-O", dest="opt", type=int, choices=(0, 1, 2, 3), default=2, help="optimization level (2)"
    )
    parser.add_argument("--emit", choices=EMIT, help="print what a stage yields instead of running")
    parser.add_argument("-o", "--output", metavar="FILE", help="where --emit writes (standard output)")
    parser.add_argument("--mcpu", default="", metavar="CPU", help="make code for this CPU (this machine's)")
    parser.add_argument("--no-cache", action="store_true", help="compile, and keep no code")
    parser.add_argument("--cache-stats", action="store_true", help="say whether the code came from the cache")
    parser.add_argument(
        "--diagnostics", choices=("text", "json"), default="text", help="form of error messages"
    )
    parser.add_argument(
        "-g", "--debug-info", action="store_true", help="let debuggers see the program's functions and lines"
    )
    parser.add_argument(
        "--perf",
        metavar="FORM",
        choices=("map", "jitdump"),
        default="",
        help="let perf see the program's functions (map, also without '=map') and lines (jitdump); the"
        " environment variable OSPJIT_PERF does the same",
    )
    add_operation_arguments(parser)
    add_capability_arguments(parser)
    add_pass_arguments(parser)
    return parser


def _run(argv: list[str]) -> int:
    from ospjit.backend import codecache
    from ospjit.cli.capabilities import disabled
    from ospjit.cli.pass_options import options_from, with_values
    from ospjit.driver.collector import paused
    from ospjit.driver.options import CompileOptions

    codecache.launcher = cached.launcher
    parser = _parser()
    if not argv:
        parser.print_help()
        return USAGE
    args = parser.parse_args(with_values(parser, argv, stops=True))
    passes = options_from(args)
    source = read_source(args.file)
    if source is None:
        return USAGE
    options = CompileOptions(
        opt_level=args.opt,
        disabled=disabled(args),
        passes=passes,
        pipeline=passes.pass_pipeline or "",
        debug_info=args.debug_info,
        perf=args.perf or _perf_form(os.environ.get("OSPJIT_PERF", "")),
        cpu=args.mcpu,
        # After options a subcommand's name is a file's: it would have the key of the subcommand alone.
        cache=not args.no_cache and args.file not in _COMMANDS,
    )
    # Nearly all that a compilation makes lives to its end: collections would only take time.
    with paused():
        return _run_source(args, source, options)


def _run_source(args: argparse.Namespace, source: Source, options: CompileOptions) -> int:
    from ospjit.driver.compile import Compilation
    from ospjit.ir import PipelineError

    compilation = Compilation(source, options)
    timing = options.passes.timing
    if timing:
        compilation.timer.began_before("interpreter", ospjit.SPENT / 1e9)
        compilation.timer.began_before("start", (time.time_ns() - ospjit.STARTED) / 1e9)
    try:
        if args.emit:
            status = _emit(compilation, args.emit, args.output)
            if timing:
                sys.stderr.write(compilation.timer.report())
            return status
        code = compilation.code
    except CompileFailed as failed:
        _show(failed.diagnostics, args.diagnostics)
        return COMPILE_ERROR
    except PipelineError as error:
        print(f"ospjit: error: {error}", file=sys.stderr)
        return USAGE
    _show_notes(compilation.notes, args.diagnostics)
    if args.cache_stats:
        print(f"ospjit: cache: {compilation.cache_report}", file=sys.stderr)
    if timing:
        sys.stderr.write(compilation.timer.report())
    from ospjit.driver.run import Operation, run_program

    sys.stdout.flush()
    sys.stderr.flush()
    operation = Operation(args.workers, args.access_log or "", args.stats)
    status = run_program(compilation, args.arguments, operation)
    del code
    os._exit(status)


def _perf_form(text: str) -> str:
    """What `OSPJIT_PERF` asks for; anything but a form and no is the smallest one."""
    return text if text in ("map", "jitdump") else "" if text in ("", "0") else "map"


def _emit(compilation: object, what: str, output: str | None) -> int:
    from ospjit.driver.emit import emit

    product = emit(compilation, what)  # type: ignore[arg-type]
    try:
        if output is not None:
            Path(output).write_bytes(product if isinstance(product, bytes) else product.encode())
        elif isinstance(product, bytes):
            sys.stdout.buffer.write(product)
        else:
            sys.stdout.write(product if product.endswith("\n") else product + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"ospjit: cannot write {output}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return USAGE
    return OK


def _check(argv: list[str]) -> int:
    from ospjit.cli.check import main as check_main

    return check_main(argv, _show)


def _opt(argv: list[str]) -> int:
    from ospjit.cli.opt import main as opt_main

    return opt_main(argv)


def _passes(argv: list[str]) -> int:
    from ospjit.cli.passes import main as passes_main

    return passes_main(argv)


def _dialects(argv: list[str]) -> int:
    from ospjit.cli.dialects import main as dialects_main

    return dialects_main(argv)


def _explain(argv: list[str]) -> int:
    from ospjit.cli.explain import main as explain_main

    return explain_main(argv)


def _cache(argv: list[str]) -> int:
    from ospjit.cli.cache import main as cache_main

    return cache_main(argv)


def _test(argv: list[str]) -> int:
    from ospjit.cli.test import main as test_main

    return test_main(argv)


def _doc(argv: list[str]) -> int:
    from ospjit.cli.doc import main as doc_main

    return doc_main(argv)


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "cache": _cache,
    "check": _check,
    "test": _test,
    "dialects": _dialects,
    "explain": _explain,
    "opt": _opt,
    "passes": _passes,
    "doc": _doc,
}
