"""What types are inferred: a declaration and the type that the checker finds for it."""

from __future__ import annotations

import pytest

from tests.types.checked import types


def _cases(*pairs: tuple[str, str]) -> list[object]:
    return [pytest.param(text, expected, id=text.splitlines()[0][:50]) for text, expected in pairs]


@pytest.mark.parametrize(
    ("value", "expected"),
    _cases(
        ("1", "int"),
        ("-9223372036854775808", "int"),
        ("2.5", "float"),
        ('"a"', "string"),
        ('"${1} ${true}"', "string"),
        ("true", "bool"),
        ("()", "Unit"),
        ("[1, 2]", "List<int>"),
        ("[]", "List<int>"),
        ('{ "a": 1.5 }', "Map<string, float>"),
        ("{ (1): true }", "Map<int, bool>"),
        ("{ x: 1, b: true }", "{ b: bool, x: int }"),
        ("{ x: 1, b: true }.x", "int"),
        ("List()", "List<int>"),
        ("List<string>()", "List<string>"),
        # arithmetic, LANGUAGE §6
        ("1 + 2", "Result<int, MathError>"),
        ("1 + 2 * 3 - 4", "Result<int, MathError>"),
        ("1.0 + 2", "float"),
        ("1 - 2.0", "float"),
        ("(1 + 2) * 1.0", "Result<float, MathError>"),
        ("1 / 2", "Result<float, MathError>"),
        ("1.0 / 2.0", "Result<float, MathError>"),
        ("7 % 2", "Result<int, MathError>"),
        ("7.0 % 2", "Result<float, MathError>"),
        ("-length([])", "Result<int, MathError>"),
        ("-(1.5 + 1)", "float"),
        ("-(1 + 2)", "Result<int, MathError>"),
        ("(1 / 2) + (3 % 2)", "Result<float, MathError>"),
        ('"a" + "b"', "string"),
        ("[1] + [2]", "List<int>"),
        ('{ "a": 1 } + Map()', "Map<string, int>"),
        ("1 < 2.0", "bool"),
        ('"a" < "b"', "bool"),
        ("1 == 2.0", "bool"),
        ("[1] == []", "bool"),
        ("!(1 < 2) && true || false", "bool"),
        ("(1 + 2) ?: 0", "int"),
        ('parseInt("1") ?: parseInt("2") ?: 3', "int"),
        ("true ? 1 : 2", "int"),
        ("if true { 1 } else if false { 2 } else { 3 }", "int"),
        ("{ let a = 1 a == 1 }", "bool"),
        ("{ }", "Map<int, int>"),
        ("[1][0]", "Result<int, Error>"),
        ('{ "a": 1 }["a"]', "Result<int, Error>"),
        ('"abc"[0]', "Result<string, Error>"),
        ("Success(1)", "Result<int, int>"),
        ("Success { value: 1 }", "Result<int, int>"),
        ('if true { Success(1) } else { Error("no") }', "Result<int, string>"),
        ('if true { Ok(1) } else { Err("no") }', "Result<int, string>"),
        ("if true { Success() } else { Error { message: 1 } }", "Result<Unit, int>"),
        ('if true { 1 + 1 } else { Error("no") }', "Result<int, MathError>"),
        ("spawn 1", "Fiber<int>"),
        ("await(spawn 1.0)", "float"),
        ("Fiber<int> { computation: fn() => 1 }", "Fiber<int>"),
        ("Channel<int> { capacity: 1 }", "Channel<int>"),
        ("recv(Channel<string> { capacity: 1 })", "string"),
        ("select { sleep(1) => 1 _ => 2 }", "int"),
        ("yield(1)", "int"),
        ('[1, 2] |> map(|x| => "${x}")', "List<string>"),
        ("range(0, 3) |> map(toFloat) |> filter(|x| => x > 1.0) |> toList", "List<float>"),
        ("range(0, 9) |> fold(0, |a, b| => (a + b) ?: a)", "int"),
        ("1 |> fn(x) => x == 1", "bool"),
        ("5.toString().length()", "int"),
        ("length(s: [1])", "int"),
        ("abs(-1)", "Result<int, Error>"),
        ("abs(-1.0)", "Result<float, Error>"),
        ("[1, 2] |> length", "int"),
        ("toString", "(int) -> string"),
        ("(|x| => x + 1)(1)", "Result<int, MathError>"),
        ('["a"] |> map(length)', "List<int>"),
        ("match 5 { Success v => v Error _ => 0 }", "int"),
        ("match 1 + 1 { Success(v) => v Error(m) => 0 }", "int"),
        ('match parseInt("1") { Success { value } => "${value}" Error { message } => message }', "string"),
        ('match parseInt("1") { Success { n } => "${n}" Error { why } => why }', "string"),
    ),
)
def test_value(value: str, expected: str) -> None:
    assert types(f"let it = {value}")["it"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    _cases(
        ("fn f(x) = x", "<a>(x: a) -> a"),
        ("fn f(x, y) = x + y", "<a, b, c>(x: a, y: b) -> c"),
        ('fn f(x) = x + "!"', "(x: string) -> string"),
        ("fn f(x) = x + [1]", "(x: List<int>) -> List<int>"),
        ("fn f(x, y) = x < y", "<a, b>(x: a, y: b) -> bool"),
        ("fn f(u) = u.name", "<a, b>(u: a) -> b"),
        ("fn f(xs) = xs[0]", "<a, b>(xs: a) -> b"),
        ("fn f(x) = [x]", "<a>(x: a) -> List<a>"),
        ('fn f(x) = "${x}"', "<a>(x: a) -> string"),
        ("fn f(g, x) = g(g(x))", "<a>(g: (a) -> a, x: a) -> a"),
        ("fn f(g, h) = |x| => h(g(x))", "<a, b, c>(g: (a) -> b, h: (b) -> c) -> (a) -> c"),
        ("fn f(r) = r ?: 0", "<a>(r: Result<int, a>) -> int"),
        ("fn f(r) = match r { Success v => v Error m => 0 }", "<a, b>(r: Result<int, a>) -> int"),
        (
            'fn f(x: int) -> Result<int, string> = if x < 0 { Err("no") } else { Ok(x) }',
            "(x: int) -> Result<int, string>",
        ),
        ("fn f(n: int) -> int = if n < 2 { n } else { f(n) }", "(n: int) -> int"),
        ("fn f<T>(a: T, b) = if true { a } else { b }", "<T>(a: T, b: T) -> T"),
        ("fn f(_, _) = 1", "<a, b>(_: a, _.1: b) -> int"),
        ("fn f(p: { x: int }) = p.x", "(p: { x: int }) -> int"),
        ("fn f(g: (int) -> Unit) = g(1)", "(g: (int) -> Unit) -> Unit"),
        ("fn f() -> Unit = 5", "() -> Unit"),
        ("fn f() { print(1) }", "() -> Unit"),
        ("fn f() { }", "() -> Unit"),
        (
            "fn f(x: Int, y: Float, s: String, b: Bool) -> Success = ()",
            "(x: int, y: float, s: string, b: bool) -> Unit",
        ),
        ("fn f(id: ServerID) -> StatusCode = id", "(id: int) -> int"),
        ("fn f(xs) = match xs { [] => 0 [h, ...t] => h }", "(xs: List<int>) -> int"),
        ("fn f(b) = match b { true => 1 false => 2 }", "(b: bool) -> int"),
        ("fn f(v: any) = match v { n: int => n _ => 0 }", "(v: any) -> int"),
        ("let f = |x| => x", "<a>(x: a) -> a"),
        ("fn f(n) = g(n)\nfn g(n) = f(n)", "<a, b>(n: a) -> b"),
    ),
)
def test_function(text: str, expected: str) -> None:
    assert types(text)["f"] == expected


