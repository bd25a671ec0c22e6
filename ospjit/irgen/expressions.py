"""Expressions and statements of one function as operations.

Control flow stays structured (`scf.if`, `osp.match`). Variables declared with `mut` have no storage: a branch
that assigns one yields its new value as an additional result. Left spines (`a + b + c …`, pipes, chains of
calls and fields) are walked with a loop, so their length is not limited by the Python stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ospjit.diagnostics import Span
from ospjit.dialects.osp import STRING, UNIT
from ospjit.ir import Block, Builder, FloatAttr, Location, Region, SymbolRefAttr, Type, Value, f64, i1, i64
from ospjit.irgen.patterns import encode
from ospjit.irgen.types import ir_type
from ospjit.types import core
from ospjit.types import types as ty

#: What the runtime has room for.
MAX_SELECT_ARMS = 64

#: A finished branch: its region (without terminator), its value, and the `mut`s as it leaves them.
Branch = tuple[Region, Value, dict[core.Local, Value]]


class NotSupportedYet(Exception):
    """An expression that has no operations yet."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class FunctionBuilder:
    """Emits the body of one function. `lift` makes a function of a lambda and returns its symbol;
    `builtin` makes one of a built-in that is used as a value."""

    def __init__(
        self,
        block: Block,
        tparams: tuple[str, ...],
        lift: Callable[[core.Lambda, tuple[str, ...]], str],
        builtin: Callable[[core.BuiltinRef], str],
        locations: Callable[[Span], Location],
    ) -> None:
        self.b = Builder.at_end(block)
        self.tparams = tparams
        self.lift = lift
        self.builtin = builtin
        self.locations = locations
        self.values: dict[core.Local, Value] = {}
        self.muts: dict[core.Local, Value] = {}

    # ---- variables

    def bind(self, local: core.Local, value: Value) -> None:
        """Make `value` what `local` stands for."""
        (self.muts if local.mutable else self.values)[local] = value

    def read(self, local: core.Local) -> Value:
        """The current value of a local."""
        return self.muts[local] if local in self.muts else self.values[local]

    # ---- spines

    def value(self, expr: core.Expr) -> Value:
        """Emit an expression; its value."""
        spine: list[core.Expr] = []
        while (first := _first(expr)) is not None:
            spine.append(expr)
            expr = first
        result = self._emit(expr, None)
        while spine:
            result = self._emit(spine.pop(), result)
        return result

    def _emit(self, expr: core.Expr, first: Value | None) -> Value:
        self.b.loc = self.locations(expr.span)
        emit = _EMIT.get(type(expr))
        if emit is None:
            raise NotSupportedYet(f"'{type(expr).__name__.lower()}' is not supported yet", expr.span)
        return emit(self, expr, first)

    def _rest(self, first: Value | None, exprs: Sequence[core.Expr]) -> list[Value]:
        """The values of operands of which the first may have been emitted already."""
        if first is None:
            return [self.value(e) for e in exprs]
        return [first, *(self.value(e) for e in exprs[1:])]

    def create(
        self,
        name: str,
        operands: Sequence[Value],
        result: ty.Type | Type,
        attrs: dict[str, object] | None = None,
        span: Span | None = None,
    ) -> Value:
        """An operation with one result."""
        result = ir_type(result) if isinstance(result, ty.Type) else result
        loc = self.locations(span) if span is not None else None
        return self.b.create(name, operands, [result], attrs, loc=loc).result

    # ---- leaves

    def _literal(self, expr: core.Lit, _: Value | None) -> Value:
        value = expr.value
        if value is None:
            return self.create("osp.unit", [], UNIT)
        if isinstance(value, bool):
            return self.create("arith.constant", [], i1, {"value": value})
        if isinstance(value, str):
            return self.create("osp.string", [], STRING, {"value": value})
        if ir_type(expr.type) is f64:
            return self.create("arith.constant", [], f64, {"value": FloatAttr(float(value))})
        return self.create("arith.constant", [], i64, {"value": value})

    def _variable(self, expr: core.Var, _: Value | None) -> Value:
        return self.read(expr.local)

    def _global(self, expr: core.GlobalVar, _: Value | None) -> Value:
        return self.create("osp.global_get", [], expr.type, {"global": SymbolRefAttr(expr.name)})

    # ---- functions

    def _function_reference(self, expr: core.FuncRef, first: Value | None) -> Value:
        captures = self._rest(first, expr.captures)
        return self.create("osp.func_ref", captures, expr.type, _callee(expr.symbol, expr.targs), expr.span)

    def _builtin_reference(self, expr: core.BuiltinRef, _: Value | None) -> Value:
        return self.create("osp.func_ref", [], expr.type, _callee(self.builtin(expr), expr.targs))

    def _call_function(self, expr: core.CallFn, first: Value | None) -> Value:
        operands = self._rest(first, expr.captures + expr.args)
        return self.create("osp.call", operands, expr.type, _callee(expr.symbol, expr.targs), expr.span)

    def _call_builtin(self, expr: core.CallBuiltin, first: Value | None) -> Value:
        operands = self._rest(first, expr.args)
        attrs: dict[str, object] = {"name": expr.name, "overload": expr.overload}
        if expr.targs:
            attrs["targs"] = tuple(map(ir_type, expr.targs))
        return self.create("osp.builtin", operands, expr.type, attrs, expr.span)

    def _call_extern(self, expr: core.CallExtern, first: Value | None) -> Value:
        operands = self._rest(first, expr.args)
        return self.create(
            "osp.call_extern", operands, expr.type, {"callee": SymbolRefAttr(expr.symbol)}, expr.span
        )

    def _call(self, expr: core.Call, first: Value | None) -> Value:
        operands = self._rest(first, (expr.callee, *expr.args))
        return self.create("osp.call_closure", operands, expr.type, None, expr.span)

    def _lambda(self, expr: core.Lambda, _: Value | None) -> Value:
        captures = [self.read(local) for local in expr.captures]
        symbol = self.lift(expr, self.tparams)
        targs = tuple(ty.param(name) for name in self.tparams)
        return self.create("osp.func_ref", captures, expr.type, _callee(symbol, targs), expr.span)

    def _spawn(self, expr: core.Spawn, _: Value | None) -> Value:
        return self.create("osp.spawn", [self.value(expr.body)], expr.type, None, expr.span)

    # ---- data

    def _operator(self, expr: core.Prim, first: Value | None) -> Value:
        operands = self._rest(first, expr.args)
        if expr.op == "not":
            self.b.loc = self.locations(expr.span)
            true = self.create("arith.constant", [], i1, {"value": True})
            return self.create("arith.xori", [operands[0], true], i1)
        return self.create(f"osp.{expr.op}", operands, expr.type, None, expr.span)

    def _construct(self, expr: core.Construct, _: Value | None) -> Value:
        values: dict[int, Value] = {}
        for index in expr.order:
            values[index] = self.value(expr.args[index])
        operands = [values[index] for index in range(len(expr.args))]
        if isinstance(expr.type, ty.Con) and expr.type.name == "Result":
            name = "osp.success" if expr.variant == "Success" else "osp.error"
            return self.create(name, operands, expr.type, None, expr.span)
        return self.create("osp.construct", operands, expr.type, {"variant": expr.variant}, expr.span)

    def _field(self, expr: core.GetField, first: Value | None) -> Value:
        return self.create(
            "osp.get_field", self._rest(first, (expr.obj,)), expr.type, {"field": expr.name}, expr.span
        )

    def _update(self, expr: core.Update, first: Value | None) -> Value:
        operands = self._rest(first, (expr.obj, *(value for _, value in expr.fields)))
        names = tuple(name for name, _ in expr.fields)
        return self.create("osp.update", operands, expr.type, {"fields": names}, expr.span)

    def _list(self, expr: core.ListLit, _: Value | None) -> Value:
        return self.create("osp.list", [self.value(e) for e in expr.items], expr.type, None, expr.span)

    def _map(self, expr: core.MapLit, _: Value | None) -> Value:
        operands = [self.value(e) for entry in expr.entries for e in entry]
        return self.create("osp.map", operands, expr.type, None, expr.span)

    def _index(self, expr: core.Index, first: Value | None) -> Value:
        return self.create("osp.index", self._rest(first, (expr.obj, expr.index)), expr.type, None, expr.span)

    def _interpolate(self, expr: core.Interpolate, _: Value | None) -> Value:
        parts: list[Value] = []
        for part in expr.parts:
            if isinstance(part, str):
                parts.append(self.create("osp.string", [], STRING, {"value": part}))
                continue
            value = self.value(part)
            if value.type is not STRING:
                value = self.create("osp.to_string", [value], STRING, None, part.span)
            parts.append(value)
        return self.create("osp.concat", parts, STRING, None, expr.span)

    def _erase(self, expr: core.Erase, first: Value | None) -> Value:
        return self.create("osp.erase", self._rest(first, (expr.value,)), expr.type, None, expr.span)

    def _coerce(self, expr: core.Coerce, first: Value | None) -> Value:
        (value,) = self._rest(first, (expr.value,))
        target = ir_type(expr.type)
        return value if value.type is target else self.create("osp.coerce", [value], target, None, expr.span)

    # ---- control flow

    def _branch(self, body: core.Expr, binders: Sequence[core.Local] = ()) -> Branch:
        """Emit `body` into a region of its own whose arguments are `binders`."""
        block = Block([ir_type(local.type) for local in binders])
        region = Region([block])
        outer, muts = self.b, self.muts
        self.b, self.muts = Builder.at_end(block, outer.loc), dict(muts)
        for local, argument in zip(binders, block.args, strict=True):
            self.bind(local, argument)
        value = self.value(body)
        after = self.muts
        self.b, self.muts = outer, muts
        return region, value, after

    def _join(self, branches: Sequence[Branch], terminator: str) -> tuple[list[Type], list[core.Local]]:
        """Terminate branches with their values and every `mut` that any of them assigned."""
        assigned = [
            local
            for local, before in self.muts.items()
            if any(after[local] is not before for _, _, after in branches)
        ]
        for region, value, after in branches:
            block = region.blocks[-1]
            Builder.at_end(block, self.b.loc).create(
                terminator, [value, *(after[local] for local in assigned)]
            )
        return [branches[0][1].type, *(self.muts[local].type for local in assigned)], assigned

    def _finish(self, results: Sequence[Value], assigned: Sequence[core.Local]) -> Value:
        for local, value in zip(assigned, results[1:], strict=True):
            self.muts[local] = value
        return results[0]

    def _if(self, expr: core.If, first: Value | None) -> Value:
        (cond,) = self._rest(first, (expr.cond,))
        branches = [self._branch(expr.then), self._branch(expr.orelse)]
        self.b.loc = self.locations(expr.span)
        types, assigned = self._join(branches, "scf.yield")
        op = self.b.create("scf.if", [cond], types, None, [region for region, _, _ in branches])
        return self._finish(op.results, assigned)

    def _default(self, expr: core.Default, first: Value | None) -> Value:
        (result,) = self._rest(first, (expr.result,))
        payload = core.Local("value", expr.type, expr.result.span)
        branches = [
            self._branch(core.Var(expr.type, expr.result.span, payload), [payload]),
            self._branch(expr.fallback),
        ]
        patterns = (("con", "Success", ("bind",)), ("con", "Error", ("wild",)))
        return self._match_op(expr, result, branches, patterns, {})

    def _match(self, expr: core.Match, first: Value | None) -> Value:
        (scrutinee,) = self._rest(first, (expr.scrutinee,))
        patterns: list[tuple[object, ...]] = []
        bodies: list[Branch] = []
        guards: dict[int, Region] = {}
        for index, arm in enumerate(expr.arms):
            pattern, binders = encode(arm.pattern)
            patterns.append(pattern)
            if arm.guard is not None:
                region, value, _ = self._branch(arm.guard, binders)
                Builder.at_end(region.blocks[-1], self.b.loc).create("osp.yield", [value])
                guards[index] = region
            # The locals are bound anew: a guard has a block of its own.
            bodies.append(self._branch(arm.body, binders))
        return self._match_op(expr, scrutinee, bodies, tuple(patterns), guards)

    def _match_op(
        self,
        expr: core.Expr,
        scrutinee: Value,
        bodies: Sequence[Branch],
        patterns: tuple[tuple[object, ...], ...],
        guards: dict[int, Region],
    ) -> Value:
        self.b.loc = self.locations(expr.span)
        types, assigned = self._join(bodies, "osp.yield")
        attrs: dict[str, object] = {
            "patterns": patterns,
            "guards": tuple(index in guards for index in range(len(bodies))),
        }
        regions = [region for region, _, _ in bodies] + [guards[index] for index in sorted(guards)]
        op = self.b.create("osp.match", [scrutinee], types, attrs, regions)
        return self._finish(op.results, assigned)

    def _select(self, expr: core.Select, _: Value | None) -> Value:
        if len(expr.arms) > MAX_SELECT_ARMS:
            raise NotSupportedYet(f"a select may have at most {MAX_SELECT_ARMS} arms", expr.span)
        operands = [[self.value(e) for e in arm.operands] for arm in expr.arms]
        branches = [self._branch(arm.body, [arm.bind] if arm.bind is not None else []) for arm in expr.arms]
        self.b.loc = self.locations(expr.span)
        types, assigned = self._join(branches, "osp.yield")
        attrs = {
            "kinds": tuple(arm.kind for arm in expr.arms),
            "binds": tuple(a.bind is not None for a in expr.arms),
        }
        flat = [value for values in operands for value in values]
        op = self.b.create("osp.select", flat, types, attrs, [region for region, _, _ in branches])
        return self._finish(op.results, assigned)

    def _block(self, expr: core.Block, _: Value | None) -> Value:
        for stmt in expr.stmts:
            self.statement(stmt)
        if expr.result is not None:
            return self.value(expr.result)
        self.b.loc = self.locations(expr.span)
        return self.create("osp.unit", [], UNIT)

    def statement(self, stmt: core.Stmt) -> None:
        """Emit a statement."""
        if isinstance(stmt, core.Let | core.Assign):
            self.bind(stmt.local, self.value(stmt.value))
        elif isinstance(stmt, core.SetGlobal):
            value = self.value(stmt.value)
            attrs = {"global": SymbolRefAttr(stmt.name)}
            self.b.create("osp.global_set", [value], [], attrs, loc=self.locations(stmt.span))
        elif isinstance(stmt, core.Do):
            self.value(stmt.expr)
        else:
            raise TypeError(f"no operation for statement {type(stmt).__name__}")


