"""What the checker says about a text: the types of its declarations, its diagnostics, its core tree."""

from __future__ import annotations

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax.parser import parse
from ospjit.types import core
from ospjit.types.check import CheckOptions, check
from ospjit.types.dump import dump


def run(text: str, *disabled: str) -> tuple[core.Program | None, Diagnostics]:
    """The core program, if there is one, and the diagnostics. The text has to parse."""
    diagnostics = Diagnostics()
    program = parse(Source("test.osp", text), diagnostics)
    assert not diagnostics.items, [d.message for d in diagnostics.items]
    return check(program, diagnostics, CheckOptions(frozenset(disabled))), diagnostics


def program(text: str) -> core.Program:
    """The core program of a text without errors."""
    made, diagnostics = run(text)
    assert made is not None, complaints_of(diagnostics)
    assert not diagnostics.items
    return made


def types(text: str) -> dict[str, str]:
    """The type of every function and file-scope variable, as `--emit=types` prints them."""
    found = {}
    for line in dump(program(text)).splitlines():
        if line.startswith("let "):
            name, _, shown = line[4:].partition(": ")
            found[name] = shown
        elif line.startswith("fn "):
            name = line[3:].partition("(")[0].partition("<")[0].partition("[")[0]
            found[name] = line[3 + len(name) :]
    return found


def tree(text: str) -> str:
    """The core tree of a text, without the lines that only repeat declarations of types."""
    return "\n".join(x for x in dump(program(text)).splitlines() if not x.startswith("type "))


def complaints(text: str, *disabled: str) -> list[str]:
    """The diagnostics of a text as `line:column message`."""
    made, diagnostics = run(text, *disabled)
    assert made is None or not diagnostics.has_errors
    return complaints_of(diagnostics)


def complaints_of(diagnostics: Diagnostics) -> list[str]:
    """Diagnostics as `line:column message`."""
    found = []
    for item in diagnostics.items:
        assert item.span is not None
        line, column = item.span.position()
        found.append(f"{line}:{column} {item.message}")
    return found


def hints(text: str) -> list[str]:
    """The hints of all diagnostics of a text."""
    return [hint for item in run(text)[1].items for hint in item.hints]


def labels(text: str) -> list[str]:
    """The secondary places of all diagnostics of a text as `line:column note`."""
    found = []
    for item in run(text)[1].items:
        for label in item.labels:
            line, column = label.span.position()
            found.append(f"{line}:{column} {label.text}")
    return found
