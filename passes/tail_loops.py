"""tail-loops: a function that calls itself in tail position is a loop.

What the calls change becomes arguments of the loop's block; what they hand on as it is stays the function's
own argument, so that nobody has to find out again that it is the same each time. At its end the loop lets
other fibers have their turn, as the function's prologue would; what decides whether it goes on stays at its
start, where LLVM looks for it. A function stays as it is when the calls change a reference that it only
borrows: arguments of blocks are owned.

A list or map is most often changed in place, and then the same in the next round. Such arguments belong to a
loop around the one that the others belong to, which goes on when they have changed. Where the runtime changes
one of them, the rest of the round exists twice: for when it was done in place, and for when there is another
list now. So LLVM sees a loop in which the list, and where its elements are, do not change.

Runs after the counts are in place, and before copies are made of functions for their recursion.

Before:

    "func.func"() ({
    ^bb0(%n: i64, %step: i64, %limit: i64):
      %more = "arith.cmpi"(%n, %limit) {predicate = 2 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%more)[^again, ^done] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^again:
      %m = "arith.addi"(%n, %step) : (i64, i64) -> i64
      %r = "func.call"(%m, %step, %limit) {callee = @count, tail} : (i64, i64, i64) -> i64
      "func.return"(%r) : (i64) -> ()
    ^done:
      "func.return"(%n) : (i64) -> ()
    }) {function_type = (i64, i64, i64) -> i64, sym_name = "count"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64, %arg2: i64):
      "cf.br"(%arg0)[^bb1] : (i64) -> ()
    ^bb1(%0: i64):
      %1 = "arith.cmpi"(%0, %arg2) {predicate = 2 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%1)[^bb2, ^bb3] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^bb2:
      %2 = "arith.addi"(%0, %arg1) : (i64, i64) -> i64
      "rt.poll"() : () -> ()
      "cf.br"(%2)[^bb1] : (i64) -> ()
    ^bb3:
      "func.return"(%0) : (i64) -> ()
    }) {function_type = (i64, i64, i64) -> i64, sym_name = "count"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ospjit.dialects import cf
from ospjit.dialects.osp import is_type
from ospjit.dialects.rt import IN_PLACE, is_counted
from ospjit.ir import Block, Builder, Operation, Pass, PassContext, Value, body_of, i1, option


@dataclass(frozen=True)
class TailLoops(Pass):
    """Makes loops of calls in tail position of the function that they are in."""

    name = "tail-loops"
    summary = "a function that calls itself in tail position is a loop"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    statistics = {
        "loops": "functions that became loops",
        "copies": "calls that change a list or map whose rest of the round was copied",
    }

    size: int = option(100, "most operations that are copied behind a call that changes a list or map")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for function in body_of(module).ops:
            if function.name == "func.func":
                self._loop(function, ctx)

    def _loop(self, function: Operation, ctx: PassContext) -> None:
        calls = [
            op
            for op in function.walk()
            if op.name == "func.call" and op.attr("tail") and op.attr("callee") == function.attr("sym_name")
        ]
        if not calls:
            return
        region = function.regions[0]
        entry, owned = region.entry, function.attr("owned", ())
        changed = [a for a in entry.args if any(call.operands[a.index] is not a for call in calls)]
        if any(is_counted(argument.type) and argument.index not in owned for argument in changed):
            return
        kept = [a for a in changed if is_type(a.type, "osp.list") or is_type(a.type, "osp.map")]
        carried = [*kept, *(a for a in changed if a not in kept)]
        inner = Block(argument.type for argument in carried[len(kept) :])
        inner.take_ops(entry.first, entry)
        outer = region.insert_after(entry, inner)
        if kept:
            outer = region.insert_after(entry, Block(argument.type for argument in carried))
            Builder.at_end(outer, function.loc).create("cf.br", outer.args[len(kept) :], successors=[inner])
        values = (*outer.args[: len(kept)], *inner.args)
        for argument, value in zip(carried, values, strict=True):
            argument.replace_by(value)
        Builder.at_end(entry, function.loc).create("cf.br", carried, successors=[outer])
        for call in calls:
            block, end = call.parent, call.next
            assert block is not None and end is not None and end is block.last
            end.erase()
            b = Builder.at_end(block, call.loc)
            b.create("rt.poll")
            new = [call.operands[argument.index] for argument in carried]
            same = _same(b, values[: len(kept)], new[: len(kept)])
            if same is None:
                b.create("cf.br", new[len(kept) :], successors=[inner])
            else:
                cf.cond_br(b, same, inner, new[len(kept) :], outer, new)
            call.erase()
        ctx.count("loops")
        for value in values[: len(kept)]:
            while (change := self._change(value, (outer, inner))) is not None:
                _split(change, value, outer, inner)
                ctx.count("copies")

    def _change(self, value: Value, heads: Sequence[Block]) -> Operation | None:
        """A call that changes a list or map, which can be dealt with and is not yet."""
        for call, index in value.uses:
            if index == 0 and call.name == "rt.call" and call.attr("callee") in IN_PLACE:
                assert call.parent is not None
                rest = _reachable(call.parent, heads)
                size = sum(1 for block in rest for _ in block.ops)
                done = any(user.name == "rt.in_place" for user in call.results[0].users)
                if not done and call.parent not in rest and size <= self.size:
                    return call
        return None


def _reachable(block: Block, heads: Sequence[Block]) -> list[Block]:
    """The blocks that control may come to from the end of one, without starting another round."""
    found: dict[Block, None] = {}
    work = list(block.successors())
    while work:
        after = work.pop()
        if after not in found and after not in heads:
            found[after] = None
            work += after.successors()
    return list(found)


def _split(call: Operation, value: Value, outer: Block, inner: Block) -> None:
    """Makes two of what comes behind a call that changes a list or map: one for when that stays the same. The
    other goes on with the outer loop."""
    block, result, following = call.parent, call.results[0], call.next
    assert block is not None and following is not None and block.parent is not None
    uses = result.uses
    start = block.split_before(following)
    rest = [start, *_reachable(start, (outer, inner))]
    mapping: dict[Value | Block, Any] = {}
    last = rest[-1]
    for source in rest:
        last = block.parent.insert_after(last, Block(argument.type for argument in source.args))
        mapping[source] = last
        mapping.update(zip(source.args, last.args, strict=True))
    copies = [(op, mapping[source].append(op.clone(mapping))) for source in rest for op in source.ops]
    for op, copy in copies:  # what stands in a block further on was not known yet
        copy.set_operands([mapping.get(operand, operand) for operand in op.operands])
        copy.set_successors([mapping.get(successor, successor) for successor in op.successors])
        if inner in copy.successors:
            _leave(copy, outer, inner)
    for user, index in uses:
        user.set_operand(index, value)
    b = Builder.at_end(block, call.loc)
    in_place = b.create("rt.in_place", [result], [i1]).result
    cf.cond_br(b, in_place, start, [], mapping[start], [])


def _leave(end: Operation, outer: Block, inner: Block) -> None:
    """Makes the end of a round one after which the outer loop goes on."""
    assert end.parent is not None
    if outer in end.successors:
        args = end.successor_args(end.successors.index(outer))
    else:
        args = (*outer.args[: len(outer.args) - len(inner.args)], *end.successor_args(0))
    Builder.at_end(end.parent, end.loc).create("cf.br", args, successors=[outer])
    end.erase()


def _same(b: Builder, old: Sequence[Value], new: Sequence[Value]) -> Value | None:
    """Whether the values are the same; None if that is known."""
    same: Value | None = None
    for before, after in zip(old, new, strict=True):
        if before is not after:
            equal = b.create("rt.same_address", [before, after], [i1]).result
            same = equal if same is None else b.create("arith.andi", [same, equal], [i1]).result
    return same
