"""Diagnostics as a person sees them: each file in `messages/` holds a source and what is said about it, and
every code that the compiler knows has one (those of syntax errors are in `tests/syntax/messages/`).

A first line `// --no-http` and the like switches capabilities off. `OSPJIT_UPDATE_SNAPSHOTS=1 pytest
tests/diagnostics/test_messages.py` writes the second half of the files anew; read the difference before you
commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ospjit.diagnostics import CompileFailed, Source
from ospjit.diagnostics.render import render_text
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CAPABILITIES, CompileOptions

ROOT = Path(__file__).parents[2]
MESSAGES = sorted((Path(__file__).parent / "messages").glob("*.txt"))
SYNTAX_MESSAGES = sorted((ROOT / "tests" / "syntax" / "messages").glob("*.txt"))
SEPARATOR = "\n-----\n"

#: Codes that no program of the language provokes, and the tests that do.
ELSEWHERE = {
    "OSP1001": "tests/syntax/test_lexical.py",  # a source that is not UTF-8, which a text file here must be
    "OSP1012": "tests/syntax/test_limits.py",  # its programs are long
    "OSP1099": "tests/types/test_robustness.py",
    "OSP8002": "tests/passes/test_limits.py",
    "OSP9001": "tests/ir/test_opt.py",  # those of IR text
    "OSP9002": "tests/ir/test_pass_manager.py",
    "OSP9003": "tests/ir/test_opt.py",
    "OSP9004": "tests/ir/test_opt.py",
}


def codes_in_the_compiler() -> set[str]:
    """Every code that a source file of the compiler names."""
    found: set[str] = set()
    for folder in ("ospjit", "passes"):
        for path in (ROOT / folder).rglob("*.py"):
            if "ospjit/passes/" not in path.as_posix():
                found.update(re.findall(r'"(OSP[0-9]{4})"', path.read_text(encoding="utf-8")))
    return found


def rendered(text: str) -> str:
    """What the compiler says about a source."""
    first = text.splitlines()[0]
    off = frozenset(name for name, flag in CAPABILITIES.items() if flag in first.split())
    compilation = Compilation(Source("app.osp", text), CompileOptions(opt_level=0, disabled=off))
    with pytest.raises(CompileFailed) as failed:
        compilation.code  # noqa: B018
    return render_text(failed.value.diagnostics)


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    text, _, expected = path.read_text(encoding="utf-8").partition(SEPARATOR)
    said = rendered(text)
    if os.environ.get("OSPJIT_UPDATE_SNAPSHOTS"):
        path.write_text(text + SEPARATOR + said, encoding="utf-8")
    else:
        assert said == expected
    assert f"error[{path.stem[:7]}]" in said


def _snapshots() -> Iterator[str]:
    for path in (*MESSAGES, *SYNTAX_MESSAGES):
        yield path.read_text(encoding="utf-8").partition(SEPARATOR)[2]


def test_every_code_has_a_message() -> None:
    shown = {code for text in _snapshots() for code in re.findall(r"error\[(OSP[0-9]{4})\]", text)}
    assert codes_in_the_compiler() - shown == set(ELSEWHERE)
    for code, file in ELSEWHERE.items():
        assert code in (ROOT / file).read_text(encoding="utf-8"), code


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (OSP[0-9]{4}) \|", page, re.MULTILINE)
    assert documented == sorted(codes_in_the_compiler())
