"""Random valid programs in the `osp` dialect, as the IR generator might have made them.

Functions call only those before them, so that every program ends. They take and give numbers, Results, a
union without fields, a recursive union, a record, and function values with captures. The exported ones take
and give numbers and Results, so that they can be run from outside at every stage of the lowering.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ospjit.dialects import arith
from ospjit.dialects.osp import STRING, fn_of, result_of
from ospjit.ir import (
    Block,
    Builder,
    DialectType,
    FunctionType,
    Location,
    Operation,
    Region,
    SymbolRefAttr,
    Type,
    Value,
    body_of,
    f64,
    i1,
    i64,
    new_module,
)
from tests.ir.generator import INTERESTING

COLOR, SHAPE, POINT = (DialectType("osp.data", (name,)) for name in ("Color", "Shape", "Point"))
FALLIBLE = result_of(i64, STRING)
FUNCTION = fn_of(i64, (i64,))

#: Variants with the types of their fields, and the names of those.
VARIANTS: dict[Type, dict[str, tuple[Type, ...]]] = {
    COLOR: {"Red": (), "Green": (), "Blue": ()},
    SHAPE: {"Circle": (i64, COLOR), "Both": (SHAPE, SHAPE), "Dot": (), "Wrapped": (FALLIBLE, SHAPE, f64)},
    POINT: {"Point": (i64, SHAPE, FUNCTION)},
    FALLIBLE: {"Success": (i64,), "Error": (STRING,)},
}
FIELDS = ("x", "shape", "step")

OUTSIDE = (i64, i64, i1, f64, FALLIBLE)
INSIDE = (*OUTSIDE, COLOR, SHAPE, SHAPE, POINT, FUNCTION)


def random_program(random: Random) -> Operation:
    """A valid module in the osp dialect, with one exported function at least."""
    module = new_module()
    body = body_of(module)
    for t in (COLOR, SHAPE, POINT):
        body.append(_declaration(t))
    before = [body.append(_same())]
    for number in range(random.randint(2, 5)):
        exported = number == 0 or random.random() < 0.5
        made = _Function(random, f"f{number}", exported, before).op
        body.append(made)
        before.append(made)
    return module


def _same() -> Operation:
    """A function that is there in any case: it gives its argument."""
    block = Block([i64])
    Builder.at_end(block).create("func.return", [block.args[0]])
    attributes = {"sym_name": "same", "title": "same", "function_type": FunctionType((i64,), (i64,))}
    return Operation("func.func", attributes=attributes, regions=[Region([block])])


def _declaration(t: DialectType) -> Operation:
    variants = VARIANTS[t]
    name = str(t.params[0])
    letters = [FIELDS if t is POINT else tuple("abc"[: len(types)]) for types in variants.values()]
    return Operation(
        "osp.data",
        attributes={
            "sym_name": name,
            "title": name,
            "params": (),
            "record": t is POINT,
            "positional": (False,) * len(variants),
            "variants": tuple(variants),
            "fields": tuple(letters),
            "types": tuple(variants.values()),
        },
    )


class _Function:
    def __init__(self, random: Random, name: str, exported: bool, before: list[Operation]) -> None:
        self.random = random
        self.before = before
        types = OUTSIDE if exported else INSIDE
        inputs = [random.choice(types) for _ in range(random.randint(0, 3))]
        self.result = random.choice(types)
        if not exported and random.random() < 0.5:  # fit to be a function value
            inputs, self.result = [random.choice(INSIDE) for _ in range(random.randint(0, 2))] + [i64], i64
        block = Block(inputs)
        self.op = Operation(
            "func.func",
            attributes={
                "sym_name": name,
                "title": name,
                "function_type": FunctionType(tuple(inputs), (self.result,)),
                **({"exported": True} if exported else {}),
            },
            regions=[Region([block])],
            loc=Location("a.osp", 1, 1),
        )
        b = Builder.at_end(block, Location("a.osp", 2, 1))
        values: list[Value] = list(block.args)
        for _ in range(random.randint(1, 6)):
            b.loc = Location("a.osp", random.randint(1, 40), random.randint(1, 60))
            values.append(self.make(b, values, random.choice(INSIDE), depth=2))
        b.create("func.return", [self.pick(b, values, self.result, 2)])

    def pick(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        """A value of this type: one that there is, or a new one."""
        found = [value for value in values if value.type is t]
        if found and self.random.random() < 0.75:
            return self.random.choice(found)
        return self.make(b, values, t, depth - 1)

    def make(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        """A new value of this type."""
        makers: list[Callable[[Builder, list[Value], Type, int], Value]] = [self._plain]
        if depth > 0:
            makers += [self._plain, self._match, self._if]
            if any(f.attr("function_type").results[0] is t for f in self.before):
                makers.append(self._call)
            if t is i64:
                makers += [self._field, self._apply]
            if t in (SHAPE, FUNCTION):
                makers.append(self._field)
        return self.random.choice(makers)(b, values, t, depth)

    def _plain(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        """Made by the operations of the type itself; from constants when nothing may nest any deeper."""
        random = self.random
        if t is i64:
            return arith.constant(b, random.choice(INTERESTING), i64)
        if t is i1 and depth > 0:
            name = f"osp.{random.choice(('eq', 'ne', 'lt', 'le', 'gt', 'ge'))}"
            pair = [self.pick(b, values, i64, depth) for _ in range(2)]
            return b.create(name, pair, [i1]).result
        if t is i1:
            return arith.constant(b, random.random() < 0.5, i1)
        if t is f64:
            if depth > 0 and random.random() < 0.5:
                name = f"osp.{random.choice(('add', 'sub', 'mul'))}"
                return b.create(name, [self.pick(b, values, f64, depth) for _ in range(2)], [f64]).result
            return arith.constant(b, random.choice((0.0, 1.5, -2.0, 1e300)), f64)
        if t is FALLIBLE:
            return self._fallible(b, values, depth)
        if t is STRING:
            return b.create("osp.string", [], [STRING], {"value": random.choice("ab")}).result
        if t is FUNCTION:
            return self._function_value(b, values, depth)
        return self._construct(b, values, t, depth)

    def _fallible(self, b: Builder, values: list[Value], depth: int) -> Value:
        random = self.random
        if depth <= 0 or random.random() < 0.2:
            name, inner = random.choice((("osp.success", i64), ("osp.error", STRING)))
            return b.create(name, [self._plain(b, values, inner, 0)], [FALLIBLE]).result
        if random.random() < 0.15:
            return b.create("osp.neg", [self.pick(b, values, i64, depth)], [FALLIBLE]).result
        if random.random() < 0.15:
            pair = [self.pick(b, values, i64, depth) for _ in range(2)]
            return b.create("osp.int_div", pair, [FALLIBLE]).result
        name = f"osp.{random.choice(('add', 'sub', 'mul', 'mod'))}"
        pair = [self.pick(b, values, random.choice((i64, FALLIBLE)), depth) for _ in range(2)]
        return b.create(name, pair, [FALLIBLE]).result

    def _construct(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        variants = VARIANTS[t]
        if depth <= 0 and t is SHAPE:
            variants = {"Dot": ()}
        if t is POINT and depth > 0 and self.random.random() < 0.3:
            names = self.random.sample(range(3), self.random.randint(1, 2))
            parts = [self.pick(b, values, VARIANTS[POINT]["Point"][n], depth) for n in names]
            record = self.pick(b, values, POINT, depth)
            fields = {"fields": tuple(FIELDS[n] for n in names)}
            return b.create("osp.update", [record, *parts], [POINT], fields).result
        name = self.random.choice(list(variants))
        fields = [self.pick(b, values, part, depth) for part in variants[name]]
        return b.create("osp.construct", fields, [t], {"variant": name}).result

    def _function_value(self, b: Builder, values: list[Value], depth: int) -> Value:
        """A function of the module with its leading parameters captured."""
        fit = [f for f in self.before if _tail(f) is not None]
        if not fit or depth <= 0:
            fit = [f for f in fit if len(f.attr("function_type").inputs) == 1]
        callee = self.random.choice(fit)
        captured = callee.attr("function_type").inputs[:-1]
        captures = [self.pick(b, values, t, depth) for t in captured]
        attributes = {"callee": SymbolRefAttr(callee.attr("sym_name"))}
        return b.create("osp.func_ref", captures, [FUNCTION], attributes).result

    def _apply(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        function = self.pick(b, values, FUNCTION, depth)
        argument = self.pick(b, values, i64, depth)
        return b.create("osp.call_closure", [function, argument], [i64]).result

    def _call(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        callee = self.random.choice([f for f in self.before if f.attr("function_type").results[0] is t])
        arguments = [self.pick(b, values, input, depth) for input in callee.attr("function_type").inputs]
        return b.create("osp.call", arguments, [t], {"callee": SymbolRefAttr(callee.attr("sym_name"))}).result

    def _field(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        name = FIELDS[VARIANTS[POINT]["Point"].index(t)]
        return b.create("osp.get_field", [self.pick(b, values, POINT, depth)], [t], {"field": name}).result

    def _body(self, args: list[Type], values: list[Value], t: Type, end: str, depth: int) -> Region:
        """A region that gives a value of this type."""
        block = Block(args)
        place = Location("a.osp", self.random.randint(1, 40), self.random.randint(1, 60))
        inner = Builder.at_end(block, place)
        seen = [*values, *block.args]
        inner.create(end, [self.pick(inner, seen, t, depth)])
        return Region([block])

    def _if(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        condition = self.pick(b, values, i1, depth)
        regions = [self._body([], values, t, "scf.yield", depth - 1) for _ in range(2)]
        return b.create("scf.if", [condition], [t], regions=regions).result

    def _match(self, b: Builder, values: list[Value], t: Type, depth: int) -> Value:
        """Some arms, of which the last fits everything."""
        scrutinee = self.random.choice((i64, i1, COLOR, SHAPE, SHAPE, FALLIBLE))
        value = self.pick(b, values, scrutinee, depth)
        patterns, bodies, guards, guarded = [], [], [], []
        for last in (*[False] * self.random.randint(1, 3), True):
            bound: list[Type] = []
            pattern = self._default(scrutinee, bound) if last else self._pattern(scrutinee, bound, 2)
            patterns.append(pattern)
            bodies.append(self._body(bound, values, t, "osp.yield", depth - 1))
            guards.append(not last and self.random.random() < 0.2)
            if guards[-1]:
                guarded.append(self._body(bound, values, i1, "osp.yield", depth - 1))
        attributes = {"patterns": tuple(patterns), "guards": tuple(guards)}
        return b.create("osp.match", [value], [t], attributes, [*bodies, *guarded]).result

    def _default(self, t: Type, bound: list[Type]) -> tuple[Any, ...]:
        if self.random.random() < 0.5:
            return ("wild",)
        bound.append(t)
        return ("bind",)

    def _pattern(self, t: Type, bound: list[Type], depth: int) -> tuple[Any, ...]:
        """A pattern for values of a type; the types of what it binds are added to `bound`."""
        random = self.random
        if random.random() < 0.1:
            bound.append(t)
            return ("as", ("bind",), self._pattern(t, bound, depth))
        if t is i64:
            if random.random() < 0.3:
                return ("or", *(("lit", number) for number in random.sample((0, 1, 2, 3, -1), 2)))
            return ("lit", random.choice(INTERESTING))
        if t is i1:
            return ("lit", random.random() < 0.5)
        if t not in VARIANTS or depth == 0 or t is POINT:
            return self._default(t, bound)
        name = random.choice(list(VARIANTS[t]))
        parts = []
        for part in VARIANTS[t][name]:
            nested = random.random() < 0.4
            parts.append(self._pattern(part, bound, depth - 1) if nested else self._default(part, bound))
        return ("con", name, *parts)


def _tail(function: Operation) -> Operation | None:
    """`function` if it is one of an int that gives an int, once its other parameters have been captured."""
    t = function.attr("function_type")
    return function if t.results == (i64,) and t.inputs and t.inputs[-1] is i64 else None
