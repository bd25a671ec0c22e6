"""The `cf` dialect: branches between the blocks of a region; names, attributes and meaning are MLIR's.

The operands of a branch are, in order, what it decides on and then what each successor receives; how many
each receives stands in segment attributes, which must be kept in step (`Operation.set_successor_args` does).
"""

from __future__ import annotations

from collections.abc import Sequence

from ospjit.ir.attributes import Attribute, DenseArrayAttr, DenseIntElementsAttr, StringAttr
from ospjit.ir.builder import Builder
from ospjit.ir.constraints import both, require, require_attr, shape
from ospjit.ir.core import Block, Operation, Value
from ospjit.ir.registry import Dialect, OpDef, register
from ospjit.ir.types import IntegerType, i1, i32

SEGMENTS = "operandSegmentSizes"
CASE_SEGMENTS = "case_operand_segments"


def br(b: Builder, target: Block, args: Sequence[Value] = ()) -> Operation:
    """Make a `cf.br`: go to `target` with `args`."""
    return b.create("cf.br", args, successors=[target])


def cond_br(
    b: Builder,
    condition: Value,
    then: Block,
    then_args: Sequence[Value],
    otherwise: Block,
    otherwise_args: Sequence[Value],
) -> Operation:
    """Make a `cf.cond_br` on `condition`, an `i1`."""
    segments = DenseArrayAttr(i32, (1, len(then_args), len(otherwise_args)))
    operands = (condition, *then_args, *otherwise_args)
    return b.create("cf.cond_br", operands, attrs={SEGMENTS: segments}, successors=[then, otherwise])


def switch(
    b: Builder,
    flag: Value,
    default: Block,
    default_args: Sequence[Value],
    cases: Sequence[tuple[int, Block, Sequence[Value]]],
) -> Operation:
    """Make a `cf.switch` on the integer `flag`; a case is its number, its block and what that receives."""
    assert isinstance(flag.type, IntegerType)
    operands = [flag, *default_args]
    for _, _, args in cases:
        operands.extend(args)
    sizes = [len(args) for _, _, args in cases]
    attributes: dict[str, Attribute] = {
        SEGMENTS: DenseArrayAttr(i32, (1, len(default_args), sum(sizes))),
        CASE_SEGMENTS: DenseArrayAttr(i32, sizes),
    }
    if cases:
        attributes["case_values"] = DenseIntElementsAttr(flag.type, [number for number, _, _ in cases])
    successors = [default, *(block for _, block, _ in cases)]
    return b.create("cf.switch", operands, attrs=attributes, successors=successors)


def case_values(op: Operation) -> tuple[int, ...]:
    """The numbers of a `cf.switch`, in the order of its successors after the first."""
    values: tuple[int, ...] = op.attr("case_values", ())
    return values


def _br_operands(op: Operation) -> list[range]:
    return [range(len(op.operands))]


def _cond_br_operands(op: Operation) -> list[range]:
    _, then, otherwise = op.attr(SEGMENTS)
    return [range(1, 1 + then), range(1 + then, 1 + then + otherwise)]


def _resize_cond_br(op: Operation, index: int, growth: int) -> None:
    sizes = list(op.attr(SEGMENTS))
    sizes[1 + index] += growth
    op.attributes[SEGMENTS] = DenseArrayAttr(i32, sizes)


def _switch_operands(op: Operation) -> list[range]:
    spans = []
    start = 1
    for size in (op.attr(SEGMENTS)[1], *op.attr(CASE_SEGMENTS)):
        spans.append(range(start, start + size))
        start += size
    return spans


def _resize_switch(op: Operation, index: int, growth: int) -> None:
    sizes = list(op.attr(SEGMENTS))
    sizes[1 if index == 0 else 2] += growth
    op.attributes[SEGMENTS] = DenseArrayAttr(i32, sizes)
    if index > 0:
        cases = list(op.attr(CASE_SEGMENTS))
        cases[index - 1] += growth
        op.attributes[CASE_SEGMENTS] = DenseArrayAttr(i32, cases)


def _verify_segments(op: Operation) -> None:
    sizes = require_attr(op, SEGMENTS, DenseArrayAttr).values
    require(len(sizes) == 3 and sizes[0] == 1, op, f"attribute '{SEGMENTS}' must be three sizes, the first 1")
    require(min(sizes) >= 0 and sum(sizes) == len(op.operands), op, f"attribute '{SEGMENTS}' must add up")


def _verify_cond_br(op: Operation) -> None:
    _verify_segments(op)
    require(op.operands[0].type is i1, op, f"the condition must be i1, but is {op.operands[0].type}")


def _verify_switch(op: Operation) -> None:
    _verify_segments(op)
    flag = op.operands[0].type
    require(isinstance(flag, IntegerType), op, f"the flag must be an integer, but is {flag}")
    sizes = require_attr(op, CASE_SEGMENTS, DenseArrayAttr).values
    total = op.attr(SEGMENTS)[2]
    require(
        min(sizes, default=0) >= 0 and sum(sizes) == total, op, f"attribute '{CASE_SEGMENTS}' must add up"
    )
    cases = len(op.successors) - 1
    require(cases >= 0, op, "the first successor must be the default")
    require(len(sizes) == cases, op, f"there are {cases} cases, but {len(sizes)} segments for them")
    if cases:
        values = require_attr(op, "case_values", DenseIntElementsAttr)
        require(values.element_type is flag, op, f"the case values must be of type {flag}")
        require(len(values.values) == cases, op, f"there are {cases} cases, but {len(values.values)} values")
        require(len(set(values.values)) == cases, op, "the case values must differ")


DIALECT = register(
    Dialect(
        "cf",
        [
            OpDef(
                "cf.br",
                "Go to the successor with the operands as its arguments.",
                verify=shape(operands=None, successors=1),
                terminator=True,
                successor_operands=_br_operands,
            ),
            OpDef(
                "cf.cond_br",
                "Go to the first successor if the first operand is true, else to the second.",
                verify=both(shape(operands=None, successors=2), _verify_cond_br),
                terminator=True,
                successor_operands=_cond_br_operands,
                resize_successor=_resize_cond_br,
            ),
            OpDef(
                "cf.switch",
                "Go to the successor of the case that equals the first operand, or to the first one.",
                verify=both(shape(operands=None, successors=None), _verify_switch),
                terminator=True,
                successor_operands=_switch_operands,
                resize_successor=_resize_switch,
            ),
            OpDef(
                "cf.assert",
                "Stop the program with the message `msg` if the operand is false.",
                verify=shape(operands=1, attributes={"msg": StringAttr}),
            ),
        ],
        "Branches between blocks.",
        canonical="ospjit.dialects.cf_canonical",
    )
)
