"""Values, operations, blocks and regions: the graph that programs are held in while they are compiled.

There is one `Operation` class for every operation; what a name means is looked up in the table of
`registry`, not expressed by inheritance. Operations of a block and blocks of a region are intrusive doubly
linked lists, so inserting, moving and removing cost the same wherever they happen. Every value knows the
operands that read it and every block the successors that name it, and the methods here are the only code
that may touch those records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ospjit.ir.attributes import Attribute, attribute
from ospjit.ir.location import UNKNOWN, Location
from ospjit.ir.registry import OpDef, definition
from ospjit.ir.types import Type

Node = TypeVar("Node", "Operation", "Block")


class NodeList(Generic[Node]):
    """The children of a block or region in order; a view. Iterating tolerates erasing the current child."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __iter__(self) -> Iterator[Node]:
        owner = self._owner
        node = owner.first
        while node is not None:
            following = node.next
            yield node
            if node.parent is owner:
                node = node.next
            else:
                node = following if following is not None and following.parent is owner else None

    def __reversed__(self) -> Iterator[Node]:
        node = self._owner.last
        while node is not None:
            before = node.prev
            yield node
            node = before

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return self._owner.first is not None

    def __getitem__(self, position: int) -> Node:
        """The child at `position`, negative ones from the end. Takes time proportional to the distance."""
        nodes = iter(self) if position >= 0 else reversed(self)
        for _ in range(position if position >= 0 else ~position):
            next(nodes, None)
        found = next(nodes, None)
        if found is None:
            raise IndexError(position)
        return found


def _link(parent: Any, node: Any, following: Any) -> None:
    """Put the detached `node` into the list of `parent` before `following`, or last if that is None."""
    if node.parent is not None:
        raise ValueError(f"{node!r} already has a parent")
    before = parent.last if following is None else following.prev
    node.parent, node.prev, node.next = parent, before, following
    if before is None:
        parent.first = node
    else:
        before.next = node
    if following is None:
        parent.last = node
    else:
        following.prev = node


def _unlink(node: Any) -> None:
    """Take `node` out of its parent's list."""
    parent = node.parent
    if node.prev is None:
        parent.first = node.next
    else:
        node.prev.next = node.next
    if node.next is None:
        parent.last = node.prev
    else:
        node.next.prev = node.prev
    node.parent = node.prev = node.next = None


class Value:
    """What an operation produces or a block receives. `type` may be assigned by type-converting passes."""

    __slots__ = ("_uses", "index", "type")

    type: Type
    index: int
    _uses: dict[tuple[Operation, int], None]

    @property
    def owner(self) -> Operation | Block:
        """The operation that produces this value, or the block that has it as an argument."""
        raise NotImplementedError

    @property
    def block(self) -> Block | None:
        """The block in which the value is defined."""
        raise NotImplementedError

    @property
    def uses(self) -> list[tuple[Operation, int]]:
        """The (operation, operand index) pairs that read this value, oldest first; a snapshot."""
        return list(self._uses)

    @property
    def users(self) -> list[Operation]:
        """The operations that read this value, each once, oldest first; a snapshot."""
        return list(dict.fromkeys([user for user, _ in self._uses]))

    def has_uses(self) -> bool:
        return bool(self._uses)

    def has_one_use(self) -> bool:
        return len(self._uses) == 1

    def replace_by(self, other: Value) -> None:
        """Make every operand that reads this value read `other`."""
        if other is self:
            return
        places: dict[Operation, list[int]] = {}
        for user, position in self._uses:
            places.setdefault(user, []).append(position)
        for user, positions in places.items():
            operands = list(user.operands)
            for position in positions:
                operands[position] = other
            user.operands = tuple(operands)
        other._uses.update(self._uses)
        self._uses.clear()


class OpResult(Value):
    """A result of an operation; `index` is its position among the results."""

    __slots__ = ("op",)

    op: Operation

    def __init__(self, op: Operation, index: int, type: Type) -> None:
        self.op = op
        self.index = index
        self.type = type
        self._uses = {}

    @property
    def owner(self) -> Operation:
        return self.op

    @property
    def block(self) -> Block | None:
        return self.op.parent

    def __repr__(self) -> str:
        return f"<result {self.index} of {self.op.name}: {self.type}>"


