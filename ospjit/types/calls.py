"""Calls of declared functions, of C functions and of function values; functions as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ospjit.diagnostics import Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.arguments import counted, plural
from ospjit.types.construct import Constructions
from ospjit.types.scope import ExternBinding, FnInfo
from ospjit.types.session import Argument
from ospjit.types.types import Fun, Type
from ospjit.types.unify import BAD, Var, prune, replace


class Calls(Constructions):
    """What is written `f(…)`, where `f` is no built-in and no variant."""

    def call_function(
        self,
        info: FnInfo,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        at: Span,
        targs: list[Type] | None = None,
    ) -> core.Expr:
        """A call of a declared function."""
        order = self.bind_arguments(f"function '{info.name}'", info.names, args, names, span)
        if order is None:
            for a in args:
                self.infer(a)
            return self.expr(core.Block(self._result_of(info), span, (), self.bad(span)))
        t, own = self.instantiate(info, span, targs)
        values = [self.check(a, t.params[i]) for a, i in zip(args, order, strict=True)]

        def make(by_position: tuple[core.Expr, ...]) -> core.Expr:
            call = self.expr(core.CallFn(t.result, span, info.symbol, own, (), by_position))
            self.refer(call, info)
            return call

        return self.in_order(order, values, t.result, span, make)

    def _result_of(self, info: FnInfo) -> Type:
        """What a wrong call of a function gives: its result type if that is plain, to find further errors."""
        if info.scheme is not None and not info.scheme.tparams:
            return info.scheme.type.result
        return BAD

    def instantiate(
        self, info: FnInfo, span: Span, targs: list[Type] | None = None
    ) -> tuple[Fun, tuple[Type, ...]]:
        """The type of a declared function at a use, and its own type arguments."""
        if info.scheme is None:
            assert info.mono is not None
            return info.mono, ()
        scheme = info.scheme
        if not scheme.tparams:
            if targs:
                self.error("OSP3015", f"function '{info.name}' takes no type arguments", span)
            return scheme.type, ()
        mapping: dict[str, Type] = {name: self.unifier.fresh() for name in scheme.tparams}
        if targs is not None:
            declared = list(info.rigid.values())
            if len(targs) != len(declared):
                what = f"function '{info.name}' takes {len(declared)} type argument{plural(declared)}"
                message = f"{what}, got {len(targs)}"
                self.error("OSP3015", message, span)
            mapping.update(zip(declared, targs, strict=False))
        t = replace(scheme.type, mapping)
        assert isinstance(t, Fun)
        for constraint in scheme.constraints:
            self.require(constraint.rebuilt(mapping, span))
        return t, tuple(mapping[name] for name in info.own)

    def refer(self, node: core.FuncRef | core.CallFn, info: FnInfo) -> None:
        """Remember a mention of a function: captures and outer type arguments are filled in at the end."""
        self.references.append((node, info, self.frame))
        if info.parent is not None:
            self.frame.calls[info] = None

    def direct_call(self, value: core.Expr) -> Callable[[tuple[core.Expr, ...]], core.Expr] | None:
        info = self.functions.get(value.symbol) if isinstance(value, core.FuncRef) else None
        if info is None or not isinstance(value, core.FuncRef):
            return None
        t, own = prune(value.type), value.targs
        assert isinstance(t, Fun)

        def call(args: tuple[core.Expr, ...]) -> core.Expr:
            made = self.expr(core.CallFn(t.result, value.span, info.symbol, own, (), args))
            self.refer(made, info)
            return made

        return call

    def function_value(self, info: FnInfo, span: Span) -> core.Expr:
        """A declared function as a value."""
        t, own = self.instantiate(info, span)
        node = self.expr(core.FuncRef(t, span, info.symbol, own, ()))
        self.refer(node, info)
        return node

    def call_extern(
        self,
        binding: ExternBinding,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
    ) -> core.Expr:
        """A call of a C function."""
        extern = binding.extern
        params = [n for n, _ in extern.params]
        order = self.bind_arguments(f"function '{extern.symbol}'", params, args, names, span)
        if order is None:
            return self.recover(args, span)
        values = [self.check(a, binding.type.params[i]) for a, i in zip(args, order, strict=True)]

        def make(by_position: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(core.CallExtern(extern.result, span, extern.symbol, by_position))

        return self.in_order(order, values, extern.result, span, make)

    def extern_value(self, binding: ExternBinding, span: Span) -> core.Expr:
        """A C function as a value."""
        extern = binding.extern

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(core.CallExtern(extern.result, span, extern.symbol, args))

        return self.wrapper(binding.type.params, extern.result, span, make)

    def call_value(
        self, callee: core.Expr, args: Sequence[Argument], span: Span, what: str, value: str = "this value"
    ) -> core.Expr:
        """A call of a function value: `what` if it is one, else `value`."""
        t = prune(callee.type)
        if isinstance(t, Fun):
            if len(t.params) != len(args):
                self.error("OSP3002", f"{what} expects {counted(len(t.params))}, got {len(args)}", span)
                return self.recover(args, span)
            values = tuple(self.check(a, p) for a, p in zip(args, t.params, strict=True))
            return self.expr(core.Call(t.result, span, callee, values))
        if type(t) is Var:
            values = tuple(self.infer(a) for a in args)
            result = self.unifier.fresh()
            self.unify(Fun(tuple(v.type for v in values), result), t, callee.span)
            return self.expr(core.Call(result, span, callee, values))
        if t is not BAD:
            code, message = "OSP3008", f"{value} is not a function: its type is {self.show(t)}"
            if self.is_result(t):
                message += ": match it first"
            if self.show(t) == "any":
                code, message = "OSP3007", "cannot use 'any' as a function: match it first"
            self.error(code, message, callee.span)
        return self.recover(args, span)
