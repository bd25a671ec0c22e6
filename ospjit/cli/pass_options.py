"""The command-line options about passes, the same for `ospjit app.osp` and `ospjit opt`.

This file only translates between `argparse` and `PassOptions`; what the options mean is the pass manager's.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ospjit.ir.instrumentation import CHANGES
from ospjit.ir.pass_manager import PassOptions

#: Options whose value may be left out, and the option that they stand for then.
_BARE = {
    "--access-log": "--access-log=-",
    "--print-ir-before": "--print-ir-before-all",
    "--print-ir-after": "--print-ir-after-all",
    "--print-ir-after-change": "--print-ir-after-change=full",
    "--perf": "--perf=map",
}


def add_pass_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options about passes to `parser`, in a group of their own."""
    group = parser.add_argument_group("passes")
    group.add_argument(
        "--pass-pipeline",
        metavar="PASSES",
        help="run these passes: names with commas, options in braces: 'cse,canonicalize{max-rounds=2}'",
    )
    group.add_argument(
        "--add-pass",
        metavar="PASS[@before:PASS|@after:PASS]",
        action="append",
        default=[],
        help="run this pass as well, there or at the end (may be repeated)",
    )
    group.add_argument(
        "--print-ir-before",
        metavar="PASS",
        action="append",
        default=[],
        help="print the IR before this pass (may be repeated); without '=PASS' before every one",
    )
    group.add_argument(
        "--print-ir-after",
        metavar="PASS",
        action="append",
        default=[],
        help="print the IR after this pass (may be repeated); without '=PASS' after every one",
    )
    group.add_argument("--print-ir-before-all", action="store_true", help="print the IR before every pass")
    group.add_argument("--print-ir-after-all", action="store_true", help="print the IR after every pass")
    group.add_argument(
        "--print-ir-after-change",
        metavar="FORM",
        choices=CHANGES,
        default="",
        help="print the IR after every pass that changed it: full, or what changed, as a diff (in colours on"
        " a terminal) or cdiff (always)",
    )
    group.add_argument(
        "--print-ir-tree-dir",
        metavar="DIR",
        type=Path,
        help="write the IR after every pass to a file of its own in DIR",
    )
    group.add_argument(
        "--ir-report",
        metavar="DIR",
        type=Path,
        help="write a web page that shows source, every pass and what became of each operation to DIR",
    )
    group.add_argument("--filter-function", metavar="NAME", help="show only this function in dumps")
    group.add_argument("--timing", action="store_true", help="say where the time went")
    group.add_argument("--pass-statistics", action="store_true", help="say what the passes counted")
    group.add_argument("--verify-each", action="store_true", help="verify the IR after every pass")
    group.add_argument(
        "--bisect-limit",
        metavar="N",
        type=_count,
        help="run only the first N of the passes that can be left out",
    )
    group.add_argument(
        "--reproducer-dir",
        metavar="DIR",
        type=Path,
        help="where crash reproducers go (default: the system's folder for temporary files)",
    )


def with_values(parser: argparse.ArgumentParser, argv: Sequence[str], stops: bool) -> list[str]:
    """`argv` with the values that options of `_BARE` may leave out.

    `argparse` would take the next argument, which may be the file, for the value. If `stops`, what comes
    behind the first argument that is no option belongs to somebody else.
    """
    result: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        result.append(_BARE.get(word, word))
        if word == "--" or (stops and (word == "-" or not word.startswith("-"))):
            break
        action = parser._option_string_actions.get(word)
        if action is not None and action.nargs is None and word not in _BARE and rest:
            result.append(rest.pop(0))
    return result + rest


def colored(stream: object) -> bool:
    """Whether what is written to `stream` may be in colours."""
    return bool(getattr(stream, "isatty", lambda: False)()) and "NO_COLOR" not in os.environ


def options_from(args: argparse.Namespace) -> PassOptions:
    """The `PassOptions` that the parsed arguments ask for."""
    change = args.print_ir_after_change
    return PassOptions(
        pass_pipeline=args.pass_pipeline,
        add_passes=tuple(args.add_pass),
        print_ir_before=tuple(args.print_ir_before),
        print_ir_after=tuple(args.print_ir_after),
        print_ir_before_all=args.print_ir_before_all,
        print_ir_after_all=args.print_ir_after_all,
        print_ir_after_change="cdiff" if change == "diff" and colored(sys.stderr) else change,
        print_ir_tree_dir=args.print_ir_tree_dir,
        ir_report=args.ir_report,
        filter_function=args.filter_function,
        timing=args.timing,
        pass_statistics=args.pass_statistics,
        allow_unregistered=getattr(args, "allow_unregistered_dialect", False),
        verify_each=args.verify_each,
        bisect_limit=args.bisect_limit,
        reproducer_dir=args.reproducer_dir,
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


_count.__name__ = "number of passes"
