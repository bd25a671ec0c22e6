"""What stands in the report's file: everything it needs, for programs and for IR files alike."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ospjit.cli import opt
from ospjit.cli.main import main

PROGRAM = 'fn half(n: int) -> Result<float, MathError> = n / 2\nprint("${half(4)}")\n'
IR = """\
"func.func"() ({
^bb0(%a: i64):
  %0 = "arith.constant"() {value = 2 : i64} : () -> i64
  %1 = "arith.addi"(%0, %0) : (i64, i64) -> i64
  %2 = "arith.muli"(%a, %1) : (i64, i64) -> i64
  "func.return"(%2) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "f"} : () -> ()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "half.osp").write_text(PROGRAM)
    (tmp_path / "f.mlir").write_text(IR)
    return tmp_path


def data(page: Path) -> dict[str, Any]:
    """What the page shows."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return dict(json.loads(found.group(1)))


def test_the_page_needs_nothing_else(folder: Path) -> None:
    assert main(["--emit=llvm", "-o", "product", "--ir-report=r", "half.osp"]) == 0
    assert [path.name for path in (folder / "r").iterdir()] == ["index.html"]
    text = (folder / "r" / "index.html").read_text()
    assert not re.search(r"""\b(?:src|href)\s*=|@import|url\(|https?://|\bfetch\(|XMLHttp""", text)
    assert "default-src 'none'" in text and "{{" not in text.replace("({{", "")


def test_stages_of_a_program(folder: Path) -> None:
    assert main(["--emit=llvm", "-o", "product", "--ir-report=r", "half.osp"]) == 0
    found = data(folder / "r" / "index.html")
    assert found["source"] == PROGRAM.splitlines() and found["title"] == "half.osp"
    kinds = [stage["kind"] for stage in found["stages"]]
    assert kinds == ["ir"] * (len(kinds) - 3) + ["llvm", "llvm", "asm"]
    for stage in found["stages"]:
        names = dict(stage["functions"])
        if "half" in names:  # at the end it may have been inlined
            rows = found["texts"][names["half"]]
            assert {row[2] for row in rows} <= {0, 1, 2} and any(row[2] == 1 for row in rows)
    # A function that a pass left alone is there once.
    versions = [dict(stage["functions"]).get("half") for stage in found["stages"] if stage["kind"] == "ir"]
    assert len(set(versions)) < len(versions)


def test_operations_keep_their_numbers(folder: Path) -> None:
    assert opt.main(["f.mlir", "--pass-pipeline=canonicalize,cse", "--ir-report=r", "-o", "out"]) == 0
    found = data(folder / "r" / "index.html")
    texts = [found["texts"][dict(stage["functions"])["f"]] for stage in found["stages"]]
    numbers = [{row[0].strip(): row[1] for row in rows if row[1]} for rows in texts]
    (before,), (after,) = ([v for k, v in n.items() if '"arith.muli"' in k] for n in numbers[:2])
    assert before == after
    # What replaced the sum stands where that did: line 4 of the file.
    (constant,) = [row for row in texts[1] if "arith.constant" in row[0]]
    assert constant[2:] == [4, 3] and constant[1] not in {row[1] for row in texts[0]}
    assert found["diffs"]["1:f"] and "2:f" not in found["diffs"]


def test_one_function(folder: Path) -> None:
    options = ["--ir-report=r", "--filter-function=half"]
    assert main(["--emit=llvm", "-o", "product", *options, "half.osp"]) == 0
    for stage in data(folder / "r" / "index.html")["stages"]:
        assert {name for name, _ in stage["functions"]} <= {"half"}


def test_a_pipeline_that_does_not_go_all_the_way(folder: Path) -> None:
    options = ["--ir-report=r", "--pass-pipeline=specialize,lower-builtins"]
    main(["--emit=llvm", "-o", "product", *options, "half.osp"])
    found = data(folder / "r" / "index.html")
    assert [stage["name"] for stage in found["stages"]] == ["input", "specialize", "lower-builtins"]


def test_where_it_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_text("")
    assert main(["--emit=llvm", "--ir-report=file", "half.osp"]) == 2
    assert "error: --ir-report: cannot write file: file exists" in capsys.readouterr().err
    assert opt.main(["f.mlir", "--ir-report=file"]) == 2
    assert "error: --ir-report: cannot write file: file exists" in capsys.readouterr().err
