"""cleanups: what a fiber owns is released when it dies in the middle of a call.

A fiber that fails (its stack runs out, it receives from a closed channel, what it waits for has failed)
never returns to the functions that it was in. In front of every operation in which that can happen,
`rt.cleanup` names the references that the function holds at that point; the back end makes a landing pad of
it, which costs nothing unless it is used. What the operation itself takes over is its own to release.

Before:

    "func.func"() ({
    ^bb0(%a: !osp.string, %f: !osp.fn<i64>):
      %r = "rt.call_closure"(%f) : (!osp.fn<i64>) -> i64
      "rt.drop"(%a) : (!osp.string) -> ()
      "func.return"(%r) : (i64) -> ()
    }) {function_type = (!osp.string, !osp.fn<i64>) -> i64, sym_name = "f"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: !osp.string, %arg1: !osp.fn<i64>):
      "rt.cleanup"(%arg0) : (!osp.string) -> ()
      %0 = "rt.call_closure"(%arg1) : (!osp.fn<i64>) -> i64
      "rt.drop"(%arg0) : (!osp.string) -> ()
      "func.return"(%0) : (i64) -> ()
    }) {function_type = (!osp.string, !osp.fn<i64>) -> i64, owned = [0 : i64, 1 : i64], sym_name = "f"}
      : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.builtins.table import RUNTIME
from ospjit.dialects.rt import BORROWED_RESULT, TOKEN, is_counted
from ospjit.ir import Block, Builder, Operation, Pass, PassContext, Value, body_of, reverse_postorder
from ospjit.passes.borrow import Borrowed, consumed, origins
from ospjit.passes.static_values import StaticValues

_TAKES_FIRST = frozenset(("rt.drop", "rt.drop_cell", "rt.drop_reuse", "rt.free_token"))


@dataclass(frozen=True)
class Cleanups(Pass):
    """Inserts `rt.cleanup`."""

    name = "cleanups"
    summary = "names what is held where a fiber may die"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    required = True
    statistics = {"cleanups": "operations that need one"}

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        functions = [
            op for op in body_of(module).ops if op.name == "func.func" and op.regions[0].first is not None
        ]
        static = StaticValues(module, functions)
        borrowed: Borrowed = {op.attr("sym_name"): set(op.attr("borrowed", ())) for op in functions}
        safe = _never_fail(functions)
        for function in functions:
            _Function(function, static, borrowed, safe, ctx).run()


def may_fail(op: Operation, safe: frozenset[str]) -> bool:
    """Whether the fiber may die in an operation. `safe` are functions in which it cannot."""
    if op.name == "func.call":
        return op.attr("callee") not in safe
    if op.name == "rt.call":
        return RUNTIME[op.attr("callee")].fails
    return op.name in ("rt.call_closure", "rt.select", "rt.global_check")


def _never_fail(functions: list[Operation]) -> frozenset[str]:
    """Functions that neither call compiled code, and so need no check of the stack, nor fail themselves."""
    calls = ("func.call", "rt.call_closure")
    return frozenset(
        f.attr("sym_name")
        for f in functions
        if not any(op.name in calls or may_fail(op, frozenset()) for op in f.walk())
    )


class _Function:
    def __init__(
        self,
        function: Operation,
        static: StaticValues,
        borrowed: Borrowed,
        safe: frozenset[str],
        ctx: PassContext,
    ) -> None:
        self.function = function
        self.static = static
        self.borrowed = borrowed
        self.safe = safe
        self.ctx = ctx

    def run(self) -> None:
        region = self.function.regions[0]
        mine = self.borrowed[self.function.attr("sym_name")]
        found = origins(self.function, self.static)
        if not found:  # nothing in it is counted
            return
        self.lent = {v for v, origin in found.items() if origin.borrowed(mine)}
        entry: dict[Value, int] = {a: 1 for a in region.entry.args if self._tracked(a)}
        owned = tuple(a.index for a in region.entry.args if a in entry)
        if owned:
            self.function.set_attr("owned", owned)
        self.at: dict[Block, dict[Value, int]] = {region.entry: entry}
        for block in reverse_postorder(region):
            held = dict(self.at[block])
            for op in block.ops:
                if op.successors:
                    self._branch(op, held)
                else:
                    self._step(op, held)

    def _tracked(self, value: Value) -> bool:
        if value.type is TOKEN:
            return True
        return is_counted(value.type) and value not in self.static and value not in self.lent

    def _branch(self, op: Operation, held: dict[Value, int]) -> None:
        """Every way into a block holds the same: the first one that is seen tells."""
        for index, successor in enumerate(op.successors):
            if successor in self.at:
                continue
            after = dict(held)
            for value in op.successor_args(index):
                self._give(value, after)
            for argument in successor.args:
                if self._tracked(argument):
                    after[argument] = 1
            self.at[successor] = after

    def _step(self, op: Operation, held: dict[Value, int]) -> None:
        for value, taken in zip(op.operands, self._takes(op), strict=True):
            if taken:
                self._give(value, held)
        if may_fail(op, self.safe) and any(held.values()):
            values = [value for value, count in held.items() for _ in range(count)]
            Builder.before(op).create("rt.cleanup", values)
            self.ctx.count("cleanups")
        gained: list[Value] = list(op.results) if op.name not in BORROWED_RESULT else []
        if op.name == "rt.dup":
            gained = list(op.operands)
        elif op.name in ("rt.drop_cell", "rt.drop_reuse"):
            gained += op.operands[1:]
        for value in gained:
            if self._tracked(value):
                held[value] = held.get(value, 0) + 1

    def _takes(self, op: Operation) -> list[bool]:
        if op.name == "rt.cell_reuse":
            return [True] * len(op.operands)
        if op.name in _TAKES_FIRST:
            return [True] + [False] * (len(op.operands) - 1)
        return list(consumed(op, self.borrowed))

    def _give(self, value: Value, held: dict[Value, int]) -> None:
        if held.get(value, 0) > 1:
            held[value] -= 1
        else:
            held.pop(value, None)
