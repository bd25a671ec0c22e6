"""Patterns: what they bind, what is missing, what cannot be reached."""

from __future__ import annotations

import time

import pytest

from tests.types.checked import complaints, program, types

DECLARED = """\
type Color = Red | Green | Blue
type Shape = Circle { radius: float } | Rect { w: float, h: float } | Dot
type Tree<T> = Leaf | Node(Tree<T>, T, Tree<T>)
type Pair = Pair(Color, bool)
type User = { name: string, color: Color }
"""
FIRST = DECLARED.count("\n") + 1


def _messages(parameter: str, arms: str) -> list[str]:
    """The diagnostics of a match with these arms over a parameter of this type, without their places."""
    found = complaints(f"{DECLARED}fn f(x: {parameter}) = match x {{ {arms} }}")
    return [message.partition(" ")[2] for message in found]


def _missing(*patterns: str) -> list[str]:
    return [f"match is not exhaustive: missing patterns: [{', '.join(patterns)}]"]


@pytest.mark.parametrize(
    ("parameter", "arms"),
    [
        ("Color", "Red => 1 Green => 2 Blue => 3"),
        ("Color", "Red | Green => 1 Blue => 2"),
        ("Color", "Red => 1 _ => 2"),
        ("Color", "c => c"),
        ("Color", "Red if 1 < 2 => 1 Red => 2 _ => 3"),
        ("bool", "true => 1 false => 2"),
        ("int", "0 => 1 -1 => 2 n => n"),
        ("float", "0.5 => 1 _ => 2"),
        ("string", '"a" => 1 _ => 2'),
        ("Unit", "_ => 1"),
        ("Shape", "Circle { radius } => radius Rect { w, h: height } => w * height Dot => 0.0"),
        ("Shape", "Circle { radius: r } => r Rect(w, _) => w Dot => 0.0"),
        ("Shape", "Circle r => r Rect => 1.0 Dot => 0.0"),
        ("Tree<int>", "Leaf => 0 Node(_, v, _) => v"),
        ("Tree<int>", "Leaf => 0 Node(Leaf, v, _) => v Node(Node(_, a, _), _, _) => a"),
        ("Tree<int>", "Leaf => 0 Node => 1"),
        ("Pair", "(Red, b) => b, (_, true) => true, (Green | Blue, false) => false"),
        ("Pair", "Pair(c, b) => b"),
        ("User", "{ name, color } => name"),
        ("User", "{ name, .. } => name"),
        ("User", "User { name, color: Red } => name whole: { name, .. } => whole.name"),
        ("{ a: int, b: bool }", "{ a, b: true } => a { a, b: false } => 0"),
        ("Result<int, string>", "Success v => v Error m => 0"),
        ("Result<int, string>", "Ok(v) => v Err _ => 0"),
        ("Result<int, string>", "Success { value } => value Error { message: m } => 0"),
        ("Result<int, string>", "Success { n } => n Error => 0"),
        ("Result<Color, string>", "Success Red => 1 Success(Green | Blue) => 2 Error => 3"),
        ("Result<List<int>, string>", "Success [] => 0 Success [a, ..._] => a Error => 3"),
        ("List<int>", "[] => 0 [a] => a [a, b] => b [a, b, ...rest] => a"),
        ("List<int>", "[] => 0 [head, ...tail] => head"),
        (
            "List<bool>",
            "[] => 0 [true, ..._] => 1 [false] => 2 [false, true, ..._] => 3 [_, false, ..._] => 4",
        ),
        ("any", "n: int => 1 s: string => 2 { name, age } => 3 { id, .. } => 4 _ => 5"),
        ("any", 'xs: List<int> => 1 c: Color => 2 5.5 => 3 "a" => 4 Dot => 5 _ => 6'),
        ("int", "Success v => v Error _ => 0"),
        ("int", "n: int => n"),
    ],
)
def test_exhaustive(parameter: str, arms: str) -> None:
    assert _messages(parameter, arms) == []


