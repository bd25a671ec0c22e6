"""Dominance: which definitions are certain to have run where.

One tree per region, made when first asked for, by the algorithm of Cooper, Harvey and Kennedy, "A Simple,
Fast Dominance Algorithm" (2001); questions are then answered in constant time by the numbering of a
depth-first walk of the tree. The answers are a snapshot: after a change of blocks or branches make a new one.
"""

from __future__ import annotations

from ospjit.ir.core import Block, BlockArgument, Operation, Region, Value, erase_blocks


class DominanceTree:
    """The dominator tree of one region's blocks, rooted at its entry."""

    __slots__ = ("_interval", "idom", "order")

    def __init__(self, region: Region) -> None:
        self.order: list[Block] = reverse_postorder(region)
        """The reachable blocks in reverse postorder."""
        self.idom: dict[Block, Block] = {}
        """The immediate dominator of every reachable block; the entry's is itself."""
        self._find_dominators()
        self._interval: dict[Block, tuple[int, int]] = {}
        self._number()

    def _find_dominators(self) -> None:
        if not self.order:
            return
        number = {block: i for i, block in enumerate(self.order)}
        before = [[number[p] for p in block.predecessors() if p in number] for block in self.order]
        idom = [0] + [-1] * (len(self.order) - 1)
        changed = True
        while changed:
            changed = False
            for i in range(1, len(idom)):
                new = -1
                for p in before[i]:
                    if idom[p] >= 0:
                        new = p if new < 0 else _common(idom, p, new)
                if idom[i] != new:
                    idom[i] = new
                    changed = True
        self.idom = {block: self.order[i] for block, i in zip(self.order, idom, strict=True)}

    def _number(self) -> None:
        """Give every block the interval of preorder numbers of what it dominates."""
        children: dict[Block, list[Block]] = {block: [] for block in self.order}
        for block in self.order[1:]:
            children[self.idom[block]].append(block)
        sizes = dict.fromkeys(self.order, 1)
        for block in reversed(self.order[1:]):
            sizes[self.idom[block]] += sizes[block]
        counter = 0
        stack = self.order[:1]
        while stack:
            block = stack.pop()
            self._interval[block] = (counter, counter + sizes[block])
            counter += 1
            stack.extend(children[block])

    def reachable(self, block: Block) -> bool:
        """Whether a path leads from the entry to `block`."""
        return block in self._interval

    def dominates(self, above: Block, below: Block) -> bool:
        """Whether every path from the entry to `below` passes through `above`. A block dominates itself, and
        every block dominates one that cannot be reached."""
        if above is below or below not in self._interval:
            return True
        if above not in self._interval:
            return False
        start, end = self._interval[above]
        return start <= self._interval[below][0] < end


def _common(idom: list[int], a: int, b: int) -> int:
    """The nearest common dominator of two blocks, named by their reverse postorder numbers."""
    while a != b:
        while a > b:
            a = idom[a]
        while b > a:
            b = idom[b]
    return a


def reverse_postorder(region: Region) -> list[Block]:
    """The blocks that can be reached from the entry, each before its successors except around loops."""
    if region.first is None or region.first is region.last:
        return list(region.blocks)
    seen = {region.first}
    order: list[Block] = []
    stack = [(region.first, iter(region.first.successors()))]
    while stack:
        block, successors = stack[-1]
        for successor in successors:
            if successor not in seen and successor.parent is region:
                seen.add(successor)
                stack.append((successor, iter(successor.successors())))
                break
        else:
            order.append(block)
            stack.pop()
    order.reverse()
    return order


def remove_unreachable(region: Region) -> int:
    """Erase the blocks that no path from the entry reaches; how many they were."""
    reachable = set(reverse_postorder(region))
    dead = [block for block in region.blocks if block not in reachable]
    if dead:
        erase_blocks(dead)
    return len(dead)


class DominanceInfo:
    """Dominance between values and operations of one program, across nested regions."""

    __slots__ = ("_positions", "_trees")

    def __init__(self) -> None:
        self._trees: dict[Region, DominanceTree] = {}
        self._positions: dict[Block, dict[Operation, int]] = {}

    def tree(self, region: Region) -> DominanceTree:
        """The dominator tree of `region`."""
        found = self._trees.get(region)
        if found is None:
            found = self._trees[region] = DominanceTree(region)
        return found

    def position(self, op: Operation) -> int:
        """The place of `op` in its block, counted from 0."""
        block = op.parent
        assert block is not None
        positions = self._positions.get(block)
        if positions is None:
            positions = self._positions[block] = {op: i for i, op in enumerate(block.ops)}
        return positions[op]

    def comes_before(self, first: Operation, second: Operation) -> bool:
        """Whether `first` has always run when `second` begins; both stand in one region."""
        above, below = first.parent, second.parent
        assert above is not None and below is not None and above.parent is not None
        if above is below:
            return self.position(first) < self.position(second)
        return self.tree(above.parent).dominates(above, below)

    def available(self, value: Value, op: Operation) -> bool:
        """Whether `op` may read `value`: it is defined in an enclosing region, before `op` on every path."""
        block = value.block
        if block is None:
            return False
        user = enclosing(op, block.parent)
        if user is None or user.parent is None or block.parent is None:
            return False
        if isinstance(value, BlockArgument):
            return self.tree(block.parent).dominates(block, user.parent) if block is not user.parent else True
        owner = value.owner
        return isinstance(owner, Operation) and self.comes_before(owner, user)


def enclosing(op: Operation, region: Region | None) -> Operation | None:
    """`op` or the operation around it that stands directly in `region`, or None."""
    current: Operation | None = op
    while current is not None:
        block = current.parent
        if block is None:
            return None
        if block.parent is region:
            return current
        current = block.parent_op()
    return None
