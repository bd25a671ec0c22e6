"""The `osp` dialect: Osprey's own operations and types, as the IR generator emits them.

Values here are still those of the language: a `!osp.result` is one value, an operator takes its meaning from
the types of its operands, and a generic function may hold `!osp.var` types. Passes bring it down to `rt`,
`cf` and `arith`. Verifiers check what later passes rely on; they say nothing about types that still hold
variables.

Patterns stand on `osp.match` as nested arrays, read depth first, each `bind` being one block argument of its
arm, in that order: `["wild"] ["bind"] ["lit", value] ["con", variant, p…] ["rec", open, [name…], p…]
["list", rest?, p…] ["as", whole, p] ["or", p…]` (`as` binds the whole before what is inside; alternatives
bind the same arguments, by `["ref", n]` from the second one on).
"""

from __future__ import annotations

from ospjit.ir import (
    ArrayAttr,
    Dialect,
    DialectType,
    FunctionType,
    IntAttr,
    OpDef,
    Operation,
    StringAttr,
    SymbolRefAttr,
    Type,
    TypeAttr,
    VerifyError,
    f64,
    i1,
    i64,
    register,
)
from ospjit.ir.constraints import both, shape

STRING = DialectType("osp.string")
UNIT = DialectType("osp.unit")
PTR = DialectType("osp.ptr")
ANY = DialectType("osp.any")


def result_of(value: Type, error: Type) -> DialectType:
    """`!osp.result<value, error>`."""
    return DialectType("osp.result", (value, error))


def fn_of(result: Type, params: tuple[Type, ...]) -> DialectType:
    """The type of a function value, result first: `!osp.fn<result, params…>`."""
    return DialectType("osp.fn", (result, *params))


def is_type(t: Type, name: str) -> bool:
    """Whether `t` is the dialect type called `name`, whatever its parameters."""
    return isinstance(t, DialectType) and t.name == name


def holds_variable(t: Type) -> bool:
    """Whether a type holds an `!osp.var`: whether it stands in a generic function."""
    if isinstance(t, DialectType):
        return t.name == "osp.var" or any(isinstance(p, Type) and holds_variable(p) for p in t.params)
    if isinstance(t, FunctionType):
        return any(map(holds_variable, (*t.inputs, *t.results)))
    return False


def number_of(t: Type) -> Type | None:
    """The number under an operand of arithmetic: itself, or the payload of a `Result`."""
    if t is i64 or t is f64:
        return t
    if is_type(t, "osp.result"):
        payload = t.params[0] if t.params else None  # type: ignore[attr-defined]
        return payload if payload is i64 or payload is f64 else None
    return None


def _fail(op: Operation, message: str) -> None:
    raise VerifyError(message, op)


def _generic(op: Operation) -> bool:
    return any(holds_variable(v.type) for v in (*op.operands, *op.results))


def _verify_arithmetic(op: Operation) -> None:
    if _generic(op):
        return
    result = op.result.type
    if op.name == "osp.add" and not number_of(result):
        if any(v.type is not result for v in op.operands):
            _fail(op, f"operands must be of the result's type {result}")
        return
    if any(number_of(v.type) is None for v in op.operands) or number_of(result) is None:
        _fail(op, "operands and result must be numbers or Results of numbers")
    failing = any(is_type(v.type, "osp.result") for v in op.operands)
    failing = (
        failing or op.name in ("osp.div", "osp.mod", "osp.int_div") or all(v.type is i64 for v in op.operands)
    )
    if failing != is_type(result, "osp.result"):
        _fail(op, f"result of type {result} " + ("cannot hold a failure" if failing else "cannot fail"))


def _verify_comparison(op: Operation) -> None:
    if op.result.type is not i1:
        _fail(op, f"result must be i1, not {op.result.type}")


def _verify_success(op: Operation) -> None:
    if _generic(op):
        return
    result = op.result.type
    which = 0 if op.name == "osp.success" else 1
    params = result.params if isinstance(result, DialectType) and result.name == "osp.result" else ()
    if len(params) != 2 or params[which] is not op.operands[0].type:
        _fail(op, f"operand of type {op.operands[0].type} does not make a {result}")


#: How many items a pattern has before those that are patterns themselves, by its kind.
_PATTERNS = {
    "wild": 0,
    "bind": 0,
    "none": 0,
    "ref": 1,
    "lit": 1,
    "con": 1,
    "rec": 2,
    "list": 0,
    "as": 0,
    "or": 0,
    "type": 1,
}


def _binds(op: Operation, pattern: object) -> int:
    """How many values a pattern binds. Raises `VerifyError` if it is none."""
    count, rest = 0, [pattern]
    while rest:
        item = rest.pop()
        if not (isinstance(item, tuple) and item and isinstance(item[0], str) and item[0] in _PATTERNS):
            _fail(op, f"'{item}' is not a pattern")
        assert isinstance(item, tuple)
        kind, *parts = item
        plain = _PATTERNS[kind]
        if len(parts) < plain or (kind == "as" and len(parts) != 2) or (kind in ("list", "or") and not parts):
            _fail(op, f"a pattern '{kind}' lacks parts")
        if kind in ("wild", "bind", "none", "ref", "lit") and len(parts) > plain:
            _fail(op, f"a pattern '{kind}' has no parts")
        count += kind == "bind"
        rest += parts[plain:]
    return count


