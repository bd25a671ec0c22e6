"""Calls of built-in functions: their signatures as types, and the choice among several of them.

The arguments choose as far as their types are known; the rest is a constraint (`Overloaded`), which a generic
function may leave to its instances: then the node keeps `overload = -1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ospjit.builtins.table import BUILTINS
from ospjit.diagnostics import Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.arguments import Arguments
from ospjit.types.constraints import Constraint, Property
from ospjit.types.declare import from_signature
from ospjit.types.session import Argument
from ospjit.types.types import UNIT, Fun, Param, Type
from ospjit.types.unify import BAD, Var, prune, replace, variables


class Signature:
    """One signature of a built-in, with `Param`s."""

    __slots__ = ("bounds", "index", "names", "type")

    def __init__(
        self, index: int, names: tuple[str, ...], t: Fun, bounds: tuple[tuple[str, str | None], ...]
    ) -> None:
        self.index, self.names, self.type, self.bounds = index, names, t, bounds


@cache
def signatures(name: str) -> tuple[Signature, ...]:
    """The signatures of a built-in as types."""
    made = []
    for index, sig in enumerate(BUILTINS[name].sigs):
        t = Fun(tuple(from_signature(p) for _, p in sig.params), from_signature(sig.result))
        made.append(Signature(index, tuple(n for n, _ in sig.params), t, sig.tparams))
    return tuple(made)


class Candidate:
    """A signature with fresh variables for its type parameters."""

    __slots__ = ("mapping", "signature", "type")

    def __init__(self, signature: Signature, mapping: Mapping[str, Type]) -> None:
        self.signature = signature
        self.mapping = mapping
        made = replace(signature.type, mapping)
        assert isinstance(made, Fun)
        self.type = made

    @property
    def targs(self) -> tuple[Type, ...]:
        """The type arguments in declared order."""
        return tuple(self.mapping[name] for name, _ in self.signature.bounds)


class Overloaded(Constraint):
    """A use of a built-in whose signature is not decided yet. `node` is completed by `commit`."""

    __slots__ = ("args", "candidates", "commit", "name", "result")

    def __init__(
        self,
        name: str,
        candidates: list[Candidate],
        args: list[Type],
        result: Type,
        commit: Callable[[Candidate], None] | None,
        span: Span,
        origin: Span | None = None,
    ) -> None:
        super().__init__(span, origin)
        self.name, self.candidates, self.args, self.result, self.commit = (
            name,
            candidates,
            args,
            result,
            commit,
        )

    def types(self) -> list[Type]:
        return [*self.args, self.result]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        args = [replace(t, mapping) for t in self.args]
        result = replace(self.result, mapping)
        return _Instance(self.name, list(self.candidates), args, result, None, span, self.origin or self.span)

    def solve(self, session: Arguments) -> bool:  # type: ignore[override]
        assert isinstance(session, BuiltinCalls)
        fitting = []
        for candidate in self._fresh(session):
            settled = session.unifier.attempt(self._pairs(candidate))
            if settled is not None:
                fitting.append((candidate, settled))
        if not fitting:
            session.no_overload(self.name, self.args, self)
            session.unifier.unify(self.result, BAD)
            return True
        own: dict[Var, None] = {}
        for t in self.types():
            variables(t, own)
        first, settled = fitting[0]
        if len(fitting) > 1 and any(v in own for v in settled):
            return False
        self._take(session, first)
        return True

    def _pairs(self, candidate: Candidate) -> list[tuple[Type, Type]]:
        pairs: list[tuple[Type, Type]] = []
        for want, have in zip(candidate.type.params, self.args, strict=True):
            pairs += matching(want, have)
        pairs.append((candidate.type.result, self.result))
        return pairs

    def _fresh(self, session: BuiltinCalls) -> list[Candidate]:
        return self.candidates

    def _take(self, session: BuiltinCalls, candidate: Candidate) -> None:
        if self.commit is not None:
            self.done = True
            self.commit(candidate)
        else:
            for want, have in self._pairs(candidate):
                session.expect(want, have, self)
            session.bounds(candidate, self.span, self.origin)

    def default(self, session: Arguments) -> None:  # type: ignore[override]
        assert isinstance(session, BuiltinCalls)
        for candidate in self._fresh(session):
            if session.unifier.attempt(self._pairs(candidate)) is not None:
                self.done = True
                self._take(session, candidate)
                return


class _Instance(Overloaded):
    """The copy for an instance of a generic function: nothing to complete, only types to settle."""

    __slots__ = ()

    def _pairs(self, candidate: Candidate) -> list[tuple[Type, Type]]:
        """Inside an instance nothing can be coerced any more: the types have to be the same."""
        pairs = list(zip(candidate.type.params, self.args, strict=True))
        return [*pairs, (candidate.type.result, self.result)]

    def _fresh(self, session: BuiltinCalls) -> list[Candidate]:
        """The candidates' variables belong to the generic function: take new ones."""
        return [session.candidate(c.signature) for c in self.candidates]


