"""Core patterns as the nested arrays that `osp.match` carries (see the dialect), and what they bind."""

from __future__ import annotations

from ospjit.irgen.types import ir_type
from ospjit.types import core


def encode(pattern: core.Pattern) -> tuple[tuple[object, ...], list[core.Local]]:
    """The encoding of a pattern and the locals that it binds, in the order of the arm's block arguments."""
    binders: list[core.Local] = []
    return _encode(pattern, binders), binders


def _bind(local: core.Local, binders: list[core.Local]) -> tuple[object, ...]:
    """`bind` for a new local; `ref` for one that an earlier alternative bound."""
    for index, known in enumerate(binders):
        if known is local:
            return ("ref", index)
    binders.append(local)
    return ("bind",)


def _encode(pattern: core.Pattern, binders: list[core.Local]) -> tuple[object, ...]:
    if isinstance(pattern, core.PWild):
        return ("wild",)
    if isinstance(pattern, core.PVar):
        return _bind(pattern.local, binders)
    if isinstance(pattern, core.PLit):
        return ("lit", pattern.value)
    if isinstance(pattern, core.PCon):
        return ("con", pattern.variant, *(_encode(p, binders) for p in pattern.args))
    if isinstance(pattern, core.PRec):
        names = tuple(name for name, _ in pattern.fields)
        return ("rec", pattern.open, names, *(_encode(p, binders) for _, p in pattern.fields))
    if isinstance(pattern, core.PList):
        # In the order in which they stand in the encoding, which numbers what they bind.
        rest = ("none",) if pattern.rest is None else _encode(pattern.rest, binders)
        return ("list", rest, *(_encode(p, binders) for p in pattern.items))
    if isinstance(pattern, core.PAs):
        whole = _bind(pattern.local, binders)
        return ("as", whole, _encode(pattern.pattern, binders))
    if isinstance(pattern, core.PType):
        return ("type", ir_type(pattern.inner.type), _encode(pattern.inner, binders))
    if isinstance(pattern, core.POr):
        return ("or", *(_encode(p, binders) for p in pattern.alternatives))
    raise TypeError(f"no encoding for {type(pattern).__name__}")
