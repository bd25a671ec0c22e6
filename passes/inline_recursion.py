"""inline-recursion: functions that call themselves do several levels of their recursion in one frame.

A small function whose recursion is not in tail position gets copies of itself, one for each level: the
function calls the first copy, that calls the second, and the last calls the function again. The copies are
marked `inlined`: the back end lets LLVM put them in place, without a prologue of their own. LLVM never
inlines a function into itself, and most of what a call of a small function costs is the call. How many levels
there are depends on the size that they come to. Runs after the counts are in place,
so that a copy needs no care.

Before:

    "func.func"() ({
    ^bb0(%n: i64):
      %0 = "func.call"(%n) {callee = @f} : (i64) -> i64
      %1 = "arith.addi"(%0, %n) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "f"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "func.call"(%arg0) {callee = @f$level1} : (i64) -> i64
      %1 = "arith.addi"(%0, %arg0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "f"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "func.call"(%arg0) {callee = @f$level2} : (i64) -> i64
      %1 = "arith.addi"(%0, %arg0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, inlined, sym_name = "f$level1"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "func.call"(%arg0) {callee = @f$level3} : (i64) -> i64
      %1 = "arith.addi"(%0, %arg0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, inlined, sym_name = "f$level2"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "func.call"(%arg0) {callee = @f$level4} : (i64) -> i64
      %1 = "arith.addi"(%0, %arg0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, inlined, sym_name = "f$level3"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "func.call"(%arg0) {callee = @f} : (i64) -> i64
      %1 = "arith.addi"(%0, %arg0) : (i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, inlined, sym_name = "f$level4"} : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.ir import Operation, Pass, PassContext, SymbolRefAttr, UnitAttr, body_of, option


@dataclass(frozen=True)
class InlineRecursion(Pass):
    """Copies small recursive functions, a level of the recursion each."""

    name = "inline-recursion"
    summary = "several levels of a small function's recursion in one frame"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    statistics = {"levels": "levels of recursion that were inlined"}

    size: int = option(800, "most operations that a function may grow to")
    most: int = option(4, "most levels")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for function in body_of(module).ops:
            if function.name == "func.func":
                self._inline(function, module, ctx)

    def _inline(self, function: Operation, module: Operation, ctx: PassContext) -> None:
        calls = self_calls(function)
        if not calls:
            return
        operations = sum(1 for _ in function.walk()) - 1
        levels, size, copies = 0, operations, 1
        while levels < self.most:
            copies *= len(calls)
            size += copies * operations
            if size > self.size:
                break
            levels += 1
        body = body_of(module)
        copied = [function.clone() for _ in range(levels)]
        caller = function
        for level, copy in enumerate(copied, 1):
            symbol = f"{function.attr('sym_name')}$level{level}"
            copy.set_attr("sym_name", symbol)
            copy.attributes["inlined"] = UnitAttr()
            copy.attributes.pop("exported", None)
            for call in self_calls(caller, function.attr("sym_name")):
                call.set_attr("callee", SymbolRefAttr(symbol))
            body.append(copy)
            caller = copy
            ctx.count("levels")


def self_calls(function: Operation, symbol: str = "") -> list[Operation]:
    """The calls in a function of itself (or `symbol`) that are not tail calls."""
    callee = symbol or function.attr("sym_name")
    return [
        op
        for op in function.walk()
        if op.name == "func.call" and op.attr("callee") == callee and not op.attr("tail")
    ]
