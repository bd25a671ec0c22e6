"""The textual form: print, parse, print is the identity; what is wrong is said with its place."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ospjit.dialects  # noqa: F401
from ospjit.diagnostics import Span
from ospjit.ir import (
    Block,
    IRSyntaxError,
    Operation,
    Region,
    body_of,
    i64,
    new_module,
    parse_module,
    print_op,
    verify,
)
from tests.ir.corpus import CORPUS
from tests.ir.generator import random_module

randoms = st.integers(0, 2**64 - 1).map(Random)


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_print_parse_print_is_the_identity(text: str) -> None:
    module = parse_module(text, allow_unregistered=True)
    for locations in (True, False):
        once = print_op(module, locations)
        assert print_op(parse_module(once, allow_unregistered=True), locations) == once


@given(randoms)
@settings(max_examples=80, deadline=None)
def test_random_ir_survives(random: Random) -> None:
    module = random_module(random)
    verify(module)
    text = print_op(module)
    again = parse_module(text)
    verify(again)
    assert print_op(again) == text
    assert print_op(module.clone()) == text
    assert [op.loc for op in again.walk()] == [op.loc if op.loc.known else again.loc for op in module.walk()]


def test_names_start_anew_in_every_function() -> None:
    body = '"func.func"() ({\n  ^bb0(%arg0: i64):\n    %0 = "test.x"(%arg0) : (i64) -> i64\n'
    text = print_op(parse_module((body + '}) {sym_name = "f"} : () -> ()\n') * 2, allow_unregistered=True))
    assert text.count("^bb0(%arg0: i64):") == 2 and text.count('%0 = "test.x"(%arg0)') == 2


def test_unknown_locations_are_not_printed() -> None:
    assert "loc" not in print_op(parse_module('"test.x"() : () -> ()', allow_unregistered=True))


def test_an_operation_alone_names_what_is_outside() -> None:
    block = Block([i64])
    block.append(Operation("test.branch", block.args, successors=[block]))
    assert print_op(block.ops[0]) == '"test.branch"(%outer0)[^outer0] : (i64) -> ()\n'


def test_an_entry_block_without_operations_keeps_its_place() -> None:
    region = Region([Block(), Block()])
    region.blocks[1].append(Operation("test.x"))
    module = new_module()
    body_of(module).append(Operation("test.region", regions=[region]))
    again = parse_module(print_op(module), allow_unregistered=True)
    assert [len(block.ops) for block in body_of(again).ops[0].regions[0].blocks] == [0, 1]


def test_long_blocks_and_deep_regions_do_not_recurse() -> None:
    text = '"test.x"() : () -> ()\n' * 5000 + '"test.r"() ({\n' * 3000 + "}) : () -> ()\n" * 3000
    once = print_op(parse_module(text, allow_unregistered=True))
    assert print_op(parse_module(once, allow_unregistered=True)) == once


def test_positions_of_operations() -> None:
    positions: dict[Operation, Span] = {}
    parse_module('\n  "test.x"() : () -> ()\n %0 = "test.y"() : () -> i64', "f", True, positions)
    assert sorted((op.name, span.position()) for op, span in positions.items()) == [
        ("test.x", (2, 3)),
        ("test.y", (3, 2)),
    ]


ERRORS = [
    ("module {}", "1:1", "expected an operation in generic form"),
    ('"t.x"()', "1:8", "expected ':', found the end"),
    ('"t.x"(%a) : () -> ()', "1:1", "1 operands, but 0 types"),
    ('"t.x"(%a) : (i64) -> ()', "1:7", "%a is used, but not defined"),
    ('%a = "t.x"() : () -> ()', "1:1", "1 results are named, but there are 0"),
    ('%a:2 = "t.x"() : () -> i64', "1:1", "2 results are named, but there are 1"),
    ('%a:0 = "t.x"() : () -> ()', "1:4", "number of results"),
    ('%a:99999999999 = "t.x"() : () -> ()', "1:4", "number of results"),
    ('%a#1 = "t.x"() : () -> i64', "1:1", "without '#'"),
    ('%a = "t.x"() : () -> i64\n%a = "t.x"() : () -> i64', "2:1", "%a is defined twice"),
    ('%a = "t.x"() : () -> i64\n"t.y"(%a) : (i1) -> ()', "2:7", "%a is of type i64, but is used as i1"),
    ('"t.y"(%a) : (i1) -> ()\n%a = "t.x"() : () -> i64', "1:7", "%a is used as i1, but is of type i64"),
    ('%a = "t.x"() : () -> i64\n"t.y"(%a#1) : (i64) -> ()', "2:7", "%a has 1 results"),
    ('"t.y"(%a#1) : (i64) -> ()\n%a = "t.x"() : () -> i64', "1:7", "%a has 1 results"),
    ('%a = "t.x"() : () -> i64\n"t.y"(%a#99999999999999) : (i64) -> ()', "2:7", "%a has 1 results"),
    ('"t.x"() : i64', "1:11", "expected a function type"),
    ('"t x"() : () -> ()', "1:1", "not the name of an operation"),
    ('"t.x"() {a = 1, a = 2} : () -> ()', "1:17", "attribute 'a' is given twice"),
    ('"t.x"() <{a = 1}> {a = 2} : () -> ()', "1:1", "attribute 'a' is given twice"),
    ('"t.x"() {a = 300 : i8} : () -> ()', "1:14", "300 does not fit i8"),
    ('"t.x"() {a = 1.5 : i8} : () -> ()', "1:14", "not of type i8"),
    ('"t.x"() {a = 1.0e999 : f32} : () -> ()', None, None),
    ('"t.x"() {a = 1.0e99 : f32} : () -> ()', "1:14", "too large|OverflowError|float"),
    ('"t.x"() {a = 5 : f64} : () -> ()', "1:14", "5 is not of type f64"),
    ('"t.x"() {a = 0x1FFFFFFFFFFFFFFFFF : f64} : () -> ()', "1:14", "is not of type f64"),
    ('"t.x"() {a = ' + "9" * 2000 + "} : () -> ()", "1:14", "too long"),
    ('"t.x"() {a = @f::@g} : () -> ()', "1:16", "nested symbols"),
    ('"t.x"() {a = dense<[1]> : tensor<2xi64>} : () -> ()', "1:19", "2 elements, but 1"),
    ('"t.x"() {a = dense<1> : tensor<99999999xi64>} : () -> ()', "1:32", "too large"),
    ('"t.x"() {a = dense<1> : tensor<2xf64>} : () -> ()', "1:33", "one-dimensional tensors of integers"),
    ('"t.x"() {a = array<f64: 1.0>} : () -> ()', "1:20", "only arrays of integers"),
    ('"t.x"() {a = array<i8: 200>} : () -> ()', "1:20", "200 does not fit"),
    ('"t.x"() {a = #x.y} : () -> ()', "1:14", "expected an attribute"),
    ('"t.x"() {a = ' + "[" * 5000 + "} : () -> ()", None, "nested more than"),
    ('"t.x"() : () -> () loc(#loc)', "1:24", "expected a location"),
    ('"t.x"() {a = "abc} : () -> ()', "1:14", "unterminated string"),
    ('"t.x"() {a = $} : () -> ()', "1:14", "unexpected character"),
    ('"t.x"()[^a] : () -> ()', "1:9", r"no block \^a"),
    ('"t.x"() ({\n"t.b"()[^a] : () -> ()\n}) : () -> ()', "2:9", r"no block \^a"),
    ('"t.x"() ({\n^a:\n^a:\n}) : () -> ()', "3:1", r"block \^a is defined twice"),
    ('"t.x"() ({\n"t.y"() : () -> ()', "2:19", "expected an operation in generic form or '}'"),
    ('"t.x"() ({\n^a(%x#0: i64):\n}) : () -> ()', "2:4", "without '#'"),
    ('"t.x"() ({}, ) : () -> ()', "1:14", "expected '{'"),
    ("}", "1:1", "expected an operation"),
    (
        '"func.func"() ({\n"t.y"(%a) : (i64) -> ()\n}) : () -> ()\n%a = "t.x"() : () -> i64',
        "2:7",
        "not defined",
    ),
]


@pytest.mark.parametrize(("text", "place", "message"), ERRORS, ids=[text[:40] for text, _, _ in ERRORS])
def test_what_is_wrong_is_said_with_its_place(text: str, place: str | None, message: str | None) -> None:
    if message is None and place is None:
        parse_module(text, allow_unregistered=True)
        return
    with pytest.raises(IRSyntaxError, match=message) as error:
        parse_module(text, "x.mlir", allow_unregistered=True)
    if place is not None:
        assert str(error.value).startswith(f"x.mlir:{place}: ")


def test_unregistered_operations_are_refused_unless_allowed() -> None:
    with pytest.raises(IRSyntaxError, match=r"unregistered operation 'test\.x'"):
        parse_module('"test.x"() : () -> ()')


@given(randoms, st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_damaged_text_gives_ir_or_a_diagnostic(random: Random, kind: int) -> None:
    text = print_op(random_module(random))
    for _ in range(random.randint(1, 3)):
        at, end = sorted((random.randrange(len(text)), random.randrange(len(text))))
        end = min(end, at + 12)
        inserted = ("", random.choice('{}()[]<>"%^@!#:,=-> 0'), text[end : end + 7], "\x00é")[kind]
        text = text[:at] + inserted + text[end:]
        if not text:
            return
    try:
        module = parse_module(text, allow_unregistered=True)
    except IRSyntaxError as error:
        line, column = error.span.position()
        assert line >= 1 and column >= 1
    else:
        once = print_op(module)
        assert print_op(parse_module(once, allow_unregistered=True)) == once
