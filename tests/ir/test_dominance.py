"""Dominance, against its definition: A dominates B if no path leads from the entry to B around A."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ospjit.ir import Block, DominanceInfo, Operation, Region, i64, remove_unreachable, reverse_postorder


def random_region(random: Random) -> Region:
    """A region of up to nine blocks that branch to each other at will."""
    region = Region([Block([i64]) for _ in range(random.randint(1, 9))])
    blocks = list(region.blocks)
    for block in blocks:
        targets = [random.choice(blocks[1:]) for _ in range(random.randint(0, 3))] if len(blocks) > 1 else []
        block.append(Operation("test.value", (), [i64]))
        block.append(Operation("test.branch", successors=targets))
    return region


def reachable(region: Region, without: Block | None = None) -> set[Block]:
    seen: set[Block] = set()
    work = [region.entry]
    while work:
        block = work.pop()
        if block is not without and block not in seen:
            seen.add(block)
            work.extend(block.successors())
    return seen


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=300, deadline=None)
def test_dominance_is_what_it_is_defined_as(random: Random) -> None:
    region = random_region(random)
    info = DominanceInfo()
    tree = info.tree(region)
    reached = reachable(region)
    assert set(tree.order) == reached
    for above in region.blocks:
        around = reachable(region, without=above)
        for below in region.blocks:
            expected = below not in reached or above is below or below not in around
            if below in reached and above not in reached:
                expected = False
            assert tree.dominates(above, below) == expected
            first, last = above.first, below.last
            assert first is not None and last is not None
            assert info.available(above.args[0], last) == expected
            assert info.available(first.result, last) == expected
            if above is not below:
                assert info.comes_before(first, last) == expected


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=100, deadline=None)
def test_order_and_removal(random: Random) -> None:
    region = random_region(random)
    reached = reachable(region)
    order = reverse_postorder(region)
    tree = DominanceInfo().tree(region)
    place = {block: i for i, block in enumerate(order)}
    assert all(place[tree.idom[block]] < place[block] for block in order[1:])
    before = len(region.blocks)
    assert remove_unreachable(region) == before - len(reached)
    assert set(region.blocks) == reached
    assert all(set(block.predecessors()) <= reached for block in region.blocks)


def test_values_of_enclosing_regions() -> None:
    outer = Region([Block()])
    value = outer.entry.append(Operation("test.value", (), [i64]))
    inner = Region([Block()])
    holder = outer.entry.append(Operation("test.region", (), [i64], regions=[inner]))
    use = inner.entry.append(Operation("test.use"))
    after = outer.entry.append(Operation("test.value", (), [i64]))
    info = DominanceInfo()
    assert info.available(value.result, use)
    assert not info.available(holder.result, use)
    assert not info.available(after.result, use)
    assert not info.available(Operation("test.loose", (), [i64]).result, use)


def test_ten_thousand_blocks_in_a_row() -> None:
    region = Region([Block() for _ in range(10_000)])
    for block in region.blocks:
        if block.next is not None:
            block.append(Operation("test.branch", successors=[block.next]))
    tree = DominanceInfo().tree(region)
    last = region.last
    assert last is not None and tree.dominates(region.entry, last) and not tree.dominates(last, region.entry)
