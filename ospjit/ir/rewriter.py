"""Rewriting by patterns: one greedy driver for all passes.

A pattern is a function from an operation and a `Rewriter` to whether it changed anything, registered for the
operation names it looks at. The driver keeps a worklist, dispatches by name, and looks again at what a
rewrite touched. A pattern that changes nothing must return False, and one that changes something True.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ospjit.ir.builder import Builder
from ospjit.ir.core import Block, Operation, Region, Value, erase_blocks
from ospjit.ir.location import Location
from ospjit.ir.types import Type


class Pattern:
    """A rewrite: callable as `pattern(op, rewriter) -> changed`, meant for operations called `names`."""

    __slots__ = ("_function", "name", "names")

    def __init__(self, names: tuple[str, ...], function: Callable[[Operation, Rewriter], bool]) -> None:
        self.names = names
        self._function = function
        self.name: str = function.__name__

    def __call__(self, op: Operation, rewriter: Rewriter) -> bool:
        return self._function(op, rewriter)

    def __repr__(self) -> str:
        return f"<pattern {self.name} for {', '.join(self.names)}>"


def pattern(*names: str) -> Callable[[Callable[[Operation, Rewriter], bool]], Pattern]:
    """Decorator that makes a function the pattern for the operations called `names`."""
    return lambda function: Pattern(names, function)


class PatternsDoNotConverge(Exception):
    """The patterns rewrite for ever: the named one was applied last, again and again."""


class Rewriter(Builder):
    """A builder that stands before the operation being rewritten and tells the driver what changes.

    Changes made without it (`value.replace_by`, `op.set_operand`) are legal; the driver sees them one round
    later.
    """

    __slots__ = ("_driver",)

    def __init__(self, op: Operation, driver: _Driver) -> None:
        block = op.parent
        assert block is not None
        super().__init__(block, op, op.loc)
        self._driver = driver

    def insert(self, op: Operation) -> Operation:
        super().insert(op)
        self._driver.push(op)
        return op

    def replace(self, op: Operation, values: Value | Sequence[Value]) -> None:
        """Make `values`, one for each result, take the place of the results of `op`, and erase it."""
        replacements = (values,) if isinstance(values, Value) else values
        if len(replacements) != len(op.results):
            raise ValueError(f"{op.name} has {len(op.results)} results, not {len(replacements)}")
        for result, value in zip(op.results, replacements, strict=True):
            for user in result.users:
                self._driver.push(user)
            result.replace_by(value)
        self.erase(op)

    def replace_op(
        self,
        op: Operation,
        name: str,
        operands: Iterable[Value] = (),
        result_types: Sequence[Type] | None = None,
        attrs: Mapping[str, object] | None = None,
        regions: Sequence[Region] = (),
        successors: Sequence[Block] = (),
        loc: Location | None = None,
    ) -> Operation:
        """Put a new operation where `op` is, let its results take over, erase `op`, return the new one.

        The result types and the location are those of `op` unless given. Regions moved from `op` must have
        been emptied of their blocks by the caller (`Region.move_blocks`).
        """
        self.set_before(op)
        types = [result.type for result in op.results] if result_types is None else result_types
        new = self.create(name, operands, types, attrs, regions, successors, op.loc if loc is None else loc)
        self.replace(op, new.results)
        return new

    def erase(self, op: Operation) -> None:
        """Erase `op`, whose results must be unused. The insertion point moves on if it stood there."""
        if self.anchor is op:
            self.anchor = op.next
        for value in op.operands:
            if isinstance(owner := value.owner, Operation):
                self._driver.push(owner)
        op.erase()

    def set_operands(self, op: Operation, values: Iterable[Value]) -> None:
        """Replace the operands of `op`, which will be looked at again, as will what they came from."""
        for value in op.operands:
            if isinstance(owner := value.owner, Operation):
                self._driver.push(owner)
        op.set_operands(values)
        self._driver.push(op)

    def replace_value(self, value: Value, other: Value) -> None:
        """Make every use of `value` read `other`; the users will be looked at again."""
        for user in value.users:
            self._driver.push(user)
        value.replace_by(other)

    def changed(self, op: Operation) -> None:
        """Say that `op` was changed in place, so that patterns look at it again."""
        self._driver.push(op)

    def split_block(self, op: Operation) -> Block:
        """Move `op` and what follows it to a new block behind its own, and return that.

        The insertion point becomes the end of the first part.
        """
        block = op.parent
        assert block is not None
        tail = block.split_before(op)
        self.set_at_end(block)
        return tail

    def inline_block_before(self, block: Block, op: Operation, args: Sequence[Value] = ()) -> None:
        """Move the operations of `block` before `op`, with `args` for its arguments, and erase the block.

        No branch may lead to the block any more. A terminator moves along: the caller deals with it.
        """
        if len(args) != len(block.args):
            raise ValueError(f"the block takes {len(block.args)} arguments, {len(args)} were given")
        target = op.parent
        assert target is not None
        for argument, value in zip(block.args, args, strict=True):
            self.replace_value(argument, value)
        for inner in block.ops:
            target.insert_before(inner.detach(), op)
            self._driver.push(inner)
        block.erase()

    def inline_region_after(self, region: Region, block: Block) -> None:
        """Move the blocks of `region` behind `block`. Its terminators are the caller's to replace."""
        if block.parent is None:
            raise ValueError("the block is in no region")
        for moved in region.blocks:
            for op in moved.ops:
                self._driver.push(op)
        region.move_blocks(block.parent, after=block)

    def erase_blocks(self, blocks: Sequence[Block]) -> None:
        """Erase `blocks` and what is in them; nothing outside may refer to them."""
        erase_blocks(blocks)


