"""The `arith` dialect: arithmetic on integers that wrap around and on IEEE floats; names and meaning are
MLIR's. Signs belong to operations (`divsi` against `divui`), not to types.

Checked arithmetic, which reports overflow, is not here: that is the language's and lives in `osp`.
"""

from __future__ import annotations

from ospjit.ir.attributes import Attribute, FloatAttr, IntAttr
from ospjit.ir.builder import Builder
from ospjit.ir.constraints import Verifier, both, operand_types, require, require_attr, require_types, shape
from ospjit.ir.core import Operation, OpResult, Value
from ospjit.ir.registry import Dialect, OpDef, VerifyError, register
from ospjit.ir.types import FloatType, IndexType, IntegerType, Type, i1, i64

CMPI_PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
CMPF_PREDICATES = (
    *("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"),
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)


def constant(b: Builder, value: int | float | bool, type: Type) -> OpResult:
    """Make an `arith.constant` of an integer, index or float type."""
    attribute: Attribute
    if isinstance(type, FloatType):
        attribute = FloatAttr(value, type)
    elif isinstance(type, (IntegerType, IndexType)):
        attribute = IntAttr(int(value), type)
    else:
        raise TypeError(f"there are no arithmetic constants of type {type}")
    return b.create("arith.constant", (), (type,), {"value": attribute}).result


def cmpi(b: Builder, predicate: str, left: Value, right: Value) -> OpResult:
    """Make an `arith.cmpi`; `predicate` is one of `CMPI_PREDICATES`."""
    number = IntAttr(CMPI_PREDICATES.index(predicate), i64)
    return b.create("arith.cmpi", (left, right), (i1,), {"predicate": number}).result


def cmpf(b: Builder, predicate: str, left: Value, right: Value) -> OpResult:
    """Make an `arith.cmpf`; `predicate` is one of `CMPF_PREDICATES`."""
    number = IntAttr(CMPF_PREDICATES.index(predicate), i64)
    return b.create("arith.cmpf", (left, right), (i1,), {"predicate": number}).result


def binary(b: Builder, name: str, left: Value, right: Value) -> OpResult:
    """Make the operation `name`, whose operands and result have one type, such as `arith.addi`."""
    return b.create(name, (left, right), (left.type,)).result


def select(b: Builder, condition: Value, then: Value, otherwise: Value) -> OpResult:
    """Make an `arith.select`."""
    return b.create("arith.select", (condition, then, otherwise), (then.type,)).result


def constant_value(value: Value) -> int | float | bool | None:
    """The number that `value` is if an `arith.constant` defines it, else None."""
    if isinstance(value, OpResult) and value.op.name == "arith.constant":
        found: int | float | bool = value.op.attr("value")
        return found
    return None


def _is_integer(type: Type) -> bool:
    return isinstance(type, (IntegerType, IndexType))


def _is_float(type: Type) -> bool:
    return isinstance(type, FloatType)


def _verify_constant(op: Operation) -> None:
    value = op.attributes.get("value")
    if not isinstance(value, (IntAttr, FloatAttr)):
        raise VerifyError("attribute 'value' must be a number", op)
    require_types(op, "the type of the result", [op.result.type], [value.type])


def _verify_assume(op: Operation) -> None:
    require(op.operands[0].type is i1, op, "the condition must be i1")


def _verify_compare(predicates: int, integers: bool) -> Verifier:
    kind, name = (_is_integer, "integer") if integers else (_is_float, "float")

    def verify(op: Operation) -> None:
        left, right = operand_types(op)
        require(left is right and kind(left), op, f"the operands must be of one {name} type")
        require(op.result.type is i1, op, "the result must be i1")
        number = require_attr(op, "predicate", IntAttr).value
        require(0 <= number < predicates, op, f"there is no predicate {number}")

    return both(shape(operands=2, results=1), verify)


def _verify_select(op: Operation) -> None:
    condition, then, otherwise = operand_types(op)
    require(condition is i1, op, f"the condition must be i1, but is {condition}")
    require(then is otherwise is op.result.type, op, "both values and the result must be of one type")


def _same(operands: int, integers: bool) -> Verifier:
    """All operands and the result have one type, an integer or a float type."""
    kind, name = (_is_integer, "integer") if integers else (_is_float, "float")

    def verify(op: Operation) -> None:
        type = op.result.type
        require(kind(type), op, f"the result must be of {name} type, but is {type}")
        require_types(op, "the types of the operands", operand_types(op), [type] * operands)

    return both(shape(operands=operands, results=1), verify)


def _cast(source: type[Type], target: type[Type], growth: int = 0) -> Verifier:
    """From one kind of type to another; `growth` is 1 if it must get wider, -1 if narrower."""

    def verify(op: Operation) -> None:
        before, after = op.operands[0].type, op.result.type
        require(isinstance(before, source), op, f"the operand cannot be of type {before}")
        require(isinstance(after, target), op, f"the result cannot be of type {after}")
        if (
            growth
            and isinstance(before, (IntegerType, FloatType))
            and isinstance(after, (IntegerType, FloatType))
        ):
            fits = (after.width - before.width) * growth > 0
            require(fits, op, f"the result must be {'wider' if growth > 0 else 'narrower'} than the operand")

    return both(shape(operands=1, results=1), verify)


