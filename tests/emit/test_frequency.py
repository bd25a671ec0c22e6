"""What is compiled for speed: where references are given up in place, and which functions LLVM optimizes."""

from __future__ import annotations

import re

import pytest

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation

PROGRAM = """
fn walk(s: string, n: int) -> string = if n == 0 { s } else {
    let parts = words(s)
    walk("${s}${listLength(parts)}", (n - 1) ?: 0)
}

fn once(s: string) -> int = listLength(words(s))

fn inner(n: int) -> int = listLength(words("${n} ${n}"))

fn handed(n: int) -> int = n

fn even(n: int) -> bool = if n == 0 { true } else { odd((n - 1) ?: 0) }
fn odd(n: int) -> bool = if n == 0 { false } else { even((n - 1) ?: 0) }

fn leaf(n: int) -> int = (n + 1) ?: 0
fn five(n: int) -> int = (leaf(n) + leaf(n) + leaf(n) + leaf(n) + leaf(n)) ?: 0
fn many(n: int) -> int = (five(n) + five(n) + five(n) + five(n) + five(n)) ?: 0

fn looped(n: int) -> int = range(0, n) |> fold(0, fn(sum, i) => (sum + inner(i)) ?: 0)

print(walk("a-b", 3))
print(once("a-b-c"))
print(looped(12))
print(mapList([1, 2], handed))
print(even(3))
print(many(1))
print(many(2))
print(many(3))
print(many(4))
print(many(5))
"""


@pytest.fixture(scope="module")
def functions() -> dict[str, str]:
    """The functions of the program's LLVM IR, from their parameters on and without landing pads, by name."""
    text = Compilation(Source("once.osp", PROGRAM)).llvm_text
    found = re.findall(r"^define internal \S+ \S+ @([\w$]+)\((.*?)^}", text, re.MULTILINE | re.DOTALL)
    return {name: re.sub(r"^lp.*?resume", "", body, flags=re.MULTILINE | re.DOTALL) for name, body in found}


def test_what_runs_once_gives_up_references_by_a_call(functions: dict[str, str]) -> None:
    assert "@rt.drop_call(" in functions["once"]
    assert "@rt.drop(" not in functions["once"]


@pytest.mark.parametrize("name", ["walk", "inner"])
def test_what_runs_often_gives_them_up_in_place(functions: dict[str, str], name: str) -> None:
    assert "@rt.drop(" in functions[name]
    assert "@rt.drop_call(" not in functions[name]


@pytest.mark.parametrize("name", ["once", "many", "five", "looped"])
def test_what_runs_a_few_times_is_not_optimized(functions: dict[str, str], name: str) -> None:
    assert "#1" in functions[name].splitlines()[0]


@pytest.mark.parametrize("name", ["walk", "inner", "fused$0", "handed", "even", "odd", "leaf"])
def test_what_may_run_often_is_optimized(functions: dict[str, str], name: str) -> None:
    assert "#0" in functions[name].splitlines()[0]
