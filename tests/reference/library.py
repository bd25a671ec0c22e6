"""Built-in functions for the reference interpreter, each as directly as Python says it.

Covers what needs no system: strings, lists, maps, iterators, numbers. Failure messages are those
of LANGUAGE §8.
"""

from __future__ import annotations

import math
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
    return failed("listFind: no element matches")


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
    "mapGet": lambda m, k: success(m[k]) if k in m else failed("mapGet: key not found"),
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
    "min": min,
    "max": max,
    "sqrt": lambda x: success(math.sqrt(x)) if x >= 0 else failed("sqrt: the number is negative"),
}
