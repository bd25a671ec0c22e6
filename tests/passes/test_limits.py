"""What a cell's header has no room for is a diagnostic with its place; what it just has room for works."""

from __future__ import annotations

import pytest

from ospjit.diagnostics import CompileFailed, Source
from ospjit.driver.compile import Compilation


def record(fields: int) -> str:
    names = [f"f{i}" for i in range(fields)]
    declared = ", ".join(f"{name}: string" for name in names)
    made = ", ".join(f'{name}: "x"' for name in names)
    return f"type R = {{ {declared} }}\nlet r = R {{ {made} }}\nprint(r.f0)\n"


def compiled(text: str) -> str:
    return Compilation(Source("wide.osp", text)).llvm_text


def test_a_wide_record() -> None:
    assert "osp_program" in compiled(record(4095))


def test_too_wide_a_record() -> None:
    with pytest.raises(CompileFailed) as failed:
        compiled(record(4096))
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.message == "a record holds at most 4095 strings, records and the like"
    assert diagnostic.code == "OSP8002"
    assert diagnostic.span is not None and diagnostic.span.position() == (2, 9)
