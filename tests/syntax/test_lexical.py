"""Lexical structure: names, numbers, strings, comments, and the faults of each."""

from __future__ import annotations

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax.lexer import tokenize
from ospjit.syntax.parser import parse, refine
from tests.syntax.notation import complaints, expression, parsed


def kinds(text: str) -> list[str]:
    lexer = tokenize(Source("test.osp", text), Diagnostics())
    return [token.type for token in refine(lexer)][:-1]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("_a1 ", "_a1"),
        ("0", "0"),
        ("007", "7"),
        ("1_000_000", "1000000"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("00000000000000000000000001", "1"),
        ("1.5", "1.5"),
        ("1_0.2_5", "10.25"),
        ("1.5e3", "1500.0"),
        ("2.5E-1", "0.25"),
        ("1e3", "1000.0"),
        ("true", "true"),
        ("()", "()"),
        ("1.abs()", "(method 1 abs)"),
    ],
)
def test_names_and_numbers(text: str, tree: str) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"\n\r\t\e\0\"\\\$", '\n\r\t\x1b\0"\\$'),
        (r"\u{41}\u{1F600}\u{0010FFFF}", "A\U0001f600\U0010ffff"),
        (r"\q \u41 \'", r"\q \u41 \'"),
        (r"\${x}", "${x}"),
        ("$5 and $", "$5 and $"),
        ("two\nlines", "two\nlines"),
        ("// no comment", "// no comment"),
        ("größer 日本", "größer 日本"),
        ("", ""),
    ],
)
def test_string_escapes(written: str, value: str) -> None:
    program = parse(Source("test.osp", f'"{written}"'), Diagnostics())
    assert program.statements[0].expr.value == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('"a${x}b"', '(str "a" x "b")'),
        ('"${x}${y}"', "(str x y)"),
        ('"$${x}"', '(str "$" x)'),
        (
            '"${"a" |> repeatOr("b")} ${point.x}"',
            '(str (pipe "a" repeatOr "b") " " (. point x))',
        ),
        ('"${f({ "k": "}" })}"', '(str (call f (map ("k" "}"))))'),
        ('"${if a { "x" } else { "${b}" }}"', '(str (if a (block => "x") else (block => (str b))))'),
        ('"${match v { A => 1 _ => 2 }}"', "(str (match v (A => 1) (_ => 2)))"),
        ('"a\n${x}\n"', '(str "a\\n" x "\\n")'),
    ],
)
def test_interpolation(text: str, tree: str) -> None:
    assert expression(text) == tree


def test_spans_inside_interpolations_point_into_the_source() -> None:
    text = 'let s = "é ${ a + "x${b.c}" }!"'
    program = parse(Source("test.osp", text), Diagnostics())
    outer = program.statements[0].value  # type: ignore[attr-defined]
    assert outer.span.text == text[8:]
    total = outer.parts[1]
    assert total.span.text == 'a + "x${b.c}"'
    assert total.right.parts[1].span.text == "b.c"


def test_keywords_and_classes_of_tokens() -> None:
    assert kinds("let x: int = a |> f(b) ?: -1") == (
        "LET NAME COLON NAME EQ NAME PIPE NAME CALL_LPAREN NAME RPAREN QCOLON LITERAL_MINUS INT".split()
    )
    assert kinds("[h, ...t] { a, .. } a::b != c && !d") == (
        "LBRACKET NAME COMMA ELLIPSIS NAME RBRACKET LBRACE NAME COMMA DOTDOT RBRACE "
        "NAME COLONCOLON NAME NE NAME ANDAND BANG NAME".split()
    )


def test_comments_are_white_space() -> None:
    assert parsed("let x = 1 // one\n// two\n + 2//three") == "(let x (+ 1 2))"


def test_byte_order_mark_and_carriage_returns() -> None:
    assert parsed("\ufefflet x = 1\r\nlet y = 2\r\n") == "(let x 1)  (let y 2)"


def test_empty_sources() -> None:
    for text in ("", "\n", "// only a comment", ";", " ; ; "):
        assert parsed(text) == ""


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("/// One.\n///   Two.\nfn f() = 1", "(doc='One.\\n  Two.' fn f () 1)"),
        ("/// T\nexport let x = 1", "(export doc='T' let x 1)"),
        ("/// D\nexport type T = A | B", "(export doc='D' type T = A | B)"),
        (
            "type P = {\n /// across\n x: int,\n /// up\n y: int }",
            "(type P = {x:int doc='across', y:int doc='up'})",
        ),
        ("type U =\n /// first\n A\n /// second\n | B", "(type U = A doc='first' | B doc='second')"),
        ("/// lost\n// plain\nfn f() = 1", "(fn f () 1)"),
        ("//// not doc\nfn f() = 1", "(fn f () 1)"),
        ("/// nobody\nprint(1)", "(do (call print 1))"),
        ("let x = 1 /// after\nlet y = 2", "(let x 1)  (doc='after' let y 2)"),
    ],
)
def test_rule_10_doc_comments(text: str, tree: str) -> None:
    assert parsed(text) == tree


