"""Random modules at the level where `perceus` works, made from a `random.Random`, for property tests.

Control flow is structured when it is made (conditionals that join, loops, early returns, dead ends) and plain
branches when it is done. Every value that is in scope may be used by any operation, any number of times or
never, so counts are needed in every combination: what is read from cells, selected, captured, passed through
blocks, globals, lists and calls. Nothing here is meant to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import ospjit.dialects  # noqa: F401
from ospjit.dialects import arith, cf, func
from ospjit.dialects.rt import ELEMENTS
from ospjit.ir import (
    Block,
    Builder,
    DialectType,
    FunctionType,
    Operation,
    Region,
    SymbolRefAttr,
    Type,
    TypeAttr,
    Value,
    body_of,
    i1,
    i64,
    new_module,
)

STRING = DialectType("osp.string")
NODE = DialectType("osp.data", ("Node",))
SAME = DialectType("osp.rec", ("left", NODE, "name", STRING, "size", i64))
LIST = DialectType("osp.list", (STRING,))
CODE = DialectType("osp.fn", (NODE, STRING))
TYPES: tuple[Type, ...] = (STRING, NODE, LIST, CODE, i64, i1)
#: The slots of a node: counted ones first.
SLOTS: tuple[Type, ...] = (STRING, NODE, i64)
LAYOUT = {"words": 3, "scan": 2}


def random_module(random: Random) -> Operation:
    """A module with a few functions, of which the first is the entry."""
    module = new_module()
    signatures = [_signature(random) for _ in range(random.randint(1, 3))]
    b = Builder.at_end(body_of(module))
    for mutable in (False, True):
        types = (TypeAttr(STRING), TypeAttr(NODE))
        b.create("rt.global", [], [], {"sym_name": _global(mutable), "mutable": mutable, "types": types})
    for number, signature in enumerate(signatures):
        body_of(module).append(_Function(random, f"f{number}", signature, signatures).op)
    body_of(module).append(_adapter(0))
    body_of(module).append(_adapter(2))
    return module


def _signature(random: Random) -> FunctionType:
    inputs = [random.choice(TYPES) for _ in range(random.randint(0, 4))]
    return FunctionType(inputs, [random.choice(TYPES) for _ in range(random.choice((0, 1, 1, 2, 3)))])


def _global(mutable: bool) -> str:
    return "changing" if mutable else "fixed"


def _adapter(captures: int) -> Operation:
    """What function values point to: it takes itself and loads its captures."""
    op = func.function(f"code{captures}", FunctionType((CODE, STRING), (NODE,)))
    block = op.regions[0].entry
    b = Builder.at_end(block)
    if captures:
        loaded = [
            b.create("rt.slot", [block.args[0]], [t], {"index": i + 1}).result
            for i, t in enumerate((STRING, NODE))
        ]
        text = _call(b, "osp_string_concat", [loaded[0], block.args[1]], STRING)
        size = arith.constant(b, 1, i64)
        result = b.create("rt.cell", [text, loaded[1], size], [NODE], {"tag": 1, "scan": 2}).result
    else:
        result = b.create("rt.static_cell", [], [NODE], {"tag": 0}).result
    b.create("func.return", [result])
    return op


def _pointers(b: Builder) -> Value:
    """That elements of a list are counted."""
    return arith.constant(b, ELEMENTS["pointers"], i64)


def _call(b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
    return b.create("rt.call", args, [result], {"callee": SymbolRefAttr(symbol)}).result


class _Function:
    def __init__(
        self, random: Random, name: str, signature: FunctionType, signatures: Sequence[FunctionType]
    ) -> None:
        self.random = random
        self.signature = signature
        self.signatures = signatures
        self.op = func.function(name, signature)
        self.region: Region = self.op.regions[0]
        self.budget = random.randint(5, 40)
        common = [self.cell, self.slot, self.text, self.lists, self.call]
        others = [
            self.closure,
            self.apply,
            self.select,
            self.cast,
            self.global_load,
            self.global_store,
            self.use,
            self.parse,
        ]
        self.makers: list[Callable[[Builder, list[Value]], Sequence[Value]]] = [*common, *common, *others]
        b = Builder.at_end(self.region.entry)
        if self.body(b, list(self.region.entry.args), depth=0):
            self.finish(b)

    # ---- control flow

    def body(self, b: Builder, scope: list[Value], depth: int) -> bool:
        """Fill from the builder on; whether control comes out at the end, where the builder then stands."""
        for _ in range(self.random.randint(1, 6)):
            if self.budget <= 0:
                break
            self.budget -= 1
            choice = self.random.random()
            if choice < 0.15 and depth < 3:
                if not self.conditional(b, scope, depth):
                    return False
            elif choice < 0.22 and depth < 2:
                self.loop(b, scope, depth)
            elif choice < 0.25 and depth:
                self.leave(b, scope)
                return False
            else:
                scope += self.random.choice(self.makers)(b, scope)
        self.scope = scope
        return True

    def finish(self, b: Builder) -> None:
        b.create("func.return", [self.pick(b, self.scope, t) for t in self.signature.results])

    def leave(self, b: Builder, scope: list[Value]) -> None:
        """Out of the middle: by a return, of a call if it can be, or by a dead end."""
        same = [i for i, s in enumerate(self.signatures) if s.results == self.signature.results]
        choice = self.random.random()
        if choice < 0.1:
            b.create("rt.unreachable")
        elif choice < 0.6 and same:
            number = self.random.choice(same)
            b.create("func.return", self.call_function(b, scope, number))
        else:
            b.create("func.return", [self.pick(b, scope, t) for t in self.signature.results])

    def conditional(self, b: Builder, scope: list[Value], depth: int) -> bool:
        """A branch in two or three ways that join again, if any comes back."""
        count = self.random.choice((2, 2, 3))
        types = [self.random.choice(TYPES) for _ in range(self.random.randint(0, 2))]
        after = Block(types)
        ways = [Block() for _ in range(count)]
        if count == 2:
            cf.cond_br(b, self.pick(b, scope, i1), ways[0], (), ways[1], ())
        else:
            flag = self.pick(b, scope, i64)
            cf.switch(b, flag, ways[0], (), [(i, way, ()) for i, way in enumerate(ways[1:])])
        comes_back = False
        for way in ways:
            self.region.append(way)
            inner = Builder.at_end(way)
            if self.body(inner, list(scope), depth + 1):
                cf.br(inner, after, [self.pick(inner, self.scope, t) for t in types])
                comes_back = True
        if not comes_back:
            return False
        self.region.append(after)
        b.set_at_end(after)
        scope += after.args
        return True

    def loop(self, b: Builder, scope: list[Value], depth: int) -> None:
        """A loop whose head takes arguments; what it leaves behind is what is in scope at the head."""
        types = [self.random.choice(TYPES) for _ in range(self.random.randint(0, 3))]
        head, body, after = Block(types), Block(), Block()
        cf.br(b, head, [self.pick(b, scope, t) for t in types])
        self.region.append(head)
        inner = Builder.at_end(head)
        inside = [*scope, *head.args]
        inside += self.random.choice(self.makers)(inner, inside)
        cf.cond_br(inner, self.pick(inner, inside, i1), body, (), after, ())
        self.region.append(body)
        inner.set_at_end(body)
        if self.body(inner, list(inside), depth + 1):
            cf.br(inner, head, [self.pick(inner, self.scope, t) for t in types])
        self.region.append(after)
        b.set_at_end(after)
        scope += inside[len(scope) :]

    # ---- operations

    def pick(self, b: Builder, scope: list[Value], t: Type) -> Value:
        """A value of a type: one that there is, or a new one."""
        found = [value for value in scope if value.type is t]
        if found and self.random.random() < 0.85:
            return self.random.choice(found[-8:])
        if t is i64 or t is i1:
            return arith.constant(b, self.random.randint(0, 1), t)
        if t is STRING:
            return b.create(
                *self.random.choice((("rt.string", [], [t], {"value": "x"}), ("rt.null", [], [t])))
            ).result  # type: ignore[arg-type]
        if t is NODE:
            return b.create("rt.static_cell", [], [t], {"tag": 0}).result
        if t is LIST:
            return _call(b, "osp_list_empty", [_pointers(b)], t)
        return b.create("rt.closure", [], [t], {"callee": SymbolRefAttr("code0"), "scan": 0}).result

    def cell(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        parts = [self.pick(b, scope, t) for t in SLOTS]
        return [b.create("rt.cell", parts, [NODE], {"tag": 1, "scan": 2}).result]

    def slot(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        cell = self.pick(b, scope, NODE)
        chosen = self.random.sample(range(len(SLOTS)), self.random.randint(1, 3))
        return [b.create("rt.slot", [cell], [SLOTS[i]], {"index": i, **LAYOUT}).result for i in chosen]

    def text(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        if self.random.random() < 0.3:
            return [_call(b, "osp_int_to_string", [self.pick(b, scope, i64)], STRING)]
        parts = [self.pick(b, scope, STRING) for _ in range(self.random.randint(2, 3))]
        if len(parts) == 2:
            return [_call(b, "osp_string_concat", parts, STRING)]
        return [
            b.create("rt.concat", parts, [STRING], {"callee": SymbolRefAttr("osp_string_concat_n")}).result
        ]

    def lists(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        choice = self.random.randint(0, 4)
        if choice == 0:
            items = [self.pick(b, scope, STRING) for _ in range(self.random.randint(1, 3))]
            return [b.create("rt.list", [_pointers(b), *items], [LIST]).result]
        if choice == 1:
            return [
                _call(b, "osp_list_append", [self.pick(b, scope, LIST), self.pick(b, scope, STRING)], LIST)
            ]
        if choice == 2:
            return [_call(b, "osp_list_concat", [self.pick(b, scope, LIST), self.pick(b, scope, LIST)], LIST)]
        where = [self.pick(b, scope, LIST), self.pick(b, scope, i64)]
        if choice == 3:
            return [_call(b, "osp_list_get_unchecked", where, STRING)]
        callee = {"callee": SymbolRefAttr("osp_list_set")}
        return b.create("rt.call", [*where, self.pick(b, scope, STRING)], [LIST, STRING], callee).results

    def closure(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        captures = [self.pick(b, scope, t) for t in (STRING, NODE)]
        return [
            b.create("rt.closure", captures, [CODE], {"callee": SymbolRefAttr("code2"), "scan": 2}).result
        ]

    def apply(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        return b.create(
            "rt.call_closure", [self.pick(b, scope, CODE), self.pick(b, scope, STRING)], [NODE]
        ).results

    def call(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        return self.call_function(b, scope, self.random.randrange(len(self.signatures)))

    def call_function(self, b: Builder, scope: list[Value], number: int) -> Sequence[Value]:
        signature = self.signatures[number]
        args = [self.pick(b, scope, t) for t in signature.inputs]
        return b.create("func.call", args, signature.results, {"callee": SymbolRefAttr(f"f{number}")}).results

    def select(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        t = self.random.choice(TYPES)
        return [arith.select(b, self.pick(b, scope, i1), self.pick(b, scope, t), self.pick(b, scope, t))]

    def cast(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        same = b.create("rt.cast", [self.pick(b, scope, NODE)], [SAME]).result
        return [same, b.create("rt.cast", [same], [NODE]).result]

    def global_load(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        index = self.random.randint(0, 1)
        attrs = {"global": SymbolRefAttr(_global(self.random.random() < 0.5)), "index": index}
        return [b.create("rt.global_load", [], [SLOTS[index]], attrs).result]

    def global_store(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        index = self.random.randint(0, 1)
        attrs = {"global": SymbolRefAttr(_global(True)), "index": index}
        b.create("rt.global_store", [self.pick(b, scope, SLOTS[index])], [], attrs)
        return []

    def use(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        if self.random.random() < 0.5:
            b.create("rt.call", [self.pick(b, scope, STRING)], [], {"callee": SymbolRefAttr("osp_print")})
            return []
        return [b.create("rt.tag", [self.pick(b, scope, NODE)], [i64]).result]

    def parse(self, b: Builder, scope: list[Value]) -> Sequence[Value]:
        callee = {"callee": SymbolRefAttr("osp_parse_int")}
        value, message = b.create("rt.call", [self.pick(b, scope, STRING)], [i64, STRING], callee).results
        return [value, message, b.create("rt.is_null", [message], [i1]).result]
