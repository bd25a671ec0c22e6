"""What the checker says: a text and its diagnostics, each as `line:column sentence`."""

from __future__ import annotations

import pytest

from ospjit.types.session import CAPABILITIES
from tests.types.checked import complaints, hints, labels, program

RESULT_HINT = "a Result never becomes its value by itself: open it with `match` or give a default by `?:`"


def _cases(*pairs: tuple[str, list[str]]) -> list[object]:
    return [pytest.param(text, expected, id=text.splitlines()[-1][:60]) for text, expected in pairs]


@pytest.mark.parametrize(
    ("text", "expected"),
    _cases(
        # names
        ("print(x)", ["1:7 undefined variable 'x'"]),
        ("f(1)", ["1:1 undefined function 'f'"]),
        ("let x: T = 1", ["1:8 undefined type 'T'"]),
        ("let x: List<Colour> = []", ["1:13 undefined type 'Colour'"]),
        ("let x = 1\nx.foo()", ["2:3 undefined function 'foo'"]),
        ("let x = Foo { a: 1 }", ["1:9 undefined type 'Foo'"]),
        ("let x = 1\nlet x = 2", ["2:5 'x' is already declared in this scope"]),
        ("fn f() = 1\nlet f = 2", ["2:5 'f' is already declared in this scope"]),
        ("fn f(a, a) = 1", ["1:9 parameter 'a' is there twice"]),
        ("type A = B | C\ntype A = D | E", ["2:6 type 'A' is already declared"]),
        ("type A = B | B", ["1:14 variant 'B' is already declared in type 'A'"]),
        ("type A = { x: int, x: int }", ["1:20 type 'A' has the field 'x' twice"]),
        ("type int = A | B", ["1:6 cannot redefine built-in type 'int'"]),
        (
            "type A = B\ntype B = A",
            ["1:6 type 'A' is an alias of itself", "2:6 type 'B' is an alias of itself"],
        ),
        ("fn print(x) = x", ["1:4 cannot redefine built-in function 'print'"]),
        ("fn f() { fn length(x) = x length(1) }", ["1:13 cannot redefine built-in function 'length'"]),
        ("extern fn print(x: int)", ["1:11 cannot redefine built-in function 'print'"]),
        # assignment
        ("let x = 1\nx = 2", ["2:1 cannot assign to immutable variable 'x'"]),
        ("fn f(x) { x = 2 }", ["1:11 cannot assign to immutable variable 'x'"]),
        ("mut x = 1\nx = true", ["2:5 type mismatch: expected int, found bool"]),
        ("x = 1", ["1:1 undefined variable 'x'"]),
        (
            "fn f() { mut n = 0 let g = || => { n = 1 } g() }",
            ["1:36 cannot assign to 'n' here: only the body that declares a `mut` may change it"],
        ),
        ("mut n = 0\nfn f() = n", ["2:10 undefined variable 'n'"]),
        ("fn f() { let a = g() let b = 1 fn g() = b a }", ["1:41 undefined variable 'b'"]),
        # order of initialisation
        ("let a = b\nlet b = 1", ["1:9 'b' is read before its initialiser has run"]),
        ("let a = f()\nfn f() = b\nlet b = 1", ["1:9 'b' is read before its initialiser has run"]),
        ("let a = a", ["1:9 'a' is read before its initialiser has run"]),
        ("fn main() = 1\nprint(2)", ["2:1 a file that declares `fn main()` has no statements beside it"]),
        ("fn main(x) = 1", ["1:9 function 'main' takes no parameters"]),
        # types that do not agree
        ('let x: int = "a"', ["1:14 type mismatch: expected int, found string"]),
        ("let x: int = 1 + 1", ["1:14 type mismatch: expected int, found Result<int, MathError>"]),
        ("fn f() -> int = 1 / 2", ["1:17 type mismatch: expected int, found Result<float, MathError>"]),
        ("fn f(x: int) = x\nf(1 + 1)", ["2:3 type mismatch: expected int, found Result<int, MathError>"]),
        ("let x: float = 1", ["1:16 type mismatch: expected float, found int"]),
        ("if 1 { 2 } else { 3 }", ["1:4 type mismatch: expected bool, found int"]),
        ('let x = if true { 1 } else { "a" }', ["1:30 type mismatch: expected int, found string"]),
        ('fn f(n) = match n { 1 => 1 2 => "b" _ => 3 }', ["1:33 type mismatch: expected int, found string"]),
        ("let x = [1, true]", ["1:13 type mismatch: expected int, found bool"]),
        ('let x = { "a": 1, "b": "c" }', ["1:24 type mismatch: expected int, found string"]),
        ("let x = { (1.5): 1 }", ["1:11 type mismatch: expected string, found float"]),
        ('[1]["a"]', ["1:5 type mismatch: expected int, found string"]),
        ('{ "a": 1 }[2]', ["1:12 type mismatch: expected string, found int"]),
        ("let x = 1\nx[0]", ["2:3 type mismatch: expected a list, map or string, found int"]),
        ("fn f() -> int { print(1) }", ["1:17 type mismatch: expected int, found Unit"]),
        ("fn f() -> int { }", ["1:17 type mismatch: expected int, found Unit"]),
        ("fn f(x) = f", ["1:11 this value would have a type that contains itself"]),
        ("5 ?: 1", ["1:1 type mismatch: expected a Result before '?:', found int"]),
        ('parseInt("1") ?: "a"', ["1:18 type mismatch: expected int, found string"]),
        (
            "fn f() -> Result<int, Error> = 1 + 1",
            ["1:32 type mismatch: expected Result<int, Error>, found Result<int, MathError>"],
        ),
        # operators
        ('1 + "a"', ["1:5 type mismatch: expected int, found string"]),
        ('"a" + 1', ["1:7 type mismatch: expected string, found int"]),
        ('1 - "a"', ["1:5 type mismatch: expected int, found string"]),
        ("true + 1", ["1:1 type mismatch: expected int, found bool"]),
        ("[1] + [true]", ["1:7 type mismatch: expected List<int>, found List<bool>"]),
        ('"a" < 1', ["1:7 type mismatch: expected string, found int"]),
        ("true < false", ["1:1 type mismatch: expected int, found bool"]),
        ('1 == "a"', ["1:6 type mismatch: expected int, found string"]),
        ("(1 + 1) < 2", ["1:1 type mismatch: expected int, found Result<int, MathError>"]),
        ('parseInt("1") + 1', ["1:1 type mismatch: expected int, found Result<int, Error>"]),
        ("-true", ["1:1 type mismatch: expected int, found bool"]),
        ("!1", ["1:2 type mismatch: expected bool, found int"]),
        ("1 && true", ["1:1 type mismatch: expected bool, found int"]),
        # calls
        ("fn f(a, b) = a\nf(1, 2, 3)", ["2:1 function 'f' expects 2 arguments, got 3"]),
        ("fn f(a) = a\nf()", ["2:1 function 'f' expects 1 argument, got 0"]),
        ("print()", ["1:1 function 'print' expects 1 argument, got 0"]),
        ("yield(1, 2)", ["1:1 function 'yield' expects 0 or 1 arguments, got 2"]),
        ("fn f(x, y) = x\nf(x: 1, z: 2)", ["2:9 unknown argument name 'z' (valid: x, y)"]),
        ("fn f(x, y) = x\nf(x: 1)", ["2:1 function 'f' is missing the argument 'y' (valid: x, y)"]),
        ("fn f(x, y) = x\nf(x: 1, x: 2)", ["2:9 argument 'x' is given twice (valid: x, y)"]),
        (
            'httpCreateServer(port: 1, host: "x")',
            ["1:27 unknown argument name 'host' (valid: port, address)"],
        ),
        ("let x = 1\nx(2)", ["2:1 'x' is not a function: its type is int"]),
        ("fn f(g: (int) -> int) = g(1, 2)", ["1:25 function 'g' expects 1 argument, got 2"]),
        ('min(1, "a")', ["1:8 type mismatch: expected int, found string"]),
        ("length(1)", ["1:8 type mismatch: expected string, found int"]),
        (
            "httpListen(1, |x| => 1)",
            ["1:15 type mismatch: expected (HttpRequest) -> string, found (HttpRequest) -> int"],
        ),
        # printing and comparing
        ("print(|x| => x)", ["1:7 a function cannot be printed: its type is (_) -> _"]),
        ('"${print}"', ["1:4 a function cannot be printed: its type is (_) -> Unit"]),
        (
            "print([print])",
            ["1:7 a function cannot be printed (List<(_) -> Unit> holds one): its type is (_) -> Unit"],
        ),
        ("print == print", ["1:1 a function cannot be compared: its type is (_) -> Unit"]),
        # records
        ("type P = { x: int, y: int }\nP { x: 1 }", ["2:1 type 'P' is missing the field 'y'"]),
        ("type P = { x: int }\nP { x: 1, z: 2 }", ["2:11 type 'P' has no field 'z'"]),
        ("type P = { x: int }\nP { x: 1, x: 2 }", ["2:11 the field 'x' is given twice"]),
        ("type P = { x: int }\nP { x: true }", ["2:8 type mismatch: expected int, found bool"]),
        ("type P = { x: int }\nfn f(p: P) = p.z", ["2:16 type P has no field 'z'"]),
        ("type P = { x: int }\nfn f(p: P) = p { z: 1 }", ["2:18 type P has no field 'z'"]),
        ("type P = A { x: int } | B(int)\nB { x: 1 }", ["2:1 'B' has no named fields: write B(…)"]),
        (
            "fn f(p: { x: int, y: int }) = 1\nf({ x: 1 })",
            ["2:3 type mismatch: expected { x: int, y: int }, found { x: int }"],
        ),
        (
            "type U = { name: string }\nfn f(r: Result<U, ConstructionError>) = r.name",
            ["2:43 cannot access field 'name' on Result<U, ConstructionError>: match it first"],
        ),
        # any
        ("fn f(v: any) = v + 1", ["1:16 cannot use 'any' with '+': match it first"]),
        ("fn f(v: any) = v.name", ["1:18 cannot use 'any' with '.name': match it first"]),
        ("fn f(v: any) = v == 1", ["1:16 cannot use 'any' with '==': match it first"]),
        ("fn f(v: any) = v[0]", ["1:18 cannot use 'any' with '[ ]': match it first"]),
        ("fn f(v: any) -> int = v", ["1:23 cannot use 'any' where int is wanted: match it first"]),
        (
            "fn g(n: int) = n\nfn f(v: any) = g(v)",
            ["2:18 cannot use 'any' where int is wanted: match it first"],
        ),
        # type arguments and variance
        ("let x: List = []", ["1:8 type 'List' takes 1 argument, got 0"]),
        ("let x: Map<int> = {}", ["1:8 type 'Map' takes 2 arguments, got 1"]),
        (
            "type W<out T> = { f: (T) -> int }",
            ["1:8 type parameter 'out T' of 'W' stands in a parameter's type"],
        ),
        (
            "type W<in T> = { f: T }",
            ["1:8 type parameter 'in T' of 'W' stands in the type of a field or result"],
        ),
        # C functions
        ("extern fn f(x: List<int>)", ["1:13 type List<int> cannot be passed to or from C"]),
        (
            "extern fn f(g: (int) -> int)\nfn h(n: int) { f(|x| => x) f(|x| => n) }",
            ["2:30 a lambda that captures variables cannot be passed to C"],
        ),
        # not supported yet
        ("effect E { a: fn() -> int }", ["1:1 effects are not supported yet"]),
        ("module M { }", ["1:1 modules are not supported yet"]),
        ("import a.b", ["1:1 imports are not supported yet"]),
        (
            "type P = { x: int where positive(x) }",
            ["1:25 constraints on fields are not supported yet"],
        ),
    ),
)
def test_message(text: str, expected: list[str]) -> None:
    assert complaints(text) == expected