class BlockArgument(Value):
    """An argument of a block; `index` is its position. Branches to the block supply it."""

    __slots__ = ("_block",)

    _block: Block

    def __init__(self, block: Block, index: int, type: Type) -> None:
        self._block = block
        self.index = index
        self.type = type
        self._uses = {}

    @property
    def owner(self) -> Block:
        return self._block

    @property
    def block(self) -> Block:
        return self._block

    def __repr__(self) -> str:
        return f"<block argument {self.index}: {self.type}>"


class Operation:
    """One operation. Made detached; a block's `append` or a builder puts it somewhere.

    `operands`, `results`, `regions` and `successors` are tuples: change operands and successors by the
    methods. `attributes` is a dict from name to `Attribute`, free to be changed through `set_attr`.
    """

    __slots__ = (
        "attributes",
        "loc",
        "name",
        "next",
        "operands",
        "parent",
        "prev",
        "regions",
        "results",
        "successors",
    )

    name: str
    operands: tuple[Value, ...]
    results: tuple[OpResult, ...]
    attributes: dict[str, Attribute]
    regions: tuple[Region, ...]
    successors: tuple[Block, ...]
    loc: Location
    parent: Block | None
    prev: Operation | None
    next: Operation | None

    def __init__(
        self,
        name: str,
        operands: Iterable[Value] = (),
        result_types: Sequence[Type] = (),
        attributes: Mapping[str, object] | None = None,
        regions: Sequence[Region] = (),
        successors: Sequence[Block] = (),
        loc: Location = UNKNOWN,
    ) -> None:
        self.name = name
        self.operands = operands = tuple(operands)
        self.loc = loc
        self.parent = self.prev = self.next = None
        for position, value in enumerate(operands):
            value._uses[self, position] = None
        if len(result_types) == 1:
            self.results = (OpResult(self, 0, result_types[0]),)
        else:
            self.results = tuple([OpResult(self, i, type) for i, type in enumerate(result_types)])
        if attributes:
            self.attributes = {key: attribute(value) for key, value in attributes.items()}
        else:
            self.attributes = {}
        self.regions = ()
        for region in regions:
            self.add_region(region)
        self.successors = tuple(successors)
        for position, block in enumerate(self.successors):
            block._uses[self, position] = None

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __str__(self) -> str:
        from ospjit.ir.printer import print_op

        return print_op(self)

    @property
    def result(self) -> OpResult:
        """The only result. Raises `ValueError` if there is not exactly one."""
        (result,) = self.results
        return result

    @property
    def definition(self) -> OpDef | None:
        """The registered definition of this operation's name, or None."""
        return definition(self.name)

    # Attributes

    def attr(self, name: str, default: Any = None) -> Any:
        """The plain Python value of attribute `name`, or `default` if there is none."""
        found = self.attributes.get(name)
        return default if found is None else found.plain

    def set_attr(self, name: str, value: object) -> None:
        """Set attribute `name`; `value` is an attribute or a plain Python value."""
        self.attributes[name] = attribute(value)

    # Operands and successors

    def set_operand(self, index: int, value: Value) -> None:
        """Make operand `index` read `value`."""
        operands = list(self.operands)
        del operands[index]._uses[self, index]
        operands[index] = value
        value._uses[self, index] = None
        self.operands = tuple(operands)

    def set_operands(self, values: Iterable[Value]) -> None:
        """Replace the whole list of operands, which may change its length."""
        for position, value in enumerate(self.operands):
            del value._uses[self, position]
        self.operands = tuple(values)
        for position, value in enumerate(self.operands):
            value._uses[self, position] = None

    def set_successors(self, blocks: Iterable[Block]) -> None:
        """Replace the whole list of successors. The operands that they receive are not touched."""
        for position, block in enumerate(self.successors):
            del block._uses[self, position]
        self.successors = tuple(blocks)
        for position, block in enumerate(self.successors):
            block._uses[self, position] = None

    def replace_successor(self, index: int, block: Block) -> None:
        """Make successor `index` name `block`; it receives the same operands as before."""
        successors = list(self.successors)
        successors[index] = block
        self.set_successors(successors)

    def _successor_ranges(self) -> list[range]:
        found = self.definition
        if found is None or found.successor_operands is None:
            if not self.operands:
                return [range(0)] * len(self.successors)
            raise ValueError(f"{self.name} does not say which operands its successors receive")
        return found.successor_operands(self)

    def successor_args(self, index: int) -> tuple[Value, ...]:
        """The operands that successor `index` receives as block arguments."""
        span = self._successor_ranges()[index]
        return self.operands[span.start : span.stop]

    def set_successor_args(self, index: int, values: Iterable[Value]) -> None:
        """Replace the operands that successor `index` receives; their number may change."""
        span = self._successor_ranges()[index]
        values = tuple(values)
        growth = len(values) - len(span)
        self.set_operands((*self.operands[: span.start], *values, *self.operands[span.stop :]))
        found = self.definition
        if growth and found is not None and found.resize_successor is not None:
            found.resize_successor(self, index, growth)

    # Results

    def split_result(self, index: int, types: Sequence[Type]) -> tuple[OpResult, ...]:
        """Put new results of `types` in the place of result `index`, and return them. What uses the old one
        is left to the caller."""
        new = tuple([OpResult(self, index + i, type) for i, type in enumerate(types)])
        self.results = (*self.results[:index], *new, *self.results[index + 1 :])
        for position, result in enumerate(self.results):
            result.index = position
        return new

    # Place in the program

    def parent_op(self) -> Operation | None:
        """The operation whose region this one stands in."""
        block = self.parent
        region = block.parent if block is not None else None
        return region.parent if region is not None else None

    def ancestor(self, name: str) -> Operation | None:
        """The nearest enclosing operation called `name`."""
        op = self.parent_op()
        while op is not None and op.name != name:
            op = op.parent_op()
        return op

    def add_region(self, region: Region) -> Region:
        """Append the detached `region` and return it."""
        if region.parent is not None:
            raise ValueError("the region already belongs to an operation")
        region.parent = self
        self.regions = (*self.regions, region)
        return region

    def detach(self) -> Operation:
        """Take the operation out of its block, keeping operands and uses, and return it."""
        if self.parent is not None:
            _unlink(self)
        return self

    def move_before(self, anchor: Operation) -> None:
        """Move this operation to stand right before `anchor`."""
        self.detach()
        assert anchor.parent is not None
        anchor.parent.insert_before(self, anchor)

    def erase(self) -> None:
        """Remove the operation for good, with its regions. Raises `ValueError` if a result is still used."""
        for result in self.results:
            if result._uses:
                user = next(iter(result._uses))[0]
                raise ValueError(f"{self.name} cannot be erased: {user.name} uses its result {result.index}")
        self.detach()
        if self.regions:
            for op in list(self.walk()):
                op._drop_references()
                op.parent = None
        else:
            self._drop_references()

    def _drop_references(self) -> None:
        for position, value in enumerate(self.operands):
            del value._uses[self, position]
        for position, block in enumerate(self.successors):
            del block._uses[self, position]
        self.operands = self.successors = ()

    def walk(self) -> Iterator[Operation]:
        """This operation and all inside it, each before its contents, in textual order.

        The visitor may erase the operation it was given, change its regions, and insert operations: those
        that come later in the order are visited too.
        """
        yield self
        if not self.regions:
            return
        stack: list[Iterator[Operation]] = [self._children()]
        while stack:
            for op in stack[-1]:
                yield op
                if op.regions and op.parent is not None:
                    stack.append(op._children())
                    break
            else:
                stack.pop()

    def _children(self) -> Iterator[Operation]:
        # Every pass walks: a loop over the links takes half the time of one over the blocks' `ops`.
        for region in self.regions:
            for block in region.blocks:
                op = block.first
                while op is not None:
                    following = op.next
                    yield op
                    if op.parent is block:
                        op = op.next
                    else:
                        op = following if following is not None and following.parent is block else None

    def clone(self, mapping: dict[Value | Block, Any] | None = None) -> Operation:
        """A detached copy, regions included.

        `mapping` says what to put for values and blocks defined outside (those it does not name stay), and
        receives what became of the results, blocks and block arguments inside.
        """
        mapping = {} if mapping is None else mapping
        top = self._clone_shell(mapping)
        work = list(zip(self.regions, top.regions, strict=True))
        copies = [(self, top)]
        while work:
            source, target = work.pop()
            for block in source.blocks:
                mapping[block] = copy = target.append(Block([argument.type for argument in block.args]))
                mapping.update(zip(block.args, copy.args, strict=True))
            for block in source.blocks:
                for op in block.ops:
                    copy_op = mapping[block].append(op._clone_shell(mapping))
                    copies.append((op, copy_op))
                    work.extend(zip(op.regions, copy_op.regions, strict=True))
        for op, copy_op in copies:
            if op.operands:
                copy_op.set_operands([mapping.get(value, value) for value in op.operands])
            if op.successors:
                copy_op.set_successors([mapping.get(block, block) for block in op.successors])
        return top

    def _clone_shell(self, mapping: dict[Value | Block, Any]) -> Operation:
        """A copy with empty regions and without operands and successors; enters its results in `mapping`."""
        copy = Operation(self.name, (), [r.type for r in self.results], None, loc=self.loc)
        copy.attributes = dict(self.attributes)
        for _ in self.regions:
            copy.add_region(Region())
        mapping.update(zip(self.results, copy.results, strict=True))
        return copy


