"""Which parts of a lowered module may run often, and which run only a few times, judged by its text alone.

Code is worth its size and LLVM's time only where it runs often. A wrong guess costs a little speed: nothing
here may decide what a program does.
"""

from __future__ import annotations

from collections import Counter
from math import inf

from ospjit.ir import Block, Operation, body_of

#: How far calls are followed from a loop: through its lambda and what does the work to what that is made of.
_DEPTH = 4
#: How often a function may run that runs a few times.
_FEW = 100


class Frequencies:
    """What is known of a module whose program begins with the function `entry`."""

    def __init__(self, module: Operation, entry: str) -> None:
        self._blocks: dict[str, list[Block]] = {}
        self._loops: dict[str, frozenset[Block]] = {}
        #: The functions that each block calls, with repetitions; none that is not defined here.
        self._calls: dict[Block, list[str]] = {}
        #: How often each function runs for other reasons than calls by its name.
        self._runs: dict[str, float] = {}
        functions = [op for op in body_of(module).ops if op.name == "func.func"]
        for function in functions:
            symbol = function.attr("sym_name")
            self._runs[symbol] = inf if function.attr("exported") else int(symbol == entry)
        for function in functions:
            self._read(function)
        self.repeated = self._repeated()
        """The blocks of loops and of functions that call themselves, and of the functions called there."""
        self.seldom = self._seldom()
        """The functions that have no loop and run at most `_FEW` times. What is called from a loop, from
        itself in the end, through a closure, or from outside may run for ever."""

    def _read(self, function: Operation) -> None:
        symbol = function.attr("sym_name")
        self._blocks[symbol] = blocks = list(function.regions[0].blocks)
        self._loops[symbol] = frozenset(_of_loops(blocks))
        for block in blocks:
            self._calls[block] = calls = []
            for op in block.ops:
                if op.name == "func.call":
                    if op.attr("callee") in self._runs:
                        calls.append(op.attr("callee"))
                elif op.name == "rt.closure":
                    self._runs[op.attr("callee")] = inf

    def _repeated(self) -> frozenset[Block]:
        new: set[Block] = set()
        for symbol, blocks in self._blocks.items():
            calls_itself = any(symbol in self._calls[block] for block in blocks)
            new.update(blocks if calls_itself else self._loops[symbol])
        found = set(new)
        for _ in range(_DEPTH):
            called = {callee for block in new for callee in self._calls[block]}
            new = {block for callee in called for block in self._blocks[callee]} - found
            found |= new
        return frozenset(found)

    def _seldom(self) -> frozenset[str]:
        few, runs = set(), dict(self._runs)
        callers = Counter(callee for calls in self._calls.values() for callee in calls)
        ready = [symbol for symbol in self._blocks if callers[symbol] == 0]
        while (
            ready
        ):  # a function is ready when all its callers are known: never, if it may come to call itself
            symbol = ready.pop()
            loops = self._loops[symbol]
            if runs[symbol] <= _FEW and not loops:
                few.add(symbol)
            for block in self._blocks[symbol]:
                for callee in self._calls[block]:
                    runs[callee] += inf if block in loops else runs[symbol]
                    callers[callee] -= 1
                    if callers[callee] == 0:
                        ready.append(callee)
        return frozenset(few)


def _of_loops(blocks: list[Block]) -> list[Block]:
    """The blocks from where a branch backward leads to where it starts."""
    place = {block: index for index, block in enumerate(blocks)}
    found: list[Block] = []
    start = len(blocks)  # blocks from here on were looked at
    for index in reversed(range(len(blocks))):
        last = blocks[index].last
        for successor in last.successors if last is not None else ():
            if place[successor] <= index:
                found += blocks[place[successor] : min(index + 1, start)]
                start = min(start, place[successor])
    return found
