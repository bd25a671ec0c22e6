"""Whole programs parse without a word: the network chapter's examples, and one of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from ospjit.diagnostics import Diagnostics, Source
from ospjit.plain import fields
from ospjit.syntax import ast
from ospjit.syntax.dump import dump_ast, dump_tokens
from ospjit.syntax.lexer import tokenize
from ospjit.syntax.parser import parse, refine

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.osp"))

STATEMENTS = {
    "http_client": 3,
    "http_types": 3,
    "raw_handler": 4,
    "typed_handler": 3,
    "websocket": 7,
    "whole_language": 17,
}


def test_all_programs_are_listed() -> None:
    assert {path.stem for path in PROGRAMS} == set(STATEMENTS)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path) -> None:
    diagnostics = Diagnostics()
    program = parse(Source(path.name, path.read_text(encoding="utf-8")), diagnostics)
    assert not diagnostics.items, [(item.span, item.message) for item in diagnostics.items]
    assert len(program.statements) == STATEMENTS[path.stem]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_node_lies_within_its_parent(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    program = parse(Source(path.name, text), Diagnostics())
    stack: list[ast.Node] = list(program.statements)
    seen = 0
    while stack:
        node = stack.pop()
        seen += 1
        assert 0 <= node.span.start < node.span.end <= len(text), node
        for child in _children(node):
            assert node.span.start <= child.span.start and child.span.end <= node.span.end, (node, child)
            stack.append(child)
    assert seen > 20


def _children(node: ast.Node) -> list[ast.Node]:
    found: list[ast.Node] = []
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, list) else [value]:
            parts = part if isinstance(part, tuple) else (part,)
            found += [child for child in parts if isinstance(child, ast.Node)]
    return found


def test_dump_of_a_tree() -> None:
    source = Source("test.osp", '/// Doc.\nfn f(a: int) = g(x: a, y: "é\\n") ?: -1.5\n// @link: m\n')
    assert dump_ast(parse(source, Diagnostics())) == (
        'Link 3:1 kind=link value="m"\n'
        'FnDecl 2:1 name=f doc="Doc."\n'
        "  params: Param 2:6 name=a\n"
        "    type: TName 2:9 name=int\n"
        "  body: Default 2:16\n"
        "    value: Call 2:16\n"
        "      fn: Name 2:16 name=g\n"
        "      args: Name 2:21 name=a\n"
        '      args: StringLit 2:27 value="\\xe9\\n"\n'
        "      names: Ident 2:18 name=x\n"
        "      names: Ident 2:24 name=y\n"
        "    fallback: FloatLit 2:37 value=-1.5\n"
    )


def test_dump_of_tokens() -> None:
    source = Source("test.osp", 'f(-1)\n{ "a": "${x}" }')
    assert dump_tokens(refine(tokenize(source, Diagnostics())), source).splitlines() == [
        '1:1 NAME "f"',
        "1:2 CALL_LPAREN",
        "1:3 LITERAL_MINUS",
        "1:4 INT 1",
        "1:5 RPAREN",
        "2:1 LBRACE",
        '2:3 STRING "a"',
        "2:6 COLON",
        "2:8 STRING_OPEN",
        "2:9 INTERP_OPEN",
        '2:11 NAME "x"',
        "2:12 INTERP_CLOSE",
        "2:13 STRING_CLOSE",
        "2:15 RBRACE",
        "2:16 $end",
    ]
