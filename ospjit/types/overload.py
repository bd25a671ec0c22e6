"""Which signature of a built-in fits known types: for calls in generic functions, once instantiated.

The checker leaves `overload = -1` and no type arguments where a generic function decides them; whoever
compiles an instance asks `select` with the instance's types.
"""

from __future__ import annotations

from ospjit.builtins.table import BUILTINS
from ospjit.types.declare import from_signature
from ospjit.types.types import UNIT, Con, Fun, Param, Rec, Type


def select(name: str, args: tuple[Type, ...], result: Type) -> tuple[int, tuple[Type, ...]] | None:
    """The index of the first signature of `name` that takes `args` and gives `result`; its type arguments.

    All types are without variables and parameters. None if no signature fits: a defect of the checker.
    """
    for index, sig in enumerate(BUILTINS[name].sigs):
        if len(sig.params) != len(args):
            continue
        bound: dict[str, Type] = {}
        pairs = [(from_signature(t), a) for (_, t), a in zip(sig.params, args, strict=True)]
        if all(_match(p, a, bound) for p, a in pairs) and _match(from_signature(sig.result), result, bound):
            return index, tuple(bound.get(n, UNIT) for n, _ in sig.tparams)
    return None


def _match(pattern: Type, t: Type, bound: dict[str, Type]) -> bool:
    if isinstance(pattern, Param):
        return bound.setdefault(pattern.name, t) is t
    if isinstance(pattern, Con):
        if not isinstance(t, Con) or t.name != pattern.name or len(t.args) != len(pattern.args):
            return False
        return all(_match(p, a, bound) for p, a in zip(pattern.args, t.args, strict=True))
    if isinstance(pattern, Fun):
        if not isinstance(t, Fun) or len(t.params) != len(pattern.params):
            return False
        params = all(_match(p, a, bound) for p, a in zip(pattern.params, t.params, strict=True))
        return params and _match(pattern.result, t.result, bound)
    return isinstance(pattern, Rec) and pattern is t
