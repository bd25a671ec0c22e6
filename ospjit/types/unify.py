"""Inference variables, unification, and the way from inferred types to the interned ones of the core tree.

Hindley-Milner with levels (Rémy 1992, "Extension of ML type system with a sorted equational theory on
types"): a variable belongs to the level of the innermost function group in whose types it may still be
generalised, and unification lowers levels instead of searching environments. Types under inference are the
classes of `types.types`, made without interning, with `Var` among them. Nothing here reports; failures are
values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        for found in _inside(t):
            if type(found) is Var:
                if found is var:
                    return False
                if found.level > var.level:
                    if self._trail is not None:
                        self._trail.append((found, found, found.level))
                    found.level = var.level
        return True

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


def _inside(t: Type) -> Iterator[Type]:
    """`t` and all types in it, pruned, each once: types share parts, and as trees they may be enormous."""
    t = prune(t)
    yield t
    if type(t) is Var or not parts(t):
        return
    seen = {id(t)}
    work = [*reversed(parts(t))]
    while work:
        t = prune(work.pop())
        if id(t) not in seen:
            seen.add(id(t))
            yield t
            work.extend(reversed(parts(t)))


def replace(t: Type, mapping: Mapping[str, Type]) -> Type:
    """`t` with parameters replaced by name; parts without any are kept as they are."""
    return _replace(t, mapping, {})


def _replace(t: Type, mapping: Mapping[str, Type], done: dict[int, Type]) -> Type:
    t = prune(t)
    if isinstance(t, Param):
        return mapping.get(t.name, t)
    inside = parts(t)
    if not inside:
        return t
    made = done.get(id(t))
    if made is None:
        new = tuple(_replace(p, mapping, done) for p in inside)
        same = all(a is b for a, b in zip(new, inside, strict=True))
        made = done[id(t)] = t if same else _rebuilt(t, new)
    return made


def _rebuilt(t: Type, inside: tuple[Type, ...]) -> Type:
    """A type with other parts, not interned."""
    if isinstance(t, Con):
        return Con(t.name, inside)
    if isinstance(t, Fun):
        return Fun(inside[:-1], inside[-1])
    assert isinstance(t, Rec)
    return Rec(tuple((name, part) for (name, _), part in zip(t.fields, inside, strict=True)))


def variables(t: Type, found: dict[Var, None]) -> None:
    """Add the unresolved variables of `t` to `found`, in order."""
    found.update((v, None) for v in _inside(t) if type(v) is Var)


def parameters(t: Type, found: dict[str, None]) -> None:
    """Add the names of the parameters in `t` to `found`, in order."""
    found.update((p.name, None) for p in _inside(t) if isinstance(p, Param))


#: How many names a type may have, written out. Types share their parts; what is made of them does not always.
MAX_TYPE = 5_000


class Settling:
    """From types under inference to interned ones, each part once."""

    __slots__ = ("_done",)

    def __init__(self) -> None:
        self._done: dict[int, tuple[Type, Type]] = {}

    def zonk(self, t: Type) -> Type:
        """The interned type without variables. What nothing settled becomes `int`: no value depends on it."""
        known = self._done.get(id(t))
        if known is not None:
            return known[1]
        given, t = t, prune(t)
        if isinstance(t, Con):
            made: Type = con(t.name, *map(self.zonk, t.args))
        elif isinstance(t, Fun):
            made = fun(map(self.zonk, t.params), self.zonk(t.result))
        elif isinstance(t, Rec):
            made = rec((name, self.zonk(f)) for name, f in t.fields)
        elif type(t) is Var:
            t.ref = made = INT
        else:
            made = t
        self._done[id(given)] = (given, made)  # keeps `given` alive, so that its id stays its own
        return made


def is_larger(t: Type, limit: int) -> bool:
    """Whether a type, written out, has more names than `limit`."""
    work = [t]
    count = 0
    while work:
        count += 1
        if count > limit:
            return True
        work.extend(parts(prune(work.pop())))
    return False


def contains_bad(t: Type) -> bool:
    """Whether an error that has been reported is inside `t`."""
    return any(p is BAD for p in _inside(t))
