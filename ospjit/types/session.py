"""The state of one run of the checker, and what every part of it needs: unification with reports, the names
in scope, the nodes made so far, and coercions.

The parts stand on each other in this order: `Session`, `Declarations`, `Patterns`, `Arguments`,
`BuiltinCalls`, `Constructions`, `Calls`, `Expressions`, `Functions`. Each may call what stands below it, and
`Session.infer` and `check`, which `Expressions` defines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ospjit.builtins.table import BUILTINS
from ospjit.diagnostics import Diagnostics, Label, Span, nearest
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.constraints import Constraint
from ospjit.types.scope import (
    Binding,
    BuiltinBinding,
    FnInfo,
    Frame,
    LocalBinding,
    Scope,
    UnknownBinding,
)
from ospjit.types.types import ANY, ERROR_TYPES, FLOAT, INT, STRING, UNIT, Con, Fun, Rec, Type
from ospjit.types.unify import BAD, MAX_TYPE, Unifier, Var, contains_bad, is_larger, prune, replace, variables

Argument = ast.Expr | core.Expr
AnyExpr = TypeVar("AnyExpr", bound=core.Expr)
AnyPattern = TypeVar("AnyPattern", bound=core.Pattern)

#: Stands for "of any type, and dropped" where an expected type stands.
DROP = Con("<dropped>", ())

#: What a capability forbids when it is off, in the words of the message.
CAPABILITIES = {
    "http": "network access is disabled (--no-http)",
    "websocket": "network access is disabled (--no-websocket)",
    "fs": "file access is disabled (--no-fs)",
    "ffi": "foreign functions are disabled (--no-ffi)",
    "process": "processes are disabled (--no-process)",
}


#: How many names of a type a message shows.
SHOWN = 60


@dataclass(frozen=True)
class CheckOptions:
    """`disabled`: the capabilities that are off (`http`, `websocket`, `fs`, `ffi`, `process`)."""

    disabled: frozenset[str] = frozenset()


class Session:
    """One run: everything mutable, and the operations on it that all parts share."""

    def __init__(self, program: ast.Program, diagnostics: Diagnostics, options: CheckOptions) -> None:
        self.source = program.source
        self.damage = program.damage
        self.diagnostics = diagnostics
        self.options = options
        self.unifier = Unifier()
        self.pending: list[list[Constraint]] = [[]]
        self.file_frame = Frame(None, None)
        self.frame = self.file_frame
        self.scopes: list[Scope] = [Scope(self.file_frame)]
        self.datas: dict[str, core.Data] = {}
        self.functions: dict[str, FnInfo] = {}
        self.file_muts: set[str] = set()
        self.too_large = False
        self.defining: list[str] = []  # the `let`s around whose values are being inferred
        self.coming: list[set[str]] = []  # for each block around: the variables declared further down
        self.file_names: dict[str, Span] = {}
        # Everything whose types have to be settled at the end.
        self.exprs: list[core.Expr] = []
        self.patterns: list[core.Pattern] = []
        self.locals: list[core.Local] = []
        self.references: list[tuple[core.FuncRef | core.CallFn, FnInfo, Frame]] = []
        self.lambdas: list[tuple[core.Lambda, Frame]] = []
        self.matches: list[tuple[core.Match, bool]] = []  # with: whether arms were dropped
        self.dropped: list[core.Block] = []
        self.param_levels: dict[str, int] = {}
        self.type_names: set[str] = set()  # type parameters in use in the declaration being checked

    # ---- what `Expressions` defines

    def infer(self, node: Argument, hint: Type | None = None) -> core.Expr:
        """The elaborated expression, with the type it has; `hint` is a type that its context would like."""
        raise NotImplementedError

    def check(self, node: Argument, expected: Type) -> core.Expr:
        """The elaborated expression at type `expected` (or dropped, for DROP); reports if it has another."""
        raise NotImplementedError

    # ---- nodes

    def expr(self, node: AnyExpr) -> AnyExpr:
        """Register a node, so that its type is settled at the end."""
        self.exprs.append(node)
        return node

    def pattern(self, node: AnyPattern) -> AnyPattern:
        """Register a pattern, so that its type is settled at the end."""
        self.patterns.append(node)
        return node

    def local(self, name: str, t: Type, span: Span, mutable: bool = False) -> core.Local:
        """A new local of the current frame."""
        made = core.Local(name, t, span, mutable)
        self.locals.append(made)
        self.frame.locals.add(made)
        return made

    def bad(self, span: Span) -> core.Expr:
        """What stands for an expression that was reported."""
        return core.Lit(BAD, span, None)

    def unit(self, span: Span) -> core.Expr:
        """The value `()`."""
        return core.Lit(UNIT, span, None)

    # ---- reports

    def error(
        self, code: str, message: str, span: Span, hints: Iterable[str] = (), labels: Iterable[Label] = ()
    ) -> None:
        """Report an error."""
        self.diagnostics.error(code, message, span, hints=hints, labels=labels)

    def unsupported(self, what: str, span: Span) -> core.Expr:
        """Report a part of the language that is not supported yet."""
        self.error("OSP8001", f"{what} not supported yet", span)
        return self.bad(span)

    def report(self, code: str, message: str, constraint: Constraint, hints: Iterable[str] = ()) -> None:
        """Report what a constraint found, with the place inside the function that asks for it."""
        origin = constraint.origin
        labels = () if origin is None else (Label(origin, "the function needs it here"),)
        self.error(code, message, constraint.span, hints, labels)

    def mismatch(self, expected: Type, found: Type, span: Span, constraint: Constraint | None = None) -> None:
        """Report that `found` stands where `expected` is wanted."""
        expected, found = prune(expected), prune(found)
        if contains_bad(expected) or contains_bad(found):
            return
        code, message, hints = self.describe_mismatch(expected, found)
        origin = constraint.origin if constraint is not None else None
        labels = () if origin is None else (Label(origin, "the function needs it here"),)
        self.error(code, message, span, hints, labels)

    def describe_mismatch(self, expected: Type, found: Type) -> tuple[str, str, tuple[str, ...]]:
        """Code, sentence and hints for a mismatch of two types."""
        want, have = self.show(expected), self.show(found)
        if found is ANY:
            return "OSP3007", f"cannot use 'any' where {want} is wanted: match it first", ()
        hints: tuple[str, ...] = ()
        if self._inside(expected, found) or self._inside(found, expected):
            return (
                "OSP3012",
                "this value would have a type that contains itself",
                ("a function cannot be its own argument or result",),
            )
        if isinstance(found, Con) and found.name == "Result" and not self.is_result(expected):
            hints = (
                "a Result never becomes its value by itself: open it with `match` or give a default by `?:`",
            )
        elif self._differ_in_error(expected, found):
            hints = (
                "the errors differ: `match r { Success v => Success(v) Error m => Error(m) }` converts it",
            )
        elif self.is_result(expected) and not self.is_result(found):
            hints = ("`Success(…)` makes a Result of a value",)
        elif expected is FLOAT and found is INT:
            hints = ("write the number with a `.`, or convert it with `toFloat`",)
        elif expected is STRING and found is not STRING and not isinstance(found, Fun):
            hints = ("`toString` or an interpolation makes a string of it",)
        elif self.unifier.attempt([(expected, found)]) is None and want == have:
            hints = ("these are two different types of the same name",)
        elif isinstance(found, Fun) and not found.params and not isinstance(expected, Fun):
            hints = ("call it with `()`",)
        return "OSP3001", f"type mismatch: expected {want}, found {have}", hints

    def _differ_in_error(self, expected: Type, found: Type) -> bool:
        """Whether two Results hold the same and differ in their errors, whose messages are strings both."""
        if not (self.is_result(expected) and self.is_result(found)):
            return False
        assert isinstance(expected, Con) and isinstance(found, Con)
        errors = (prune(expected.args[1]), prune(found.args[1]))
        strings = all(e is STRING or e in ERROR_TYPES for e in errors)
        return strings and self.unifier.attempt([(expected.args[0], found.args[0])]) is not None

    def _inside(self, part: Type, whole: Type) -> bool:
        """Whether an unknown type is a proper part of another one."""
        found: dict[Var, None] = {}
        variables(whole, found)
        return type(part) is Var and part is not whole and part in found

    def bad_operand(self, sign: str, expected: Type, found: Type, span: Span, constraint: Constraint) -> None:
        """Report an operand that an operator does not take."""
        found = prune(found)
        if contains_bad(found):
            return
        if found is ANY:
            self.report("OSP3007", f"cannot use 'any' with '{sign}': match it first", constraint)
            return
        if self.is_result(found):
            message = f"type mismatch: expected {self.show(expected)}, found {self.show(found)}"
            hint = f"'{sign}' does not open a Result: use `match` or give a default with `?:`"
            self.error("OSP3001", message, span, (hint,), self.origin_labels(constraint))
            return
        self.mismatch(expected, found, span, constraint)

    def origin_labels(self, constraint: Constraint) -> tuple[Label, ...]:
        """The place inside an instantiated function where a constraint arose."""
        origin = constraint.origin
        return () if origin is None else (Label(origin, "the function needs it here"),)

    def suggestion(self, name: str, candidates: Iterable[str]) -> tuple[str, ...]:
        """A hint with the nearest name, if one is near."""
        near = nearest(name, candidates) if len(name) > 1 else None
        return () if near is None else (f"did you mean '{near}'?",)

    def no_field(self, obj: Type, name: str, constraint: Constraint) -> None:
        """Report that a value has no such field."""
        if contains_bad(obj):
            return
        if obj is ANY:
            self.report("OSP3007", f"cannot use 'any' with '.{name}': match it first", constraint)
        elif self.is_result(obj):
            message = f"cannot access field '{name}' on {self.show(obj)}: match it first"
            self.report("OSP3006", message, constraint)
        else:
            names = [f for f, _ in self.fields_of(obj) or ()]
            hints = self.suggestion(name, names)
            if names and not hints:
                hints = (f"its fields are {', '.join(names)}",)
            self.report("OSP3005", f"type {self.show(obj)} has no field '{name}'", constraint, hints)

    def not_indexable(self, obj: Type, constraint: Constraint) -> None:
        """Report that a value has no elements."""
        if contains_bad(obj):
            return
        if obj is ANY:
            self.report("OSP3007", "cannot use 'any' with '[ ]': match it first", constraint)
        elif self.is_result(obj):
            self.report("OSP3006", f"cannot index {self.show(obj)}: match it first", constraint)
        else:
            message = f"type mismatch: expected a list, map or string, found {self.show(obj)}"
            self.report("OSP3001", message, constraint)

    # ---- types

    def show(self, t: Type) -> str:
        """A type as a person writes it; an enormous one is cut short."""
        return self._show(t, [SHOWN])

    def _show(self, t: Type, left: list[int]) -> str:
        """The same with a budget: `left[0]` more names."""
        t = prune(t)
        left[0] -= 1
        if left[0] < 0:
            return "…"
        if isinstance(t, Con):
            data = self.datas.get(t.name)
            title = data.title if data is not None else t.name
            return title + (f"<{', '.join(self._show(a, left) for a in t.args)}>" if t.args else "")
        if isinstance(t, Fun):
            return f"({', '.join(self._show(p, left) for p in t.params)}) -> {self._show(t.result, left)}"
        if isinstance(t, Rec):
            return "{ " + ", ".join(f"{name}: {self._show(f, left)}" for name, f in t.fields) + " }"
        return str(t)

    def is_result(self, t: Type) -> bool:
        """Whether a type is known to be a `Result`."""
        t = prune(t)
        return isinstance(t, Con) and t.name == "Result"

    def fields_of(self, t: Type) -> list[tuple[str, Type]] | None:
        """The fields of a record type, declared or structural; None for every other type."""
        t = prune(t)
        if isinstance(t, Rec):
            return list(t.fields)
        if isinstance(t, Con):
            data = self.datas.get(t.name)
            if data is not None and data.is_record:
                mapping = dict(zip(data.params, t.args, strict=True))
                return [(name, replace(f, mapping)) for name, f in data.variants[0].fields]
        return None

    def field_type(self, t: Type, name: str) -> Type | None:
        """The type of one field, or None."""
        if t is BAD:
            return BAD
        for field_name, field_type in self.fields_of(t) or ():
            if field_name == name:
                return field_type
        return None

    def limit_type(self, t: Type, span: Span) -> bool:
        """Report a type that is too large; once is enough: whatever uses the value has such a type too."""
        if not is_larger(t, MAX_TYPE):
            return False
        if not self.too_large:
            self.too_large = True
            hints = ("declare a type for its parts: a declared type is one name",)
            self.error("OSP3019", "the type of this expression is too large", span, hints)
        return True

    def instance(self, data: core.Data) -> Con:
        """A declared type with fresh arguments."""
        return Con(data.name, tuple(self.unifier.fresh() for _ in data.params))

    # ---- unification and constraints

    def expect(self, expected: Type, found: Type, constraint: Constraint) -> None:
        """Unify for a constraint; report there if that fails."""
        if not self.unifier.unify(expected, found):
            self.mismatch(expected, found, constraint.span, constraint)

    def unify(self, expected: Type, found: Type, span: Span) -> bool:
        """Unify, wake what waited for it, and report a mismatch at `span`."""
        ok = self.unifier.unify(expected, found)
        if not ok:
            self.mismatch(expected, found, span)
        if self.unifier.woken:
            self.settle()
        return ok

    def require(self, constraint: Constraint) -> None:
        """Decide a constraint now, or as soon as enough is known."""
        self._run(constraint)
        if not constraint.done:
            self.pending[-1].append(constraint)
        if self.unifier.woken:
            self.settle()

    def settle(self) -> None:
        """Decide what the variables bound so far allow."""
        woken = self.unifier.woken
        while woken:
            constraint = woken.pop()
            if not constraint.done:
                self._run(constraint)

    def _run(self, constraint: Constraint) -> None:
        if constraint.solve(self):
            constraint.done = True
            return
        found: dict[Var, None] = {}
        for t in constraint.types():
            variables(t, found)
        for var in found:
            if var.waiting is None:
                var.waiting = []
            var.waiting.append(constraint)

    # ---- scopes

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """A new scope of the current frame."""
        made = Scope(self.frame)
        self.scopes.append(made)
        try:
            yield made
        finally:
            self.scopes.pop()

    @contextmanager
    def body(self, frame: Frame) -> Iterator[Scope]:
        """The scope of the parameters of a new frame."""
        outer, self.frame = self.frame, frame
        try:
            with self.scope() as made:
                yield made
        finally:
            self.frame = outer

    def bind(self, name: str, binding: Binding) -> None:
        """Give a name its meaning in the current scope."""
        self.scopes[-1].names[name] = binding

    def find(self, name: str) -> Binding | None:
        """What a name stands for here: the innermost declaration, else a built-in."""
        for scope in reversed(self.scopes):
            binding = scope.names.get(name)
            if binding is not None:
                return binding
        if name in self.damage.names:
            return UnknownBinding()
        if name in BUILTINS:
            return BuiltinBinding(name)
        return None

    def names_in_scope(self) -> Iterator[str]:
        """All names that `find` would find."""
        for scope in reversed(self.scopes):
            yield from scope.names
        yield from BUILTINS

    def undefined(self, what: str, name: str, span: Span) -> core.Expr:
        """Report an unknown name, once in its scope."""
        hints = self.suggestion(name, self.names_in_scope())
        if name in self.file_muts:
            hints = ("a named function does not see the `mut`s of the file scope: pass it as an argument",)
        elif name in self.defining:
            hints = (f"a `let` does not see itself: declare `fn {name}(…)` for a recursive function",)
        elif any(name in names for names in self.coming):
            hints = ("it is declared further down: move its declaration up",)
        self.error("OSP2001" if what == "variable" else "OSP2002", f"undefined {what} '{name}'", span, hints)
        return self.bad(span)

    def use(self, binding: LocalBinding, span: Span) -> core.Expr:
        """Read a local; the frames between here and its own capture it."""
        frame: Frame | None = self.frame
        while frame is not None and frame is not binding.frame:
            frame.captures[binding.local] = None
            if frame.function is not None:
                break  # those around get it through the function's own captures
            frame = frame.parent
        return self.expr(core.Var(binding.local.type, span, binding.local))

    # ---- coercions

    def coerce(self, value: core.Expr, expected: Type, span: Span | None = None) -> core.Expr:
        """`value` at type `expected`: erased, re-labelled or with its result dropped where the language says
        so, otherwise unified. The type that an expression has is never changed silently."""
        expected, actual = prune(expected), prune(value.type)
        span = span or value.span
        if expected is actual:
            return value
        if expected is DROP:
            return self.drop(value)
        if expected is ANY:
            return self.expr(core.Erase(ANY, span, value))
        if isinstance(expected, Fun) and isinstance(actual, Fun):
            wrapped = self._erase_arguments(value, expected, actual, span)
            wrapped = wrapped or self._drop_result(value, expected, actual, span)
            if wrapped is not None:
                return wrapped
        if self._same_fields(expected, actual):
            for (_, want), (_, have) in zip(self._sorted(expected), self._sorted(actual), strict=True):
                self.unify(want, have, span)
            return self.expr(core.Coerce(expected, span, value))
        if (expected is STRING and actual in ERROR_TYPES) or (actual is STRING and expected in ERROR_TYPES):
            return self.expr(core.Coerce(expected, span, value))
        self.unify(expected, actual, span)
        return value

    def drop(self, value: core.Expr) -> core.Expr:
        """Evaluate and give `Unit`."""
        if prune(value.type) in (UNIT, BAD):
            return value
        made = self.expr(core.Block(UNIT, value.span, (core.Do(value.span, value),), None))
        self.dropped.append(made)
        return made

    def _erase_arguments(self, value: core.Expr, expected: Fun, actual: Fun, span: Span) -> core.Expr | None:
        """Where a function of a known type is wanted, one that takes `any` there will do: wrap it."""
        if len(expected.params) != len(actual.params):
            return None
        pairs = [(prune(w), prune(h)) for w, h in zip(expected.params, actual.params, strict=True)]
        if not any(h is ANY and w is not ANY and w is not BAD and type(w) is not Var for w, h in pairs):
            return None
        direct = self.direct_call(value)
        count = len(pairs)

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            given = args[len(args) - count :]
            erased = tuple(self.coerce(a, have) for a, (_, have) in zip(given, pairs, strict=True))
            result = direct(erased) if direct is not None else None
            if result is None:
                result = self.expr(core.Call(actual.result, span, args[0], erased))
            unit = prune(expected.result) is UNIT
            return self.drop(result) if unit else self.coerce(result, expected.result)

        return self.wrapper(expected.params, expected.result, span, make, None if direct else value)

    def _drop_result(self, value: core.Expr, expected: Fun, actual: Fun, span: Span) -> core.Expr | None:
        """Where a function to `Unit` is wanted, one with any result will do: wrap it."""
        if prune(expected.result) is not UNIT or len(expected.params) != len(actual.params):
            return None
        for want, have in zip(expected.params, actual.params, strict=True):
            self.unify(want, have, span)  # this may settle what the result is
        result = prune(actual.result)
        if result is UNIT or result is BAD or type(result) is Var:
            return None
        direct = self.direct_call(value)
        if direct is not None:
            return self.wrapper(expected.params, UNIT, span, lambda args: self.drop(direct(args)))
        return self.wrapper(
            expected.params,
            UNIT,
            span,
            lambda args: self.drop(self.expr(core.Call(result, span, args[0], args[1:]))),
            value,
        )

    def direct_call(self, value: core.Expr) -> Callable[[tuple[core.Expr, ...]], core.Expr] | None:
        """How to call a function value that is known by its name, without making the value."""
        raise NotImplementedError

    def wrapper(
        self,
        params: Iterable[Type],
        result: Type,
        span: Span,
        make: Callable[[tuple[core.Expr, ...]], core.Expr],
        value: core.Expr | None = None,
    ) -> core.Expr:
        """A lambda around something that is no function value itself. `make` gets its arguments as
        expressions; if `value` is given it is evaluated once, outside, and comes first among them."""
        holder: core.Local | None = None
        outer: tuple[core.Stmt, ...] = ()
        if value is not None:
            holder = self.local("f", value.type, span)
            outer = (core.Let(span, holder, value),)
        home = self.frame
        frame = Frame(home, None)
        home.lambdas.append(frame)
        with self.body(frame):
            locals_ = tuple(self.local(f"x{i}", t, span) for i, t in enumerate(params))
            args: tuple[core.Expr, ...] = tuple(self.expr(core.Var(p.type, span, p)) for p in locals_)
            if holder is not None:
                args = (self.use(LocalBinding(holder, home), span), *args)
            made_body = make(args)
        t = Fun(tuple(p.type for p in locals_), result)
        made: core.Expr = self.expr(core.Lambda(t, span, locals_, made_body, ()))
        assert isinstance(made, core.Lambda)
        self.lambdas.append((made, frame))
        if outer:
            made = self.expr(core.Block(t, span, outer, made))
        return made

    def _sorted(self, t: Type) -> list[tuple[str, Type]]:
        return sorted(self.fields_of(t) or [], key=lambda f: f[0])

    def _same_fields(self, a: Type, b: Type) -> bool:
        """Whether one is a declared record and the other a structural one with the same field names."""
        if isinstance(a, Rec) == isinstance(b, Rec):
            return False
        fields_a, fields_b = self.fields_of(a), self.fields_of(b)
        if fields_a is None or fields_b is None:
            return False
        return sorted(n for n, _ in fields_a) == sorted(n for n, _ in fields_b)

    def available(self, name: str, capability: str | None, span: Span) -> None:
        """Report the use of something whose capability is off."""
        if capability is not None and capability in self.options.disabled:
            reason = CAPABILITIES.get(capability, f"'{capability}' is disabled")
            self.error("OSP7001", f"'{name}' is not available: {reason}", span)