class Block:
    """A basic block: arguments and a list of operations, the last of which is the terminator."""

    __slots__ = ("_uses", "args", "first", "last", "next", "parent", "prev")

    args: tuple[BlockArgument, ...]
    first: Operation | None
    last: Operation | None
    parent: Region | None
    prev: Block | None
    next: Block | None
    _uses: dict[tuple[Operation, int], None]

    def __init__(self, arg_types: Iterable[Type] = ()) -> None:
        self.args = tuple([BlockArgument(self, i, type) for i, type in enumerate(arg_types)])
        self.first = self.last = None
        self.parent = self.prev = self.next = None
        self._uses = {}

    def __repr__(self) -> str:
        return f"<block of {len(self.args)} arguments, {len(self.ops)} operations>"

    @property
    def ops(self) -> NodeList[Operation]:
        """The operations in order; a view that can be iterated while the current one is erased."""
        return NodeList(self)

    @property
    def terminator(self) -> Operation | None:
        """The last operation if it ends blocks (or is not registered and has successors)."""
        op = self.last
        if op is None:
            return None
        found = op.definition
        if found is not None:
            return op if found.terminator else None
        return op if op.successors else None

    @property
    def uses(self) -> list[tuple[Operation, int]]:
        """The (operation, successor index) pairs that branch here; a snapshot."""
        return list(self._uses)

    def predecessors(self) -> list[Block]:
        """The blocks that branch here, each once."""
        return list(dict.fromkeys([op.parent for op, _ in self._uses if op.parent is not None]))

    def successors(self) -> tuple[Block, ...]:
        """The blocks that the last operation branches to, with repetitions."""
        return self.last.successors if self.last is not None else ()

    def parent_op(self) -> Operation | None:
        """The operation that this block's region belongs to."""
        return self.parent.parent if self.parent is not None else None

    def add_arg(self, type: Type) -> BlockArgument:
        """Append an argument. Branches to the block must be given a value for it by the caller."""
        argument = BlockArgument(self, len(self.args), type)
        self.args = (*self.args, argument)
        return argument

    def erase_arg(self, index: int) -> None:
        """Remove argument `index`, which must be unused. Branches here must be adapted by the caller."""
        if self.args[index]._uses:
            raise ValueError(f"block argument {index} is still used")
        self.args = self.args[:index] + self.args[index + 1 :]
        for position, argument in enumerate(self.args):
            argument.index = position

    def append(self, op: Operation) -> Operation:
        """Put the detached `op` at the end and return it."""
        _link(self, op, None)
        return op

    def prepend(self, op: Operation) -> Operation:
        """Put the detached `op` at the start and return it."""
        _link(self, op, self.first)
        return op

    def insert_before(self, op: Operation, anchor: Operation) -> Operation:
        """Put the detached `op` before `anchor`, which stands in this block, and return it."""
        _require_parent(anchor, self)
        _link(self, op, anchor)
        return op

    def insert_after(self, op: Operation, anchor: Operation) -> Operation:
        """Put the detached `op` after `anchor`, which stands in this block, and return it."""
        _require_parent(anchor, self)
        _link(self, op, anchor.next)
        return op

    def split_before(self, op: Operation) -> Block:
        """Move `op` and everything after it into a new block right after this one, and return that.

        The new block has no arguments and this one is left without a terminator.
        """
        _require_parent(op, self)
        tail = Block()
        if self.parent is not None:
            self.parent.insert_after(self, tail)
        tail.take_ops(op, self)
        return tail

    def take_ops(self, start: Operation | None, source: Block) -> None:
        """Move the operations of `source` from `start` to its end behind the last one of this block."""
        if start is None:
            return
        _require_parent(start, source)
        before, last = start.prev, source.last
        source.last = before
        if before is None:
            source.first = None
        else:
            before.next = None
        start.prev = self.last
        if self.last is None:
            self.first = start
        else:
            self.last.next = start
        self.last = last
        node: Operation | None = start
        while node is not None:
            node.parent = self
            node = node.next

    def detach(self) -> Block:
        """Take the block out of its region, keeping its contents and uses, and return it."""
        if self.parent is not None:
            _unlink(self)
        return self

    def erase(self) -> None:
        """Remove the block with its operations. Raises `ValueError` if something outside refers to it."""
        erase_blocks([self])


