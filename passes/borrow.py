"""Which parameters of known functions may stay their caller's: borrow inference for `perceus`.

A parameter is borrowed unless the function gives it away: stores or returns it, passes it on to somebody who
takes it over, or could reuse its memory for a cell of its own. What is read out of a parameter is borrowed
with it, unless a call takes it over, for that call may want to be the only owner (Ullrich, de Moura:
"Counting Immutable Beans: Reference Counting Optimized for Purely Functional Programming", 2019, section 6).
Arguments of tail calls that loop must be owned or be borrowed from further out: nothing may have to be
dropped after the call. What is called through function values or from outside takes over all its arguments.

    fn sum(t) = match t { Leaf => 0  Node(l, x, r) => sum(l) + x + sum(r) }
->  func.func @sum {borrowed = [0]}, and no count at all
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ospjit.builtins.table import RUNTIME
from ospjit.dialects.rt import CONSUMING, is_counted
from ospjit.ir import Block, Operation, Value, reverse_postorder
from ospjit.passes.static_values import StaticValues
from ospjit.passes.tail_graph import tail_components

#: For each function, by symbol, the indices of its borrowed parameters.
Borrowed = dict[str, set[int]]

#: Operations that read a value out of a cell, and which operand keeps the cell alive.
READS = {"rt.slot": 0, "rt.load_word": 1}

#: Who takes over a value in these may profit from being the only owner of it.
_CALLS = frozenset(("rt.call", "rt.call_closure", "rt.closure", "rt.select"))


class Origin(NamedTuple):
    """Where a value may come from: parameters themselves, contents of parameters, or anything else. What
    comes through a block's argument is something else too, since blocks own their arguments."""

    parameters: frozenset[int]
    contents: frozenset[int]
    other: bool

    def union(self, more: Origin) -> Origin:
        return Origin(
            self.parameters | more.parameters, self.contents | more.contents, self.other or more.other
        )

    def borrowed(self, parameters: set[int]) -> bool:
        """Whether the value is the caller's, if `parameters` are."""
        return not self.other and self.parameters <= parameters and self.contents <= parameters


_NOWHERE = Origin(frozenset(), frozenset(), False)
_OTHER = Origin(frozenset(), frozenset(), True)


def consumed(op: Operation, borrowed: Borrowed) -> Sequence[bool]:
    """For each operand, whether the operation takes over its reference."""
    if op.name == "func.call":
        lent = borrowed.get(op.attr("callee"), ())
        return [i not in lent for i in range(len(op.operands))]
    if op.name in CONSUMING:
        return (True,) * len(op.operands)
    if op.name == "rt.call":
        fn = RUNTIME[op.attr("callee")]
        return [i in fn.owned or machine == "thunk" for i, (_, machine) in enumerate(fn.params)]
    if op.name == "rt.select":
        return tuple(op.attr("owned"))
    return (False,) * len(op.operands)


def origins(function: Operation, static: StaticValues) -> dict[Value, Origin]:
    """Where every counted value of a function may come from: the least fixed point over its blocks."""
    found: dict[Value, Origin] = {}

    def of(value: Value) -> Origin:
        if not is_counted(value.type):
            return _OTHER
        return _NOWHERE if value in static else found.get(value, _NOWHERE)

    order = reverse_postorder(function.regions[0])
    for index, argument in enumerate(order[0].args):
        if is_counted(argument.type):
            found[argument] = Origin(frozenset((index,)), frozenset(), False)
    place = {block: index for index, block in enumerate(order)}
    loops = any(place[after] <= index for block, index in place.items() for after in block.successors())
    changed = True
    while changed:
        changed = False
        for block in order:
            for value, origin in _block_origins(block, of, block is order[0]):
                if origin != found.get(value):
                    found[value] = origin
                    changed = loops  # else all that a block gets has been seen before it
    return found


def _block_origins(
    block: Block, of: Callable[[Value], Origin], entry: bool
) -> Iterator[tuple[Value, Origin]]:
    for index, argument in enumerate(block.args):
        if is_counted(argument.type) and not entry:
            origin = _OTHER
            for op, number in block.uses:
                origin = origin.union(of(op.successor_args(number)[index]))
            yield argument, origin
    for op in block.ops:
        for result in op.results:
            if not is_counted(result.type):
                continue
            if op.name in READS:
                inner = of(op.operands[READS[op.name]])
                yield result, Origin(frozenset(), inner.parameters | inner.contents, inner.other)
            elif op.name == "arith.select":
                yield result, of(op.operands[1]).union(of(op.operands[2]))
            else:
                yield result, _OTHER


