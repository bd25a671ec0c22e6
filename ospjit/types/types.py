"""Types of checked programs: immutable, interned, compared by identity.

These are what the core tree carries. Inference variables are the checker's private business and never appear
here; a generic function's own parameters do, as `Param`. Nothing here knows machine representations.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping


class Type:
    """A type. Use the constructors `con`, `fun`, `rec` and `param`: equal types are one object."""

    __slots__ = ()


class Con(Type):
    """A named type with arguments: a base type, a prelude type, or a declared record or union."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, args: tuple[Type, ...]) -> None:
        self.name = name
        self.args = args

    def __str__(self) -> str:
        return self.name + (f"<{', '.join(map(str, self.args))}>" if self.args else "")


class Fun(Type):
    """A function type."""

    __slots__ = ("params", "result")

    def __init__(self, params: tuple[Type, ...], result: Type) -> None:
        self.params = params
        self.result = result

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.params))}) -> {self.result}"


class Rec(Type):
    """A structural record type; its fields are sorted by name."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[tuple[str, Type], ...]) -> None:
        self.fields = fields

    def __str__(self) -> str:
        return "{ " + ", ".join(f"{name}: {t}" for name, t in self.fields) + " }"


class Param(Type):
    """A type parameter of the generic function or declaration it stands in."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


_interned: dict[tuple[object, ...], Type] = {}


def _intern(key: tuple[object, ...], made: Type) -> Type:
    return _interned.setdefault(key, made)


def forget_unused() -> None:
    """Forget the types to which only the table here refers, so that a process which compiles many programs
    does not keep the types of them all. Only while nothing is being compiled."""
    before = -1
    while before != len(_interned):  # what a forgotten type was made of may be unused now
        before = len(_interned)
        for key in list(_interned):
            # Referred to by the table and by the argument here.
            if sys.getrefcount(_interned[key]) <= 2:
                del _interned[key]


def con(name: str, *args: Type) -> Con:
    """The named type `name<args…>`."""
    return _intern(("con", name, args), Con(name, args))  # type: ignore[return-value]


def fun(params: Iterable[Type], result: Type) -> Fun:
    """The function type `(params…) -> result`."""
    params = tuple(params)
    return _intern(("fun", params, result), Fun(params, result))  # type: ignore[return-value]


def rec(fields: Mapping[str, Type] | Iterable[tuple[str, Type]]) -> Rec:
    """The structural record with these fields, in any order."""
    items = tuple(sorted(fields.items() if isinstance(fields, Mapping) else fields, key=lambda f: f[0]))
    return _intern(("rec", items), Rec(items))  # type: ignore[return-value]


def param(name: str) -> Param:
    """The type parameter called `name`."""
    return _intern(("param", name), Param(name))  # type: ignore[return-value]


INT = con("int")
FLOAT = con("float")
STRING = con("string")
BOOL = con("bool")
UNIT = con("Unit")
PTR = con("Ptr")
ANY = con("any")
ERROR = con("Error")
MATH_ERROR = con("MathError")
CONSTRUCTION_ERROR = con("ConstructionError")

#: Error types of the built-ins: distinct as type arguments, strings as values.
ERROR_TYPES = frozenset((ERROR, MATH_ERROR, CONSTRUCTION_ERROR))


def list_of(element: Type) -> Con:
    """`List<element>`."""
    return con("List", element)


def map_of(key: Type, value: Type) -> Con:
    """`Map<key, value>`."""
    return con("Map", key, value)


def result_of(value: Type, error: Type) -> Con:
    """`Result<value, error>`."""
    return con("Result", value, error)


def substitute(t: Type, mapping: Mapping[str, Type]) -> Type:
    """`t` with its parameters replaced by name."""
    if isinstance(t, Param):
        return mapping.get(t.name, t)
    if isinstance(t, Con):
        return con(t.name, *(substitute(a, mapping) for a in t.args)) if t.args else t
    if isinstance(t, Fun):
        return fun((substitute(p, mapping) for p in t.params), substitute(t.result, mapping))
    if isinstance(t, Rec):
        return rec((name, substitute(f, mapping)) for name, f in t.fields)
    return t
