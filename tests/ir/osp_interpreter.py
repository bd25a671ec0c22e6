"""The interpreter for `osp` and `rt` as well: a program runs before, between and after passes that lower it.

Values are Python's: a Result is a `Result`, a variant or record a `Data`, a cell a `Cell` with the count that
the operations inserted by `perceus` keep. Nothing is shared with the passes or the back end. What is used
after it was freed, or freed twice, raises `Broken`; what was never freed is in `Heap.live`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ospjit.ir import DialectType, Operation, SymbolTable, Type
from tests.ir.interpreter import Frame, signed


class Broken(AssertionError):
    """The program does what no valid program may: it touches what was freed, or comes where nothing is."""


@dataclass(frozen=True)
class Result:
    """A value, or the message of a failure."""

    failed: bool
    value: Any


@dataclass(frozen=True)
class Data:
    """A variant or record before it has a layout."""

    variant: str
    number: int
    fields: tuple[Any, ...]


@dataclass(frozen=True)
class Function:
    """A function value before it has a layout."""

    symbol: str
    captures: tuple[Any, ...]


@dataclass(eq=False)
class Cell:
    """A counted cell: a variant with its tag, a function value with its code. 0 is static, -1 freed."""

    tag: int | str
    slots: list[Any]
    scan: int
    count: int


@dataclass(eq=False)
class Token:
    """The memory of a dead cell, for one with as many slots."""

    size: int


@dataclass
class Heap:
    """The cells of one run."""

    counts: bool
    """Whether counts have been inserted: before, nothing is ever freed."""
    live: dict[int, object] = field(default_factory=dict)
    """Cells and tokens that exist, by identity."""

    def new(self, tag: int | str, slots: list[Any], scan: int) -> Cell:
        cell = Cell(tag, slots, scan, 1)
        self.live[id(cell)] = cell
        return cell

    def look(self, value: Any) -> Any:
        """`value`, which must not have been freed."""
        if isinstance(value, Cell) and value.count < 0:
            raise Broken("used after it was freed")
        return value

    def dup(self, value: Any) -> None:
        if isinstance(self.look(value), Cell) and value.count:
            value.count += 1

    def drop(self, value: Any) -> None:
        if isinstance(self.look(value), Cell) and value.count:
            value.count -= 1
            if value.count == 0:
                self.free(value, ())

    def free(self, cell: Cell, moved: tuple[int, ...], keep: bool = False) -> Token | None:
        """Give up a cell and the counted slots that have not moved out; `keep` its memory for another one."""
        cell.count = -1
        self.live.pop(id(cell), None)
        for index in range(cell.scan):
            if index not in moved:
                self.drop(cell.slots[index])
        if not keep:
            return None
        token = Token(len(cell.slots))
        self.live[id(token)] = token
        return token

    def spend(self, token: Token) -> None:
        """The memory is used, or freed."""
        if id(token) not in self.live:
            raise Broken("memory is used twice")
        del self.live[id(token)]


def run_osp(module: Operation, symbol: str, arguments: list[Any], counts: bool, steps: int = 20_000) -> Any:
    """What a function of the module gives, and how many cells it leaves behind."""
    heap = Heap(counts)
    frame = OspFrame(steps, SymbolTable(module))
    frame.heap = heap
    return frame.call(symbol, arguments), len(heap.live)


class OspFrame(Frame):
    """One activation; what it calls shares its heap."""

    heap: Heap

    def call(self, symbol: str, arguments: Any) -> list[Any]:
        frame = OspFrame(self.steps, self.symbols)
        frame.heap = self.heap
        assert self.symbols is not None
        function = self.symbols.lookup(symbol)
        assert function is not None, symbol
        return frame.block(function.regions[0].entry, arguments)

    def compute(self, op: Operation, inputs: list[Any]) -> list[Any]:
        if op.name == "rt.unreachable":
            raise Broken("control came where it never does")
        dialect, _, name = op.name.partition(".")
        method = getattr(self, f"{dialect}_{name}", None)
        if method is not None:
            return list(method(op, *inputs))
        if dialect == "osp" and name in _ARITHMETIC:
            return [_arithmetic(name, inputs)]
        return super().compute(op, inputs)

    # ---- osp

    def osp_unit(self, op: Operation) -> Any:
        return [()]

    def osp_string(self, op: Operation) -> Any:
        return [op.attr("value")]

    def osp_success(self, op: Operation, value: Any) -> Any:
        return [Result(False, value)]

    def osp_error(self, op: Operation, value: Any) -> Any:
        return [Result(True, value)]

    def osp_is_error(self, op: Operation, result: Result) -> Any:
        return [result.failed]

    def osp_result_value(self, op: Operation, result: Result) -> Any:
        return [None if result.failed else result.value]

    def osp_result_error(self, op: Operation, result: Result) -> Any:
        return [result.value if result.failed else None]

    def osp_construct(self, op: Operation, *fields: Any) -> Any:
        """Once Results are three values each, so they are among the operands: a field is then a tuple."""
        variant = op.attr("variant")
        number = self._variants(op.result.type).index(variant)
        types = self._declaration(op.result.type).attr("types")[number]
        if len(fields) > len(types):
            rest = iter(fields)
            fields = tuple(
                (next(rest), next(rest), next(rest)) if str(t).startswith("!osp.result") else next(rest)
                for t in types
            )
        return [Data(variant, number, fields)]

    def _declaration(self, t: Type) -> Operation:
        assert isinstance(t, DialectType) and self.symbols is not None
        declared = self.symbols.lookup(str(t.params[0]))
        assert declared is not None
        return declared

    def _variants(self, t: Type) -> list[str]:
        return list(self._declaration(t).attr("variants"))

    def _names(self, t: Type) -> list[str]:
        return list(self._declaration(t).attr("fields")[0])

    def osp_get_field(self, op: Operation, record: Data) -> Any:
        return self._parts(op, record.fields[self._names(op.operands[0].type).index(op.attr("field"))])

    @staticmethod
    def _parts(op: Operation, field: Any) -> list[Any]:
        return list(field) if isinstance(field, tuple) and len(op.results) == len(field) else [field]

    def osp_update(self, op: Operation, record: Data, *values: Any) -> Any:
        changed = dict(zip(op.attr("fields"), values, strict=True))
        names = self._names(op.result.type)
        fields = [changed.get(name, old) for name, old in zip(names, record.fields, strict=True)]
        return [Data(record.variant, record.number, tuple(fields))]

    def osp_variant_tag(self, op: Operation, value: Data) -> Any:
        return [value.number]

    def osp_variant_field(self, op: Operation, value: Data) -> Any:
        if value.variant != op.attr("variant"):
            return [None] * len(op.results)
        return self._parts(op, value.fields[op.attr("index")])

    def osp_coerce(self, op: Operation, value: Any) -> Any:
        return [value]

    def osp_func_ref(self, op: Operation, *captures: Any) -> Any:
        return [Function(op.attr("callee"), captures)]

    def osp_call_closure(self, op: Operation, function: Function, *arguments: Any) -> Any:
        return self.call(function.symbol, [*function.captures, *arguments])

    def osp_match(self, op: Operation, value: Any) -> Any:
        patterns, guards = op.attr("patterns"), op.attr("guards")
        guarded = iter(op.regions[len(patterns) :])
        for pattern, region, has_guard in zip(patterns, op.regions, guards, strict=False):
            guard = next(guarded) if has_guard else None
            bound: list[Any] = []
            if matches(pattern, value, bound):
                if guard is None or self.block(guard.block, bound)[0]:
                    return self.block(region.block, bound)
        raise Broken("no arm fits")

    # ---- rt

    def rt_string(self, op: Operation) -> Any:
        return [op.attr("value")]

    def rt_null(self, op: Operation) -> Any:
        return [None]

    def rt_is_null(self, op: Operation, value: Any) -> Any:
        return [value is None]

    def rt_add_overflow(self, op: Operation, a: int, b: int) -> Any:
        return _checked(a + b)

    def rt_sub_overflow(self, op: Operation, a: int, b: int) -> Any:
        return _checked(a - b)

    def rt_mul_overflow(self, op: Operation, a: int, b: int) -> Any:
        return _checked(a * b)

    def rt_cell(self, op: Operation, *slots: Any) -> Any:
        for slot in slots:
            self.heap.look(slot)
        return [self.heap.new(op.attr("tag"), list(slots), op.attr("scan"))]

    def rt_static_cell(self, op: Operation) -> Any:
        return [Cell(op.attr("tag"), [], 0, 0)]

    def rt_tag(self, op: Operation, cell: Cell) -> Any:
        return [self.heap.look(cell).tag]

    def rt_slot(self, op: Operation, cell: Cell) -> Any:
        first = 1 if op.operands[0].type.name == "osp.fn" else 0  # type: ignore[attr-defined]
        return [self.heap.look(cell).slots[op.attr("index") - first]]

    def rt_cast(self, op: Operation, value: Any) -> Any:
        return [value]

    def rt_closure(self, op: Operation, *captures: Any) -> Any:
        if not captures:
            return [Cell(op.attr("callee"), [], 0, 0)]
        return [self.heap.new(op.attr("callee"), list(captures), op.attr("scan"))]

    def rt_call_closure(self, op: Operation, function: Cell, *arguments: Any) -> Any:
        return self.call(str(self.heap.look(function).tag), [function, *arguments])

    def rt_cleanup(self, op: Operation, *held: Any) -> Any:
        for value in held:
            self.heap.look(value)
        return []

    def rt_dup(self, op: Operation, value: Any) -> Any:
        self.heap.dup(value)
        return []

    def rt_drop(self, op: Operation, value: Any) -> Any:
        self.heap.drop(value)
        return []

    def rt_drop_cell(self, op: Operation, cell: Cell, *slots: Any) -> Any:
        self._give_up(op, cell, slots, keep=False)
        return []

    def rt_drop_reuse(self, op: Operation, cell: Cell, *slots: Any) -> Any:
        return [self._give_up(op, cell, slots, keep=True)]

    def _give_up(self, op: Operation, cell: Cell, slots: tuple[Any, ...], keep: bool) -> Token | None:
        """A dup of each slot and a drop; the last reference lets the slots move out and its memory stay."""
        first = 1 if op.operands[0].type.name == "osp.fn" else 0  # type: ignore[attr-defined]
        moved = tuple(slot - first for slot in op.attr("slots"))
        if self.heap.look(cell).count == 1:
            if any(cell.slots[index] is not slot for index, slot in zip(moved, slots, strict=True)):
                raise Broken("what moves out of a cell is not what is in it")
            if op.attr("scan") != cell.scan:
                raise Broken("the layout of a cell is not what it is said to be")
            return self.heap.free(cell, moved, keep)
        for slot in slots:
            self.heap.dup(slot)
        self.heap.drop(cell)
        return None

    def rt_cell_reuse(self, op: Operation, token: Token | None, *slots: Any) -> Any:
        if token is not None:
            self.heap.spend(token)
            if token.size != len(slots):
                raise Broken("a cell is made in the memory of one of another size")
        return self.rt_cell(op, *slots)

    def rt_free_token(self, op: Operation, token: Token | None) -> Any:
        if token is not None:
            self.heap.spend(token)
        return []


def _checked(number: int) -> list[Any]:
    wrapped = signed(number, 64)
    return [wrapped, wrapped != number]


def matches(pattern: Any, value: Any, bound: list[Any]) -> bool:
    """Whether a value fits a pattern of `osp.match`; what that binds is added to `bound`."""
    kind, *rest = pattern
    if kind == "wild":
        return True
    if kind == "bind":
        bound.append(value)
        return True
    if kind == "lit":
        return bool(value == rest[0])
    if kind == "as":
        return all(matches(part, value, bound) for part in rest)
    if kind == "or":
        return any(matches(alternative, value, bound) for alternative in rest)
    if kind == "con":
        variant, *parts = rest
        if isinstance(value, Result):
            here, fields = "Error" if value.failed else "Success", (value.value,)
        else:
            here, fields = value.variant, value.fields
        return here == variant and all(
            matches(part, field, bound) for part, field in zip(parts, fields, strict=False)
        )
    raise AssertionError(kind)


_ARITHMETIC = ("add", "sub", "mul", "div", "mod", "neg", "int_div", "eq", "ne", "lt", "le", "gt", "ge")
OVERFLOW, ZERO = "integer overflow", "division by zero"


def _arithmetic(name: str, inputs: list[Any]) -> Any:
    """An operator on numbers or Results of numbers: the first failure counts."""
    if name in ("eq", "ne", "lt", "le", "gt", "ge"):
        a, b = inputs
        return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[name]
    fallible = any(isinstance(value, Result) for value in inputs)
    for value in inputs:
        if isinstance(value, Result) and value.failed:
            return value
    numbers = [value.value if isinstance(value, Result) else value for value in inputs]
    if name in ("mod", "int_div", "div"):
        return _division(name, *numbers)
    integers = all(isinstance(number, int) for number in numbers)
    if name == "neg":
        exact = -numbers[0]
    else:
        a, b = numbers
        exact = {"add": a + b, "sub": a - b, "mul": a * b}[name]
    if not integers:
        return Result(False, float(exact)) if fallible else float(exact)
    return Result(True, OVERFLOW) if signed(exact, 64) != exact else Result(False, exact)


def _division(name: str, a: Any, b: Any) -> Result:
    if b == 0:
        return Result(True, ZERO)
    if name == "div":
        try:
            return Result(False, float(a) / float(b))
        except OverflowError:  # pragma: no cover
            return Result(False, math.inf)
    quotient = abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)
    if name == "mod":
        return Result(False, a - b * quotient)
    return Result(True, OVERFLOW) if quotient == 1 << 63 else Result(False, quotient)


