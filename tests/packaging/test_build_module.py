"""The build's id changes with what changes the machine code, and with nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.environment import ROOT, run


def _build_id(tree: Path, *, compiler: str = "GNU 12.2.0", flags: str = "-O2 -I{root}/include") -> str:
    """Run the generator over `tree`'s sources, given in no particular order, and return the id it wrote."""
    flags_file = tree / "flags"
    flags_file.write_text(flags.format(root=tree))
    output = tree / "_build.py"
    writer = ROOT / "cmake" / "write_build_module.py"
    options = ("--output", output, "--root", tree, "--flags-file", flags_file)
    facts = ("--compiler", compiler, "--processor", "x86_64", "--openssl", "3.0.0")
    run(sys.executable, writer, *options, *facts, *tree.glob("*.c"), cwd=tree)
    names: dict[str, str] = {}
    exec(output.read_text(), {"__file__": str(output)}, names)
    assert names["COMPILER"] == compiler
    assert names["LIB_DIR"] == str(tree / "_lib")
    return names["BUILD_ID"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return _make_tree(tmp_path / "one")


def _make_tree(path: Path) -> Path:
    path.mkdir()
    (path / "a.c").write_text("int a;\n")
    (path / "b.c").write_text("int b;\n")
    return path


def test_place_of_the_tree_does_not_matter(tree: Path, tmp_path: Path) -> None:
    assert _build_id(tree) == _build_id(_make_tree(tmp_path / "elsewhere"))


def test_whatever_changes_the_code_changes_the_id(tree: Path) -> None:
    ids = [_build_id(tree), _build_id(tree, compiler="Clang 14.0.6"), _build_id(tree, flags="-O3")]
    (tree / "a.c").write_text("long a;\n")
    ids.append(_build_id(tree))
    (tree / "a.c").rename(tree / "c.c")
    ids.append(_build_id(tree))
    assert len(set(ids)) == len(ids)
