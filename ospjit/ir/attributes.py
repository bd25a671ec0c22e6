"""Attributes: the compile-time constants that stand on operations. Immutable, hashable, equal by value.

`attribute(x)` turns a plain Python value into an attribute and `attr.plain` turns it back, so that most code
never names these classes. `str(attr)` is the MLIR spelling. An attribute must never refer to a value or an
operation: uses are counted on operands only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ospjit.ir import literals
from ospjit.ir.types import FloatType, IndexType, IntegerType, Type, f64, i1, i64


class Attribute:
    """Base of all attributes. Treat the fields of every attribute as read-only."""

    __slots__ = ()

    def _key(self) -> object:
        """What makes two attributes of one class equal."""
        raise NotImplementedError

    @property
    def plain(self) -> object:
        """The attribute as a plain Python value."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Attribute) or type(self) is not type(other):
            return False
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __repr__(self) -> str:
        return f"<attr {self}>"


class IntAttr(Attribute):
    """An integer of type `type` (`iN` or `index`), kept as the signed number of those bits.

    `IntAttr(…, i1)` is a `BoolAttr`. Raises `ValueError` when the number does not fit.
    """

    __slots__ = ("type", "value")

    value: int
    type: IntegerType | IndexType

    def __new__(cls, value: int, type: IntegerType | IndexType = i64) -> IntAttr:
        if type is i1:
            return BoolAttr(bool(value))
        width = type.width if isinstance(type, IntegerType) else 64
        limit = 1 << (width - 1)
        if not -limit <= value < 2 * limit:
            raise ValueError(f"{value} does not fit {type}")
        self = object.__new__(cls)
        self.value = int(value) if value < limit else value - 2 * limit
        self.type = type
        return self

    def _key(self) -> object:
        return (self.value, self.type)

    @property
    def plain(self) -> int:
        return self.value

    def __str__(self) -> str:
        return f"{self.value} : {self.type.text}"


class BoolAttr(IntAttr):
    """A truth value: the integer attribute of type `i1`."""

    __slots__ = ()

    def __new__(cls, value: bool) -> BoolAttr:
        self = object.__new__(cls)
        self.value = bool(value)
        self.type = i1
        return self

    @property
    def plain(self) -> bool:
        return bool(self.value)

    def __str__(self) -> str:
        return "true" if self.value else "false"


