"""The package of a pass in `examples`, installed as a user would, and what docs/writing-a-pass.md says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "pass_package"
SOURCE = (PACKAGE / "mul_to_add.py").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "writing-a-pass.md").read_text(encoding="utf-8")

PROGRAM = """\
fn double(x: int) -> int = x * 2 ?: 0
fn triple(x: int) -> int = 3 * x ?: 0
print("${double(21)} ${triple(14)} ${double(9223372036854775807)}")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the package has been installed."""
    folder = tmp_path_factory.mktemp("packages")
    copy = folder / "source"
    shutil.copytree(PACKAGE, copy)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check")
    done = subprocess.run(
        [*pip, "--target", str(folder / "site"), str(copy)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def ospjit(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "OSPJIT_VERIFY_EACH": "1"}
    command = [sys.executable, "-m", "ospjit", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_it_takes_part(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "double.osp").write_text(PROGRAM)
    listed = ospjit(installed, tmp_path, "passes").stdout
    assert re.search(r"^mul-to-add +multiplying by two is adding$", listed, re.MULTILINE)
    page = ospjit(installed, tmp_path, "passes", "mul-to-add").stdout
    assert "# mul-to-add" in page and "| `left-factors` | `true` |" in page and "| replaced |" in page
    plain = ospjit(installed, tmp_path, "double.osp")
    added = ospjit(
        installed, tmp_path, "--add-pass=mul-to-add@before:tail-calls", "--pass-statistics", "double.osp"
    )
    assert (plain.returncode, added.returncode) == (0, 0), plain.stderr + added.stderr
    assert plain.stdout == added.stdout == "42 42 0\n"
    assert re.search(r"mul-to-add\n +1 replaced", added.stderr) and "mul-to-add" not in plain.stderr


def test_its_tests_pass(installed: Path) -> None:
    """With `lit`, as those who write it run them."""
    lit = [sys.executable, "-c", "from lit.main import main; main()", "-v", "-j1", str(PACKAGE / "tests")]
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(lit, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0 and "PASS: mul-to-add :: mul_to_add.mlir" in done.stdout, done.stdout


def test_its_example_is_true(installed: Path, tmp_path: Path) -> None:
    before, after = re.findall(r"^(?:Before|After):\n\n((?:    .*\n)+)", SOURCE, re.MULTILINE)
    (tmp_path / "before.mlir").write_text(before)
    (tmp_path / "after.mlir").write_text(after)
    found = ospjit(installed, tmp_path, "opt", "before.mlir", "--pass-pipeline=mul-to-add")
    expected = ospjit(installed, tmp_path, "opt", "after.mlir")
    assert found.returncode == 0 and found.stdout == expected.stdout != ""


def test_the_guide_shows_the_package() -> None:
    code = SOURCE[SOURCE.index("from dataclasses") :]
    assert f"```python\n{code}```" in GUIDE
    assert 'mul-to-add = "mul_to_add:MulToAdd"' in GUIDE
    assert 'mul-to-add = "mul_to_add:MulToAdd"' in (PACKAGE / "pyproject.toml").read_text(encoding="utf-8")


def test_a_pass_by_pattern_is_short() -> None:
    (kind,) = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.ClassDef)]
    assert (kind.end_lineno or 0) - kind.lineno + 1 < 40
    code = [line for line in SOURCE[SOURCE.index("from dataclasses") :].splitlines() if line.strip()]
    assert len(code) < 40