def _callee(symbol: str, targs: Sequence[ty.Type]) -> dict[str, object]:
    attrs: dict[str, object] = {"callee": SymbolRefAttr(symbol)}
    if targs:
        attrs["targs"] = tuple(map(ir_type, targs))
    return attrs


def _first(expr: core.Expr) -> core.Expr | None:
    """The operand that an expression evaluates first and always, if the walk may start there."""
    kind = type(expr)
    if kind is core.Prim or kind is core.CallBuiltin or kind is core.CallExtern:
        return expr.args[0] if expr.args else None  # type: ignore[attr-defined]
    if kind is core.CallFn:
        if expr.captures:  # type: ignore[attr-defined]
            return expr.captures[0]  # type: ignore[attr-defined]
        return expr.args[0] if expr.args else None  # type: ignore[attr-defined]
    if kind is core.FuncRef:
        return expr.captures[0] if expr.captures else None  # type: ignore[attr-defined]
    attribute = _FIRST.get(kind)
    return getattr(expr, attribute) if attribute else None


_FIRST = {
    core.Call: "callee",
    core.GetField: "obj",
    core.Update: "obj",
    core.Index: "obj",
    core.Erase: "value",
    core.Coerce: "value",
    core.If: "cond",
    core.Default: "result",
    core.Match: "scrutinee",
}

