"""Calls: of functions, built-ins, C functions, variants and function values; named arguments; overloads.

An argument is a syntax tree or, where its value had to be elaborated first (the left side of a pipe, the
object of a method call), a core expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ospjit.builtins.prelude import FIELD_ALIASES, FIELD_DEFAULTS
from ospjit.builtins.table import BUILTINS
from ospjit.diagnostics import Label, Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.constraints import Constraint, HasField, Property
from ospjit.types.declare import from_signature
from ospjit.types.patterns import RESULT_FIELDS, RESULT_VARIANTS, Patterns
from ospjit.types.scope import BuiltinBinding, ExternBinding, FnInfo, Frame
from ospjit.types.session import Argument
from ospjit.types.types import BOOL, INT, STRING, UNIT, Con, Fun, Param, Rec, Type, param
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

    def solve(self, session: Patterns) -> bool:  # type: ignore[override]
        assert isinstance(session, Calls)
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

    def _fresh(self, session: Calls) -> list[Candidate]:
        return self.candidates

    def _take(self, session: Calls, candidate: Candidate) -> None:
        if self.commit is not None:
            self.done = True
            self.commit(candidate)
        else:
            for want, have in self._pairs(candidate):
                session.expect(want, have, self)
            session.bounds(candidate, self.span, self.origin)

    def default(self, session: Patterns) -> None:  # type: ignore[override]
        assert isinstance(session, Calls)
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

    def _fresh(self, session: Calls) -> list[Candidate]:
        """The candidates' variables belong to the generic function: take new ones."""
        return [session.candidate(c.signature) for c in self.candidates]


def matching(want: Type, have: Type) -> list[tuple[Type, Type]]:
    """The pairs that have to unify for `have` to be accepted where `want` is wanted."""
    want, have = prune(want), prune(have)
    if isinstance(want, Fun) and isinstance(have, Fun) and prune(want.result) is UNIT:
        if len(want.params) == len(have.params):
            return list(zip(want.params, have.params, strict=True))
    return [(want, have)]


