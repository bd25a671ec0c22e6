"""Every declaration, expression, pattern and type of the language, and the precedence of operators."""

from __future__ import annotations

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax import ast
from ospjit.syntax.parser import parse
from tests.syntax.notation import complaints, expression, parsed, show


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("let x = 1", "(let x 1)"),
        ("let y: float = 2.5", "(let y:float 2.5)"),
        ("mut n = 0\nn = n + 1", "(mut n 0)  (= n (+ n 1))"),
        ("let _ = f()", "(let _ (call f))"),
        ("fn add(a, b) = a + b", "(fn add (a b) (+ a b))"),
        ("fn f(p, q: int) -> T = e", "(fn f (p q:int) ->T e)"),
        ("fn f(p) { g(p) h(p) }", "(fn f (p) (block (do (call g p)) => (call h p)))"),
        ("fn f(_, _) = 1", "(fn f (_ _) 1)"),
        ("fn pick<T>(a: T, b: T) -> T = a", "(fn pick<T> (a:T b:T) ->T a)"),
        ("fn Pick<T, U>(a: T) = a", "(fn Pick<T, U> (a:T) a)"),
        ("fn f() { fn g() = 1 g() }", "(fn f () (block (fn g () 1) => (call g)))"),
        ("fn f() -> () { }", "(fn f () ->Unit (block))"),
        ("extern fn sqrt(x: float) -> float", "(extern sqrt (x:float) ->float)"),
        ("extern fn free(p: Ptr)\n!a", "(extern free (p:Ptr))  (do (! a))"),
        ("type Point = { x: int, y: int }", "(type Point = {x:int, y:int})"),
        (
            "type Shape = Circle { radius: float } | Rect { w: float, h: float } | Dot",
            "(type Shape = Circle{radius:float} | Rect{w:float, h:float} | Dot)",
        ),
        (
            "type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)",
            "(type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>))",
        ),
        ("type One = Only(int)", "(type One = Only(int))"),
        ("type U = | A | B", "(type U = A | B)"),
        ("type UserId = int", "(type UserId = alias int)"),
        ("type Ids = List<m::Id>", "(type Ids = alias List<m::Id>)"),
        ("type F = (int, string) -> bool", "(type F = alias (int, string) -> bool)"),
        ("type G = fn() -> fn(int) -> ()", "(type G = alias () -> (int) -> Unit)"),
        (
            "type Port = { number: int where between(number, 1, 65535), name: string }",
            "(type Port = {number:int where (call between number 1 65535), name:string})",
        ),
        (
            "effect State { get: fn() -> int   set: fn(int) -> Unit }",
            "(effect State get:() -> int set:(int) -> Unit)",
        ),
        ("effect Log<T> { write: fn(T) -> (), }", "(effect Log<T> write:(T) -> Unit)"),
        ("fn f(x) ![State, Log<int>] = x", "(fn f (x) ![State, Log<int>] x)"),
        ("fn f() -> int !State { 1 }", "(fn f () ->int ![State] (block => 1))"),
        ("fn f() ![] = 1", "(fn f () ![] 1)"),
        ("fn f() !m::State = 1", "(fn f () ![m::State] 1)"),
        ("import a", "(import a)"),
        ("import a.b { x, y as z }", "(import a.b {x, y as z})"),
        (
            "module M { mut n = 0 export fn next() { n = n + 1 n } }",
            "(module M (mut n 0) (export fn next () (block (= n (+ n 1)) => n)))",
        ),
        ("module M {}", "(module M)"),
        ("module M { module N { let a = 1 } f() }", "(module M (module N (let a 1)) (do (call f)))"),
        ("export let x = 1\nexport type T = A | B", "(export let x 1)  (export type T = A | B)"),
    ],
)
def test_declarations(text: str, tree: str) -> None:
    assert parsed(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", "(+ a (* b c))"),
        ("a * b + c", "(+ (* a b) c)"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b % c", "(% (/ a b) c)"),
        ("!a == b", "(== (! a) b)"),
        ("!f(x)", "(! (call f x))"),
        ("-a * b", "(* (- a) b)"),
        ("!a |> f", "(! (pipe a f))"),
        ("a + b |> f", "(+ a (pipe b f))"),
        ("a < b && c >= d || e != f", "(|| (&& (< a b) (>= c d)) (!= e f))"),
        ("a || b && c", "(|| a (&& b c))"),
        ("a && b == c", "(&& a (== b c))"),
        ("a || b ? c : d", "(? (|| a b) c d)"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"),
        ("a ? b ? c : d : e", "(? a (? b c d) e)"),
        ("a ?: b ?: c", "(?: a (?: b c))"),
        ("a + b ?: c", "(?: (+ a b) c)"),
        ("f(x).g[i](y).h", "(. (call (index (. (call f x) g) i) y) h)"),
        ("(a + b) * c", "(* (+ a b) c)"),
        ("x.f(1)", "(method x f 1)"),
        ("(x.f)(1)", "(call (. x f) 1)"),
        ("f(y: 2, x: 1)", "(call f y: 2 x: 1)"),
        ("x.f(y: 2)", "(method x f y: 2)"),
        ("f(c ? a : b)", "(call f (? c a b))"),
        ("f(a: c ? a : b)", "(call f a: (? c a b))"),
        ("[a, [b], []]", "(list a (list b) (list))"),
        ("if a { 1 } else if b { 2 } else { 3 }", "(if a (block => 1) b (block => 2) else (block => 3))"),
        ("fn(x) => fn(y) => x", "(fn (x) (fn (y) x))"),
        ("fn(f: fn(int) -> int) -> int => f(1)", "(fn (f:(int) -> int) ->int (call f 1))"),
        ("(fn(x) => x)(1)", "(call (fn (x) x) 1)"),
        ("m::n::f(1)", "(call m::n::f 1)"),
        ("Success()", "(call Success)"),
        ("Success { value: 1 }", "(record Success value: 1)"),
        (
            "select { v => recv(a) => e   send(b, x) => e   sleep(50) => e  _ => e }",
            "(select (v <- recv a => e) (send b x => e) (sleep 50 => e) (default => e))",
        ),
        ("select { recv(a) => {} _ => recv(b) => 1 }", "(select (recv a => (block)) (_ <- recv b => 1))"),
        ("perform State.get()", "(perform State.get)"),
        ("perform m::State.set(1)", "(perform m::State.set 1)"),
        ("perform M.State.set(v: 1)", "(perform M::State.set v: 1)"),
        ("perform State<int>.set(1)", "(perform State<int>.set 1)"),
        (
            "handle State get => 41   set v => n = v in e",
            "(handle State (get () => 41) (set (v) => (block (= n v))) in e)",
        ),
        (
            "handle State<int> get() => 1, put(a, b) => resume(a); x a b => 2 in { e }",
            "(handle State<int> (get () => 1) (put (a b) => (resume a)) (x (a b) => 2) in (block => e))",
        ),
        (
            "handle A x => 1 in handle B y => 2 in e",
            "(handle A (x () => 1) in (handle B (y () => 2) in e))",
        ),
        ("Fiber<int> { computation: fn() => 1 }", "(record Fiber<int> computation: (fn () 1))"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", "1"),
        ("-1", "-1"),
        ("2.5", "2.5"),
        ('"a"', '"a"'),
        ("true", "true"),
        ("_", "_"),
        ("x", "x"),
        ("Dot", "Dot"),
        ("m::Dot", "m::Dot"),
        ("Circle { radius }", "(Circle radius: radius)"),
        ("Circle { radius: r, x: 0 }", "(Circle radius: r x: 0)"),
        ("Success { value: Circle { radius } }", "(Success value: (Circle radius: radius))"),
        ("Node(a, _)", "(Node a _)"),
        ("Node(Node(a, b), Leaf)", "(Node (Node a b) Leaf)"),
        ("m::Node(a)", "(m::Node a)"),
        ("Success()", "(Success)"),
        ("Success n", "(Success n)"),
        ("Success _", "(Success _)"),
        ("Success 1", "(Success 1)"),
        ('Success "a"', '(Success "a")'),
        ("Success [a]", "(Success [a])"),
        ("Success", "Success"),
        ("[]", "[]"),
        ("[a, 1]", "[a 1]"),
        ("[head, ...tail]", "[head ...tail]"),
        ("[..._]", "[..._]"),
        ("[...]", "[..._]"),
        ("{ a, b }", "{a: a b: b}"),
        ("{ a, .. }", "{a: a ..}"),
        ("{ .. }", "{..}"),
        ("{ a: [x], b: { c } }", "{a: [x] b: {c: c}}"),
        ("p: { a, b }", "(as p {a: a b: b})"),
        ("n: int", "n:int"),
        ("n: List<m::T>", "n:List<m::T>"),
        ("(a, b)", "(tuple a b)"),
        ("((a, 1), _)", "(tuple (tuple a 1) _)"),
        ("(a)", "a"),
        ("A | B | 1", "(or A B 1)"),
        ("Node(A | B, _)", "(Node (or A B) _)"),
        ("(A | B)", "(or A B)"),
    ],
)
def test_patterns(text: str, tree: str) -> None:
    program = parse(Source("test.osp", f"match x {{ {text} if g => e }}"), diagnostics := Diagnostics())
    assert not diagnostics.items, [d.message for d in diagnostics.items]
    arm = program.statements[0].expr.arms[0]  # type: ignore[attr-defined]
    assert show(arm.pattern) == tree
    assert show(arm.guard) == "g"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("let x = if c { 1 }", "this 'if' has no 'else'"),
        ("match x { }", "this 'match' has no arms"),
        ("select { }", "this 'select' has no arms"),
        ("select { f(x) => 1 }", "this is not an arm of a 'select'"),
        ("select { v => send(x, 1) => 1 }", "this is not an arm of a 'select'"),
        ("f(a: 1, 2)", "named and positional arguments cannot be mixed in one call"),
        ("let await = 1", "'await' is a keyword and cannot be declared"),
        ("fn f(send) = 1", "'send' is a keyword and cannot be declared"),
        ("match x { recv => 1 }", "'recv' is a keyword and cannot be declared"),
        ("f(1,, 2)", "expected an expression or ')' after ',', found ','"),
        ("match x { A => 1,, B => 2 }", "expected a pattern or '}' after ',', found ','"),
        ("export import a", "an import cannot be exported"),
        ("extern fn f(x)", "the parameter 'x' of an extern function needs a type"),
        ("type T<inn A> = B(A)", "'inn' is not a variance"),
        ("effect E { a: int }", "the operation 'a' needs a function type"),
        ("let x: (int, int) = 1", "there are no tuple types"),
        ("perform f(1)", "'perform' needs an effect and an operation, found 'f'"),
        ("match x { [...t, a] => 1 }", "'...' must come last in a list pattern"),
        ("match x { { .., a } => 1 }", "'..' must come last in a record pattern"),
        ("fn f() { type T = A }", "a type declaration may stand only in a file or a module"),
        ("{ import a }", "an import may stand only in a file or a module"),
        ("fn f() { export let x = 1 }", "'export' may stand only in a file or a module"),
    ],
)
def test_faults_that_leave_a_tree(text: str, found: str) -> None:
    reported = complaints(text)
    assert len(reported) == 1
    assert reported[0].split(" ", 1)[1].startswith(found)


