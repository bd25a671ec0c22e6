"""The types that values of type `any` can have in a module: those that are erased somewhere, and their
fields'.

A compiled program is closed, so the run-time type of an `any` is one of a known list, and its number in that
list is what the cell's tag holds.
"""

from __future__ import annotations

from ospjit.dialects.osp import ANY, is_type
from ospjit.ir import Operation, Type
from ospjit.passes.data_types import DataTypes


def erased_types(module: Operation, datas: DataTypes) -> list[Type]:
    """The types in a stable order: first come, first numbered; fields of records may be erased, too."""
    found: dict[Type, None] = {}
    work = [op.operands[0].type for op in module.walk() if op.name == "osp.erase"]
    for op in module.walk():
        if op.name == "osp.match" and op.operands[0].type is ANY:
            work += _named(op.attr("patterns"))
    work.reverse()
    while work:
        t = work.pop()
        if t in found or t is ANY:
            continue
        found[t] = None
        if is_record(t, datas):
            work += reversed(datas.field_types(t, datas.variants(t)[0]))
    return list(found)


def is_record(t: Type, datas: DataTypes) -> bool:
    """Whether a type has fields that a record pattern can name."""
    return is_type(t, "osp.rec") or (is_type(t, "osp.data") and bool(datas.declaration(t).attr("record")))


def _named(patterns: object) -> list[Type]:
    """The types that patterns against `any` name."""
    found: list[Type] = []
    stack = [patterns]
    while stack:
        p = stack.pop()
        if isinstance(p, tuple):
            stack += reversed(p)
        elif isinstance(p, Type):
            found.append(p)
    return found
