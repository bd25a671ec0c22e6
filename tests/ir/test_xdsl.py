"""Other MLIR tools read what we print: xDSL's parser accepts every text and finds the same program in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, UnregisteredOp
from xdsl.dialects.cf import Cf
from xdsl.dialects.func import Func
from xdsl.dialects.math import Math
from xdsl.dialects.scf import Scf
from xdsl.ir import Operation as XdslOperation
from xdsl.parser import Parser
from xdsl.printer import Printer

import ospjit.dialects  # noqa: F401
from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.ir import Operation, Pass, body_of, new_module, parse_module, print_op
from ospjit.ir.instrumentation import Instrumentation
from ospjit.ir.registry import definitions
from tests.ir.corpus import CORPUS
from tests.ir.generator import random_module
from tests.passes.programs import PROGRAMS as ALL_PROGRAMS


def read_by_xdsl(text: str) -> XdslOperation:
    context = Context(allow_unregistered=True)
    context.load_dialect(Builtin)
    return Parser(context, text).parse_module()


def outline(op: Operation) -> list[tuple[str, int, int, int, int]]:
    """The operations in textual order with the numbers of their parts."""
    return [(o.name, len(o.operands), len(o.results), len(o.regions), len(o.successors)) for o in op.walk()]


def xdsl_outline(op: XdslOperation) -> list[tuple[str, int, int, int, int]]:
    found = []
    for o in op.walk():
        name = o.op_name.data if isinstance(o, UnregisteredOp) else o.name
        found.append((name, len(o.operands), len(o.results), len(o.regions), len(o.successors)))
    return found


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_xdsl_reads_the_corpus(text: str) -> None:
    module = parse_module(text, allow_unregistered=True)
    for locations in (True, False):
        assert xdsl_outline(read_by_xdsl(print_op(module, locations))) == outline(module)


#: Programs in which every operation occurs that the IR generator and the passes make.
PROGRAMS = (
    "app_expression_evaluator s06_results_everywhere s03_extern_link app_rpn_and_strings s05_any s10_select "
    "s04_anonymous_records s08_numbers s01_read_too_early api"
).split()

REST = """
"func.func"() ({
^bb0(%c: i1, %x: i64):
  "cf.assert"(%c) {msg = "never \\22this\\22"} : (i1) -> ()
  %f = "func.constant"() {value = @f} : () -> ((i1, i64) -> i64)
  %r = "func.call_indirect"(%f, %c, %x) : ((i1, i64) -> i64, i1, i64) -> i64
  %t = "builtin.unrealized_conversion_cast"(%r) : (i64) -> !osp.any
  "rt.unreachable"() : () -> ()
}) {function_type = (i1, i64) -> i64, sym_name = "f"} : () -> ()
"""


def round_trip(module: Operation) -> None:
    """What xDSL reads of `module` and writes again is the same module, locations and all."""
    text = print_op(module)
    out = io.StringIO()
    Printer(out, print_generic_format=True, print_debuginfo=True).print_op(read_by_xdsl(text))
    assert print_op(parse_module(out.getvalue())) == text


class _EveryStage(Instrumentation):
    """Keeps the functions in which an operation occurs for the first time, at whatever stage."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.found: list[Operation] = []

    def before_pipeline(self, passes: Sequence[Pass], module: Operation) -> None:
        self._look(module)

    def after_pass(self, number: int, entry: Pass, module: Operation) -> None:
        self._look(module)

    def _look(self, module: Operation) -> None:
        for op in body_of(module).ops:
            names = {inner.name for inner in op.walk()}
            if names - self.known:
                self.known |= names
                self.found.append(op.clone())


def test_every_operation_of_every_dialect_goes_through_xdsl_and_back() -> None:
    known = {"builtin.module"}
    functions: list[Operation] = []
    for name in PROGRAMS:
        (path,) = [path for path in ALL_PROGRAMS if path.stem == name][:1]
        compilation = Compilation(Source(path.name, path.read_text(encoding="utf-8")))
        stages = _EveryStage(known)
        compilation.watchers.append(stages)
        assert compilation.lowered is not None
        functions += stages.found
    modules = [parse_module(REST), *(random_module(Random(seed)) for seed in range(4))]
    for module in modules:
        known |= {op.name for op in module.walk()}
    for seed in range(200):
        module = random_module(Random(seed))
        if {op.name for op in module.walk()} - known:
            modules.append(module)
            known |= {op.name for op in module.walk()}
    assert {op.name for op in definitions()} - known == set()
    for module in modules:
        round_trip(module)
    for function in functions:  # of different stages, so none may see another
        module = new_module()
        body_of(module).append(function)
        round_trip(module)


def test_dialects_of_mlir_mean_the_same_to_xdsl() -> None:
    """Where the name is MLIR's, xDSL's own definition of the operation accepts what ours makes; it lacks a
    few operations."""
    context = Context(allow_unregistered=True)
    for dialect in (Builtin, Arith, Cf, Func, Math, Scf):
        context.load_dialect(dialect)
    defined: set[str] = set()
    for seed in range(20):
        module = random_module(Random(seed))
        read = Parser(context, print_op(module)).parse_module()
        read.verify()
        defined |= {op.name for op in read.walk() if not isinstance(op, UnregisteredOp)}
    assert len(defined) > 40


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=15, deadline=None)
def test_xdsl_reads_random_ir(random: Random) -> None:
    module = random_module(random)
    assert xdsl_outline(read_by_xdsl(print_op(module))) == outline(module)
