"""The `math` dialect: functions of floating-point numbers; the names and the meaning are MLIR's."""

from __future__ import annotations

from ospjit.ir.constraints import both, require, require_types, shape
from ospjit.ir.core import Operation
from ospjit.ir.registry import Dialect, OpDef, register
from ospjit.ir.types import FloatType


def _verify_float(op: Operation) -> None:
    (operand,), (result,) = op.operands, op.results
    require_types(op, "result", [result.type], [operand.type])
    require(isinstance(result.type, FloatType), op, f"must take a floating-point number, not {result.type}")


OPS = [
    OpDef(
        "math.absf",
        "A number without its sign; that of a NaN is cleared, too.",
        verify=both(shape(operands=1, results=1), _verify_float),
        pure=True,
    ),
]

DIALECT = register(Dialect("math", OPS, "functions of floating-point numbers"))
