"""Random valid IR, made from a `random.Random`, for property tests.

A program is a few functions of integers, truth values and floats with arbitrary branches between blocks.
Values used are those of the same block, of its arguments, or of the entry block, so definitions dominate
uses whatever the branches are.
"""

from __future__ import annotations

from random import Random

from ospjit.dialects import arith, cf, func
from ospjit.ir import (
    Block,
    Builder,
    FunctionType,
    Location,
    Operation,
    Region,
    Type,
    Value,
    body_of,
    f64,
    i1,
    i64,
    new_module,
)

TYPES: tuple[Type, ...] = (i64, i1, f64)
INTERESTING = (0, 1, -1, 2, 3, 7, 64, (1 << 63) - 1, -(1 << 63), 1 << 32)
FLOATS = (0.0, -0.0, 1.0, -1.5, 1e300, -1e-300, float("inf"), 0.1)

_INTEGER = (
    "addi subi muli divsi divui remsi remui andi ori xori shli shrsi shrui maxsi minsi maxui minui".split()
)
_FLOAT = "addf subf mulf".split()
_LOGIC = "andi ori xori".split()


def random_module(random: Random, structured: bool = True) -> Operation:
    """A valid module; with `structured`, `scf.if` occurs in it as well."""
    module = new_module()
    for number in range(random.randint(1, 3)):
        body_of(module).append(_Function(random, f"f{number}", structured).op)
    return module


class _Function:
    def __init__(self, random: Random, name: str, structured: bool) -> None:
        self.random = random
        self.structured = structured
        inputs = [random.choice(TYPES) for _ in range(random.randint(0, 3))]
        self.result = random.choice(TYPES)
        self.op = func.function(name, FunctionType(inputs, (self.result,)), self._location())
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
        if found and self.random.random() < 0.8:
            return self.random.choice(found)
        if type is i64:
            return arith.constant(b, self.random.choice(INTERESTING), i64)
        if type is i1:
            return arith.constant(b, self.random.random() < 0.5, i1)
        return arith.constant(b, self.random.choice(FLOATS), f64)

    def _operation(self, b: Builder, values: list[Value], depth: int) -> Value:
        choice = self.random.randint(0, 6 if depth and self.structured else 5)
        if choice <= 1:
            name = self.random.choice(_INTEGER)
            return arith.binary(b, f"arith.{name}", self.pick(b, values, i64), self.pick(b, values, i64))
        if choice == 2:
            name = self.random.choice(_FLOAT)
            return arith.binary(b, f"arith.{name}", self.pick(b, values, f64), self.pick(b, values, f64))
        if choice == 3:
            predicate = self.random.choice(arith.CMPI_PREDICATES)
            return arith.cmpi(b, predicate, self.pick(b, values, i64), self.pick(b, values, i64))
        if choice == 4:
            name = self.random.choice(_LOGIC)
            return arith.binary(b, f"arith.{name}", self.pick(b, values, i1), self.pick(b, values, i1))
        if choice == 5:
            type = self.random.choice(TYPES)
            condition = self.pick(b, values, i1)
            return arith.select(b, condition, self.pick(b, values, type), self.pick(b, values, type))
        return self._if(b, values, depth)

    def _if(self, b: Builder, values: list[Value], depth: int) -> Value:
        type = self.random.choice(TYPES)
        regions = []
        for _ in range(2):
            block = Block()
            inner = Builder.at_end(block, self._location())
            seen = list(values)
            for _ in range(self.random.randint(0, 3)):
                seen.append(self._operation(inner, seen, depth - 1))
            inner.create("scf.yield", [self.pick(inner, seen, type)])
            regions.append(Region([block]))
        return b.create("scf.if", [self.pick(b, values, i1)], [type], regions=regions).result

    def _terminate(self, b: Builder, values: list[Value]) -> None:
        kind = self.random.randint(0, 3) if self.targets else 0
        if kind == 0:
            func.return_(b, [self.pick(b, values, self.result)])
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

    def _target(self, b: Builder, values: list[Value]) -> tuple[Block, list[Value]]:
        block = self.random.choice(self.targets)
        return block, [self.pick(b, values, argument.type) for argument in block.args]
