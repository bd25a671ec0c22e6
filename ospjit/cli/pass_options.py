"""The command-line options about passes, the same for `ospjit app.osp` and `ospjit opt`.

This file only translates between `argparse` and `PassOptions`; what the options mean is the pass manager's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ospjit.ir.pass_manager import PassOptions


def add_pass_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options about passes to `parser`, in a group of their own."""
    group = parser.add_argument_group("passes")
    group.add_argument(
        "--pass-pipeline",
        metavar="PASSES",
        help="run these passes: names with commas, options in braces: 'cse,canonicalize{max-rounds=2}'",
    )
    group.add_argument(
        "--print-ir-before",
        metavar="PASS",
        action="append",
        default=[],
        help="print the IR before this pass (may be repeated)",
    )
    group.add_argument(
        "--print-ir-after",
        metavar="PASS",
        action="append",
        default=[],
        help="print the IR after this pass (may be repeated)",
    )
    group.add_argument("--print-ir-before-all", action="store_true", help="print the IR before every pass")
    group.add_argument("--print-ir-after-all", action="store_true", help="print the IR after every pass")
    group.add_argument(
        "--print-ir-after-change", action="store_true", help="print the IR after every pass that changed it"
    )
    group.add_argument(
        "--print-ir-tree-dir",
        metavar="DIR",
        type=Path,
        help="write the IR after every pass to a file of its own in DIR",
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


def options_from(args: argparse.Namespace) -> PassOptions:
    """The `PassOptions` that the parsed arguments ask for."""
    return PassOptions(
        pass_pipeline=args.pass_pipeline,
        print_ir_before=tuple(args.print_ir_before),
        print_ir_after=tuple(args.print_ir_after),
        print_ir_before_all=args.print_ir_before_all,
        print_ir_after_all=args.print_ir_after_all,
        print_ir_after_change=args.print_ir_after_change,
        print_ir_tree_dir=args.print_ir_tree_dir,
        filter_function=args.filter_function,
        timing=args.timing,
        pass_statistics=args.pass_statistics,
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
