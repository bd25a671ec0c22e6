"""Simplification of arithmetic: operations on constants are computed, identities applied.

Integers wrap around as the operations say; what is undefined (division by zero, shifts too far) is left to
be undefined at run time. Float operations are computed only where IEEE 754 gives one answer in every
rounding environment that programs run in, which is round to nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ospjit.dialects import arith
from ospjit.ir import FloatType, IntegerType, Operation, Pattern, Rewriter, Type, Value, pattern

_Fold = Callable[[int, int, int], int | None]


def _width(type: Type) -> int:
    return type.width if isinstance(type, IntegerType) else 64


def _wrap(value: int, width: int) -> int:
    """`value` modulo 2**width, as a signed number."""
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


def _unsigned(value: int, width: int) -> int:
    return value & ((1 << width) - 1)


def _quotient(a: int, b: int, width: int) -> int | None:
    """Rounded toward zero; None where the operation is undefined."""
    if b == 0 or (b == -1 and a == -(1 << (width - 1))):
        return None
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int, width: int) -> int | None:
    quotient = _quotient(a, b, width)
    return None if quotient is None else a - quotient * b


def _shift(shift: Callable[[int, int], int]) -> _Fold:
    return lambda a, b, width: shift(a, b) if 0 <= b < width else None


_FOLDS: dict[str, _Fold] = {
    "arith.addi": lambda a, b, width: a + b,
    "arith.subi": lambda a, b, width: a - b,
    "arith.muli": lambda a, b, width: a * b,
    "arith.divsi": _quotient,
    "arith.remsi": _remainder,
    "arith.divui": lambda a, b, width: _unsigned(a, width) // _unsigned(b, width) if b else None,
    "arith.remui": lambda a, b, width: _unsigned(a, width) % _unsigned(b, width) if b else None,
    "arith.andi": lambda a, b, width: a & b,
    "arith.ori": lambda a, b, width: a | b,
    "arith.xori": lambda a, b, width: a ^ b,
    "arith.shli": _shift(lambda a, b: a << b),
    "arith.shrsi": _shift(lambda a, b: a >> b),
    "arith.shrui": lambda a, b, width: _unsigned(a, width) >> b if 0 <= b < width else None,
    "arith.maxsi": lambda a, b, width: max(a, b),
    "arith.minsi": lambda a, b, width: min(a, b),
    "arith.maxui": lambda a, b, width: max(_unsigned(a, width), _unsigned(b, width)),
    "arith.minui": lambda a, b, width: min(_unsigned(a, width), _unsigned(b, width)),
}


def _constant(op: Operation, rw: Rewriter, value: int | float | bool) -> bool:
    """Replace `op` by a constant of its type."""
    rw.replace(op, arith.constant(rw, value, op.result.type))
    return True


def _integers(op: Operation) -> list[int | None]:
    """The operands as signed numbers of their width, None for those that are not constant."""
    values = [arith.constant_value(value) for value in op.operands]
    widths = [_width(value.type) for value in op.operands]
    return [None if v is None else _wrap(int(v), w) for v, w in zip(values, widths, strict=True)]


@pattern(*_FOLDS)
def fold_integers(op: Operation, rw: Rewriter) -> bool:
    """Compute an integer operation on two constants."""
    a, b = _integers(op)
    if a is None or b is None:
        return False
    width = _width(op.result.type)
    value = _FOLDS[op.name](a, b, width)
    return False if value is None else _constant(op, rw, _wrap(value, width))


_ZERO_IS_NEUTRAL_ON_THE_RIGHT = frozenset(
    f"arith.{name}" for name in ("addi", "subi", "ori", "xori", "shli", "shrsi", "shrui")
)
_ONE_IS_NEUTRAL_ON_THE_RIGHT = frozenset(f"arith.{name}" for name in ("muli", "divsi", "divui"))
_ZERO_ABSORBS = frozenset(("arith.muli", "arith.andi"))
_COMMUTATIVE = frozenset(
    f"arith.{name}" for name in ("addi", "muli", "andi", "ori", "xori", "maxsi", "minsi", "maxui", "minui")
)


@pattern(*_FOLDS)
def apply_identity(op: Operation, rw: Rewriter) -> bool:
    """x + 0, x * 1, x & 0, x - x and their like."""
    left, right = op.operands
    _, b = _integers(op)
    one = _wrap(1, _width(op.result.type))
    if (b == 0 and op.name in _ZERO_IS_NEUTRAL_ON_THE_RIGHT) or (
        b == one and op.name in _ONE_IS_NEUTRAL_ON_THE_RIGHT and one == 1
    ):
        rw.replace(op, left)
        return True
    if b == 0 and op.name in _ZERO_ABSORBS:
        rw.replace(op, right)
        return True
    if left is right:
        if op.name in ("arith.subi", "arith.xori"):
            return _constant(op, rw, 0)
        if op.name in ("arith.andi", "arith.ori", "arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui"):
            rw.replace(op, left)
            return True
    return False


@pattern(*_COMMUTATIVE)
def constant_to_the_right(op: Operation, rw: Rewriter) -> bool:
    """Commutative operations have their constant second, so that other patterns look there only."""
    left, right = op.operands
    if arith.constant_value(left) is None or arith.constant_value(right) is not None:
        return False
    rw.set_operands(op, (right, left))
    return True


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
_TRUE_OF_EQUALS = frozenset(("eq", "le", "ge"))


@pattern("arith.cmpi")
def fold_comparison(op: Operation, rw: Rewriter) -> bool:
    """Compare two constants, or a value with itself."""
    predicate = arith.CMPI_PREDICATES[op.attr("predicate")]
    relation = predicate[-2:]
    if op.operands[0] is op.operands[1]:
        return _constant(op, rw, relation in _TRUE_OF_EQUALS)
    a, b = _integers(op)
    if a is None or b is None:
        return False
    if predicate.startswith("u"):
        width = _width(op.operands[0].type)
        a, b = _unsigned(a, width), _unsigned(b, width)
    return _constant(op, rw, _COMPARE[relation](a, b))


@pattern("arith.select")
def decide_select(op: Operation, rw: Rewriter) -> bool:
    """A constant condition, or one value for both cases, decides; select c, true, false is c."""
    condition, then, otherwise = op.operands
    known = arith.constant_value(condition)
    if known is not None:
        rw.replace(op, then if known else otherwise)
        return True
    if then is otherwise:
        rw.replace(op, then)
        return True
    if arith.constant_value(then) is True and arith.constant_value(otherwise) is False:
        rw.replace(op, condition)
        return True
    return False


_FLOAT_FOLDS: dict[str, Callable[[float, float], float]] = {
    "arith.addf": lambda a, b: a + b,
    "arith.subf": lambda a, b: a - b,
    "arith.mulf": lambda a, b: a * b,
}


@pattern(*_FLOAT_FOLDS)
def fold_floats(op: Operation, rw: Rewriter) -> bool:
    """Compute a double operation on two constants whose result is a number."""
    type = op.result.type
    a, b = (arith.constant_value(value) for value in op.operands)
    if a is None or b is None or not isinstance(type, FloatType) or type.width != 64:
        return False
    value = _FLOAT_FOLDS[op.name](float(a), float(b))
    # The sign and payload of a NaN depend on the machine.
    return False if math.isnan(value) else _constant(op, rw, value)


@pattern("arith.extsi", "arith.extui", "arith.trunci", "arith.index_cast", "arith.index_castui")
def fold_integer_cast(op: Operation, rw: Rewriter) -> bool:
    """Widen or narrow a constant."""
    (value,) = _integers(op)
    if value is None:
        return False
    if op.name in ("arith.extui", "arith.index_castui"):
        value = _unsigned(value, _width(op.operands[0].type))
    return _constant(op, rw, _wrap(value, _width(op.result.type)))


@pattern("arith.sitofp")
def fold_int_to_float(op: Operation, rw: Rewriter) -> bool:
    """Convert a constant integer to a double; Python rounds to nearest even, as the machine does."""
    (value,) = _integers(op)
    type = op.result.type
    if value is None or not isinstance(type, FloatType) or type.width != 64:
        return False
    return _constant(op, rw, float(value))


def _is_negation(value: Value) -> Value | None:
    owner = value.owner
    if isinstance(owner, Operation) and owner.name == "arith.xori":
        if arith.constant_value(owner.operands[1]) is True:
            return owner.operands[0]
    return None


@pattern("arith.xori")
def cancel_double_negation(op: Operation, rw: Rewriter) -> bool:
    """Of truth values, not (not x) is x."""
    inner = _is_negation(op.operands[0])
    if inner is None or arith.constant_value(op.operands[1]) is not True:
        return False
    rw.replace(op, inner)
    return True


PATTERNS: list[Pattern] = [
    fold_integers,
    apply_identity,
    constant_to_the_right,
    fold_comparison,
    decide_select,
    fold_floats,
    fold_integer_cast,
    fold_int_to_float,
    cancel_double_negation,
]
