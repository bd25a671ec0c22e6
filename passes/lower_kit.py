"""What the pass lower-builtins builds with: runtime calls, constants, branches, matches, generated functions.

A generated function is made once and called by its symbol; everything made carries the location of the
operation that is being lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ospjit.builtins.table import RUNTIME
from ospjit.dialects.osp import STRING, UNIT
from ospjit.ir import (
    UNKNOWN,
    Block,
    Builder,
    DialectType,
    FunctionType,
    Location,
    Operation,
    PassContext,
    Region,
    SymbolRefAttr,
    SymbolTable,
    Type,
    TypeAttr,
    Value,
    i1,
    i64,
)
from ospjit.passes.data_types import DataTypes

#: More strings than this are concatenated in pieces, so that their addresses fit a fiber's stack.
CONCAT_PIECE = 128

Branch = Callable[[Builder], Value]
#: A pattern, the types that it binds, and what makes the arm's value from them.
MatchArm = tuple[tuple[object, ...], Sequence[Any], Callable[[Builder, Sequence[Value]], Value]]


class Kit:
    """A module, and what makes operations in it."""

    def __init__(self, module: Operation, ctx: PassContext) -> None:
        self.module = module
        self.ctx = ctx
        self.symbols = SymbolTable(module)
        self.datas = DataTypes(self.symbols)
        #: Where the operation stands that is being lowered: the place of what is generated for it.
        self.here: Location = UNKNOWN

    # ---- small building blocks

    def fields(self, b: Builder, record: Value) -> list[Value]:
        """The fields of a record, in the order of its declaration."""
        names = self.datas.field_names(record.type, self.datas.variants(record.type)[0])
        return [
            b.create("osp.get_field", [record], [self.datas.field_type(record.type, n)], {"field": n}).result
            for n in names
        ]

    def runtime(self, b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
        """A call of a runtime function; a fallible one gives a `Result`, one without a result Unit."""
        fn = RUNTIME[symbol]
        value = result
        if fn.fallible:
            assert isinstance(result, DialectType)
            value = result.params[0]  # type: ignore[assignment]
        types = [] if value is UNIT else [value]
        if fn.fallible:
            types.append(STRING)
        op = b.create("rt.call", args, types, {"callee": SymbolRefAttr(symbol)})
        if fn.fallible:
            return b.create("osp.result_from", op.results, [result]).result
        return op.results[0] if types else b.create("osp.unit", [], [UNIT]).result

    def string(self, b: Builder, text: str) -> Value:
        """A literal."""
        return b.create("osp.string", [], [STRING], {"value": text}).result

    def integer(self, b: Builder, value: int) -> Value:
        """A constant."""
        return b.create("arith.constant", [], [i64], {"value": value}).result

    def append(self, b: Builder, parts: list[Value]) -> Value:
        """The concatenation of strings of which the first may be one that is being built: it grows in place
        if nobody else holds it."""
        merged = self._merged(b, parts)
        if len(merged) < 2 or _literal(merged[0]) is not None:
            return self.concat(b, merged)
        return self.runtime(b, "osp_string_append", [merged[0], self.concat(b, merged[1:])], STRING)

    def concat(self, b: Builder, parts: list[Value]) -> Value:
        """The concatenation of strings, long rows in pieces."""
        merged = self._merged(b, parts)
        while len(merged) > 1:
            starts = range(0, len(merged), CONCAT_PIECE)
            merged = [self._concat_piece(b, merged[i : i + CONCAT_PIECE]) for i in starts]
        return merged[0] if merged else self.string(b, "")

    def _merged(self, b: Builder, parts: list[Value]) -> list[Value]:
        """Strings without empty literals, literals next to each other joined."""
        merged: list[Value] = []
        for literals, run in groupby(parts, lambda part: _literal(part) is not None):
            values = list(run)
            if not literals:
                merged += values
            elif text := "".join(str(_literal(value)) for value in values):
                merged.append(values[0] if len(values) == 1 else self.string(b, text))
        return merged

    def _concat_piece(self, b: Builder, parts: list[Value]) -> Value:
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            return self.runtime(b, "osp_string_concat", parts, STRING)
        callee = {"callee": SymbolRefAttr("osp_string_concat_n")}
        return b.create("rt.concat", parts, [STRING], callee).result

    def conditional(
        self, b: Builder, condition: Value, result: Type, then: Branch, otherwise: Branch
    ) -> Value:
        """`if`: each branch makes its value in a region of its own."""
        regions = []
        for branch in (then, otherwise):
            block = Block()
            inner = Builder.at_end(block, b.loc)
            inner.create("scf.yield", [branch(inner)])
            regions.append(Region([block]))
        return b.create("scf.if", [condition], [result], None, regions).result

    def boolean(self, b: Builder, value: bool) -> Value:
        """A constant."""
        return boolean(b, value)

    # ---- generated functions

    def function(
        self,
        symbol: str,
        inputs: Sequence[Type],
        result: Type,
        body: Callable[[Builder, Sequence[Value]], Value],
    ) -> str:
        """The function called `symbol`, made by `body` if it is not there yet."""
        if symbol not in self.symbols:
            block = Block(inputs)
            attrs = {
                "sym_name": symbol,
                "function_type": TypeAttr(FunctionType(inputs, [result])),
                "title": symbol,
            }
            function = Operation("func.func", [], [], attrs, [Region([block])], loc=self.here)
            self.symbols.insert(function)
            b = Builder.at_end(block, self.here)
            value = body(b, block.args)
            b.create("func.return", [value])
            self.ctx.count("generated")
        return symbol

    def call(self, b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
        """A call of a function of the module."""
        return b.create("osp.call", args, [result], {"callee": SymbolRefAttr(symbol)}).result

    def match(
        self,
        b: Builder,
        value: Value,
        result: Type,
        arms: Sequence[MatchArm],
    ) -> Value:
        """A match; each arm is its pattern, the types that it binds and what makes its value from them."""
        regions, patterns = [], []
        for arm, types, body in arms:
            block = Block(types)
            inner = Builder.at_end(block, b.loc)
            inner.create("osp.yield", [body(inner, block.args)])
            regions.append(Region([block]))
            patterns.append(arm)
        attrs: dict[str, object] = {"patterns": tuple(patterns), "guards": (False,) * len(arms)}
        return b.create("osp.match", [value], [result], attrs, regions).result


def negate(b: Builder, value: Value) -> Value:
    """Not."""
    return b.create("arith.xori", [value, boolean(b, True)], [i1]).result


def boolean(b: Builder, value: bool) -> Value:
    return b.create("arith.constant", [], [i1], {"value": value}).result


def _literal(value: Value) -> str | None:
    owner = value.owner
    return owner.attr("value") if isinstance(owner, Operation) and owner.name == "osp.string" else None
