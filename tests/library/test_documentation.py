"""`ospjit doc`: every built-in has its page, and the examples do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ospjit.builtins.examples import EXAMPLES
from ospjit.builtins.table import BUILTINS
from ospjit.cli import doc

#: Sections whose functions one expression can show.
SHOWN = {"Strings", "Lists", "Maps", "Iterators", "Numbers", "Fibers and channels"}

#: What has no example all the same: its value is another one each time, or there is nothing to see.
WITHOUT = {"random", "fiberDone"}


def test_the_examples_print_what_they_say(tmp_path: Path) -> None:
    """One program runs all of them."""
    shown = [pair for pairs in EXAMPLES.values() for pair in pairs]
    path = tmp_path / "examples.osp"
    path.write_text("".join(f"print({written})\n" for written, _ in shown))
    command = [sys.executable, "-m", "ospjit", "-O0", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert list(zip((w for w, _ in shown), done.stdout.splitlines(), strict=True)) == shown


def test_what_can_have_an_example_has_one() -> None:
    assert set(EXAMPLES) <= set(BUILTINS)
    wanted = {b.name for b in BUILTINS.values() if b.section in SHOWN} - WITHOUT
    assert wanted - set(EXAMPLES) == set()
    for name, pairs in EXAMPLES.items():
        for written, _ in pairs:
            assert re.search(rf"\b{name}\b", written), name


@pytest.mark.parametrize("name", BUILTINS)
def test_pages(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A page begins with the signature and says what the function does, in a sentence."""
    assert doc.main([name]) == 0
    page = capsys.readouterr().out
    assert page.startswith((f"{name}(", f"{name}<"))
    text = BUILTINS[name].doc
    assert re.match(r"[A-Z`]", text) and text.endswith("."), text
    assert f"\n\n    {text}\n" in page


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """All functions, under the headings of their sections."""
    assert doc.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(BUILTINS)
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == list(dict.fromkeys(b.section for b in BUILTINS.values()))


def test_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert doc.main(["lenght"]) == 2
    assert (
        capsys.readouterr().err == "ospjit: there is no built-in function 'lenght'; did you mean 'length'?\n"
    )
