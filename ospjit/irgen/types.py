"""Core types as IR types. One direction only, and cached: types are interned on both sides."""

from __future__ import annotations

from ospjit.dialects.osp import ANY, PTR, STRING, UNIT, fn_of
from ospjit.ir import DialectType, Type, f64, i1, i64
from ospjit.types import types as ty

_BASE: dict[str, Type] = {
    "int": i64,
    "float": f64,
    "bool": i1,
    "string": STRING,
    "Error": STRING,
    "MathError": STRING,
    "ConstructionError": STRING,
    "Unit": UNIT,
    "Ptr": PTR,
    "any": ANY,
    "Foreign": DialectType("osp.foreign"),
}
_GENERIC = {
    "Result": "osp.result",
    "List": "osp.list",
    "Map": "osp.map",
    "Fiber": "osp.fiber",
    "Channel": "osp.channel",
}
#: The union of which iterators are made; every module declares it.
STEP = "osp.Step"
_cache: dict[ty.Type, Type] = {}


def forget() -> None:
    """Forget the translations; the next compilation makes them again."""
    _cache.clear()


def ir_type(t: ty.Type) -> Type:
    """The IR type of a core type."""
    found = _cache.get(t)
    if found is None:
        found = _cache[t] = _convert(t)
    return found


def _convert(t: ty.Type) -> Type:
    if isinstance(t, ty.Con):
        base = _BASE.get(t.name)
        if base is not None:
            return base
        args = tuple(map(ir_type, t.args))
        if t.name == "Iterator":  # a function value that yields a step: the end, or an element and the rest
            return fn_of(DialectType("osp.data", (STEP, *args)), ())
        generic = _GENERIC.get(t.name)
        return DialectType(generic, args) if generic else DialectType("osp.data", (t.name, *args))
    if isinstance(t, ty.Fun):
        return fn_of(ir_type(t.result), tuple(map(ir_type, t.params)))
    if isinstance(t, ty.Rec):
        return DialectType("osp.rec", tuple(x for name, field in t.fields for x in (name, ir_type(field))))
    if isinstance(t, ty.Param):
        return DialectType("osp.var", (t.name,))
    raise TypeError(f"no IR type for {t}")
