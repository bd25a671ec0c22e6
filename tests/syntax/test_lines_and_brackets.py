"""The rules on lines, brackets and signs that decide where one expression ends and the next begins."""

from __future__ import annotations

import pytest

from tests.syntax.notation import complaints, expression, parsed


def check(cases: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("text", "tree"), cases)


@check(
    [
        ("let x = a\n + b", "(let x (+ a b))"),
        ("let x = a\n * b", "(let x (* a b))"),
        ("let x = a\n == b", "(let x (== a b))"),
        ("let x = a\n || b", "(let x (|| a b))"),
        ("let x = a\n && b", "(let x (&& a b))"),
        ("let x = a\n |> f\n |> g(1)", "(let x (pipe (pipe a f) g 1))"),
        ("let x = a\n .f\n .g()", "(let x (method (. a f) g))"),
        ("let x = a\n ? b\n : c", "(let x (? a b c))"),
        ("let x = a\n ?: b", "(let x (?: a b))"),
        ("let x = a\n ::b", "(let x a::b)"),
        ("let x = a\n - b", "(let x (- a b))"),
        ("let x = a\n - 1", "(let x (- a 1))"),
        ("let x = a\n -b", "(let x a)  (do (- b))"),
        ("let x = a\n -1", "(let x a)  (do -1)"),
        ("let x = a\n +b", "(let x a)  (do (+ b))"),
        ("let x = a -b", "(let x (- a b))"),
        ("let x = a -1", "(let x (- a 1))"),
        ("let x = a\n |y| => y", "(let x a)  (do (fn (y) y))"),
        ("let x = a\n !b", "(let x a)  (do (! b))"),
    ],
)
def test_rule_1_continued_lines(text: str, tree: str) -> None:
    assert parsed(text) == tree


@check(
    [
        ("f(x)", "(do (call f x))"),
        ("f (x)", "(do (call f x))"),
        ("f(\nx\n)", "(do (call f x))"),
        ("f()\n(x)", "(do (call f))  (do x)"),
        ("f()(x)", "(do (call (call f) x))"),
        ("xs[1]", "(do (index xs 1))"),
        ("f() [1]", "(do (call f))  (do (list 1))"),
        ("f()\n[1]", "(do (call f))  (do (list 1))"),
        ("f(x)[1](2)", "(do (call (index (call f x) 1) 2))"),
        ("match t { A => f\n (a, b) => 1 }", "(do (match t (A => f) ((tuple a b) => 1)))"),
        ("match t { A => f, (a, b) => 1 }", "(do (match t (A => f) ((tuple a b) => 1)))"),
        ("match t { A => f [a] => 1 }", "(do (match t (A => f) ([a] => 1)))"),
    ],
)
def test_rule_2_calls_and_indices(text: str, tree: str) -> None:
    assert parsed(text) == tree


@check(
    [
        ("-1 |> abs", "(pipe -1 abs)"),
        ("-x |> abs", "(- (pipe x abs))"),
        ("- 1 |> abs", "(- (pipe 1 abs))"),
        ("-1.5", "-1.5"),
        ("-1.abs()", "(method -1 abs)"),
        ("a - -1", "(- a -1)"),
        ("a-1", "(- a 1)"),
        ("f(-1, -x)", "(call f -1 (- x))"),
        ("[-1][-1]", "(index (list -1) -1)"),
        ("--1", "(- -1)"),
        ("+1", "(+ 1)"),
        ("match x { -1 => -2 -3 => -4 }", "(match x (-1 => -2) (-3 => -4))"),
        ("match x { 0 => a -1 => b - 2 _ => c }", "(match x (0 => a) (-1 => (- b 2)) (_ => c))"),
        ("match x { 0 => a - 1.5 | 2 => b }", "(match x (0 => a) ((or -1.5 2) => b))"),
        ("match x { 0 => a -1 if c => b }", "(match x (0 => a) (-1 if c => b))"),
        ("match x { 0 => (a -1) _ => b }", "(match x (0 => (- a 1)) (_ => b))"),
    ],
)
def test_rule_3_minus(text: str, tree: str) -> None:
    assert expression(text) == tree