def test_several_independent_errors_in_one_run_and_none_that_only_follows() -> None:
    found = complaints(
        """
        let a: int = "x"
        let b = a + missing
        let c = b + 1
        fn f(u: Unknown) = u.name + 1
        print(f(1), 2)
        let d = nothing(c)
        """
    )
    assert found == [
        "2:22 type mismatch: expected int, found string",
        "3:21 undefined variable 'missing'",
        "5:17 undefined type 'Unknown'",
        "6:9 function 'print' expects 1 argument, got 2",
        "7:17 undefined function 'nothing'",
    ]


def test_an_operator_inside_a_generic_function_is_reported_at_the_call_with_its_place() -> None:
    text = 'fn add(a, b) = a + b\nlet x = add(1, "a")\n'
    assert complaints(text) == ["2:9 type mismatch: expected int, found string"]
    assert labels(text) == ["1:16 the function needs it here"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("let total = 1\nprint(totl)", "did you mean 'total'?"),
        ("pritn(1)", "did you mean 'print'?"),
        ("let x: strnig = 1", "did you mean 'string'?"),
        ("type User = { name: string }\nfn f(u: User) = u.nmae", "did you mean 'name'?"),
        ("fn f(width, height) = 1\nf(width: 1, heihgt: 2)", "did you mean 'height'?"),
        ("type C = Red | Green\nfn f(c: C) = match c { Red => 1 Gren => 2 _ => 3 }", "did you mean 'Green'?"),
        ("let x: int = 1 + 1", RESULT_HINT),
        ("let x: float = 1", "write the number with a `.`, or convert it with `toFloat`"),
        ("let x = 1\nx = 2", "declare it with `mut` to be able to change it"),
        (
            "mut n = 1\nfn f() = n",
            "a named function does not see the `mut`s of the file scope: pass it as an argument",
        ),
        (
            "fn f() { let a = g() let b = 1 fn g() = b a }",
            "it is declared further down: move its declaration up",
        ),
    ],
)
def test_hint(text: str, hint: str) -> None:
    assert hint in hints(text)


