"""Which blocks of a lowered module may run often, judged by its text alone.

Where code is worth its size and LLVM's time, it is worth it in these. A wrong guess costs a little speed:
nothing here may decide what a program does.
"""

from __future__ import annotations

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
