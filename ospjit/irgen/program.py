"""A whole program as a module: declarations first, then functions, then the entry.

Lambdas become functions of the module whose leading parameters are their captures; a reference with operands
stands where the lambda stood. The entry runs the file-scope statements and then `main`, and returns the exit
status.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ospjit.diagnostics import Diagnostics, Span
from ospjit.dialects.osp import fn_of
from ospjit.ir import (
    Block,
    Builder,
    DialectType,
    FunctionType,
    Location,
    Operation,
    Region,
    SymbolRefAttr,
    Type,
    TypeAttr,
    Value,
    body_of,
    i64,
    new_module,
)
from ospjit.irgen.expressions import FunctionBuilder, NotSupportedYet
from ospjit.irgen.types import STEP, ir_type
from ospjit.types import core
from ospjit.types import types as ty

#: The symbol of the function that runs the program: `() -> i64`, the exit status.
ENTRY = "osp.entry"


def generate(program: core.Program, diagnostics: Diagnostics) -> Operation | None:
    """The module of a program, or None with diagnostics about what cannot be compiled yet."""
    try:
        return _Generator(program, diagnostics).run()
    except NotSupportedYet as error:
        diagnostics.error("OSP8001", error.message, error.span)
        return None


class _Generator:
    def __init__(self, program: core.Program, diagnostics: Diagnostics) -> None:
        self.program = program
        self.diagnostics = diagnostics
        self.module = new_module()
        self.b = Builder.at_end(body_of(self.module))
        self.builtins: dict[tuple[str, int], str] = {}
        self.lambdas = 0
        self.file = os.path.basename(program.source.name) or program.source.name
        self.location_cache: dict[int, Location] = {}
        self.pending: list[tuple[core.Lambda, str, tuple[str, ...]]] = []

    def run(self) -> Operation:
        program = self.program
        for data in program.datas.values():
            self._data(data)
        self._step()
        for variable in program.globals.values():
            attrs: dict[str, object] = {
                "sym_name": variable.name,
                "type": TypeAttr(ir_type(variable.type)),
                "title": variable.title,
                "mutable": variable.mutable,
            }
            self.b.create("osp.global", [], [], attrs, loc=self.location(variable.span))
        for extern in program.externs.values():
            function_type = FunctionType([ir_type(t) for _, t in extern.params], [ir_type(extern.result)])
            attrs = {"sym_name": extern.symbol, "function_type": TypeAttr(function_type)}
            self.b.create("osp.extern", [], [], attrs, loc=self.location(extern.span))
        for function in program.functions.values():
            self._function(function)
        self._entry()
        return self.module

    def location(self, span: Span) -> Location:
        found = self.location_cache.get(span.start)
        if found is None:
            line, column = span.source.position(span.start)
            found = self.location_cache[span.start] = Location(self.file, line, column)
        return found

    def _data(self, data: core.Data) -> None:
        attrs: dict[str, object] = {
            "sym_name": data.name,
            "title": data.title,
            "params": data.params,
            "record": data.is_record,
            "variants": tuple(v.name for v in data.variants),
            "positional": tuple(v.positional for v in data.variants),
            "fields": tuple(tuple(name for name, _ in v.fields) for v in data.variants),
            "types": tuple(tuple(ir_type(t) for _, t in v.fields) for v in data.variants),
        }
        self.b.create("osp.data", [], [], attrs, loc=self.location(data.span))

    def _step(self) -> None:
        """The union that iterators yield."""
        element = DialectType("osp.var", ("T",))
        rest = fn_of(DialectType("osp.data", (STEP, element)), ())
        attrs: dict[str, object] = {
            "sym_name": STEP,
            "title": "Step",
            "params": ("T",),
            "record": False,
            "variants": ("Done", "More"),
            "positional": (False, True),
            "fields": ((), ("value", "rest")),
            "types": ((), (element, rest)),
        }
        self.b.create("osp.data", [], [], attrs)

    # ---- functions

    def _open(
        self,
        symbol: str,
        inputs: Sequence[Type],
        result: Type,
        tparams: tuple[str, ...],
        span: Span,
        name: str,
        exported: bool = False,
    ) -> tuple[FunctionBuilder, Sequence[Value]]:
        """A new function; what builds its body, and its arguments. An exported one is callable from outside,
        unless it is generic: then only its instances exist."""
        block = Block(inputs)
        attrs: dict[str, object] = {
            "sym_name": symbol,
            "function_type": TypeAttr(FunctionType(inputs, [result])),
            "title": name,
        }
        if tparams:
            attrs["tparams"] = tparams
        elif exported:
            attrs["exported"] = True
        self.b.create("func.func", [], [], attrs, [Region([block])], loc=self.location(span))
        builder = FunctionBuilder(block, tparams, self._lift, self._builtin, self.location)
        builder.b.loc = self.location(span)
        return builder, block.args

    def _close(self, builder: FunctionBuilder, body: core.Expr) -> None:
        value = builder.value(body)
        builder.b.create("func.return", [value], loc=self.location(body.span))
        while self.pending:
            lambda_, symbol, tparams = self.pending.pop()
            self._lambda(lambda_, symbol, tparams)

    def _function(self, function: core.Function) -> None:
        inputs = [ir_type(p.type) for p in function.params]
        builder, args = self._open(
            function.symbol,
            inputs,
            ir_type(function.result),
            function.tparams,
            function.span,
            function.name,
            exported=function.exported,
        )
        for local, value in zip(function.params, args, strict=True):
            builder.bind(local, value)
        self._close(builder, function.body)

    def _lift(self, lambda_: core.Lambda, tparams: tuple[str, ...]) -> str:
        """Queue a lambda; the symbol that it will have."""
        symbol = f"lambda${self.lambdas}"
        self.lambdas += 1
        self.pending.append((lambda_, symbol, tparams))
        return symbol

    def _lambda(self, lambda_: core.Lambda, symbol: str, tparams: tuple[str, ...]) -> None:
        locals_ = [*lambda_.captures, *lambda_.params]
        inputs = [ir_type(local.type) for local in locals_]
        builder, args = self._open(
            symbol, inputs, ir_type(lambda_.body.type), tparams, lambda_.span, "lambda"
        )
        for local, value in zip(locals_, args, strict=True):
            # What a lambda captured never changes for it, not even a `mut`.
            builder.values[local] = value
        self._close(builder, lambda_.body)

    def _builtin(self, reference: core.BuiltinRef) -> str:
        """The symbol of a function that calls a built-in, made on first use."""
        key = (reference.name, reference.overload)
        if key not in self.builtins:
            self.builtins[key] = f"builtin${reference.name}${reference.overload}"
            self._wrap(reference, self.builtins[key])
        return self.builtins[key]

    def _wrap(self, reference: core.BuiltinRef, symbol: str) -> None:
        from ospjit.builtins.table import BUILTINS
        from ospjit.irgen.signatures import signature_type

        sig = BUILTINS[reference.name].sigs[reference.overload]
        tparams = tuple(name for name, _ in sig.tparams)
        inputs = [signature_type(t, tparams) for _, t in sig.params]
        result = signature_type(sig.result, tparams)
        builder, args = self._open(symbol, inputs, result, tparams, reference.span, reference.name)
        attrs: dict[str, object] = {"name": reference.name, "overload": reference.overload}
        if tparams:
            attrs["targs"] = tuple(ir_type(ty.param(name)) for name in tparams)
        value = builder.create("osp.builtin", args, result, attrs)
        builder.b.create("func.return", [value])

    def _entry(self) -> None:
        entry = self.program.entry
        builder, _ = self._open(ENTRY, [], i64, (), entry.span, "main")
        for stmt in entry.stmts:
            builder.statement(stmt)
        if entry.result is not None:
            builder.value(entry.result)
        status: Value | None = None
        if self.program.main is not None:
            result = ir_type(self.program.functions[self.program.main].result)
            status = builder.create("osp.call", [], result, {"callee": SymbolRefAttr(self.program.main)})
        if status is None or status.type is not i64:
            status = builder.create("arith.constant", [], i64, {"value": 0})
        builder.b.create("func.return", [status])
        while self.pending:
            lambda_, symbol, tparams = self.pending.pop()
            self._lambda(lambda_, symbol, tparams)
