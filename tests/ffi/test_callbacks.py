"""Osprey functions handed to C as function pointers, with a library that is compiled for the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.program import run

LIBRARY = """
#include <stdbool.h>
#include <stdint.h>
int64_t apply(int64_t (*f)(int64_t, double), int64_t n) { return f(n, 2.5) + f(n + 1, 1.0); }
void each(void (*f)(const char *)) { f("one"); f("two"); }
bool any_of(bool (*p)(int64_t), int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (p(i)) return true;
    return false;
}
const char *nothing(void) { return 0; }
"""

DECLARATIONS = """
extern fn apply(f: (int, float) -> int, n: int) -> int
extern fn each(f: (string) -> Unit)
extern fn any_of(p: (int) -> bool, n: int) -> bool
extern fn nothing() -> string
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library in it."""
    path = tmp_path_factory.mktemp("ffi")
    (path / "calls.c").write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path / "libcalls.so", path / "calls.c"], check=True)
    return path


def program(folder: Path, text: str) -> Path:
    """A program that links the library."""
    source = folder / f"program{abs(hash(text))}.osp"
    source.write_text(f"// @linkdir: {folder}\n// @link: calls\n{DECLARATIONS}\n{text}")
    return source


def test_named_functions_and_lambdas(folder: Path) -> None:
    text = """
fn scaled(n: int, x: float) -> int = {
    print("scaled ${n} ${x}")
    (n * 10) ?: 0
}
print(apply(scaled, 4))
each(fn(s) => print("got ${s}"))
print(any_of(fn(i) => i == 3, 10))
print(any_of(|i| => i == 30, 10))
print("<${nothing()}>")
"""
    done = run(program(folder, text))
    assert done.stdout == "scaled 4 2.5\nscaled 5 1.0\n90\ngot one\ngot two\ntrue\nfalse\n<>\n"
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_value_with_captures_is_refused(folder: Path) -> None:
    text = """
fn over(limit: int) -> bool = {
    let p = fn(i: int) => i > limit
    any_of(p, 10)
}
print(over(3))
"""
    done = run(program(folder, text))
    assert done.returncode == 1
    assert "pass a named function" in done.stderr and "Traceback" not in done.stderr


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    source = tmp_path / "missing.osp"
    source.write_text("// @link: no_such_library_here\nextern fn f(x: int) -> int\nprint(f(1))\n")
    done = run(source)
    assert done.returncode == 1
    assert "no_such_library_here" in done.stderr and "Traceback" not in done.stderr
