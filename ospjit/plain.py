"""Classes of plain data, made quickly: the many node classes of the trees.

`dataclasses` writes and compiles several methods for each class when its module is imported, which is most of
what importing a tree of a hundred classes costs, and every start of the compiler pays for it. This is
`dataclass(slots=True, eq=False)` in all that its users see, except that a class gets its `__init__` when the
first object is made. Type checkers are told that it is the standard one; see the imports of its users.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NOTHING: Any = object()


class Field:
    """One field of a class: its name, and what it holds if nothing is given."""

    __slots__ = ("default", "default_factory", "name")

    def __init__(self, default: Any = _NOTHING, default_factory: Any = _NOTHING) -> None:
        self.name = ""
        self.default = default
        self.default_factory = default_factory


def field(*, default: Any = _NOTHING, default_factory: Any = _NOTHING) -> Any:
    """A default that is a value, or a function that makes one."""
    return Field(default, default_factory)


def fields(node: Any) -> tuple[Field, ...]:
    """The fields of a class or of an object of one, those of its bases first."""
    found: tuple[Field, ...] = node.__plain_fields__
    return found


def dataclass(*, slots: bool, eq: bool) -> Callable[[type], type]:
    """A class with these fields, equal only to itself."""
    assert slots and not eq
    return _made


def _made(cls: type) -> type:
    own = []
    namespace = dict(cls.__dict__)
    for name in cls.__annotations__:
        default = namespace.pop(name, _NOTHING)
        each = default if isinstance(default, Field) else Field(default)
        each.name = name
        own.append(each)
    inherited = {f.name: f for f in getattr(cls, "__plain_fields__", ())}
    for each in own:
        inherited[each.name] = each
    every = tuple(inherited.values())
    bases_have = {f.name for f in getattr(cls, "__plain_fields__", ())}
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    namespace["__slots__"] = tuple(f.name for f in own if f.name not in bases_have)
    namespace["__plain_fields__"] = every
    namespace["__match_args__"] = tuple(f.name for f in every)
    namespace.setdefault("__repr__", _repr)
    made: type = type(cls)(cls.__name__, cls.__bases__, namespace)
    if "__init__" not in namespace:
        _init_later(made, every)
    return made


def _init_later(made: type, every: tuple[Field, ...]) -> None:
    def __init__(self: Any, *args: Any, **named: Any) -> None:
        initialise = _initialiser(made.__qualname__, every)
        made.__init__ = initialise  # type: ignore[misc]
        initialise(self, *args, **named)

    made.__init__ = __init__  # type: ignore[misc]


def _initialiser(title: str, every: tuple[Field, ...]) -> Callable[..., None]:
    """A method that takes the fields as parameters and stores them."""
    around: dict[str, Any] = {"_NOTHING": _NOTHING}
    parameters, body = ["self"], []
    for each in every:
        name = each.name
        if each.default_factory is not _NOTHING:
            around[f"make_{name}"] = each.default_factory
            parameters.append(f"{name}=_NOTHING")
            body.append(f" self.{name} = make_{name}() if {name} is _NOTHING else {name}")
            continue
        if each.default is not _NOTHING:
            around[f"default_{name}"] = each.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f" self.{name} = {name}")
    exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or " pass"), around)
    made: Callable[..., None] = around["__init__"]
    made.__qualname__ = f"{title}.__init__"
    return made


def _repr(self: Any) -> str:
    parts = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self))
    return f"{type(self).__qualname__}({parts})"