def test_declarations_may_stand_in_modules() -> None:
    assert parsed("module M { type T = A extern fn f() import b module N { effect E { } } }").startswith(
        "(module"
    )


def test_spans_cover_what_was_written() -> None:
    text = "fn f(a: int) -> List<int> !E = (a + b.c)[1] |> g(x: 1 ?: 2)"
    text = text.replace("g(x: 1 ?: 2)", "g(1 ?: 2)")
    program = parse(Source("test.osp", text), Diagnostics())
    function = program.statements[0]
    assert isinstance(function, ast.FnDecl)
    assert function.span.text == text
    assert function.name_span.text == "f"
    assert function.params[0].span.text == "a: int"
    assert function.result is not None and function.result.span.text == "List<int>"
    assert function.effects is not None and function.effects[0].span.text == "E"
    call = function.body
    assert isinstance(call, ast.Call) and call.piped
    assert call.span.text == "(a + b.c)[1] |> g(1 ?: 2)"
    assert call.args[0].span.text == "(a + b.c)[1]"
    assert call.args[1].span.text == "1 ?: 2"
    index = call.args[0]
    assert isinstance(index, ast.Index)
    assert index.object.span.text == "(a + b.c)"
    assert isinstance(index.object, ast.Binary) and index.object.op_span.text == "+"
