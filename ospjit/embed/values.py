"""Values of Python as values of the language and back: one codec for each type that crosses.

A codec packs a value into bytes, as the functions that `bridge` generates read them, and unpacks what those
write. Text is UTF-8; bytes that are not are kept by surrogate escapes. Nothing here knows the runtime but for
function values, which are `callbacks`' business.
"""

from __future__ import annotations

import ctypes
import operator
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ospjit.embed.externs import C_FUNCTION
from ospjit.embed.message import decode
from ospjit.embed.results import Error, Success
from ospjit.types.types import BOOL, ERROR_TYPES, FLOAT, INT, PTR, STRING, UNIT, Con, Fun, Type

if TYPE_CHECKING:
    from ospjit.embed.declared import Declared

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_INT, _FLOAT = struct.Struct("=q"), struct.Struct("=d")


class Mismatch(Exception):
    """A value that is not of the wanted type; containers add where in them it is."""

    def __init__(self, expected: str, value: object, too_large: bool = False) -> None:
        super().__init__(expected)
        self.expected, self.value, self.too_large = expected, value, too_large
        self.path = ""

    def inside(self, step: str) -> Mismatch:
        """The same, `step` further out."""
        self.path = step + self.path
        return self

    def error(self, what: str) -> Exception:
        """What is raised: `what` names the value, like "argument 'x' of 'f'"."""
        where = what + (f", at {self.path}," if self.path else "")
        if self.too_large:
            return OverflowError(f"{where} does not fit in an int of 64 bits: {_shown(self.value)}")
        return TypeError(f"{where} must be {self.expected}, not {type(self.value).__name__}")


def _shown(value: object) -> str:
    try:
        text = str(value)
    except ValueError:  # more digits than Python likes to print
        return "a number of very many digits"
    return text if len(text) <= 40 else f"{text[:37]}..."


