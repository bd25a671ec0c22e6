"""Dead cells become new ones: reuse analysis for `perceus`.

A cell that dies on the way to a new cell of the same size leaves its memory behind as a token, if it was the
last reference; the new cell is made in it. On paths that make no such cell the memory is freed where that is
certain. A merge takes the memory of cells that die in front of it as an argument. A token never leaves its
function (Reinking, Xie, de Moura, Leijen: "Perceus", 2021, section 2.4; Lorenzen, Leijen: "Reference Counting
with Frame Limited Reuse", 2022, for why the drop guides the search).

    rt.drop_cell %c, %l, %r {words = 3, scan = 2, slots = [0, 1]}       %n = rt.cell(%l, %r, %x)
->  %t = rt.drop_reuse %c, %l, %r {words = 3, scan = 2, slots = [0, 1]}  %n = rt.cell_reuse(%t, %l, %r, %x)
"""

from __future__ import annotations

from ospjit.dialects.rt import TOKEN
from ospjit.ir import Block, Builder, Operation, PassContext, Region, Value, reverse_postorder
from ospjit.ir.dominance import DominanceTree

#: How many blocks to look through for a new cell: memory is not kept for what is far away.
_HORIZON = 64


def reuse_cells(region: Region, ctx: PassContext, enabled: bool) -> None:
    """Turn the `rt.drop_cell` and `rt.cell` of a function into `rt.drop_reuse` and `rt.cell_reuse` where they
    fit. A drop of a cell that nothing moves out of, and that is not reused, becomes a plain `rt.drop`."""
    order = reverse_postorder(region)
    drops = [op for block in order for op in block.ops if op.name == "rt.drop_cell"]
    if enabled and drops and any(op.name == "rt.cell" for block in order for op in block.ops):
        drops = _Reuse(DominanceTree(region), ctx).run(drops)
    for op in drops:
        if len(op.operands) == 1:
            Builder.before(op).create("rt.drop", op.operands)
            op.erase()


def _token_of(drop: Operation) -> Value:
    """Let a dying cell leave its memory behind."""
    new = Builder.before(drop).create("rt.drop_reuse", drop.operands, [TOKEN], drop.attributes)
    drop.erase()
    return new.result


class _Reuse:
    def __init__(self, dominance: DominanceTree, ctx: PassContext) -> None:
        self.dominance = dominance
        self.ctx = ctx

    def run(self, drops: list[Operation]) -> list[Operation]:
        """Find something to make of every dying cell; those for which there is nothing."""
        left = []
        for drop in drops:
            assert drop.parent is not None
            search = _Search(self, drop.parent, drop.next, drop.attr("words"))
            if search.successful:
                search.use(_token_of(drop))
            else:
                left.append(drop)
        merges: dict[tuple[Block, int], list[Operation]] = {}
        for drop in left:
            assert drop.parent is not None
            successors = drop.parent.successors()
            if len(successors) == 1 and len(successors[0].uses) > 1:
                merges.setdefault((successors[0], drop.attr("words")), []).append(drop)
        used: set[Operation] = set()
        for (block, words), drops in merges.items():
            while more := self._merge(block, words, [d for d in drops if d not in used]):
                used.update(more)
        return [drop for drop in left if drop not in used]

    def _merge(self, block: Block, words: int, drops: list[Operation]) -> list[Operation]:
        """Pass the memory of cells that die in front of `block`, a merge that is no loop, into it as an
        argument; of which cells."""
        dying = {drop.parent: drop for drop in drops}
        if not drops or any(self.dominance.dominates(block, p) for p in block.predecessors()):
            return []
        search = _Search(self, block, block.first, words)
        if not search.successful:
            return []
        for branch, index in block.uses:
            assert branch.parent is not None
            given = dying.get(branch.parent)
            if given is not None:
                token = _token_of(given)
            else:
                token = Builder.before(branch).create("rt.null", [], [TOKEN], {"words": words}).result
            branch.set_successor_args(index, (*branch.successor_args(index), token))
        search.use(block.add_arg(TOKEN))
        return list(dying.values())


class _Search:
    """The search for cells to make of memory of `words` words that is there from `start` in `home` on."""

    def __init__(self, reuse: _Reuse, home: Block, start: Operation | None, words: int) -> None:
        self.home = home
        self.words = words
        self.ctx = reuse.ctx
        self.here = self._first_fitting(start)
        self.below: list[Block] = []
        self.chosen: dict[Block, Operation] = {}
        if self.here is None:
            self.below = self._blocks_ahead(reuse.dominance)
            self.chosen = self._choose()

    @property
    def successful(self) -> bool:
        """Whether some path makes such a cell."""
        return self.here is not None or bool(self.chosen)

    def use(self, token: Value) -> None:
        """Make the cells that were found in the memory of `token`, and free it where there is none to
        make."""
        if self.here is not None:
            self._make(self.here, token)
            return
        needing = self._needing()
        for block in (self.home, *self.below):
            if block is self.home or (block in needing and block not in self.chosen):
                self._free_where_not_needed(block, needing, token)
        for cell in self.chosen.values():
            self._make(cell, token)

    def _first_fitting(self, op: Operation | None) -> Operation | None:
        while op is not None:
            if op.name == "rt.cell" and len(op.operands) == self.words:
                return op
            op = op.next
        return None

    def _blocks_ahead(self, dominance: DominanceTree) -> list[Block]:
        """The blocks that only control from `home` enters, up to those that make a fitting cell."""
        ahead = [self.home]
        for block in ahead:
            if block is self.home or self._first_fitting(block.first) is None:
                for successor in block.successors():
                    near = len(ahead) <= _HORIZON and successor not in ahead
                    if near and dominance.dominates(self.home, successor):
                        ahead.append(successor)
        return ahead[1:]

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

    def _needing(self) -> set[Block]:
        """The blocks at whose start the memory is still wanted."""
        needing: set[Block] = set()
        work = list(self.chosen)
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

    def _make(self, cell: Operation, token: Value) -> None:
        new = Builder.before(cell).create(
            "rt.cell_reuse", [token, *cell.operands], [cell.result.type], cell.attributes
        )
        cell.result.replace_by(new.result)
        cell.erase()
        self.ctx.count("cells reused")
