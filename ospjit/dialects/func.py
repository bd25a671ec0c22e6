"""The `func` dialect: functions, direct and indirect calls, returns; the meaning is that of MLIR's."""

from __future__ import annotations

from collections.abc import Sequence

from ospjit.ir.attributes import StringAttr, SymbolRefAttr, TypeAttr
from ospjit.ir.builder import Builder
from ospjit.ir.constraints import (
    both,
    operand_types,
    require,
    require_attr,
    require_types,
    result_types,
    shape,
)
from ospjit.ir.core import Block, Operation, Region, Value
from ospjit.ir.location import UNKNOWN, Location
from ospjit.ir.registry import Dialect, OpDef, VerifyError, register
from ospjit.ir.symbol_table import SymbolTable
from ospjit.ir.types import FunctionType, Type


def function(name: str, type: FunctionType, loc: Location = UNKNOWN, private: bool = False) -> Operation:
    """A detached `func.func` whose entry block has the parameters as arguments and is otherwise empty."""
    body = Region([Block(type.inputs)])
    return Operation(
        "func.func", attributes=_function_attributes(name, type, private), regions=[body], loc=loc
    )


def declaration(name: str, type: FunctionType, loc: Location = UNKNOWN) -> Operation:
    """A detached `func.func` without a body: the function is defined elsewhere."""
    return Operation(
        "func.func", attributes=_function_attributes(name, type, True), regions=[Region()], loc=loc
    )


def _function_attributes(name: str, type: FunctionType, private: bool) -> dict[str, object]:
    attributes: dict[str, object] = {"sym_name": name, "function_type": type}
    if private:
        attributes["sym_visibility"] = "private"
    return attributes


def function_type(op: Operation) -> FunctionType:
    """The type of a `func.func`."""
    type = op.attr("function_type")
    assert isinstance(type, FunctionType)
    return type


def is_declaration(op: Operation) -> bool:
    """Whether a `func.func` has no body."""
    return op.regions[0].first is None


def call(b: Builder, callee: str, args: Sequence[Value], result_types: Sequence[Type]) -> Operation:
    """Make a `func.call` to the symbol `callee`."""
    return b.create("func.call", args, result_types, {"callee": SymbolRefAttr(callee)})


def return_(b: Builder, values: Sequence[Value] = ()) -> Operation:
    """Make a `func.return`."""
    return b.create("func.return", values)


def _verify_function(op: Operation) -> None:
    type = require_attr(op, "function_type", TypeAttr).type
    if not isinstance(type, FunctionType):
        raise VerifyError(f"attribute 'function_type' must be a function type, but is {type}", op)
    region = op.regions[0]
    if region.first is None:
        require(op.attr("sym_visibility") == "private", op, "a function without a body must be private")
        return
    found = [argument.type for argument in region.entry.args]
    require_types(op, "the types of the entry block's arguments", found, list(type.inputs))


def _verify_return(op: Operation) -> None:
    parent = op.parent_op()
    if parent is None or parent.name != "func.func":
        raise VerifyError("must stand in the body of a func.func", op)
    type = require_attr(parent, "function_type", TypeAttr).type
    if isinstance(type, FunctionType):
        require_types(op, "the types of the operands", operand_types(op), list(type.results))


def _verify_call(op: Operation, table: SymbolTable) -> None:
    name = require_attr(op, "callee", SymbolRefAttr).name
    type = _type_of_symbol(op, name, table)
    require_types(op, f"the types of the arguments of @{name}", operand_types(op), list(type.inputs))
    require_types(op, f"the types of the results of @{name}", result_types(op), list(type.results))


def _verify_constant(op: Operation, table: SymbolTable) -> None:
    type = _type_of_symbol(op, require_attr(op, "value", SymbolRefAttr).name, table)
    require_types(op, "the type of the result", result_types(op), [type])


def _type_of_symbol(op: Operation, name: str, table: SymbolTable) -> FunctionType:
    target = table.lookup(name)
    if target is None:
        raise VerifyError(f"there is no symbol @{name}", op)
    type = target.attr("function_type")
    if target.name != "func.func" or not isinstance(type, FunctionType):
        raise VerifyError(f"@{name} is not a function", op)
    return type


def _verify_call_indirect(op: Operation) -> None:
    require(op.operands, op, "the first operand must be the function to call")
    type = op.operands[0].type
    if not isinstance(type, FunctionType):
        raise VerifyError(f"the first operand must be a function, but is of type {type}", op)
    require_types(op, "the types of the arguments", operand_types(op)[1:], list(type.inputs))
    require_types(op, "the types of the results", result_types(op), list(type.results))


DIALECT = register(
    Dialect(
        "func",
        [
            OpDef(
                "func.func",
                "A function: its body, or a declaration if the region is empty.",
                verify=both(
                    shape(
                        regions=1,
                        attributes={"sym_name": StringAttr, "function_type": TypeAttr},
                        optional={"sym_visibility": StringAttr},
                    ),
                    _verify_function,
                ),
                isolated=True,
                symbol=True,
            ),
            OpDef(
                "func.call",
                "Call the function named by `callee`.",
                verify=shape(operands=None, results=None, attributes={"callee": SymbolRefAttr}),
                verify_symbols=_verify_call,
            ),
            OpDef(
                "func.call_indirect",
                "Call the function that is the first operand.",
                verify=both(shape(operands=None, results=None), _verify_call_indirect),
            ),
            OpDef(
                "func.constant",
                "The function named by `value`, as a value.",
                verify=shape(results=1, attributes={"value": SymbolRefAttr}),
                verify_symbols=_verify_constant,
                pure=True,
            ),
            OpDef(
                "func.return",
                "Leave the function with the operands as its results.",
                verify=both(shape(operands=None), _verify_return),
                terminator=True,
            ),
        ],
        "Functions and calls.",
    )
)
