"""lower-enums: a union whose variants have no fields is the number of its variant.

Every type that names such a union, however deep, becomes `i64` in its place, so that no later pass has to
ask.

Before:

    "osp.data"() {fields = [[], []], params = [], positional = [false, false], record = false,
      sym_name = "Color", title = "Color", types = [[], []], variants = ["Red", "Green"]} : () -> ()
    "func.func"() ({
    ^bb0(%c: !osp.data<"Color">):
      %t = "osp.variant_tag"(%c) : (!osp.data<"Color">) -> i64
      %g = "osp.construct"() {variant = "Green"} : () -> !osp.data<"Color">
      "func.return"(%t, %g) : (i64, !osp.data<"Color">) -> ()
    }) {function_type = (!osp.data<"Color">) -> (i64, !osp.data<"Color">), sym_name = "f"} : () -> ()

After:

    "osp.data"() {fields = [[], []], params = [], positional = [false, false], record = false,
      sym_name = "Color", title = "Color", types = [[], []], variants = ["Red", "Green"]} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "arith.constant"() {value = 1 : i64} : () -> i64
      "func.return"(%arg0, %0) : (i64, i64) -> ()
    }) {function_type = (i64) -> (i64, i64), sym_name = "f"} : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.ir import (
    ArrayAttr,
    Attribute,
    Builder,
    DialectType,
    FunctionType,
    Operation,
    Pass,
    PassContext,
    SymbolTable,
    Type,
    TypeAttr,
    i64,
)
from ospjit.passes.data_types import DataTypes


@dataclass(frozen=True)
class LowerEnums(Pass):
    """Replaces unions without fields by numbers, in values and in types."""

    name = "lower-enums"
    summary = "unions without fields become numbers"
    takes = ("osp", "func", "cf", "arith", "rt")
    leaves = ("osp", "func", "cf", "arith", "rt")
    required = True
    statistics = {
        "replaced": "operations that concern unions without fields",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        lowering = _Enums(DataTypes(SymbolTable(module)))
        # Which operations are meant can only be told before any value changes its type.
        concerned = [op for op in module.walk() if op.name in _HANDLED and lowering.concerns(op)]
        for op in concerned:
            lowering.replace(op)
            ctx.count("replaced")
        for op in module.walk():
            lowering.retype(op)


_HANDLED = frozenset(("osp.construct", "osp.variant_tag", "osp.from_tag"))


class _Enums:
    def __init__(self, datas: DataTypes) -> None:
        self.datas = datas
        self.types: dict[Type, Type] = {}

    def concerns(self, op: Operation) -> bool:
        """Whether an operation makes or takes apart a value of such a union."""
        t = op.operands[0].type if op.name == "osp.variant_tag" else op.result.type
        return self.datas.is_enumeration(t)

    def replace(self, op: Operation) -> None:
        """A variant is its number already."""
        if op.name == "osp.construct":
            number = self.datas.variants(op.result.type).index(op.attr("variant"))
            value = Builder.before(op).create("arith.constant", [], [i64], {"value": number}).result
        else:
            value = op.operands[0]  # type: ignore[assignment]
        op.result.replace_by(value)
        op.erase()

    def type(self, t: Type) -> Type:
        """A type with the unions in it replaced."""
        if t not in self.types:
            self.types[t] = self._type(t)
        return self.types[t]

    def _type(self, t: Type) -> Type:
        if self.datas.is_enumeration(t):
            return i64
        if isinstance(t, DialectType):
            params = tuple(self.type(p) if isinstance(p, Type) else p for p in t.params)
            return DialectType(t.name, params) if params != t.params else t
        if isinstance(t, FunctionType):
            return FunctionType(map(self.type, t.inputs), map(self.type, t.results))
        return t

    def retype(self, op: Operation) -> None:
        """Replace the types of an operation's results, block arguments and attributes."""
        for result in op.results:
            result.type = self.type(result.type)
        for key, attr in op.attributes.items():
            if isinstance(attr, TypeAttr | ArrayAttr):
                op.attributes[key] = self._attribute(attr)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    argument.type = self.type(argument.type)

    def _attribute(self, attr: Attribute) -> Attribute:
        if isinstance(attr, TypeAttr):
            return TypeAttr(self.type(attr.type))
        if isinstance(attr, ArrayAttr):
            return ArrayAttr([self._attribute(item) for item in attr.items])
        return attr
