"""`ospjit check PATH...`: report the errors of programs without running them.

Diagnostics go to standard error in the order of the files; a summary ends them if there were several files.
Exit status: 0 if no program has errors, 1 if one has, 2 if a path cannot be read or nothing was found.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from ospjit.cli.capabilities import add_capability_arguments, disabled
from ospjit.cli.files import find, read_source
from ospjit.diagnostics import CompileFailed, Diagnostic
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions

CORRECT, WRONG, USAGE = 0, 1, 2
SUFFIX = ".osp"


def main(argv: list[str], show: Callable[[Sequence[Diagnostic], str], None]) -> int:
    """Run the command; `show` writes diagnostics in one of their forms. The exit status."""
    args = _parser().parse_args(argv)
    missing = [path for path in args.paths if path != "-" and not os.path.exists(path)]
    for path in missing:
        print(f"ospjit: cannot read {path}: no such file or directory", file=sys.stderr)
    names = list(dict.fromkeys(file for path in args.paths for file in find(path, SUFFIX)))
    names = [name for name in names if name not in missing]
    if not names:
        if not missing:
            print(f"ospjit: no files named *{SUFFIX} in {', '.join(args.paths)}", file=sys.stderr)
        return USAGE
    status = USAGE if missing else CORRECT
    errors = bad = 0
    for name in names:
        source = read_source(name)
        if source is None:
            status = USAGE
            continue
        compilation = Compilation(source, CompileOptions(disabled=disabled(args)))
        try:
            compilation.generate()
            found: Sequence[Diagnostic] = compilation.diagnostics.items
        except CompileFailed as failed:
            found = failed.diagnostics
        if errors and found and args.diagnostics == "text":
            sys.stderr.write("\n")
        show(found, args.diagnostics)
        count = sum(item.severity == "error" for item in found)
        errors, bad = errors + count, bad + (count > 0)
    if len(names) > 1 and args.diagnostics == "text":
        print(_summary(len(names), errors, bad), file=sys.stderr)
    return max(status, WRONG if errors else CORRECT)


def _summary(files: int, errors: int, bad: int) -> str:
    if not errors:
        return f"{files} files: no errors"
    return f"\n{files} files: {errors} error{'s' if errors > 1 else ''} in {bad} of them"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ospjit check",
        description="Report the errors of programs without running them.",
        epilog="exit status: 0 no errors, 1 errors, 2 nothing to check or a file that cannot be read",
        allow_abbrev=False,
    )
    help_ = "a program, a directory to search (default: the current one), or - for standard input"
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help=help_)
    help_ = "form of the messages: for people, or one JSON object a line"
    parser.add_argument("--diagnostics", choices=("text", "json"), default="text", help=help_)
    add_capability_arguments(parser)
    return parser