_EMIT: dict[type, Callable[..., Value]] = {
    core.Lit: FunctionBuilder._literal,
    core.Var: FunctionBuilder._variable,
    core.GlobalVar: FunctionBuilder._global,
    core.FuncRef: FunctionBuilder._function_reference,
    core.BuiltinRef: FunctionBuilder._builtin_reference,
    core.CallFn: FunctionBuilder._call_function,
    core.CallBuiltin: FunctionBuilder._call_builtin,
    core.CallExtern: FunctionBuilder._call_extern,
    core.Call: FunctionBuilder._call,
    core.Lambda: FunctionBuilder._lambda,
    core.Spawn: FunctionBuilder._spawn,
    core.Prim: FunctionBuilder._operator,
    core.Construct: FunctionBuilder._construct,
    core.GetField: FunctionBuilder._field,
    core.Update: FunctionBuilder._update,
    core.ListLit: FunctionBuilder._list,
    core.MapLit: FunctionBuilder._map,
    core.Index: FunctionBuilder._index,
    core.Interpolate: FunctionBuilder._interpolate,
    core.Erase: FunctionBuilder._erase,
    core.Coerce: FunctionBuilder._coerce,
    core.If: FunctionBuilder._if,
    core.Default: FunctionBuilder._default,
    core.Match: FunctionBuilder._match,
    core.Block: FunctionBuilder._block,
    core.Select: FunctionBuilder._select,
}
