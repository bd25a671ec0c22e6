"""`ospjit opt` and `ospjit passes` as they are used: files, standard input, messages, exit status."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ospjit.cli import opt
from ospjit.ir import parse_module, print_op

GOOD = """"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  %1 = "arith.addi"(%0, %0) : (i64, i64) -> i64
  "func.return"(%1) : (i64) -> ()
}) {function_type = () -> i64, sym_name = "f"} : () -> ()
"""
INVALID = GOOD.replace("(%1) : (i64)", "() : ()")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.mlir"
    path.write_text(GOOD)
    return path


def test_reading_and_writing_files(file: Path, tmp_path: Path) -> None:
    assert opt.main([str(file), "-o", str(tmp_path / "out.mlir")]) == 0
    assert (tmp_path / "out.mlir").read_text() == print_op(parse_module(GOOD))


def test_standard_input_and_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert opt.main(["-", "--pass-pipeline", "canonicalize"]) == 0
    assert "value = 2 : i64" in capsys.readouterr().out


def test_options_of_the_pass_manager(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree"
    arguments = [
        "--pass-pipeline=canonicalize,dce",
        "--print-ir-before-all",
        "--print-ir-after=dce",
        "--timing",
    ]
    arguments += ["--pass-statistics", f"--print-ir-tree-dir={tree}", "--verify-each", "--filter-function=f"]
    assert opt.main([str(file), *arguments]) == 0
    said = capsys.readouterr().err
    assert said.count("IR Dump Before") == 2 and said.count("IR Dump After") == 1
    assert "builtin.module" not in said
    assert "Execution time report" in said and "operations-erased" in said
    assert sorted(path.name for path in tree.iterdir()) == [
        "00_input.mlir",
        "01_canonicalize.mlir",
        "02_dce.mlir",
    ]


def test_parts_of_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD + "// -----\n" + GOOD)
    assert opt.main([str(file), "--split-input-file"]) == 0
    parts = capsys.readouterr().out.split("// -----\n")
    assert parts == [print_op(parse_module(GOOD))] * 2
    file.write_text(GOOD + "// -----\n\n" + INVALID)
    assert opt.main([str(file), "--split-input-file"]) == 1
    assert f"{file}:11:3: error[OSP9003]: 'func.return': " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("nonsense", [], "a.mlir:1:1: error[OSP9001]: expected an operation in generic form\n"),
        (INVALID, [], "a.mlir:4:3: error[OSP9003]: 'func.return': the types of the operands must be (i64)"),
        ('"test.x"() : () -> ()', [], "unregistered operation 'test.x'"),
        (GOOD, ["--pass-pipeline=canonicalise"], "no pass 'canonicalise'; did you mean 'canonicalize'?"),
        (GOOD, ["--pass-pipeline=dce", "--print-ir-after=cse"], "no pass 'cse' is in the pipeline"),
        (GOOD, ["--run-reproducer"], "is not a crash reproducer"),
        (GOOD, ["-o", "/nonexistent/out"], "/nonexistent/out: No such file"),
    ],
)
def test_messages(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, arguments: list[str], message: str
) -> None:
    file.write_text(text)
    assert opt.main([str(file), *arguments]) == (2 if "pass " in message or "reproducer" in message else 1)
    captured = capsys.readouterr()
    assert message in captured.err and not captured.out and "Traceback" not in captured.err


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert opt.main([str(tmp_path / "none.mlir")]) == 1
    assert "none.mlir: No such file" in capsys.readouterr().err
    (tmp_path / "binary.mlir").write_bytes(b"\xff\xfe")
    assert opt.main([str(tmp_path / "binary.mlir")]) == 1
    assert "not text in UTF-8" in capsys.readouterr().err


def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--bisect-limit=-1"], ["--bisect-limit=x"], ["--no-such-option"]):
        with pytest.raises(SystemExit) as error:
            opt.main(arguments)
        assert error.value.code == 2
    assert "invalid number of passes value: 'x'" in capsys.readouterr().err


def test_unregistered_dialects_on_request(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('"test.x"() : () -> ()')
    assert opt.main([str(file), "--allow-unregistered-dialect"]) == 0
    assert '"test.x"() : () -> ()' in capsys.readouterr().out


EXPECTATIONS = [
    ("met", '"test.x"() : () -> () // expected-error {{unregistered operation}}', 0, ""),
    ("not met", GOOD + "// expected-error {{trouble}}\n", 1, "OSP9004]: expected error was not given"),
    ("unexpected", '"test.x"() : () -> ()', 1, "unexpected error: unregistered operation 'test.x'"),
    ("wrong line", '"test.x"() : () -> ()\n// expected-error {{unregistered}}', 1, "was not given"),
    ("line before", '"test.x"() : () -> ()\n// expected-error@-1 {{unregistered}}', 0, ""),
    ("above", '"test.x"() : () -> ()\n// expected-error@above {{unregistered}}', 0, ""),
    ("below", '// expected-error@below {{unregistered}}\n"test.x"() : () -> ()', 0, ""),
    ("severity", '"test.x"() : () -> () // expected-warning {{unregistered}}', 1, "expected warning"),
]


@pytest.mark.parametrize(
    ("text", "status", "message"), [e[1:] for e in EXPECTATIONS], ids=[e[0] for e in EXPECTATIONS]
)
def test_expected_diagnostics(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, status: int, message: str
) -> None:
    file.write_text(text)
    assert opt.main([str(file), "--verify-diagnostics"]) == status
    assert message in capsys.readouterr().err


def test_a_reproducer_runs_again(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(f"// ospjit crash reproducer\n// pass: canonicalize\n// pipeline: canonicalize\n{GOOD}")
    assert opt.main([str(file), "--run-reproducer"]) == 0
    assert "value = 2 : i64" in capsys.readouterr().out


def test_parts_of_a_file_have_folders_of_their_own(file: Path, tmp_path: Path) -> None:
    file.write_text(GOOD + "// -----\n" + GOOD)
    tree = tmp_path / "tree"
    arguments = [str(file), "--split-input-file", "--pass-pipeline=cse", f"--print-ir-tree-dir={tree}"]
    assert opt.main(arguments) == 0
    assert sorted(str(path.relative_to(tree)) for path in tree.rglob("*.mlir")) == [
        "part1/00_input.mlir",
        "part1/01_cse.mlir",
        "part2/00_input.mlir",
        "part2/01_cse.mlir",
    ]


def test_dump_options_without_a_pass_mean_all(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file behind them is not taken for the pass."""
    for option, count in (("--print-ir-after", 2), ("--print-ir-before", 2), ("--print-ir-after-change", 1)):
        assert opt.main(["--pass-pipeline", "canonicalize,dce", option, str(file)]) == 0
        assert capsys.readouterr().err.count("// -----// IR Dump") == count


def test_a_pass_beside_the_pipeline(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(file), "--pass-pipeline=dce", "--add-pass=canonicalize{max-rounds=1}@before:dce"]
    assert opt.main([*arguments, "--print-ir-after=canonicalize"]) == 0
    assert "value = 2 : i64" in capsys.readouterr().out
    assert opt.main([*arguments, "--add-pass=cse@after:csi"]) == 2
    assert "cannot add 'cse': no pass 'csi'" in capsys.readouterr().err
