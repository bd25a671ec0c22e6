"""`ospjit.compile`: a module's functions, what they take and give, and what is refused."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

import ospjit
from ospjit import Error, Success

SOURCE = """
type Point = { x: int, y: int }
type Line = { from: Point, to: Point, tags: List<string> }
type Shape = Circle { radius: float } | Rect { w: float, h: float } | Dot
type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)
type Problem = Missing { key: string } | Broken
type Color = Red | Green | Blue

/// Adds two numbers.
/// The sum may be too large.
export fn add(a: int, b: int) = a + b
export fn scale(x: float, y: float) = x * y
export fn both(a: bool, b: bool) -> bool = a && b
export fn nothing(a: int) -> Unit = ()
export fn greet(name: string) = "hi " + name
export fn swap(p: Point) = Point { x: p.y, y: p.x }
export fn line(l: Line) -> Line = l
export fn area(s: Shape) -> float = match s {
    Circle { radius } => 3.0 * radius * radius
    Rect { w, h } => w * h
    Dot => 0.0
}
export fn shapes(n: int) -> List<Shape> = [Circle { radius: 1.0 }, Rect { w: 1.0, h: 2.0 }, Dot]
export fn total(t: Tree<int>) -> int = match t {
    Leaf => 0
    Node(l, v, r) => (total(l) + v + total(r)) ?: 0
}
export fn grow(t: Tree<int>, v: int) -> Tree<int> = Node(t, v, Leaf)
export fn next(c: Color) -> Color = match c { Red => Green  Green => Blue  Blue => Red }
export fn doubled(xs: List<int>) -> List<int> = mapList(xs, fn(x) => x * 2 ?: 0)
export fn halves(xs: List<float>) -> List<float> = mapList(xs, fn(x) => x * 0.5)
export fn nested(xs: List<List<string>>) -> int = foldList(xs, 0, fn(n, l) => (n + listLength(l)) ?: 0)
export fn counts(words: List<string>) -> Map<string, int> =
    foldList(words, Map(), fn(m, w) => mapSet(m, w, ((mapGet(m, w) ?: 0) + 1) ?: 0))
