"""unbox-results: a Result is a flag, a value and an error in registers; checked arithmetic is straight-line
code.

Every `!osp.result<T, E>` becomes the parts (i1 is-error, T…, E…), in arguments, results and branches alike,
and `!osp.unit` becomes nothing. An overflow costs the flag of the addition; the first error of a chain is
kept by selects. What a part that is not there holds is zero or null and is never looked at.

Before:

    "func.func"() ({
    ^bb0(%a: i64, %b: i64, %c: i64):
      %0 = "osp.mul"(%a, %b) : (i64, i64) -> !osp.result<i64, !osp.string>
      %1 = "osp.add"(%0, %c) : (!osp.result<i64, !osp.string>, i64) -> !osp.result<i64, !osp.string>
      "func.return"(%1) : (!osp.result<i64, !osp.string>) -> ()
    }) {function_type = (i64, i64, i64) -> !osp.result<i64, !osp.string>, sym_name = "f"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64, %arg2: i64):
      %0:2 = "rt.mul_overflow"(%arg0, %arg1) : (i64, i64) -> (i64, i1)
      %1 = "osp.string"() {value = "integer overflow"} : () -> !osp.string
      %2:2 = "rt.add_overflow"(%0#0, %arg2) : (i64, i64) -> (i64, i1)
      %3 = "osp.string"() {value = "integer overflow"} : () -> !osp.string
      %4 = "arith.ori"(%0#1, %2#1) : (i1, i1) -> i1
      %5 = "arith.select"(%0#1, %1, %3) : (i1, !osp.string, !osp.string) -> !osp.string
      "func.return"(%4, %2#0, %5) : (i1, i64, !osp.string) -> ()
    }) {function_type = (i64, i64, i64) -> (i1, i64, !osp.string), sym_name = "f"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ospjit.dialects.osp import STRING, UNIT, is_type, number_of
from ospjit.dialects.rt import is_counted
from ospjit.ir import (
    Builder,
    DialectType,
    FloatAttr,
    Operation,
    Pass,
    PassContext,
    SymbolRefAttr,
    Type,
    Value,
    f64,
    i1,
    i64,
)
from ospjit.passes.conversion import Conversion, Handler, Parts, flat, same_operation

OVERFLOW = "integer overflow"
DIVISION_BY_ZERO = "division by zero"


@dataclass(frozen=True)
class UnboxResults(Pass):
    """Results and Unit are gone after it: everything else is one value."""

    name = "unbox-results"
    summary = "Results become flags and registers, checked arithmetic overflow flags"
    takes = ("osp", "func", "cf", "arith", "rt")
    leaves = ("osp", "func", "cf", "arith", "rt")
    required = True
    statistics = {
        "rewritten": "operations whose values fell into parts",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        for op in module.walk():
            if op.name in _ARITHMETIC and not _involves_result(op):
                _plain_arithmetic(op)
        ctx.count("rewritten", Conversion(expand, _HANDLERS, always=_ALWAYS).run(module))


def expand(t: Type) -> tuple[Type, ...]:
    """The parts of a value of type `t`."""
    if t is UNIT:
        return ()
    if isinstance(t, DialectType) and t.name == "osp.result":
        value, error = t.params
        assert isinstance(value, Type) and isinstance(error, Type)
        return (i1, *expand(value), *expand(error))
    return (t,)


def _involves_result(op: Operation) -> bool:
    return any(is_type(v.type, "osp.result") for v in (*op.operands, *op.results))


def _constant(b: Builder, value: int | bool | float, t: Type) -> Value:
    wrapped = FloatAttr(float(value)) if t is f64 else value
    return b.create("arith.constant", [], [t], {"value": wrapped}).result


def filler(b: Builder, t: Type) -> Value:
    """A value for a part that is not there."""
    if t is i64 or t is f64 or t is i1:
        return _constant(b, False if t is i1 else 0, t)
    return b.create("rt.null", [], [t]).result


def _unit(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    return [()]


def _success(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    error = op.result.type.params[1]  # type: ignore[attr-defined]
    fill = tuple(filler(b, t) for t in expand(error))
    return [(_constant(b, False, i1), *operands[0], *fill)]


def _error(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    value = op.result.type.params[0]  # type: ignore[attr-defined]
    fill = tuple(filler(b, t) for t in expand(value))
    return [(_constant(b, True, i1), *fill, *operands[0])]


def _is_error(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    return [(operands[0][0],)]


def _value(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    width = len(expand(op.operands[0].type.params[0]))  # type: ignore[attr-defined]
    return [operands[0][1 : 1 + width]]


def _message(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    width = len(expand(op.operands[0].type.params[0]))  # type: ignore[attr-defined]
    return [operands[0][1 + width :]]


def _from_runtime(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """A value and a message of which one is there: the message tells."""
    message = operands[-1][0]
    absent = b.create("rt.is_null", [message], [i1]).result
    failed = b.create("arith.xori", [absent, _constant(b, True, i1)], [i1]).result
    value = flat(operands[:-1])
    wanted = expand(op.result.type)[1:-1]
    if not value:
        value = [filler(b, t) for t in wanted]
    return [(failed, *value, message)]


def _coerce(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    parts = []
    for value, t in zip(operands[0], expand(op.result.type), strict=True):
        parts.append(value if value.type is t else b.create("osp.coerce", [value], [t]).result)
    return [tuple(parts)]


def _select(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    condition = operands[0][0]
    pairs = zip(operands[1], operands[2], strict=True)
    return [tuple(b.create("arith.select", [condition, x, y], [x.type]).result for x, y in pairs)]


def _task(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """A fiber's result is so many words, the counted ones first."""
    parts = expand(op.result.type.params[0])  # type: ignore[attr-defined]
    sizes = [_constant(b, len(parts), i64), _constant(b, sum(map(is_counted, parts)), i64)]
    callee = {"callee": SymbolRefAttr("osp_spawn")}
    return [(b.create("rt.call", [operands[0][0], *sizes], [op.result.type], callee).result,)]


