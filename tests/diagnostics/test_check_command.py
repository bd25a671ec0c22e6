"""`ospjit check`: files, directories and standard input; what it says, and its status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def check(directory: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ospjit", "check", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=directory, input=text
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three programs, of which two are wrong, and one that nobody should find."""
    (tmp_path / "inner" / ".hidden").mkdir(parents=True)
    (tmp_path / "good.osp").write_text('print("never printed")\n')
    (tmp_path / "two.osp").write_text('print(x)\nlet y: int = "a"\n')
    (tmp_path / "inner" / "one.osp").write_text("print(z)\n")
    (tmp_path / "inner" / ".hidden" / "bad.osp").write_text("print(w)\n")
    return tmp_path


def test_a_correct_program_says_nothing(project: Path) -> None:
    done = check(project, "good.osp")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [(), (".",), ("good.osp", "inner", "two.osp", "two.osp")])
def test_directories(project: Path, arguments: tuple[str, ...]) -> None:
    done = check(project, *arguments)
    assert done.returncode == 1
    blocks = done.stderr.split("\n\n")
    assert [b.splitlines()[0] for b in blocks] == [
        "inner/one.osp:1:7: error[OSP2001]: undefined variable 'z'",
        "two.osp:1:7: error[OSP2001]: undefined variable 'x'",
        "two.osp:2:14: error[OSP3001]: type mismatch: expected int, found string",
        "3 files: 3 errors in 2 of them",
    ]


def test_standard_input(project: Path) -> None:
    done = check(project, "-", text="print(q)")
    assert done.returncode == 1
    assert done.stderr.startswith("<stdin>:1:7: error[OSP2001]: undefined variable 'q'\n")


def test_json(project: Path) -> None:
    done = check(project, "--diagnostics=json", ".")
    found = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(item["span"]["file"], item["code"]) for item in found] == [
        ("inner/one.osp", "OSP2001"),
        ("two.osp", "OSP2001"),
        ("two.osp", "OSP3001"),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("missing.osp", "good.osp"), 2, "ospjit: cannot read missing.osp: no such file or directory\n"),
        (("missing.osp",), 2, "ospjit: cannot read missing.osp: no such file or directory\n"),
        (("inner/.hidden/none",), 2, "ospjit: cannot read inner/.hidden/none: no such file or directory\n"),
        (("--nonsense",), 2, "unrecognized arguments: --nonsense"),
        (("--no-fs", "good.osp"), 0, ""),
    ],
)
def test_usage(project: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = check(project, *arguments)
    assert done.returncode == status
    assert said in done.stderr


def test_nothing_to_check(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (2, "ospjit: no files named *.osp in .\n")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.osp").write_bytes(b"print(1)\nprint(\xff)\n")
    done = check(tmp_path, "a.osp")
    assert (done.returncode, done.stderr) == (2, "ospjit: cannot read a.osp: not UTF-8 (line 2, byte 15)\n")