def _verify_index_cast(op: Operation) -> None:
    before, after = op.operands[0].type, op.result.type
    one_index = isinstance(before, IndexType) != isinstance(after, IndexType)
    require(
        one_index and _is_integer(before) and _is_integer(after),
        op,
        "casts between index and an integer type",
    )


def _verify_bitcast(op: Operation) -> None:
    before, after = op.operands[0].type, op.result.type
    plain = isinstance(before, (IntegerType, FloatType)) and isinstance(after, (IntegerType, FloatType))
    require(plain and before.width == after.width, op, "casts between types of the same width")  # type: ignore[attr-defined]


def _table(verify: Verifier, summaries: dict[str, str]) -> list[OpDef]:
    return [OpDef(f"arith.{name}", text, verify=verify, pure=True) for name, text in summaries.items()]


_INTEGER_BINARY = {
    "addi": "Sum, wrapping around.",
    "subi": "Difference, wrapping around.",
    "muli": "Product, wrapping around.",
    "divsi": "Signed quotient, rounded toward zero; undefined for a zero divisor and on overflow.",
    "divui": "Unsigned quotient; undefined for a zero divisor.",
    "floordivsi": "Signed quotient, rounded down; undefined for a zero divisor and on overflow.",
    "remsi": "Remainder of `divsi`, with the sign of the dividend.",
    "remui": "Remainder of `divui`.",
    "andi": "Bitwise and.",
    "ori": "Bitwise or.",
    "xori": "Bitwise exclusive or.",
    "shli": "Shift left; undefined if the amount is not less than the width.",
    "shrsi": "Shift right, copying the sign bit.",
    "shrui": "Shift right, filling with zeros.",
    "maxsi": "The greater of two signed integers.",
    "minsi": "The lesser of two signed integers.",
    "maxui": "The greater of two unsigned integers.",
    "minui": "The lesser of two unsigned integers.",
}
_FLOAT_BINARY = {
    "addf": "Sum.",
    "subf": "Difference.",
    "mulf": "Product.",
    "divf": "Quotient.",
    "remf": "Remainder of the quotient rounded toward zero, with the sign of the dividend (C's fmod).",
    "maximumf": "The greater; NaN if either is NaN.",
    "minimumf": "The lesser; NaN if either is NaN.",
}

DIALECT = register(
    Dialect(
        "arith",
        [
            OpDef(
                "arith.constant",
                "The number in attribute `value`.",
                verify=both(shape(results=1), _verify_constant),
                pure=True,
            ),
            OpDef(
                "arith.assume",
                "Promises that a condition holds: what would happen otherwise is undefined.",
                verify=both(shape(operands=1), _verify_assume),
            ),
            *_table(_same(2, integers=True), _INTEGER_BINARY),
            *_table(_same(2, integers=False), _FLOAT_BINARY),
            *_table(_same(1, integers=False), {"negf": "The operand with its sign flipped."}),
            *_table(
                _verify_compare(len(CMPI_PREDICATES), integers=True),
                {"cmpi": f"Compare integers; `predicate` counts in {' '.join(CMPI_PREDICATES)}."},
            ),
            *_table(
                _verify_compare(len(CMPF_PREDICATES), integers=False),
                {"cmpf": f"Compare floats; `predicate` counts in {' '.join(CMPF_PREDICATES)}."},
            ),
            *_table(
                both(shape(operands=3, results=1), _verify_select),
                {"select": "The second operand if the first is true, else the third."},
            ),
            *_table(
                _cast(IntegerType, IntegerType, growth=1),
                {"extsi": "Widen, copying the sign bit.", "extui": "Widen, filling with zeros."},
            ),
            *_table(_cast(IntegerType, IntegerType, growth=-1), {"trunci": "Keep the low bits."}),
            *_table(_cast(FloatType, FloatType, growth=1), {"extf": "Widen."}),
            *_table(_cast(FloatType, FloatType, growth=-1), {"truncf": "Round to the narrower type."}),
            *_table(
                _cast(IntegerType, FloatType),
                {"sitofp": "A signed integer as a float.", "uitofp": "An unsigned integer as a float."},
            ),
            *_table(
                _cast(FloatType, IntegerType),
                {
                    "fptosi": "A float as a signed integer, toward zero; undefined if it does not fit.",
                    "fptoui": "A float as an unsigned integer, toward zero; undefined if it does not fit.",
                },
            ),
            *_table(
                both(shape(operands=1, results=1), _verify_index_cast),
                {
                    "index_cast": "Between index and a signed integer.",
                    "index_castui": "Between index and an unsigned integer.",
                },
            ),
            *_table(
                both(shape(operands=1, results=1), _verify_bitcast),
                {"bitcast": "The same bits as another type."},
            ),
        ],
        "Arithmetic.",
        canonical="ospjit.dialects.arith_canonical",
    )
)
