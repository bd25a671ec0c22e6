"""`ospjit doc [NAME]`: the documentation of built-in functions, from the one table."""

from __future__ import annotations

import argparse
import sys

from ospjit.builtins.examples import EXAMPLES
from ospjit.builtins.table import BUILTINS, Builtin
from ospjit.diagnostics import nearest


def main(argv: list[str]) -> int:
    """Print one built-in, or all by section."""
    description = "Show the documentation of built-in functions."
    parser = argparse.ArgumentParser(prog="ospjit doc", description=description)
    parser.add_argument("name", nargs="?", help="a built-in function (default: list all)")
    args = parser.parse_args(argv)
    if args.name is None:
        section = ""
        for builtin in BUILTINS.values():
            if builtin.section != section:
                section = builtin.section
                print(f"{'' if builtin.name == 'print' else chr(10)}{section}")
            print(f"  {builtin.name:<26} {builtin.doc}")
        return 0
    found = BUILTINS.get(args.name)
    if found is None:
        hint = nearest(args.name, BUILTINS)
        suggestion = f"; did you mean '{hint}'?" if hint else ""
        print(f"ospjit: there is no built-in function '{args.name}'{suggestion}", file=sys.stderr)
        return 2
    print(page(found))
    return 0


def page(builtin: Builtin) -> str:
    """The page of one built-in."""
    lines = [f"{builtin.name}{signature}" for signature in builtin.signatures]
    lines += ["", f"    {builtin.doc}"]
    notes = []
    if builtin.capability:
        notes.append(f"capability: {builtin.capability}")
    if builtin.shadowable:
        notes.append("a program may define a function of this name")
    if builtin.suspends:
        notes.append("may suspend the fiber")
    lines += [f"    ({'; '.join(notes)})"] if notes else []
    examples = EXAMPLES.get(builtin.name, ())
    if examples:
        width = max(len(written) for written, _ in examples)
        lines += ["", *(f"    {written:<{width}}  // {shown}" for written, shown in examples)]
    return "\n".join(lines)
