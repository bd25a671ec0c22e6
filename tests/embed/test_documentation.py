"""The page about embedding: its examples do what it shows, and every public name is on it."""

from __future__ import annotations

import re

import pytest

import ospjit
from ospjit import nopython
from tests.e2e.program import ROOT

PAGE = (ROOT / "docs" / "embedding.md").read_text()
EXAMPLES = re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("program", "output"), EXAMPLES, ids=["compile", "nopython", "numba"])
def test_examples(script, program: str, output: str) -> None:
    done = script(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, output, "")


def test_every_public_name_is_documented() -> None:
    for name in ospjit.__all__:
        assert re.search(rf"\b(ospjit\.)?{name}\b", PAGE), name
        assert getattr(ospjit, name).__doc__ or name == "Result", name
    for name in nopython.__all__:
        assert f"`{name}(" in PAGE or f" `{name}(" in PAGE, name
        assert getattr(nopython, name).__doc__, name


def test_public_names_resolve() -> None:
    assert len(set(ospjit.__all__)) == len(ospjit.__all__)
    for name in ospjit.__all__:
        assert getattr(ospjit, name).__module__.startswith("ospjit") or name == "Result"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        ospjit.nothing  # noqa: B018