class Reader:
    """What remains to be unpacked."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        """The next number."""
        (value,) = _INT.unpack_from(self.data, self.at)
        self.at += 8
        return int(value)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self.at += count
        return self.data[self.at - count : self.at]


class Codec:
    """Conversion of the values of one type. `text` is the type as programs write it, `hint` what annotations
    of Python say."""

    text: str
    hint: Any

    def pack(self, value: Any, out: bytearray) -> None:
        """Append a value. Raises Mismatch."""
        raise NotImplementedError

    def unpack(self, reader: Reader) -> Any:
        """The next value."""
        raise NotImplementedError

    def packed(self, value: Any, what: str) -> bytes:
        """The bytes of one value. Raises TypeError or OverflowError that call it `what`."""
        out = bytearray()
        try:
            self.pack(value, out)
        except Mismatch as error:
            raise error.error(what) from None
        return bytes(out)


class IntCodec(Codec):
    """`int`: whatever has an `__index__` and is no bool."""

    text, hint = "int", int

    def convert(self, value: Any) -> int:
        """The number. Raises Mismatch."""
        if type(value) is not int:
            if isinstance(value, bool) or not hasattr(value, "__index__"):
                raise Mismatch("int", value)
            value = operator.index(value)
        if not INT_MIN <= value <= INT_MAX:
            raise Mismatch("int", value, too_large=True)
        return int(value)

    def pack(self, value: Any, out: bytearray) -> None:
        out += _INT.pack(self.convert(value))

    def unpack(self, reader: Reader) -> int:
        return reader.number()


class FloatCodec(Codec):
    """`float`: also ints, and what has a `__float__`, but no bool and no text."""

    text, hint = "float", float

    def convert(self, value: Any) -> float:
        """The number. Raises Mismatch."""
        if type(value) is float:
            return value
        if isinstance(value, bool) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
            raise Mismatch("float", value)
        try:
            return float(value)
        except OverflowError:
            raise Mismatch("float", value, too_large=True) from None

    def pack(self, value: Any, out: bytearray) -> None:
        out += _FLOAT.pack(self.convert(value))

    def unpack(self, reader: Reader) -> float:
        (value,) = _FLOAT.unpack_from(reader.data, reader.at)
        reader.at += 8
        return float(value)


class BoolCodec(Codec):
    """`bool`: True and False, also those of NumPy."""

    text, hint = "bool", bool

    def convert(self, value: Any) -> bool:
        """The truth value. Raises Mismatch."""
        if type(value) is bool:
            return value
        if type(value).__name__ in ("bool_", "bool") and type(value).__module__ == "numpy":
            return bool(value)
        raise Mismatch("bool", value)

    def pack(self, value: Any, out: bytearray) -> None:
        out += _INT.pack(self.convert(value))

    def unpack(self, reader: Reader) -> bool:
        return reader.number() != 0


class StringCodec(Codec):
    """`string`: str or bytes in, str out."""

    text, hint = "string", str

    def pack(self, value: Any, out: bytearray) -> None:
        if isinstance(value, str):
            try:
                data: bytes | memoryview = value.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                data = value.encode("utf-8", "surrogatepass")
        elif isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
        else:
            raise Mismatch("str or bytes", value)
        out += _INT.pack(len(data))
        out += data

    def unpack(self, reader: Reader) -> str:
        return decode(reader.take(reader.number()))


class PtrCodec(Codec):
    """`Ptr`: an address; None is the null pointer; arrays and ctypes objects stand for where they begin."""

    text, hint = "Ptr", int

    def convert(self, value: Any) -> int:
        """The address. Raises Mismatch."""
        address = _address(value)
        if address is None:
            raise Mismatch("an address, None, an array that lies in one piece, or a ctypes object", value)
        return address

    def pack(self, value: Any, out: bytearray) -> None:
        out += struct.pack("=Q", self.convert(value))

    def unpack(self, reader: Reader) -> int:
        return reader.number() & (2**64 - 1)


def _address(value: Any) -> int | None:
    """Where an object that stands for memory begins; None if it stands for none."""
    if value is None:
        return 0
    if type(value) is int:
        return value if 0 <= value < 2**64 else None
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict):
        return int(interface["data"][0]) if interface.get("strides") is None else None
    if isinstance(value, ctypes.c_void_p):
        return value.value or 0
    if isinstance(value, ctypes._Pointer | C_FUNCTION | ctypes.c_char_p):
        return ctypes.cast(value, ctypes.c_void_p).value or 0
    if isinstance(value, ctypes.Array | ctypes.Structure | ctypes._SimpleCData):
        return ctypes.addressof(value)
    return None


class UnitCodec(Codec):
    """`Unit`: None."""

    text, hint = "Unit", None

    def pack(self, value: Any, out: bytearray) -> None:
        if value is not None:
            raise Mismatch("None", value)

    def unpack(self, reader: Reader) -> None:
        return None


class DroppedCodec(UnitCodec):
    """`Unit` as the result of one of Python's functions: whatever it returns is dropped."""

    def pack(self, value: Any, out: bytearray) -> None:
        return


class ListCodec(Codec):
    """`List<T>`: a list out; a list, a tuple, an array or another sequence in."""

    def __init__(self, item: Codec) -> None:
        self.item = item
        self.text = f"List<{item.text}>"
        self.hint = list[item.hint]  # type: ignore[name-defined]
        self._letter = {"int": "q", "float": "d"}.get(item.text)

    def pack(self, value: Any, out: bytearray) -> None:
        if hasattr(value, "__array_interface__"):
            value = value.tolist()
        if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray | memoryview):
            raise Mismatch("a list", value)
        count = len(value)
        out += _INT.pack(count)
        wanted = int if self._letter == "q" else float
        if self._letter is not None and all(type(item) is wanted for item in value):
            try:
                out += struct.pack(f"={count}{self._letter}", *value)
                return
            except struct.error:  # one of them is too large: which one is found below
                pass
        pack = self.item.pack
        for index, item in enumerate(value):
            try:
                pack(item, out)
            except Mismatch as error:
                raise error.inside(f"[{index}]") from None

    def unpack(self, reader: Reader) -> list[Any]:
        count = reader.number()
        if self._letter is not None:
            items = struct.unpack_from(f"={count}{self._letter}", reader.data, reader.at)
            reader.at += 8 * count
            return list(items)
        unpack = self.item.unpack
        return [unpack(reader) for _ in range(count)]