def _verify_match(op: Operation) -> None:
    patterns = op.attr("patterns")
    guards = op.attr("guards")
    bodies = len(patterns)
    if bodies == 0:
        _fail(op, "a match needs an arm")
    if len(op.regions) != bodies + sum(1 for g in guards if g):
        _fail(op, f"expected a region for each of {bodies} arms and one for each guard")
    for region in op.regions:
        last = region.first.last if region.first is not None else None
        if last is None or last.name != "osp.yield":
            _fail(op, "every region must end with osp.yield")
    if len(guards) != bodies:
        _fail(op, f"guards say something about {len(guards)} arms of {bodies}")
    guarded = [pattern for pattern, guard in zip(patterns, guards, strict=True) if guard]
    for pattern, region in zip([*patterns, *guarded], op.regions, strict=True):
        bound = _binds(op, pattern)
        if len(region.entry.args) != bound:
            _fail(op, f"a pattern binds {bound} values, but its region takes {len(region.entry.args)}")
    for region in op.regions[:bodies]:
        end = region.entry.last
        found = tuple(v.type for v in end.operands) if end is not None else ()
        wanted = tuple(r.type for r in op.results)
        if found != wanted:
            _fail(
                op,
                f"an arm yields {', '.join(map(str, found))} where {', '.join(map(str, wanted))} is wanted",
            )


def _verify_closure_call(op: Operation) -> None:
    if _generic(op):
        return
    callee = op.operands[0].type if op.operands else None
    if callee is None or not is_type(callee, "osp.fn"):
        _fail(op, f"callee must be a function value, not {callee}")


_ARITHMETIC = ("add", "sub", "mul", "div", "mod", "neg", "int_div")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")