class FloatAttr(Attribute):
    """A floating-point number. Equal by bits: `-0.0` is not `0.0`, and a NaN equals itself."""

    __slots__ = ("type", "value")

    value: float
    type: FloatType

    def __init__(self, value: float, type: FloatType = f64) -> None:
        self.value = literals.rounded(value, type.width)
        self.type = type

    def _key(self) -> object:
        return (literals.float_bits(self.value, self.type.width), self.type)

    @property
    def plain(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{literals.format_float(self.value, self.type.width)} : {self.type.text}"


class StringAttr(Attribute):
    """Text or bytes. `value` is text in which bytes outside UTF-8 are surrogates; `data` is the bytes."""

    __slots__ = ("value",)

    value: str

    def __init__(self, value: str | bytes) -> None:
        if isinstance(value, str):
            if value.isascii():
                self.value = value
                return
            value = literals.bytes_from_text(value)
        self.value = literals.text_from_bytes(value)

    @property
    def data(self) -> bytes:
        return literals.bytes_from_text(self.value)

    def _key(self) -> object:
        return self.value

    @property
    def plain(self) -> str:
        return self.value

    def __str__(self) -> str:
        return literals.quote(self.value)


class UnitAttr(Attribute):
    """An attribute that is there or not; its plain value is `True`."""

    __slots__ = ()

    def _key(self) -> object:
        return ()

    @property
    def plain(self) -> bool:
        return True

    def __str__(self) -> str:
        return "unit"


class TypeAttr(Attribute):
    """A type as an attribute."""

    __slots__ = ("type",)

    type: Type

    def __init__(self, type: Type) -> None:
        self.type = type

    def _key(self) -> object:
        return self.type

    @property
    def plain(self) -> Type:
        return self.type

    def __str__(self) -> str:
        return self.type.text


class SymbolRefAttr(Attribute):
    """A reference to the symbol `name` of the enclosing module, `@name`. Its plain value is the name."""

    __slots__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def _key(self) -> object:
        return self.name

    @property
    def plain(self) -> str:
        return self.name

    def __str__(self) -> str:
        return literals.symbol(self.name)


class ArrayAttr(Attribute):
    """A sequence of attributes, `[1 : i64, "a"]`. Its plain value is the tuple of plain values."""

    __slots__ = ("items",)

    items: tuple[Attribute, ...]

    def __init__(self, items: Iterable[object]) -> None:
        self.items = tuple([attribute(item) for item in items])

    def _key(self) -> object:
        return self.items

    @property
    def plain(self) -> tuple[object, ...]:
        return tuple([item.plain for item in self.items])

    def __str__(self) -> str:
        return "[" + ", ".join(map(str, self.items)) + "]"


class DictAttr(Attribute):
    """Named attributes, `{a = 1 : i64}`, kept sorted by name. Its plain value is a dict of plain values."""

    __slots__ = ("items",)

    items: tuple[tuple[str, Attribute], ...]

    def __init__(self, items: Mapping[str, object]) -> None:
        self.items = tuple([(name, attribute(items[name])) for name in sorted(items)])

    def _key(self) -> object:
        return self.items

    @property
    def plain(self) -> dict[str, object]:
        return {name: item.plain for name, item in self.items}

    def __str__(self) -> str:
        return dictionary_text(self.items)


class DenseArrayAttr(Attribute):
    """Numbers of one integer type, `array<i32: 1, 2>`. Its plain value is the tuple of them."""

    __slots__ = ("element_type", "values")

    element_type: IntegerType
    values: tuple[int, ...]

    def __init__(self, element_type: str | IntegerType, values: Iterable[int]) -> None:
        if isinstance(element_type, str):
            element_type = IntegerType(int(element_type.removeprefix("i")))
        self.element_type = element_type
        self.values = _fitting(values, element_type)

    def _key(self) -> object:
        return (self.element_type, self.values)

    @property
    def plain(self) -> tuple[int, ...]:
        return self.values

    def __str__(self) -> str:
        if not self.values:
            return f"array<{self.element_type.text}>"
        return f"array<{self.element_type.text}: {', '.join(map(str, self.values))}>"


class DenseIntElementsAttr(Attribute):
    """Integers of one type as a one-dimensional tensor, `dense<[1, 2]> : tensor<2xi64>`, as `cf.switch` has.

    Its plain value is the tuple of them.
    """

    __slots__ = ("element_type", "values")

    element_type: IntegerType
    values: tuple[int, ...]

    def __init__(self, element_type: IntegerType, values: Iterable[int]) -> None:
        self.element_type = element_type
        self.values = _fitting(values, element_type)

    def _key(self) -> object:
        return (self.element_type, self.values)

    @property
    def plain(self) -> tuple[int, ...]:
        return self.values

    def __str__(self) -> str:
        if not self.values:
            body = ""
        elif len(set(self.values)) == 1:
            body = str(self.values[0])
        else:
            body = f"[{', '.join(map(str, self.values))}]"
        return f"dense<{body}> : tensor<{len(self.values)}x{self.element_type.text}>"


def _fitting(values: Iterable[int], type: IntegerType) -> tuple[int, ...]:
    """`values` as a tuple. Raises `ValueError` if one is outside the signed range of `type`."""
    values = tuple(values)
    limit = 1 << (type.width - 1)
    for value in values:
        if not -limit <= value < limit:
            raise ValueError(f"{value} does not fit {type}")
    return values


UNIT = UnitAttr()


def dictionary_text(items: Iterable[tuple[str, Attribute]]) -> str:
    """An attribute dictionary in MLIR's spelling; a unit attribute is its bare name."""
    entries = []
    for name, item in items:
        key = literals.attribute_name(name)
        entries.append(key if type(item) is UnitAttr else f"{key} = {item}")
    return "{" + ", ".join(entries) + "}"


def attribute(value: object) -> Attribute:
    """`value` as an attribute: attributes as they are, plain Python values and types wrapped.

    int -> `IntAttr` of i64, bool, float -> f64, str and bytes -> `StringAttr`, `Type` -> `TypeAttr`,
    tuple and list -> `ArrayAttr`, dict -> `DictAttr`. A symbol reference is spelled `SymbolRefAttr(name)`.
    """
    if isinstance(value, Attribute):
        return value
    if isinstance(value, str):
        return StringAttr(value)
    if isinstance(value, bool):
        return BoolAttr(value)
    if isinstance(value, int):
        return IntAttr(value)
    if isinstance(value, Type):
        return TypeAttr(value)
    if isinstance(value, float):
        return FloatAttr(value)
    if isinstance(value, (tuple, list)):
        return ArrayAttr(value)
    if isinstance(value, dict):
        return DictAttr(value)
    if isinstance(value, bytes):
        return StringAttr(value)
    raise TypeError(f"no attribute stands for {value!r}")
