"""Orders over the blocks of a function, and the removal of blocks that control never reaches."""

from __future__ import annotations

from ospjit.ir import Block, Region, erase_blocks


def reverse_postorder(region: Region) -> list[Block]:
    """The reachable blocks of a region such that a block stands behind its dominators. Iterative."""
    entry = region.entry
    seen = {entry}
    order: list[Block] = []
    stack = [(entry, iter(entry.successors()))]
    while stack:
        block, successors = stack[-1]
        for successor in successors:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(successor.successors())))
                break
        else:
            stack.pop()
            order.append(block)
    order.reverse()
    return order


def remove_unreachable(region: Region) -> int:
    """Erase the blocks that no path from the entry reaches; how many they were."""
    if region.first is None:
        return 0
    reachable = set(reverse_postorder(region))
    dead = [block for block in region.blocks if block not in reachable]
    if dead:
        erase_blocks(dead)
    return len(dead)
