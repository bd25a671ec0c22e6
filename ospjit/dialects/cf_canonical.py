"""Simplification of branches: those whose direction is known, whose targets are one, or that lead to a block
which only goes on.
"""

from __future__ import annotations

from ospjit.dialects import arith, cf
from ospjit.ir import Operation, Pattern, Rewriter, Value, pattern


def _go(op: Operation, rw: Rewriter, target: int) -> bool:
    """Replace the branch `op` by a plain one to its successor `target`."""
    args = op.successor_args(target)
    cf.br(rw, op.successors[target], args)
    rw.erase(op)
    return True


@pattern("cf.cond_br")
def decide_condition(op: Operation, rw: Rewriter) -> bool:
    """A condition that is constant, or of no consequence, leaves a plain branch."""
    value = arith.constant_value(op.operands[0])
    if value is not None:
        return _go(op, rw, 0 if value else 1)
    if op.successors[0] is op.successors[1] and op.successor_args(0) == op.successor_args(1):
        return _go(op, rw, 0)
    return False


@pattern("cf.switch")
def decide_switch(op: Operation, rw: Rewriter) -> bool:
    """A flag that is constant, or the lack of cases, leaves a plain branch."""
    value = arith.constant_value(op.operands[0])
    cases = cf.case_values(op)
    if value is not None:
        return _go(op, rw, cases.index(int(value)) + 1 if value in cases else 0)
    return _go(op, rw, 0) if not cases else False


@pattern("cf.br")
def join_blocks(op: Operation, rw: Rewriter) -> bool:
    """A block with a single way in moves to the end of the block that leads there."""
    (target,) = op.successors
    block = op.parent
    if target is block or len(target.uses) != 1 or target.parent is None or target is target.parent.first:
        return False
    args = op.operands
    if any(value.block is target for value in args):
        return False
    op.set_operands(())
    op.set_successors(())
    rw.inline_block_before(target, op, args)
    rw.erase(op)
    return True


@pattern("cf.br", "cf.cond_br", "cf.switch")
def skip_forwarding_block(op: Operation, rw: Rewriter) -> bool:
    """A successor that does nothing but branch on is passed over."""
    for index, middle in enumerate(op.successors):
        last = middle.first
        if last is None or last.name != "cf.br" or middle is op.parent:
            continue
        (target,) = last.successors
        # A block that forwards is shortened itself first; around a loop of such blocks there is no end.
        if target.first is not None and target.first.name == "cf.br":
            continue
        if any(user is not last for arg in middle.args for user in arg.users):
            continue
        given: dict[Value, Value] = dict(zip(middle.args, op.successor_args(index), strict=True))
        args = [given.get(value, value) for value in last.operands]
        op.replace_successor(index, target)
        op.set_successor_args(index, args)
        rw.changed(op)
        return True
    return False


PATTERNS: list[Pattern] = [decide_condition, decide_switch, join_blocks, skip_forwarding_block]