@check(
    [
        ("Point { x: 1 }", "(record Point x: 1)"),
        ("p { x: 1 }", "(update p x: 1)"),
        ("p.q { x: 1 }", "(update (. p q) x: 1)"),
        ("f(a) { x: 1 }", "(update (call f a) x: 1)"),
        ("(P) { x: 1 }", "(update P x: 1)"),
        ("m::Point { x: 1 }", "(record m::Point x: 1)"),
        ("M.Point { x: 1 }", "(record M::Point x: 1)"),
        ("Point {\n x: 1,\n y: 2,\n}", "(record Point x: 1 y: 2)"),
        ("{ x: 1, y: 2 }", "(anon x: 1 y: 2)"),
        ('{ "a": 1, (k): 2, f(): 3 }', '(map ("a" 1) (k 2) ((call f) 3))'),
        ("f({})", "(call f (map))"),
        ("f({ })", "(call f (map))"),
        ("{ }", "(map)"),
        ("fn() => {}", "(fn () (block))"),
        ("fn() => ({})", "(fn () (map))"),
        ("|x| => {}", "(fn (x) (block))"),
        ("spawn {}", "(spawn (block))"),
        ("match x { A => {} }", "(match x (A => (block)))"),
        ("if c {} else {}", "(if c (block) else (block))"),
        ("handle E op => {} in {}", "(handle E (op () => (block)) in (block))"),
        ("Box<int> { }", "(record Box<int>)"),
        ("Box<int> { v: 1 }", "(record Box<int> v: 1)"),
        ("{ a }", "(block => a)"),
        ("{ a() b }", "(block (do (call a)) => b)"),
        ("{ let a = 1 }", "(block (let a 1))"),
        ("fn() => { x: 1 }", "(fn () (anon x: 1))"),
        ("fn() => { x }", "(fn () (block => x))"),
        ("match p { x: 5 } { _ => 1 }", "(match (update p x: 5) (_ => 1))"),
        ("match p { x: y } { _ => 1 }", "(match (update p x: y) (_ => 1))"),
        ("match v { n: int => 1 }", "(match v (n:int => 1))"),
        ("match v { n: int | 1 => 1 }", "(match v ((or n:int 1) => 1))"),
        ("match v { n: int if n > 0 => 1 }", "(match v (n:int if (> n 0) => 1))"),
        ("match v { n: Map<string, List<int>> => 1 }", "(match v (n:Map<string, List<int>> => 1))"),
        ("match v { n: m::T => 1 }", "(match v (n:m::T => 1))"),
        ("match v { p: { a, b } => 1 }", "(match v ((as p {a: a b: b}) => 1))"),
        ("match v { p: { a: 1 } } { _ => 1 }", "(match (update v p: (anon a: 1)) (_ => 1))"),
        ("match v { p: { a: x } => 1 }", "(match v ((as p {a: x}) => 1))"),
        ("match v\n{ n: int => 1 }", "(match v (n:int => 1))"),
        ("match { x: 1 } { { x } => x }", "(match (anon x: 1) ({x: x} => x))"),
        ("if a\n{ 1 }\nelse\n{ 2 }", "(if a (block => 1) else (block => 2))"),
        ("if P { x: 1 } == p { 1 } else { 2 }", "(if (== (record P x: 1) p) (block => 1) else (block => 2))"),
        ("if match x { A => b } { 1 } else { 2 }", "(if (match x (A => b)) (block => 1) else (block => 2))"),
        ("match if a { 1 } else { 2 } { 1 => 2 }", "(match (if a (block => 1) else (block => 2)) (1 => 2))"),
        ("match x { A => b { c, d } => e }", "(match x (A => b) ({c: c d: d} => e))"),
        ("match x { A => b\n { c: d } => e }", "(match x (A => b) ({c: d} => e))"),
        ("match x { C { a } => 1 C { a: b } => 2 }", "(match x ((C a: a) => 1) ((C a: b) => 2))"),
    ],
)  # fmt: skip
def test_rule_4_braces(text: str, tree: str) -> None:
    assert expression(text) == tree


@check(
    [
        ("let a = p\n{ x: 1 }", "(let a p)  (do (anon x: 1))"),
        ("fn f()\n{ 1 }", "(fn f () (block => 1))"),
        ("fn f() { p { x: 1 } }", "(fn f () (block => (update p x: 1)))"),
        ("fn f() -> { x: int } { { x: 1 } }", "(fn f () ->{x:int} (block => (anon x: 1)))"),
        ("fn f() -> List<int> { g }", "(fn f () ->List<int> (block => g))"),
        ("fn f() -> list<int> { g }\np { x: 1 }", "(fn f () ->list<int> (block => g))  (do (update p x: 1))"),
        ("fn f() = { x: 1 }", "(fn f () (anon x: 1))"),
        ("fn f() = {}", "(fn f () (block))"),
        ("fn f() = ({})", "(fn f () (map))"),
        ("fn f() {}", "(fn f () (block))"),
        ("let m = {}", "(let m (map))"),
        ("type A = B\n{ 1 }", "(type A = alias B)  (do (block => 1))"),
        ("import a.b\n{ 1 }", "(import a.b)  (do (block => 1))"),
        ("import a.b { c }", "(import a.b {c})"),
    ],
)
def test_rule_4_braces_of_statements(text: str, tree: str) -> None:
    assert parsed(text) == tree


