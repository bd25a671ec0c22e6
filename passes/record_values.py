"""Which records need not be made, because all that is asked of them is what they hold: for `unbox-records`.

Candidates are cells, arguments of blocks, and parameters and results of functions that are called by name
only. The sets here are greatest fixed points: everything is taken for split until something speaks against
it. A value that is split may still be needed whole in places (returned, stored, passed to one who wants the
record), where a cell is made for it. What this must never allow is more cells on any path than there were
before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ospjit.builtins.table import RUNTIME
from ospjit.ir import Block, BlockArgument, DialectType, Operation, OpResult, Type, Value
from ospjit.ir.components import strong_components

#: Questions that are answered without a cell.
READS = frozenset(("rt.slot", "rt.is_null"))


class Shape(NamedTuple):
    """What all cells of a type have in common."""

    tag: int
    scan: int
    types: tuple[Type, ...]


@dataclass(frozen=True)
class Records:
    """The types of which all values are cells of one shape, and those that can be null instead."""

    shapes: dict[Type, Shape]
    nullable: set[Type]
    most: int
    """How many parameters or results a function may come to."""


def find_records(functions: Sequence[Operation], fields: int, most: int) -> Records:
    """Records have at most `fields` fields. A type whose tag is asked for anywhere is a union."""
    shapes: dict[Type, Shape | None] = {}
    nullable: set[Type] = set()
    for function in functions:
        for block in function.regions[0].blocks:
            for op in block.ops:
                if op.name == "rt.cell":
                    t = op.result.type
                    shape = Shape(op.attr("tag"), op.attr("scan"), tuple([v.type for v in op.operands]))
                    if shapes.setdefault(t, shape) != shape:
                        shapes[t] = None
                elif op.name == "rt.tag":
                    shapes[op.operands[0].type] = None
                elif op.name == "rt.static_cell":
                    shapes[op.result.type] = None
                elif op.name == "rt.null" or (op.name == "rt.call" and RUNTIME[op.attr("callee")].fallible):
                    nullable.update([r.type for r in op.results])
    found = {t: s for t, s in shapes.items() if s is not None and _is_record(t) and len(s.types) <= fields}
    return Records(found, nullable, most)


def _is_record(t: Type) -> bool:
    return isinstance(t, DialectType) and t.name in ("osp.data", "osp.rec")


@dataclass(frozen=True)
class Returned:
    """A result of a function, as all who call it see it."""

    function: Operation
    index: int

    @property
    def type(self) -> Type:
        found: Type = self.function.attr("function_type").results[self.index]
        return found


#: What can fall apart.
Node = Value | Returned


class Use(NamedTuple):
    """One place where a candidate is read; for what a function returns, a call of it."""

    op: Operation
    position: int
    target: Node | None
    """What receives the value: an argument of a block, a parameter, or a result, of a function or a call."""


class SplitValues:
    """The values of a module's functions that fall into their fields."""

    def __init__(self, functions: Sequence[Operation], records: Records) -> None:
        self.records = records
        self.known = {f.attr("sym_name"): f for f in functions if not f.attr("exported")}
        """The functions that only `func.call` enters."""
        self.calls: dict[str, list[Operation]] = {}
        self.returns: dict[Operation, list[Operation]] = {}
        self.uses: dict[Node, list[Use]] = {}
        self.split: dict[Node, None] = {}
        self.returning: set[Node] = set()
        """Those that are needed whole in some place, here or in a function that is called with them."""
        self.kept: set[Node] = set()
        """Those of them that are not only so in functions that are called with them."""
        self.stacked: dict[str, list[Operation]] = {}
        self.components: dict[str, int] = {}
        self._reach: dict[tuple[Block, Block], set[Block]] = {}
        if records.shapes:
            self._collect(functions)
            self._solve()

    def shape(self, value: Node) -> Shape:
        return self.records.shapes[value.type]

    def escapes(self, value: Value) -> list[Use]:
        """The places where a value that falls apart is needed whole."""
        return [u for u in self.uses[value] if u.op.name not in READS and u.target not in self.split]

    # ---- candidates

    def _collect(self, functions: Sequence[Operation]) -> None:
        edges: dict[str, list[str]] = {}
        for function in functions:
            symbol = function.attr("sym_name")
            callees = edges.setdefault(symbol, [])
            for op in function.walk():
                if op.name == "func.call":
                    self.calls.setdefault(op.attr("callee"), []).append(op)
                    callees.append(op.attr("callee"))
                    if not op.attr("tail"):
                        self.stacked.setdefault(symbol, []).append(op)
                elif op.name == "func.return":
                    self.returns.setdefault(function, []).append(op)
                elif op.name == "rt.closure":
                    self.known.pop(op.attr("callee"), None)
        self.components = strong_components(edges)
        for function in functions:
            entry = function.regions[0].entry
            for block in function.regions[0].blocks:
                if block is not entry:
                    self._candidates(block.args)
                for op in block.ops:
                    if op.name == "rt.cell" or (op.name == "func.call" and op.attr("callee") in self.known):
                        self._candidates(op.results)
            if function.attr("sym_name") in self.known:
                carried = self._carried_down(function)
                self._candidates(
                    [a for a in entry.args if a not in carried], self.records.most - len(carried)
                )
                results = range(len(function.attr("function_type").results))
                self._candidates([Returned(function, i) for i in results], self.records.most)
        self.uses = {value: list(self._uses(value)) for value in self.split}

    def _carried_down(self, function: Operation) -> set[Value]:
        """The parameters that a recursion hands down as they are: whole they take less of each frame."""
        symbol = function.attr("sym_name")
        args = set(function.regions[0].entry.args)
        component = self.components[symbol]
        deeper = [
            op for op in self.stacked.get(symbol, ()) if self.components.get(op.attr("callee")) == component
        ]
        return {v for op in deeper for v in op.operands if v in args}

    def _candidates(self, values: Sequence[Node], most: int | None = None) -> None:
        """Take those of some values that are records, as long as there are not more than `most` then."""
        count = len(values)
        for value in values:
            shape = self.records.shapes.get(value.type)
            if shape is not None and (most is None or count - 1 + len(shape.types) <= most):
                self.split[value] = None
                count += len(shape.types) - 1

    def _uses(self, value: Node) -> Iterator[Use]:
        if isinstance(value, Returned):
            for call in self.calls.get(value.function.attr("sym_name"), ()):
                yield Use(call, value.index, call.results[value.index])
            return
        types = self.records.shapes[value.type].types
        for op, position in value.uses:
            target: Node | None = None
            if op.name == "func.return":
                target = Returned(function_of(op), position)
            elif op.name == "func.call" and op.attr("callee") in self.known:
                target = self.known[op.attr("callee")].regions[0].entry.args[position]
            elif op.name == "rt.slot" and op.result.type is not types[op.attr("index")]:
                raise AssertionError(f"slot {op.attr('index')} of {value.type} is no {op.result.type}")
            elif op.successors:
                target = _receiver(op, position)
            yield Use(op, position, target)

    def incoming(self, value: Node) -> Iterator[Node]:
        """All that an argument, a parameter or a result of a function may be."""
        if isinstance(value, Returned):
            for op in self.returns.get(value.function, ()):
                yield op.operands[value.index]
        elif isinstance(value, OpResult):
            if value.op.name == "func.call":
                yield Returned(self.known[value.op.attr("callee")], value.index)
        elif isinstance(value, BlockArgument):
            function = function_of(value)
            if value.block is function.regions[0].entry:
                for call in self.calls.get(function.attr("sym_name"), ()):
                    yield call.operands[value.index]
            for op, number in value.block.uses:
                yield op.successor_args(number)[value.index]

    # ---- what speaks against it

    def _solve(self) -> None:
        while True:
            while self._mark() | self._strike():
                pass
            useless = set(self.split) - (self._grounded() & self._useful())
            if not useless:
                return
            for value in useless:
                del self.split[value]

    def _mark(self) -> bool:
        """Note which values are needed whole somewhere; whether there are more than before."""
        before = len(self.returning) + len(self.kept)
        for value in self.split:
            for use in self.uses[value]:
                if use.op.name in READS:
                    continue
                if use.target not in self.split:
                    self.returning.add(value)
                    self.kept.add(value)
                elif use.target in self.returning:
                    self.returning.add(value)
                    called = use.op.name == "func.call" and not isinstance(value, Returned)
                    if use.target in self.kept and not called:
                        self.kept.add(value)
        return len(self.returning) + len(self.kept) != before

    def _strike(self) -> bool:
        """Remove what cannot fall apart; whether there was any."""
        bad = [v for v in self.split if not self._can_arrive(v) or self._costs(v)]
        for value in bad:
            del self.split[value]
        return bool(bad)

    def _can_arrive(self, value: Node) -> bool:
        """Whether all that the value may be is known by its fields, or can be asked for them once."""
        whole = self.kept
        if isinstance(value, Returned):
            calls = self.calls.get(value.function.attr("sym_name"), ())
            if any(c.attr("tail") and c.results[value.index] not in self.split for c in calls):
                return False
        elif isinstance(value, OpResult):
            if value.op.attr("tail") and any(u.target not in self.split for u in self.uses[value]):
                return False
            return all(v in self.split for v in self.incoming(value))
        elif isinstance(value, BlockArgument) and value.block is function_of(value).regions[0].entry:
            whole = self.returning
        readable = value.type not in self.records.nullable and value not in whole
        return all(v in self.split or (readable and not _is_tail_call(v)) for v in self.incoming(value))

    def _costs(self, value: Node) -> bool:
        """Whether a path could make several cells for the value, or a loop one in each round. It made one
        in each round before, but mostly in the memory of that of the round before."""
        if isinstance(value, Returned):
            return False
        whole: dict[Block, Operation | None] = {}
        for use in self.uses[value]:
            if use.op.name in READS:
                continue
            block = use.op.parent
            assert block is not None
            if use.target not in self.split:
                if whole.setdefault(block, None) is not None:
                    return True
            elif use.target in self.returning:
                if whole.setdefault(block, use.op) is not use.op or _times(use) > 1:
                    return True
        place = value.block
        assert place is not None
        if isinstance(value, BlockArgument) and any(
            (op is None or op.name == "func.call") and self._comes_again(block, op, place)
            for block, op in whole.items()
        ):
            return True
        return any(
            other is not place and other in self._reachable(block, place)
            for block in whole
            for other in whole
        )

    def _comes_again(self, block: Block, op: Operation | None, place: Block) -> bool:
        """Whether a new value of an argument of `place` may come to be after `op`, in a loop."""
        function = place.parent_op()
        assert function is not None
        ahead = self._reachable(block, place)
        if place is not function.regions[0].entry:
            return place in ahead
        calls = [c for c in self.calls.get(function.attr("sym_name"), ()) if c.attr("tail")]
        return any(c is not op and (c.parent is block or c.parent in ahead) for c in calls)

    def _reachable(self, block: Block, place: Block) -> set[Block]:
        """The blocks that come after a block, up to where the arguments of `place` are new ones."""
        key = (block, place)
        if key not in self._reach:
            seen: set[Block] = set()
            work = list(block.successors())
            while work:
                here = work.pop()
                if here not in seen:
                    seen.add(here)
                    if here is not place:
                        work += here.successors()
            self._reach[key] = seen
        return self._reach[key]

    # ---- what speaks for it

    def _grounded(self) -> set[Node]:
        """The values that some cell reaches: the others would only be read earlier than needed."""
        found: set[Node] = set()
        work: list[Node] = [v for v in self.split if isinstance(v, OpResult) and v.op.name == "rt.cell"]
        while work:
            value = work.pop()
            if value not in found:
                found.add(value)
                targets = [u.target for u in self.uses[value]]
                work += [t for t in targets if t is not None and t in self.split]
        return found

    def _useful(self) -> set[Node]:
        """The values of which a field is read, here or where they arrive."""
        found: set[Node] = set()
        work = [v for v in self.split if any(u.op.name in READS for u in self.uses[v])]
        while work:
            value = work.pop()
            if value not in found:
                found.add(value)
                work += [v for v in self.incoming(value) if v in self.split]
        return found


def _receiver(op: Operation, position: int) -> BlockArgument | None:
    """The argument of a block that an operand of a branch becomes."""
    start = len(op.operands) - sum(len(op.successor_args(i)) for i in range(len(op.successors)))
    for number, successor in enumerate(op.successors):
        count = len(op.successor_args(number))
        if start <= position < start + count:
            return successor.args[position - start]
        start += count
    return None


def function_of(place: Operation | Node) -> Operation:
    """The function that something stands in."""
    if isinstance(place, Returned):
        return place.function
    block = place.parent if isinstance(place, Operation) else place.block
    function = block.parent_op() if block is not None else None
    assert function is not None
    return function


def _is_tail_call(value: Node) -> bool:
    return isinstance(value, OpResult) and bool(value.op.attr("tail"))


def _times(use: Use) -> int:
    """How often what receives a value receives it."""
    value = use.op.operands[use.position]
    if not use.op.successors:
        return use.op.operands.count(value)
    return max(use.op.successor_args(i).count(value) for i in range(len(use.op.successors)))