export fn byNumber(m: Map<int, string>) -> Map<int, string> = m
export fn find(m: Map<string, int>, key: string) -> Result<int, Problem> = match mapGet(m, key) {
    Success value => Success(value)
    Error _ => Error(Missing { key: key })
}
export fn opened(r: Result<int, string>) -> string = match r {
    Success n => "got ${n}"
    Error m => "no: ${m}"
}
export fn deep(n: int) -> int = if n == 0 { 0 } else { (deep((n - 1) ?: 0) + 1) ?: 0 }
export fn structural(p: { x: int, y: int }) -> int = (p.x - p.y) ?: 0
export fn apply(f: (int) -> int, x: int) -> int = f(x)
export fn adder(n: int) -> (int) -> int = fn(x) => (x + n) ?: 0
export fn compose(f: (int) -> int, g: (int) -> int) -> (int) -> int = fn(x) => g(f(x))
export fn each(xs: List<string>, f: (string) -> Unit) -> Unit = forEachList(xs, f)
export fn onPoint(f: (Point) -> Result<Point, string>, p: Point) -> string = match f(p) {
    Success q => "${q}"
    Error m => m
}
export fn inFiber(f: (int) -> int) -> int = await(spawn f(20))
export fn caught(f: (int) -> int) -> string = match awaitResult(spawn f(1)) {
    Success n => "${n}"
    Error m => m
}
export fn slow(ms: int) -> int { sleep(ms)  ms }
export fn pass(class: int, _: int) -> int = class
export fn identity(x) = x
export fn channel() = Channel<int> { capacity: 1 }
export fn anything(x: any) -> int = 0
fn hidden(a: int) -> int = a
"""


@pytest.fixture(scope="module")
def m() -> ospjit.Module:
    return ospjit.compile(SOURCE, name="shapes", opt_level=1)


# ---- values


def test_numbers(m) -> None:
    assert m.add(1, 2) == Success(3)
    assert m.add(b=5, a=2**62) == Success(2**62 + 5)
    assert m.add(2**63 - 1, 1) == Error("integer overflow")
    assert m.add(-(2**63), 0) == Success(-(2**63))
    assert m.scale(2.5, 4.0) == 10.0
    assert m.scale(2, 3) == 6.0 and type(m.scale(2, 3)) is float
    assert (m.both(True, True), m.both(True, False)) == (True, False)
    assert m.nothing(5) is None


def test_text_is_passed_as_it_is(m) -> None:
    for text in ("", "grüße 🦅", "a\0b", "\udcff", "x" * 1_000_000):
        assert m.greet(text) == "hi " + text
    assert m.greet(b"bytes \xff") == "hi bytes \udcff"


def test_records_are_dataclasses(m) -> None:
    p = m.Point(1, 2)
    assert m.swap(p) == m.Point(x=2, y=1)
    assert dataclasses.is_dataclass(m.Point) and repr(p) == "Point(x=1, y=2)"
    assert hash(p) == hash(m.Point(1, 2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.x = 5
    assert typing.get_type_hints(m.Point) == {"x": int, "y": int}
    line = m.Line(from_=p, to=m.Point(3, 4), tags=["a", "b"])  # `from` is a word of Python's
    assert m.line(line) == line
    assert typing.get_type_hints(m.Line) == {"from_": m.Point, "to": m.Point, "tags": list[str]}
    assert m.Point.__module__ == "shapes"
    assert m.structural({"x": 5, "y": 2}) == m.structural(m.Point(5, 2)) == 3


def test_unions_are_taken_apart_by_match(m) -> None:
    def described(shape: object) -> str:
        match shape:
            case m.Circle(radius):
                return f"circle {radius}"
            case m.Rect(w, h=h):
                return f"rect {w} {h}"
            case m.Dot():
                return "dot"
        raise AssertionError(shape)

    assert [described(s) for s in m.shapes(0)] == ["circle 1.0", "rect 1.0 2.0", "dot"]
    assert [m.area(s) for s in (m.Circle(2.0), m.Rect(2.0, 3), m.Dot())] == [12.0, 6.0, 0.0]
    assert issubclass(m.Circle, m.Shape) and m.Shape.Circle is m.Circle
    assert m.next(m.Red()) == m.Green() and m.next(m.Blue()) == m.Red()
    tree = m.Node(m.Node(m.Leaf(), 4, m.Leaf()), 5, m.Leaf())
    assert m.total(tree) == 9
    match m.grow(tree, 7):
        case m.Node(left, value, right):
            assert (left, value, right) == (tree, 7, m.Leaf())


def test_types_of_the_prelude() -> None:
    source = """export fn next(m: HttpMethod) -> HttpMethod = match m { GET => POST  _ => GET }
    export fn decoded(text: string) -> Result<JsonValue, Error> = jsonDecode(text)"""
    with ospjit.compile(source, opt_level=0) as made:
        assert made.next(made.GET()) == made.POST()
        assert made.next(made.HttpMethod.PUT()) == made.GET()
        match made.decoded('[1, {"a": null}]'):
            case Success(made.JsonArray([made.JsonNumber(number), made.JsonObject(fields)])):
                assert (number, fields) == (1.0, {"a": made.JsonNull()})
            case other:
                raise AssertionError(other)
        assert isinstance(made.decoded("["), Error)


def test_functions_inside_of_values() -> None:
    source = """type Rule<T> = { start: T, step: (T) -> T }
    export fn run(r: Rule<int>) -> int = r.step(r.step(r.start))
    export fn nested(f: ((int) -> int) -> int) -> int = f(fn(x) => x + 1 ?: 0)
    export fn curried(f: (int) -> (int) -> int) -> int = f(1)(2)"""
    with ospjit.compile(source, opt_level=0) as made:
        assert made.run(made.Rule(3, lambda x: x * x)) == 81
        assert made.nested(lambda g: g(10)) == 11
        assert made.curried(lambda a: lambda b: a + b) == 3


def test_lists_and_dicts(m) -> None:
    assert m.doubled([1, 2, 3]) == [2, 4, 6]
    assert m.doubled(()) == []
    assert m.doubled(range(100_000)) == [2 * n for n in range(100_000)]
    assert m.halves([1, 2.0]) == [0.5, 1.0]
    assert m.nested([["a"], [], ["b", "c"]]) == 3
    assert m.counts(["a", "b", "a"]) == {"a": 2, "b": 1}
    assert m.byNumber({5: "five", -1: "minus"}) == {5: "five", -1: "minus"}


def test_results(m) -> None:
    assert m.find({"a": 1}, "a") == Success(1)
    match m.find({"a": 1}, "b"):
        case Error(m.Missing(key)):
            assert key == "b"
        case other:
            raise AssertionError(other)
    assert m.opened(Success(5)) == "got 5"
    assert m.opened(Error("why")) == "no: why"
    assert Success(1) and not Error("x")
    assert (Success(1).unwrap(), Error("x").unwrap_or(5)) == (1, 5)
    with pytest.raises(ValueError, match=r"^x$"):
        Error("x").unwrap()
    assert {Success(1), Success(1), Error(1)} == {Success(1), Error(1)}


# ---- what Python says about a function


def test_signatures_and_documentation(m) -> None:
    assert str(inspect.signature(m.scale)) == "(x: float, y: float) -> float"
    assert typing.get_type_hints(m.add) == {"a": int, "b": int, "return": Success[int] | Error[str]}
    assert typing.get_type_hints(m.find) == {
        "m": dict[str, int],
        "key": str,
        "return": Success[int] | Error[m.Problem],
    }
    assert typing.get_type_hints(m.apply)["f"] == Callable[[int], int]
    assert typing.get_type_hints(m.nothing)["return"] is type(None)
    assert inspect.getdoc(m.add) == "Adds two numbers.\nThe sum may be too large."
    assert (m.add.__name__, m.add.__module__) == ("add", "shapes")
    assert str(inspect.signature(getattr(m, "pass"))) == "(class_: int, _1: int) -> int"
    assert "add" in m.__all__ and "Point" in m.__all__ and "hidden" not in m.__all__
    assert repr(m) == "<Osprey module 'shapes'>"


def test_without_export_every_function_of_the_file_can_be_called() -> None:
    with ospjit.compile("fn one() -> int = 1\nfn two() -> int = one() + one() ?: 0", opt_level=0) as made:
        assert (made.one(), made.two()) == (1, 2)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "adding.osp"
    path.write_text("export fn add(a: int, b: int) -> int = (a + b) ?: 0\nlet x: int = 1\n")
    for source in (path, str(path)):
        made = ospjit.compile(source, opt_level=0)
        assert (made.__name__, made.add(1, 2)) == ("adding", 3)
    with pytest.raises(FileNotFoundError):
        ospjit.compile("nowhere.osp")
    path.write_bytes(b"// \xff")
    with pytest.raises(ValueError, match="not UTF-8"):
        ospjit.compile(path)


# ---- what is refused


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        ("add", ("x", 1), TypeError, "argument 'a' of 'add' (int) must be int, not str"),
        ("add", (1, 2.0), TypeError, "argument 'b' of 'add' (int) must be int, not float"),
        ("add", (True, 2), TypeError, "argument 'a' of 'add' (int) must be int, not bool"),
        ("add", (1, 2**63), OverflowError, "argument 'b' of 'add' (int) does not fit in an int of 64 bits"),
        ("scale", ("1", 2), TypeError, "argument 'x' of 'scale' (float) must be float, not str"),
        ("scale", (10**400, 2), OverflowError, "argument 'x' of 'scale' (float) does not fit"),
        ("both", (1, True), TypeError, "argument 'a' of 'both' (bool) must be bool, not int"),
        ("greet", (5,), TypeError, "argument 'name' of 'greet' (string) must be str or bytes, not int"),
        ("swap", ((1, 2),), TypeError, "argument 'p' of 'swap' (Point) must be Point, not tuple"),
        ("area", (5,), TypeError, "argument 's' of 'area' (Shape) must be a Shape, not int"),
        ("doubled", ("abc",), TypeError, "argument 'xs' of 'doubled' (List<int>) must be a list, not str"),
        ("doubled", ([1, None],), TypeError, "(List<int>), at [1], must be int, not NoneType"),
        ("doubled", ([1, 2**64],), OverflowError, "(List<int>), at [1], does not fit"),
        ("nested", ([["a"], [b"b", 5]],), TypeError, "at [1][1], must be str or bytes, not int"),
        ("find", ({5: 1}, "a"), TypeError, "at [the key 5], must be str or bytes, not int"),
        ("find", ({"a": "b"}, "a"), TypeError, "at ['a'], must be int, not str"),
        ("opened", (5,), TypeError, "must be ospjit.Success or ospjit.Error, not int"),
        ("apply", (5, 1), TypeError, "argument 'f' of 'apply' ((int) -> int) must be a function, not int"),
        ("structural", ({"x": 1},), TypeError, "must be a record { x: int, y: int }, not dict"),
        ("identity", (1,), TypeError, "function 'identity' is generic: give its parameters types"),
        ("channel", (), TypeError, "'channel' cannot be called from Python: a value of type Channel<int>"),
        ("anything", (1,), TypeError, "a value of type any cannot enter a module"),
    ],
)
def test_a_wrong_argument_is_named(m, function, arguments, error, message) -> None:
    with pytest.raises(error) as caught:
        getattr(m, function)(*arguments)
    assert message in str(caught.value)


def test_what_is_wrong_inside_of_a_record(m) -> None:
    with pytest.raises(TypeError, match=r"\(Point\), at \.y, must be int, not str"):
        m.swap(m.Point(1, "2"))
    with pytest.raises(TypeError, match=r"at \.to\.x, must be int"):
        m.line(m.Line(m.Point(1, 2), m.Point(None, 2), []))
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'b'|missing 1"):
        m.add(1)


def test_a_compile_error_carries_its_diagnostics() -> None:
    with pytest.raises(ospjit.CompileError) as caught:
        ospjit.compile('let count: int = "many"\nprint(lenght("abc"))\n', name="wrong.osp")
    assert [d.code for d in caught.value.diagnostics] == ["OSP3001", "OSP2002"]
    assert str(caught.value).splitlines()[:4] == [
        "wrong.osp:1:18: error[OSP3001]: type mismatch: expected int, found string",
        "  |",
        '1 | let count: int = "many"',
        "  |                  ^^^^^^",
    ]
    with pytest.raises(ospjit.CompileError, match="--no-http"):
        ospjit.compile('export fn f() = httpCreateServer(0, "")', disabled=["http"])
    with pytest.raises(ValueError, match="no capability 'web'"):
        ospjit.compile("", disabled=["web"])
    with pytest.raises(ValueError, match="opt_level"):
        ospjit.compile("", opt_level=5)


# ---- functions both ways


def test_functions_of_python(m) -> None:
    assert m.apply(lambda x: x + 1, 41) == 42
    assert m.apply(int.bit_length, 255) == 8
    seen: list[str] = []
    m.each(["a", "b"], seen.append)
    assert seen == ["a", "b"]
    assert m.onPoint(lambda p: Success(m.Point(p.y, p.x)), m.Point(1, 2)) == "Point { x: 2, y: 1 }"
    assert m.onPoint(lambda p: Error(f"no {p}"), m.Point(1, 2)) == "no Point(x=1, y=2)"


def test_functions_of_osprey(m) -> None:
    add5 = m.adder(5)
    assert (add5(1), add5(-5)) == (6, 0)
    assert m.apply(add5, 10) == 15  # goes back as it is
    both = m.compose(add5, lambda x: x * 10)
    assert both(1) == 60
    with pytest.raises(TypeError, match=r"argument '1' of '\(int\) -> int' \(int\) must be int, not str"):
        add5("x")
    with pytest.raises(TypeError, match="called with 2 arguments"):
        add5(1, 2)
    assert repr(add5) == "<Osprey function of type (int) -> int>"


def test_a_function_that_calls_back_into_osprey(m) -> None:
    assert m.apply(lambda x: m.apply(lambda y: m.deep(y) + 1, x) + 1, 40) == 42


def test_an_exception_in_a_function_of_python_is_raised(m) -> None:
    wanted = KeyError("no")

    def fail(x: int) -> int:
        raise wanted

    for _ in range(3):
        with pytest.raises(KeyError) as caught:
            m.apply(fail, 1)
        assert caught.value is wanted
    with pytest.raises(TypeError, match=r"the result of '.*' \(int\) must be int, not str"):
        m.apply(lambda x: "text", 1)
    assert m.apply(lambda x: x, 1) == 1


def test_functions_of_python_in_other_fibers(m, caplog: pytest.LogCaptureFixture) -> None:
    assert m.inFiber(lambda x: x + 1) == 21

    def fail(x: int) -> int:
        raise ValueError("why")

    assert m.caught(fail) == "a function of Python raised ValueError: why"
    (record,) = caplog.records
    assert record.name == "ospjit" and record.exc_info is not None


# ---- failures


def test_a_failed_fiber_is_an_error(m) -> None:
    for _ in range(3):
        with pytest.raises(ospjit.FiberError, match="stack exhausted"):
            m.deep(10**9)
        assert m.deep(10_000) == 10_000


def test_the_statements_of_a_file_run_once(capfd: pytest.CaptureFixture[str]) -> None:
    source = 'let x = 40\nlet y = print("loaded")\nfn get() -> int = x + 2 ?: 0\nfn main() = print("main")'
    made = ospjit.compile(source, opt_level=0)
    assert capfd.readouterr().out == "loaded\n"
    assert made.get() == 42
    made.main()
    assert capfd.readouterr().out == "main\n"
    with pytest.raises(ospjit.FiberError, match="closed"):
        ospjit.compile("let c = Channel<int> { capacity: 1 }\nclose(c)\nlet x = recv(c)", opt_level=0)
