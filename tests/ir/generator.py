"""Random valid IR, made from a `random.Random`, for property tests: `arith`, `math`, `cf`, `scf` and `func`.

A program is a few functions with arbitrary branches between blocks; a function calls only those before it.
Values used are those of the same block, of its arguments, or of the entry block, so definitions dominate uses
whatever the branches are.
"""

from __future__ import annotations

from random import Random

from ospjit.dialects import arith, cf, func
from ospjit.ir import (
    Block,
    Builder,
    FloatType,
    FunctionType,
    IntegerType,
    Location,
    Operation,
    Region,
    SymbolRefAttr,
    Type,
    Value,
    body_of,
    f32,
    f64,
    i1,
    i8,
    i16,
    i32,
    i64,
    new_module,
)
from ospjit.ir.types import index

#: The usual ones several times, so that values of a type are there when one is needed.
TYPES: tuple[Type, ...] = (i64, i64, i64, i1, i1, f64, f64, i32, i8, i16, f32)
INTERESTING = (0, 1, -1, 2, 3, 7, 64, (1 << 63) - 1, -(1 << 63), 1 << 32)
FLOATS = (0.0, -0.0, 1.0, -1.5, 1e300, -1e-300, float("inf"), float("nan"), 0.5, -3.0)

_INTEGER = (
    "addi subi muli divsi divui floordivsi remsi remui andi ori xori shli shrsi shrui maxsi minsi maxui minui"
).split()
#: What is undefined for many numbers on the right: mostly it gets one that is harmless.
_PARTIAL = ("arith.div", "arith.rem", "arith.floordiv", "arith.sh")
_FLOAT = "addf subf mulf divf remf maximumf minimumf".split()


def random_module(random: Random, structured: bool = True) -> Operation:
    """A valid module; with `structured`, `scf` operations occur in it as well."""
    module = new_module()
    before: list[Operation] = []
    for number in range(random.randint(1, 3)):
        made = _Function(random, f"f{number}", structured, before).op
        body_of(module).append(made)
        before.append(made)
    return module


def constant(random: Random, b: Builder, t: Type) -> Value:
    """A constant of type `t`, one that is likely to make trouble."""
    if isinstance(t, IntegerType):
        number = random.choice(INTERESTING) % 2**t.width
        number -= 2**t.width if number >= 2 ** (t.width - 1) else 0
        return arith.constant(b, bool(number) if t is i1 else number, t)
    if isinstance(t, FloatType):
        number = random.choice(FLOATS)
        return arith.constant(b, number if t is f64 or abs(number) < 1e30 else 2.0, t)
    return arith.constant(b, random.choice(INTERESTING), t)


