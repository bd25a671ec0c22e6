"""GDB sees compiled functions by their names in Osprey, and the lines that they came from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
type Shape = Square { side: int } | Dot

fn area(s: Shape) -> int = match s {
  Square { side } => grow(side)
  Dot => 0
}

fn grow(n: int) -> int = {
  print("growing ${n}")
  n * n ?: 0
}

print(area(Square { side: 7 }))
[1, 2] |> mapList(fn(x: int) => grow(x)) |> print
"""


def gdb(folder: Path, *commands: str) -> str:
    """What GDB says while it runs the program, stopping where the commands say."""
    (folder / "shapes.osp").write_text(PROGRAM)
    arguments = ["gdb", "-q", "-batch", "-nx", "-ex", "set breakpoint pending on", "-ex", "set width 0"]
    for command in commands:
        arguments += ["-ex", command]
    arguments += ["--args", sys.executable, "-m", "ospjit", "-g", "shapes.osp"]
    run = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=120)
    return run.stdout + run.stderr


def test_functions_and_lines(tmp_path: Path) -> None:
    stops = ("break area", "break shapes.osp:9", "run", "bt 1", "continue", "bt", "continue", "bt 3", "kill")
    said = gdb(tmp_path, *stops)
    assert "hit Breakpoint 1, area () at shapes.osp:" in said, said
    assert "hit Breakpoint 2, grow () at shapes.osp:9" in said, said
    assert '9\t  print("growing ${n}")' in said, said
    by_name, by_line, again = said.split("#0  ")[1:4]
    assert by_name.startswith("area () at shapes.osp:")
    # `grow` is called in tail position by `area`, whose frame is gone: that is what a tail call is.
    assert by_line.startswith("grow () at shapes.osp:9")
    assert "in <shapes.osp> () at shapes.osp:13" in by_line and "in osp_program ()" in by_line
    assert " in lambda (shapes.osp:14:19) () at shapes.osp:14" in again or "in loop (" in again, again


@pytest.mark.parametrize("options", [["-g"], []])
def test_the_program_is_the_same(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "shapes.osp").write_text(PROGRAM)
    command = [sys.executable, "-m", "ospjit", *options, "shapes.osp"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[:2] == ["growing 7", "49"]