def test_doc_comments_of_operations() -> None:
    text = "effect E {\n /// Reads.\n get: fn() -> int\n}"
    program = parse(Source("test.osp", text), Diagnostics())
    assert program.statements[0].operations[0].doc == "Reads."  # type: ignore[attr-defined]


def test_link_comments() -> None:
    text = "// @link: m\n//@linkdir: /opt/my libs \nextern fn sqrt(x: float) -> float"
    program = parse(Source("test.osp", text), Diagnostics())
    assert [(link.kind, link.value) for link in program.links] == [("link", "m"), ("linkdir", "/opt/my libs")]
    assert complaints("// @link:") == ["1:1 '@link:' needs a name after it"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("let x = 12ab", ["1:9 '12ab' is not a number"]),
        ("let x = 1__0", ["1:9 '1__0' is not a number"]),
        ("let x = 1_", ["1:9 '1_' is not a number"]),
        ("let x = 0xFF", ["1:9 '0xFF' is not a number"]),
        ("let x = 1.5f", ["1:9 '1.5f' is not a number"]),
        ("let x = 9223372036854775808", ["1:9 integer literal is too large"]),
        ("let x = - 9223372036854775808", ["1:11 integer literal is too large"]),
        ("let x = -9223372036854775809", ["1:10 integer literal is too large"]),
        ("let x = 1e400", ["1:9 float literal is too large: the largest is about 1.8e308"]),
        ("let café = 1", ["1:8 'é' cannot stand in a name"]),
        ("let x = 1 $ 2", ["1:11 unexpected character '$'"]),
        ("let x = \x01 1", ["1:9 unexpected character 'U+0001'"]),
        ("let x = 1 \0", ["1:11 NUL in the source"]),
        ('let x = "a\0b"', ["1:11 NUL in a string"]),
        ('let x = "\ud800"', ["1:10 the source is not valid UTF-8"]),
        ("let x = 'text'", ["1:9 unexpected single quote"]),
        ("let x = 1 /* no */ + 2", ["1:11 comments start with '//', there are no '/* … */'"]),
        ("# no\nlet x = 1", ["1:1 unexpected character '#'"]),
        ("let x = a & b", ["1:11 unexpected character '&'"]),
        (r'let x = "\u{}"', [r"1:10 '\u{}' is not a character"]),
        (r'let x = "\u{D800}"', [r"1:10 '\u{D800}' is not a character"]),
        (r'let x = "\u{110000}"', [r"1:10 '\u{110000}' is not a character"]),
        (r'let x = "\u{41"', [r"1:10 '\u{' is not closed by '}'"]),
        ('let x = "abc', ["1:9 this string is never closed"]),
        ('let x = f([g("abc)])', ["1:14 this string is never closed"]),
        ('let x = {\n  f("abc)\n}', ["2:5 this string is never closed"]),
        ('let x = "abc ${y', ["1:14 this '${' is never closed by '}'"]),
    ],
)
def test_lexical_faults_are_reported_once(text: str, found: list[str]) -> None:
    assert complaints(text) == found


@pytest.mark.parametrize("size", [20, 5_000, 1_000_000])
def test_huge_integers_are_refused_fast(size: int) -> None:
    assert complaints("let x = " + "9" * size) == ["1:9 integer literal is too large"]


@pytest.mark.parametrize("text", ["x\ny()", "1\ny()", '"s"\ny()', "{ true\n y() }", "a::b\ny()"])
def test_values_that_nobody_uses(text: str) -> None:
    assert [found.split(" ", 1)[1] for found in complaints(text)] == ["this value is not used"]


def test_the_last_value_of_a_block_or_file_is_used() -> None:
    assert parsed("{ 1 }\nx") == "(do (block => 1))  (do x)"


def test_text_that_was_no_utf8() -> None:
    """Half of a surrogate pair, as Python reads it from bytes: one error, and the rest parses."""
    source, diagnostics = Source("test.osp", 'let x = "\ud800"\nlet y = 2'), Diagnostics()
    assert len(parse(source, diagnostics).statements) == 2
    assert [(d.code, d.message) for d in diagnostics.items] == [("OSP1001", "the source is not valid UTF-8")]