class _Function:
    def __init__(self, random: Random, name: str, structured: bool, before: list[Operation]) -> None:
        self.random = random
        self.structured = structured
        self.before = before
        inputs = [random.choice(TYPES) for _ in range(random.randint(0, 3))]
        self.results = tuple(random.choice(TYPES) for _ in range(random.randint(1, 4)))
        self.op = func.function(name, FunctionType(inputs, self.results), self._location())
        region = self.op.regions[0]
        self.entry = region.entry
        for _ in range(random.randint(0, 5)):
            region.append(Block([random.choice(TYPES) for _ in range(random.randint(0, 2))]))
        self.targets = list(region.blocks)[1:]
        self.common: list[Value] = []
        for block in region.blocks:
            self._fill(block)

    def _location(self) -> Location:
        file = self.random.choice(("a.osp", "b c.osp", 'q"\\.osp'))
        return Location(file, self.random.randint(0, 9), self.random.randint(1, 80))

    def _fill(self, block: Block) -> None:
        b = Builder.at_end(block)
        values = [*self.common, *block.args]
        for _ in range(self.random.randint(0, 6)):
            b.loc = self._location()
            values.append(self._operation(b, values, depth=2))
        if block is self.entry:
            self.common = list(values)
        self._terminate(b, values)

    def pick(self, b: Builder, values: list[Value], type: Type) -> Value:
        """A value of this type: one that there is, or a new constant."""
        found = [value for value in values if value.type is type]
        if found and self.random.random() < 0.9:
            return self.random.choice(found)
        return constant(self.random, b, type)

    def _operation(self, b: Builder, values: list[Value], depth: int) -> Value:
        kinds = [self._integers, self._integers, self._floats, self._comparison, self._choice, self._cast]
        if self.before:
            kinds.append(self._call)
        if depth and self.structured:
            kinds += [
                lambda b, values: self._if(b, values, depth),
                lambda b, values: self._for(b, values, depth),
                lambda b, values: self._while(b, values, depth),
            ]
        return self.random.choice(kinds)(b, values)

    def _integers(self, b: Builder, values: list[Value]) -> Value:
        name = f"arith.{self.random.choice(_INTEGER)}"
        t = self.random.choice((i64, i64, i1, i32, i8, i16))
        right = self.pick(b, values, t)
        if t is not i1 and name.startswith(_PARTIAL) and self.random.random() < 0.8:
            right = arith.constant(b, self.random.choice((1, 2, 3, 5, 7)), t)
        return arith.binary(b, name, self.pick(b, values, t), right)

    def _floats(self, b: Builder, values: list[Value]) -> Value:
        t = self.random.choice((f64, f64, f32))
        if self.random.random() < 0.2:
            name = self.random.choice(("arith.negf", "math.absf"))
            return b.create(name, [self.pick(b, values, t)], [t]).result
        name = f"arith.{self.random.choice(_FLOAT)}"
        return arith.binary(b, name, self.pick(b, values, t), self.pick(b, values, t))

    def _comparison(self, b: Builder, values: list[Value]) -> Value:
        t = self.random.choice(TYPES)
        pair = self.pick(b, values, t), self.pick(b, values, t)
        if isinstance(t, FloatType):
            return arith.cmpf(b, self.random.choice(arith.CMPF_PREDICATES), *pair)
        return arith.cmpi(b, self.random.choice(arith.CMPI_PREDICATES), *pair)

    def _choice(self, b: Builder, values: list[Value]) -> Value:
        t = self.random.choice(TYPES)
        condition = self.pick(b, values, i1)
        return arith.select(b, condition, self.pick(b, values, t), self.pick(b, values, t))

    def _cast(self, b: Builder, values: list[Value]) -> Value:
        name, source, target = self.random.choice(
            (
                ("extsi", self.random.choice((i1, i8, i32)), i64),
                ("extui", self.random.choice((i1, i8, i16)), i32),
                ("trunci", i64, self.random.choice((i1, i8, i32))),
                ("extf", f32, f64),
                ("truncf", f64, f32),
                ("sitofp", self.random.choice((i64, i32, i1)), f64),
                ("uitofp", self.random.choice((i32, i1)), f64),
                ("fptosi", f64, i64),
                ("fptoui", f64, i32),
                ("bitcast", f64, i64),
                ("bitcast", i64, f64),
                ("index", i64, i64),
            )
        )
        value = self.pick(b, values, source)
        if name == "index":
            name = self.random.choice(("index_cast", "index_castui"))
            value = b.create(f"arith.{name}", [value], [index]).result
        return b.create(f"arith.{name}", [value], [target]).result

    def _call(self, b: Builder, values: list[Value]) -> Value:
        callee = self.random.choice(self.before)
        t = func.function_type(callee)
        arguments = [self.pick(b, values, input) for input in t.inputs]
        symbol = SymbolRefAttr(callee.attr("sym_name"))
        made = b.create("func.call", arguments, t.results, {"callee": symbol})
        values += made.results[1:]
        return made.results[0]

    def _body(self, args: list[Type], values: list[Value], depth: int) -> tuple[Block, Builder, list[Value]]:
        """A block with a few operations in it, and what may be used at its end."""
        block = Block(args)
        b = Builder.at_end(block, self._location())
        seen = [*values, *block.args]
        for _ in range(self.random.randint(0, 3)):
            seen.append(self._operation(b, seen, depth - 1))
        return block, b, seen

    def _if(self, b: Builder, values: list[Value], depth: int) -> Value:
        type = self.random.choice(TYPES)
        regions = []
        for _ in range(2):
            block, inner, seen = self._body([], values, depth)
            inner.create("scf.yield", [self.pick(inner, seen, type)])
            regions.append(Region([block]))
        return b.create("scf.if", [self.pick(b, values, i1)], [type], regions=regions).result

    def _for(self, b: Builder, values: list[Value], depth: int) -> Value:
        """A few rounds with one value carried from each to the next."""
        type = self.random.choice(TYPES)
        numbers = (self.random.randint(-2, 2), self.random.randint(-1, 5), self.random.randint(1, 3))
        bounds = [arith.constant(b, number, i64) for number in numbers]
        block, inner, seen = self._body([i64, type], values, depth)
        inner.create("scf.yield", [self.pick(inner, seen, type)])
        first = self.pick(b, values, type)
        return b.create("scf.for", [*bounds, first], [type], regions=[Region([block])]).result

    def _while(self, b: Builder, values: list[Value], depth: int) -> Value:
        """Counts down from a small number; what it gives is the other value carried."""
        type = self.random.choice(TYPES)
        before, inner, seen = self._body([i64, type], values, depth)
        goes_on = arith.cmpi(inner, "sgt", before.args[0], arith.constant(inner, 0, i64))
        inner.create("scf.condition", [goes_on, before.args[0], self.pick(inner, seen, type)])
        after, inner, seen = self._body([i64, type], values, depth)
        less = arith.binary(inner, "arith.subi", after.args[0], arith.constant(inner, 1, i64))
        inner.create("scf.yield", [less, self.pick(inner, seen, type)])
        start = [arith.constant(b, self.random.randint(-1, 4), i64), self.pick(b, values, type)]
        made = b.create("scf.while", start, [i64, type], regions=[Region([before]), Region([after])])
        return made.results[1]

    def _terminate(self, b: Builder, values: list[Value]) -> None:
        kind = self.random.randint(0, 3) if self.targets else 0
        if b.block is b.block.parent.last:  # type: ignore[union-attr]
            kind = 0 if self.random.random() < 0.8 else kind
        if kind == 0:
            func.return_(b, [self._summary(b, values, t) for t in self.results])
        elif kind == 1:
            cf.br(b, *self._target(b, values))
        elif kind == 2:
            condition = self.pick(b, values, i1)
            cf.cond_br(b, condition, *self._target(b, values), *self._target(b, values))
        else:
            numbers = self.random.sample(range(-3, 9), self.random.randint(0, 3))
            default = self._target(b, values)
            cases = [(number, *self._target(b, values)) for number in numbers]
            cf.switch(b, self.pick(b, values, i64), *default, cases)

    def _summary(self, b: Builder, values: list[Value], t: Type) -> Value:
        """A value of type `t`; for i64 often one in which all others show, so that little goes unnoticed."""
        found = [value for value in values if value.type is t]
        if t is not i64 or len(found) < 2 or self.random.random() < 0.3:
            return self.pick(b, values, t)
        total, factor = found[0], arith.constant(b, 31, i64)
        for value in found[1:]:
            total = arith.binary(b, "arith.addi", arith.binary(b, "arith.muli", total, factor), value)
        return total

    def _target(self, b: Builder, values: list[Value]) -> tuple[Block, list[Value]]:
        # Mostly onward, so that most programs end.
        here = self.targets.index(b.block) + 1 if b.block in self.targets else 0
        onward = self.targets[here:] if self.random.random() < 0.85 else self.targets
        block = self.random.choice(onward or self.targets)
        return block, [self.pick(b, values, argument.type) for argument in block.args]
