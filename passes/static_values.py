"""Which values can only be static: literals, null, cells and function values without contents, and what
immutable file-scope variables hold. Nobody counts those.

The greatest fixed point over a whole module: everything that could be static is assumed to be, and what comes
from something else is struck off along its uses, through branches, calls' results and returns. The message of
a function that can only fail with an overflow is static wherever it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ospjit.dialects.rt import is_counted
from ospjit.ir import Operation, Value, body_of

_STATIC = frozenset(("rt.string", "rt.null", "rt.static_cell"))
#: Operations whose results are static if all their counted operands are.
_PASSING = frozenset(("arith.select", "rt.cast", "rt.slot"))


class StaticValues:
    """The static values of a module; also says for each function which of its results always are."""

    def __init__(self, module: Operation, functions: Sequence[Operation]) -> None:
        self.mutable = {
            op.attr("sym_name"): bool(op.attr("mutable"))
            for op in body_of(module).ops
            if op.name == "rt.global"
        }
        self.bodies = {f.attr("sym_name"): f for f in functions}
        self.calls: dict[str, list[Operation]] = {}
        self._moving: set[Value] = set()
        self._moving_results: set[tuple[str, int]] = set()
        self._solve(functions)

    def __contains__(self, value: Value) -> bool:
        """Whether a value of a counted type is static."""
        return value not in self._moving

    def results(self, function: Operation) -> tuple[int, ...]:
        """The counted results of a function that are static in every return."""
        symbol = function.attr("sym_name")
        types = function.attr("function_type").results
        return tuple(
            i for i, t in enumerate(types) if is_counted(t) and (symbol, i) not in self._moving_results
        )

    def _solve(self, functions: Sequence[Operation]) -> None:
        work: list[Value] = []
        for function in functions:
            entry = function.regions[0].entry
            self._strike(work, entry.args)
            for block in function.regions[0].blocks:
                for op in block.ops:
                    if op.name == "func.call":
                        self.calls.setdefault(op.attr("callee"), []).append(op)
                    if not self._may_be_static(op):
                        self._strike(work, op.results)
        while work:
            value = work.pop()
            for op, index in value.uses:
                self._spread(work, op, index)

    def _strike(self, work: list[Value], values: Iterable[Value]) -> None:
        for value in values:
            if is_counted(value.type) and value not in self._moving:
                self._moving.add(value)
                work.append(value)

    def _may_be_static(self, op: Operation) -> bool:
        if op.name in _STATIC or op.name in _PASSING:
            return True
        if op.name == "rt.closure":
            return not op.operands
        if op.name == "rt.global_load":
            return not self.mutable.get(op.attr("global"), True)
        return op.name == "func.call" and op.attr("callee") in self.bodies

    def _spread(self, work: list[Value], op: Operation, index: int) -> None:
        """Strike off what becomes of operand `index` of `op`."""
        if op.name in _PASSING:
            self._strike(work, op.results)
        elif op.name == "func.return":
            function = op.parent_op()
            assert function is not None
            symbol = function.attr("sym_name")
            if (symbol, index) not in self._moving_results:
                self._moving_results.add((symbol, index))
                self._strike(work, (call.results[index] for call in self.calls.get(symbol, ())))
        elif op.successors:
            for number, successor in enumerate(op.successors):
                for argument, given in zip(successor.args, op.successor_args(number), strict=True):
                    if given is op.operands[index]:
                        self._strike(work, (argument,))
