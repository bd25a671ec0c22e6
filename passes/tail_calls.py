"""tail-calls: a return that only passes on what a block was given moves to where that is known.

A block that does nothing but return its own arguments is copied into the blocks that branch to it. A call
directly in front of a return of its results is marked `tail`, and the back end makes it one that keeps the
stack constant. A function that is never called through a value, and that no tail calls lead back to but its
own, is marked `direct`: it needs no calling convention for tail calls between functions of different types.
Runs before the counts are inserted: arguments of calls are owned, so nothing has to happen after the call.

Before:

    "func.func"() ({
    ^bb0(%c: i1, %x: i64):
      "cf.cond_br"(%c)[^again, ^done] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^again:
      %r = "func.call"(%c, %x) {callee = @loop} : (i1, i64) -> i64
      "cf.br"(%r)[^end] : (i64) -> ()
    ^done:
      "cf.br"(%x)[^end] : (i64) -> ()
    ^end(%v: i64):
      "func.return"(%v) : (i64) -> ()
    }) {function_type = (i1, i64) -> i64, sym_name = "loop"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i1, %arg1: i64):
      "cf.cond_br"(%arg0)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^bb1:
      %0 = "func.call"(%arg0, %arg1) {callee = @loop, tail} : (i1, i64) -> i64
      "func.return"(%0) : (i64) -> ()
    ^bb2:
      "func.return"(%arg1) : (i64) -> ()
    }) {direct, function_type = (i1, i64) -> i64, sym_name = "loop"} : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.ir import Block, Builder, Operation, Pass, PassContext, UnitAttr, body_of, erase_blocks
from ospjit.passes.tail_graph import direct_functions

_CALLS = ("func.call", "rt.call_closure")


@dataclass(frozen=True)
class TailCalls(Pass):
    """Sinks returns into their predecessors and marks calls in tail position."""

    name = "tail-calls"
    summary = "returns move next to calls, calls before returns are marked"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    required = True
    statistics = {
        "tail calls": "calls marked",
        "returns sunk": "blocks that only returned and were copied into others",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for function in body_of(module).ops:
            if function.name != "func.func":
                continue
            work = [b for b in function.regions[0].blocks if _only_returns(b)]
            while work:
                block = work.pop()
                if block.parent is not None:
                    work += _sink(block, ctx)
            for block in function.regions[0].blocks:
                if _marks(block):
                    ctx.count("tail calls")
        functions = [op for op in body_of(module).ops if op.name == "func.func"]
        for function in direct_functions(functions):
            function.attributes["direct"] = UnitAttr()


def _only_returns(block: Block) -> bool:
    first = block.first
    return (
        first is not None
        and first.name == "func.return"
        and block.parent is not None
        and block is not block.parent.entry
    )


def _sink(block: Block, ctx: PassContext) -> list[Block]:
    """Return at the end of every predecessor that comes unconditionally; those that now only return."""
    returned = block.first
    assert returned is not None
    changed = []
    for user, _ in block.uses:
        if user.name != "cf.br":
            continue
        predecessor = user.parent
        assert predecessor is not None
        mapping = dict(zip(block.args, user.operands, strict=True))
        values = [mapping.get(v, v) for v in returned.operands]  # type: ignore[call-overload]
        loc = user.loc
        user.erase()
        Builder.at_end(predecessor, loc).create("func.return", values)
        ctx.count("returns sunk")
        if _only_returns(predecessor):
            changed.append(predecessor)
    if not block.uses:
        erase_blocks([block])
    return changed


def _marks(block: Block) -> bool:
    last = block.last
    call = last.prev if last is not None and last.name == "func.return" else None
    if call is None or call.name not in _CALLS or last is None:
        return False
    if tuple(call.results) != tuple(last.operands):
        return False
    call.attributes["tail"] = UnitAttr()
    return True