def test_a_generic_function_is_instantiated_at_each_use() -> None:
    found = types(
        """
        fn add(a, b) = a + b
        fn pick<T>(a: T, b: T) -> T = a
        let i = add(1, 2)
        let f = add(1, 2.0)
        let s = add("a", "b")
        let l = add([1], [])
        let p = pick("a", "b")
        """
    )
    assert [found[n] for n in "ifslp"] == ["Result<int, MathError>", "float", "string", "List<int>", "string"]


def test_constraints_travel_through_generic_functions() -> None:
    found = types(
        """
        fn add(a, b) = a + b
        fn twice(x) = add(x, x)
        fn named(u) = u.name
        fn both(u, v) = add(named(u), named(v))
        type User = { name: string }
        let i = twice(1.5)
        let s = both(User { name: "a" }, { name: "b", age: 3 })
        """
    )
    assert (found["i"], found["s"]) == ("float", "string")


def test_overloads_settle_at_the_use_of_a_generic_function() -> None:
    found = types(
        """
        fn size(x) = length(x)
        fn twice(xs) = map(xs, |x| => x + x)
        let a = size("abc")
        let b = size([1])
        let c = twice([1.5])
        let d = twice(range(0, 3))
        """
    )
    assert [found[n] for n in "abcd"] == ["int", "int", "List<float>", "Iterator<Result<int, MathError>>"]


