"""Operations, blocks and regions: lists, uses, successors, walking, cloning, erasing."""

from __future__ import annotations

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.dialects import arith, cf, func
from ospjit.ir import (
    Block,
    Builder,
    FunctionType,
    Operation,
    Region,
    SymbolTable,
    Value,
    body_of,
    erase_blocks,
    i1,
    i64,
    new_module,
    print_op,
)


def names(block: Block) -> list[str]:
    return [op.name for op in block.ops]


def filled(*ops: str) -> Block:
    block = Block()
    for name in ops:
        block.append(Operation(name))
    return block


def check_links(block: Block) -> None:
    """The list of operations is the same forwards and backwards, and all know their block."""
    forward = list(block.ops)
    assert list(reversed(list(reversed(block.ops)))) == forward
    assert all(op.parent is block for op in forward)
    assert (block.first, block.last) == ((forward[0], forward[-1]) if forward else (None, None))


def test_uses_follow_operands() -> None:
    a, b = Block([i64, i64]).args
    op = Operation("t.op", [a, a, b])
    assert a.uses == [(op, 0), (op, 1)] and b.uses == [(op, 2)]
    op.set_operand(1, b)
    assert a.uses == [(op, 0)] and b.uses == [(op, 2), (op, 1)]
    assert b.users == [op]
    op.set_operands([b])
    assert not a.has_uses() and b.has_one_use()
    b.replace_by(a)
    assert op.operands == (a,) and not b.has_uses()


def test_replacing_a_value_by_itself_changes_nothing() -> None:
    (a,) = Block([i64]).args
    op = Operation("t.op", [a])
    a.replace_by(a)
    assert a.uses == [(op, 0)]


def test_inserting_moving_and_removing() -> None:
    block = filled("a", "c")
    first, last = block.ops
    block.insert_before(Operation("b"), last)
    block.insert_after(Operation("d"), last)
    block.prepend(Operation("0"))
    assert names(block) == ["0", "a", "b", "c", "d"]
    check_links(block)
    first.move_before(last)
    assert names(block) == ["0", "b", "a", "c", "d"]
    last.detach()
    check_links(block)
    assert names(block) == ["0", "b", "a", "d"]
    assert block.ops[1].name == "b" and block.ops[-1].name == "d" and len(block.ops) == 4
    with pytest.raises(IndexError):
        block.ops[4]
    with pytest.raises(ValueError, match="already has a parent"):
        block.append(first)
    with pytest.raises(ValueError, match="does not stand there"):
        Block().insert_before(last, first)


def test_iteration_tolerates_erasing_and_inserting() -> None:
    block = filled("a", "b", "c")
    seen = []
    for op in block.ops:
        seen.append(op.name)
        if op.name == "b":
            block.insert_after(Operation("new"), op)
            op.erase()
    assert seen == ["a", "b", "c"] and names(block) == ["a", "new", "c"]


def test_split_and_take() -> None:
    region = Region([filled("a", "b", "c"), filled("z")])
    block = region.entry
    tail = block.split_before(block.ops[1])
    assert (names(block), names(tail)) == (["a"], ["b", "c"])
    assert list(region.blocks) == [block, tail, region.last]
    check_links(block)
    check_links(tail)
    block.take_ops(tail.first, tail)
    assert names(block) == ["a", "b", "c"] and names(tail) == []
    check_links(block)
    check_links(tail)
    everything = block.split_before(block.ops[0])
    assert names(block) == [] and names(everything) == ["a", "b", "c"]
    check_links(block)


def test_erasing_what_is_used_is_refused() -> None:
    block = Block()
    b = Builder.at_end(block)
    one = arith.constant(b, 1, i64)
    use = b.create("t.use", [one])
    with pytest.raises(ValueError, match="use"):
        one.op.erase()
    use.erase()
    one.op.erase()
    assert not block.ops and one.op.parent is None


def test_erasing_drops_the_uses_inside() -> None:
    outer = Block([i64])
    inner = Block()
    use = inner.append(Operation("t.use", [outer.args[0]]))
    op = outer.append(Operation("t.region", regions=[Region([inner])]))
    op.erase()
    assert not outer.args[0].has_uses()
    assert use.parent is None


def branching() -> tuple[Operation, Block, Block, Block]:
    """A function with a conditional branch from its entry to two blocks."""
    f = func.function("f", FunctionType((i1, i64), (i64,)))
    entry = f.regions[0].entry
    left, right = Block([i64]), Block()
    f.regions[0].append(left)
    f.regions[0].append(right)
    condition, x = entry.args
    cf.cond_br(Builder.at_end(entry), condition, left, [x], right, [])
    func.return_(Builder.at_end(left), [left.args[0]])
    cf.br(Builder.at_end(right), left, [x])
    return f, entry, left, right


def test_successors_and_their_arguments() -> None:
    _, entry, left, right = branching()
    op = entry.terminator
    assert op is not None
    assert left.predecessors() == [entry, right] and right.predecessors() == [entry]
    _, x = entry.args
    assert op.successor_args(0) == (x,) and op.successor_args(1) == ()
    right.add_arg(i64)
    op.set_successor_args(1, [x])
    assert op.attr("operandSegmentSizes") == (1, 1, 1)
    op.set_successor_args(0, [])
    assert op.attr("operandSegmentSizes") == (1, 0, 1) and op.successor_args(1) == (x,)
    op.replace_successor(0, right)
    assert left.predecessors() == [right]
    assert sorted(index for _, index in right.uses) == [0, 1]


