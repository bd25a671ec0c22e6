"""perceus: precise reference counts; the only pass that creates them.

Every counted value has one owner. Arguments of functions, parts of cells and branch operands are owned by who
receives them; runtime functions borrow unless the table says otherwise. A use that gives away a value still
needed later is preceded by a `rt.dup`, and a value is dropped right after its last use or on the edge where
it dies (Reinking, Xie, de Moura, Leijen: "Perceus: Garbage Free Reference Counting with Reuse", 2021; here on
a control flow graph by liveness). Values that can only be static are not counted at all.

    %n = rt.slot %cell {index = 0}          func.return %n
->  %n = rt.slot %cell {index = 0}   rt.dup %n   rt.drop %cell   func.return %n
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ospjit.builtins.table import RUNTIME
from ospjit.dialects.rt import BORROWED_RESULT, CONSUMING, is_counted
from ospjit.ir import (
    Block,
    BlockArgument,
    Builder,
    Operation,
    Pass,
    PassContext,
    Region,
    Value,
    body_of,
    remove_unreachable,
    reverse_postorder,
)

_STATIC = frozenset(("rt.string", "rt.null", "rt.static_cell"))


@dataclass(frozen=True)
class Perceus(Pass):
    """Inserts `rt.dup` and `rt.drop`."""

    name = "perceus"
    summary = "precise reference counts: dup and drop at the last use"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for function in body_of(module).ops:
            if function.name == "func.func" and function.regions[0].first is not None:
                remove_unreachable(function.regions[0])
                _Counts(function.regions[0], ctx).run()


def consumed(op: Operation) -> tuple[bool, ...]:
    """For each operand, whether the operation takes over its reference."""
    if op.name in CONSUMING:
        return (True,) * len(op.operands)
    if op.name == "rt.call":
        fn = RUNTIME[op.attr("callee")]
        return tuple(i in fn.owned or machine == "thunk" for i, (_, machine) in enumerate(fn.params))
    if op.name == "rt.select":
        return tuple(op.attr("owned"))
    return (False,) * len(op.operands)


class _Counts:
    def __init__(self, region: Region, ctx: PassContext) -> None:
        self.region = region
        self.ctx = ctx
        self.live_in: dict[Block, set[Value]] = {}

    def run(self) -> None:
        _split_edges(self.region)
        self.order = reverse_postorder(self.region)
        self.static = _static_values(self.order)
        self._liveness()
        for block in self.order:
            self._block(block)
        for block in self.order:
            self._edges(block)

    def _counted(self, value: Value) -> bool:
        return is_counted(value.type) and value not in self.static

    def _liveness(self) -> None:
        uses: dict[Block, set[Value]] = {}
        defs: dict[Block, set[Value]] = {}
        for block in self.order:
            defined: set[Value] = {a for a in block.args if self._counted(a)}
            used: set[Value] = set()
            for op in block.ops:
                used.update(v for v in op.operands if v not in defined and self._counted(v))
                defined.update(r for r in op.results if self._counted(r))
            uses[block], defs[block] = used, defined
            self.live_in[block] = set(used)
        changed = True
        while changed:
            changed = False
            for block in reversed(self.order):
                new = uses[block] | (self.live_out(block) - defs[block])
                if len(new) != len(self.live_in[block]):
                    self.live_in[block] = new
                    changed = True

    def live_out(self, block: Block) -> set[Value]:
        """The counted values that some successor still needs."""
        out: set[Value] = set()
        for successor in block.successors():
            out |= self.live_in[successor]
        return out

    def _dup(self, b: Builder, value: Value, times: int = 1) -> None:
        for _ in range(times):
            b.create("rt.dup", [value])
            self.ctx.count("dups")

    def _drop(self, b: Builder, value: Value) -> None:
        b.create("rt.drop", [value])
        self.ctx.count("drops")

    def _block(self, block: Block) -> None:
        live = self.live_out(block)
        for op in reversed(list(block.ops)):
            self._operation(op, live)
        b = Builder.at_start(block, block.first.loc if block.first else self.region.entry.first.loc)  # type: ignore[union-attr]
        for argument in block.args:
            if self._counted(argument) and argument not in live:
                self._drop(b, argument)

    def _operation(self, op: Operation, live: set[Value]) -> None:
        """Count for one operation, given what is needed after it; `live` becomes what is needed before it."""
        after = Builder.after(op)
        for result in op.results:
            if not self._counted(result):
                continue
            if result in live:
                if op.name in BORROWED_RESULT:
                    self._dup(after, result)
                live.discard(result)
            elif op.name not in BORROWED_RESULT:
                self._drop(after, result)
        taken: Counter[Value] = Counter()
        lent: dict[Value, None] = {}
        for value, takes in zip(op.operands, consumed(op), strict=True):
            if not self._counted(value):
                continue
            if takes:
                taken[value] += 1
            else:
                lent[value] = None
        before = Builder.before(op)
        for value, count in taken.items():
            needed_after = value in live or value in lent
            self._dup(before, value, count if needed_after else count - 1)
        for value in lent:
            if value not in live:
                self._drop(after, value)
        live.update(taken)
        live.update(lent)

    def _edges(self, block: Block) -> None:
        """Drop what died on the way into a block with one predecessor."""
        predecessors = block.predecessors()
        if len(predecessors) != 1:
            return
        dying = self.live_out(predecessors[0]) - self.live_in[block]
        if dying:
            b = Builder.at_start(block)
            for value in sorted(dying, key=_position):
                self._drop(b, value)


def _position(value: Value) -> tuple[int, int]:
    """A stable order for values that die together."""
    if isinstance(value, BlockArgument):
        return (0, value.index)
    owner = value.owner
    assert isinstance(owner, Operation)
    return (owner.loc.line * 4096 + owner.loc.column + 1, value.index)


def _split_edges(region: Region) -> None:
    """Give every edge out of a branch with several successors a block of its own if it carries operands or
    enters a block with other predecessors."""
    for block in list(region.blocks):
        last = block.last
        if last is None or len(last.successors) < 2:
            continue
        for index, successor in enumerate(last.successors):
            args = last.successor_args(index)
            if args or len(successor.uses) > 1:
                middle = Block()
                region.insert_after(block, middle)
                last.set_successor_args(index, ())
                last.replace_successor(index, middle)
                Builder.at_end(middle, last.loc).create("cf.br", args, successors=[successor])


def _static_values(order: list[Block]) -> set[Value]:
    """The values that can only be literals and other static cells: the greatest fixed point."""
    static: set[Value] = set()
    for block in order:
        if block is not order[0]:
            static.update(a for a in block.args if is_counted(a.type))
        for op in block.ops:
            made = (
                op.name in _STATIC
                or (op.name == "rt.closure" and not op.operands)
                or op.name == "arith.select"
            )
            if made or op.name == "rt.cast":
                static.update(r for r in op.results if is_counted(r.type))
    changed = True
    while changed:
        changed = False
        for block in order:
            for op in block.ops:
                if op.name in ("arith.select", "rt.cast") and op.result in static:
                    if any(is_counted(v.type) and v not in static for v in op.operands):
                        static.discard(op.result)
                        changed = True
                for index, successor in enumerate(op.successors):
                    for argument, value in zip(successor.args, op.successor_args(index), strict=True):
                        if argument in static and value not in static:
                            static.discard(argument)
                            changed = True
    return static
