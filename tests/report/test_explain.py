"""`ospjit explain`: source lines beside IR and machine code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ospjit.cli.main import main

PROGRAM = """\
fn same<T>(x: T) -> T = x
fn less(n: int) -> int = n - 1 ?: 0
fn fib(n: int) -> int = match n {
  0 => 0
  1 => 1
  _ => fib(n: less(n))
     + fib(n: n - 2 ?: 0) ?: 0
}
print(same(fib(length("abc"))))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "fib.osp").write_text(PROGRAM)
    return tmp_path


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", "fib.osp", *arguments]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def rows_of(text: str, line: int) -> list[str]:
    """What stands on the right, beside a line of the source."""
    found: list[str] = []
    inside = False
    for row in text.splitlines()[1:]:
        number = row[:5].strip()
        inside = int(number) == line if number else inside and not row[5:].startswith("  (from")
        if inside:
            found.append(row)
    return found


def test_lines_beside_what_they_became(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "--function=fib", "--after=unbox-results")
    assert text.startswith("fib: fib.osp beside its IR after unbox-results (│) and machine code (┃)\n")
    first = rows_of(text, 7)
    assert first[0].startswith("    7       + fib(n: n - 2 ?: 0) ?: 0")
    ir, code = [r for r in first if "│" in r], [r for r in first if "┃" in r]
    assert any('"rt.sub_overflow"' in row for row in ir) and any("fib" in row for row in code)
    assert any("value = 2 : i64" in row for row in ir)
    assert not any("value = 2 : i64" in row for row in rows_of(text, 6))


def test_which_ir(capsys: pytest.CaptureFixture[str]) -> None:
    assert '"osp.match"' in explained(capsys, "--function=fib", "--after=input")
    assert '"rt.call"' in explained(capsys, "--function=osp.entry")
    text = explained(capsys, "--function=same", "--after=specialize", "-O0")
    assert text.startswith("same<i64>: fib.osp beside")
    assert "No" not in text and "┃" in text


def test_all_functions(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys)
    assert "\nosp.entry: " in text and "fib: fib.osp" in text


def test_what_was_inlined(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no machine code of its own" in explained(capsys, "--function=less")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--function=fob"], "--function: there is no 'fob'; did you mean 'fib'?"),
        (["--function=zzzzz"], "--function: there is no 'zzzzz'; there are: "),
        (["--after=unboxresults"], "--after: no pass 'unboxresults' is in the pipeline; did you mean"),
        (["--after=zzzzz"], "it is: specialize, "),
        (["--pass-pipeline=nonsense"], "there is no pass 'nonsense'"),
    ],
)
def test_messages(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["explain", "fib.osp", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.out == "" and "Traceback" not in said.err


def test_errors_of_the_program(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "fib.osp").write_text("print(lenght(1))\n")
    assert main(["explain", "fib.osp"]) == 1
    assert "did you mean 'length'?" in capsys.readouterr().err
    assert main(["explain", "none.osp"]) == 2
