"""Inference variables, unification, and the way from inferred types to the interned ones of the core tree.

Hindley-Milner with levels (Rémy 1992, "Extension of ML type system with a sorted equational theory on
types"): a variable belongs to the level of the innermost function group in whose types it may still be
generalised, and unification lowers levels instead of searching environments. Types under inference are the
classes of `types.types`, made without interning, with `Var` among them. Nothing here reports; failures are
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ospjit.types.types import INT, Con, Fun, Param, Rec, Type, con, fun, rec

if TYPE_CHECKING:
    from ospjit.types.constraints import Constraint


class Var(Type):
    """A type not known yet. `ref` is what it stands for once known; `waiting`: constraints to wake then."""

    __slots__ = ("level", "number", "ref", "waiting")

    def __init__(self, number: int, level: int) -> None:
        self.number = number
        self.level = level
        self.ref: Type | None = None
        self.waiting: list[Constraint] | None = None

    def __str__(self) -> str:
        return str(self.ref) if self.ref is not None else "_"


class Bad(Type):
    """The type of what has already been reported: it unifies with everything, silently."""

    __slots__ = ()

    def __str__(self) -> str:
        return "_"


BAD = Bad()


def prune(t: Type) -> Type:
    """What `t` is known to be at its top, with variables that have a value looked through."""
    while type(t) is Var:
        ref = t.ref
        if ref is None:
            return t
        if type(ref) is Var and ref.ref is not None:
            t.ref = ref.ref  # shorten the chain
        t = ref
    return t


class Unifier:
    """Makes variables and unifies. `woken` collects constraints whose variables got values."""

    __slots__ = ("_count", "_trail", "level", "woken")

    def __init__(self) -> None:
        self.level = 0
        self.woken: list[Constraint] = []
        self._count = 0
        self._trail: list[tuple[Var, Type | None, int]] | None = None

    def fresh(self) -> Var:
        """A new variable at the current level."""
        self._count += 1
        return Var(self._count, self.level)

    def unify(self, a: Type, b: Type) -> bool:
        """Make two types equal; False if they cannot be (variables bound on the way stay bound)."""
        a, b = prune(a), prune(b)
        if a is b:
            return True
        kind_a, kind_b = type(a), type(b)
        if kind_a is Var:
            if kind_b is Var and b.number > a.number:  # type: ignore[attr-defined]
                return self._bind(b, a)  # type: ignore[arg-type]
            return self._bind(a, b)  # type: ignore[arg-type]
        if kind_b is Var:
            return self._bind(b, a)  # type: ignore[arg-type]
        if a is BAD or b is BAD:
            return True
        if kind_a is not kind_b:
            return False
        if isinstance(a, Con) and isinstance(b, Con):
            if a.name != b.name or len(a.args) != len(b.args):
                return False
            return all(self.unify(x, y) for x, y in zip(a.args, b.args, strict=True))
        if isinstance(a, Fun) and isinstance(b, Fun):
            if len(a.params) != len(b.params):
                return False
            ok = all(self.unify(x, y) for x, y in zip(a.params, b.params, strict=True))
            return self.unify(a.result, b.result) and ok
        if isinstance(a, Rec) and isinstance(b, Rec):
            if [n for n, _ in a.fields] != [n for n, _ in b.fields]:
                return False
            return all(self.unify(x, y) for (_, x), (_, y) in zip(a.fields, b.fields, strict=True))
        return False

    def _bind(self, var: Var, t: Type) -> bool:
        if not self._lower(t, var):
            return False
        if self._trail is not None:
            self._trail.append((var, None, var.level))
            var.ref = t
            return True
        var.ref = t
        if var.waiting:
            if type(t) is Var:
                t.waiting = (t.waiting or []) + var.waiting
            self.woken.extend(var.waiting)
            var.waiting = None
        return True

    def _lower(self, t: Type, var: Var) -> bool:
        """Lower the levels in `t` to that of `var`; False if `var` occurs in it."""
        t = prune(t)
        if type(t) is Var:
            if t is var:
                return False
            if t.level > var.level:
                if self._trail is not None:
                    self._trail.append((t, t, t.level))
                t.level = var.level
            return True
        return all(self._lower(part, var) for part in parts(t))

    def attempt(self, pairs: list[tuple[Type, Type]]) -> list[Var] | None:
        """Whether all pairs unify together, without doing it: the variables that would be bound, or None."""
        outer, self._trail = self._trail, []
        ok = all(self.unify(a, b) for a, b in pairs)
        bound = []
        for var, previous, level in reversed(self._trail):
            if previous is None:
                var.ref = None
                bound.append(var)
            var.level = level
        self._trail = outer
        return bound if ok else None


def parts(t: Type) -> tuple[Type, ...]:
    """The types directly inside a type."""
    if isinstance(t, Con):
        return t.args
    if isinstance(t, Fun):
        return (*t.params, t.result)
    if isinstance(t, Rec):
        return tuple(f for _, f in t.fields)
    return ()


def replace(t: Type, mapping: Mapping[str, Type]) -> Type:
    """`t` with parameters replaced by name; parts without any are kept as they are."""
    t = prune(t)
    if isinstance(t, Param):
        return mapping.get(t.name, t)
    if isinstance(t, Con):
        if not t.args:
            return t
        args = tuple(replace(a, mapping) for a in t.args)
        return t if all(a is b for a, b in zip(args, t.args, strict=True)) else Con(t.name, args)
    if isinstance(t, Fun):
        return Fun(tuple(replace(p, mapping) for p in t.params), replace(t.result, mapping))
    if isinstance(t, Rec):
        return Rec(tuple((name, replace(f, mapping)) for name, f in t.fields))
    return t


def variables(t: Type, found: dict[Var, None]) -> None:
    """Add the unresolved variables of `t` to `found`, in order."""
    t = prune(t)
    if type(t) is Var:
        found[t] = None
        return
    for part in parts(t):
        variables(part, found)


def parameters(t: Type, found: dict[str, None]) -> None:
    """Add the names of the parameters in `t` to `found`, in order."""
    t = prune(t)
    if isinstance(t, Param):
        found[t.name] = None
        return
    for part in parts(t):
        parameters(part, found)


def zonk(t: Type) -> Type:
    """The interned type without variables. One that nothing settled becomes `int`: no value depends on it."""
    t = prune(t)
    if isinstance(t, Con):
        return con(t.name, *(zonk(a) for a in t.args)) if t.args else t
    if isinstance(t, Fun):
        return fun((zonk(p) for p in t.params), zonk(t.result))
    if isinstance(t, Rec):
        return rec((name, zonk(f)) for name, f in t.fields)
    if type(t) is Var:
        t.ref = INT
        return INT
    return t


def contains_bad(t: Type) -> bool:
    """Whether an error that has been reported is inside `t`."""
    t = prune(t)
    return t is BAD or any(contains_bad(p) for p in parts(t))
