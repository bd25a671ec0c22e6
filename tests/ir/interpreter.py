"""A slow interpreter of `arith`, `cf` and `scf.if`, against which passes are checked.

It shares no code with the passes. What MLIR leaves undefined raises `Undefined`.
"""

from __future__ import annotations

from ospjit.dialects import cf
from ospjit.dialects.arith import CMPI_PREDICATES
from ospjit.ir import Block, IntegerType, Operation, Value

Number = int | float | bool


class Undefined(Exception):
    """The program does something that has no meaning, or runs for too long to say."""


def run(function: Operation, arguments: list[Number], steps: int = 2000) -> list[Number]:
    """The results of a `func.func` of one region for these arguments."""
    return _Frame(steps).block(function.regions[0].entry, arguments)


class _Frame:
    def __init__(self, steps: int) -> None:
        self.values: dict[Value, Number] = {}
        self.steps = steps

    def block(self, block: Block, arguments: list[Number]) -> list[Number]:
        """Run from `block` on; the operands of the operation that leaves the region."""
        while True:
            self.values.update(zip(block.args, arguments, strict=True))
            for op in block.ops:
                self.steps -= 1
                if self.steps < 0:
                    raise Undefined("too long")
                inputs = [self.values[value] for value in op.operands]
                if op.name in ("func.return", "scf.yield"):
                    return inputs
                if op.successors:
                    choice = self._choose(op, inputs)
                    break
                self._compute(op, inputs)
            arguments = [self.values[value] for value in op.successor_args(choice)]
            block = op.successors[choice]

    def _choose(self, op: Operation, inputs: list[Number]) -> int:
        if op.name == "cf.br":
            return 0
        if op.name == "cf.cond_br":
            return 0 if inputs[0] else 1
        cases = cf.case_values(op)
        return cases.index(int(inputs[0])) + 1 if inputs[0] in cases else 0

    def _compute(self, op: Operation, inputs: list[Number]) -> None:
        name = op.name.removeprefix("arith.")
        if op.name == "scf.if":
            results = self.block(op.regions[0 if inputs[0] else 1].block, [])
        elif name == "constant":
            results = [op.attr("value")]
        elif name == "select":
            results = [inputs[1] if inputs[0] else inputs[2]]
        elif name == "cmpi":
            results = [_compare(CMPI_PREDICATES[op.attr("predicate")], *map(int, inputs))]
        elif name.endswith("f"):
            a, b = map(float, inputs)
            results = [{"addf": a + b, "subf": a - b, "mulf": a * b}[name]]
        else:
            assert isinstance(op.result.type, IntegerType)
            width = op.result.type.width
            a, b = map(int, inputs)
            value = _signed(_integer(name, a % 2**width, b % 2**width, width), width)
            results = [bool(value) if width == 1 else value]
        self.values.update(zip(op.results, results, strict=True))


def _signed(value: int, width: int) -> int:
    value %= 2**width
    return value - 2**width if value >= 2 ** (width - 1) else value


def _compare(predicate: str, a: int, b: int) -> bool:
    if predicate.startswith("u"):
        a, b = a % 2**64, b % 2**64
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[predicate[-2:]]


def _integer(name: str, a: int, b: int, width: int) -> int:
    """The operation on unsigned representations; the result counts modulo 2**width."""
    x, y = _signed(a, width), _signed(b, width)
    if name in ("divsi", "divui", "remsi", "remui"):
        if b == 0 or (name.endswith("si") and y == -1 and x == -(2 ** (width - 1))):
            raise Undefined(name)
        if name == "divui":
            return a // b
        if name == "remui":
            return a % b
        quotient = abs(x) // abs(y)
        quotient = -quotient if (x < 0) != (y < 0) else quotient
        return quotient if name == "divsi" else x - y * quotient
    if name in ("shli", "shrsi", "shrui"):
        if b >= width:
            raise Undefined(name)
        return a << b if name == "shli" else x >> b if name == "shrsi" else a >> b
    simple = {"addi": a + b, "subi": a - b, "muli": a * b, "andi": a & b, "ori": a | b, "xori": a ^ b}
    extreme = {"maxsi": max(x, y), "minsi": min(x, y), "maxui": max(a, b), "minui": min(a, b)}
    return {**simple, **extreme}[name]
