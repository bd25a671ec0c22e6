"""unbox-records: records that are only taken apart again are not made: their fields travel one by one.

An argument of a block falls into the fields of the records that arrive there, if all that happens to it is
that fields are read and that it is passed on; so does a parameter of a function, if callers bring new
records, and what a function returns, if that is a new record which a caller only reads. Where the record is
needed after all, it is made there, and never more often than before. A function that calls itself in tail
position with new records gets a second copy, the loop, which takes the fields: the first enters it with the
record that it would make itself, so who calls it with a record that is there already pays nothing. Runs
before the counts are inserted.

Before:

    "func.func"() ({
    ^bb0(%n: i64, %p: !osp.data<"Sum">):
      %zero = "arith.constant"() {value = 0 : i64} : () -> i64
      %done = "arith.cmpi"(%n, %zero) {predicate = 0 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%done)[^end, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^end:
      "func.return"(%p) : (!osp.data<"Sum">) -> ()
    ^again:
      %one = "arith.constant"() {value = 1 : i64} : () -> i64
      %m = "arith.subi"(%n, %one) : (i64, i64) -> i64
      %s = "rt.slot"(%p) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"Sum">) -> i64
      %t = "arith.addi"(%s, %n) : (i64, i64) -> i64
      %q = "rt.cell"(%t) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"Sum">
      %r = "func.call"(%m, %q) {callee = @f, tail} : (i64, !osp.data<"Sum">) -> !osp.data<"Sum">
      "func.return"(%r) : (!osp.data<"Sum">) -> ()
    }) {direct, exported, function_type = (i64, !osp.data<"Sum">) -> !osp.data<"Sum">, sym_name = "f"}
      : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: !osp.data<"Sum">):
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "arith.cmpi"(%arg0, %0) {predicate = 0 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%1)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^bb1:
      "func.return"(%arg1) : (!osp.data<"Sum">) -> ()
    ^bb2:
      %2 = "arith.constant"() {value = 1 : i64} : () -> i64
      %3 = "arith.subi"(%arg0, %2) : (i64, i64) -> i64
      %4 = "rt.slot"(%arg1) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"Sum">) -> i64
      %5 = "arith.addi"(%4, %arg0) : (i64, i64) -> i64
      %6 = "func.call"(%3, %5) {callee = @f$loop, tail} : (i64, i64) -> !osp.data<"Sum">
      "func.return"(%6) : (!osp.data<"Sum">) -> ()
    }) {direct, exported, function_type = (i64, !osp.data<"Sum">) -> !osp.data<"Sum">, sym_name = "f"}
      : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64):
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "arith.cmpi"(%arg0, %0) {predicate = 0 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%1)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^bb1:
      %2 = "rt.cell"(%arg1) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"Sum">
      "func.return"(%2) : (!osp.data<"Sum">) -> ()
    ^bb2:
      %3 = "arith.constant"() {value = 1 : i64} : () -> i64
      %4 = "arith.subi"(%arg0, %3) : (i64, i64) -> i64
      %5 = "arith.addi"(%arg1, %arg0) : (i64, i64) -> i64
      %6 = "func.call"(%4, %5) {callee = @f$loop, tail} : (i64, i64) -> !osp.data<"Sum">
      "func.return"(%6) : (!osp.data<"Sum">) -> ()
    }) {direct, function_type = (i64, i64) -> !osp.data<"Sum">, sym_name = "f$loop"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ospjit.ir import (
    BlockArgument,
    Builder,
    FunctionType,
    Operation,
    OpResult,
    Pass,
    PassContext,
    SymbolRefAttr,
    TypeAttr,
    UnitAttr,
    Value,
    body_of,
    i1,
    option,
    reverse_postorder,
)
from ospjit.passes.record_values import Records, Returned, SplitValues, find_records, function_of
from ospjit.passes.tail_graph import direct_functions


@dataclass(frozen=True)
class UnboxRecords(Pass):
    """Passes the fields of records instead of records."""

    name = "unbox-records"
    summary = "records that are only taken apart again are not made, loops carry their fields"
    takes = ("func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    statistics = {
        "arguments": "arguments of blocks that fell into fields",
        "parameters": "parameters that fell into fields",
        "results": "results of functions that fell into fields",
        "cells": "cells that are not made, or made elsewhere",
        "loops": "functions that got a copy for their loop",
    }

    fields: int = option(8, "most fields of a record that falls apart")
    values: int = option(48, "most parameters or results that a function comes to")
    rounds: int = option(4, "how often to look again, for records in records")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for _ in range(self.rounds):
            functions = _functions(module)
            records = find_records(functions, self.fields, self.values)
            changed = _split(SplitValues(functions, records), ctx)
            if not changed and not _split_loops(module, functions, records, ctx):
                break
        functions = _functions(module)
        direct = set(direct_functions(functions))
        for function in functions:
            if function in direct:
                function.attributes["direct"] = UnitAttr()


def _functions(module: Operation) -> list[Operation]:
    return [op for op in body_of(module).ops if op.name == "func.func" and op.regions[0].first is not None]


# ---- loops


def _split_loops(
    module: Operation, functions: Sequence[Operation], records: Records, ctx: PassContext
) -> bool:
    """Give functions that could loop over fields a copy that does; whether any got one."""
    loops = [_Loop(module, f, calls) for f in functions if (calls := _fresh_calls(f, records))]
    if not loops:
        return False
    while loops:
        values = SplitValues(_functions(module), records)
        failed = [x for x in loops if not any(a in values.split for a in x.copy.regions[0].entry.args)]
        if not failed:
            ctx.count("loops", len(loops))
            return _split(values, ctx)
        for loop in failed:
            loop.undo()
            loops.remove(loop)
    return False


def _fresh_calls(function: Operation, records: Records) -> list[Operation]:
    """The tail calls of a function of itself that bring another record than it was given."""
    args = [a for a in function.regions[0].entry.args if a.type in records.shapes]
    if not args:
        return []
    return [
        op
        for op in function.walk()
        if op.name == "func.call"
        and op.attr("tail")
        and op.attr("callee") == function.attr("sym_name")
        and any(op.operands[a.index] is not a for a in args)
    ]


class _Loop:
    """A copy of a function, which the function's tail calls of itself go to."""

    def __init__(self, module: Operation, function: Operation, calls: Sequence[Operation]) -> None:
        self.function = function
        self.calls = calls
        symbol = function.attr("sym_name")
        self.copy = function.clone()
        self.copy.attributes.pop("exported", None)
        self.copy.set_attr("sym_name", f"{symbol}$loop")
        for op in self.copy.walk():
            if op.name == "func.call" and op.attr("tail") and op.attr("callee") == symbol:
                op.set_attr("callee", SymbolRefAttr(f"{symbol}$loop"))
        for call in calls:
            call.set_attr("callee", SymbolRefAttr(f"{symbol}$loop"))
        body_of(module).insert_after(self.copy, function)

    def undo(self) -> None:
        for call in self.calls:
            call.set_attr("callee", SymbolRefAttr(self.function.attr("sym_name")))
        self.copy.erase()