def test_rule_4_an_if_whose_block_looks_like_an_update_has_its_own_message() -> None:
    assert complaints("if c { a: 1 } else { 2 }") == [
        "1:15 this 'if' has no body: '{ name: … }' after its condition updates a record"
    ]


def test_rule_4_bare_names_as_map_keys_are_refused() -> None:
    assert complaints('let m = { "a": 1, b: 2 }') == ["1:19 a map key that is a bare name needs parentheses"]


@check(
    [
        ("List<int>()", "(call List<int>)"),
        ("List<List<int>>()", "(call List<List<int>>)"),
        ("Map<string, (int) -> { x: int }>()", "(call Map<string, (int) -> {x: int}>)".replace("x: ", "x:")),
        ("Channel<int> { capacity: 1 }", "(record Channel<int> capacity: 1)"),
        ("m::Box<int>(1)", "(call m::Box<int> 1)"),
        ("A < b", "(< A b)"),
        ("A <b> (c)", None),
        ("f(A<b, c>(d))", "(call f (call A<b, c> d))"),
        ("f(A<b, c>d)", "(call f (< A b) (> c d))"),
        ("f(A<b, c> (d))", "(call f (< A b) (> c d))"),
        ("A<b + 1", "(< A (+ b 1))"),
        ("a<b", "(< a b)"),
    ],
)  # fmt: skip
def test_rule_5_type_arguments(text: str, tree: str | None) -> None:
    if tree is None:
        assert [found.split(" ", 1)[1] for found in complaints(text)] == ["comparisons do not chain"]
    else:
        assert expression(text) == tree


@check(
    [
        ("|x| => x", "(fn (x) x)"),
        ("|x, y: int| => x", "(fn (x y:int) x)"),
        ("|f: (int) -> int| => f", "(fn (f:(int) -> int) f)"),
        ("|x: List<int>| => x", "(fn (x:List<int>) x)"),
        ("|| => 1", "(fn () 1)"),
        ("a || b", "(|| a b)"),
        ("f(|| => 1, |x| => x)", "(call f (fn () 1) (fn (x) x))"),
        ("xs |> map(|x| => x * 2)", "(pipe xs map (fn (x) (* x 2)))"),
        ("xs |> |x| => x |> f", "(pipe xs (fn (x) (pipe x f)))"),
        ("|x| => |y| => x + y", "(fn (x) (fn (y) (+ x y)))"),
        ("match v { A | B => |x| => x }", "(match v ((or A B) => (fn (x) x)))"),
        ("match v { A | B | C => || => 1 }", "(match v ((or A B C) => (fn () 1)))"),
    ],
)
def test_rule_6_bars(text: str, tree: str) -> None:
    assert expression(text) == tree


@check(
    [
        ("await f", "(call await f)"),
        ("await(f) + 1", "(+ (call await f) 1)"),
        ("await f + 1", "(+ (call await f) 1)"),
        ("await f |> g", "(call await (pipe f g))"),
        ("await -x", "(call await (- x))"),
        ("xs |> map(await)", "(pipe xs map await)"),
        ("f |> await", "(pipe f await)"),
        ("yield", "(call yield)"),
        ("yield()", "(call yield)"),
        ("yield(1) + 2", "(+ (call yield 1) 2)"),
        ("yield 1 + 2", "(call yield (+ 1 2))"),
        ("xs |> map(yield)", "(pipe xs map yield)"),
        ("1 |> yield", "(pipe 1 yield)"),
        ("fn() => yield", "(fn () (call yield))"),
        ("match x { A => yield\n B => 1 }", "(match x (A => (call yield)) (B => 1))"),
        ("match x { A => yield() B => 1 }", "(match x (A => (call yield)) (B => 1))"),
        ("spawn f(x) + 1", "(spawn (+ (call f x) 1))"),
        ("spawn { f() }", "(spawn (block => (call f)))"),
        ("send(c, 1)", "(call send c 1)"),
        ("c |> recv", "(pipe c recv)"),
        ("fn(x) => x + 1", "(fn (x) (+ x 1))"),
        ("fn(x: int) -> int => x", "(fn (x:int) ->int x)"),
        ("a + fn(x) => x + 1", "(+ a (fn (x) (+ x 1)))"),
        ("perform E.op(1).f + 2", "(+ (. (perform E.op 1) f) 2)"),
        ("resume(1) + resume()", "(+ (resume 1) (resume))"),
        ("handle E op => 1 in f() + 1", "(handle E (op () => 1) in (+ (call f) 1))"),
    ],
)
def test_rule_7_words(text: str, tree: str) -> None:
    assert expression(text) == tree


