"""Every pass has tests on IR text, with a control that fails if the pass does nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ospjit.passes import REGISTRY

HERE = Path(__file__).parent
FILES = sorted([*HERE.glob("*.mlir"), *(HERE.parent / "ir").glob("*.mlir")])
#: The passes of a RUN line; options in braces are no names.
_PIPELINE = re.compile(r"RUN: ospjit opt .*--pass-pipeline='?([a-z0-9,{}= -]+?)'? .*\| filecheck")


def passes_with_tests() -> set[str]:
    found: set[str] = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if "CONTROL: none" not in text:
            for pipeline in _PIPELINE.findall(text):
                names = re.sub(r"\{[^}]*\}", "", pipeline).split(",")
                if len(names) == 1:  # what several passes do together says little about one
                    found.add(names[0])
    return found


@pytest.mark.parametrize("name", REGISTRY.names())
def test_pass_is_tested_by_itself(name: str) -> None:
    assert name in passes_with_tests()


@pytest.mark.parametrize("name", REGISTRY.names())
def test_pass_says_what_it_does(name: str) -> None:
    """Its page shows what it is for, IR before and after, and which dialects it takes and leaves."""
    kind = REGISTRY.lookup(name)
    assert kind.name == name and kind.summary and kind.__doc__
    page = __import__(kind.__module__, fromlist=["__doc__"]).__doc__ or ""
    assert page.startswith(f"{name}: ") and "\n->" in page