# ---- splitting


def _split(values: SplitValues, ctx: PassContext) -> bool:
    """Let all that can fall apart do so; whether there was any."""
    if not values.split:
        return False
    functions: dict[Operation, None] = {}
    for value in values.split:
        functions[function_of(value)] = None
    splitting = _Splitting(values)
    for function in functions:
        splitting.make_arguments(function)
    splitting.make_results()
    for function in functions:
        splitting.make_whole(function)
    splitting.answer()
    splitting.pass_fields()
    ctx.count("results", splitting.return_fields())
    parameters = splitting.erase_arguments()
    ctx.count("parameters", parameters)
    ctx.count("arguments", len(splitting.arguments) - parameters)
    ctx.count("cells", splitting.erase_cells())
    return True


class _Splitting:
    def __init__(self, values: SplitValues) -> None:
        self.values = values
        self.arguments: dict[BlockArgument, list[BlockArgument]] = {}
        self.results: dict[Value, tuple[OpResult, ...]] = {}
        self.called: dict[Operation, list[OpResult]] = {}
        self.order: dict[Operation, int] = {}

    def fields(self, value: Value) -> Sequence[Value]:
        """What a value that falls apart holds."""
        if isinstance(value, BlockArgument):
            return self.arguments[value]
        if value in self.results:
            return self.results[value]
        op = value.owner
        assert isinstance(op, Operation)
        return op.operands

    def make_results(self) -> None:
        """Let calls yield fields. Where the record is wanted all the same, it is made at once."""
        for returned in self._returned():
            shape = self.values.shape(returned)
            for call in self.values.calls.get(returned.function.attr("sym_name"), ()):
                old = call.results[returned.index]
                self.results[old] = new = call.split_result(returned.index, shape.types)
                if old in self.values.split:
                    self.called.setdefault(call, []).append(old)
                else:
                    attrs = {"tag": shape.tag, "scan": shape.scan}
                    cell = Builder.after(call).create("rt.cell", new, [old.type], attrs)
                    old.replace_by(cell.result)

    def _returned(self) -> list[Returned]:
        """The results of functions that fall apart, the last of a function first."""
        found = [v for v in self.values.split if isinstance(v, Returned)]
        return sorted(found, key=lambda r: -r.index)

    def return_fields(self) -> int:
        """Let functions return fields; how many records they returned."""
        all_returned = self._returned()
        for returned in all_returned:
            shape, function, index = self.values.shape(returned), returned.function, returned.index
            for op in self.values.returns.get(function, ()):
                fields = self._fields_at(op.operands[index], op)
                op.set_operands((*op.operands[:index], *fields, *op.operands[index + 1 :]))
            t = function.attr("function_type")
            results = (*t.results[:index], *shape.types, *t.results[index + 1 :])
            function.set_attr("function_type", TypeAttr(FunctionType(t.inputs, results)))
        return len(all_returned)

    def make_arguments(self, function: Operation) -> None:
        for block in function.regions[0].blocks:
            for argument in list(block.args):
                if argument in self.values.split:
                    types = self.values.shape(argument).types
                    self.arguments[argument] = [block.add_arg(t) for t in types]

    def make_whole(self, function: Operation) -> None:
        """Make cells where they are needed. What a cell holds is whole before it is."""
        self.order = {op: i for i, op in enumerate(function.walk())}
        for block in reverse_postorder(function.regions[0]):
            for argument in list(block.args):
                if argument in self.arguments:
                    self._make_whole(argument)
            for op in block.ops:
                if op.name == "rt.cell" and op.result in self.values.split:
                    self._make_whole(op.result)
                for result in self.called.get(op, ()):
                    self._make_whole(result)

    def _make_whole(self, value: Value) -> None:
        shape = self.values.shape(value)
        places: dict[object, list[tuple[Operation, int]]] = {}
        for use in self.values.escapes(value):
            places.setdefault(use.op.parent, []).append((use.op, use.position))
        for uses in places.values():
            users = {op for op, _ in uses}
            first = min(users, key=self.order.__getitem__)
            attrs = {"tag": shape.tag, "scan": shape.scan}
            cell = Builder.before(first).create("rt.cell", self.fields(value), [value.type], attrs)
            for op, position in uses:
                op.set_operand(position, cell.result)

    def answer(self) -> None:
        """Replace what reads a field by the field."""
        for value in self.values.split:
            if isinstance(value, Value):
                self._answer(value)

    def _answer(self, value: Value) -> None:
        for use in self.values.uses[value]:
            op = use.op
            if op.name == "rt.slot":
                op.result.replace_by(self.fields(value)[op.attr("index")])
                op.erase()
            elif op.name == "rt.is_null":
                false = Builder.before(op).create("arith.constant", [], [i1], {"value": False})
                op.result.replace_by(false.result)
                op.erase()

    def pass_fields(self) -> None:
        """Pass fields to blocks and functions that take them."""
        blocks = dict.fromkeys(a.block for a in self.arguments)
        for block in blocks:
            stale = [a for a in block.args if a in self.arguments]
            for op, number in block.uses:
                new = self._rest(op.successor_args(number), stale, op)
                op.set_successor_args(number, new)
            function = block.parent_op()
            assert function is not None
            if block is function.regions[0].entry:
                for call in self.values.calls.get(function.attr("sym_name"), ()):
                    call.set_operands(self._rest(call.operands, stale, call))

    def _rest(self, given: Sequence[Value], stale: Sequence[BlockArgument], op: Operation) -> list[Value]:
        """The operands that stay, and behind them the fields of the others."""
        dropped = {a.index for a in stale}
        new = [v for i, v in enumerate(given) if i not in dropped]
        for argument in stale:
            new += self._fields_at(given[argument.index], op)
        return new

    def _fields_at(self, value: Value, op: Operation) -> Iterator[Value]:
        if value in self.values.split:
            yield from self.fields(value)
            return
        shape = self.values.shape(value)
        b = Builder.before(op)
        for index, t in enumerate(shape.types):
            place = {"index": index, "words": len(shape.types), "scan": shape.scan}
            yield b.create("rt.slot", [value], [t], place).result

    def erase_arguments(self) -> int:
        """Take away the arguments that fell apart; how many of them were parameters."""
        parameters = 0
        for block in dict.fromkeys(a.block for a in self.arguments):
            stale = [a for a in block.args if a in self.arguments]
            for argument in reversed(stale):
                block.erase_arg(argument.index)
            function = block.parent_op()
            assert function is not None
            if block is function.regions[0].entry:
                results = function.attr("function_type").results
                inputs = [a.type for a in block.args]
                function.set_attr("function_type", TypeAttr(FunctionType(inputs, results)))
                parameters += len(stale)
        return parameters

    def erase_cells(self) -> int:
        """Take away the cells, those first that hold others; how many there were."""
        cells = [v for v in self.values.split if isinstance(v, OpResult) and v.op.name == "rt.cell"]
        waiting = cells
        while waiting:
            held = [v for v in waiting if v.has_uses()]
            assert len(held) < len(waiting), "a cell that fell apart is still used"
            for value in waiting:
                if not value.has_uses():
                    value.op.erase()
            waiting = held
        return len(cells)