def test_switch_arguments_resize() -> None:
    block, a, c = Block([i64]), Block([i64]), Block()
    (x,) = block.args
    op = cf.switch(Builder.at_end(block), x, a, [x], [(1, c, []), (2, a, [x])])
    assert [op.successor_args(i) for i in range(3)] == [(x,), (), (x,)]
    op.set_successor_args(1, [x, x])
    assert op.attr("case_operand_segments") == (2, 1) and op.attr("operandSegmentSizes") == (1, 1, 3)
    op.set_successor_args(0, [])
    assert [op.successor_args(i) for i in range(3)] == [(), (x, x), (x,)]


def test_erasing_blocks_that_refer_to_each_other() -> None:
    _, entry, left, right = branching()
    with pytest.raises(ValueError, match="branched to"):
        left.erase()
    last = entry.last
    assert last is not None
    last.erase()
    with pytest.raises(ValueError, match="branched to"):
        left.erase()
    erase_blocks([left, right])
    assert entry.parent is not None and list(entry.parent.blocks) == [entry]
    assert not any(argument.has_uses() for argument in entry.args)


def test_block_arguments_are_renumbered() -> None:
    block = Block([i64, i1, i64])
    block.erase_arg(1)
    assert [argument.index for argument in block.args] == [0, 1]
    Operation("t.use", [block.args[1]])
    with pytest.raises(ValueError, match="still used"):
        block.erase_arg(1)


def test_walk_is_in_textual_order_and_tolerates_erasing() -> None:
    module = new_module()
    for name in ("f", "g"):
        inner = Region([filled(f"{name}.1", f"{name}.2"), filled(f"{name}.3")])
        body_of(module).append(Operation(name, regions=[inner]))
    assert [op.name for op in module.walk()] == ["builtin.module", *"f f.1 f.2 f.3 g g.1 g.2 g.3".split()]
    seen = []
    for op in module.walk():
        seen.append(op.name)
        if op.name in ("f", "g.1"):
            op.erase()
    assert seen == ["builtin.module", *"f g g.1 g.2 g.3".split()]


def test_walk_of_deep_nesting_does_not_recurse() -> None:
    top = Operation("t.op", regions=[Region([Block()])])
    op = top
    for _ in range(3000):
        op = body_of(op).append(Operation("t.op", regions=[Region([Block()])]))
    assert sum(1 for _ in top.walk()) == 3001
    assert print_op(top.clone()) == print_op(top)
    top.erase()


def test_clone_maps_what_is_inside_and_keeps_what_is_outside() -> None:
    f, entry, left, _ = branching()
    mapping: dict[Value | Block, object] = {}
    copy = f.clone(mapping)
    assert print_op(copy) == print_op(f)
    assert mapping[left] is copy.regions[0].blocks[1]
    assert all(len(block.uses) == len(mapping[block].uses) for block in f.regions[0].blocks)  # type: ignore[attr-defined]
    last = entry.last
    assert last is not None
    alone = last.clone()
    assert alone.operands == last.operands and alone.successors == last.successors
    alone.erase()


def test_clone_replaces_outer_values_as_told() -> None:
    a, b = Block([i64, i64]).args
    op = Operation("t.op", [a, b])
    assert op.clone({a: b}).operands == (b, b)


def test_moving_blocks_between_regions() -> None:
    source = Region([filled("a"), filled("b")])
    target = Region([filled("x"), filled("y")])
    source.move_blocks(target, after=target.entry)
    assert [names(block) for block in target.blocks] == [["x"], ["a"], ["b"], ["y"]]
    assert not source.blocks and target.blocks[1].parent is target


def test_attributes_are_wrapped_and_unwrapped() -> None:
    op = Operation("t.op", attributes={"a": 1, "b": "x", "c": i64, "d": (1, True)})
    assert (op.attr("a"), op.attr("b"), op.attr("c"), op.attr("d")) == (1, "x", i64, (1, True))
    assert op.attr("none") is None and op.attr("none", 7) == 7
    op.set_attr("a", 2.5)
    assert op.attr("a") == 2.5


def test_symbol_table() -> None:
    module = new_module()
    table = SymbolTable(module)
    type = FunctionType((), ())
    assert [table.insert(func.declaration("f", type)) for _ in range(3)] == ["f", "f_0", "f_1"]
    first = table.lookup("f")
    assert first is not None and len(body_of(module).ops) == 3
    table.erase(first)
    assert "f" not in table and table.unique("f") == "f" and SymbolTable(module).lookup("f_0") is not None


def test_builder_places() -> None:
    block = filled("a", "z")
    a, z = block.ops
    Builder.before(z).create("before")
    Builder.after(a).create("after")
    Builder.at_start(block).create("start")
    b = Builder.at_end(block)
    b.create("end")
    b.set_after(z)
    b.create("after-z")
    b.create("after-z-2")
    assert names(block) == ["start", "a", "after", "before", "z", "after-z", "after-z-2", "end"]