@pytest.mark.parametrize(
    ("capability", "text", "name"),
    [
        ("http", 'let x = httpGet(1, "/", "")', "httpGet"),
        ("http", "let x = httpGet", "httpGet"),
        ("http", 'fn unused() = httpCreateServer(1, "a")', "httpCreateServer"),
        ("websocket", "let x = websocketServerListen(1)", "websocketServerListen"),
        ("fs", 'let x = readFile("a")', "readFile"),
        ("process", "let x = awaitProcess(1)", "awaitProcess"),
        ("ffi", "extern fn getpid() -> int", "getpid"),
    ],
)
def test_a_capability_that_is_off(capability: str, text: str, name: str) -> None:
    message = complaints(text, capability)[0].partition(" ")[2]
    assert message == f"'{name}' is not available: {CAPABILITIES[capability]}"
    assert program(text)


def test_the_message_for_disabled_network_access() -> None:
    assert complaints('httpGet(1, "/", "")', "http") == [
        "1:1 'httpGet' is not available: network access is disabled (--no-http)"
    ]


def test_built_ins_that_a_program_may_shadow() -> None:
    assert program("fn min(a, b) = a\nfn check(x) = x\nextern fn sqrt(x: float) -> float\nlet y = sqrt(2.0)")


def test_a_variable_or_parameter_may_have_the_name_of_a_built_in() -> None:
    assert program("fn f(length, map) { let print = 1 length }\nlet x = f(1, 2)")
