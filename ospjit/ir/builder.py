"""Making operations at a place in the program.

A builder is an insertion point and a current location. It never looks at what it makes: rules are the
verifier's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ospjit.ir.core import Block, Operation, Region, Value
from ospjit.ir.location import UNKNOWN, Location
from ospjit.ir.types import Type


class Builder:
    """Inserts operations into `block` before `anchor`, or at its end if that is None.

    `loc` is the location of operations that are created without one.
    """

    __slots__ = ("anchor", "block", "loc")

    block: Block
    anchor: Operation | None
    loc: Location

    def __init__(self, block: Block, anchor: Operation | None = None, loc: Location = UNKNOWN) -> None:
        self.block = block
        self.anchor = anchor
        self.loc = loc

    @classmethod
    def at_end(cls, block: Block, loc: Location = UNKNOWN) -> Builder:
        return cls(block, None, loc)

    @classmethod
    def at_start(cls, block: Block, loc: Location = UNKNOWN) -> Builder:
        return cls(block, block.first, loc)

    @classmethod
    def before(cls, op: Operation) -> Builder:
        """A builder in front of `op` that continues with its location."""
        return cls(_block_of(op), op, op.loc)

    @classmethod
    def after(cls, op: Operation) -> Builder:
        """A builder behind `op` that continues with its location."""
        return cls(_block_of(op), op.next, op.loc)

    def set_at_end(self, block: Block) -> None:
        """Go on at the end of `block`."""
        self.block, self.anchor = block, None

    def set_at_start(self, block: Block) -> None:
        """Go on in front of what `block` holds now."""
        self.block, self.anchor = block, block.first

    def set_before(self, op: Operation) -> None:
        """Go on in front of `op`."""
        self.block, self.anchor = _block_of(op), op

    def set_after(self, op: Operation) -> None:
        """Go on behind `op`."""
        self.block, self.anchor = _block_of(op), op.next

    def insert(self, op: Operation) -> Operation:
        """Put the detached `op` here and return it."""
        if self.anchor is None:
            return self.block.append(op)
        return self.block.insert_before(op, self.anchor)

    def create(
        self,
        name: str,
        operands: Iterable[Value] = (),
        result_types: Sequence[Type] = (),
        attrs: Mapping[str, object] | None = None,
        regions: Sequence[Region] = (),
        successors: Sequence[Block] = (),
        loc: Location | None = None,
    ) -> Operation:
        """Make an operation here. Attribute values may be plain Python (see `attributes.attribute`)."""
        loc = self.loc if loc is None else loc
        return self.insert(Operation(name, operands, result_types, attrs, regions, successors, loc))

    def create_block(self, arg_types: Iterable[Type] = (), after: Block | None = None) -> Block:
        """A new block behind `after` (default: the current block). The insertion point stays where it is."""
        after = self.block if after is None else after
        if after.parent is None:
            raise ValueError("the block is in no region")
        return after.parent.insert_after(after, Block(arg_types))


def _block_of(op: Operation) -> Block:
    if op.parent is None:
        raise ValueError(f"{op.name} stands in no block")
    return op.parent
