"""The `builtin` dialect: the module that holds a program, and the cast between representations that a
conversion in progress leaves behind.
"""

from __future__ import annotations

from ospjit.ir.attributes import StringAttr
from ospjit.ir.constraints import both, require, shape
from ospjit.ir.core import Operation
from ospjit.ir.registry import Dialect, OpDef, register


def _verify_module(op: Operation) -> None:
    blocks = op.regions[0].blocks
    require(len(blocks) == 1, op, f"a module has one block, but there are {len(blocks)}")
    require(not blocks[0].args, op, "the block of a module has no arguments")


DIALECT = register(
    Dialect(
        "builtin",
        [
            OpDef(
                "builtin.module",
                "A program: functions and globals, in no particular order.",
                verify=both(shape(regions=1, optional={"sym_name": StringAttr}), _verify_module),
                isolated=True,
                graph=True,
            ),
            OpDef(
                "builtin.unrealized_conversion_cast",
                "A value in another representation; must be gone when all conversions are done.",
                verify=shape(operands=None, results=None),
                pure=True,
            ),
        ],
        "Modules.",
    )
)
