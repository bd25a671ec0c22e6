"""perceus: precise reference counts; the only pass that creates them.

Every counted value has one owner, or is borrowed from a cell that somebody holds (the rules stand in the `rt`
dialect). A use that gives away a value still needed later, or one that is only borrowed, is preceded by a
`rt.dup`; a value is dropped right after its last use or on the edge where it dies. What was read out of a
cell gets a count of its own only when the cell dies before it: then both are one `rt.drop_cell`, which costs
nothing but the freeing of the cell if that was not shared (Reinking, Xie, de Moura, Leijen: "Perceus: Garbage
Free Reference Counting with Reuse", 2021; here on a control flow graph by liveness). What only inspects a
value borrows it (`borrow`), static values are not counted at all (`static_values`), and dead cells become new
ones (`reuse`).

Before:

    "func.func"() ({
    ^bb0(%s: !osp.string, %t: !osp.string):
      %0 = "rt.call"(%s, %t) {callee = @osp_string_concat} : (!osp.string, !osp.string) -> !osp.string
      %1 = "rt.cell"(%0, %0) {scan = 2 : i64, tag = 0 : i64} : (!osp.string, !osp.string) -> !osp.data<"P">
      "func.return"(%1) : (!osp.data<"P">) -> ()
    }) {exported = true, function_type = (!osp.string, !osp.string) -> !osp.data<"P">, sym_name = "pair"}
      : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: !osp.string, %arg1: !osp.string):
      %0 = "rt.call"(%arg0, %arg1) {callee = @osp_string_concat}
        : (!osp.string, !osp.string) -> !osp.string
      "rt.drop"(%arg0) : (!osp.string) -> ()
      "rt.drop"(%arg1) : (!osp.string) -> ()
      "rt.dup"(%0) : (!osp.string) -> ()
      %1 = "rt.cell"(%0, %0) {scan = 2 : i64, tag = 0 : i64}
        : (!osp.string, !osp.string) -> !osp.data<"P">
      "func.return"(%1) : (!osp.data<"P">) -> ()
    }) {exported = true, function_type = (!osp.string, !osp.string) -> !osp.data<"P">, sym_name = "pair"}
      : () -> ()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ospjit.dialects.cf_canonical import join_blocks
from ospjit.dialects.rt import BORROWED_RESULT, is_counted
from ospjit.ir import (
    Block,
    BlockArgument,
    Builder,
    Operation,
    Pass,
    PassContext,
    Region,
    Value,
    apply_patterns,
    body_of,
    option,
    remove_unreachable,
    reverse_postorder,
)
from ospjit.ir.dominance import DominanceTree
from ospjit.passes.borrow import READS, BorrowInference, consumed
from ospjit.passes.reuse import reuse_cells
from ospjit.passes.static_values import StaticValues


@dataclass(frozen=True)
class Perceus(Pass):
    """Inserts the operations that count."""

    name = "perceus"
    summary = "precise reference counts: dup and drop at the last use, reuse of dying cells"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    statistics = {
        "dups": "counts taken",
        "drops": "counts given up",
        "slots moved": "values that may move out of a dying cell instead of being counted",
        "borrowed parameters": "parameters that stay their caller's",
        "static results": "results that need no counts",
        "cells reused": "cells made in the memory of a dying one",
        "tail calls lost": "calls after which something is dropped; none of them is part of a loop",
    }
    required = True

    specialize: bool = option(True, "let values move out of dying cells")
    reuse: bool = option(True, "make new cells of dying ones")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        functions = [
            op for op in body_of(module).ops if op.name == "func.func" and op.regions[0].first is not None
        ]
        for function in functions:
            remove_unreachable(function.regions[0])
        apply_patterns(module, [join_blocks])
        static = StaticValues(module, functions)
        inference = BorrowInference(functions, static, self.reuse)
        for function in functions:
            borrowed = inference.borrowed[function.attr("sym_name")]
            _note(function, "borrowed", sorted(borrowed), "borrowed parameters", ctx)
            _note(function, "static_results", static.results(function), "static results", ctx)
            counts = _Counts(function, static, inference, self.specialize, ctx)
            counts.run()
            if counts.known_drops:
                reuse_cells(function.regions[0], ctx, self.reuse)


def _note(function: Operation, name: str, indices: Iterable[int], statistic: str, ctx: PassContext) -> None:
    indices = tuple(indices)
    if indices:
        function.set_attr(name, indices)
        ctx.count(statistic, len(indices))


class _Counts:
    """The counts of one function. Sets of live values hold those that are neither static nor the caller's."""

    def __init__(
        self,
        function: Operation,
        static: StaticValues,
        inference: BorrowInference,
        specialize: bool,
        ctx: PassContext,
    ) -> None:
        self.function = function
        self.region: Region = function.regions[0]
        self.static = static
        self.inference = inference
        self.specialize = specialize
        self.ctx = ctx
        self.live_in: dict[Block, set[Value]] = {}
        self.parent: dict[Value, Value] = {}
        self.children: dict[Value, list[Value]] = {}
        self.kept_for: dict[Value, Value] = {}
        self.tail_calls: list[Operation] = []
        self.known_drops = False

    def run(self) -> None:
        symbol = self.function.attr("sym_name")
        mine = self.inference.borrowed[symbol]
        found = self.inference.origins[symbol]
        if not found:  # nothing in it is counted
            return
        _split_edges(self.region)
        self.lent_to_us = {v for v, origin in found.items() if origin.borrowed(mine)}
        self.order = reverse_postorder(self.region)
        self.dominance = DominanceTree(self.region)
        self._relations()
        self._liveness()
        for block in self.order:
            self._block(block)
        for block in self.order:
            self._edges(block)
        for op in self.tail_calls:
            self._tail_call(op, symbol)

    # ---- what is known before

    def _tracked(self, value: Value) -> bool:
        return is_counted(value.type) and value not in self.static and value not in self.lent_to_us

    def _relations(self) -> None:
        """From which cell each borrowed value was read; which cells are only read, with all that is
        inside."""
        given: set[Value] = set()
        for block in self.order:
            for op in block.ops:
                if op.name in READS:
                    cell = op.operands[READS[op.name]]
                    if self._tracked(cell) and self._tracked(op.result):
                        self.parent[op.result] = cell
                        self.children.setdefault(cell, []).append(op.result)
                elif "tail" in op.attributes:
                    self.tail_calls.append(op)
                given.update(v for v, takes in zip(op.operands, self._takes(op), strict=True) if takes)
        for root in self.children:
            if root in self.parent:
                continue
            inside = list(self._inside(root))
            if root not in given and not any(v in given for v in inside):
                self.kept_for.update((v, root) for v in inside)

    def _takes(self, op: Operation) -> Iterable[bool]:
        return consumed(op, self.inference.borrowed)

    def _inside(self, root: Value) -> Iterator[Value]:
        """All values that were read out of `root`, or out of those."""
        work = list(self.children.get(root, ()))
        while work:
            value = work.pop()
            yield value
            work += self.children.get(value, ())

    def _used(self, op: Operation) -> Iterator[Value]:
        """The tracked values that an operation needs: its operands, and the cells kept alive for them."""
        for value in op.operands:
            if self._tracked(value):
                yield value
                if value in self.kept_for:
                    yield self.kept_for[value]

    def _liveness(self) -> None:
        uses: dict[Block, set[Value]] = {}
        defs: dict[Block, set[Value]] = {}
        for block in self.order:
            defined: set[Value] = {a for a in block.args if self._tracked(a)}
            used: set[Value] = set()
            for op in block.ops:
                used.update(v for v in self._used(op) if v not in defined)
                defined.update(r for r in op.results if self._tracked(r))
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
        """The tracked values that some successor still needs."""
        out: set[Value] = set()
        for successor in block.successors():
            out |= self.live_in[successor]
        return out

    def _held(self, value: Value, *holders: Container[Value]) -> bool:
        """Whether one of the cells that a value was read from is among `holders`."""
        cell = self.parent.get(value)
        while cell is not None:
            if any(cell in some for some in holders):
                return True
            cell = self.parent.get(cell)
        return False

    # ---- counting

    def _dup(self, b: Builder, value: Value, times: int = 1) -> None:
        for _ in range(times):
            b.create("rt.dup", [value])
            self.ctx.count("dups")

    def _release(self, b: Builder, cell: Value, live: set[Value]) -> None:
        """Give up an owned value that is dead from here on. What was read out of it and is live becomes
        owned: it moves out, together with the dead cells between, which are given up in turn."""
        dying = [cell]
        for outer in dying:
            layout = self._layout(outer, b.block) if self.specialize else None
            moving: dict[int, Value] = {}
            for inner in self.children.get(outer, ()):
                wanted = self._outermost(inner, live)
                if not wanted:
                    continue
                read = inner.owner
                assert isinstance(read, Operation)
                slot = read.attr("index")
                if layout is not None and read.name == "rt.slot" and slot not in moving:
                    moving[slot] = inner
                    if inner not in live:
                        dying.append(inner)
                else:
                    for value in wanted:
                        self._dup(b, value)
            self._drop(b, outer, layout, moving)

    def _outermost(self, value: Value, live: set[Value]) -> list[Value]:
        """What is live of a value and all that was read out of it, without what something live holds."""
        found = []
        work = [value]
        while work:
            value = work.pop()
            if value in live:
                found.append(value)
            else:
                work += self.children.get(value, ())
        return found

    def _drop(
        self, b: Builder, cell: Value, layout: tuple[int, int] | None, moving: dict[int, Value]
    ) -> None:
        if layout is None:
            b.create("rt.drop", [cell])
        else:
            slots = sorted(moving)
            words, scan = layout
            attrs = {"words": words, "scan": scan, "slots": tuple(slots)}
            b.create("rt.drop_cell", [cell, *(moving[slot] for slot in slots)], [], attrs)
            self.known_drops = True
            self.ctx.count("slots moved", len(slots))
        self.ctx.count("drops")

    def _layout(self, cell: Value, block: Block) -> tuple[int, int] | None:
        """The numbers of words and of counted slots of a cell that dies in `block`, if a read in front
        tells."""
        for value in self.children.get(cell, ()):
            read = value.owner
            assert isinstance(read, Operation) and read.parent is not None
            words = read.attr("words")
            if words is not None and self.dominance.dominates(read.parent, block):
                return words, read.attr("scan")
        return None

    def _block(self, block: Block) -> None:
        live = self.live_out(block)
        for op in reversed(list(block.ops)):
            self._operation(op, live)
        assert block.first is not None
        b = Builder.at_start(block, block.first.loc)
        for argument in block.args:
            if self._tracked(argument) and argument not in live:
                self._release(b, argument, live)

    def _operation(self, op: Operation, live: set[Value]) -> None:
        """Count for one operation, given what is needed after it; `live` becomes what is needed before it."""
        made = [r for r in op.results if self._tracked(r)]
        taken: Counter[Value] = Counter()
        lent: dict[Value, None] = {}
        for value, takes in zip(op.operands, self._takes(op), strict=True):
            if takes and value in self.lent_to_us and value not in self.static:
                self._dup(Builder.before(op), value)
            elif takes and self._tracked(value):
                taken[value] += 1
            elif self._tracked(value):
                lent[value] = None
                if value in self.kept_for:
                    lent[self.kept_for[value]] = None
        if made or taken or lent:
            after = Builder.after(op)
            self._results(op, after, made, live)
            self._operands(op, after, taken, lent, live)
        live.difference_update(made)
        live.update(lent)
        live.update(taken)

    def _results(self, op: Operation, after: Builder, made: Sequence[Value], live: set[Value]) -> None:
        for result in made:
            if result in self.parent:
                continue
            if op.name not in BORROWED_RESULT:
                if result not in live:
                    self._release(after, result, live)
            elif result in live:
                self._dup(after, result)

    def _operands(
        self,
        op: Operation,
        after: Builder,
        taken: Counter[Value],
        lent: dict[Value, None],
        live: set[Value],
    ) -> None:
        """`taken` says how often the operation takes over each value, `lent` what it only looks at."""
        before = Builder.before(op)
        orphans = self._orphans(taken, lent, live)
        for value in orphans:
            self._dup(before, value)
        for value, count in taken.items():
            stays = value in live or value in lent
            ours = not stays and (value in orphans or not self._held(value, live, lent))
            self._dup(before, value, count - 1 if ours else count)
        for value in lent:
            if value not in live and (value in orphans or not self._held(value, live, lent, taken)):
                self._release(after, value, live)

    def _orphans(self, taken: Counter[Value], lent: dict[Value, None], live: set[Value]) -> dict[Value, None]:
        """The values that lose the cell they are borrowed from because an operation takes it over."""
        orphans: dict[Value, None] = {}
        for cell in taken:
            if cell not in self.children or cell in live or cell in lent:
                continue
            if self._held(cell, live, lent, taken):
                continue
            work = list(self.children[cell])
            while work:
                value = work.pop()
                stays = value in live or value in lent
                if stays or value in taken:
                    orphans[value] = None
                if not stays:
                    work += self.children.get(value, ())
        return orphans

    def _edges(self, block: Block) -> None:
        """Drop what died on the way into a block with one predecessor."""
        predecessors = block.predecessors()
        if len(predecessors) != 1:
            return
        out, live = self.live_out(predecessors[0]), self.live_in[block]
        dying = out - live
        if dying:
            b = Builder.at_start(block)
            for value in sorted(dying, key=_position):
                if not self._held(value, out):
                    self._release(b, value, live)

    def _tail_call(self, op: Operation, symbol: str) -> None:
        """A call after which something is dropped is no tail call any more."""
        assert op.next is not None
        if op.next.name != "func.return":
            assert not self.inference.is_loop(symbol, op), "a loop's tail call must stay one"
            del op.attributes["tail"]
            self.ctx.count("tail calls lost")


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
