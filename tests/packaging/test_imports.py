"""Imports run downward only, and third-party packages stay in the room that is for them.

The tables below are the house's plan. Imports are read from the syntax tree, so that those inside functions
and those for type checkers count as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.environment import ROOT

_PACKAGE = ROOT / "ospjit"

#: What each room may import besides itself.
_BELOW: dict[str, set[str]] = {
    "diagnostics": set(),
    "builtins": set(),
    "ir": {"diagnostics"},
    "syntax": {"builtins", "diagnostics"},
    "types": {"syntax", "builtins", "diagnostics"},
    "dialects": {"ir", "builtins", "diagnostics"},
    "passes": {"dialects", "ir", "builtins", "diagnostics"},
    "backend": {"dialects", "ir", "builtins", "diagnostics", "_build"},
    "irgen": {"types", "dialects", "ir", "builtins", "diagnostics"},
}
_BELOW["report"] = {"ir"}
_BELOW["driver"] = set(_BELOW) | {"_build"}
_BELOW["embed"] = _BELOW["driver"] | {"driver"}
_BELOW["cli"] = _BELOW["embed"] | {"embed"}

#: Third-party packages and the only rooms that may import them.
_THIRD_PARTY = {"llvmlite": {"backend"}, "ply": {"syntax"}, "numba": {"embed"}, "numpy": {"embed"}}


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of each module that `path` imports; `from x import y` gives `x.y`."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _violations(room: str) -> Iterator[str]:
    for path in sorted((_PACKAGE / room).rglob("*.py")):
        for line, name in _imports(path):
            top, _, rest = name.partition(".")
            where = f"{path.relative_to(ROOT)}:{line}: imports {name}"
            if top == "ospjit":
                target = rest.partition(".")[0]
                is_room = target == "_build" or (target and (_PACKAGE / target).is_dir())
                if is_room and target != room and target not in _BELOW[room]:
                    yield where
            elif top not in _STANDARD_LIBRARY and room not in _THIRD_PARTY.get(top, set()):
                yield where


#: With what newer Pythons than the one that runs this test add; such imports look at the version first.
_STANDARD_LIBRARY = sys.stdlib_module_names | {"annotationlib"}


def _rooms() -> list[str]:
    hidden = {"_lib", "__pycache__"}
    return sorted(path.name for path in _PACKAGE.iterdir() if path.is_dir() and path.name not in hidden)


@pytest.mark.parametrize("room", _rooms())
def test_imports_run_downward(room: str) -> None:
    assert room in _BELOW, f"the plan of imports does not know ospjit/{room}"
    assert list(_violations(room)) == []
