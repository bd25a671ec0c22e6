"""What the compiler dumps: after every pass, valid IR that xDSL and our own parser read, and print back."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.parser import Parser

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.ir import PassOptions, parse_module, print_op, verify

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/**/*.osp"))

PROGRAMS = {
    "arithmetic": """
fn mean(a: int, b: int) -> Result<float, MathError> = (a + b) / 2
fn main() = match mean(3, 4) {
  Success { value } => print("${value}")
  Error { message } => print(message)
}
""",
    "unions": """
type Shape = Circle { r: int } | Square { s: int } | Point
fn area(s: Shape) -> int = match s {
  Circle { r } => r * r ?: 0
  Square { s } => s * s ?: 0
  Point => 0
}
fn main() = print("${area(Circle { r: 5 })} ${area(Point)}")
""",
    "closures and strings": """
fn twice(f: fn(int) -> int, x: int) -> int = f(f(x))
fn main() = {
  let n = length("abc")
  let text = "\\"quoted\\" and é"
  print("${twice(f: |x| => x + n ?: 0, x: 1)} ${text}")
}
""",
    "recursion": """
fn count(n: int, sum: int) -> int = match n {
  0 => sum
  _ => count(n: n - 1 ?: 0, sum: sum + n ?: 0)
}
fn main() = print("${count(n: 1000, sum: 0)}")
""",
}


def read_back(text: str) -> None:
    """Both parsers accept `text`, and it is what printing its module gives."""
    context = Context(allow_unregistered=True)
    context.load_dialect(Builtin)
    Parser(context, text).parse_module()
    module = parse_module(text)
    verify(module)
    assert print_op(module, stable=True) == text


def dumps(source: Source, directory: Path) -> list[Path]:
    """Compile with a dump after every pass; the files."""
    options = CompileOptions(passes=PassOptions(print_ir_tree_dir=directory, verify_each=True))
    assert Compilation(source, options).lowered is not None
    return sorted(directory.iterdir())


@pytest.mark.parametrize("name", PROGRAMS)
def test_dumps_of_programs_here(name: str, tmp_path: Path) -> None:
    files = dumps(Source(f"{name}.osp", PROGRAMS[name]), tmp_path / "ir")
    assert len(files) > 5 and files[0].name == "00_input.mlir"
    assert '"osp.' in files[0].read_text() and f'loc("{name}.osp":' in files[-1].read_text()
    for file in files:
        read_back(file.read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_dumps_of_examples(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for file in dumps(Source(str(path.relative_to(ROOT)), text), tmp_path / "ir"):
        read_back(file.read_text())
