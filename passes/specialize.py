"""specialize: one copy of a generic function for each instantiation; functions that nobody reaches dropped.

Generic functions carry `tparams`, and their types hold `!osp.var`. Starting from the entry and the exported
functions, every reference with `targs` is turned into one to a copy in which the variables are replaced.

Before:

    "func.func"() ({
    ^bb0(%x: !osp.var<"T">):
      "func.return"(%x) : (!osp.var<"T">) -> ()
    }) {function_type = (!osp.var<"T">) -> !osp.var<"T">, sym_name = "id", tparams = ["T"]} : () -> ()
    "func.func"() ({
      "func.return"() : () -> ()
    }) {function_type = () -> (), sym_name = "unused"} : () -> ()
    "func.func"() ({
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "osp.call"(%0) {callee = @id, targs = [i64]} : (i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64):
      "func.return"(%arg0) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "id<i64>"} : () -> ()
    "func.func"() ({
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "osp.call"(%0) {callee = @"id<i64>"} : (i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ospjit.ir import (
    ArrayAttr,
    Attribute,
    DialectType,
    FunctionType,
    Operation,
    Pass,
    PassContext,
    SymbolRefAttr,
    SymbolTable,
    Type,
    TypeAttr,
    body_of,
)

#: How deep instantiations may nest in one type before the program is said to be infinitely polymorphic.
MAX_TYPE_LENGTH = 4000


@dataclass(frozen=True)
class Specialize(Pass):
    """Copies generic functions for their instantiations and drops unreachable functions."""

    name = "specialize"
    summary = "one copy of a generic function per instantiation; dead ones dropped"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith")
    required = True
    statistics = {
        "instantiated": "copies of generic functions",
        "dropped": "functions that nobody reaches, generic ones included",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        _Specializer(module, ctx).run()


def substitute(t: Type, mapping: Mapping[str, Type]) -> Type:
    """`t` with its variables replaced by name."""
    if isinstance(t, DialectType):
        if t.name == "osp.var":
            return mapping.get(str(t.params[0]), t)
        if any(isinstance(p, Type) for p in t.params):
            return DialectType(
                t.name, tuple(substitute(p, mapping) if isinstance(p, Type) else p for p in t.params)
            )
        return t
    if isinstance(t, FunctionType):
        return FunctionType(
            [substitute(i, mapping) for i in t.inputs], [substitute(r, mapping) for r in t.results]
        )
    return t


def _substitute_attribute(attr: Attribute, mapping: Mapping[str, Type]) -> Attribute:
    if isinstance(attr, TypeAttr):
        return TypeAttr(substitute(attr.type, mapping))
    if isinstance(attr, ArrayAttr):
        return ArrayAttr([_substitute_attribute(item, mapping) for item in attr.items])
    return attr


class _Specializer:
    def __init__(self, module: Operation, ctx: PassContext) -> None:
        self.module = module
        self.ctx = ctx
        self.symbols = SymbolTable(module)
        self.made: dict[tuple[str, tuple[Type, ...]], str] = {}
        self.reached: set[str] = set()
        self.work: list[Operation] = []

    def run(self) -> None:
        functions = [op for op in body_of(self.module).ops if op.name == "func.func"]
        for op in functions:
            if op.attr("tparams") is None and (op.attr("exported") or op.attr("sym_name") == "osp.entry"):
                self._reach(op)
        if not self.reached:  # a module without an entry: every function that can stand alone does
            for op in functions:
                if op.attr("tparams") is None:
                    self._reach(op)
        while self.work:
            self._references(self.work.pop())
        for op in functions:
            if op.attr("sym_name") not in self.reached:
                self.symbols.erase(op)
                self.ctx.count("dropped")

    def _reach(self, op: Operation) -> None:
        name = op.attr("sym_name")
        if name not in self.reached:
            self.reached.add(name)
            self.work.append(op)

    def _references(self, function: Operation) -> None:
        for op in function.walk():
            callee = op.attributes.get("callee")
            if not isinstance(callee, SymbolRefAttr) or op.name not in ("osp.call", "osp.func_ref"):
                continue
            target = self.symbols.lookup(callee.name)
            if target is None:
                continue
            targs = op.attr("targs")
            if targs is None:
                self._reach(target)
                continue
            op.attributes["callee"] = SymbolRefAttr(self._instance(target, targs))
            del op.attributes["targs"]

    def _instance(self, generic: Operation, targs: tuple[Type, ...]) -> str:
        """The symbol of the copy of `generic` for these arguments."""
        name = generic.attr("sym_name")
        key = (name, targs)
        if key in self.made:
            return self.made[key]
        tparams = generic.attr("tparams") or ()
        if not tparams:
            self._reach(generic)
            self.made[key] = name
            return str(name)
        mapping = dict(zip(tparams, targs, strict=True))
        symbol = self.symbols.unique(f"{name}<{', '.join(map(str, targs))}>")
        if len(symbol) > MAX_TYPE_LENGTH:
            raise RecursionError(f"function '{generic.attr('title')}' needs infinitely many instantiations")
        copy = generic.clone({})
        copy.set_attr("sym_name", symbol)
        del copy.attributes["tparams"]
        _substitute_in(copy, mapping)
        self.symbols.insert(copy, before=generic)
        self.made[key] = symbol
        self.ctx.count("instantiated")
        self._reach(copy)
        return symbol


def _substitute_in(function: Operation, mapping: Mapping[str, Type]) -> None:
    for op in function.walk():
        for result in op.results:
            result.type = substitute(result.type, mapping)
        for key, attr in op.attributes.items():
            if isinstance(attr, TypeAttr | ArrayAttr):
                op.attributes[key] = _substitute_attribute(attr, mapping)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    argument.type = substitute(argument.type, mapping)