class Region:
    """A list of blocks, the first of which is the entry; part of an operation."""

    __slots__ = ("first", "last", "parent")

    first: Block | None
    last: Block | None
    parent: Operation | None

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self.first = self.last = None
        self.parent = None
        for block in blocks:
            self.append(block)

    @property
    def blocks(self) -> NodeList[Block]:
        """The blocks in order; a view that can be iterated while the current one is erased."""
        return NodeList(self)

    @property
    def entry(self) -> Block:
        """The first block. Raises `ValueError` if the region is empty."""
        if self.first is None:
            raise ValueError("the region is empty")
        return self.first

    @property
    def block(self) -> Block:
        """The only block. Raises `ValueError` if there is not exactly one."""
        if self.first is None or self.first is not self.last:
            raise ValueError("the region does not have exactly one block")
        return self.first

    def append(self, block: Block) -> Block:
        """Put the detached `block` at the end and return it."""
        _link(self, block, None)
        return block

    def insert_before(self, anchor: Block, block: Block) -> Block:
        """Put the detached `block` before `anchor`, which stands in this region, and return it."""
        _require_parent(anchor, self)
        _link(self, block, anchor)
        return block

    def insert_after(self, anchor: Block, block: Block) -> Block:
        """Put the detached `block` after `anchor`, which stands in this region, and return it."""
        _require_parent(anchor, self)
        _link(self, block, anchor.next)
        return block

    def move_blocks(self, target: Region, after: Block | None = None) -> None:
        """Move all blocks, in order, into `target`: behind `after`, or to the end if that is None."""
        for block in self.blocks:
            block.detach()
            if after is None:
                target.append(block)
            else:
                after = target.insert_after(after, block)

    def walk(self) -> Iterator[Operation]:
        """All operations inside, as `Operation.walk` visits them."""
        for block in self.blocks:
            for op in block.ops:
                yield from op.walk()


