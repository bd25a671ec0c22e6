"""Passes keep the meaning: a bounded share of what `python -m tests.ir.fuzz` does without end."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospjit.ir import Operation, Pass, PassContext, PassManager, parse_module, print_op
from ospjit.passes import parse_pipeline
from ospjit.passes.cse import CommonSubexpressions
from ospjit.passes.perceus import Perceus
from tests.ir.fuzz import check_machine, check_program
from tests.ir.generator import random_module
from tests.ir.osp_generator import random_program
from tests.ir.osp_interpreter import Result, run_osp

RANDOM = st.integers(0, 2**64 - 1).map(Random)


@given(RANDOM)
@settings(max_examples=60, deadline=None)
def test_simplifying_passes(random: Random) -> None:
    check_machine(random)


@given(RANDOM)
@settings(max_examples=60, deadline=None)
def test_lowering_passes(random: Random) -> None:
    check_program(random)


@given(RANDOM)
@settings(max_examples=50, deadline=None)
def test_passes_are_done_after_one_run(random: Random) -> None:
    module = random_module(random)
    PassManager(parse_pipeline("canonicalize")).run(module)
    once = print_op(module)
    PassManager(parse_pipeline("canonicalize")).run(module)
    assert print_op(module) == once


def test_the_generators_use_what_there_is() -> None:
    """What they never make is never tested."""
    machine = {op.name for seed in range(150) for op in random_module(Random(seed)).walk()}
    program = {op.name for seed in range(60) for op in random_program(Random(seed)).walk()}
    for name in (
        "arith.floordivsi arith.remf arith.cmpf arith.extsi arith.truncf arith.fptosi arith.bitcast "
        "arith.index_castui math.absf scf.for scf.while scf.if cf.switch cf.cond_br func.call"
    ).split():
        assert name in machine
    for name in (
        "osp.add osp.mod osp.int_div osp.neg osp.success osp.error osp.construct osp.update osp.get_field "
        "osp.match osp.call osp.call_closure osp.func_ref osp.lt scf.if"
    ).split():
        assert name in program


def _fails(check: object, seeds: range) -> bool:
    for seed in seeds:
        try:
            check(Random(seed))  # type: ignore[operator]
        except Exception:
            return True
    return False


def test_a_pass_that_changes_the_meaning_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    good = CommonSubexpressions.run

    def wrong(self: Pass, module: Operation, ctx: PassContext) -> None:
        good(self, module, ctx)  # type: ignore[arg-type]
        for op in module.walk():
            if op.name == "arith.ori":
                op.name = "arith.andi"

    monkeypatch.setattr(CommonSubexpressions, "run", wrong)
    assert _fails(check_machine, range(400))


def test_a_count_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Perceus.run

    def wrong(self: Perceus, module: Operation, ctx: PassContext) -> None:
        good(self, module, ctx)
        drops = [op for op in module.walk() if op.name in ("rt.drop", "rt.drop_cell", "rt.free_token")]
        for op in drops[:1]:
            op.erase()

    monkeypatch.setattr(Perceus, "run", wrong)
    assert _fails(check_program, range(300))


def test_the_interpreter_needs_no_pass() -> None:
    """A program that does something known."""
    text = """
    "func.func"() ({
    ^bb0(%n: i64):
      %one = "arith.constant"() {value = 1 : i64} : () -> i64
      %r = "osp.add"(%n, %one) : (i64, i64) -> !osp.result<i64, !osp.string>
      "func.return"(%r) : (!osp.result<i64, !osp.string>) -> ()
    }) {exported = true, function_type = (i64) -> !osp.result<i64, !osp.string>, sym_name = "f"} : () -> ()
    """
    module = parse_module(text)
    assert run_osp(module, "f", [41], False) == ([Result(False, 42)], 0)
    assert run_osp(module, "f", [(1 << 63) - 1], False) == ([Result(True, "integer overflow")], 0)
