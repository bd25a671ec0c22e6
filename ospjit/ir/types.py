"""Types of IR values: immutable, interned, compared by identity.

Two types with the same contents are the same object, so comparing and hashing them costs nothing, and each
keeps its MLIR text, built once from the texts of its parts. The tables hold types weakly: a process that
compiles many programs does not collect the types of the dead ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from weakref import WeakValueDictionary

from ospjit.ir.literals import quote


class Type:
    """Base of all types. `str(type)` is its MLIR spelling; `type.text` is the same string."""

    __slots__ = ("__weakref__", "text")

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<type {self.text}>"


class IntegerType(Type):
    """A signless integer of `width` bits, `iN`. Operations, not types, say how the bits are read."""

    __slots__ = ("width",)
    _table: ClassVar[WeakValueDictionary[int, IntegerType]] = WeakValueDictionary()

    width: int

    def __new__(cls, width: int) -> IntegerType:
        found = cls._table.get(width)
        if found is not None:
            return found
        if not 1 <= width < 1 << 24:
            raise ValueError(f"integer width out of range: {width}")
        self = object.__new__(cls)
        self.width = width
        self.text = f"i{width}"
        return cls._table.setdefault(width, self)

    def __reduce__(self) -> tuple[type[IntegerType], tuple[int]]:
        return IntegerType, (self.width,)


class FloatType(Type):
    """An IEEE 754 binary floating-point number of 32 or 64 bits, `f32` or `f64`."""

    __slots__ = ("width",)
    _table: ClassVar[WeakValueDictionary[int, FloatType]] = WeakValueDictionary()

    width: int

    def __new__(cls, width: int) -> FloatType:
        found = cls._table.get(width)
        if found is not None:
            return found
        if width not in (32, 64):
            raise ValueError(f"float width must be 32 or 64, not {width}")
        self = object.__new__(cls)
        self.width = width
        self.text = f"f{width}"
        return cls._table.setdefault(width, self)

    def __reduce__(self) -> tuple[type[FloatType], tuple[int]]:
        return FloatType, (self.width,)


class IndexType(Type):
    """An integer as wide as a pointer, `index`."""

    __slots__ = ()
    _only: ClassVar[IndexType | None] = None

    def __new__(cls) -> IndexType:
        if cls._only is None:
            self = object.__new__(cls)
            self.text = "index"
            cls._only = self
        return cls._only


class NoneType(Type):
    """The type with one value, `none`."""

    __slots__ = ()
    _only: ClassVar[NoneType | None] = None

    def __new__(cls) -> NoneType:
        if cls._only is None:
            self = object.__new__(cls)
            self.text = "none"
            cls._only = self
        return cls._only


def type_list(types: Iterable[Type]) -> str:
    """`types` between parentheses, the spelling used in function types: `(i64, f64)`."""
    return "(" + ", ".join([t.text for t in types]) + ")"


def results_text(types: tuple[Type, ...]) -> str:
    """`types` as they stand after an arrow: a lone type has no parentheses unless it is a function type."""
    if len(types) == 1 and not isinstance(types[0], FunctionType):
        return types[0].text
    return type_list(types)


class FunctionType(Type):
    """A function from `inputs` to `results`, `(i64, i64) -> i64`."""

    __slots__ = ("inputs", "results")
    _table: ClassVar[WeakValueDictionary[tuple[tuple[Type, ...], tuple[Type, ...]], FunctionType]] = (
        WeakValueDictionary()
    )

    inputs: tuple[Type, ...]
    results: tuple[Type, ...]

    def __new__(cls, inputs: Iterable[Type], results: Iterable[Type]) -> FunctionType:
        key = (tuple(inputs), tuple(results))
        found = cls._table.get(key)
        if found is not None:
            return found
        self = object.__new__(cls)
        self.inputs, self.results = key
        self.text = f"{type_list(self.inputs)} -> {results_text(self.results)}"
        return cls._table.setdefault(key, self)

    def __reduce__(self) -> tuple[type[FunctionType], tuple[tuple[Type, ...], tuple[Type, ...]]]:
        return FunctionType, (self.inputs, self.results)


TypeParameter = Type | str | int


class DialectType(Type):
    """A type of some dialect: `DialectType("osp.result", (i64,))` is `!osp.result<i64>`.

    `name` is `dialect.type`; `params` are types, strings (printed quoted) and integers.
    """

    __slots__ = ("name", "params")
    _table: ClassVar[WeakValueDictionary[tuple[str, tuple[TypeParameter, ...]], DialectType]] = (
        WeakValueDictionary()
    )

    name: str
    params: tuple[TypeParameter, ...]

    def __new__(cls, name: str, params: Iterable[TypeParameter] = ()) -> DialectType:
        key = (name, tuple(params))
        found = cls._table.get(key)
        if found is not None:
            return found
        self = object.__new__(cls)
        self.name, self.params = key
        self.text = f"!{name}<{', '.join(map(_parameter_text, self.params))}>" if self.params else f"!{name}"
        return cls._table.setdefault(key, self)

    def __reduce__(self) -> tuple[type[DialectType], tuple[str, tuple[TypeParameter, ...]]]:
        return DialectType, (self.name, self.params)

    @property
    def dialect(self) -> str:
        """The dialect's name: what stands before the first dot."""
        return self.name.partition(".")[0]


def _parameter_text(parameter: TypeParameter) -> str:
    if isinstance(parameter, Type):
        return parameter.text
    if isinstance(parameter, str):
        return quote(parameter)
    if isinstance(parameter, int) and not isinstance(parameter, bool):
        return str(parameter)
    raise TypeError(f"a type parameter is a type, a string or an integer, not {parameter!r}")


i1 = IntegerType(1)
i8 = IntegerType(8)
i16 = IntegerType(16)
i32 = IntegerType(32)
i64 = IntegerType(64)
f32 = FloatType(32)
f64 = FloatType(64)
index = IndexType()
none = NoneType()
