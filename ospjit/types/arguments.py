"""Arguments: which parameter each is for, and the order in which they are evaluated.

An argument is a syntax tree or, where its value had to be elaborated first (the left side of a pipe, the
object of a method call), a core expression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ospjit.diagnostics import Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.patterns import Patterns
from ospjit.types.session import Argument
from ospjit.types.types import Type


class Arguments(Patterns):
    """Positional and named arguments of every kind of call."""

    def bind_arguments(
        self,
        what: str,
        params: Sequence[str],
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
    ) -> list[int] | None:
        """For each argument, in the order written, the parameter it is for; None if that was reported.
        A name of None stands for an argument that came first by a pipe or method call."""
        if names is None:
            if len(args) != len(params):
                self.error("OSP3002", f"{what} expects {counted(len(params))}, got {len(args)}", span)
                return None
            return list(range(len(params)))
        valid = f"(valid: {', '.join(params)})"
        order: list[int] = []
        ok = True
        for position, ident in enumerate(names):
            if ident is None:
                order.append(position)
            elif ident.name not in params:
                near = self.suggestion(ident.name, params)
                self.error("OSP3003", f"unknown argument name '{ident.name}' {valid}", ident.span, near)
                ok = False
            elif params.index(ident.name) in order:
                self.error("OSP3004", f"argument '{ident.name}' is given twice {valid}", ident.span)
                ok = False
            else:
                order.append(params.index(ident.name))
        missing = [p for i, p in enumerate(params) if i not in order]
        if ok and missing:
            listed = ", ".join(f"'{m}'" for m in missing)
            self.error("OSP3004", f"{what} is missing the argument{plural(missing)} {listed} {valid}", span)
            return None
        return order if ok else None

    def recover(self, args: Sequence[Argument], span: Span) -> core.Expr:
        """Look for further errors in the arguments of a call that was reported."""
        for a in args:
            self.infer(a)
        return self.bad(span)

    def in_order(
        self,
        order: list[int],
        values: list[core.Expr],
        t: Type,
        span: Span,
        make: Callable[[tuple[core.Expr, ...]], core.Expr],
    ) -> core.Expr:
        """Call `make` with the arguments by position, keeping the order of evaluation of the source."""
        if order == sorted(order) or sum(not _atomic(v) for v in values) <= 1:
            return make(tuple(v for _, v in sorted(zip(order, values, strict=True), key=lambda p: p[0])))
        stmts: list[core.Stmt] = []
        by_position: dict[int, core.Expr] = {}
        for position, value in zip(order, values, strict=True):
            local = self.local(f"a{position}", value.type, value.span)
            stmts.append(core.Let(value.span, local, value))
            by_position[position] = self.expr(core.Var(value.type, value.span, local))
        made = make(tuple(by_position[i] for i in range(len(by_position))))
        return self.expr(core.Block(made.type, span, tuple(stmts), made))


def _atomic(value: core.Expr) -> bool:
    """Whether evaluating an expression earlier or later makes no difference."""
    return isinstance(value, (core.Lit, core.Var, core.GlobalVar, core.FuncRef, core.BuiltinRef, core.Lambda))


def counted(n: int) -> str:
    return f"{n} argument{'' if n == 1 else 's'}"


def plural(items: Sequence[object]) -> str:
    return "" if len(items) == 1 else "s"