@pytest.mark.parametrize(
    ("parameter", "arms", "expected"),
    [
        ("Color", "Red => 1 Green => 2", _missing("Blue")),
        ("Color", "Red => 1", _missing("Green", "Blue")),
        ("Color", "Red if true => 1 Green => 2 Blue => 3", _missing("Red")),
        ("bool", "true => 1", _missing("false")),
        ("int", "1 => 1 2 => 2", _missing("_")),
        ("float", "1.5 => 1", _missing("_")),
        ("string", '"a" => 1', _missing("_")),
        ("any", "n: int => 1", _missing("_")),
        ("Result<int, string>", "Success v => v", _missing("Error")),
        ("Result<int, string>", "Error m => 1", _missing("Success")),
        ("Result<bool, string>", "Success true => 1 Error => 2", _missing("Success(false)")),
        ("Shape", "Circle => 1", _missing("Rect", "Dot")),
        ("Shape", "Circle => 1 Rect { w: 1.0, h } => 2 Dot => 3", _missing("Rect")),
        ("Tree<int>", "Leaf => 1 Node(Leaf, _, _) => 2", _missing("Node(Node, _, _)")),
        ("Pair", "(Red, true) => 1, (Green, _) => 2", _missing("Pair(Red, false)", "Pair(Blue, _)")),
        ("User", "{ name, color: Red } => 1", _missing("User { color: Green }", "User { color: Blue }")),
        ("{ a: bool, b: bool }", "{ a: true, b } => 1", _missing("{ a: false, b: _ }")),
        ("List<int>", "[] => 1", _missing("[_, ..._]")),
        ("List<int>", "[a, ..._] => 1", _missing("[]")),
        ("List<int>", "[] => 1 [a] => 2", _missing("[_, _, ..._]")),
        ("List<int>", "[a, b, ..._] => 1", _missing("[]", "[_]")),
    ],
)
def test_missing(parameter: str, arms: str, expected: list[str]) -> None:
    assert _messages(parameter, arms) == expected


@pytest.mark.parametrize(
    ("parameter", "arms", "expected"),
    [
        ("Color", "Red => 1 Red => 2 _ => 3", "duplicate match arm: pattern 'Red' appears multiple times"),
        ("int", "1 => 1 1 => 2 _ => 3", "duplicate match arm: pattern '1' appears multiple times"),
        ("string", '"a" => 1 "a" => 2 _ => 3', "duplicate match arm: pattern '\"a\"' appears multiple times"),
        ("Color", "_ => 1 Red => 2", "wildcard pattern must be the last arm"),
        ("Color", "c => 1 Red => 2", "wildcard pattern must be the last arm"),
        ("Color", "Red => 1 Green => 2 Blue => 3 _ => 4", "unreachable match arm"),
        ("Shape", "Dot => 0 Circle => 1 Circle { radius: 1.0 } => 2 Rect => 3", "unreachable match arm"),
        ("List<int>", "[] => 0 [a, ..._] => 1 [b, c] => 2", "unreachable match arm"),
        (
            "Color",
            "Red | Green => 1 Green | Blue => 2",
            "duplicate match arm: pattern 'Green' appears multiple times",
        ),
        ("any", "n: int => 1 5 => 2 _ => 3", "unreachable match arm"),
        ("Color", "Red => 1 Purple => 2 _ => 3", "unknown variant 'Purple' is not defined in type 'Color'"),
        ("Color", "Red => 1 Dot => 2 _ => 3", "unknown variant 'Dot' is not defined in type 'Color'"),
        (
            "Result<int, string>",
            "Red => 1 _ => 2",
            "unknown variant 'Red' is not defined in type 'Result<int, string>'",
        ),
        ("int", "Red => 1 _ => 2", "type mismatch: expected int, found Color"),
        ("int", '"a" => 1 _ => 2', "type mismatch: expected int, found string"),
        ("int", "[] => 1 _ => 2", "type mismatch: expected int, found List<_>"),
        ("Shape", "Circle(a, b) => 1 _ => 2", "'Circle' holds 1 value, the pattern has 2"),
        ("Shape", "Dot(a) => 1 _ => 2", "'Dot' holds no values, the pattern has 1"),
        ("Shape", "Circle { size } => 1 _ => 2", "variant 'Circle' has no field 'size'"),
        ("Tree<int>", "Node { a } => 1 _ => 2", "'Node' has no named fields"),
        ("Tree<int>", "Node(a, b, a) => 1 _ => 2", "'a' is bound twice in this pattern"),
        (
            "Tree<int>",
            "Node(a, 1, _) | Node(_, 2, b) => 1 _ => 2",
            "'a' has to be bound by every alternative of this pattern",
        ),
        ("User", "{ name } => 1", "the pattern leaves out 'color' of User"),
        ("User", "{ nick, .. } => 1", "User has no field 'nick'"),
        ("int", "(a, b) => 1", "this pattern needs a variant with 2 positional values, found int"),
        ("Result<int, string>", "Success { value: a, more: b } => 1 _ => 2", "'Success' has no field 'more'"),
    ],
)
def test_refused(parameter: str, arms: str, expected: str) -> None:
    assert expected in _messages(parameter, arms)