def matching(want: Type, have: Type) -> list[tuple[Type, Type]]:
    """The pairs that have to unify for `have` to be accepted where `want` is wanted."""
    want, have = prune(want), prune(have)
    if isinstance(want, Fun) and isinstance(have, Fun) and prune(want.result) is UNIT:
        if len(want.params) == len(have.params):
            return list(zip(want.params, have.params, strict=True))
    return [(want, have)]


class BuiltinCalls(Arguments):
    """Built-in functions, called and as values."""

    def candidate(self, signature: Signature) -> Candidate:
        """A signature with fresh variables."""
        return Candidate(signature, {name: self.unifier.fresh() for name, _ in signature.bounds})

    def bounds(
        self,
        candidate: Candidate,
        span: Span,
        origin: Span | None = None,
        places: Mapping[str, Span] | None = None,
    ) -> None:
        """Require what a signature asks of its type parameters; `places`: where their arguments stand."""
        for name, bound in candidate.signature.bounds:
            if bound in ("printable", "comparable", "number", "order"):
                at = (places or {}).get(name, span)
                self.require(Property(bound, candidate.mapping[name], at, origin))

    def no_overload(self, name: str, args: Sequence[Type], constraint: Constraint) -> None:
        """Report that no signature of a built-in takes these arguments."""
        if any(prune(a) is BAD for a in args):
            return
        shown = ", ".join(self.show(a) for a in args)
        hints = [f"{name}{BUILTINS[name].signatures[s.index].removeprefix(' ')}" for s in signatures(name)]
        self.report("OSP3001", f"type mismatch: '{name}' does not take ({shown})", constraint, hints)

    def call_builtin(
        self,
        name: str,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        at: Span,
        targs: list[Type] | None = None,
    ) -> core.Expr:
        """A call of a built-in function; the arguments choose among several signatures."""
        self.available(name, BUILTINS[name].capability, at)
        possible = signatures(name)
        what = f"function '{name}'"
        fitting = [s for s in possible if len(s.names) == len(args)]
        if not fitting:
            if names is not None or len(possible) == 1:
                self.bind_arguments(what, possible[0].names, args, names, span)
            else:
                counts = sorted({len(s.names) for s in possible})
                listed = " or ".join(map(str, counts))
                plural = "" if counts == [1] else "s"
                self.error("OSP3002", f"{what} expects {listed} argument{plural}, got {len(args)}", span)
            return self.recover(args, span)
        order = self.bind_arguments(what, fitting[0].names, args, names, span)
        if order is None:
            return self.recover(args, span)
        candidates = [self.candidate(s) for s in fitting]
        if targs is not None:
            for c in candidates:
                for variable, targ in zip(c.targs, targs, strict=False):
                    self.unify(targ, variable, span)
        if len(candidates) == 1:
            chosen = candidates[0]
            values = [self.check(a, chosen.type.params[i]) for a, i in zip(args, order, strict=True)]
            return self._builtin_node(name, chosen, order, values, span)
        return self._overloaded(name, candidates, args, order, span)

    def _builtin_node(
        self, name: str, chosen: Candidate, order: list[int], values: list[core.Expr], span: Span
    ) -> core.Expr:
        places = {
            t.name: value.span
            for value, i in zip(values, order, strict=True)
            if isinstance(t := chosen.signature.type.params[i], Param)
        }
        self.bounds(chosen, span, places=places)
        result = chosen.type.result

        def make(by_position: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(
                core.CallBuiltin(result, span, name, chosen.signature.index, chosen.targs, by_position)
            )

        return self.in_order(order, values, result, span, make)

    def _overloaded(
        self, name: str, candidates: list[Candidate], args: Sequence[Argument], order: list[int], span: Span
    ) -> core.Expr:
        """Argument by argument, drop the signatures that do not fit; wait if several are left."""
        values: list[core.Expr] = []
        checked = False  # whether the last value was checked against the only candidate left
        for a, i in zip(args, order, strict=True):
            if isinstance(a, ast.Lambda):
                shaped = [c for c in candidates if _lambda_fits(a, prune(c.type.params[i]))]
                candidates = shaped or candidates
            if len(candidates) == 1:
                if not checked:
                    self._fit(candidates[0], values, order)
                    checked = True
                values.append(self.check(a, candidates[0].type.params[i]))
                continue
            hint = _common([c.type.params[i] for c in candidates], self.unifier.fresh)
            value = self.infer(a, hint)
            if isinstance(hint, Fun) and isinstance(prune(value.type), (Fun, Var)):
                value = self.coerce(value, hint)  # what all signatures agree on is settled now
            fitting = [
                c
                for c in candidates
                if self.unifier.attempt(matching(c.type.params[i], value.type)) is not None
            ]
            if not fitting:
                rest = list(args[len(values) + 1 :])
                self._report_argument(name, candidates, i, value)
                return self.recover(rest, span)
            candidates = fitting
            values.append(value)
        if len(candidates) == 1:
            if not checked:
                self._fit(candidates[0], values, order)
            return self._builtin_node(name, candidates[0], order, values, span)
        return self._postponed(name, candidates, values, order, span)

    def _fit(self, chosen: Candidate, values: list[core.Expr], order: list[int]) -> None:
        """Coerce the arguments inferred so far to the chosen signature."""
        for k, value in enumerate(values):
            values[k] = self.coerce(value, chosen.type.params[order[k]])

    def _report_argument(self, name: str, candidates: list[Candidate], i: int, value: core.Expr) -> None:
        wanted = list(dict.fromkeys(self.show(c.type.params[i]) for c in candidates))
        if len(wanted) == 1 or prune(value.type) is BAD:
            self.mismatch(candidates[0].type.params[i], value.type, value.span)
            return
        found = self.show(value.type)
        if found == "any":
            self.error("OSP3007", f"cannot use 'any' as an argument of '{name}': match it first", value.span)
            return
        hint = f"'{name}' takes {', '.join(wanted[:-1])} or {wanted[-1]} here"
        self.error("OSP3001", f"type mismatch: expected {wanted[0]}, found {found}", value.span, (hint,))

    def _postponed(
        self, name: str, candidates: list[Candidate], values: list[core.Expr], order: list[int], span: Span
    ) -> core.Expr:
        """The types known now do not decide: the node is completed when they do, or per instance."""
        result = _common([c.type.result for c in candidates], self.unifier.fresh)
        node: list[core.CallBuiltin] = []
        by_order = [v for _, v in sorted(zip(order, values, strict=True), key=lambda p: p[0])]

        def make(by_position: tuple[core.Expr, ...]) -> core.Expr:
            node.append(self.expr(core.CallBuiltin(result, span, name, -1, (), by_position)))
            return node[0]

        made = self.in_order(order, values, result, span, make)
        home = self.frame

        def commit(candidate: Candidate) -> None:
            call = node[0]
            outer, self.frame = self.frame, home  # what a coercion adds belongs where the call stands
            call.args = tuple(
                self.coerce(a, p) for a, p in zip(call.args, candidate.type.params, strict=True)
            )
            self.frame = outer
            call.overload, call.targs = candidate.signature.index, candidate.targs
            self.unify(candidate.type.result, result, span)
            self.bounds(candidate, span)

        self.require(Overloaded(name, candidates, [v.type for v in by_order], result, commit, span))
        return made

    def builtin_value(self, name: str, span: Span, hint: Type | None) -> core.Expr:
        """A built-in function as a value."""
        self.available(name, BUILTINS[name].capability, span)
        candidates = [self.candidate(s) for s in signatures(name)]
        if len(candidates) > 1 and hint is not None and isinstance(prune(hint), Fun):
            fitting = [c for c in candidates if self.unifier.attempt(matching(hint, c.type)) is not None]
            candidates = fitting or candidates
        chosen = candidates[0]
        if len(candidates) > 1:
            if len({len(c.type.params) for c in candidates}) == 1:
                return self._undecided_value(name, candidates, span)
            node = self.expr(core.BuiltinRef(self.unifier.fresh(), span, name, -1, ()))

            def commit(candidate: Candidate) -> None:
                node.overload, node.targs = candidate.signature.index, candidate.targs
                self.unify(candidate.type, node.type, span)
                self.bounds(candidate, span)

            whole = [Candidate(_as_value(c.signature), c.mapping) for c in candidates]
            self.require(Overloaded(name, whole, [], node.type, lambda c: commit(_as_call(c)), span))
            return node
        self.bounds(chosen, span)
        return self.expr(core.BuiltinRef(chosen.type, span, name, chosen.signature.index, chosen.targs))

    def _undecided_value(self, name: str, candidates: list[Candidate], span: Span) -> core.Expr:
        """A function around a call, which finds its signature later, in a generic function once for each
        instance, as every call does."""
        params = [
            _common([c.type.params[i] for c in candidates], self.unifier.fresh)
            for i in range(len(candidates[0].type.params))
        ]
        result = self.unifier.fresh()

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            call = self._postponed(name, candidates, list(args), list(range(len(args))), span)
            self.unify(call.type, result, span)
            return call

        return self.wrapper(params, result, span, make)


def _as_value(signature: Signature) -> Signature:
    """A signature as that of a constant: the function itself is the result."""
    return Signature(signature.index, (), Fun((), signature.type), signature.bounds)


def _as_call(candidate: Candidate) -> Candidate:
    """Back from `_as_value`."""
    inner = candidate.signature.type.result
    assert isinstance(inner, Fun)
    original = Signature(candidate.signature.index, (), inner, candidate.signature.bounds)
    return Candidate(original, candidate.mapping)


def _lambda_fits(node: ast.Lambda, t: Type) -> bool:
    return not isinstance(t, Fun) or len(t.params) == len(node.params)


def _common(types: Sequence[Type], fresh: Callable[[], Var]) -> Type:
    """What several types agree on; fresh variables elsewhere (least general generalisation, Plotkin 1970)."""
    first = prune(types[0])
    if all(prune(t) is first for t in types):
        return first
    if isinstance(first, Fun) and all(
        isinstance(f := prune(t), Fun) and len(f.params) == len(first.params) for t in types
    ):
        functions = [f for t in types if isinstance(f := prune(t), Fun)]
        params = tuple(_common([f.params[i] for f in functions], fresh) for i in range(len(first.params)))
        return Fun(params, _common([f.result for f in functions], fresh))
    return fresh()
