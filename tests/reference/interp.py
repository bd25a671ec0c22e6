"""A reference interpreter over the core tree: slow, obvious, and written without a look at the compiler.

It exists so that compiled programs can be compared with it. It covers everything but C functions, the system
and what ends a program with a diagnostic. What it does not know raises `Unsupported`; no test may take that
for an answer. It recurses on the Python stack and does nothing about memory or speed.
"""

from __future__ import annotations

import heapq
import math
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ospjit.types import core
from ospjit.types.types import ANY, Con, Rec, Type, substitute
from tests.reference.fibers import Channel, Fiber, Scheduler, Stuck
from tests.reference.library import LIBRARY, character, in_range
from tests.reference.values import Closure, Data, Erased, equal, failed, is_result, show, success

Environment = dict[core.Local, Any]


#: How many calls a program may make before the interpreter gives up.
CALLS = 20_000


class Unsupported(Exception):
    """The program uses something that this interpreter does not know."""


class Exit(Exception):
    """The program called `exit`."""


class Interpreter:
    """Runs one program. `output` is what it printed."""

    def __init__(self, program: core.Program) -> None:
        self.program = program
        self.globals: dict[str, Any] = {}
        self.output = b""
        self.calls = 0
        self.instances = threading.local()
        self.scheduler = Scheduler()

    @property
    def targs(self) -> list[dict[str, Type]]:
        """The type arguments of the calls that this thread is in, the innermost last."""
        if not hasattr(self.instances, "stack"):
            self.instances.stack = [{}]
        return self.instances.stack

    def run(self) -> int:
        """Run the file's statements and `main`; the exit status."""
        try:
            env: Environment = {}
            for statement in self.program.entry.stmts:
                self.statement(statement, env)
            if self.program.main is not None:
                result = self.call(self.program.main, (), [])
                return result % 256 if isinstance(result, int) and not isinstance(result, bool) else 0
        except Exit as stop:
            return int(stop.args[0]) % 256
        except Stuck:
            raise Unsupported("run-time diagnostics") from None
        finally:
            self.scheduler.end()
        return 0

    # ---- functions

    def call(self, symbol: str, targs: Sequence[Type], args: Sequence[Any]) -> Any:
        """Call a declared function; `args` begin with its captures."""
        self.count_call()
        function = self.program.functions[symbol]
        self.targs.append(dict(zip(function.tparams, map(self.type, targs), strict=True)))
        try:
            return self.eval(function.body, dict(zip(function.params, args, strict=True)))
        finally:
            self.targs.pop()

    def count_call(self) -> None:
        """Give up on programs that are meant for a compiler."""
        self.calls += 1
        if self.calls > CALLS:
            raise Unsupported("programs that run for long")

    def type(self, t: Type) -> Type:
        """A static type in the instance that is running."""
        return substitute(t, self.targs[-1])

    def closure(self, node: core.Lambda, env: Environment) -> Closure:
        """A lambda with the values that its captures have now."""
        captured = {local: env[local] for local in node.captures}
        instance = self.targs[-1]

        def call(*args: Any) -> Any:
            self.count_call()
            self.targs.append(instance)
            try:
                return self.eval(node.body, captured | dict(zip(node.params, args, strict=True)))
            finally:
                self.targs.pop()

        return Closure(call)

    def builtin(self, name: str, args: Sequence[Any]) -> Any:
        """Call a built-in function."""
        if name in ("print", "printErr"):
            if name == "print":
                self.output += show(args[0]) + b"\n"
            return None
        if name == "exit":
            raise Exit(args[0])
        if name in FIBERS:
            return FIBERS[name](self, *args)
        if name not in LIBRARY:
            raise Unsupported(name)
        return LIBRARY[name](*args)

    # ---- statements

    def statement(self, node: core.Stmt, env: Environment) -> None:
        """Run one statement."""
        if isinstance(node, (core.Let, core.Assign)):
            env[node.local] = self.eval(node.value, env)
        elif isinstance(node, core.SetGlobal):
            self.globals[node.name] = self.eval(node.value, env)
        elif isinstance(node, core.Do):
            self.eval(node.expr, env)
        else:
            raise Unsupported(type(node).__name__)

    # ---- expressions

    def eval(self, node: core.Expr, env: Environment) -> Any:
        """The value of an expression."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise Unsupported(type(node).__name__)
        return method(node, env)

    def all(self, nodes: Sequence[core.Expr], env: Environment) -> list[Any]:
        """Values from left to right."""
        return [self.eval(n, env) for n in nodes]

    def _lit(self, node: core.Lit, env: Environment) -> Any:
        return node.value.encode() if isinstance(node.value, str) else node.value

    def _var(self, node: core.Var, env: Environment) -> Any:
        return env[node.local]

    def _globalvar(self, node: core.GlobalVar, env: Environment) -> Any:
        if node.name not in self.globals:
            raise Unsupported("run-time diagnostics")
        return self.globals[node.name]

    def _funcref(self, node: core.FuncRef, env: Environment) -> Closure:
        captured = self.all(node.captures, env)
        targs = [self.type(t) for t in node.targs]
        return Closure(lambda *args: self.call(node.symbol, targs, [*captured, *args]))

    def _builtinref(self, node: core.BuiltinRef, env: Environment) -> Closure:
        return Closure(lambda *args: self.builtin(node.name, args))

    def _callfn(self, node: core.CallFn, env: Environment) -> Any:
        captured = self.all(node.captures, env)
        return self.call(node.symbol, node.targs, [*captured, *self.all(node.args, env)])

    def _callbuiltin(self, node: core.CallBuiltin, env: Environment) -> Any:
        return self.builtin(node.name, self.all(node.args, env))

    def _call(self, node: core.Call, env: Environment) -> Any:
        callee = self.eval(node.callee, env)
        return callee.call(*self.all(node.args, env))

    def _construct(self, node: core.Construct, env: Environment) -> Data:
        values: dict[int, Any] = {}
        for index in node.order:
            values[index] = self.eval(node.args[index], env)
        fields = tuple(values[i] for i in range(len(node.args)))
        t = self.type(node.type)
        if isinstance(t, Rec):
            return Data("", tuple(name for name, _ in t.fields), fields)
        assert isinstance(t, Con)
        if t.name == "Result":
            return Data(node.variant, None, fields)
        variant = next(v for v in self.program.datas[t.name].variants if v.name == node.variant)
        return Data(variant.name, None if variant.positional else tuple(n for n, _ in variant.fields), fields)

    def _getfield(self, node: core.GetField, env: Environment) -> Any:
        return self.eval(node.obj, env).field(node.name)

    def _update(self, node: core.Update, env: Environment) -> Data:
        obj = self.eval(node.obj, env)
        new = {name: self.eval(value, env) for name, value in node.fields}
        values = (new.get(n, old) for n, old in zip(obj.names, obj.fields, strict=True))
        return Data(obj.title, obj.names, tuple(values))

    def _listlit(self, node: core.ListLit, env: Environment) -> Any:
        return tuple(self.all(node.items, env))

    def _maplit(self, node: core.MapLit, env: Environment) -> Any:
        made = {}
        for key, value in node.entries:
            k = self.eval(key, env)
            made[k] = self.eval(value, env)
        return made

    def _index(self, node: core.Index, env: Environment) -> Data:
        obj = self.eval(node.obj, env)
        key = self.eval(node.index, env)
        if isinstance(obj, dict):
            return LIBRARY["mapGet"](obj, key)
        if not 0 <= key < len(obj):
            return failed(f"index out of bounds: {key} (length {len(obj)})")
        if isinstance(obj, bytes):
            return character(obj, key)
        return success(obj[key])

    def _interpolate(self, node: core.Interpolate, env: Environment) -> bytes:
        return b"".join(p.encode() if isinstance(p, str) else show(self.eval(p, env)) for p in node.parts)

    def _if(self, node: core.If, env: Environment) -> Any:
        return self.eval(node.then if self.eval(node.cond, env) else node.orelse, env)

    def _default(self, node: core.Default, env: Environment) -> Any:
        result = self.eval(node.result, env)
        return result.fields[0] if result.title == "Success" else self.eval(node.fallback, env)

    def _block(self, node: core.Block, env: Environment) -> Any:
        for statement in node.stmts:
            self.statement(statement, env)
        return None if node.result is None else self.eval(node.result, env)

    def _lambda(self, node: core.Lambda, env: Environment) -> Closure:
        return self.closure(node, env)

    def _erase(self, node: core.Erase, env: Environment) -> Any:
        value = self.eval(node.value, env)
        t = self.type(node.value.type)
        return value if t is ANY else Erased(t, value)

    def _coerce(self, node: core.Coerce, env: Environment) -> Any:
        value = self.eval(node.value, env)
        t = self.type(node.type)
        if isinstance(t, Rec):
            names = tuple(name for name, _ in t.fields)
            return Data("", names, tuple(value.field(n) for n in names))
        if isinstance(t, Con) and t.name in self.program.datas:
            variant = self.program.datas[t.name].variants[0]
            names = tuple(name for name, _ in variant.fields)
            return Data(variant.name, names, tuple(value.field(n) for n in names))
        return value

    # ---- fibers

    def _spawn(self, node: core.Spawn, env: Environment) -> Fiber:
        work = self.closure(node.body, env)
        return self.scheduler.spawn(lambda: work.call())

    def _select(self, node: core.Select, env: Environment) -> Any:
        arms = [(arm, self.all(arm.operands, env)) for arm in node.arms]
        late = min((v[0] for arm, v in arms if arm.kind == "sleep"), default=None)
        default = next((arm for arm, _ in arms if arm.kind == "default"), None)
        ready: list[tuple[core.SelectArm, list[Any]]] = []

        def look() -> bool:
            ready[:] = [(arm, v) for arm, v in arms if self._can_go(arm.kind, v)]
            return bool(ready)

        if not look() and default is None:
            began = self.scheduler.now
            if late is not None:
                self.scheduler.wake(self.scheduler.current, late)
            receiving = [v[0] for arm, v in arms if arm.kind == "recv"]
            for channel in receiving:
                channel.receivers += 1
            self.scheduler.until(look)
            for channel in receiving:
                channel.receivers -= 1
            if late is not None and self.scheduler.now < began + late:
                mine = self.scheduler.current
                self.scheduler.sleepers = [s for s in self.scheduler.sleepers if s[2] is not mine]
                heapq.heapify(self.scheduler.sleepers)
        if not ready:
            arm = default or next(a for a, v in arms if a.kind == "sleep" and v[0] == late)
            return self.eval(arm.body, env)
        arm, values = ready[0]
        if arm.kind == "send":
            _send(self, *values)
        else:
            value = _recv(self, values[0])
            if arm.bind is not None:
                env[arm.bind] = value
        return self.eval(arm.body, env)

    def _can_go(self, kind: str, values: list[Any]) -> bool:
        if kind == "send":
            return values[0].closed or values[0].has_room()
        return kind == "recv" and (values[0].closed or bool(values[0].values))

    # ---- operators

    def _prim(self, node: core.Prim, env: Environment) -> Any:
        if node.op in ("add", "sub", "mul", "div", "mod", "neg"):
            return self._arithmetic(node, env)
        values = self.all(node.args, env)
        if node.op == "not":
            return not values[0]
        a, b = values
        if node.op in ("eq", "ne"):
            return equal(a, b) == (node.op == "eq")
        return {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[node.op]

    def _arithmetic(self, node: core.Prim, env: Environment) -> Any:
        """LANGUAGE §6: the first Error wins, and nothing is computed from what stands after it."""
        args = self.all(node.args, env)
        first = next((a for a in args if is_result(a) and a.title == "Error"), None)
        if first is not None:
            return first
        fallible = any(map(is_result, args))
        result = self._compute(node.op, [a.fields[0] if is_result(a) else a for a in args])
        return success(result) if fallible and not is_result(result) else result

    def _compute(self, op: str, values: list[Any]) -> Any:
        if op == "neg":
            return in_range(-values[0]) if isinstance(values[0], int) else -values[0]
        a, b = values
        if op == "add" and isinstance(a, (bytes, tuple)):
            return a + b
        if op == "add" and isinstance(a, dict):
            return {**a, **b}
        integers = isinstance(a, int) and isinstance(b, int)
        if op in ("div", "mod"):
            if b == 0:
                return failed("division by zero")
            if op == "div":
                return success(float(a) / float(b))
            return success(math.fmod(a, b) if not integers else int(math.copysign(1, a)) * (abs(a) % abs(b)))
        if integers:
            return in_range({"add": a + b, "sub": a - b, "mul": a * b}[op])
        x, y = float(a), float(b)
        return {"add": x + y, "sub": x - y, "mul": x * y}[op]

    # ---- matching

    def _match(self, node: core.Match, env: Environment) -> Any:
        value = self.eval(node.scrutinee, env)
        for arm in node.arms:
            bound: Environment = {}
            if not self.matches(arm.pattern, value, bound):
                continue
            env.update(bound)  # every local is bound once, so nothing that is still needed is overwritten
            if arm.guard is None or self.eval(arm.guard, env):
                return self.eval(arm.body, env)
        raise AssertionError("a match that is exhaustive matched nothing")

    def matches(self, p: core.Pattern, value: Any, bound: Environment) -> bool:
        """Whether a value matches; `bound` takes what the pattern binds."""
        if isinstance(p, core.PWild):
            return True
        if isinstance(p, core.PVar):
            bound[p.local] = value
            return True
        if isinstance(p, core.PAs):
            bound[p.local] = value
            return self.matches(p.pattern, value, bound)
        if isinstance(p, core.POr):
            return any(self.matches(a, value, bound) for a in p.alternatives)
        if isinstance(p, core.PLit):
            return equal(value, p.value.encode() if isinstance(p.value, str) else p.value)
        if isinstance(p, core.PCon):
            return value.title == p.variant and all(
                map(self.matches, p.args, value.fields, [bound] * len(p.args))
            )
        if isinstance(p, core.PList):
            return self._matches_list(p, value, bound)
        if isinstance(p, core.PType):
            wanted = self.type(p.inner.type)
            return value.type is wanted and self.matches(p.inner, value.value, bound)
        if isinstance(p, core.PRec):
            return self._matches_record(p, value, bound)
        raise Unsupported(type(p).__name__)

    def _matches_list(self, p: core.PList, value: Any, bound: Environment) -> bool:
        size = len(p.items)
        if len(value) < size or (p.rest is None and len(value) > size):
            return False
        if not all(self.matches(i, v, bound) for i, v in zip(p.items, value, strict=False)):
            return False
        return p.rest is None or self.matches(p.rest, value[size:], bound)

    def _matches_record(self, p: core.PRec, value: Any, bound: Environment) -> bool:
        if isinstance(value, Erased):
            types = self._field_types(value.type)
            inside = value.value
            if types is None or not isinstance(inside, Data):
                return False
            names = set(types)
            if not names.issuperset(n for n, _ in p.fields) or (not p.open and len(names) != len(p.fields)):
                return False
            return all(
                self.matches(s, v if isinstance(v := inside.field(n), Erased) else Erased(types[n], v), bound)
                for n, s in p.fields
            )
        return all(self.matches(s, value.field(n), bound) for n, s in p.fields)

    def _field_types(self, t: Type) -> dict[str, Type] | None:
        """The fields of a record type; None for other types."""
        if isinstance(t, Rec):
            return dict(t.fields)
        data = self.program.datas.get(t.name) if isinstance(t, Con) else None
        if data is None or not data.is_record:
            return None
        assert isinstance(t, Con)
        mapping = dict(zip(data.params, t.args, strict=True))
        return {n: substitute(f, mapping) for n, f in data.variants[0].fields}


def _await(self: Interpreter, fiber: Fiber) -> Any:
    if not fiber.done:
        self.scheduler.until(lambda: fiber.done)
    if fiber.error is not None:
        raise fiber.error
    return fiber.value


def _send(self: Interpreter, channel: Channel, value: Any) -> None:
    if not channel.closed and not channel.has_room():
        self.scheduler.until(lambda: channel.closed or channel.has_room())
    if channel.closed:
        raise Unsupported("run-time diagnostics")
    channel.values.append(value)
    channel.sent += 1
    number = channel.sent
    if channel.capacity == 0 and channel.taken < number:
        self.scheduler.until(lambda: channel.taken >= number)


def _recv(self: Interpreter, channel: Channel) -> Any:
    if not channel.values and not channel.closed:
        channel.receivers += 1
        self.scheduler.until(lambda: bool(channel.values) or channel.closed)
        channel.receivers -= 1
    if not channel.values:
        raise Unsupported("run-time diagnostics")
    channel.taken += 1
    return channel.values.popleft()


def _try_recv(self: Interpreter, channel: Channel) -> Data:
    if channel.values:
        return success(_recv(self, channel))
    return failed("channel closed" if channel.closed else "channel empty")


def _yield(self: Interpreter, *values: Any) -> Any:
    self.scheduler.pause()
    return values[0] if values else None


def _close(self: Interpreter, channel: Channel) -> None:
    channel.closed = True


#: The built-ins that concern fibers.
FIBERS: dict[str, Callable[..., Any]] = {
    "await": _await,
    "fiberDone": lambda self, fiber: fiber.done,
    "yield": _yield,
    "Channel": lambda self, capacity: Channel(capacity),
    "send": _send,
    "recv": _recv,
    "tryRecv": _try_recv,
    "close": _close,
    "sleep": lambda self, milliseconds: self.scheduler.sleep(milliseconds),
}


def run(program: core.Program) -> tuple[bytes, int]:
    """What a program prints, and its exit status."""
    outcome: list[Any] = []

    def work() -> None:
        interpreter = Interpreter(program)
        try:
            outcome.append((interpreter.run(), interpreter))
        except RecursionError:
            outcome.append((Unsupported("recursion that deep"), interpreter))
        except BaseException as error:
            outcome.append((error, interpreter))

    size, limit = threading.stack_size(512 << 20), sys.getrecursionlimit()
    sys.setrecursionlimit(200_000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    status, interpreter = outcome[0]
    if isinstance(status, BaseException):
        raise status
    return interpreter.output, status


__all__ = ["Interpreter", "Unsupported", "run"]