def test_what_all_overloads_agree_on_is_known_at_once() -> None:
    found = types("fn size(x) = length(x)\nfn each(xs, f) = forEach(xs, f)")
    assert found["size"] == "<a>(x: a) -> int"
    assert found["each"] == "<a, b>(xs: a, f: (b) -> Unit) -> Unit"


def test_a_let_of_a_lambda_is_polymorphic_unless_it_reads_a_mut() -> None:
    found = types(
        """
        let id = |x| => x
        let a = id(1)
        let b = id("s")
        mut n = 1
        let plus = |x| => x + n
        """
    )
    assert (found["a"], found["b"]) == ("int", "string")
    assert found["plus"] == "(int) -> Result<int, MathError>"


def test_an_unknown_element_type_is_settled_by_a_later_use() -> None:
    assert types('let xs = []\nlet ys = listAppend(xs, "a")')["xs"] == "List<string>"


def test_use_before_declaration_of_functions_and_types() -> None:
    found = types(
        """
        let p = make(1)
        fn make(x) = Point { x: x, y: origin() }
        fn origin() = 0
        type Point = { x: int, y: int }
        """
    )
    assert found["p"] == "Point"


def test_mutual_recursion_at_file_scope_and_inside() -> None:
    found = types(
        """
        fn even(n: int) = if n == 0 { true } else { odd((n - 1) ?: 0) }
        fn odd(n: int) = if n == 0 { false } else { even((n - 1) ?: 0) }
        fn outer(k: int) {
            fn ping(n: int) = if n == 0 { k } else { pong((n - 1) ?: 0) }
            fn pong(n: int) = ping(n)
            pong(3)
        }
        """
    )
    assert found["even"] == found["odd"] == "(n: int) -> bool"
    assert found["outer.ping"] == found["outer.pong"] == "[k: int](n: int) -> int"


def test_a_local_function_of_a_generic_one_takes_its_type_parameters() -> None:
    found = types(
        """
        fn outer<T>(xs: List<T>) {
            fn count(ys: List<T>, n: int) -> int = match ys { [] => n [_, ...r] => count(r, (n + 1) ?: n) }
            fn same(v) = v
            same(count(xs, 0))
        }
        let n = outer(["a"])
        """
    )
    assert found["outer.count"] == "<T>(ys: List<T>, n: int) -> int"
    assert found["outer.same"] == "<T, a>(v: a) -> a"
    assert found["n"] == "int"