def test_rule_7_operands_start_on_the_same_line() -> None:
    assert parsed("yield\nf()") == "(do (call yield))  (do (call f))"
    assert parsed("let a = await\nf()") == "(let a await)  (do (call f))"


@check(
    [
        ("x.type.match.in", "(do (. (. (. x type) match) in))"),
        ("x.select(1)", "(do (method x select 1))"),
        ("f(type: 1, in: 2)", "(do (call f type: 1 in: 2))"),
        ("R { fn: 1, if: 2 }", "(do (record R fn: 1 if: 2))"),
        ("let r = { let: 1 }", "(let r (anon let: 1))"),
        ("type R = { type: int, spawn: int }", "(type R = {type:int, spawn:int})"),
        ("fn f(type: int) = 1", "(fn f (type:int) 1)"),
        ("effect E { send: fn() -> int yield: fn() -> int }", "(effect E send:() -> int yield:() -> int)"),
        ("match r { { type: t } => t }", "(do (match r ({type: t} => t)))"),
        ("type T<in A, out B> = C(A)", "(type T<in A, out B> = C(A))"),
        ("fn out(out) = out", "(fn out (out) out)"),
    ],
)
def test_rule_8_keywords_as_names(text: str, tree: str) -> None:
    assert parsed(text) == tree


@check(
    [
        ("x |> f", "(pipe x f)"),
        ("x |> f(a)", "(pipe x f a)"),
        ("x |> f(a)(b)", "(pipe x (call f a) b)"),
        ("x |> (f(a))", "(pipe x (call f a))"),
        ("x |> (f(a))(b)", "(pipe x (call f a) b)"),
        ("x |> r.f(a)", "(pipe x (method r f) a)"),
        ("x |> r.f", "(pipe x (method r f))"),
        ("x |> (r.f)", "(pipe x (. r f))"),
        ("x |> fs[0]", "(pipe x (index fs 0))"),
        ("x |> fn(v) => v + 1", "(pipe x (fn (v) (+ v 1)))"),
        ("x |> f |> g(1)", "(pipe (pipe x f) g 1)"),
        ("a ?: b ? c : d", "(?: a (? b c d))"),
        ("a ? b : c ?: d", "(? a b (?: c d))"),
    ],
)
def test_rule_9_pipes_and_defaults(text: str, tree: str) -> None:
    assert expression(text) == tree


def test_rule_9_arguments_after_a_pipe_cannot_be_named() -> None:
    assert complaints("x |> f(y: 1)") == [
        "1:8 the arguments after a pipe cannot be named: the piped value comes first"
    ]


@check(
    [
        ("let a = 1; let b = 2;", "(let a 1)  (let b 2)"),
        ("{ f(); g(); }", "(do (block (do (call f)) => (call g)))"),
        ("f(1, 2,)", "(do (call f 1 2))"),
        ("fn f(a, b,) = [a, b,]", "(fn f (a b) (list a b))"),
        ("R { a: 1, }", "(do (record R a: 1))"),
        ("match x { A => 1, B => 2; C => 3 }", "(do (match x (A => 1) (B => 2) (C => 3)))"),
        ("match x { A(a,) => 1 [a, b,] => 2 { a, } => 3 }",
         "(do (match x ((A a) => 1) ([a b] => 2) ({a: a} => 3)))"),
        ("type T = { a: int, }", "(type T = {a:int})"),
        ("let f: (int,) -> Map<int, int,> = g", "(let f:(int) -> Map<int, int> g)"),
        ("import a { b, c, }", "(import a {b, c})"),
    ],
)  # fmt: skip
def test_separators_and_trailing_commas(text: str, tree: str) -> None:
    assert parsed(text) == tree