def _store_words(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    address, parts = operands[0][0], operands[1]
    for word, part in enumerate(_box_order(c, op.operands[1].type)):
        b.create("rt.store_word", [address, parts[part]], [], {"index": word})
    return []


def _load_words(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    types = expand(op.result.type)
    values: dict[int, Value] = {}
    for word, part in enumerate(_box_order(c, op.result.type)):
        source = [operands[0][0], operands[1][0]]
        values[part] = b.create("rt.load_word", source, [types[part]], {"index": word}).result
    return [tuple(values[i] for i in range(len(types)))]


def _box_order(c: Conversion, t: Type) -> list[int]:
    """The order in which the parts of a type stand in a box: counted ones first, as in every cell."""
    parts = expand(t)
    return sorted(range(len(parts)), key=lambda i: not is_counted(parts[i]))


def _box(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    (parts,) = operands
    scan = sum(is_counted(p.type) for p in parts)
    ordered = [parts[i] for i in _box_order(c, op.operands[0].type)]
    attrs = {"tag": op.attr("type_number", 0), "scan": scan}
    return [(b.create("rt.cell", ordered, [op.result.type], attrs).result,)]


def _list_item(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """An element of several parts, or none, is in a box; others only get the list's new value."""
    if not c.changes(op.result.type):
        return same_operation(c, op, operands, b)
    t = DialectType("osp.box", (op.result.type,))
    box = b.create("osp.list_item", operands[0], [t], op.attributes).result
    return _unbox(c, op, [(box,)], b)


def _unbox(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    types = expand(op.result.type)
    values: list[Value | None] = [None] * len(types)
    for slot, part in enumerate(_box_order(c, op.result.type)):
        values[part] = b.create("rt.slot", [operands[0][0]], [types[part]], {"index": slot}).result
    return [tuple(v for v in values if v is not None)]


# ---- arithmetic


def _plain_arithmetic(op: Operation) -> None:
    """Float arithmetic, which cannot fail, over operands that are no Results."""
    if number_of(op.result.type) is None:
        return
    b = Builder.before(op)
    values = [_promote(b, v) for v in op.operands]
    op.result.replace_by(_float_operation(b, op.name, values))
    op.erase()


def _promote(b: Builder, value: Value) -> Value:
    return b.create("arith.sitofp", [value], [f64]).result if value.type is i64 else value


_FLOAT = {"osp.add": "arith.addf", "osp.sub": "arith.subf", "osp.mul": "arith.mulf", "osp.neg": "arith.negf"}


def _float_operation(b: Builder, name: str, values: Sequence[Value]) -> Value:
    return b.create(_FLOAT[name], values, [f64]).result


def _arithmetic(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """One operation on numbers or Results of numbers: its own check, then the errors of its operands."""
    values: list[Value] = []
    failures: list[tuple[Value, Value]] = []
    for operand, parts in zip(op.operands, operands, strict=True):
        if is_type(operand.type, "osp.result"):
            failures.append((parts[0], parts[2]))
            values.append(parts[1])
        else:
            values.append(parts[0])
    value, failed, message = _compute(b, op.name, values)
    flag: Value | None = failed
    text: Value | None = b.create("osp.string", [], [STRING], {"value": message}).result if message else None
    for operand_failed, operand_message in reversed(failures):
        flag = operand_failed if flag is None else b.create("arith.ori", [operand_failed, flag], [i1]).result
        if text is None:
            text = operand_message
        else:
            text = b.create("arith.select", [operand_failed, operand_message, text], [STRING]).result
    assert flag is not None and text is not None
    return [(flag, value, text)]


def _compute(b: Builder, name: str, values: list[Value]) -> tuple[Value, Value | None, str | None]:
    """The bare result of an operation, whether it failed, and the message it then has."""
    integers = all(v.type is i64 for v in values)
    if name == "osp.div":
        a, d = (_promote(b, v) for v in values)
        zero = _compare(b, "arith.cmpf", d, _constant(b, 0.0, f64), 1)
        return b.create("arith.divf", [a, d], [f64]).result, zero, DIVISION_BY_ZERO
    if name == "osp.mod":
        return _remainder(b, values, integers)
    if not integers:
        return _float_operation(b, name, [_promote(b, v) for v in values]), None, None
    if name == "osp.neg":
        name, values = "osp.sub", [_constant(b, 0, i64), *values]
    op = b.create(f"rt.{name[4:]}_overflow", values, [i64, i1])
    return op.results[0], op.results[1], OVERFLOW


def _compare(b: Builder, name: str, x: Value, y: Value, predicate: int) -> Value:
    return b.create(name, [x, y], [i1], {"predicate": predicate}).result


def _remainder(b: Builder, values: Sequence[Value], integers: bool) -> tuple[Value, Value, str]:
    if not integers:
        a, d = (_promote(b, v) for v in values)
        zero = _compare(b, "arith.cmpf", d, _constant(b, 0.0, f64), 1)
        callee = {"callee": SymbolRefAttr("osp_float_mod")}
        return b.create("rt.call", [a, d], [f64], callee).result, zero, DIVISION_BY_ZERO
    a, d = values
    one = _constant(b, 1, i64)
    zero = _compare(b, "arith.cmpi", d, _constant(b, 0, i64), 0)
    # The machine traps on MIN % -1, whose answer is that of MIN % 1.
    minus = _compare(b, "arith.cmpi", d, _constant(b, -1, i64), 0)
    unsafe = b.create("arith.ori", [zero, minus], [i1]).result
    divisor = b.create("arith.select", [unsafe, one, d], [i64]).result
    return b.create("arith.remsi", [a, divisor], [i64]).result, zero, DIVISION_BY_ZERO


def _int_div(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """Division towards zero: it fails for a zero divisor, and overflows for MIN / -1."""
    (a,), (d,) = operands
    zero = _compare(b, "arith.cmpi", d, _constant(b, 0, i64), 0)
    minus = _compare(b, "arith.cmpi", d, _constant(b, -1, i64), 0)
    least = _compare(b, "arith.cmpi", a, _constant(b, -(1 << 63), i64), 0)
    overflow = b.create("arith.andi", [minus, least], [i1]).result
    failed = b.create("arith.ori", [zero, overflow], [i1]).result
    divisor = b.create("arith.select", [failed, _constant(b, 1, i64), d], [i64]).result
    texts = [b.create("osp.string", [], [STRING], {"value": t}).result for t in (DIVISION_BY_ZERO, OVERFLOW)]
    message = b.create("arith.select", [zero, *texts], [STRING]).result
    return [(failed, b.create("arith.divsi", [a, divisor], [i64]).result, message)]


_ARITHMETIC = frozenset(f"osp.{n}" for n in ("add", "sub", "mul", "div", "mod", "neg", "int_div"))

#: Operations that are rewritten even where no type of theirs changes.
_ALWAYS = frozenset(
    f"osp.{n}" for n in ("task", "store_words", "load_words", "box", "unbox", "erase", "from_any")
)

_HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    "osp.int_div": _int_div,
    "osp.unit": _unit,
    "osp.success": _success,
    "osp.error": _error,
    "osp.is_error": _is_error,
    "osp.result_value": _value,
    "osp.result_error": _message,
    "osp.result_from": _from_runtime,
    "osp.task": _task,
    "osp.store_words": _store_words,
    "osp.load_words": _load_words,
    "osp.list_item": _list_item,
    "osp.erase": _box,
    "osp.from_any": _unbox,
    "osp.box": _box,
    "osp.unbox": _unbox,
    "osp.coerce": _coerce,
    "arith.select": _select,
}
