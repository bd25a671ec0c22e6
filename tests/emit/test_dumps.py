"""Every dump of every program of the repository is valid IR, and what is printed of it again is the same.

Our own parser reads all dumps, xDSL's one of each program, in turn (all those of the examples are read with
the tests of the IR); and LLVM accepts what comes out at the end.
"""

from __future__ import annotations

from pathlib import Path

import llvmlite.binding as llvm
import pytest

from ospjit.diagnostics import CompileFailed, Source
from ospjit.driver.collector import paused
from ospjit.driver.compile import Compilation
from ospjit.driver.options import PIPELINE, CompileOptions
from ospjit.ir import PassOptions, parse_module, print_op
from ospjit.ir.pass_manager import INVALID_IR, PASS_FAILED
from tests.ir.test_dumps import read_back
from tests.passes.programs import PROGRAMS, identifier

#: xDSL takes seconds for what is longer than this.
LONG = 200_000


@pytest.mark.parametrize("path", PROGRAMS, ids=identifier)
def test_dumps(path: Path, tmp_path: Path) -> None:
    source = Source(path.name, path.read_text(encoding="utf-8", errors="surrogateescape"))
    options = CompileOptions(passes=PassOptions(print_ir_tree_dir=tmp_path / "ir", verify_each=True))
    compilation = Compilation(source, options)
    try:
        text = compilation.llvm_text
    except CompileFailed as failed:
        # The program is refused; no pass has a defect.
        assert not any(d.code in (INVALID_IR, PASS_FAILED) for d in failed.diagnostics), failed
        return
    llvm.parse_assembly(text).verify()
    files = sorted((tmp_path / "ir").iterdir())
    names = ["input", *PIPELINE.split(",")]
    assert [file.name for file in files] == [f"{number:02}_{name}.mlir" for number, name in enumerate(names)]
    dumps = [file.read_text(encoding="utf-8") for file in files]
    for dump in dict.fromkeys(dumps):  # valid they were, or a pass would have failed
        with paused():  # as in the compiler: a third of the time for long programs
            assert print_op(parse_module(dump), stable=True) == dump
    chosen = dumps[PROGRAMS.index(path) % len(files)]
    if len(chosen) <= LONG:
        read_back(chosen)
