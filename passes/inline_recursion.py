"""inline-recursion: functions that call themselves do several levels of their recursion in one frame.

A small function whose recursion is not in tail position gets copies of itself, one for each level: the
function calls the first copy, that calls the second, and the last calls the function again. The copies are
marked `inlined`: the back end lets LLVM put them in place, without a prologue of their own. LLVM never
inlines a function into itself, and most of what a call of a small function costs is the call. How many levels
there are depends on the size that they come to. A call in tail position, in a copy, is a loop in the copy,
which lets other fibers have their turn as the function's prologue would. Runs after the counts are in place,
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

from ospjit.dialects.rt import is_counted
from ospjit.ir import Block, Builder, Operation, Pass, PassContext, SymbolRefAttr, UnitAttr, body_of, option


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
            _loop(copy, function.attr("sym_name"))
            caller = copy
            ctx.count("levels")


def _loop(copy: Operation, symbol: str) -> None:
    """Makes a loop of the calls of the function in tail position: they go on in the copy. Not where a
    parameter is borrowed: arguments of blocks that are counted are owned."""
    calls = _calls(copy, symbol, tail=True)
    region = copy.regions[0]
    loop = region.blocks[0]
    owned = copy.attr("owned", ())
    borrows = any(is_counted(argument.type) and argument.index not in owned for argument in loop.args)
    if not calls or borrows:
        return
    start = region.insert_before(loop, Block(argument.type for argument in loop.args))
    Builder(start, None, copy.loc).create("cf.br", start.args, successors=[loop])
    for call in calls:
        block, end = call.parent, call.next
        assert block is not None and end is not None and end is block.last
        end.erase()
        b = Builder(block, None, call.loc)
        b.create("rt.poll")
        b.create("cf.br", call.operands, successors=[loop])
        call.erase()


def self_calls(function: Operation, symbol: str = "") -> list[Operation]:
    """The calls in a function of itself (or `symbol`) that are not tail calls."""
    return _calls(function, symbol or function.attr("sym_name"), tail=False)


def _calls(function: Operation, symbol: str, tail: bool) -> list[Operation]:
    return [
        op
        for op in function.walk()
        if op.name == "func.call" and op.attr("callee") == symbol and bool(op.attr("tail")) == tail
    ]
