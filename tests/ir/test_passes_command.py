"""`ospjit passes`: the list, the pages, and what it says of passes of other packages that are broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from ospjit.cli import opt, passes
from ospjit.cli.main import main
from ospjit.ir import PassRegistry
from ospjit.passes import REGISTRY

GOOD = '"builtin.module"() ({\n^bb0:\n}) : () -> ()\n'


def test_list_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == REGISTRY.names()
    assert any(line.split(None, 1) == ["cse", REGISTRY.lookup("cse").summary] for line in lines)


def test_pages_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert passes.main(["canonicalize", "cse"]) == 0
    page = capsys.readouterr().out
    for part in ("# canonicalize\n", "| `max-rounds` | `10` | how often", "| blocks-erased |", "\n# cse\n"):
        assert part in page
    assert passes.main(["canonicalise"]) == 2
    assert "did you mean 'canonicalize'?" in capsys.readouterr().err


def test_pages_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert passes.main(["--write-pages", str(tmp_path / "file")]) == 1
    assert "file: file exists" in capsys.readouterr().err


def package(folder: Path, name: str, entries: dict[str, str], code: str = "") -> None:
    """A package called `name`, installed in `folder`, that registers passes."""
    info = folder / f"{name}-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    points = "\n".join(f"{key} = {value}" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[ospjit.passes]\n{points}\n")
    (folder / f"{name}.py").write_text(code)


_PASS = """
from dataclasses import dataclass
from ospjit.ir import Pass

@dataclass(frozen=True)
class Theirs(Pass):
    name = "theirs"
    summary = "do it their way"

    def run(self, module, ctx):
        raise RuntimeError("their mistake")

class NoPass:
    name = "no-pass"
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PassRegistry:
    """What there is when three packages, one sound and two broken, are installed."""
    entries = {"theirs": "soundpkg:Theirs", "misnamed": "soundpkg:Theirs", "no-pass": "soundpkg:NoPass"}
    package(tmp_path, "soundpkg", entries, _PASS)
    package(tmp_path, "brokenpkg", {"gone": "brokenpkg:Gone", "cse": "brokenpkg:Cse"})
    package(tmp_path, "badpkg", {"bad": "badpkg:Bad"}, "1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = PassRegistry({"cse": "ospjit.passes.cse:CommonSubexpressions"})
    monkeypatch.setattr("ospjit.passes.REGISTRY", found)
    monkeypatch.setattr("ospjit.cli.passes.REGISTRY", found)
    return found


def test_broken_packages_are_named(
    registry: PassRegistry, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.mlir").write_text(GOOD)
    for name, message in (
        ("gone", "of package brokenpkg 1.5 cannot be used: AttributeError: module 'brokenpkg' has no"),
        ("bad", "of package badpkg 1.5 cannot be used: ZeroDivisionError: division by zero"),
        ("misnamed", "of package soundpkg 1.5 cannot be used: soundpkg:Theirs calls itself 'theirs'"),
        ("no-pass", "of package soundpkg 1.5 cannot be used: soundpkg:NoPass is not a dataclass"),
    ):
        assert opt.main([str(tmp_path / "a.mlir"), f"--pass-pipeline={name}"]) == 2
        said = capsys.readouterr().err
        assert f"error: pass '{name}' {message}" in said and "Traceback" not in said
        assert passes.main([name]) == 1
        assert message in capsys.readouterr().err


def test_the_list_goes_on_behind_broken_passes(
    registry: PassRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert passes.main([]) == 0
    said = capsys.readouterr()
    lines = {line.split()[0]: line for line in said.out.splitlines()}
    assert list(lines) == ["bad", "cse", "gone", "misnamed", "no-pass", "theirs"]
    assert "package badpkg 1.5 cannot be used" in lines["bad"] and "do it their way" in lines["theirs"]
    assert "pass 'cse' of package brokenpkg 1.5 is left out: the name is ospjit's" in said.err


def test_a_defect_of_their_pass_is_theirs(
    registry: PassRegistry, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.mlir").write_text(GOOD)
    arguments = ["--pass-pipeline=theirs", f"--reproducer-dir={tmp_path}"]
    assert opt.main([str(tmp_path / "a.mlir"), *arguments]) == 1
    said = capsys.readouterr().err
    assert "pass 'theirs' of package 'soundpkg' failed: RuntimeError: their mistake" in said
    (path,) = tmp_path.glob("ospjit-crash-*")
    assert opt.main(["--run-reproducer", str(path), f"--reproducer-dir={tmp_path}"]) == 1
    assert "their mistake" in capsys.readouterr().err
