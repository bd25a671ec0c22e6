"""Every dump of every example is IR that others read: our parser prints it back unchanged, and xDSL finds the
same operations in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import PIPELINE, CompileOptions
from ospjit.ir import PassOptions, parse_module, print_op
from tests.e2e.program import ROOT
from tests.ir.test_xdsl import outline, read_by_xdsl, xdsl_outline

PROGRAMS = sorted([*(ROOT / "examples").glob("*.osp"), *(ROOT / "tests/seed/programs").glob("[!w]*.osp")])


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_dumps(path: Path, tmp_path: Path) -> None:
    dumps = tmp_path / "ir"
    passes = PassOptions(print_ir_tree_dir=dumps, verify_each=True)
    compilation = Compilation(Source(path.name, path.read_text()), CompileOptions(passes=passes))
    texts = {"the osp dialect": print_op(compilation.generate(), stable=True)}
    assert compilation.lowered.name == "builtin.module"
    texts |= {file.name: file.read_text() for file in sorted(dumps.rglob("*.mlir"))}
    assert len(texts) > len(PIPELINE.split(","))
    for name, text in texts.items():
        module = parse_module(text)
        assert print_op(module, stable=True).strip() == text.strip(), f"{name} is not printed back unchanged"
        assert xdsl_outline(read_by_xdsl(text)) == outline(module), name
