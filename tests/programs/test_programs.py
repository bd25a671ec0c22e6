"""Golden programs: every `NAME.osp` beside this file runs as from a shell, and must do what is written.

Each begins with the section of the language reference that it exercises (`s06_…` is Result and arithmetic) or
with `app_`, a program somebody might have written. Beside it stand

    NAME.out     what it must print; no file means that it must print nothing
    NAME.err     what it must say, see below; no file means that it must say nothing
    NAME.status  its exit status; no file means 0, or 1 if NAME.err names an error of the compiler
    NAME.in      its standard input, NAME.args its arguments, one a line

A line `12: text` of NAME.err is a diagnostic of the compiler on line 12 whose message holds the text; these
must be all the diagnostics there are, in this order. Any other line is a text that standard error must hold.

Expectations are worked out from the language reference by hand: never copy what a program happened to print.
Every program runs optimized and not, in an empty directory, counting its heap cells; one that is still alive
at the end is a failure, unless a run-time diagnostic ended the program in the midst of its work. What the
compiler refuses is refused before there is anything to optimize: that runs once.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sanitizers import SHELL_CRASHES

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in HERE.glob("*.osp"))
LEVELS = ("-O0", "-O2")

#: The heading of a diagnostic that points into the program, and a line of NAME.err that asks for one.
_HEADING = re.compile(r"^.*\.osp:(\d+):\d+: (?:error|warning)\[OSP\d+\]: (.*)$", re.MULTILINE)
_EXPECTED = re.compile(r"^(\d+): (.*)$")

#: The exit status of a run-time diagnostic.
_CUT_SHORT = 3

#: Far above what any program needs on a busy machine.
_SECONDS = 120


def _companion(name: str, suffix: str) -> str | None:
    path = HERE / (name + suffix)
    return path.read_bytes().decode() if path.exists() else None


def _run(name: str, level: str, directory: Path) -> subprocess.CompletedProcess[bytes]:
    verify = "1" if level == "-O0" else "0"
    arguments = (_companion(name, ".args") or "").splitlines()
    return subprocess.run(
        [sys.executable, "-m", "ospjit", level, str(HERE / f"{name}.osp"), *arguments],
        input=(_companion(name, ".in") or "").encode(),
        capture_output=True,
        cwd=directory,
        env=os.environ | {"OSPJIT_COUNT_CELLS": "1", "OSPJIT_VERIFY_EACH": verify},
        timeout=_SECONDS,
        check=False,
    )


def _expectations(name: str) -> tuple[list[tuple[int, str]], list[str]]:
    """The diagnostics of the compiler that NAME.err asks for, and the other texts."""
    expected = (_companion(name, ".err") or "").splitlines()
    diagnostics = [(int(m[1]), m[2]) for line in expected if (m := _EXPECTED.match(line))]
    return diagnostics, [line for line in expected if line and not _EXPECTED.match(line)]


def _cases() -> list[tuple[str, str]]:
    refused = {name for name in PROGRAMS if _expectations(name)[0]}
    return [(n, level) for n in PROGRAMS for level in LEVELS if n not in refused or level == "-O2"]


def _diagnostics_differ(wanted: list[tuple[int, str]], stderr: str) -> bool:
    found = [(int(line), message) for line, message in _HEADING.findall(stderr)]
    return len(found) != len(wanted) or any(
        line != at or text not in message for (line, text), (at, message) in zip(wanted, found, strict=True)
    )


@pytest.mark.parametrize(("name", "level"), _cases())
def test_program(name: str, level: str, tmp_path: Path) -> None:
    """The program prints, says and returns what is written beside it, and gives all memory back."""
    if SHELL_CRASHES and b"spawnProcess(" in (HERE / f"{name}.osp").read_bytes():
        pytest.skip("the shell does not run with ThreadSanitizer")
    done = _run(name, level, tmp_path)
    stdout = done.stdout.decode(errors="backslashreplace")
    stderr = done.stderr.decode(errors="backslashreplace")
    diagnostics, texts = _expectations(name)
    status = int(_companion(name, ".status") or (1 if diagnostics else 0))

    assert stdout == (_companion(name, ".out") or ""), stderr
    assert not _diagnostics_differ(diagnostics, stderr), stderr
    assert "Traceback" not in stderr and "internal error" not in stderr, stderr
    assert status == _CUT_SHORT or "cells are still alive" not in stderr, stderr
    for text in texts:
        assert text in stderr
    if not diagnostics and not texts:
        assert stderr == ""
    assert done.returncode == status, stderr


def test_nothing_stands_alone() -> None:
    """Every file belongs to a program, and every program expects something."""
    for path in HERE.iterdir():
        if path.suffix in (".out", ".err", ".in", ".args", ".status"):
            assert path.stem in PROGRAMS, path.name
    for name in PROGRAMS:
        assert any((HERE / (name + suffix)).exists() for suffix in (".out", ".err")), name
