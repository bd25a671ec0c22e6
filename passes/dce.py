"""dce: operations without effect whose results nobody reads are erased, and so are blocks that control never
reaches.

Before:

    "func.func"() ({
    ^bb0(%a: i64, %b: i64):
      %0 = "arith.muli"(%a, %b) : (i64, i64) -> i64
      "func.return"(%a) : (i64) -> ()
    ^nowhere:
      "func.return"(%b) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "first"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64):
      "func.return"(%arg0) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "first"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ospjit.ir import Operation, Pass, PassContext, remove_unreachable


@dataclass(frozen=True)
class DeadCode(Pass):
    """Erases unused pure operations and unreachable blocks.

    An operation is pure if its definition says so. What only a dead operation reads dies with it.
    """

    name = "dce"
    summary = "erase unused operations without effects, and unreachable blocks"
    statistics: ClassVar[Mapping[str, str]] = {
        "operations-erased": "unused operations without effects",
        "blocks-erased": "blocks that control never reaches",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        ctx.count("blocks-erased", erase_unreachable_blocks(module))
        ctx.count("operations-erased", erase_dead_operations(module))


def erase_unreachable_blocks(root: Operation) -> int:
    """Erase the unreachable blocks of all regions inside `root`; how many they were."""
    return sum([remove_unreachable(region) for op in root.walk() for region in op.regions])


def erase_dead_operations(root: Operation) -> int:
    """Erase the unused pure operations inside `root`; how many they were, without what was in them."""
    # Users stand behind what they use in textual order nearly always, so popping from the end finds chains
    # at once; the operands' definitions are looked at again for the rest.
    work = [op for op in root.walk() if op is not root]
    erased = 0
    while work:
        op = work.pop()
        if op.parent is None or not _is_dead(op):
            continue
        sources = [value.owner for value in op.operands]
        op.erase()
        erased += 1
        work.extend([owner for owner in sources if isinstance(owner, Operation)])
    return erased


def _is_dead(op: Operation) -> bool:
    found = op.definition
    return found is not None and found.pure and not any(result.has_uses() for result in op.results)