class MapCodec(Codec):
    """`Map<K, V>`: a dict out, a mapping in."""

    def __init__(self, key: Codec, value: Codec) -> None:
        self.key, self.value = key, value
        self.text = f"Map<{key.text}, {value.text}>"
        self.hint = dict[key.hint, value.hint]  # type: ignore[name-defined]

    def pack(self, value: Any, out: bytearray) -> None:
        if not isinstance(value, Mapping):
            raise Mismatch("a dict", value)
        items = list(value.items())
        out += _INT.pack(len(items))
        for key, item in items:
            try:
                self.key.pack(key, out)
            except Mismatch as error:
                raise error.inside(f"[the key {key!r}]") from None
            try:
                self.value.pack(item, out)
            except Mismatch as error:
                raise error.inside(f"[{key!r}]") from None

    def unpack(self, reader: Reader) -> dict[Any, Any]:
        count = reader.number()
        found = {}
        for _ in range(count):
            key = self.key.unpack(reader)
            found[key] = self.value.unpack(reader)
        return found


class ResultCodec(Codec):
    """`Result<T, E>`: Success or Error."""

    def __init__(self, value: Codec, error: Codec) -> None:
        self.value, self.error = value, error
        self.text = f"Result<{value.text}, {error.text}>"
        self.hint = Success[value.hint] | Error[error.hint]  # type: ignore[name-defined]

    def pack(self, value: Any, out: bytearray) -> None:
        if isinstance(value, Success):
            out += _INT.pack(0)
            self.value.pack(value.value, out)
        elif isinstance(value, Error):
            out += _INT.pack(1)
            self.error.pack(value.message, out)
        else:
            raise Mismatch("ospjit.Success or ospjit.Error", value)

    def unpack(self, reader: Reader) -> Any:
        return Error(self.error.unpack(reader)) if reader.number() else Success(self.value.unpack(reader))


class RecordCodec(Codec):
    """A record, or one variant of a union: an instance of the class made for it. `codecs` is filled in after
    all codecs are made, since types may be recursive."""

    def __init__(self, text: str, made: type, attributes: Sequence[str]) -> None:
        self.text, self.hint = text, made
        self.made = made
        self.attributes = tuple(attributes)
        self.codecs: tuple[Codec, ...] = ()

    def pack(self, value: Any, out: bytearray) -> None:
        if not isinstance(value, self.made):
            raise Mismatch(self.made.__name__, value)
        for name, codec in zip(self.attributes, self.codecs, strict=True):
            try:
                codec.pack(getattr(value, name), out)
            except Mismatch as error:
                raise error.inside(f".{name}") from None

    def unpack(self, reader: Reader) -> Any:
        return self.made(*[codec.unpack(reader) for codec in self.codecs])


class StructuralCodec(RecordCodec):
    """A record type without a name: whatever has the fields, or a mapping with them."""

    def pack(self, value: Any, out: bytearray) -> None:
        for name, codec in zip(self.attributes, self.codecs, strict=True):
            try:
                item = value[name] if isinstance(value, Mapping) else getattr(value, name)
            except (AttributeError, KeyError):
                raise Mismatch(f"a record {self.text}", value) from None
            try:
                codec.pack(item, out)
            except Mismatch as error:
                raise error.inside(f".{name}") from None