@dataclass(slots=True)
class _Function:
    """What the inference needs to know of a function."""

    symbol: str
    origins: dict[Value, Origin]
    calls: list[tuple[str, int, Value, bool]] = field(default_factory=list)
    """Every counted argument of a call: the callee, its index, itself, whether the call is a loop's."""


class BorrowInference:
    """The borrowed parameters of all functions of a module: the greatest fixed point. `origins` says for each
    function where its values may come from."""

    def __init__(self, functions: Sequence[Operation], static: StaticValues, reuse: bool) -> None:
        self.static = static
        self.reuse = reuse
        self.components = tail_components(functions)
        self.borrowed: Borrowed = {}
        known = _called_only_by_name(functions)
        for function in functions:
            symbol = function.attr("sym_name")
            args = enumerate(function.regions[0].entry.args)
            counted = {i for i, a in args if is_counted(a.type)}
            self.borrowed[symbol] = counted if symbol in known else set()
        examined = [self._examine(f) for f in functions]
        self._solve(examined)
        self.origins = {f.symbol: f.origins for f in examined}

    def is_loop(self, caller: str, op: Operation) -> bool:
        """Whether a call must not grow the stack: a tail call that tail calls can lead back from."""
        return bool(op.attr("tail")) and self.components[caller] == self.components.get(op.attr("callee"))

    def _own(self, symbol: str, parameters: frozenset[int]) -> bool:
        borrowed = self.borrowed[symbol]
        before = len(borrowed)
        borrowed -= parameters
        return len(borrowed) != before

    def _examine(self, op: Operation) -> _Function:
        """Strike off what the function gives away whatever its callees do, and note its calls."""
        function = _Function(op.attr("sym_name"), origins(op, self.static))
        for block in op.regions[0].blocks:
            for inner in block.ops:
                if inner.name == "func.call":
                    loop = self.is_loop(function.symbol, inner)
                    for index, value in enumerate(inner.operands):
                        if is_counted(value.type):
                            function.calls.append((inner.attr("callee"), index, value, loop))
                elif inner.name != "cf.br":  # what a branch passes on is given away where its target does so
                    self._give_away(function, inner)
        if self.reuse:
            for origin in _reusable(op, function.origins):
                self._own(function.symbol, origin.parameters | origin.contents)
        return function

    def _give_away(self, function: _Function, op: Operation) -> None:
        for value, takes in zip(op.operands, consumed(op, {}), strict=True):
            origin = function.origins.get(value)
            if takes and origin is not None and value not in self.static:
                self._own(function.symbol, origin.parameters)
                if op.name in _CALLS:
                    self._own(function.symbol, origin.contents)

    def _solve(self, functions: list[_Function]) -> None:
        changed = True
        while changed:
            changed = False
            for function in functions:
                mine = self.borrowed[function.symbol]
                for callee, index, value, loop in function.calls:
                    if value in self.static:
                        continue
                    origin = function.origins[value]
                    theirs = self.borrowed.get(callee, set())
                    if loop and index in theirs and not origin.borrowed(mine):
                        theirs.discard(index)
                        changed = True
                    if index not in theirs:
                        changed |= self._own(function.symbol, origin.parameters | origin.contents)


def _called_only_by_name(functions: Sequence[Operation]) -> set[str]:
    """The functions that only `func.call` enters."""
    known = {f.attr("sym_name") for f in functions if not f.attr("exported")}
    for function in functions:
        for block in function.regions[0].blocks:
            for op in block.ops:
                if op.name == "rt.closure":
                    known.discard(op.attr("callee"))
    return known


def _reusable(function: Operation, found: dict[Value, Origin]) -> list[Origin]:
    """The origins of cells that are taken apart on the way to a new cell of the same size."""
    result = []
    sizes: dict[Block, set[int]] = {}
    reads: list[Operation] = []
    for block in function.regions[0].blocks:
        sizes[block] = {len(op.operands) for op in block.ops if op.name == "rt.cell"}
        reads += [op for op in block.ops if op.name == "rt.slot" and op.attr("words") is not None]
    if not any(sizes.values()):
        return []
    ahead: dict[Block, set[int]] = {}
    for op in reads:
        place, origin = op.parent, found.get(op.operands[0])
        if place is None or origin is None or not origin.parameters | origin.contents:
            continue
        if place not in ahead:
            ahead[place] = _sizes_ahead(place, sizes)
        if op.attr("words") in ahead[place]:
            result.append(origin)
    return result


def _sizes_ahead(block: Block, sizes: dict[Block, set[int]]) -> set[int]:
    """The sizes of all cells made in a block and the blocks that it leads to."""
    seen = {block}
    work = [block]
    ahead: set[int] = set()
    while work:
        here = work.pop()
        ahead |= sizes[here]
        for successor in here.successors():
            if successor not in seen:
                seen.add(successor)
                work.append(successor)
    return ahead
