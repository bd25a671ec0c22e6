"""Other MLIR tools read what we print: xDSL's parser accepts every text and finds the same program in it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, UnregisteredOp
from xdsl.ir import Operation as XdslOperation
from xdsl.parser import Parser

import ospjit.dialects  # noqa: F401
from ospjit.ir import Operation, parse_module, print_op
from tests.ir.corpus import CORPUS
from tests.ir.generator import random_module


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


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=25, deadline=None)
def test_xdsl_reads_random_ir(random: Random) -> None:
    module = random_module(random)
    assert xdsl_outline(read_by_xdsl(print_op(module))) == outline(module)