class Calls(Patterns):
    """Everything that is written `f(…)`, and constructions."""

    # ---- arguments

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
                self.error("OSP3002", f"{what} expects {_count(len(params))}, got {len(args)}", span)
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
            self.error("OSP3004", f"{what} is missing the argument{_s(missing)} {listed} {valid}", span)
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

    # ---- calls by name

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
                what = f"function '{info.name}' takes {len(declared)} type argument{_s(declared)}"
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
            frame: Frame | None = self.frame
            if frame is not None:
                frame.calls[info] = None

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

    def call_value(self, callee: core.Expr, args: Sequence[Argument], span: Span, what: str) -> core.Expr:
        """A call of a function value."""
        t = prune(callee.type)
        if isinstance(t, Fun):
            if len(t.params) != len(args):
                self.error("OSP3002", f"{what} expects {_count(len(t.params))}, got {len(args)}", span)
                return self.recover(args, span)
            values = tuple(self.check(a, p) for a, p in zip(args, t.params, strict=True))
            return self.expr(core.Call(t.result, span, callee, values))
        if type(t) is Var:
            values = tuple(self.infer(a) for a in args)
            result = self.unifier.fresh()
            self.unify(Fun(tuple(v.type for v in values), result), t, callee.span)
            return self.expr(core.Call(result, span, callee, values))
        if t is not BAD:
            code, message = "OSP3008", f"{what} is not a function: its type is {self.show(t)}"
            if self.is_result(t):
                message += ": match it first"
            if self.show(t) == "any":
                code, message = "OSP3007", "cannot use 'any' as a function: match it first"
            self.error(code, message, callee.span)
        return self.recover(args, span)

    # ---- built-ins

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

    # ---- constructions

    def find_variant(self, name: str, hint: Type | None) -> tuple[core.Data, core.Variant] | None:
        """The variant called `name`: of the wanted type if it has one, else the program's or prelude's."""
        found = self.variants.get(name)
        if not found:
            return None
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con):
            for data, variant in found:
                if data.name == wanted.name:
                    return data, variant
        return found[0]

    def result_variant(self, name: str, hint: Type | None) -> str | None:
        """`Success` or `Error` if `name` means one of them here."""
        if name not in RESULT_VARIANTS:
            return None
        if self.user_variant(name) and not (hint is not None and self.is_result(hint)):
            return None
        return RESULT_VARIANTS[name]

    def make_result(self, name: str, value: Argument | None, span: Span, hint: Type | None) -> core.Expr:
        """`Success(v)` or `Error(m)`."""
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con) and wanted.name == "Result":
            t = wanted
        else:
            t = Con("Result", (self.unifier.fresh(), self.unifier.fresh()))
        payload = self.payload_type(t, name, span)
        if value is None:
            inner: core.Expr = self.unit(span)
            self.unify(payload, UNIT, span)
        else:
            inner = self.check(value, payload)
        return self.expr(core.Construct(t, span, name, (inner,), (0,)))

    def call_result(
        self,
        written: str,
        name: str,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        """`Success(…)` and `Error(…)` as calls; `Success()` holds `Unit`."""
        if not args and name == "Success":
            return self.make_result(name, None, span, hint)
        if self.bind_arguments(f"'{written}'", (RESULT_FIELDS[name],), args, names, span) is None:
            return self.recover(args, span)
        return self.make_result(name, args[0], span, hint)

    def call_variant(
        self,
        data: core.Data,
        variant: core.Variant,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        """A variant applied like a function."""
        params = [n for n, _ in variant.fields]
        if names is not None and variant.positional:
            self.error("OSP3003", f"'{variant.name}' has no named fields", span)
            return self.recover(args, span)
        order = self.bind_arguments(f"'{variant.name}'", params, args, names, span)
        if order is None:
            return self.recover(args, span)
        t = self._instance_for(data, hint)
        types = self.payload_of(t, variant)
        values = {i: self.check(a, types[i]) for a, i in zip(args, order, strict=True)}
        by_position = tuple(values[i] for i in range(len(types)))
        return self.expr(core.Construct(t, span, variant.name, by_position, tuple(order)))

    def _instance_for(self, data: core.Data, hint: Type | None, args: Sequence[Type] | None = None) -> Con:
        """An instance of a declared type; one that the context wants lends its arguments."""
        if args is not None:
            return Con(data.name, tuple(args))
        t = self.instance(data)
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con) and wanted.name == data.name:
            self.unifier.unify(t, wanted)
            self.settle()
        return t

    def variant_value(
        self, data: core.Data, variant: core.Variant, span: Span, hint: Type | None
    ) -> core.Expr:
        """A variant by its bare name: itself, or the function that makes it."""
        t = self._instance_for(data, hint)
        types = self.payload_of(t, variant)
        if not types:
            return self.expr(core.Construct(t, span, variant.name, (), ()))

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(core.Construct(t, span, variant.name, args, tuple(range(len(args)))))

        return self.wrapper(types, t, span, make)

    def make_record(
        self,
        data: core.Data,
        variant: core.Variant,
        fields: list[ast.FieldInit],
        span: Span,
        hint: Type | None,
        args: Sequence[Type] | None = None,
    ) -> core.Expr:
        """`Point { x: 1, y: 2 }`, also for variants with named fields and anonymous records."""
        t = self._instance_for(data, hint, args)
        types = dict(zip((n for n, _ in variant.fields), self.payload_of(t, variant), strict=True))
        prelude_name = data.title if self.prelude_types.get(data.title) is data else ""
        aliases = FIELD_ALIASES.get(prelude_name, {})
        owner = f"type '{data.title}'" if data.is_record else f"variant '{variant.name}'"
        values = self._field_values(fields, types, aliases, owner)
        order = [list(types).index(name) for name in values]
        defaults = FIELD_DEFAULTS.get(prelude_name, {})
        missing = [name for name in types if name not in values and name not in defaults]
        if missing:
            listed = ", ".join(f"'{m}'" for m in missing)
            self.error("OSP3018", f"{owner} is missing the field{_s(missing)} {listed}", span)
            return self.expr(core.Block(t, span, (), self.bad(span)))
        for name in types:
            if name not in values:
                order.append(list(types).index(name))
                values[name] = self._default_field(defaults[name], span)
        by_position = tuple(values[name] for name in types)
        return self.expr(core.Construct(t, span, variant.name, by_position, tuple(order)))

    def _default_field(self, value: int | str | bool, span: Span) -> core.Expr:
        t = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else STRING
        return self.expr(core.Lit(t, span, value))

    def _field_values(
        self, fields: list[ast.FieldInit], types: Mapping[str, Type], aliases: Mapping[str, str], owner: str
    ) -> dict[str, core.Expr]:
        """The values of written fields by declared name, in the order written."""
        values: dict[str, core.Expr] = {}
        for f in fields:
            name = aliases.get(f.name, f.name)
            if name not in types:
                hints = self.suggestion(f.name, [*types, *aliases])
                if not hints and types:
                    hints = (f"its fields are {', '.join(types)}",)
                self.error("OSP3005", f"{owner} has no field '{f.name}'", f.name_span, hints)
                self.infer(f.value)
            elif name in values:
                self.error("OSP3018", f"the field '{f.name}' is given twice", f.name_span)
                self.infer(f.value)
            else:
                values[name] = self.check(f.value, types[name])
        return values

    def update_record(self, obj: core.Expr, fields: list[ast.FieldInit], span: Span) -> core.Expr:
        """`p { x: 5 }`."""
        t = prune(obj.type)
        known = self.fields_of(t)
        if known is not None:
            data = self.datas.get(t.name) if isinstance(t, Con) else None
            own = data is not None and self.prelude_types.get(data.title) is data
            aliases = FIELD_ALIASES.get(data.title, {}) if data is not None and own else {}
            owner = f"type {self.show(t)}"
            values = self._field_values(fields, dict(known), aliases, owner)
            return self.expr(core.Update(t, span, obj, tuple(values.items())))
        pairs = []
        for f in fields:
            value = self.infer(f.value)
            if type(t) is Var:
                self.require(HasField(t, f.name, value.type, f.name_span))
            pairs.append((f.name, value))
        if type(t) is not Var and t is not BAD:
            if self.is_result(t):
                self.error("OSP3006", f"cannot update {self.show(t)}: match it first", obj.span)
            elif self.show(t) == "any":
                self.error("OSP3007", "cannot use 'any' in a record update: match it first", obj.span)
            else:
                label = Label(span, "this updates a record")
                message = f"type mismatch: expected a record, found {self.show(t)}"
                self.error("OSP3001", message, obj.span, labels=(label,))
            return self.bad(span)
        return self.expr(core.Update(t, span, obj, tuple(pairs)))

    def anonymous_record(self, node: ast.AnonRecord, hint: Type | None) -> core.Expr:
        """`{ x: 1 }`: the declared or structural record that the context wants, else one of its own type."""
        wanted = prune(hint) if hint is not None else None
        names = sorted(f.name for f in node.fields)
        fields = self.fields_of(wanted) if wanted is not None else None
        if isinstance(wanted, Con) and fields is not None:
            data = self.datas[wanted.name]
            return self.make_record(data, data.variants[0], node.fields, node.span, wanted)
        types: dict[str, Type] = {}
        if isinstance(wanted, Rec) and fields is not None and [n for n, _ in fields] == names:
            types = dict(fields)
        values: dict[str, core.Expr] = {}
        for f in node.fields:
            if f.name in values:
                self.error("OSP3018", f"the field '{f.name}' is given twice", f.name_span)
            values[f.name] = self.check(f.value, types[f.name]) if types else self.infer(f.value)
        ordered = sorted(values)
        t = Rec(tuple((name, types.get(name, values[name].type)) for name in ordered))
        order = tuple(ordered.index(name) for name in values)
        return self.expr(core.Construct(t, node.span, "", tuple(values[n] for n in ordered), order))

    def builtin_binding(self, name: str) -> BuiltinBinding | None:
        """The built-in of this name, if nothing in scope shadows it."""
        found = self.find(name)
        return found if isinstance(found, BuiltinBinding) else None


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


def _atomic(value: core.Expr) -> bool:
    """Whether evaluating an expression earlier or later makes no difference."""
    return isinstance(value, (core.Lit, core.Var, core.GlobalVar, core.FuncRef, core.BuiltinRef, core.Lambda))


def _count(n: int) -> str:
    return f"{n} argument{'' if n == 1 else 's'}"


def _s(items: Sequence[object]) -> str:
    return "" if len(items) == 1 else "s"


__all__ = ["Calls", "Overloaded", "param", "signatures"]