class _Driver:
    """The worklist: operations that some pattern may match, each in it once."""

    __slots__ = ("_queue", "_queued", "table")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.table: dict[str, list[Pattern]] = {}
        for entry in patterns:
            for name in entry.names:
                self.table.setdefault(name, []).append(entry)
        self._queue: list[Operation] = []
        self._queued: set[Operation] = set()

    def push(self, op: Operation) -> None:
        if op.name in self.table and op not in self._queued:
            self._queued.add(op)
            self._queue.append(op)

    def fill(self, root: Operation) -> int:
        """Queue everything below `root`, to be taken in textual order; return how many."""
        found = [op for op in root.walk() if op is not root and op.name in self.table]
        found.reverse()
        self._queue[:0] = found
        self._queued.update(found)
        return len(found)

    def run(self, limit: int) -> bool:
        """Work the queue off. Raises `PatternsDoNotConverge` after `limit` rewrites."""
        changed = False
        while self._queue:
            op = self._queue.pop()
            self._queued.discard(op)
            for entry in self.table[op.name]:
                if op.parent is None:
                    break
                if entry(op, Rewriter(op, self)):
                    changed = True
                    limit -= 1
                    if limit < 0:
                        raise PatternsDoNotConverge(entry.name)
                    if op.parent is not None:
                        self.push(op)
                    break
        return changed


def apply_patterns(root: Operation, patterns: Iterable[Pattern], max_iterations: int = 10) -> bool:
    """Apply `patterns` to everything inside `root` until none matches; return whether anything changed.

    Operations are visited in textual order, and again when something they depend on changed. Of several
    patterns for a name the first that matches is applied. Rounds over the whole of `root` are repeated, at
    most `max_iterations` times, until one changes nothing.

    Raises `PatternsDoNotConverge` when a round rewrites so often that the patterns must undo each other.
    """
    driver = _Driver(patterns)
    changed = False
    for _ in range(max_iterations):
        count = driver.fill(root)
        if not driver.run(1000 + 100 * count):
            break
        changed = True
    return changed