def erase_blocks(blocks: Sequence[Block]) -> None:
    """Remove `blocks`, which may refer to each other, with their operations.

    Raises `ValueError`, having removed nothing, if an operation outside uses a value or branches to a block
    of theirs.
    """
    doomed = [op for block in blocks for top in block.ops for op in top.walk()]
    inside = set(doomed)
    for block in blocks:
        if any(user not in inside for user, _ in block._uses):
            raise ValueError("the block is still branched to")
        if any(user not in inside for argument in block.args for user, _ in argument._uses):
            raise ValueError("an argument of the block is still used")
    if any(user not in inside for op in doomed for result in op.results for user, _ in result._uses):
        raise ValueError("a value defined in the block is still used")
    for op in doomed:
        op._drop_references()
    for block in blocks:
        for op in block.ops:
            op.detach()
        block.detach()
    for op in doomed:
        op.parent = None


def _require_parent(node: Any, parent: Any) -> None:
    if node.parent is not parent:
        raise ValueError(f"{node!r} does not stand there")


def new_module(loc: Location = UNKNOWN) -> Operation:
    """An empty `builtin.module`: one region of one block, which holds the program's top-level operations."""
    return Operation("builtin.module", regions=[Region([Block()])], loc=loc)


def body_of(op: Operation) -> Block:
    """The only block of the only region of `op`, such as a module's."""
    (region,) = op.regions
    return region.block
