"""A slow interpreter of `arith`, `math`, `cf`, `scf` and `func`, against which passes are checked.

It shares no code with the passes. What MLIR leaves undefined raises `Undefined`. `osp_interpreter` adds the
other dialects.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

from ospjit.dialects import cf
from ospjit.dialects.arith import CMPF_PREDICATES, CMPI_PREDICATES
from ospjit.ir import Block, FloatType, IntegerType, Operation, SymbolTable, Type, Value, f32

Number = int | float | bool

#: Operations that leave a region with their operands as what it gives.
_ENDS = ("func.return", "scf.yield", "osp.yield")


class Undefined(Exception):
    """The program does something that has no meaning, or runs for too long to say."""


def run(
    function: Operation, arguments: Sequence[Any], steps: int = 2000, symbols: SymbolTable | None = None
) -> list[Any]:
    """The results of a `func.func` of one region for these arguments; `symbols` has what it may call."""
    return Frame(steps, symbols).block(function.regions[0].entry, arguments)


class Frame:
    """One activation of a function. Frames of one run share the number of steps that are left."""

    def __init__(self, steps: int | list[int], symbols: SymbolTable | None) -> None:
        self.values: dict[Value, Any] = {}
        self.steps = [steps] if isinstance(steps, int) else steps
        self.symbols = symbols

    def call(self, symbol: str, arguments: Sequence[Any]) -> list[Any]:
        """The results of a function of the module."""
        function = self.symbols.lookup(symbol) if self.symbols is not None else None
        assert function is not None, symbol
        return type(self)(self.steps, self.symbols).block(function.regions[0].entry, arguments)

    def block(self, block: Block, arguments: Sequence[Any]) -> list[Any]:
        """Run from `block` on; the operands of the operation that leaves the region."""
        while True:
            self.values.update(zip(block.args, arguments, strict=True))
            for op in block.ops:
                self.steps[0] -= 1
                if self.steps[0] < 0:
                    raise Undefined("too long")
                inputs = [self.values[value] for value in op.operands]
                if op.name in _ENDS or op.name == "scf.condition":
                    return inputs
                if op.successors:
                    choice = self._choose(op, inputs)
                    break
                self.values.update(zip(op.results, self.compute(op, inputs), strict=True))
            arguments = [self.values[value] for value in op.successor_args(choice)]
            block = op.successors[choice]

    def _choose(self, op: Operation, inputs: list[Any]) -> int:
        if op.name == "cf.br":
            return 0
        if op.name == "cf.cond_br":
            return 0 if inputs[0] else 1
        cases = cf.case_values(op)
        return cases.index(int(inputs[0])) + 1 if inputs[0] in cases else 0

    def compute(self, op: Operation, inputs: list[Any]) -> list[Any]:
        """The results of an operation that does not end its block."""
        if op.name == "scf.if":
            region = op.regions[0 if inputs[0] else 1]
            return self.block(region.block, []) if region.first is not None else []
        if op.name == "scf.for":
            return self._for(op, inputs)
        if op.name == "scf.while":
            return self._while(op, inputs)
        if op.name in ("func.call", "osp.call"):
            return self.call(op.attr("callee"), inputs)
        if op.name == "math.absf":
            return [abs(inputs[0])]
        return [arithmetic(op, op.name.removeprefix("arith."), inputs)]

    def _for(self, op: Operation, inputs: list[Any]) -> list[Any]:
        counter, end, step, *carried = inputs
        if step <= 0:
            raise Undefined("scf.for")
        while counter < end:
            carried = self.block(op.regions[0].block, [counter, *carried])
            counter = counter + step
            if counter >= 1 << 63:
                raise Undefined("scf.for")
        return carried

    def _while(self, op: Operation, inputs: list[Any]) -> list[Any]:
        while True:
            goes_on, *passed = self.block(op.regions[0].block, inputs)
            if not goes_on:
                return passed
            inputs = self.block(op.regions[1].block, passed)


def arithmetic(op: Operation, name: str, inputs: list[Any]) -> Any:
    """The result of an operation of `arith`."""
    t = op.result.type
    if name == "constant":
        value = op.attr("value")
        return _rounded(value, t) if isinstance(t, FloatType) else value
    if name == "select":
        return inputs[1] if inputs[0] else inputs[2]
    source = op.operands[0].type
    if name == "cmpi":
        width = _width(source)
        return _compare(CMPI_PREDICATES[op.attr("predicate")], *(int(v) % 2**width for v in inputs), width)
    if name == "cmpf":
        return _compare_floats(CMPF_PREDICATES[op.attr("predicate")], *inputs)
    if name in _CASTS:
        return _cast(name, inputs[0], source, t)
    if isinstance(t, FloatType):
        return _rounded(_float(name, [float(v) for v in inputs]), t)
    width = _width(t)
    value = signed(_integer(name, *(int(v) % 2**width for v in inputs), width), width)
    return bool(value) if width == 1 else value


def _width(t: Type) -> int:
    return t.width if isinstance(t, IntegerType) else 64


def signed(value: int, width: int) -> int:
    """`value` modulo 2**width, as a signed integer."""
    value %= 2**width
    return value - 2**width if value >= 2 ** (width - 1) else value


def _compare(predicate: str, a: int, b: int, width: int) -> bool:
    if not predicate.startswith("u"):
        a, b = signed(a, width), signed(b, width)
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[predicate[-2:]]


def _compare_floats(predicate: str, a: float, b: float) -> bool:
    if predicate in ("false", "true"):
        return predicate == "true"
    unordered = math.isnan(a) or math.isnan(b)
    if predicate in ("ord", "uno"):
        return unordered == (predicate == "uno")
    if unordered:
        return predicate.startswith("u")
    return _compare(predicate[1:], *_ranks(a, b), 64)


def _ranks(a: float, b: float) -> tuple[int, int]:
    return int(a > b), int(b > a)


_CASTS = frozenset(
    "extsi extui trunci extf truncf sitofp uitofp fptosi fptoui index_cast index_castui bitcast".split()
)


def _cast(name: str, value: Any, source: Type, target: Type) -> Any:
    if name in ("extf", "truncf"):
        return _rounded(value, target)
    if name in ("sitofp", "uitofp"):
        number = int(value) % 2 ** _width(source)
        return _rounded(float(number if name == "uitofp" else signed(number, _width(source))), target)
    if name in ("fptosi", "fptoui"):
        if math.isnan(value) or math.isinf(value):
            raise Undefined(name)
        number, width = math.trunc(value), _width(target)
        low, high = (0, 2**width) if name == "fptoui" else (-(2 ** (width - 1)), 2 ** (width - 1))
        if not low <= number < high:
            raise Undefined(name)
        return _plain(number, width)
    if name == "bitcast":
        if isinstance(source, FloatType) == isinstance(target, FloatType):
            return value
        if isinstance(source, FloatType):
            return struct.unpack("<q", struct.pack("<d", value))[0]
        return struct.unpack("<d", struct.pack("<q", value))[0]
    number = int(value) % 2 ** _width(source)
    if name not in ("extui", "index_castui"):
        number = signed(number, _width(source))
    return _plain(number, _width(target))


def _plain(number: int, width: int) -> int | bool:
    number = signed(number, width)
    return bool(number) if width == 1 else number


def _rounded(value: float, t: Type) -> float:
    if t is not f32:
        return float(value)
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _float(name: str, inputs: list[float]) -> float:
    if name == "negf":
        return -inputs[0]
    a, b = inputs
    if name == "divf":
        return _divided(a, b)
    if name == "remf":
        if math.isnan(a) or math.isnan(b) or math.isinf(a) or b == 0:
            return math.nan
        return math.fmod(a, b)
    if name in ("maximumf", "minimumf"):
        return _extreme(name, a, b)
    return {"addf": a + b, "subf": a - b, "mulf": a * b}[name]


def _divided(a: float, b: float) -> float:
    if b != 0 or math.isnan(b):
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _extreme(name: str, a: float, b: float) -> float:
    """IEEE 754-2019's maximum and minimum: NaN if there is one, and -0 is less than 0."""
    if math.isnan(a) or math.isnan(b):
        return math.nan
    low, high = sorted([a, b], key=lambda x: (x, math.copysign(1.0, x)))
    return high if name == "maximumf" else low


def _integer(name: str, a: int, b: int, width: int) -> int:
    """The operation on unsigned representations; the result counts modulo 2**width."""
    x, y = signed(a, width), signed(b, width)
    if name in ("divsi", "divui", "remsi", "remui", "floordivsi"):
        if b == 0 or (name.endswith("si") and y == -1 and x == -(2 ** (width - 1))):
            raise Undefined(name)
        if name == "divui":
            return a // b
        if name == "remui":
            return a % b
        if name == "floordivsi":
            return x // y
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


