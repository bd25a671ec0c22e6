"""canonicalize: bring operations into their simplest form: constants folded, identities applied, branches on
constants decided, blocks joined that always follow each other, what is unused erased.

The patterns belong to the dialects: each names a module that holds those for its operations.

Before:

    "func.func"() ({
    ^bb0(%n: i64, %x: i64):
      %0 = "arith.constant"() {value = 2 : i64} : () -> i64
      %1 = "arith.constant"() {value = 3 : i64} : () -> i64
      %2 = "arith.cmpi"(%0, %1) {predicate = 2 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%2)[^less, ^more] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^less:
      %3 = "arith.muli"(%0, %1) : (i64, i64) -> i64
      "func.return"(%3) : (i64) -> ()
    ^more:
      "func.return"(%x) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "f"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64):
      %0 = "arith.constant"() {value = 6 : i64} : () -> i64
      "func.return"(%0) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "f"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar

from ospjit.ir import Pass, PassContext, Pattern, apply_patterns, dialects, option
from ospjit.ir.core import Operation
from ospjit.passes.dce import erase_dead_operations, erase_unreachable_blocks


@dataclass(frozen=True)
class Canonicalize(Pass):
    """Applies the simplifying patterns of all dialects until none matches, and erases what is dead."""

    name = "canonicalize"
    summary = "fold constants, apply identities, decide branches, join blocks, erase what is unused"
    statistics: ClassVar[Mapping[str, str]] = {
        "rounds": "how often the patterns were applied to the whole module",
        "operations-erased": "unused operations without effects",
        "blocks-erased": "blocks that control never reaches",
    }

    max_rounds: int = option(10, "how often to begin again at most, as long as anything changes")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        patterns = canonical_patterns()
        for _ in range(self.max_rounds):
            ctx.count("rounds")
            changed = apply_patterns(module, patterns)
            blocks = erase_unreachable_blocks(module)
            dead = erase_dead_operations(module)
            ctx.count("blocks-erased", blocks)
            ctx.count("operations-erased", dead)
            if not (changed or blocks or dead):
                break


def canonical_patterns() -> list[Pattern]:
    """The patterns of all registered dialects."""
    modules = [dialect.canonical for dialect in dialects() if dialect.canonical is not None]
    return [pattern for name in modules for pattern in import_module(name).PATTERNS]
