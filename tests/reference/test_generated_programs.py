"""Generated programs: compiled, optimised or not, they print what the reference interpreter does, and no heap
cell is alive at their end (the runtime would say so on standard error). `python -m tests.reference` makes
more of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reference.compare import WAYS, expected
from tests.reference.generate import Generator

#: Each seed is one program of this many statements.
SEEDS = range(6)
STATEMENTS = 40


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_program(seed: int, tmp_path: Path) -> None:
    text = Generator(seed).program(STATEMENTS)
    output = expected(text)
    path = tmp_path / "generated.osp"
    path.write_text(text)
    for options in WAYS:
        command = [sys.executable, "-m", "ospjit", *options, str(path)]
        env = os.environ | {"OSPJIT_COUNT_CELLS": "1"}
        done = subprocess.run(command, capture_output=True, timeout=120, check=False, env=env)
        assert done.stderr == b""
        assert done.stdout == output
        assert done.returncode == 0
