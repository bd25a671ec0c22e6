"""Built-in functions for the reference interpreter, each as directly as Python says it.

Covers what needs no system: strings, lists, maps, iterators, numbers. Failure messages are those
of LANGUAGE §8.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cmp_to_key
from itertools import islice
from typing import Any

from tests.reference.values import Data, Lazy, equal, failed, show, success

MIN, MAX = -(2**63), 2**63 - 1


def in_range(value: int) -> Data:
    """A checked integer."""
    return success(value) if MIN <= value <= MAX else failed("integer overflow")


def _index(xs: Any, i: int) -> Data:
    if 0 <= i < len(xs):
        return success(xs[i])
    return failed(f"index out of bounds: {i} (length {len(xs)})")


def _index_of(s: bytes, what: bytes) -> Data:
    at = s.find(what)
    return success(at) if at >= 0 else failed("indexOf: substring not found")


def _split(s: bytes, separator: bytes) -> Data:
    if not separator:
        return failed("split: separator must not be empty")
    return success(tuple(s.split(separator)))


def _find(xs: Any, f: Any) -> Data:
    for x in xs:
        if f.call(x):
            return success(x)
    return failed("listFind: no element satisfies it")


def _fold(xs: Any, init: Any, f: Any) -> Any:
    for x in xs:
        init = f.call(init, x)
    return init


def _for_each(xs: Any, f: Any) -> None:
    for x in xs:
        f.call(x)


def _sort(xs: Any, compare: Any) -> Any:
    return tuple(sorted(xs, key=cmp_to_key(lambda a, b: compare.call(a, b))))


def _int_div(a: int, b: int) -> Data:
    if b == 0:
        return failed("division by zero")
    quotient = abs(a) // abs(b)
    return in_range(quotient if (a < 0) == (b < 0) else -quotient)


def _abs(n: Any) -> Data:
    return in_range(abs(n)) if isinstance(n, int) else success(abs(n))


def _like(xs: Any, start: Callable[[], Iterator[Any]]) -> Any:
    """A list of a list, an iterator of an iterator."""
    return tuple(start()) if isinstance(xs, tuple) else Lazy(start)


def _take(xs: Any, n: int) -> Any:
    return Lazy(lambda: islice(iter(xs), max(n, 0))) if isinstance(xs, Lazy) else xs[: max(n, 0)]


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\x1b": "\\e"}


def _utf8(s: bytes) -> str:
    """Code points; bytes that are none become surrogates, one each."""
    return s.decode(errors="surrogateescape")


def _excerpt(s: bytes) -> str:
    """The beginning of a string in a message: control characters escaped, cut between two code points."""
    shown = b""
    for at in range(len(s)):
        if len(shown) >= 326 and not (s[at] & 0xC0 == 0x80 and len(shown) < 329):
            return _utf8(shown) + "..."
        c = chr(s[at])
        control = c < " " or c == "\x7f"
        shown += (_ESCAPES.get(c) or f"\\u{{{s[at]:02x}}}").encode() if control else s[at : at + 1]
    return _utf8(shown)


def _starts(s: bytes, at: int) -> bool:
    return s[at] & 0xC0 != 0x80


def _code_point_at(s: bytes, at: int) -> Data:
    if not 0 <= at < len(s):
        return _index(s, at)
    if not _starts(s, at):
        return failed(f"codePointAt: no character starts at byte {at}")
    return success(ord(s[at : at + _width(s[at])].decode()))


def character(s: bytes, at: int) -> Data:
    """The character that starts at a byte."""
    if not _starts(s, at):
        return failed(f"index: no character starts at byte {at}")
    return success(s[at : at + _width(s[at])])


def _width(lead: int) -> int:
    return 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _code_point(name: str, use: Callable[[bytes], Any]) -> Callable[[int], Data]:
    def call(c: int) -> Data:
        if not 0 <= c <= 0x10FFFF or 0xD800 <= c <= 0xDFFF:
            return failed(f"{name}: not a code point: {c}")
        return success(use(chr(c).encode()))

    return call


def _substring(s: bytes, start: int, end: int) -> Data:
    for at in (start, end):
        if not 0 <= at <= len(s):
            return failed(f"index out of bounds: {at} (length {len(s)})")
    return success(s[start:end]) if start <= end else failed(f"substring: start {start} is after end {end}")


def _replace(s: bytes, what: bytes, with_: bytes) -> Data:
    if not what:
        return failed("replace: text to replace must not be empty")
    return success(s.replace(what, with_))


_LARGE = 1 << 24


def _repeat(s: bytes, n: int) -> Data:
    if n < 0:
        return failed(f"repeat: count must not be negative: {n}")
    if len(s) * n > _LARGE:
        return failed("repeat: result is too large")
    return success(s * n)


def _pad(name: str, at_start: bool) -> Callable[[bytes, int, bytes], Data]:
    """The width counts characters; the fill is repeated and cut."""

    def call(s: bytes, n: int, fill: bytes) -> Data:
        if not fill:
            return failed(f"{name}: fill must not be empty")
        if n > _LARGE:
            return failed(f"{name}: result is too large")
        missing = max(n - len(s), 0)
        padding = (fill * missing)[:missing]
        return success(padding + s if at_start else s + padding)

    return call


def _parse_int(s: bytes) -> Data:
    if not re.fullmatch(rb"[+-]?[0-9]+", s):
        return failed(f'parseInt: not an integer: "{_excerpt(s)}"')
    return success(int(s)) if MIN <= int(s) <= MAX else failed("parseInt: integer overflow")


def _parse_float(s: bytes) -> Data:
    if s in (b"inf", b"-inf", b"nan"):
        return success(float(s))
    if not re.fullmatch(rb"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", s):
        return failed(f'parseFloat: not a number: "{_excerpt(s)}"')
    return success(float(s)) if math.isfinite(float(s)) else failed("parseFloat: too large for a float")


def _lines(s: bytes) -> tuple[bytes, ...]:
    parts = s.split(b"\n")
    if not parts[-1]:
        parts.pop()
    return tuple(p.removesuffix(b"\r") for p in parts)


def _set(xs: Any, i: int, v: Any) -> Data:
    return success((*xs[:i], v, *xs[i + 1 :])) if 0 <= i < len(xs) else _index(xs, i)


def _round(x: float) -> float:
    """Half away from zero."""
    return float(math.copysign(math.floor(abs(x) + 0.5), x)) if abs(x) < 2**52 else x


def _float_to_float(f: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(f(x)), x) if abs(x) < 2**52 else x


_JSON = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _json_escape(s: bytes) -> bytes:
    text = re.sub("[\ud800-\udfff]", "\ufffd", _utf8(s))
    return "".join(_JSON.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in text).encode()


_WHITE = b" \t\n\r\v\f"

LIBRARY: dict[str, Callable[..., Any]] = {
    "toString": lambda v: show(v),
    "length": len,
    "byteLength": len,
    "isEmpty": lambda s: not s,
    "contains": lambda s, what: what in s,
    "startsWith": lambda s, p: s.startswith(p),
    "endsWith": lambda s, p: s.endswith(p),
    "indexOf": _index_of,
    "byteAt": lambda s, i: _index(s, i),
    "codePointAt": _code_point_at,
    "codePointWidth": _code_point("codePointWidth", len),
    "fromCodePoint": _code_point("fromCodePoint", bytes),
    "substring": _substring,
    "replace": _replace,
    "repeat": _repeat,
    "reverse": lambda s: _utf8(s)[::-1].encode(errors="surrogateescape"),
    "padStart": _pad("padStart", True),
    "padEnd": _pad("padEnd", False),
    "parseInt": _parse_int,
    "parseFloat": _parse_float,
    "lines": _lines,
    "jsonEscape": _json_escape,
    "drop": lambda s, n: s[max(n, 0) :],
    "take": _take,
    "split": _split,
    "join": lambda parts, separator: separator.join(parts),
    "words": lambda s: tuple(s.split()),
    "toUpperCase": lambda s: s.upper(),
    "toLowerCase": lambda s: s.lower(),
    "trim": lambda s: s.strip(_WHITE),
    "trimStart": lambda s: s.lstrip(_WHITE),
    "trimEnd": lambda s: s.rstrip(_WHITE),
    "List": lambda: (),
    "listLength": len,
    "listGet": _index,
    "listSet": _set,
    "listAppend": lambda xs, v: (*xs, v),
    "listPrepend": lambda xs, v: (v, *xs),
    "listConcat": lambda xs, ys: xs + ys,
    "listReverse": lambda xs: xs[::-1],
    "listContains": lambda xs, v: any(equal(x, v) for x in xs),
    "listDrop": lambda xs, n: xs[max(n, 0) :],
    "listTake": lambda xs, n: xs[: max(n, 0)],
    "listSort": _sort,
    "listFind": _find,
    "listZip": lambda xs, ys, f: tuple(f.call(x, y) for x, y in zip(xs, ys, strict=False)),
    "forEachList": _for_each,
    "mapList": lambda xs, f: tuple(f.call(x) for x in xs),
    "filterList": lambda xs, f: tuple(x for x in xs if f.call(x)),
    "foldList": _fold,
    "Map": dict,
    "mapLength": len,
    "mapGet": lambda m, k: success(m[k]) if k in m else failed(f"mapGet: key not found: {_excerpt(show(k))}"),
    "mapSet": lambda m, k, v: {**m, k: v},
    "mapRemove": lambda m, k: {key: v for key, v in m.items() if key != k},
    "mapContains": lambda m, k: k in m,
    "mapKeys": lambda m: tuple(m),
    "mapValues": lambda m: tuple(m.values()),
    "mapMerge": lambda m, other: {**m, **other},
    "mapEntries": lambda m, f: tuple(f.call(k, v) for k, v in m.items()),
    "range": lambda a, b: Lazy(lambda: iter(range(a, b))),
    "map": lambda xs, f: _like(xs, lambda: (f.call(x) for x in xs)),
    "filter": lambda xs, f: _like(xs, lambda: (x for x in xs if f.call(x))),
    "forEach": _for_each,
    "fold": _fold,
    "toList": tuple,
    "abs": _abs,
    "intDiv": _int_div,
    "checkedAdd": lambda a, b: in_range(a + b),
    "checkedSub": lambda a, b: in_range(a - b),
    "checkedMul": lambda a, b: in_range(a * b),
    "toFloat": float,
    "floor": _float_to_float(math.floor),
    "ceil": _float_to_float(math.ceil),
    "round": _round,
    "pow": lambda x, y: x**y,
    "min": min,
    "max": max,
    "sqrt": lambda x: success(math.sqrt(x)) if x >= 0 else failed("sqrt: negative number"),
}
