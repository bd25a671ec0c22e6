"""Dead cells become new ones: reuse analysis for `perceus`.

A cell that dies on the way to a new cell of the same size leaves its memory behind as a token, if it was the
last reference; the new cell is made in it. On paths that make no such cell the memory is freed where that is
certain. A token never leaves its function (Reinking, Xie, de Moura, Leijen: "Perceus", 2021, section 2.4;
Lorenzen, Leijen: "Reference Counting with Frame Limited Reuse", 2022, for why the drop guides the search).

    rt.drop_cell %c, %l, %r {words = 3, scan = 2, slots = [0, 1]}       %n = rt.cell(%l, %r, %x)
->  %t = rt.drop_reuse %c, %l, %r {words = 3, scan = 2, slots = [0, 1]}  %n = rt.cell_reuse(%t, %l, %r, %x)
"""

from __future__ import annotations

from ospjit.dialects.rt import TOKEN
from ospjit.ir import Block, Builder, Operation, PassContext, Region, Value, reverse_postorder
from ospjit.ir.dominance import DominanceTree


def reuse_cells(region: Region, ctx: PassContext, enabled: bool) -> None:
    """Turn the `rt.drop_cell` and `rt.cell` of a function into `rt.drop_reuse` and `rt.cell_reuse` where they
    fit. A drop of a cell that nothing moves out of, and that is not reused, becomes a plain `rt.drop`."""
    order = reverse_postorder(region)
    drops = [op for block in order for op in block.ops if op.name == "rt.drop_cell"]
    if enabled and drops and any(op.name == "rt.cell" for block in order for op in block.ops):
        dominance = DominanceTree(region)
        drops = [op for op in drops if not _Search(op, order, dominance, ctx).run()]
    for op in drops:
        if len(op.operands) == 1:
            Builder.before(op).create("rt.drop", op.operands)
            op.erase()


class _Search:
    """The search for what to make of one dying cell."""

    def __init__(
        self, drop: Operation, order: list[Block], dominance: DominanceTree, ctx: PassContext
    ) -> None:
        assert drop.parent is not None
        self.drop = drop
        self.home: Block = drop.parent
        self.words: int = drop.attr("words")
        self.below = [b for b in order if b is not self.home and dominance.dominates(self.home, b)]
        self.ctx = ctx

    def run(self) -> bool:
        """Whether some path makes a cell of it."""
        here = self._first_fitting(self.drop.next)
        if here is not None:
            self._make(here, self._token())
            return True
        chosen = self._choose()
        if not chosen:
            return False
        token = self._token()
        needing = self._needing(chosen)
        for block in (self.home, *self.below):
            if block is self.home or (block in needing and block not in chosen):
                self._free_where_not_needed(block, needing, token)
        for cell in chosen.values():
            self._make(cell, token)
        return True

    def _first_fitting(self, op: Operation | None) -> Operation | None:
        while op is not None:
            if op.name == "rt.cell" and len(op.operands) == self.words:
                return op
            op = op.next
        return None

    def _choose(self) -> dict[Block, Operation]:
        """The first fitting cell in each block that every path reaches with the memory still unused."""
        cells = {b: self._first_fitting(b.first) for b in self.below}
        if not any(cells.values()):
            return {}
        reached = dict.fromkeys(self.below, True)
        changed = True
        while changed:
            changed = False
            for block in self.below:
                arrives = all(
                    p is self.home or (reached.get(p, False) and cells.get(p) is None)
                    for p in block.predecessors()
                )
                if reached[block] and not arrives:
                    reached[block] = False
                    changed = True
        return {b: cell for b, cell in cells.items() if cell is not None and reached[b]}

    def _needing(self, chosen: dict[Block, Operation]) -> set[Block]:
        """The blocks at whose start the memory is still wanted."""
        needing: set[Block] = set()
        work = list(chosen)
        while work:
            block = work.pop()
            if block not in needing:
                needing.add(block)
                work += [p for p in block.predecessors() if p is not self.home]
        return needing

    def _free_where_not_needed(self, block: Block, needing: set[Block], token: Value) -> None:
        for successor in block.successors():
            if successor not in needing:
                # Edges out of branches end in blocks with one predecessor.
                Builder.at_start(successor).create("rt.free_token", [token])

    def _token(self) -> Value:
        drop = self.drop
        new = Builder.before(drop).create("rt.drop_reuse", drop.operands, [TOKEN], drop.attributes)
        drop.erase()
        return new.result

    def _make(self, cell: Operation, token: Value) -> None:
        new = Builder.before(cell).create(
            "rt.cell_reuse", [token, *cell.operands], [cell.result.type], cell.attributes
        )
        cell.result.replace_by(new.result)
        cell.erase()
        self.ctx.count("cells reused")