def test_a_pattern_settles_an_unknown_type() -> None:
    text = """
        fn color(c) = match c { Red => 1 _ => 2 }
        fn result(r) = match r { Success v => v _ => 2 }
        fn list(xs) = match xs { [x] => x + 1.5 _ => 2.0 }
        fn text(s) = match s { "a" => 1 _ => 2 }
        fn record(r) = match r { { a, b } => a + b + 1.5 }
        """
    found = types(DECLARED + text)
    assert found["color"] == "(c: Color) -> int"
    assert found["result"] == "<a>(r: Result<int, a>) -> int"
    assert found["list"] == "<a>(xs: List<a>) -> float"
    assert found["text"] == "(s: string) -> int"


def test_success_on_a_plain_value_takes_the_value_and_drops_the_error_arm() -> None:
    made = program("fn f(x: int) = match x { Success v => v Error m => length(m) }")
    match = made.functions["f"].body
    assert len(match.arms) == 1  # type: ignore[attr-defined]


def test_the_programs_own_ok_and_err() -> None:
    found = types("type T = Ok { n: int } | Err\nfn f(t) = match t { Ok { n } => n Err => 0 }")
    assert found["f"] == "(t: T) -> int"


def test_variants_of_two_types_with_one_name_are_told_apart_by_the_type() -> None:
    text = """
        type A = Same | OnlyA
        type B = Same | OnlyB
        fn f(a: A) = match a { Same => 1 OnlyA => 2 }
        fn g(b: B) = match b { Same => 1 OnlyB => 2 }
        let x: B = Same
        let y = g(Same)
        """
    assert complaints(text) == []


def test_matches_inside_matches_are_checked_too() -> None:
    text = "fn f(a: bool, b: bool) = match a { true => match b { true => 1 } false => 2 }"
    assert complaints(text) == ["1:44 match is not exhaustive: missing patterns: [false]"]


def test_a_large_match_is_quick() -> None:
    variants = [f"V{i}" for i in range(300)]
    arms = " ".join(f"{v} => {i}" for i, v in enumerate(variants[:-1]))
    literals = " ".join(f'"{i}" => {i}' for i in range(300))
    text = f"""
        type V = {" | ".join(variants)}
        fn f(v: V) = match v {{ {arms} }}
        fn g(s: string) = match s {{ {literals} _ => 0 }}
        """
    start = time.perf_counter()
    assert complaints(text) == ["3:22 match is not exhaustive: missing patterns: [V299]"]
    assert time.perf_counter() - start < 5


def test_an_exponential_match_ends() -> None:
    fields = ", ".join(f"f{i}: bool" for i in range(24))
    arms = " ".join(f"T {{ f{i}: true, f{(i + 7) % 24}: false }} => 1" for i in range(24))
    text = f"type T = {{ {fields} }}\nfn f(t: T) = match t {{ {arms} _ => 0 }}"
    start = time.perf_counter()
    assert complaints(text) == []
    assert time.perf_counter() - start < 5
