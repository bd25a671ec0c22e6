"""Generated programs: compiled, optimised or not, they print what the reference interpreter does, and no heap
cell is alive at their end (the runtime would say so on standard error)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.driver.options import PIPELINE
from ospjit.syntax.parser import parse
from ospjit.types.check import check
from tests.reference.generate import Generator
from tests.reference.interp import run

#: Each seed is one program of this many statements.
SEEDS = range(6)
STATEMENTS = 40

#: Both levels, each with the reuse of dying cells and without it.
_WITHOUT_REUSE = PIPELINE.replace("perceus", "perceus{reuse=false}")
WAYS = [
    ("-O0",),
    ("-O0", f"--pass-pipeline={PIPELINE}"),
    ("-O2",),
    ("-O2", f"--pass-pipeline={_WITHOUT_REUSE}"),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_program(seed: int, tmp_path: Path) -> None:
    text = Generator(seed).program(STATEMENTS)
    diagnostics = Diagnostics()
    program = check(parse(Source("generated.osp", text), diagnostics), diagnostics)
    assert program is not None, [(d.span and d.span.position(), d.message) for d in diagnostics.items]
    expected, status = run(program)
    assert expected and status == 0
    path = tmp_path / "generated.osp"
    path.write_text(text)
    for options in WAYS:
        command = [sys.executable, "-m", "ospjit", *options, str(path)]
        env = os.environ | {"OSPJIT_COUNT_CELLS": "1"}
        done = subprocess.run(command, capture_output=True, timeout=120, check=False, env=env)
        assert done.stderr == b""
        assert done.stdout == expected
        assert done.returncode == 0
