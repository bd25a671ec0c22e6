"""Programs of any length and any depth, good or bad: a tree or diagnostics, in time, never a traceback."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.diagnostics.render import render_json, render_text
from ospjit.syntax import ast
from ospjit.syntax.dump import dump_ast, dump_tokens
from ospjit.syntax.lexer import tokenize
from ospjit.syntax.parser import parse, refine

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.osp"))


def everything(text: str) -> tuple[ast.Program, Diagnostics]:
    """All that the front end does with a text."""
    source, diagnostics = Source("test.osp", text), Diagnostics()
    program = parse(source, diagnostics)
    dump_ast(program)
    render_text(diagnostics.items, color=True).encode()
    render_json(diagnostics.items).encode()
    dump_tokens(refine(tokenize(source, Diagnostics())), source)
    return program, diagnostics


LONG = 6_000


@pytest.mark.parametrize(
    "text",
    [
        "a + " * LONG + "a",
        "a" + " |> f" * LONG,
        "a" + ".f" * LONG,
        "a" + ".f()" * LONG,
        "f" + "(1)" * LONG,
        "f" + "[1]" * LONG,
        "p" + " { x: 1 }" * LONG,
        "if a { 1 } else " * LONG + "{ 2 }",
        "f(" + "1, " * LONG + ")",
        "match x { " + "A => 1 " * LONG + "}",
        "match x { " + "A | " * LONG + "B => 1 }",
        "let x = 1\n" * LONG,
        '"' + "${a}" * LONG + '"',
        "type T = " + "A | " * LONG + "B",
        "[" * 500 + "]" * 500,
        "(" * 1000 + "a" + ")" * 1000,
        '"${' * 300 + "a" + '}"' * 300,
    ],
    ids=lambda text: text[:12],
)
def test_long_and_nested_programs(text: str) -> None:
    _, diagnostics = everything(text)
    assert not diagnostics.items


def test_a_long_chain_is_a_spine() -> None:
    program, _ = everything("a + " * LONG + "a")
    statement = program.statements[0]
    assert isinstance(statement, ast.ExprStmt)
    chain = ast.spine(statement.expr)
    assert len(chain) == LONG + 1
    assert isinstance(chain[0], ast.Name) and chain[-1] is statement.expr
    assert all(ast.left_operand(above) is below for below, above in pairwise(chain))


@pytest.mark.parametrize(
    "text",
    [
        "[" * LONG + "]" * LONG,
        "!" * LONG + "a",
        "a ? b : " * LONG + "c",
        "a ?: " * LONG + "c",
        "|x| => " * LONG + "x",
        "let x: " + "fn() -> " * LONG + "int = 1",
        "match x { A => " * LONG + "1" + " }" * LONG,
        "if a { " * LONG + "1" + " } else { 2 }" * LONG,
        "fn f() { " * LONG + "}" * LONG,
        "spawn " * LONG + "x",
    ],
    ids=lambda text: text[:12],
)
def test_too_deep_is_one_diagnostic(text: str) -> None:
    _, diagnostics = everything(text)
    assert [item.code for item in diagnostics.items] == ["OSP1012"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * LONG, "{" * LONG, '"${' * LONG, "A<" * LONG, "A<(B>(" * LONG, "|" * LONG, "|a, " * LONG,
        "match x { A => " * LONG, "f(1)(" * LONG, '"' * (LONG + 1), '"\n' * (LONG + 1), ")" * LONG,
        "let x = = 1\n" * LONG, "let x = (\n" * LONG, "fn f() {\n" * LONG, "fn f() { }\n}\n" * LONG,
        '"a${b}' * LONG, "[a" * LONG, "\0" * LONG, "é#$\0'" * LONG, "9a " * LONG, "//\n///\n" * LONG,
        "/*" * LONG, "\\" * LONG, "- " * LONG, "x\n" * LONG,
    ],
    ids=lambda text: ascii(text[:12]),
)  # fmt: skip
def test_noise_is_refused_in_time(text: str) -> None:
    began = time.process_time()
    everything(text)
    assert time.process_time() - began < 10


def test_ten_thousand_lines_a_second() -> None:
    lines = """
fn route(method: string, path: string) -> string =
    match method {
        "GET" => match path {
            "/health" => "{\\"status\\": \\"ok\\"}"
            _ => "no such path: ${path}"
        }
        _ => "method not allowed"
    }
fn step(n: int, total) {
    let doubled = n * 2 + 1
    let rest = (doubled - n) % 7 ?: 0
    let sum = range(0, n) |> map(fn(x) => x * 2) |> filter(|x| => x > 3) |> fold(0, add)
    if doubled > rest && rest != 0 {
        print("now ${doubled}")
        step(n - 1, total + sum)
    } else {
        Point { x: doubled, y: rest }
    }
}
"""
    text = lines * 150
    parse(Source("warm.osp", lines), Diagnostics())
    seconds = []
    for _ in range(3):
        began = time.process_time()
        program = parse(Source("test.osp", text), diagnostics := Diagnostics())
        seconds.append(time.process_time() - began)
        assert not diagnostics.items and len(program.statements) == 300
    assert text.count("\n") / min(seconds) >= 10_000


FRAGMENTS = [
    *"( ) { } [ ] \" ${ | || < > - + = => -> : :: , . .. ... ? ?: |> ; // /// /* ' # & \\ ! \n".split(" "),
    *"if else match fn let mut yield await spawn in handle select perform resume import module".split(),
    *"effect type export extern where as send recv true namespace _ A a 1 1.5 9e999 \0 é 日".split(),
    "\u202e",
    "\ud800",
    " ",
    "0x",
    r"\u{",
]


@pytest.mark.parametrize("seed", range(8))
def test_mutated_programs_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    texts = [path.read_text(encoding="utf-8") for path in PROGRAMS]
    assert texts
    for _ in range(60):
        text = chance.choice(texts)
        if len(text) > 600:
            start = chance.randrange(len(text) - 500)
            text = text[start : start + 500]
        for _ in range(chance.randint(1, 8)):
            at, kind = chance.randint(0, len(text)), chance.random()
            if kind < 0.5:
                text = text[:at] + chance.choice(FRAGMENTS) + text[at:]
            elif kind < 0.8:
                text = text[:at] + text[at + chance.randint(1, 6) :]
            else:
                other = chance.randint(0, len(text))
                text = text[:at] + text[other : other + 12] + text[at:]
        _, diagnostics = everything(text)
        for item in diagnostics.items:
            assert item.span is not None and 0 <= item.span.start <= item.span.end <= len(text)
