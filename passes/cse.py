"""cse: an operation without effects that computes what another one above it computed already is replaced by
that one.

The search goes down the dominator tree with a table whose entries are forgotten where they cease to dominate.

Before:

    "func.func"() ({
    ^bb0(%a: i64, %b: i64):
      %0 = "arith.addi"(%a, %b) : (i64, i64) -> i64
      %1 = "arith.addi"(%a, %b) : (i64, i64) -> i64
      %2 = "arith.muli"(%0, %1) : (i64, i64) -> i64
      "func.return"(%2) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "square_of_sum"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64):
      %0 = "arith.addi"(%arg0, %arg1) : (i64, i64) -> i64
      %1 = "arith.muli"(%0, %0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "square_of_sum"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ospjit.ir import Block, DominanceInfo, Operation, Pass, PassContext, Region

_Key = tuple[object, ...]


@dataclass(frozen=True)
class CommonSubexpressions(Pass):
    """Replaces pure operations by equal ones that dominate them.

    Equal are operations of one name with the same operands, attributes and result types, and no regions.
    """

    name = "cse"
    summary = "share the results of equal operations without effects"
    statistics: ClassVar[Mapping[str, str]] = {"operations-erased": "operations replaced by an equal one"}

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        dominance = DominanceInfo()
        for op in module.walk():
            # Regions inside another are dealt with when the outermost isolated one is.
            found = op.definition
            if found is not None and found.isolated:
                for region in op.regions:
                    ctx.count("operations-erased", _Search(dominance).run(region))


class _Search:
    """A walk down the dominator tree of a region and of the regions nested in it.

    `table` holds what is available, `trail` the keys entered, in order. `work` is what is still to be done,
    last first: a block to enter, an operation to go on from, or a length to cut the trail back to.
    """

    def __init__(self, dominance: DominanceInfo) -> None:
        self.dominance = dominance
        self.table: dict[_Key, Operation] = {}
        self.trail: list[_Key] = []
        self.work: list[Block | Operation | int] = []
        self.children: dict[Block, list[Block]] = {}

    def run(self, region: Region) -> int:
        """Replace what can be replaced; how many operations that were. Unreachable blocks are left alone."""
        self._enter_region(region)
        erased = 0
        while self.work:
            item = self.work.pop()
            if isinstance(item, Block):
                self.work.append(len(self.trail))
                self.work.extend(self.children[item])
                erased += self._operations(item.first)
            elif isinstance(item, Operation):
                erased += self._operations(item)
            else:
                while len(self.trail) > item:
                    del self.table[self.trail.pop()]
        return erased

    def _enter_region(self, region: Region) -> None:
        tree = self.dominance.tree(region)
        for block in tree.order:
            self.children[block] = []
        for block in tree.order[1:]:
            self.children[tree.idom[block]].append(block)
        self.work.extend(tree.order[:1])

    def _operations(self, op: Operation | None) -> int:
        """Look at `op` and what follows in its block, up to an operation with regions: those come first."""
        erased = 0
        while op is not None:
            following = op.next
            found = op.definition
            if op.regions:
                if following is not None:
                    self.work.append(following)
                if found is None or not found.isolated:
                    for region in op.regions:
                        self._enter_region(region)
                break
            if found is not None and found.pure and op.results:
                erased += self._share(op)
            op = following
        return erased

    def _share(self, op: Operation) -> int:
        """Replace `op` if an equal operation is available, else make it available; 1 if it was replaced."""
        key = _key(op)
        known = self.table.setdefault(key, op)
        if known is op:
            self.trail.append(key)
            return 0
        for old, new in zip(op.results, known.results, strict=True):
            old.replace_by(new)
        op.erase()
        return 1


def _key(op: Operation) -> _Key:
    """What makes two operations compute the same."""
    attributes = tuple(sorted(op.attributes.items(), key=lambda item: item[0])) if op.attributes else ()
    return (op.name, op.operands, attributes, tuple([result.type for result in op.results]))
