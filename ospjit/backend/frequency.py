"""Which parts of a lowered module may run often, and which run only a few times, judged by its text alone.

Code is worth its size and LLVM's time only where it runs often. A wrong guess costs a little speed: nothing
here may decide what a program does.
"""

from __future__ import annotations

from collections import Counter
from math import inf

from ospjit.ir import Block, Operation, body_of

#: How far calls are followed from a loop: to its lambda, and to the function that this calls.
_DEPTH = 2


def repeated_blocks(module: Operation) -> frozenset[Block]:
    """The blocks of loops and of functions that call themselves, and of the functions called from there."""
    functions = {op.attr("sym_name"): op for op in body_of(module).ops if op.name == "func.func"}
    new: set[Block] = set()
    for symbol, function in functions.items():
        blocks = list(function.regions[0].blocks)
        new.update(blocks if any(symbol in _callees(block) for block in blocks) else _of_loops(blocks))
    found = set(new)
    for _ in range(_DEPTH):
        called = {callee for block in new for callee in _callees(block) if callee in functions}
        new = {block for callee in called for block in functions[callee].regions[0].blocks} - found
        found |= new
    return frozenset(found)


#: How often a function may run that runs a few times.
_FEW = 100


def seldom_run(module: Operation, entry: str) -> frozenset[str]:
    """The functions that have no loop and run at most `_FEW` times in a program, which begins with `entry`.

    What is called from a loop, from itself in the end, through a closure, or from outside may run for ever.
    """
    functions = {op.attr("sym_name"): op for op in body_of(module).ops if op.name == "func.func"}
    runs: dict[str, float] = {symbol: inf if op.attr("exported") else 0 for symbol, op in functions.items()}
    runs[entry] = 1
    calls: dict[str, list[tuple[str, bool]]] = {}
    callers: Counter[str] = Counter()
    loops: set[str] = set()
    for symbol, function in functions.items():
        blocks = list(function.regions[0].blocks)
        in_loops = set(_of_loops(blocks))
        if in_loops:
            loops.add(symbol)
        calls[symbol] = [(callee, block in in_loops) for block in blocks for callee in _callees(block)]
        callers.update(callee for callee, _ in calls[symbol])
        for op in function.walk():
            if op.name == "rt.closure":
                runs[op.attr("callee")] = inf
    few = set()
    ready = [symbol for symbol in functions if callers[symbol] == 0]
    while ready:  # a function is ready when all its callers are known: never, if it may come to call itself
        symbol = ready.pop()
        if runs[symbol] <= _FEW and symbol not in loops:
            few.add(symbol)
        for callee, in_loop in calls[symbol]:
            if callee in functions:
                runs[callee] += inf if in_loop else runs[symbol]
                callers[callee] -= 1
                if callers[callee] == 0:
                    ready.append(callee)
    return frozenset(few)


def _callees(block: Block) -> list[str]:
    return [op.attr("callee") for op in block.ops if op.name == "func.call"]


def _of_loops(blocks: list[Block]) -> list[Block]:
    """The blocks from where a branch backward leads to where it starts."""
    place = {block: index for index, block in enumerate(blocks)}
    found: list[Block] = []
    start = len(blocks)  # blocks from here on were looked at
    for index in reversed(range(len(blocks))):
        terminator = blocks[index].terminator
        for successor in terminator.successors if terminator is not None else ():
            if place[successor] <= index:
                found += blocks[place[successor] : min(index + 1, start)]
                start = min(start, place[successor])
    return found
