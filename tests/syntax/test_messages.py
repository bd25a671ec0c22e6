"""Syntax errors as a person sees them: each file in `messages/` holds a source and what is said about it.

`OSPJIT_UPDATE_SNAPSHOTS=1 pytest tests/syntax/test_messages.py` writes the second half anew; read the
difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.diagnostics.render import render_text
from ospjit.syntax.parser import parse

MESSAGES = sorted((Path(__file__).parent / "messages").glob("*.txt"))
SEPARATOR = "\n-----\n"


def test_there_are_messages() -> None:
    assert len(MESSAGES) >= 40


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    text, _, expected = path.read_text(encoding="utf-8").partition(SEPARATOR)
    diagnostics = Diagnostics()
    parse(Source("app.osp", text), diagnostics)
    assert diagnostics.has_errors
    rendered = render_text(diagnostics.items)
    if os.environ.get("OSPJIT_UPDATE_SNAPSHOTS"):
        path.write_text(text + SEPARATOR + rendered, encoding="utf-8")
    else:
        assert rendered == expected
