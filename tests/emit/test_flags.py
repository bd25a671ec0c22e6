"""The options about passes on the command line: dumps, timing, statistics, bisection, reproducers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ospjit.cli import opt
from ospjit.cli.main import main
from ospjit.driver.options import PIPELINE
from ospjit.ir import Operation, PassContext, body_of, parse_module, print_op, verify
from ospjit.passes import parse_pipeline
from ospjit.passes.lower_data import LowerData

PROGRAM = """\
fn add(a: int, b: int) -> Result<int, MathError> = a + b
fn same<T>(x: T) -> T = x
fn main() = print("${add(1, 2) ?: 0} ${same("x")}")
"""
NAMES = [entry.name for entry in parse_pipeline(PIPELINE)]

_HEADING = re.compile(r"^// -----// IR Dump (Before|After) (\S+) //----- //$", re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the program in it, to be in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sum.osp").write_text(PROGRAM)
    return tmp_path


def compiled(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What the command line says on standard error when it compiles the program with these options."""
    assert main(["--emit=llvm", "-o", "product", *options, "sum.osp"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def sections(text: str) -> list[tuple[str, str, str]]:
    """The dumps in a text: before or after, which pass, the IR."""
    parts = _HEADING.split(text)
    assert parts[0] == ""
    return list(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))


def test_nothing_is_said_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled(capsys) == ""


def test_after_all(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the pipeline; each is IR by itself, and the input of the next pass."""
    found = sections(compiled(capsys, "--print-ir-after-all"))
    assert [(when, name) for when, name, _ in found] == [("After", name) for name in NAMES]
    for _, _, text in found:
        verify(parse_module(text))
    assert '"osp.builtin"' in found[0][2] and '"rt.call"' in found[-1][2]
    assert all(f'loc("sum.osp":{line}' in found[-1][2] for line in (1, 2, 3))


def test_after_and_before_one(capsys: pytest.CaptureFixture[str]) -> None:
    said = compiled(capsys, "--print-ir-after=unbox-results", "--print-ir-before=unbox-results")
    (before_when, before_name, before), (after_when, after_name, after) = sections(said)
    assert (before_when, before_name, after_when, after_name) == (
        "Before",
        "unbox-results",
        "After",
        "unbox-results",
    )
    assert '"osp.add"' in before and '"rt.add_overflow"' not in before
    assert '"osp.add"' not in after and '"rt.add_overflow"' in after


def test_a_dump_continues_where_it_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    """`ospjit opt` on a dump with the rest of the pipeline gives what the whole pipeline gives."""
    for number, name in enumerate(NAMES[:-1]):
        all_of_it = sections(compiled(capsys, f"--print-ir-after={name}", f"--print-ir-after={NAMES[-1]}"))
        Path("middle.mlir").write_text(all_of_it[0][2])
        rest = ",".join(map(str, parse_pipeline(PIPELINE)[number + 1 :]))
        assert opt.main(["middle.mlir", f"--pass-pipeline={rest}"]) == 0
        again = capsys.readouterr().out
        expected = parse_module(all_of_it[-1][2])
        assert again == print_op(expected, False) or again == print_op(expected), name


def test_after_change(capsys: pytest.CaptureFixture[str]) -> None:
    found = [name for _, name, _ in sections(compiled(capsys, "--print-ir-after-change"))]
    assert "unbox-results" in found and "perceus" in found
    assert len(found) < len(NAMES)
    assert [name for name in NAMES if name in found] == found


def test_one_function(capsys: pytest.CaptureFixture[str]) -> None:
    ((_, _, text),) = sections(compiled(capsys, "--print-ir-after=lower-data", "--filter-function=add"))
    assert 'sym_name = "add"' in text and text.count('"func.func"') == 1 and "builtin.module" not in text


def test_tree(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert (
        compiled(capsys, "--print-ir-tree-dir=one") == ""
        and compiled(capsys, "--print-ir-tree-dir=two") == ""
    )
    names = sorted(path.name for path in (folder / "one").iterdir())
    assert names == [f"{i:02}_{name}.mlir" for i, name in enumerate(["input", *NAMES])]
    for name in names:
        assert (folder / "one" / name).read_text() == (folder / "two" / name).read_text()


def test_timing(capsys: pytest.CaptureFixture[str]) -> None:
    """A tree: stages, and under `passes` each pass; only what ran is there."""
    said = compiled(capsys, "--timing")
    rows = re.findall(r"^ +([\d.]+) \( *[\d.]+%\)  ( *)(\S.*)$", said, re.MULTILINE)
    stages = [name for _, indent, name in rows if not indent]
    assert [s for s in stages if s in ("parse", "check", "irgen", "passes")] == [
        "parse",
        "check",
        "irgen",
        "passes",
    ]
    assert [name for _, indent, name in rows if indent and name in NAMES] == NAMES


def test_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    said = compiled(capsys, "--pass-statistics")
    assert said.startswith("Pass statistics:\n") and re.search(
        r"specialize\n +1 dropped\n +1 instantiated", said
    )


def test_bisection_leaves_out_what_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    """The lowering is needed and always runs; what is optional is counted, and left out behind the limit."""
    optional = [entry.name for entry in parse_pipeline(PIPELINE) if not entry.required]
    said = compiled(capsys, "--bisect-limit=0", "--print-ir-after-all")
    bisected = re.findall(r"^BISECT: (running|NOT running) pass \((\d+)\) (\S+)$", said, re.MULTILINE)
    assert bisected == [("NOT running", str(i), name) for i, name in enumerate(optional, 1)]
    ran = [name for _, name in _HEADING.findall(said)]
    assert ran == [name for name in NAMES if name not in optional]


def test_bisection_counts(capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = PIPELINE.replace("tail-calls", "canonicalize,cse,dce,tail-calls")
    said = compiled(capsys, f"--pass-pipeline={pipeline}", "--bisect-limit=2")
    verdicts = re.findall(r"^BISECT: (running|NOT running) pass \(\d+\) (\S+)$", said, re.MULTILINE)
    assert [v for v, _ in verdicts] == ["running"] * 2 + ["NOT running"] * (len(verdicts) - 2)
    assert len(verdicts) > 2


def test_wrong_names(capsys: pytest.CaptureFixture[str]) -> None:
    for option, message in (
        ("--print-ir-after=unbox-result", "did you mean 'unbox-results'?"),
        ("--pass-pipeline=specialise", "did you mean 'specialize'?"),
    ):
        assert main([option, "--emit=llvm", "sum.osp"]) == 2
        said = capsys.readouterr().err
        assert message in said and "Traceback" not in said and "defect" not in said


def test_a_crashing_pass_leaves_what_runs_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The reproducer holds the IR before the pass that failed; run again, the pass fails again, and once it
    is repaired it does what it should."""
    good = LowerData.run

    def crash(self: LowerData, module: Operation, ctx: PassContext) -> None:
        next(op for op in body_of(module).ops if op.name == "func.func").erase()
        raise KeyError("layout")

    monkeypatch.setattr(LowerData, "run", crash)
    assert main(["--reproducer-dir=crashes", "--emit=llvm", "sum.osp"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "pass 'lower-data' failed: KeyError: 'layout'" in said.err
    assert "Traceback" not in said.err
    (reproducer,) = (folder / "crashes").iterdir()
    assert f"ospjit opt --run-reproducer {reproducer}" in said.err

    assert opt.main(["--run-reproducer", "--reproducer-dir=crashes", str(reproducer)]) == 1
    assert "pass 'lower-data' failed: KeyError: 'layout'" in capsys.readouterr().err
    monkeypatch.setattr(LowerData, "run", good)
    ((_, _, expected),) = sections(compiled(capsys, "--print-ir-after=lower-data"))
    assert opt.main(["--run-reproducer", str(reproducer)]) == 0
    assert capsys.readouterr().out.strip() == expected.strip()
