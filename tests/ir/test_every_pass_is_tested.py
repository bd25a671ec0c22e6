"""Every pass has a file `*.mlir`, here or among the tests of the passes, that runs it alone.

Its checks notice if the pass does nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ospjit.passes import REGISTRY

_PIPELINE = re.compile(r"RUN: ospjit opt .*--pass-pipeline=([\w-]+)\b.*\| filecheck")
_TESTED = {
    name
    for folder in ("ir", "passes")
    for path in (Path(__file__).parent.parent / folder).glob("*.mlir")
    if "CONTROL: none" not in (text := path.read_text(encoding="utf-8"))
    for name in _PIPELINE.findall(text)
}


@pytest.mark.parametrize("name", REGISTRY.names())
def test_a_file_tests_the_pass(name: str) -> None:
    if REGISTRY.lookup(name).__module__.startswith("ospjit."):
        assert name in _TESTED
