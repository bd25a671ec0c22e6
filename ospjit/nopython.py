"""What handlers compiled by numba work with: texts are arrays of bytes, and these functions look into them
and make them. All of them can be called in nopython code, and none touches the interpreter.

A text is a one-dimensional array of `numpy.uint8`; those of a request are only valid while the handler runs.
Where a function says text it also takes bytes, such as `b"/users/"`, and str.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import numba
    from numba import types
    from numba.extending import overload
except ImportError as error:
    raise ImportError(
        "handlers with nopython=True need numba: install ospjit with 'pip install ospjit[numba]'"
    ) from error

__all__ = [
    "as_text",
    "concat",
    "ends_with",
    "equal",
    "find",
    "from_float",
    "from_int",
    "header",
    "parse_int",
    "starts_with",
    "to_str",
]

_compiled: Callable[..., Any] = numba.njit(nogil=True)


def as_text(value: Any) -> Any:
    """A text of an array of bytes (itself), bytes or str (as UTF-8)."""
    if isinstance(value, str):
        return np.frombuffer(bytearray(value.encode("utf-8", "surrogateescape")), np.uint8)
    if isinstance(value, bytes | bytearray | memoryview):
        return np.frombuffer(bytearray(value), np.uint8)
    return value


@overload(as_text)
def _as_text(value):
    if isinstance(value, types.Array) and value.dtype == types.uint8 and value.ndim == 1:
        return lambda value: value
    if isinstance(value, types.Bytes | types.ByteArray):
        return lambda value: np.frombuffer(value, np.uint8).copy()
    if isinstance(value, types.UnicodeType | types.StringLiteral):
        return _encoder
    return None


def _encoder(value):
    out = np.empty(4 * len(value), np.uint8)
    at = 0
    for character in value:
        code = ord(character)
        if code < 0x80:
            out[at] = code
            at += 1
        elif code < 0x800:
            out[at], out[at + 1] = 0xC0 | code >> 6, 0x80 | code & 63
            at += 2
        elif code < 0x10000:
            out[at], out[at + 1], out[at + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63
            at += 3
        else:
            out[at], out[at + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 63
            out[at + 2], out[at + 3] = 0x80 | code >> 6 & 63, 0x80 | code & 63
            at += 4
    return out[:at].copy()


@_compiled
def equal(a: Any, b: Any) -> Any:
    """Whether two texts are the same."""
    x, y = as_text(a), as_text(b)
    if len(x) != len(y):
        return False
    for i in range(len(x)):  # noqa: SIM110  numba compiles loops, no generators
        if x[i] != y[i]:
            return False
    return True


@_compiled
def starts_with(text: Any, prefix: Any) -> Any:
    """Whether a text begins with another."""
    x, y = as_text(text), as_text(prefix)
    return len(x) >= len(y) and equal(x[: len(y)], y)


@_compiled
def ends_with(text: Any, suffix: Any) -> Any:
    """Whether a text ends with another."""
    x, y = as_text(text), as_text(suffix)
    return len(x) >= len(y) and equal(x[len(x) - len(y) :], y)


@_compiled
def find(text: Any, what: Any, start: Any = 0) -> Any:
    """Where a text is in another from `start` on; -1 if it is not."""
    x, y = as_text(text), as_text(what)
    for i in range(start, len(x) - len(y) + 1):
        if equal(x[i : i + len(y)], y):
            return i
    return -1


@_compiled
def parse_int(text: Any) -> Any:
    """`(True, number)`, or `(False, 0)` for what is no decimal number of 64 bits."""
    x = as_text(text)
    negative = len(x) > 0 and x[0] == 45
    start = 1 if negative else 0
    if len(x) == start:
        return False, 0
    limit = np.uint64(2**63) if negative else np.uint64(2**63 - 1)
    value = np.uint64(0)
    for i in range(start, len(x)):
        digit = np.uint64(x[i]) - np.uint64(48)
        if x[i] < 48 or x[i] > 57 or value > (limit - digit) // np.uint64(10):
            return False, 0
        value = value * np.uint64(10) + digit
    if negative:
        return True, np.int64(np.uint64(0) - value)
    return True, np.int64(value)


@_compiled
def from_int(value: Any) -> Any:
    """The decimal digits of a number."""
    out = np.empty(20, np.uint8)
    at = 20
    rest = np.uint64(value) if value >= 0 else np.uint64(0) - np.uint64(np.int64(value))
    while True:
        at -= 1
        out[at] = 48 + rest % np.uint64(10)
        rest //= np.uint64(10)
        if rest == 0:
            break
    if value < 0:
        at -= 1
        out[at] = 45
    return out[at:].copy()


@_compiled
def from_float(value: Any, decimals: Any = 6) -> Any:
    """A number with a fixed count of decimals, at most 9; for amounts below 1e15."""
    if np.isnan(value):
        return as_text(b"nan")
    if np.isinf(value) or abs(value) >= 1e15:
        return as_text(b"inf") if value > 0 else as_text(b"-inf")
    scale = 10 ** max(0, min(9, decimals))
    whole = np.int64(np.floor(abs(value)))
    part = np.int64(np.floor((abs(value) - whole) * scale + 0.5))
    if part >= scale:
        whole, part = whole + 1, part - scale
    digits = from_int(part + scale)[1:]
    sign = as_text(b"-") if value < 0 and (whole > 0 or part > 0) else as_text(b"")
    if len(digits) == 0:
        return concat(sign, from_int(whole))
    return concat(concat(sign, from_int(whole)), concat(as_text(b"."), digits))


@_compiled
def concat(a: Any, b: Any) -> Any:
    """Two texts, one behind the other."""
    x, y = as_text(a), as_text(b)
    out = np.empty(len(x) + len(y), np.uint8)
    out[: len(x)] = x
    out[len(x) :] = y
    return out


@_compiled
def header(headers: Any, name: Any) -> Any:
    """The value of the first header field of that name, in any case of letters; empty if there is none."""
    lines, wanted = as_text(headers), as_text(name)
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end] != 13 and lines[end] != 10:
            end += 1
        if end - start > len(wanted) and lines[start + len(wanted)] == 58:
            same = True
            for i in range(len(wanted)):
                a, b = lines[start + i], wanted[i]
                if a != b and not (a ^ b == 32 and 97 <= a | 32 <= 122):
                    same = False
            if same:
                first, last = start + len(wanted) + 1, end
                while first < last and (lines[first] == 32 or lines[first] == 9):
                    first += 1
                while first < last and (lines[last - 1] == 32 or lines[last - 1] == 9):
                    last -= 1
                return lines[first:last].copy()
        start = end + 1
    return lines[:0].copy()


@_compiled
def to_str(text: Any) -> Any:
    """A str of ASCII bytes; others become question marks. Slower than working on the bytes."""
    out = ""
    for byte in as_text(text):
        out += chr(byte if byte < 128 else 63)
    return out
