"""Every pass has a page that tells the truth, and tests on IR text that fail if the pass does nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ospjit.cli import passes as command
from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import PIPELINE
from ospjit.ir import Operation, Pass, PassContext, PassManager, PassOptions, parse_module, print_op
from ospjit.passes import REGISTRY, parse_pipeline
from tests.ir.conftest import RUN_LINE, RunLine, RunLineFailed
from tests.passes.programs import PROGRAMS

HERE = Path(__file__).parent
FILES = sorted([*HERE.glob("*.mlir"), *(HERE.parent / "ir").glob("*.mlir")])
PAGES = HERE.parents[1] / "docs" / "passes"
OWN = command.own_passes()
#: The passes of a RUN line; options in braces are no names.
_PIPELINE = re.compile(r"ospjit opt .*--pass-pipeline='?([a-z0-9,{}= -]+?)'? .*\| filecheck")

every_pass = pytest.mark.parametrize("kind", OWN, ids=[kind.name for kind in OWN])


def lines_for(name: str) -> Iterator[tuple[Path, str]]:
    """Files and RUN lines that run the pass `name` and no other: what several do says little about one."""
    for path in FILES:
        for line in RUN_LINE.findall(path.read_text(encoding="utf-8")):
            found = _PIPELINE.search(line)
            if found and re.sub(r"\{[^}]*\}", "", found.group(1)) == name:
                yield path, line


@every_pass
def test_a_pass_that_does_nothing_fails_its_tests(
    kind: type[Pass], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(self: Pass, module: Operation, ctx: PassContext) -> None:
        pass

    monkeypatch.setattr(kind, "run", nothing)
    verdicts = []
    for path, line in lines_for(kind.name):
        item = RunLine.from_parent(request.session, name="nothing", command=line, path=path)
        try:
            item.runtest()
        except RunLineFailed:
            verdicts.append("noticed")
    assert "noticed" in verdicts


@every_pass
def test_the_example_is_what_the_pass_does(kind: type[Pass]) -> None:
    page = command.documentation(kind)
    assert page.purpose and page.before and page.after
    module = parse_module(page.before)
    PassManager([kind()], PassOptions(verify_each=True)).run(module)
    found = print_op(module, locations=False)
    assert found == print_op(parse_module(page.after), locations=False), f"what it does is:\n{found}"
    assert found != print_op(parse_module(page.before), locations=False)


@every_pass
def test_the_page_in_docs_is_current(kind: type[Pass]) -> None:
    path = PAGES / f"{kind.name}.md"
    again = "make the pages again: ospjit passes --write-pages docs/passes"
    assert path.exists() and path.read_text(encoding="utf-8") == command.page(kind), again


def test_the_pages_are_those_of_the_passes() -> None:
    assert sorted(path.stem for path in PAGES.iterdir()) == [kind.name for kind in OWN]


@every_pass
def test_the_page_says_everything(kind: type[Pass]) -> None:
    """Its module names it; what it takes and leaves, options and counters are there."""
    assert REGISTRY.lookup(kind.name) is kind and kind.summary and "\n" not in kind.summary
    assert (sys.modules[kind.__module__].__doc__ or "").startswith(f"{kind.name}: ")
    page = command.page(kind)
    assert page.startswith(f"# {kind.name}\n\n*{kind.summary}*\n")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["## Before", "## After", "## Contract", "## Options", "## Statistics"]
    for counter in kind.statistics:
        assert f"| {counter} |" in page


def test_counters_are_documented() -> None:
    """Whatever a pass counts while it compiles the programs at hand stands on its page."""
    chosen = [path for path in PROGRAMS if path.stem in _COUNTING]
    assert len(chosen) == len(_COUNTING)
    for path in chosen:
        module = Compilation(Source(path.name, path.read_text())).generate()
        ctx = PassManager(parse_pipeline(f"{PIPELINE},canonicalize,cse,dce")).run(module)
        for name, counter in ctx.statistics.items():
            assert set(counter) <= set(REGISTRY.lookup(name).statistics), name


_COUNTING = ("s04_pipes", "s04_records", "s04_methods")
