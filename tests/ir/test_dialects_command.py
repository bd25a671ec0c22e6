"""`ospjit dialects`: the list, and pages that are those in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ospjit.cli.dialects import page
from ospjit.cli.main import main
from ospjit.ir import Dialect, dialects
from ospjit.ir.registry import definitions

PAGES = Path(__file__).parents[2] / "docs" / "dialects"


def test_list_of_dialects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dialects"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [dialect.name for dialect in dialects()]
    assert "scf      Structured control flow" in lines


def test_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dialects", "cf", "math"]) == 0
    text = capsys.readouterr().out
    assert "# The dialect cf\n" in text and "| `math.absf` | A number without its sign" in text
    assert "| `cf.br` |" in text and "terminator, branch |" in text


def test_wrong_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["dialects", "aritn"]) == 2
    assert "there is no dialect 'aritn'; did you mean 'arith'?" in capsys.readouterr().err
    assert main(["dialects", "zzzzzz"]) == 2
    assert "there are: arith, " in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["dialects", "--write-pages", str(tmp_path / "file")]) == 1
    assert "file: file exists" in capsys.readouterr().err


@pytest.mark.parametrize("dialect", dialects(), ids=[dialect.name for dialect in dialects()])
def test_the_page_in_docs_is_current(dialect: Dialect) -> None:
    path = PAGES / f"{dialect.name}.md"
    again = "make the pages again: ospjit dialects --write-pages docs/dialects"
    assert path.exists() and path.read_text(encoding="utf-8") == page(dialect), again


def test_every_operation_says_what_it_does() -> None:
    for op in definitions():
        assert op.summary and op.summary[0].isupper() and op.summary.endswith("."), op.name
        assert op.verify is not None, op.name
