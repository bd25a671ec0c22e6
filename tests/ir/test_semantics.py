"""Passes keep the meaning: random programs give the same results before and after them."""

from __future__ import annotations

import math
import struct
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ospjit.dialects import func
from ospjit.ir import Operation, PassManager, body_of, i1, i64, parse_module, print_op, verify
from ospjit.passes import parse_pipeline
from tests.ir.generator import FLOATS, INTERESTING, random_module
from tests.ir.interpreter import Number, Undefined, run

PIPELINES = ["canonicalize", "cse", "dce", "cse,canonicalize,dce", "canonicalize,cse,canonicalize"]


def arguments(random: Random, function: Operation) -> list[Number]:
    """Arguments of the right types."""
    found: list[Number] = []
    for type in func.function_type(function).inputs:
        if type is i64:
            found.append(random.choice(INTERESTING))
        elif type is i1:
            found.append(random.random() < 0.5)
        else:
            found.append(random.choice(FLOATS))
    return found


def exact(results: list[Number]) -> list[bytes]:
    """Results that are equal only if they are the same; all NaNs are one."""
    found = []
    for value in results:
        if isinstance(value, float):
            found.append(b"nan" if math.isnan(value) else struct.pack("<d", value))
        else:
            found.append(repr(value).encode())
    return found


@given(st.integers(0, 2**64 - 1).map(Random), st.sampled_from(PIPELINES))
@settings(max_examples=120, deadline=None)
def test_results_stay_the_same(random: Random, pipeline: str) -> None:
    module = random_module(random)
    text = print_op(module)
    PassManager(parse_pipeline(pipeline)).run(module)
    verify(module)
    for before, after in zip(body_of(parse_module(text)).ops, body_of(module).ops, strict=True):
        for _ in range(4):
            given_values = arguments(random, before)
            try:
                expected = run(before, given_values)
            except Undefined:
                continue
            assert exact(run(after, given_values, steps=4000)) == exact(expected)


@given(st.integers(0, 2**64 - 1).map(Random), st.sampled_from(PIPELINES))
@settings(max_examples=100, deadline=None)
def test_passes_are_done_after_one_run(random: Random, pipeline: str) -> None:
    module = random_module(random)
    if "," in pipeline:
        pipeline = "canonicalize"
    PassManager(parse_pipeline(pipeline)).run(module)
    once = print_op(module)
    PassManager(parse_pipeline(pipeline)).run(module)
    assert print_op(module) == once
