"""Values of the reference interpreter, how they compare and how they print.

`int`, `float`, `bool` are themselves, `string` is `bytes`, `Unit` is `None`, a list is a `tuple`, a map a
`dict`. Immutable throughout, so sharing needs no thought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ospjit.types.types import Type


@dataclass(frozen=True)
class Data:
    """A record, a variant or a Result. `names` are the field names, or None for a positional payload;
    `title` is empty for an anonymous record."""

    title: str
    names: tuple[str, ...] | None
    fields: tuple[Any, ...]

    def field(self, name: str) -> Any:
        """The value of one named field."""
        assert self.names is not None
        return self.fields[self.names.index(name)]


@dataclass(frozen=True)
class Erased:
    """A value of type `any`, with its run-time type."""

    type: Type
    value: Any


@dataclass(frozen=True)
class Closure:
    """A function value."""

    call: Callable[..., Any]


@dataclass(frozen=True)
class Lazy:
    """An iterator: what it yields is made when it is asked for, each time anew."""

    start: Callable[[], Iterator[Any]]

    def __iter__(self) -> Iterator[Any]:
        return self.start()


def success(value: Any) -> Data:
    """A `Success`."""
    return Data("Success", None, (value,))


def failure(message: Any) -> Data:
    """An `Error`."""
    return Data("Error", None, (message,))


def failed(message: str) -> Data:
    """An `Error` with a message of a built-in, bytes that are no UTF-8 as surrogates."""
    return failure(message.encode(errors="surrogateescape"))


def is_result(value: Any) -> bool:
    """Whether a value is a `Success` or an `Error` (programs of the tests declare no such variants)."""
    return isinstance(value, Data) and value.title in ("Success", "Error") and value.names is None


def show(value: Any, nested: bool = False) -> bytes:
    """The rendering of LANGUAGE §8: strings are quoted when they are inside something else."""
    if value is None:
        return b"()"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (int, float)):
        return repr(value).encode()
    if isinstance(value, bytes):
        return _quoted(value) if nested else value
    if isinstance(value, tuple):
        return b"[" + b", ".join(show(v, True) for v in value) + b"]"
    if isinstance(value, dict):
        return b"{" + b", ".join(show(k, True) + b": " + show(v, True) for k, v in value.items()) + b"}"
    if isinstance(value, Erased):
        return show(value.value, nested)
    assert isinstance(value, Data), value
    return _show_data(value, nested)


_ESCAPES = {b'"'[0]: b'\\"', b"\\"[0]: b"\\\\", 10: b"\\n", 13: b"\\r", 9: b"\\t", 27: b"\\e", 0: b"\\0"}


def _quoted(text: bytes) -> bytes:
    """A string as a literal of the language."""
    return b'"' + b"".join(_ESCAPES.get(c) or _plain(c) for c in text) + b'"'


def _plain(c: int) -> bytes:
    return b"\\u{%02x}" % c if c < 32 or c == 127 else bytes((c,))


def _show_data(value: Data, nested: bool) -> bytes:
    title = value.title.encode()
    if is_result(value):
        return title + b"(" + show(value.fields[0], nested) + b")"
    if not value.fields:
        return title
    if value.names is None:
        return title + b"(" + b", ".join(show(f, True) for f in value.fields) + b")"
    pairs = zip(value.names, value.fields, strict=True)
    inner = b", ".join(name.encode() + b": " + show(f, True) for name, f in pairs)
    return (title + b" " if title else b"") + b"{ " + inner + b" }"


def equal(a: Any, b: Any) -> bool:
    """Structural equality; numbers of both kinds compare by value, `nan` equals nothing."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, Data) and isinstance(b, Data):
        return a.title == b.title and all(map(equal, a.fields, b.fields))
    return bool(a == b)
