"""The rewrite driver and what a pattern can do with the rewriter."""

from __future__ import annotations

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.ir import (
    Operation,
    PatternsDoNotConverge,
    Region,
    Rewriter,
    apply_patterns,
    i64,
    parse_module,
    pattern,
    print_op,
)


def module(body: str) -> Operation:
    attributes = '{sym_name = "f", function_type = (i64) -> ()}'
    text = f'"func.func"() ({{\n^bb0(%x: i64):\n{body}\n}}) {attributes} : () -> ()'
    return parse_module(text, allow_unregistered=True)


def body(root: Operation) -> list[str]:
    return [op.name for op in root.walk()][2:]


@pattern("test.old", "test.older")
def renew(op: Operation, rw: Rewriter) -> bool:
    rw.replace_op(op, "test.new", op.operands, attrs=op.attributes)
    return True


def test_replacing_keeps_uses_types_and_locations() -> None:
    root = module(
        '%0 = "test.old"(%x) {a = 1} : (i64) -> i64 loc("a.osp":3:5)\n'
        '%1 = "test.older"(%0) : (i64) -> i64\n"test.use"(%1) : (i64) -> ()'
    )
    assert apply_patterns(root, [renew])
    text = print_op(root)
    assert '%0 = "test.new"(%arg0) {a = 1 : i64} : (i64) -> i64 loc("a.osp":3:5)' in text
    assert '%1 = "test.new"(%0)' in text and '"test.use"(%1)' in text
    assert not apply_patterns(root, [renew])


def test_patterns_are_found_by_name_and_the_first_that_matches_wins() -> None:
    tried = []

    @pattern("test.a")
    def refuse(op: Operation, rw: Rewriter) -> bool:
        tried.append("refuse")
        return False

    @pattern("test.a")
    def accept(op: Operation, rw: Rewriter) -> bool:
        tried.append("accept")
        rw.erase(op)
        return True

    root = module('"test.b"() : () -> ()\n"test.a"() : () -> ()')
    assert apply_patterns(root, [refuse, accept])
    assert body(root) == ["test.b"] and tried == ["refuse", "accept"]


def test_what_a_rewrite_touches_is_looked_at_again() -> None:
    visits = []

    @pattern("test.leaf")
    def grow(op: Operation, rw: Rewriter) -> bool:
        rw.replace_op(op, "test.grown", attrs={"grown": True})
        return True

    @pattern("test.user")
    def watch(op: Operation, rw: Rewriter) -> bool:
        visits.append(
            [value.owner.attr("grown") for value in op.operands if isinstance(value.owner, Operation)]
        )
        return False

    @pattern("test.late")
    def use_late(op: Operation, rw: Rewriter) -> bool:
        rw.create("test.leaf", (), [i64])
        rw.erase(op)
        return True

    root = module('%0 = "test.leaf"() : () -> i64\n"test.user"(%0) : (i64) -> ()\n"test.late"() : () -> ()')
    assert apply_patterns(root, [grow, watch, use_late])
    assert body(root) == ["test.grown", "test.user", "test.grown"]
    assert [True] in visits


def test_a_long_chain_folds_in_one_round() -> None:
    @pattern("test.add")
    def fold(op: Operation, rw: Rewriter) -> bool:
        rw.replace(op, op.operands[0])
        return True

    chain = "\n".join(f'%{i + 1} = "test.add"(%{i}) : (i64) -> i64' for i in range(20_000))
    root = module('%0 = "test.start"() : () -> i64\n' + chain + '\n"test.use"(%20000) : (i64) -> ()')
    assert apply_patterns(root, [fold], max_iterations=1)
    assert body(root) == ["test.start", "test.use"]


def test_patterns_that_undo_each_other_are_found_out() -> None:
    @pattern("test.a")
    def forth(op: Operation, rw: Rewriter) -> bool:
        rw.replace_op(op, "test.b")
        return True

    @pattern("test.b")
    def back(op: Operation, rw: Rewriter) -> bool:
        rw.replace_op(op, "test.a")
        return True

    with pytest.raises(PatternsDoNotConverge, match=r"forth|back"):
        apply_patterns(module('"test.a"() : () -> ()'), [forth, back])


def test_structured_to_branches() -> None:
    """What lowering passes do: split, move regions in, replace terminators, inline."""

    @pattern("test.if")
    def lower(op: Operation, rw: Rewriter) -> bool:
        condition = op.operands[0]
        tail = rw.split_block(op)
        arguments = [tail.add_arg(result.type) for result in op.results]
        starts = []
        for region in op.regions:
            start = region.entry
            rw.inline_region_after(region, rw.block)
            last = start.last
            assert last is not None
            starts.append((start, last))
        rw.create("test.branch", [condition], successors=[start for start, _ in starts])
        for _, last in starts:
            rw.set_before(last)
            rw.create("cf.br", last.operands, successors=[tail])
            rw.erase(last)
        rw.replace(op, arguments)
        return True

    nested = (
        '%0 = "test.if"(%x) ({\n  %2 = "test.if"(%x) ({\n"test.yield"(%x) : (i64) -> ()\n}, {\n'
        '"test.yield"(%x) : (i64) -> ()\n}) : (i64) -> i64\n  "test.yield"(%2) : (i64) -> ()\n}, {\n'
        '  %1 = "test.value"() : () -> i64\n  "test.yield"(%1) : (i64) -> ()\n}) : (i64) -> i64\n'
        '"func.return"(%0) : (i64) -> ()'
    )
    root = module(nested)
    assert apply_patterns(root, [lower])
    assert sorted(body(root)) == sorted(["test.branch"] * 2 + ["cf.br"] * 4 + ["test.value", "func.return"])
    assert print_op(parse_module(print_op(root), allow_unregistered=True)) == print_op(root)
    (function,) = [op for op in root.walk() if op.name == "func.func"]
    last = next(op for op in root.walk() if op.name == "func.return")
    assert last.parent is not None and last.operands == last.parent.args
    assert all(block.predecessors() for block in list(function.regions[0].blocks)[1:])


def test_inlining_a_block() -> None:
    @pattern("test.inline")
    def inline(op: Operation, rw: Rewriter) -> bool:
        block = op.regions[0].entry.detach()
        Region([block])
        last = block.last
        assert last is not None
        rw.inline_block_before(block, op, op.operands)
        rw.replace(op, last.operands)
        rw.erase(last)
        return True

    root = module(
        '%0 = "test.inline"(%x) ({\n^bb0(%y: i64):\n%1 = "test.inner"(%y) : (i64) -> i64\n'
        '"test.yield"(%1) : (i64) -> ()\n}) : (i64) -> i64\n"test.use"(%0) : (i64) -> ()'
    )
    assert apply_patterns(root, [inline])
    assert body(root) == ["test.inner", "test.use"]
    assert '"test.inner"(%arg0)' in print_op(root)


def test_misuse_is_refused() -> None:
    @pattern("test.a")
    def wrong(op: Operation, rw: Rewriter) -> bool:
        rw.replace(op, [])
        return True

    with pytest.raises(ValueError, match="1 results, not 0"):
        apply_patterns(module('%0 = "test.a"() : () -> i64'), [wrong])
