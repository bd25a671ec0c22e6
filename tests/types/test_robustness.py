"""Whatever the program, the checker ends in a core tree or in diagnostics: long, deep and mutilated ones."""

from __future__ import annotations

import random
import re
import sys
import time

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax.parser import parse
from ospjit.types.check import check
from ospjit.types.dump import dump
from tests.types.checked import complaints, program, types

SAMPLES = [
    """
    type Shape = Circle { radius: float } | Rect { w: float, h: float } | Dot
    type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)
    fn area(s) = match s { Circle { radius } => radius * 3.0 Rect { w, h: k } => w * k Dot => 0.0 }
    fn insert(t, x) = match t {
        Leaf => Node(Leaf, x, Leaf)
        Node(l, v, r) => if x < v { Node(insert(l, x), v, r) } else { Node(l, v, insert(r, x)) }
    }
    let t = Leaf |> insert(3) |> insert(5)
    print("${area(Circle { radius: 1.0 })} ${t}")
    """,
    """
    fn outer(k: int) {
        mut n = 3
        fn add(x) = (x + n) ?: 0
        n = 4
        let f = |q, r: string| => add(q)
        match k { 0 | 1 => "small" v if v > 5 => "big" _ => toString(f(k, "a")) }
    }
    fn describe(v: any) = match v { n: int => "int ${n}" s: string => s { name, .. } => "named" _ => "?" }
    print(describe(outer(2)))
    let xs: List<any> = [1, "a", true]
    """,
    """
    fn api(request: HttpRequest) -> Result<HttpResponse, String> = match request.method {
        GET => match request.path {
            "/" => Success(HttpResponse { status: 200, contentType: "text/plain", body: "hi" })
            _ => Err("no such page")
        }
        _ => Err("method")
    }
    match httpCreateServer(port: 0, address: "127.0.0.1") {
        Success id => match httpListen(serverID: id, handler: api) { Success => print("up") Err m => () }
        Err message => print(message)
    }
    """,
    """
    type P = { x: int, y: any }
    extern fn sqrt(x: float) -> float
    let ch = Channel<int> { capacity: 2 }
    let fiber = spawn { send(ch, 1) recv(ch) }
    let z = select { v => recv(ch) => v sleep(50) => 1 _ => 2 }
    let total = range(0, 10) |> map(|x| => x * 2) |> fold(0, |a, r| => (a + (r ?: 0)) ?: 0)
    let p = P { y: sqrt(2.0), x: await(fiber) } { x: total }
    let m = { "a": [1], "b": [] } + Map()
    print(m["a"] ?: [p.x])
    """,
]

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\w+|\s+|=>|->|\|>|&&|\|\||\?:|==|\.\.\.|.', re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_themselves_are_right(sample: str) -> None:
    assert dump(program(sample))


@pytest.mark.parametrize("seed", range(4))
def test_mutilated_programs(seed: int) -> None:
    choose = random.Random(seed)
    tokens = [_TOKEN.findall(s) for s in SAMPLES]
    words = [w for t in tokens for w in t if not w.isspace()]
    checked = 0
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        mutant = list(choose.choice(tokens))
        for _ in range(choose.choice((1, 1, 2))):
            at = choose.randrange(len(mutant))
            mutant[at] = choose.choice((choose.choice(words), "", f"{mutant[at]} {choose.choice(words)}"))
        diagnostics = Diagnostics()
        tree = parse(Source("mutant.osp", "".join(mutant)), diagnostics)
        if diagnostics.has_errors:
            continue
        checked += 1
        made = check(tree, diagnostics)
        assert (made is None) == diagnostics.has_errors
        if made is not None:
            dump(made)
    assert checked > 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let x = " + " + ".join(["1"] * 50_000), "Result<int, MathError>"),
        ("let x = " + " + ".join(['"a"'] * 50_000), "string"),
        ("let x = " + " && ".join(["true"] * 50_000), "bool"),
        ('let x = "a"' + " |> toUpperCase" * 5_000, "string"),
        ('let x = "a"' + ".trim()" * 5_000, "string"),
        ("let x = " + "-" * 1 + "(" * 200 + "1.5" + ")" * 200, "float"),
        ("let x = " + "[" * 200 + "1" + "]" * 200, "List<" * 200 + "int" + ">" * 200),
        ("let x = " + "if true { 1 } else " * 2_000 + "{ 2 }", "int"),
        ("let x = " + 'parseInt("1") ?: ' * 500 + "1", "int"),
    ],
    ids=[
        "sum",
        "concatenation",
        "conjunction",
        "pipes",
        "methods",
        "brackets",
        "lists",
        "else-if",
        "defaults",
    ],
)
def test_long_and_deep_programs(text: str, expected: str) -> None:
    assert types(text)["x"] == expected


def test_a_long_generic_sum_takes_linear_time() -> None:
    start = time.perf_counter()
    assert types("fn f(x) = " + " + ".join(["x"] * 5_000) + "\nlet y = f(1.5)")["y"] == "float"
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "text",
    [
        "let a0 = 1\n" + "\n".join(f"let a{i + 1} = {{ l: a{i}, r: a{i} }}" for i in range(50)),
        "fn f0(x) = x\n" + "\n".join(f"fn f{i + 1}(x) = {{ l: f{i}(x), r: f{i}(x) }}" for i in range(50)),
    ],
    ids=["values", "functions"],
)
def test_types_that_double_with_every_line(text: str) -> None:
    start = time.perf_counter()
    assert [c.partition(" ")[2] for c in complaints(text)] == ["the type of this expression is too large"]
    assert time.perf_counter() - start < 10


def test_the_recursion_limit_is_what_it_was() -> None:
    before = sys.getrecursionlimit()
    program("let x = 1")
    assert sys.getrecursionlimit() == before


def test_a_stack_that_is_too_small_is_a_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(work: object) -> None:
        raise RecursionError

    monkeypatch.setattr("ospjit.types.check.with_deep_stack", overflow)
    diagnostics = Diagnostics()
    assert check(parse(Source("a.osp", "let x = 1"), diagnostics), diagnostics) is None
    assert [item.code for item in diagnostics.items] == ["OSP1099"]


def test_many_functions_in_one_group() -> None:
    text = "\n".join(
        f"fn f{i}(n: int) = if n == 0 {{ 0 }} else {{ f{(i + 1) % 500}(n) }}" for i in range(500)
    )
    assert types(text)["f0"] == "(n: int) -> int"
