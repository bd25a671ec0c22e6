"""The intermediate representation: SSA values, operations, blocks and regions in the manner of MLIR.

This package knows nothing of Osprey. What is exported here is the interface that dialects, passes and the
back end are written against; the parser and the pass manager are loaded when first named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ospjit.ir.attributes import (
    UNIT,
    ArrayAttr,
    Attribute,
    BoolAttr,
    DenseArrayAttr,
    DenseIntElementsAttr,
    DictAttr,
    FloatAttr,
    IntAttr,
    StringAttr,
    SymbolRefAttr,
    TypeAttr,
    UnitAttr,
    attribute,
)
from ospjit.ir.builder import Builder
from ospjit.ir.core import (
    Block,
    BlockArgument,
    NodeList,
    Operation,
    OpResult,
    Region,
    Value,
    body_of,
    erase_blocks,
    new_module,
)
from ospjit.ir.location import UNKNOWN, Location
from ospjit.ir.registry import Dialect, OpDef, VerifyError, definition, dialects, register
from ospjit.ir.rewriter import Pattern, PatternsDoNotConverge, Rewriter, apply_patterns, pattern
from ospjit.ir.symbol_table import SymbolTable
from ospjit.ir.types import (
    DialectType,
    FloatType,
    FunctionType,
    IndexType,
    IntegerType,
    NoneType,
    Type,
    f32,
    f64,
    i1,
    i8,
    i16,
    i32,
    i64,
    index,
    none,
)

if TYPE_CHECKING:
    from ospjit.ir.dominance import DominanceInfo, remove_unreachable, reverse_postorder
    from ospjit.ir.parser import IRSyntaxError, parse_module, parse_type
    from ospjit.ir.pass_base import Pass, PassContext, PassRegistry, option
    from ospjit.ir.pass_manager import PassFailed, PassManager, PassOptions
    from ospjit.ir.pipeline import PipelineError, parse_pipeline
    from ospjit.ir.printer import print_op
    from ospjit.ir.timing import Timer
    from ospjit.ir.verifier import verification_errors, verify

_LAZY = {
    "dominance": ("DominanceInfo", "remove_unreachable", "reverse_postorder"),
    "parser": ("IRSyntaxError", "parse_module", "parse_type"),
    "pass_base": ("Pass", "PassContext", "PassRegistry", "option"),
    "pass_manager": ("PassFailed", "PassManager", "PassOptions"),
    "pipeline": ("PipelineError", "parse_pipeline"),
    "printer": ("print_op",),
    "timing": ("Timer",),
    "verifier": ("verification_errors", "verify"),
}
_LAZY_HOME = {name: module for module, names in _LAZY.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _LAZY_HOME:
        return getattr(import_module(f".{_LAZY_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "UNIT",
    "UNKNOWN",
    "ArrayAttr",
    "Attribute",
    "Block",
    "BlockArgument",
    "BoolAttr",
    "Builder",
    "DenseArrayAttr",
    "DenseIntElementsAttr",
    "Dialect",
    "DialectType",
    "DictAttr",
    "DominanceInfo",
    "FloatAttr",
    "FloatType",
    "FunctionType",
    "IRSyntaxError",
    "IndexType",
    "IntAttr",
    "IntegerType",
    "Location",
    "NodeList",
    "NoneType",
    "OpDef",
    "OpResult",
    "Operation",
    "Pass",
    "PassContext",
    "PassFailed",
    "PassManager",
    "PassOptions",
    "PassRegistry",
    "Pattern",
    "PatternsDoNotConverge",
    "PipelineError",
    "Region",
    "Rewriter",
    "StringAttr",
    "SymbolRefAttr",
    "SymbolTable",
    "Timer",
    "Type",
    "TypeAttr",
    "UnitAttr",
    "Value",
    "VerifyError",
    "apply_patterns",
    "attribute",
    "body_of",
    "definition",
    "dialects",
    "erase_blocks",
    "f32",
    "f64",
    "i1",
    "i8",
    "i16",
    "i32",
    "i64",
    "index",
    "new_module",
    "none",
    "option",
    "parse_module",
    "parse_pipeline",
    "parse_type",
    "pattern",
    "print_op",
    "register",
    "remove_unreachable",
    "reverse_postorder",
    "verification_errors",
    "verify",
]
