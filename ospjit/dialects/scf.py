"""The `scf` dialect: structured control flow, in which a branch or a loop is an operation with regions.

Names and meaning are MLIR's. A value that leaves a region goes through the region's `scf.yield`.
"""

from __future__ import annotations

from ospjit.ir.constraints import both, operand_types, require, require_types, result_types, shape
from ospjit.ir.core import Block, Operation, Region
from ospjit.ir.registry import Dialect, OpDef, VerifyError, register
from ospjit.ir.types import IndexType, IntegerType, Type, i1


def _only_block(op: Operation, region: Region, what: str) -> Block:
    if region.first is None or region.first is not region.last:
        raise VerifyError(f"{what} must have exactly one block", op)
    return region.first


def _terminator(op: Operation, block: Block, name: str, what: str) -> Operation:
    if block.last is None or block.last.name != name:
        raise VerifyError(f"{what} must end in {name}", op)
    return block.last


def _argument_types(block: Block) -> list[Type]:
    return [argument.type for argument in block.args]


def _verify_if(op: Operation) -> None:
    require(op.operands[0].type is i1, op, f"the condition must be i1, but is {op.operands[0].type}")
    for what, region in zip(("the first region", "the second region"), op.regions, strict=True):
        if region.first is None and what == "the second region":
            require(not op.results, op, "the second region must not be empty if there are results")
            continue
        block = _only_block(op, region, what)
        require(not block.args, op, f"{what} must have no arguments")
        end = _terminator(op, block, "scf.yield", what)
        require_types(op, f"the types yielded by {what}", operand_types(end), result_types(op))


def _verify_for(op: Operation) -> None:
    require(
        len(op.operands) >= 3, op, "the first operands must be the lower bound, the upper bound and the step"
    )
    types = operand_types(op)
    counter = types[0]
    require(
        isinstance(counter, (IndexType, IntegerType)), op, f"the bounds must be integers, but are {counter}"
    )
    require_types(op, "the types of the bounds and the step", types[:3], [counter] * 3)
    block = _only_block(op, op.regions[0], "the body")
    carried = types[3:]
    require_types(op, "the types of the results", result_types(op), carried)
    require_types(op, "the types of the body's arguments", _argument_types(block), [counter, *carried])
    end = _terminator(op, block, "scf.yield", "the body")
    require_types(op, "the types that the body yields", operand_types(end), carried)


def _verify_while(op: Operation) -> None:
    before = _only_block(op, op.regions[0], "the first region")
    after = _only_block(op, op.regions[1], "the second region")
    initial = operand_types(op)
    require_types(op, "the types of the first region's arguments", _argument_types(before), initial)
    condition = _terminator(op, before, "scf.condition", "the first region")
    passed = operand_types(condition)[1:]
    require_types(op, "the types passed by scf.condition", passed, result_types(op))
    require_types(op, "the types of the second region's arguments", _argument_types(after), passed)
    end = _terminator(op, after, "scf.yield", "the second region")
    require_types(op, "the types that the second region yields", operand_types(end), initial)


def _verify_condition(op: Operation) -> None:
    parent = op.parent_op()
    require(parent is not None and parent.name == "scf.while", op, "must stand in an scf.while")
    require(op.operands and op.operands[0].type is i1, op, "the first operand must be i1")


def _verify_yield(op: Operation) -> None:
    parent = op.parent_op()
    require(parent is not None and parent.name.startswith("scf."), op, "must stand in an scf operation")


DIALECT = register(
    Dialect(
        "scf",
        [
            OpDef(
                "scf.if",
                "Run the first region if the operand is true, else the second; results are what it yields.",
                verify=both(shape(operands=1, results=None, regions=2), _verify_if),
            ),
            OpDef(
                "scf.for",
                "Count from the first operand to below the second in steps of the third; further "
                "ones are carried from one iteration to the next.",
                verify=both(shape(operands=None, results=None, regions=1), _verify_for),
            ),
            OpDef(
                "scf.while",
                "Run the first region; while it says so, run the second and begin again.",
                verify=both(shape(operands=None, results=None, regions=2), _verify_while),
            ),
            OpDef(
                "scf.condition",
                "End the first region of a while: go on if the first operand is true, else leave the loop.",
                verify=both(shape(operands=None), _verify_condition),
                terminator=True,
            ),
            OpDef(
                "scf.yield",
                "End a region with the operands as what it gives.",
                verify=both(shape(operands=None), _verify_yield),
                terminator=True,
            ),
        ],
        "Structured control flow.",
    )
)