@pytest.mark.parametrize(
    ("text", "expected"),
    _cases(
        ("type P = { x: int, y: int }\nlet it = P { y: 1, x: 2 }", "P"),
        ("type P = { x: int, y: int }\nlet it = P { y: 1, x: 2 } { x: 5 }", "P"),
        ("type P = { x: int, y: int }\nlet it: P = { x: 1, y: 2 }", "P"),
        ("type P = { x: int, y: int }\nlet it = [P { x: 1, y: 1 }, { x: 2, y: 2 }]", "List<P>"),
        ("type P = { x: int, y: int }\nfn f(p: P) = p.x\nlet it = f({ x: 1, y: 2 })", "int"),
        ("type P = { x: int }\nfn f(p: { x: int }) = p.x\nlet it = f(P { x: 1 })", "int"),
        ('type Box<T> = { value: T }\nlet it = Box { value: "a" }', "Box<string>"),
        ("type Box<T> = { value: T }\nlet it = Box<float> { value: 1.0 }.value", "float"),
        ("type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)\nlet it = Node(Leaf, 1, Leaf)", "Tree<int>"),
        ("type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)\nlet it = Leaf", "Tree<int>"),
        ("type S = Circle { r: float } | Dot\nlet it = map([1.0], Circle)", "List<S>"),
        ("type S = Circle { r: float } | Dot\nlet it = Circle(1.0)", "S"),
        ("type S = Circle { r: float } | Dot\nlet it = Circle(r: 1.0)", "S"),
        ("type A = A\nlet it = A", "A"),
        ("type Id = int\nlet it: Id = 3", "int"),
        ("type Named<T> = Map<string, T>\nlet it: Named<int> = {}", "Map<string, int>"),
        ("type Op = { run: (int) -> int }\nlet it = Op { run: |x| => x }.run(1)", "int"),
        ("type Op = { run: (int) -> int }\nlet it = (Op { run: |x| => x }.run)(1)", "int"),
        ("type Ok = Ok | Nok\nlet it = Ok", "Ok"),
        ('type Text = { body: string }\nlet it = Text { body: "a" }', "Text"),
        ("let it = GET", "HttpMethod"),
        ('let it: List<any> = [1, "a", [true]]', "List<any>"),
        ("let it: any = 1", "any"),
        ('let it = HttpResponse { status: 200, body: "x" }', "HttpResponse"),
    ),
)
def test_declared_types(text: str, expected: str) -> None:
    assert types(text)["it"] == expected


def test_a_type_that_repeats_a_prelude_type_exactly_is_that_type() -> None:
    found = types(
        """
        type HttpMethod = GET | POST | PUT | DELETE | PATCH | HEAD | OPTIONS
        type HttpRequest = {
            method: HttpMethod, path: String, headers: String, body: String, queryParams: String
        }
        fn handle_it(request: HttpRequest) = match request.method { GET => "get" _ => "other" }
        let it = httpListen(1, handle_it)
        let code = httpRequest(1, GET, "/", "", "")
        """
    )
    assert (found["it"], found["code"]) == ("Result<Unit, string>", "Result<int, string>")


@pytest.mark.parametrize(
    "handler",
    [
        "fn(method, path, headers, body) => path",
        "|m, p, h, b| => HttpResponse { status: 200 }",
        '|m, p, h, b| => match m { "GET" => Success(p) _ => Err("no") }',
        '|m, p, h, b| => match m { "GET" => Success(HttpResponse { status: 200 }) _ => Err("no") }',
        "fn(request) => request.path",
        "|r| => HttpResponse { status: 200, body: r.body }",
        '|r| => match r.method { GET => Success("x") _ => Err("no") }',
        "fn(r: HttpRequest) -> Result<HttpResponse, string> => Err(r.path)",
        "named",
        "unannotated",
    ],
)
def test_every_shape_of_an_http_handler(handler: str) -> None:
    text = f"""
        fn named(method: String, path: String, headers: String, body: String) -> String = body
        fn unannotated(m, p, h, b) = "${{m}} ${{p}}"
        let it = httpListen(1, {handler})
        """
    assert types(text)["it"] == "Result<Unit, string>"
