"""The grammar is LALR(1) without an unresolved conflict, and its tables survive being written."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ply import yacc

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax import tables
from ospjit.syntax.grammar import START, Grammar
from ospjit.syntax.tokens import TERMINALS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    tables.generate(str(folder))
    return (folder / "parser.out").read_text(encoding="utf-8")


def test_the_report_lists_no_unresolved_conflict(report: str) -> None:
    assert "Rule 1" in report and re.search(r"^state 100$", report, re.MULTILINE)
    # What precedence settles is no conflict; whatever else PLY has to choose it lists as one.
    assert "onflict" not in report


def test_the_report_of_a_grammar_with_a_conflict_says_so(tmp_path: Path) -> None:
    """The words that the test above looks for are those that PLY writes."""

    class Ambiguous(Grammar):
        def p_ambiguous(self, p: list[object]) -> None:
            """expr : expr NAME expr"""

    log = tables._Log()
    grammar = Ambiguous(Source("grammar", ""), Diagnostics())
    yacc.yacc(
        module=grammar, start=START, write_tables=False, debug=True, outputdir=str(tmp_path), errorlog=log
    )
    assert "onflict" in (tmp_path / "parser.out").read_text(encoding="utf-8")
    assert any("conflict" in message for message in log.messages)


def test_every_terminal_is_used(report: str) -> None:
    unused = re.search(r"^Unused terminals:\n\n(.*?)\nGrammar", report, re.MULTILINE | re.DOTALL)
    assert unused is None or not unused[1].strip()
    assert len(TERMINALS) == len(set(TERMINALS))


def test_a_conflict_is_refused_when_the_tables_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def p_ambiguous(self: Grammar, p: list[object]) -> None:
        """expr : expr NAME expr"""

    monkeypatch.setattr(Grammar, "p_ambiguous", p_ambiguous, raising=False)
    with pytest.raises(tables.GrammarConflict):
        tables.generate()


def test_written_tables_are_the_generated_ones(tmp_path: Path) -> None:
    path = tmp_path / "_parsetab.py"
    command = [sys.executable, "-B", "-m", "ospjit.syntax.tables", str(path)]
    subprocess.run(command, check=True, cwd=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["_parsetab.py"]
    specification = importlib.util.spec_from_file_location("written", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    generated = tables.generate()
    assert tables.signature() == module.SIGNATURE
    assert generated.action == module.ACTION
    assert generated.goto == module.GOTO
    assert [tables.Production(*p) for p in module.PRODUCTIONS] == generated.productions


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    stale = types.ModuleType("ospjit.syntax._parsetab")
    stale.SIGNATURE = "of another grammar"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ospjit.syntax._parsetab", stale)
    assert tables._from_module() is None


def test_parsing_with_written_tables_does_not_import_ply(tmp_path: Path) -> None:
    path = tmp_path / "tab.py"
    tables.write(path)
    program = f"""
import importlib.util, sys
specification = importlib.util.spec_from_file_location("ospjit.syntax._parsetab", {str(path)!r})
module = importlib.util.module_from_spec(specification)
specification.loader.exec_module(module)
sys.modules["ospjit.syntax._parsetab"] = module
from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax.parser import parse
diagnostics = Diagnostics()
assert len(parse(Source("a", "let x = 1 + 2"), diagnostics).statements) == 1 and not diagnostics.items
assert not any(name.startswith("ply") for name in sys.modules), "ply was imported"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_usage() -> None:
    assert tables.main([]) == 2
