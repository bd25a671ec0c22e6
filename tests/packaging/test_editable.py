"""The editable installation: sources are used in place, and tools find `ospjit.passes` through its link."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import ospjit
from tests.packaging.environment import Environment, copy_sources, run


def _files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources that is installed in place."""
    return copy_sources(tmp_path_factory.mktemp("editable") / "source")


@pytest.fixture(scope="module")
def environment(tree: Path) -> Environment:
    """An environment with `tree` installed in place; the installation leaves no file in the tree."""
    before = _files(tree)
    created = Environment.create(tree.parent / "venv")
    created.install("--editable", tree, cwd=tree.parent)
    assert _files(tree) == before
    return created


def test_editable_installation(environment: Environment, tree: Path, tmp_path: Path) -> None:
    assert ospjit.__version__ in run(environment.ospjit, "--version", cwd=tmp_path).stdout

    # What is built is found beside what is edited, from the tree and from elsewhere.
    program = "import ospjit, ospjit._build as b, ospjit.syntax._parsetab; print(ospjit.__file__, b.LIB_DIR)"
    for cwd in (tmp_path, tree):
        source, lib_dir = environment.evaluate(program, cwd).split()
        assert Path(source).is_relative_to(tree)
        assert (Path(lib_dir) / "libospjit_rt.so").is_file()

    # A pass that is written later is there at once, under both of its names.
    (tree / "passes" / "written_later.py").write_text("ANSWER: int = 42\n")
    program = "from ospjit.passes.written_later import ANSWER; print(ANSWER)"
    assert environment.evaluate(program, tmp_path) == "42"

    # A type checker that only knows the environment resolves the package, the link and the built module.
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "import ospjit._build\n"
        "from ospjit.passes.written_later import ANSWER\n"
        "reveal_type(ospjit._build.LIB_DIR)\n"
        "reveal_type(ANSWER)\n"
    )
    mypy = (sys.executable, "-m", "mypy", "--python-executable", environment.python, "--cache-dir", tmp_path)
    checked = run(*mypy, "--follow-imports=silent", snippet, cwd=tmp_path)
    assert re.findall(r'Revealed type is "(?:builtins\.)?(\w+)"', checked.stdout) == ["str", "int"]