OPS = [
    OpDef("osp.unit", "The value of type Unit.", verify=shape(results=1), pure=True),
    OpDef(
        "osp.string",
        "A string literal: static and immortal.",
        verify=shape(results=1, attributes={"value": StringAttr}),
        pure=True,
    ),
    *(
        OpDef(
            f"osp.{n}",
            f"Operator `{n}`.",
            verify=both(shape(operands=1 if n == "neg" else 2, results=1), _verify_arithmetic),
            pure=True,
        )
        for n in _ARITHMETIC
    ),
    *(
        OpDef(
            f"osp.{n}",
            f"Comparison `{n}`.",
            verify=both(shape(operands=2, results=1), _verify_comparison),
            pure=True,
        )
        for n in _COMPARISONS
    ),
    OpDef(
        "osp.success",
        "A Result that holds a value.",
        verify=both(shape(operands=1, results=1), _verify_success),
        pure=True,
    ),
    OpDef(
        "osp.error",
        "A Result that holds an error.",
        verify=both(shape(operands=1, results=1), _verify_success),
        pure=True,
    ),
    OpDef(
        "osp.construct",
        "A record or variant; fields in declared order.",
        verify=shape(operands=None, results=None, attributes={"variant": StringAttr}),
        pure=True,
    ),
    OpDef(
        "osp.get_field",
        "A field of a record.",
        verify=shape(operands=1, results=None, attributes={"field": StringAttr}),
        pure=True,
    ),
    OpDef(
        "osp.update",
        "A record with some fields replaced.",
        verify=shape(operands=None, results=1, attributes={"fields": ArrayAttr}),
        pure=True,
    ),
    OpDef("osp.list", "A list literal.", verify=shape(operands=None, results=1), pure=True),
    OpDef(
        "osp.map",
        "A map literal: key, value, key, value, ….",
        verify=shape(operands=None, results=1),
        pure=True,
    ),
    OpDef(
        "osp.index",
        "An element of a list, map or string, as a Result.",
        verify=shape(operands=2, results=None),
        pure=True,
    ),
    OpDef("osp.to_string", "The rendering of a value.", verify=shape(operands=None, results=1), pure=True),
    OpDef("osp.concat", "The concatenation of strings.", verify=shape(operands=None, results=1), pure=True),
    OpDef(
        "osp.call",
        "A call of a function of this module, at an instantiation.",
        verify=shape(operands=None, results=None, attributes={"callee": SymbolRefAttr}),
    ),
    OpDef(
        "osp.call_extern",
        "A call of a C function.",
        verify=shape(operands=None, results=None, attributes={"callee": SymbolRefAttr}),
    ),
    OpDef(
        "osp.c_function",
        "The address of a C function that calls a function value without captures.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "osp.call_closure",
        "A call of a function value.",
        verify=both(shape(operands=None, results=None), _verify_closure_call),
    ),
    OpDef(
        "osp.func_ref",
        "A function value: a function and its leading arguments.",
        verify=shape(operands=None, results=1, attributes={"callee": SymbolRefAttr}),
        pure=True,
    ),
    OpDef(
        "osp.builtin",
        "A call of a built-in function, at an instantiation.",
        verify=shape(operands=None, results=None, attributes={"name": StringAttr, "overload": IntAttr}),
    ),
    OpDef(
        "osp.global_get",
        "The value of a file-scope variable.",
        verify=shape(results=None, attributes={"global": SymbolRefAttr}),
    ),
    OpDef(
        "osp.global_set",
        "Gives a file-scope variable a value.",
        verify=shape(operands=None, attributes={"global": SymbolRefAttr}),
    ),
    OpDef(
        "osp.match",
        "A match: patterns, and a region for each arm and guard.",
        verify=both(
            shape(
                operands=None,
                results=None,
                regions=None,
                attributes={"patterns": ArrayAttr, "guards": ArrayAttr},
            ),
            _verify_match,
        ),
    ),
    OpDef(
        "osp.yield", "Ends an arm or a guard with its value.", verify=shape(operands=None), terminator=True
    ),
    OpDef(
        "osp.erase",
        "A value as `any`, with its run-time type.",
        verify=shape(operands=None, results=1),
        pure=True,
    ),
    OpDef(
        "osp.coerce",
        "The same value at a type with the same representation.",
        verify=shape(operands=None, results=None),
        pure=True,
    ),
    OpDef(
        "osp.select",
        "A select: kinds of arms, their operands, and a region for each.",
        verify=shape(
            operands=None, results=None, regions=None, attributes={"kinds": ArrayAttr, "binds": ArrayAttr}
        ),
    ),
    OpDef("osp.spawn", "Starts a fiber that runs a function value.", verify=shape(operands=1, results=1)),
    OpDef("osp.is_error", "Whether a Result holds an error.", verify=shape(operands=1, results=1), pure=True),
    OpDef(
        "osp.result_value",
        "The value of a Result known to be a success.",
        verify=shape(operands=1, results=None),
        pure=True,
    ),
    OpDef(
        "osp.result_error",
        "The error of a Result known to be one.",
        verify=shape(operands=1, results=None),
        pure=True,
    ),
    OpDef(
        "osp.result_from",
        "A Result of a runtime call: its value, if any, and its message or null.",
        verify=shape(operands=None, results=1),
        pure=True,
    ),
    OpDef(
        "osp.variant_tag",
        "The number of the variant that a value is.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "osp.variant_field",
        "A field of a value known to be of a variant.",
        verify=shape(operands=1, results=None, attributes={"index": IntAttr, "variant": StringAttr}),
        pure=True,
    ),
    OpDef(
        "osp.string_length",
        "The number of bytes of a string.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "osp.list_length", "The number of elements of a list.", verify=shape(operands=1, results=1), pure=True
    ),
    OpDef(
        "osp.list_item",
        "The element at an index known to be within a list.",
        verify=shape(operands=1, results=1, attributes={"index": IntAttr}),
        pure=True,
    ),
    OpDef(
        "osp.list_rest",
        "A list without so many leading elements, of which it has as many.",
        verify=shape(operands=1, results=1, attributes={"index": IntAttr}),
        pure=True,
    ),
    OpDef(
        "osp.task",
        "Starts a fiber that runs a function of the address where its value goes.",
        verify=shape(operands=1, results=1),
    ),
    OpDef("osp.store_words", "Writes a value to the words at an address.", verify=shape(operands=None)),
    OpDef(
        "osp.load_words",
        "The value in the words at an address, which a cell keeps alive.",
        verify=shape(operands=2, results=None),
        pure=True,
    ),
    OpDef(
        "osp.any_type",
        "The number of an any's run-time type.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "osp.from_any",
        "The value of an any known to be of a type.",
        verify=shape(operands=1, results=None),
        pure=True,
    ),
    OpDef(
        "osp.box",
        "A value of several parts or none in a cell.",
        verify=shape(operands=None, results=1),
        pure=True,
    ),
    OpDef("osp.unbox", "The value in a box.", verify=shape(operands=1, results=None), pure=True),
    OpDef(
        "osp.from_tag",
        "The variant with a number, of a union without fields.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "osp.data",
        "Declares a record or union type.",
        verify=shape(attributes={"sym_name": StringAttr}),
        symbol=True,
    ),
    OpDef(
        "osp.global",
        "Declares a file-scope variable.",
        verify=shape(attributes={"sym_name": StringAttr, "type": TypeAttr}),
        symbol=True,
    ),
    OpDef(
        "osp.extern", "Declares a C function.", verify=shape(attributes={"sym_name": StringAttr}), symbol=True
    ),
]

DIALECT = register(Dialect("osp", OPS, "Osprey's operations, before lowering"))