class UnionCodec(Codec):
    """A union: an instance of the class of one of its variants."""

    def __init__(self, text: str, made: type, variants: Sequence[RecordCodec]) -> None:
        self.text, self.hint = text, made
        self.variants = tuple(variants)
        self._tags = {v.made: index for index, v in enumerate(variants)}

    def pack(self, value: Any, out: bytearray) -> None:
        tag = self._tags.get(type(value))
        if tag is None:
            raise Mismatch(f"a {self.text}", value)
        if len(self.variants) > 1:
            out += _INT.pack(tag)
        self.variants[tag].pack(value, out)

    def unpack(self, reader: Reader) -> Any:
        tag = reader.number() if len(self.variants) > 1 else 0
        return self.variants[tag].unpack(reader)


class FunctionCodec(Codec):
    """A function value. `give` turns a callable of Python into a number under which compiled code calls it,
    or a function of the same module into its cell; `take` makes a callable of a cell."""

    def __init__(
        self,
        t: Fun,
        params: Sequence[Codec],
        result: Codec,
        give: Callable[[Any, FunctionCodec], tuple[int, int]],
        take: Callable[[int, FunctionCodec], Any],
    ) -> None:
        self.type = t
        self.params = tuple(params)
        self.result = result
        self.text = f"({', '.join(p.text for p in params)}) -> {result.text}"
        self.hint = Callable[[p.hint for p in params], result.hint]
        self._give, self._take = give, take

    def pack(self, value: Any, out: bytearray) -> None:
        if not callable(value):
            raise Mismatch("a function", value)
        kind, number = self._give(value, self)
        out += struct.pack("=qQ", kind, number)

    def unpack(self, reader: Reader) -> Any:
        return self._take(reader.number() & (2**64 - 1), self)


def pack_all(codecs: Iterable[Codec], values: Iterable[Any], names: Sequence[str], function: str) -> bytes:
    """The arguments of a call. Raises TypeError or OverflowError that names the first that is wrong."""
    out = bytearray()
    for index, (codec, value) in enumerate(zip(codecs, values, strict=True)):
        try:
            codec.pack(value, out)
        except Mismatch as error:
            raise error.error(f"argument '{names[index]}' of '{function}' ({codec.text})") from None
    return bytes(out)


class Codecs:
    """The codecs of a module's types, made when first asked for."""

    def __init__(
        self,
        declared: Declared,
        give: Callable[[Any, FunctionCodec], tuple[int, int]],
        take: Callable[[int, FunctionCodec], Any],
    ) -> None:
        self._declared = declared
        self._give, self._take = give, take
        self._made: dict[Type, Codec] = dict(SCALARS)

    def of(self, t: Type) -> Codec:
        """The codec of a type that `bridge` lets cross."""
        found = self._made.get(t)
        if found is None:
            found = self._make(t)
            self._made[t] = found
        return found

    def _make(self, t: Type) -> Codec:
        if isinstance(t, Fun):
            params = [self.of(p) for p in t.params]
            result = _DROPPED if t.result is UNIT else self.of(t.result)
            return FunctionCodec(t, params, result, self._give, self._take)
        if isinstance(t, Con) and t.name == "List":
            return ListCodec(self.of(t.args[0]))
        if isinstance(t, Con) and t.name == "Map":
            return MapCodec(self.of(t.args[0]), self.of(t.args[1]))
        if isinstance(t, Con) and t.name == "Result":
            return ResultCodec(self.of(t.args[0]), self.of(t.args[1]))
        return self._declared.codec(t, self)

    def remember(self, t: Type, codec: Codec) -> None:
        """Make a codec known before the codecs of its fields are made."""
        self._made[t] = codec


#: The codecs that are the same for all modules.
SCALARS: dict[Type, Codec] = {
    INT: IntCodec(),
    FLOAT: FloatCodec(),
    BOOL: BoolCodec(),
    STRING: StringCodec(),
    PTR: PtrCodec(),
    UNIT: UnitCodec(),
    **dict.fromkeys(ERROR_TYPES, StringCodec()),
}
_DROPPED = DroppedCodec()
