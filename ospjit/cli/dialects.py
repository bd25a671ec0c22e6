"""`ospjit dialects`: which operations the IR has, and a page for each dialect, made from its definitions.

The pages in `docs/dialects` are what this prints; `ospjit dialects --write-pages DIR` writes them again.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import ospjit.dialects  # noqa: F401  (registers the operations)
from ospjit.diagnostics import nearest
from ospjit.ir import Dialect, OpDef, dialects

OK, FAILED, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ospjit dialects`: list the dialects, or print the pages of some; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="ospjit dialects",
        description="List the dialects of the IR, or print the pages of some.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="DIALECT", help="print the page of this dialect")
    parser.add_argument("--write-pages", metavar="DIR", type=Path, help="write all pages to DIR")
    args = parser.parse_args(argv)
    known = {dialect.name: dialect for dialect in dialects()}
    for name in args.names:
        if name not in known:
            hint = nearest(name, known)
            said = f"did you mean '{hint}'?" if hint else f"there are: {', '.join(known)}"
            return _fail(f"there is no dialect '{name}'; {said}", USAGE)
    try:
        if args.write_pages is not None:
            args.write_pages.mkdir(parents=True, exist_ok=True)
            for dialect in known.values():
                (args.write_pages / f"{dialect.name}.md").write_text(page(dialect), encoding="utf-8")
        elif args.names:
            sys.stdout.write("\n".join([page(known[name]) for name in args.names]))
        else:
            width = max(map(len, known))
            lines = [f"{name:{width}}  {dialect.summary.rstrip('.')}\n" for name, dialect in known.items()]
            sys.stdout.write("".join(lines))
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(f"{error.filename}: {(error.strerror or str(error)).lower()}", FAILED)
    return OK


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"ospjit dialects: error: {message}\n")
    return status


#: What a definition may say of an operation, in words.
_TRAITS = ("pure", "terminator", "isolated", "symbol", "graph")


def page(dialect: Dialect) -> str:
    """The page of a dialect in Markdown: what its module says, and its operations."""
    module = import_module(f"ospjit.dialects.{dialect.name}")
    rows = [_row(op) for op in sorted(dialect.ops, key=lambda op: op.name)]
    table = "\n".join(["| operation | what it does | traits |", "| --- | --- | --- |", *rows])
    parts = [f"# The dialect {dialect.name}", (inspect.getdoc(module) or "").strip(), "## Operations", table]
    return "\n\n".join(parts) + "\n"


def _row(op: OpDef) -> str:
    traits = [name for name in _TRAITS if getattr(op, name)]
    if op.successor_operands is not None:
        traits.append("branch")
    summary = op.summary.replace("|", "\\|")
    return f"| `{op.name}` | {summary} | {', '.join(traits)} |"
