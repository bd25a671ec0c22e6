"""The table's signatures as IR types."""

from __future__ import annotations

from collections.abc import Sequence

from ospjit.builtins.signature import FunText, TypeText
from ospjit.ir import Type
from ospjit.irgen.types import ir_type
from ospjit.types import types as ty


def signature_type(text: TypeText, tparams: Sequence[str]) -> Type:
    """The IR type that a signature's type stands for; `tparams` become variables."""
    return ir_type(_core(text, tparams))


def _core(text: TypeText, tparams: Sequence[str]) -> ty.Type:
    if isinstance(text, FunText):
        return ty.fun([_core(p, tparams) for p in text.params], _core(text.result, tparams))
    if text.name in tparams:
        return ty.param(text.name)
    return ty.con(text.name, *(_core(a, tparams) for a in text.args))
