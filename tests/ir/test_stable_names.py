"""Stable names: a change of the program renames nothing but what changed, and the text stays readable IR."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ospjit.ir import body_of, parse_module, print_op
from ospjit.ir.line_diff import diff, symbol_texts
from tests.ir.corpus import CORPUS
from tests.ir.generator import random_module

TEXT = """
"func.func"() ({
^bb0(%a: i64):
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64 loc("a.osp":1:1)
  %1 = "arith.addi"(%a, %0) : (i64, i64) -> i64 loc("a.osp":2:1)
  %2 = "arith.addi"(%1, %0) : (i64, i64) -> i64 loc("a.osp":2:1)
  %3:2 = "rt.add_overflow"(%2, %0) : (i64, i64) -> (i64, i1) loc("a.osp":3:1)
  "cf.cond_br"(%3#1, %2)[^one, ^two] {operandSegmentSizes = array<i32: 1, 1, 0>}
    : (i1, i64) -> () loc("a.osp":4:1)
^one(%b: i64):
  "func.return"(%b) : (i64) -> () loc("a.osp":5:7)
^two:
  "func.return"(%3#0) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "f"} : () -> ()
"""


def test_names_are_made_of_operation_and_place() -> None:
    text = print_op(parse_module(TEXT), stable=True)
    for part in (
        "^entry(%arg0: i64):",
        '%constant_1_1 = "arith.constant"()',
        '%addi_2_1 = "arith.addi"(%arg0, %constant_1_1)',
        '%addi_2_1.1 = "arith.addi"(%addi_2_1, %constant_1_1)',
        '%add_overflow_3_1:2 = "rt.add_overflow"(',
        "(%add_overflow_3_1#1, %addi_2_1.1)[^bb_5_7, ^bb]",
        "^bb_5_7(%bb_5_7.a0: i64):",
        '"func.return"(%bb_5_7.a0)',
    ):
        assert part in text, text


def test_one_more_operation_is_one_more_line() -> None:
    before = symbol_texts(parse_module(TEXT))
    line = '  %x = "arith.constant"() {value = 9 : i64} : () -> i64 loc("a.osp":1:5)\n'
    after = symbol_texts(parse_module(TEXT.replace("  %1 =", line + "  %1 =")))
    _, _, _, *changed = diff(before, after, context=0).splitlines()
    assert changed == ["+" + "  " + line.strip().replace("%x", "%constant_1_5")]
    assert diff(before, before) == ""


def test_functions_that_come_and_go() -> None:
    before = symbol_texts(parse_module(TEXT))
    after = symbol_texts(parse_module(TEXT.replace('"f"', '"g"')))
    lines = diff(before, after).splitlines()
    assert lines[:2] == ["--- @f", "+++ /dev/null"] and "+++ @g" in lines


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=30, deadline=None)
def test_random_ir_reads_back(random: Random) -> None:
    module = random_module(random)
    text = print_op(module, stable=True)
    again = parse_module(text)
    assert print_op(again, stable=True) == text and print_op(again) == print_op(module)
    assert "".join(symbol_texts(module).values()) == "".join(
        [print_op(op, stable=True) for op in body_of(module).ops]
    )


def test_the_corpus_reads_back() -> None:
    for text in CORPUS.values():
        module = parse_module(text, allow_unregistered=True)
        again = parse_module(print_op(module, stable=True), allow_unregistered=True)
        assert print_op(again) == print_op(module)
