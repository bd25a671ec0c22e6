"""The reference interpreter and the checker against the golden programs' expected outputs.

What the interpreter does not support is left out by name of the feature, never by name of the program.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax.parser import parse
from ospjit.types.check import check
from tests.reference.interp import Unsupported, run

PROGRAMS = Path(__file__).parent.parent / "programs"
RUNNABLE = sorted(p for p in PROGRAMS.glob("*.osp") if p.with_suffix(".out").exists())


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda p: p.stem)
def test_golden_program(path: Path) -> None:
    diagnostics = Diagnostics()
    program = check(parse(Source(path.name, path.read_text()), diagnostics), diagnostics)
    if program is None:
        assert path.with_suffix(".err").exists(), [d.message for d in diagnostics.items]
        return
    try:
        output, _ = run(program)
    except Unsupported as feature:
        pytest.skip(f"the reference interpreter does not know {feature}")
    assert output.decode(errors="backslashreplace") == path.with_suffix(".out").read_text()
