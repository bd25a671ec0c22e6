"""The part of a module's program that Python calls: for every type that crosses, a function that reads it
from a stream and one that writes it, and for every exported function one that reads the arguments, calls
it, and writes the result.

They are added to the checked program as core trees and compiled with it, so that nothing outside of the
compiler knows how values are laid out. What they write and read is described in the runtime's `stream.h`; its
counterpart in Python is `values`. No code of the program is changed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ospjit.types import core
from ospjit.types.types import (
    BOOL,
    ERROR_TYPES,
    FLOAT,
    INT,
    PTR,
    STRING,
    UNIT,
    Con,
    Fun,
    Param,
    Rec,
    Type,
    con,
    fun,
    list_of,
    substitute,
)

FOREIGN = con("Foreign")
#: Machine numbers: functions of nothing else are called without a stream.
SCALARS = frozenset((INT, FLOAT, BOOL, PTR))


class NotCrossing(Exception):
    """A type whose values cannot leave or enter a module; the message says which."""


@dataclass(frozen=True)
class Export:
    """A function that Python may call. `refusal` says why it cannot be called, else it is empty. `direct`: it
    takes and gives machine numbers, and `symbol` is its own; otherwise `symbol` is that of the function that
    reads from one stream and writes to another."""

    name: str
    function: core.Function
    symbol: str
    direct: bool
    refusal: str = ""


def is_direct(params: Sequence[Type], result: Type) -> bool:
    """Whether a function can be called with machine numbers alone, a failure or an Error aside."""
    if isinstance(result, Con) and result.name == "Result":
        value, error = result.args
        if not (error in ERROR_TYPES or error is STRING):
            return False
        result = value
    return all(p in SCALARS for p in params) and (result in SCALARS or result is UNIT)


def is_exported(program: core.Program, function: core.Function) -> bool:
    """What Python sees: functions with `export`; if there is none, every function of the file scope."""
    explicit = any(f.exported for f in program.functions.values())
    return function.exported if explicit else function.symbol == function.name


class Bridge:
    """Adds the functions to a program. `writer` and `reader` of a type are made when first asked for."""

    def __init__(self, program: core.Program) -> None:
        self.program = program
        self.span = program.entry.span
        self._made: dict[tuple[str, Type], str] = {}
        self._applies: dict[Fun, str] = {}

    def exports(self) -> list[Export]:
        """Makes the exported functions callable."""
        functions = [f for f in self.program.functions.values() if is_exported(self.program, f)]
        self.program.main = None  # it is called when Python calls it
        return [self._export(f) for f in functions]

    def _export(self, function: core.Function) -> Export:
        name = function.name
        if function.tparams:
            function.exported = False
            why = f"function '{name}' is generic: give its parameters types to call it from Python"
            return Export(name, function, "", False, why)
        params = [p.type for p in function.params]
        function.exported = is_direct(params, function.result)
        if function.exported:
            return Export(name, function, function.symbol, True)
        try:
            symbol = self._wrapper(
                f"call${function.symbol}",
                params,
                function.result,
                lambda args: core.CallFn(function.result, self.span, function.symbol, (), (), args),
            )
        except NotCrossing as error:
            return Export(
                name, function, "", False, f"function '{name}' cannot be called from Python: {error}"
            )
        return Export(name, function, symbol, False)

    def apply(self, t: Fun) -> str:
        """The symbol of the function that calls a function value of type `t`, which it reads first."""
        if t not in self._applies:
            self._applies[t] = symbol = f"apply${len(self._applies)}"
            self._wrapper(
                symbol,
                [t, *t.params],
                t.result,
                lambda args: core.Call(t.result, self.span, args[0], args[1:]),
            )
        return "python$" + self._applies[t]

    @property
    def applies(self) -> dict[Fun, str]:
        """The function types of which Python may get values, and the functions that call them."""
        return {t: "python$" + symbol for t, symbol in self._applies.items()}

    def _wrapper(
        self,
        name: str,
        params: Sequence[Type],
        result: Type,
        call: Callable[[tuple[core.Expr, ...]], core.Expr],
    ) -> str:
        source, sink = self._local("in", PTR), self._local("out", PTR)
        stmts: list[core.Stmt] = []
        args: list[core.Expr] = []
        for index, t in enumerate(params):
            local = self._local(f"a{index}", t)
            value = self.read(t, self._var(source), direct_function=index == 0 and name.startswith("apply$"))
            stmts.append(core.Let(self.span, local, value))
            args.append(self._var(local))
        answer = self._local("result", result)
        stmts.append(core.Let(self.span, answer, call(tuple(args))))
        stmts.append(core.Do(self.span, self.write(result, self._var(sink), self._var(answer))))
        symbol = f"python${name}"
        body = core.Block(UNIT, self.span, tuple(stmts), None)
        self._add(symbol, (source, sink), UNIT, body, exported=True)
        return symbol

    # ---- reading

    def read(self, t: Type, stream: core.Expr, *, direct_function: bool = False) -> core.Expr:
        """An expression for the next value in a stream."""
        if t is INT:
            return self._builtin("stream.readInt", INT, stream)
        if t is BOOL:
            return self._prim("ne", BOOL, self._builtin("stream.readInt", INT, stream), self._int(0))
        if t is FLOAT:
            return self._builtin("stream.readFloat", FLOAT, stream)
        if t is PTR:
            return self._builtin("stream.readPointer", PTR, stream)
        if t is STRING or t in ERROR_TYPES:
            return self._builtin("stream.readString", t, stream)
        if t is UNIT:
            return core.Lit(UNIT, self.span, None)
        if isinstance(t, Fun) and direct_function:
            return self._builtin("stream.readShared", t, stream)
        symbol = self._function("read", t)
        if isinstance(t, Con) and t.name in ("List", "Map"):
            count = self._builtin("stream.readInt", INT, stream)
            empty: core.Expr = (
                core.ListLit(t, self.span, ()) if t.name == "List" else core.MapLit(t, self.span, ())
            )
            return self._call(symbol, t, stream, count, empty)
        return self._call(symbol, t, stream)

    def write(self, t: Type, stream: core.Expr, value: core.Expr) -> core.Expr:
        """An expression that writes a value to a stream."""
        if t is INT:
            return self._builtin("stream.writeInt", UNIT, stream, value)
        if t is BOOL:
            number = core.If(INT, self.span, value, self._int(1), self._int(0))
            return self._builtin("stream.writeInt", UNIT, stream, number)
        if t is FLOAT:
            return self._builtin("stream.writeFloat", UNIT, stream, value)
        if t is PTR:
            return self._builtin("stream.writePointer", UNIT, stream, value)
        if t is STRING or t in ERROR_TYPES:
            return self._builtin("stream.writeString", UNIT, stream, value)
        if t is UNIT:
            return value
        return self._call(self._function("write", t), UNIT, stream, value)

    def _function(self, what: str, t: Type) -> str:
        """The symbol of the function that reads or writes values of type `t`."""
        key = (what, t)
        if key not in self._made:
            build = self._builder(what, t)
            self._made[key] = symbol = f"{what}${len(self._made)}"
            try:
                build(symbol)
            except NotCrossing:
                del self._made[key]
                raise
        return self._made[key]

    def _builder(self, what: str, t: Type) -> Callable[[str], None]:
        reads = what == "read"
        if isinstance(t, Fun):
            return lambda symbol: (self._read_function if reads else self._write_function)(symbol, t)
        if isinstance(t, Rec):
            return lambda symbol: (self._read_record if reads else self._write_record)(symbol, t)
        if isinstance(t, Con) and t.name in ("List", "Map"):
            return lambda symbol: (self._read_items if reads else self._write_items)(symbol, t)
        if isinstance(t, Con) and (t.name == "Result" or t.name in self.program.datas):
            return lambda symbol: (self._read_data if reads else self._write_data)(symbol, t)
        if isinstance(t, Param):
            raise NotCrossing(f"its type has a parameter '{t}'")
        direction = "enter" if reads else "leave"
        raise NotCrossing(f"a value of type {t} cannot {direction} a module")

    def variants(self, t: Con) -> list[tuple[str, list[Type]]]:
        """The variants of a `Result`, record or union, with the types of their fields."""
        if t.name == "Result":
            return [("Success", [t.args[0]]), ("Error", [t.args[1]])]
        data = self.program.datas[t.name]
        mapping = dict(zip(data.params, t.args, strict=True))
        return [(v.name, [substitute(f, mapping) for _, f in v.fields]) for v in data.variants]

    def _read_data(self, symbol: str, t: Con) -> None:
        stream = self._local("stream", PTR)
        variants = self.variants(t)
        made: list[core.Expr] = []
        for variant, types in variants:
            fields = tuple(self.read(f, self._var(stream)) for f in types)
            made.append(core.Construct(t, self.span, variant, fields, tuple(range(len(fields)))))
        body = made[0]
        if len(made) > 1:
            tag = self._builtin("stream.readInt", INT, self._var(stream))
            arms = [
                core.Arm(core.PLit(INT, self.span, index), None, value, self.span)
                for index, value in enumerate(made[:-1])
            ]
            arms.append(core.Arm(core.PWild(INT, self.span), None, made[-1], self.span))
            body = core.Match(t, self.span, tag, tuple(arms))
        self._add(symbol, (stream,), t, body)

    def _write_data(self, symbol: str, t: Con) -> None:
        stream, value = self._local("stream", PTR), self._local("value", t)
        variants = self.variants(t)
        arms = []
        for index, (variant, types) in enumerate(variants):
            locals_ = [self._local(f"f{i}", f) for i, f in enumerate(types)]
            stmts: list[core.Stmt] = []
            if len(variants) > 1:
                stmts.append(core.Do(self.span, self.write(INT, self._var(stream), self._int(index))))
            stmts += [
                core.Do(self.span, self.write(f, self._var(stream), self._var(local)))
                for f, local in zip(types, locals_, strict=True)
            ]
            pattern = core.PCon(
                t, self.span, variant, tuple(core.PVar(v.type, self.span, v) for v in locals_)
            )
            arms.append(core.Arm(pattern, None, self._block(stmts), self.span))
        self._add(symbol, (stream, value), UNIT, core.Match(UNIT, self.span, self._var(value), tuple(arms)))

    def _read_record(self, symbol: str, t: Rec) -> None:
        stream = self._local("stream", PTR)
        fields = tuple(self.read(f, self._var(stream)) for _, f in t.fields)
        self._add(symbol, (stream,), t, core.Construct(t, self.span, "", fields, tuple(range(len(fields)))))

    def _write_record(self, symbol: str, t: Rec) -> None:
        stream, value = self._local("stream", PTR), self._local("value", t)
        stmts: list[core.Stmt] = [
            core.Do(
                self.span,
                self.write(f, self._var(stream), core.GetField(f, self.span, self._var(value), name)),
            )
            for name, f in t.fields
        ]
        self._add(symbol, (stream, value), UNIT, self._block(stmts))

    def _read_items(self, symbol: str, t: Con) -> None:
        """`read(stream, count, items)`: calls itself until the count is down."""
        stream, count, items = self._local("stream", PTR), self._local("count", INT), self._local("items", t)
        if t.name == "List":
            (element,) = t.args
            item = self.read(element, self._var(stream))
            more = self._builtin("listAppend", t, self._var(items), item, targs=t.args)
            more_stmts: list[core.Stmt] = []
        else:
            key, value = self._local("key", t.args[0]), self._local("value", t.args[1])
            more_stmts = [
                core.Let(self.span, key, self.read(key.type, self._var(stream))),
                core.Let(self.span, value, self.read(value.type, self._var(stream))),
            ]
            more = self._builtin(
                "mapSet", t, self._var(items), self._var(key), self._var(value), targs=t.args
            )
        less = self._prim("sub", _checked(), self._var(count), self._int(1))
        rest = core.Default(INT, self.span, less, self._int(0))
        again = self._call(symbol, t, self._var(stream), rest, more)
        if more_stmts:
            again = core.Block(t, self.span, tuple(more_stmts), again)
        at_end = self._prim("le", BOOL, self._var(count), self._int(0))
        body = core.If(t, self.span, at_end, self._var(items), again)
        self._add(symbol, (stream, count, items), t, body)

    def _write_items(self, symbol: str, t: Con) -> None:
        stream, value = self._local("stream", PTR), self._local("value", t)
        length = "listLength" if t.name == "List" else "mapLength"
        count = self._builtin(length, INT, self._var(value), targs=t.args)
        stmts: list[core.Stmt] = [core.Do(self.span, self.write(INT, self._var(stream), count))]
        items = [self._local(name, a) for name, a in zip(("a", "b"), t.args, strict=False)]
        writes: list[core.Stmt] = [
            core.Do(self.span, self.write(i.type, self._var(stream), self._var(i))) for i in items
        ]
        if t.name == "List":
            each = self._lambda(items, self._block(writes), [stream])
            loop = self._builtin("forEachList", UNIT, self._var(value), each, targs=t.args)
        else:
            body = core.Block(INT, self.span, tuple(writes), self._int(0))
            each = self._lambda(items, body, [stream])
            loop = self._builtin("mapEntries", list_of(INT), self._var(value), each, targs=(*t.args, INT))
        stmts.append(core.Do(self.span, loop))
        self._add(symbol, (stream, value), UNIT, self._block(stmts))

    def _read_function(self, symbol: str, t: Fun) -> None:
        """A function value of the language (0), or a lambda that calls one of Python's (1)."""
        stream, callee = self._local("stream", PTR), self._local("callee", FOREIGN)
        params = [self._local(f"a{i}", p) for i, p in enumerate(t.params)]
        message, result = self._local("message", PTR), self._local("result", t.result)
        stmts: list[core.Stmt] = [core.Let(self.span, message, self._builtin("call.stream", PTR))]
        stmts += [core.Do(self.span, self.write(p.type, self._var(message), self._var(p))) for p in params]
        call = self._builtin("call.embedder", UNIT, self._var(callee), self._var(message))
        stmts.append(core.Do(self.span, call))
        stmts.append(core.Let(self.span, result, self.read(t.result, self._var(message))))
        stmts.append(core.Do(self.span, self._builtin("call.streamEnd", UNIT, self._var(message))))
        body = core.Block(t.result, self.span, tuple(stmts), self._var(result))
        foreign = core.Block(
            t,
            self.span,
            (core.Let(self.span, callee, self._builtin("stream.readObject", FOREIGN, self._var(stream))),),
            core.Lambda(t, self.span, tuple(params), body, (callee,)),
        )
        own = self._builtin("stream.readShared", t, self._var(stream))
        kind = self._builtin("stream.readInt", INT, self._var(stream))
        is_own = self._prim("eq", BOOL, kind, self._int(0))
        self._add(symbol, (stream,), t, core.If(t, self.span, is_own, own, foreign))

    def _write_function(self, symbol: str, t: Fun) -> None:
        self.apply(t)
        stream, value = self._local("stream", PTR), self._local("value", t)
        body = self._builtin("stream.writeShared", UNIT, self._var(stream), self._var(value))
        self._add(symbol, (stream, value), UNIT, body)

    # ---- pieces of core trees

    def _add(
        self, symbol: str, params: Sequence[core.Local], result: Type, body: core.Expr, exported: bool = False
    ) -> None:
        self.program.functions[symbol] = core.Function(
            symbol, symbol, (), tuple(params), 0, result, body, self.span, None, exported
        )

    def _local(self, name: str, t: Type) -> core.Local:
        return core.Local(name, t, self.span)

    def _var(self, local: core.Local) -> core.Expr:
        return core.Var(local.type, self.span, local)

    def _int(self, value: int) -> core.Expr:
        return core.Lit(INT, self.span, value)

    def _prim(self, op: str, t: Type, *args: core.Expr) -> core.Expr:
        return core.Prim(t, self.span, op, args)

    def _builtin(self, name: str, t: Type, *args: core.Expr, targs: tuple[Type, ...] = ()) -> core.Expr:
        return core.CallBuiltin(t, self.span, name, 0, targs, args)

    def _call(self, symbol: str, t: Type, *args: core.Expr) -> core.Expr:
        return core.CallFn(t, self.span, symbol, (), (), args)

    def _block(self, stmts: Sequence[core.Stmt]) -> core.Expr:
        return core.Block(UNIT, self.span, tuple(stmts), None)

    def _lambda(self, params: list[core.Local], body: core.Expr, captures: list[core.Local]) -> core.Expr:
        t = fun((p.type for p in params), body.type)
        return core.Lambda(t, self.span, tuple(params), body, tuple(captures))


def _checked() -> Type:
    """What the language's integer arithmetic gives."""
    return con("Result", INT, con("MathError"))
