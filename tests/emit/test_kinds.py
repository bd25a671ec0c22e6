"""What `--emit` prints of each stage, through the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from ospjit.cli.main import EMIT, main
from ospjit.ir import parse_module, print_op, verify

PROGRAM = """\
// Everything a stage could stumble over, in a few lines.
type Shape = Circle { radius: float } | Square { side: float } | Point
type Color = Red | Green

fn area(shape: Shape) -> float = match shape {
  Circle { radius } => 3.0 * radius * radius
  Square { side } => side * side
  Point => 0.0
}

fn twice(f: fn(int) -> int, x: int) -> int = f(f(x))

fn main() = {
  let n = length("Ünïcode")
  print("${area(Circle { radius: 2.0 })} ${twice(|x| => x + n ?: 0, 1)} ${Red} ${[1, 2]}")
}
"""

EXPECTED = {
    "tokens": ("fn", "area", "Circle", "3.0", "INTERP_OPEN", "FATARROW"),
    "ast": ("area", "Circle", "radius", "match"),
    "types": ("area", "Shape", "float", "(int) -> int"),
    "osp": ('"osp.match"', '"osp.data"', '"osp.call_closure"', 'loc("shapes.osp":5:1)'),
    "llvm": ("define internal fastcc double @area(ptr %ctx", "declare void @osp_print(ptr, ptr)"),
    "llvm-opt": ("define void @osp_program(",),
    "asm": ("osp_program:",),
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("shapes.osp").write_text(PROGRAM, encoding="utf-8")
    return "shapes.osp"


def emitted(kind: str, program: str, *options: str) -> bytes:
    assert main([f"--emit={kind}", "-o", "product", *options, program]) == 0
    return Path("product").read_bytes()


@pytest.mark.parametrize("kind", EXPECTED)
def test_text(kind: str, program: str) -> None:
    text = emitted(kind, program).decode()
    for part in EXPECTED[kind]:
        assert part.lower() in text.lower(), text


def test_every_kind_is_tested() -> None:
    assert {*EXPECTED, "obj"} == set(EMIT)


def test_osp_is_read_back(program: str) -> None:
    text = emitted("osp", program).decode()
    module = parse_module(text)
    verify(module)
    assert print_op(module) == text


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-O3"])
@pytest.mark.parametrize("kind", ["llvm", "llvm-opt"])
def test_llvm_parses(kind: str, level: str, program: str) -> None:
    module = llvm.parse_assembly(emitted(kind, program, level).decode())
    module.verify()
    assert "osp_program" in [function.name for function in module.functions]


def test_optimizing_makes_a_difference(program: str) -> None:
    assert emitted("llvm-opt", program, "-O2") != emitted("llvm-opt", program, "-O0")


def test_object_file(program: str) -> None:
    """ELF, 64 bits, little-endian, relocatable, for this machine; with the entry in its string table."""
    data = emitted("obj", program)
    assert data[:6] == b"\x7fELF\x02\x01" and int.from_bytes(data[16:18], "little") == 1
    machine = {"x86_64": 62, "aarch64": 183}[os.uname().machine]
    assert int.from_bytes(data[18:20], "little") == machine
    assert b"\0osp_program\0" in data and b"\0osp_print\0" in data


def test_standard_output(program: str) -> None:
    """Without `-o`, text ends with a newline and an object file is bytes."""
    for kind, start, end in (("ast", b"", b"\n"), ("obj", b"\x7fELF", b"")):
        done = subprocess.run(
            [sys.executable, "-m", "ospjit", f"--emit={kind}", program], capture_output=True, check=True
        )
        assert done.stdout.startswith(start) and done.stdout.endswith(end) and done.stderr == b""


def test_errors_end_it(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.osp").write_text("fn main() = print(x)\n")
    assert main(["--emit=asm", "bad.osp"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "undefined variable 'x'" in said.err
    assert main(["--emit=ast", "-o", "missing/folder", program]) == 2
    assert "cannot write missing/folder" in capsys.readouterr().err
