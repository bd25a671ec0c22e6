"""A few lines of Osprey, and what they are at a stage: whole functions, as a reader of dumps sees them.

Each file in `stages/` is a program and, behind lines `--- STAGE FUNCTION`, what that function is after the
pass of this name (or as the IR generator made it, for `osp`). The files are part of the documentation of the
passes: what a stage is for should be plain from them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import PIPELINE
from ospjit.ir import PassManager, PassOptions, SymbolTable, print_op
from ospjit.passes import parse_pipeline

_SECTION = re.compile(r"^--- (\S+) (.+)\n", re.MULTILINE)


def cases() -> list[tuple[str, str, str, str, str]]:
    """The name of the file, the program, the stage, the function, what it is expected to be."""
    found = []
    for path in sorted((Path(__file__).parent / "stages").iterdir()):
        source, *sections = _SECTION.split(path.read_text(encoding="utf-8"))
        for stage, function, expected in zip(sections[::3], sections[1::3], sections[2::3], strict=True):
            found.append((path.stem, source, stage, function, expected))
    return found


@pytest.mark.parametrize(
    ("name", "source", "stage", "function", "expected"),
    cases(),
    ids=[f"{name}, {stage}, {function}" for name, _, stage, function, _ in cases()],
)
def test_stage(name: str, source: str, stage: str, function: str, expected: str) -> None:
    module = Compilation(Source(f"{name}.osp", source)).generate()
    passes = parse_pipeline(PIPELINE)
    names = ["osp", *(entry.name for entry in passes)]
    PassManager(passes[: names.index(stage)], PassOptions(verify_each=True)).run(module)
    found = SymbolTable(module).lookup(function)
    assert found is not None
    assert print_op(found, False) == expected


def test_every_file_shows_something() -> None:
    assert len({name for name, *_ in cases()}) == len(list((Path(__file__).parent / "stages").iterdir())) > 5
