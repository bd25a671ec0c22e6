"""The workload with ospjit's IR. Imported alone, so that its import can be timed as well."""

from __future__ import annotations

import ospjit.dialects  # noqa: F401
from ospjit.dialects import arith
from ospjit.ir import (
    Block,
    Builder,
    FunctionType,
    Operation,
    Region,
    Rewriter,
    apply_patterns,
    body_of,
    i64,
    new_module,
    parse_module,
    pattern,
    print_op,
    verify,
)


def build(count: int) -> Operation:
    """A function with a chain of `count` operations: additions, of every second one of them zero."""
    module = new_module()
    block = Block([i64])
    attributes = {"sym_name": "f", "function_type": FunctionType((i64,), (i64,))}
    body_of(module).append(Operation("func.func", (), (), attributes, [Region([block])]))
    b = Builder.at_end(block)
    value = block.args[0]
    one, zero = arith.constant(b, 1, i64), arith.constant(b, 0, i64)
    for number in range(count - 3):
        value = arith.binary(b, "arith.addi", value, zero if number % 2 else one)
    b.create("func.return", [value])
    return module


def write(module: Operation) -> str:
    return print_op(module)


def read(text: str) -> Operation:
    return parse_module(text)


def check(module: Operation) -> None:
    verify(module)


def copy(module: Operation) -> Operation:
    return module.clone()


def walk(module: Operation) -> int:
    return sum(1 for op in module.walk() if op.name == "arith.addi")


@pattern("arith.addi")
def _plus_zero(op: Operation, rewriter: Rewriter) -> bool:
    if arith.constant_value(op.operands[1]) != 0:
        return False
    rewriter.replace(op, op.operands[0])
    return True


def rewrite(module: Operation) -> None:
    apply_patterns(module, [_plus_zero])
