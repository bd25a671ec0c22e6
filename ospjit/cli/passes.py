"""`ospjit passes`: which passes there are, and a page for each, made from its docstring.

The pages in `docs/passes` are what this prints; `ospjit passes --write-pages DIR` writes them again.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from ospjit.ir import Pass
from ospjit.ir.pass_base import BrokenPass, UnknownPass
from ospjit.passes import REGISTRY

OK, FAILED, USAGE = 0, 1, 2

BEFORE, AFTER = "Before:", "After:"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ospjit passes`: list all passes, or print the pages of some; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="ospjit passes", description="List the passes, or print the pages of some.", allow_abbrev=False
    )
    parser.add_argument("names", nargs="*", metavar="PASS", help="print the page of this pass")
    parser.add_argument(
        "--write-pages", metavar="DIR", type=Path, help="write the pages of ospjit's own passes to DIR"
    )
    args = parser.parse_args(argv)
    try:
        if args.write_pages is not None:
            _write_pages(args.write_pages)
        elif args.names:
            sys.stdout.write("\n".join([page(REGISTRY.lookup(name)) for name in args.names]))
        else:
            _list()
    except UnknownPass as error:
        return _fail(str(error), USAGE)
    except BrokenPass as error:
        return _fail(str(error), FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(f"{error.filename}: {(error.strerror or str(error)).lower()}", FAILED)
    return OK


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"ospjit passes: error: {message}\n")
    return status


def _list() -> None:
    """One line a pass; those of other packages that cannot be used say why."""
    names = REGISTRY.names()
    width = max(map(len, names))
    for name in names:
        try:
            said = REGISTRY.lookup(name).summary
        except BrokenPass as error:
            said = f"({error})"
        sys.stdout.write(f"{name:{width}}  {said}\n")
    for conflict in REGISTRY.conflicts:
        sys.stderr.write(f"ospjit passes: warning: {conflict}\n")


def own_passes() -> list[type[Pass]]:
    """The passes that ospjit brings, by name."""
    kinds = []
    for name in REGISTRY.names():
        try:
            kind = REGISTRY.lookup(name)
        except BrokenPass:
            continue
        if kind.__module__.startswith("ospjit."):
            kinds.append(kind)
    return kinds


def _write_pages(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for kind in own_passes():
        (directory / f"{kind.name}.md").write_text(page(kind), encoding="utf-8")


class Documentation(NamedTuple):
    """What the docstring of a pass says: its purpose, and IR before and after it, which may be missing."""

    purpose: str
    before: str
    after: str


def documentation(kind: type[Pass]) -> Documentation:
    """What is documented of a pass: in its module's docstring if that begins with `NAME:`, else its own.

    The IR stands in indented blocks under `Before:` and `After:`; between and behind them is text.
    """
    own = inspect.getdoc(kind) or ""
    whole = inspect.getdoc(sys.modules[kind.__module__]) or ""
    name = f"{kind.name}: "
    text = whole.removeprefix(name) if whole.startswith(name) else own
    found: dict[str, list[str]] = {"": [], BEFORE: [], AFTER: []}
    section = ""
    for line in text.splitlines():
        if line.strip() in (BEFORE, AFTER):
            section = line.strip()
        elif section and line and not line.startswith(" "):
            section = ""
            found[""].append(line)
        else:
            found[section].append(line)
    purpose = "\n".join(found[""]).strip()
    return Documentation(purpose[:1].upper() + purpose[1:], *(_block(found[s]) for s in (BEFORE, AFTER)))


def _block(lines: Sequence[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n")


def page(kind: type[Pass]) -> str:
    """The page of a pass in Markdown: purpose, IR before and after, dialects, options, statistics."""
    said = documentation(kind)
    parts = [f"# {kind.name}", f"*{kind.summary}*", said.purpose]
    if said.before:
        parts += ["## Before", f"```mlir\n{said.before}\n```"]
        parts += ["## After", f"```mlir\n{said.after}\n```"]
    takes, leaves = ", ".join(kind.takes) or "any", ", ".join(kind.leaves) or "the same"
    needed = "part of every compilation" if kind.required else "can be left out (`--bisect-limit`)"
    parts += ["## Contract", f"Takes dialects: {takes}\\\nLeaves dialects: {leaves}\\\nIs {needed}"]
    options = [
        f"| `{entry.name.replace('_', '-')}` | `{_plain(entry.default)}` | {entry.metadata.get('doc', '')} |"
        for entry in fields(kind)
    ]
    parts += ["## Options", _table("option | default | meaning", options)]
    statistics = [f"| {name} | {doc} |" for name, doc in kind.statistics.items()]
    parts += ["## Statistics", _table("counter | what it counts", statistics)]
    return "\n\n".join(parts) + "\n"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: str, rows: Sequence[str]) -> str:
    if not rows:
        return "None."
    rule = " | ".join(["---"] * (head.count("|") + 1))
    return "\n".join([f"| {head} |", f"| {rule} |", *rows])
