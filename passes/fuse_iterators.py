"""fuse-iterators: a chain from a source to what consumes it becomes one loop.

`range |> map |> filter |> take |> fold` makes no step, no list and no closure call on the way: the loop is a
function of its own that calls itself in tail position, and a callback whose function is known is called
directly, with what it captured as arguments of the loop; its closure is not made (after Wadler,
"Deforestation", 1990, for chains only). Lists are strict: between two functions over lists a chain is only
fused where the order of effects cannot be seen, that is, where the callbacks that would have run first have
none.

Before:

    "func.func"() ({
    ^bb0(%n: i64):
      %zero = "arith.constant"() {value = 0 : i64} : () -> i64
      %r = "osp.builtin"(%zero, %n) {name = "range", overload = 0 : i64}
        : (i64, i64) -> !osp.fn<!osp.data<"osp.Step", i64>>
      %f = "osp.func_ref"() {callee = @twice} : () -> !osp.fn<i64, i64>
      %m = "osp.builtin"(%r, %f) {name = "map", overload = 0 : i64, targs = [i64, i64]}
        : (!osp.fn<!osp.data<"osp.Step", i64>>, !osp.fn<i64, i64>) -> !osp.fn<!osp.data<"osp.Step", i64>>
      %g = "osp.func_ref"() {callee = @plus} : () -> !osp.fn<i64, i64, i64>
      %s = "osp.builtin"(%m, %zero, %g) {name = "fold", overload = 0 : i64, targs = [i64, i64]}
        : (!osp.fn<!osp.data<"osp.Step", i64>>, i64, !osp.fn<i64, i64, i64>) -> i64
      "func.return"(%s) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "sum"} : () -> ()
    "func.func"() ({
    ^bb0(%x: i64):
      %y = "arith.addi"(%x, %x) : (i64, i64) -> i64
      "func.return"(%y) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "twice"} : () -> ()
    "func.func"() ({
    ^bb0(%a: i64, %x: i64):
      %y = "arith.addi"(%a, %x) : (i64, i64) -> i64
      "func.return"(%y) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "plus"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "osp.call"(%0, %arg0, %0) {callee = @fused$0} : (i64, i64, i64) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "sum"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64):
      %0 = "arith.addi"(%arg0, %arg0) : (i64, i64) -> i64
      "func.return"(%0) : (i64) -> ()
    }) {function_type = (i64) -> i64, sym_name = "twice"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64):
      %0 = "arith.addi"(%arg0, %arg1) : (i64, i64) -> i64
      "func.return"(%0) : (i64) -> ()
    }) {function_type = (i64, i64) -> i64, sym_name = "plus"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: i64, %arg2: i64):
      %0 = "arith.constant"() {value = 0 : i64} : () -> i64
      %1 = "arith.cmpi"(%arg0, %0) {predicate = 5 : i64} : (i64, i64) -> i1
      "arith.assume"(%1) : (i1) -> ()
      %2 = "arith.cmpi"(%arg0, %arg1) {predicate = 2 : i64} : (i64, i64) -> i1
      %3 = "scf.if"(%2) ({
        %4 = "arith.constant"() {value = 1 : i64} : () -> i64
        %5 = "arith.addi"(%arg0, %4) : (i64, i64) -> i64
        %6 = "osp.call"(%arg0) {callee = @twice} : (i64) -> i64
        %7 = "osp.call"(%arg2, %6) {callee = @plus} : (i64, i64) -> i64
        %8 = "osp.call"(%5, %arg1, %7) {callee = @fused$0} : (i64, i64, i64) -> i64
        "scf.yield"(%8) : (i64) -> ()
      }, {
        "scf.yield"(%arg2) : (i64) -> ()
      }) : (i1) -> i64
      "func.return"(%3) : (i64) -> ()
    }) {function_type = (i64, i64, i64) -> i64, sym_name = "fused$0", title = "fused$0"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ospjit.builtins.table import builtin
from ospjit.dialects.arith import constant_value
from ospjit.dialects.osp import UNIT, is_type
from ospjit.ir import (
    Builder,
    DialectType,
    Operation,
    Pass,
    PassContext,
    SymbolRefAttr,
    Type,
    Value,
    i64,
)
from ospjit.passes.lower_builtins import Lowering

_STAGES = {"map": "map", "mapList": "map", "filter": "filter", "filterList": "filter", "take": "take"}
_SINKS = {
    **dict.fromkeys(("fold", "foldList"), "fold"),
    **dict.fromkeys(("forEach", "forEachList"), "each"),
    **dict.fromkeys(("toList", "map", "mapList", "filter", "filterList"), "list"),
}


@dataclass(frozen=True)
class FuseIterators(Pass):
    """Turns chains over ranges, lists and iterators into loops."""

    name = "fuse-iterators"
    summary = "a chain of range, map, filter, take, fold becomes one loop"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith", "rt")
    statistics = {
        "fused": "chains that became loops",
        "stages": "functions over iterators that vanished",
        "generated": "functions made for the loops",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        lowering = Lowering(module, ctx)
        effects = _Effects(lowering)
        # From the end of each function backwards, so that a chain is taken at its sink.
        sinks = [op for op in module.walk() if op.name == "osp.builtin" and op.attr("name") in _SINKS]
        taken: set[Operation] = set()
        for number, op in enumerate(reversed(sinks)):
            if op not in taken:
                chain = _chain(op, effects)
                if chain is not None:
                    taken.update(chain.links)
                    _Fusion(lowering, chain, number).replace()
                    ctx.count("fused")
                    ctx.count("stages", len(chain.links))


@dataclass
class _Callback:
    """A function value: known functions by symbol, with what they captured."""

    symbol: str | None
    values: list[Value]
    type: Type

    @staticmethod
    def of(value: Value) -> _Callback:
        owner = value.owner
        if isinstance(owner, Operation) and owner.name == "osp.func_ref" and owner.attr("targs") is None:
            return _Callback(owner.attr("callee"), list(owner.operands), value.type)
        return _Callback(None, [value], value.type)


@dataclass
class _Chain:
    """A sink, its stages from the source on, and the source's value."""

    sink: Operation
    kind: str
    source: Value
    stages: list[tuple[str, Operation]] = field(default_factory=list)
    #: Operations other than the sink that vanish.
    links: list[Operation] = field(default_factory=list)


def _chain(sink: Operation, effects: _Effects) -> _Chain | None:
    """The chain that ends in `sink`; None where there is nothing to gain."""
    name = sink.attr("name")
    kind = _SINKS[name]
    makes_list = bool(sink.results) and is_type(sink.results[0].type, "osp.list")
    if name in _STAGES and not makes_list:
        return None  # a stage over an iterator, which somebody else consumes
    chain = _Chain(sink, kind, sink.operands[0])
    if name in _STAGES:
        chain.stages.append((_STAGES[name], sink))
    while (link := _link(chain.source, sink)) is not None:
        strict = is_type(link.results[0].type, "osp.list")
        if strict and not effects.pure(link.operands[1]):
            break
        chain.stages.insert(0, (_STAGES[link.attr("name")], link))
        chain.links.append(link)
        chain.source = link.operands[0]
    if name == "toList" and not chain.links and is_type(chain.source.type, "osp.list"):
        return None
    return chain


def _link(value: Value, sink: Operation) -> Operation | None:
    """The stage that made `value`, if only the chain needs it."""
    owner = value.owner
    if not isinstance(owner, Operation) or owner.name != "osp.builtin" or not value.has_one_use():
        return None
    if owner.attr("name") not in _STAGES or owner.parent is not sink.parent:
        return None
    if owner.attr("name") == "take" and is_type(owner.operands[0].type, "osp.string"):
        return None
    return owner


class _Effects:
    """Whether calling a function can be noticed: anything but computing counts."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering
        self.known: dict[str, bool] = {}

    def pure(self, f: Value) -> bool:
        """Whether a function value is known and has no effects."""
        callback = _Callback.of(f)
        return callback.symbol is not None and self._function(callback.symbol)

    def _function(self, symbol: str) -> bool:
        """A function that calls itself is pure if nothing else speaks against it."""
        if symbol in self.known:
            return self.known[symbol]
        self.known[symbol] = True
        work, seen = [symbol], {symbol}
        while work:
            function = self.l.symbols.lookup(work.pop())
            if function is None:
                return self._settle(seen, False)
            for op in function.walk():
                if op.name in ("osp.call", "osp.func_ref"):
                    if op.attr("callee") not in seen:
                        seen.add(op.attr("callee"))
                        work.append(op.attr("callee"))
                elif op.name in _IMPURE or not _pure_builtin(op):
                    return self._settle({symbol}, False)
        return self._settle({symbol}, True)

    def _settle(self, symbols: set[str], answer: bool) -> bool:
        self.known.update(dict.fromkeys(symbols, answer))
        return answer


def _pure_builtin(op: Operation) -> bool:
    return op.name != "osp.builtin" or builtin(op.attr("name")).section in _PURE_SECTIONS


_PURE_SECTIONS = frozenset(("Strings", "Lists", "Maps", "Iterators", "Numbers", "Predicates"))
_IMPURE = frozenset(("osp.call_closure", "osp.call_extern", "osp.global_set", "osp.spawn", "osp.select"))


class _Fusion:
    """One chain on its way to being a loop. The loop's parameters: where it is in the source, the values of
    every callback, what is left to take, the state of the sink."""

    def __init__(self, lowering: Lowering, chain: _Chain, number: int) -> None:
        self.l = lowering
        self.c = lowering.collections
        self.chain = chain
        self.symbol = lowering.symbols.unique(f"fused${number}")
        self.b = Builder.before(chain.sink)
        lowering.here = chain.sink.loc

    def replace(self) -> None:
        """Put a call of the loop where the sink stands."""
        sink, chain = self.chain.sink, self.chain
        self.constant: list[Value] = []
        self.slots: dict[int, list[int]] = {}
        self.counters: list[Value] = []
        self.callbacks: dict[int, _Callback] = {}
        self.functions: list[Value] = []
        source = self._source()
        for position, (kind, link) in enumerate(chain.stages):
            if kind == "take":
                self.counters.append(link.operands[1])
            else:
                self._callback(position, link.operands[1])
        state: list[Value] = []
        if chain.kind == "list":
            state = [self._list(source, sink.results[0].type)]
        elif chain.kind == "fold":
            state = [sink.operands[1]]
        if chain.kind in ("fold", "each"):
            self._callback(len(chain.stages), sink.operands[-1])
        result = sink.results[0].type if sink.results else UNIT
        self.layout = (len(source), len(self.constant), len(self.counters))
        args = [*source, *self.constant, *self.counters, *state]
        self.l.function(self.symbol, [a.type for a in args], result, self._body)
        value = self.l.call(self.b, self.symbol, args, result)
        sink.results[0].replace_by(value)
        sink.erase()
        for link in chain.links:
            link.erase()
        self._erase_functions()
        self._erase_source()

    def _callback(self, position: int, f: Value) -> None:
        self.functions.append(f)
        callback = _Callback.of(f)
        start = len(self.constant)
        self.constant += callback.values
        self.slots[position] = list(range(start, len(self.constant)))
        self.callbacks[position] = callback

    def _erase_functions(self) -> None:
        """The loop calls them by name: a closure that nobody else has need not be made."""
        for value in self.functions:
            made = value.owner
            known = isinstance(made, Operation) and made.name == "osp.func_ref" and made.parent is not None
            if known and not value.has_uses():
                made.erase()

    # ---- sources: the arguments that say where the loop is

    def _source(self) -> list[Value]:
        value = self.chain.source
        if is_type(value.type, "osp.list"):
            self.kind = "list"
            self.counts = True
            return [value, self.l.integer(self.b, 0), self.c.length(self.b, value)]
        owner = value.owner
        if isinstance(owner, Operation) and owner.attr("name") == "range" and owner.name == "osp.builtin":
            self.kind = "range"
            self.range = owner
            start = constant_value(owner.operands[0])
            self.counts = start is not None and start >= 0
            return list(owner.operands)
        self.kind = "iterator"
        self.counts = False
        return [value]

    def _list(self, source: list[Value], t: Type) -> Value:
        """The list to be filled, with room if it is known how many elements will come."""
        if self.kind == "iterator" or any(kind != "map" for kind, _ in self.chain.stages):
            return self.c.empty(self.b, t)
        count = source[-1]
        if self.kind == "range":  # if that wraps around, there are too many for a list
            count = self.b.create("arith.subi", [source[1], source[0]], [i64]).result
        return self.c.with_room(self.b, t, count)

    def _erase_source(self) -> None:
        if self.kind == "range" and not self.range.results[0].has_uses():
            self.range.erase()

    # ---- the loop

    def _body(self, b: Builder, args: Sequence[Value]) -> Value:
        sources, constants, counters = self.layout
        source = list(args[:sources])
        constant = list(args[sources : sources + constants])
        left = list(args[sources + constants : sources + constants + counters])
        state = list(args[sources + constants + counters :])
        result = self.chain.sink.results[0].type

        def done(i: Builder) -> Value:
            return state[0] if state else i.create("osp.unit", [], [UNIT]).result

        def pull(i: Builder) -> Value:
            return self._pull(i, source, constant, left, state, result, done)

        def guarded(i: Builder, index: int) -> Value:
            """Nothing is taken from the source once some `take` has had enough."""
            if index == len(left):
                return pull(i)
            enough = self.l.compare(i, "le", left[index], self.l.integer(i, 0))
            return self.l.conditional(i, enough, result, done, lambda j: guarded(j, index + 1))

        return guarded(b, 0)

    def _pull(
        self,
        b: Builder,
        source: list[Value],
        constant: list[Value],
        left: list[Value],
        state: list[Value],
        result: Type,
        done: Callable[[Builder], Value],
    ) -> Value:
        """Take the next element, or be done."""

        def go_on(i: Builder, following: list[Value], new_left: list[Value], new_state: list[Value]) -> Value:
            return self.l.call(i, self.symbol, [*following, *constant, *new_left, *new_state], result)

        def element(i: Builder, x: Value, following: list[Value]) -> Value:
            return self._stages(i, 0, x, 0, following, constant, left, state, result, go_on)

        if self.kind == "iterator":
            return self.c.take_step(b, source[0], result, lambda i, x, rest: element(i, x, [rest]), done)
        if self.counts:
            self.l.natural(b, source[0 if self.kind == "range" else 1])
        if self.kind == "range":
            more = self.l.compare(b, "lt", source[0], source[1])
            return self.l.conditional(
                b, more, result, lambda i: element(i, source[0], [self.c.next(i, source[0]), source[1]]), done
            )
        items, index, count = source
        return self.l.conditional(
            b,
            self.l.compare(b, "lt", index, count),
            result,
            lambda i: element(i, self.c.item(i, items, index), [items, self.c.next(i, index), count]),
            done,
        )

    def _stages(
        self,
        b: Builder,
        position: int,
        x: Value,
        taken: int,
        following: list[Value],
        constant: list[Value],
        left: list[Value],
        state: list[Value],
        result: Type,
        go_on: Callable[[Builder, list[Value], list[Value], list[Value]], Value],
    ) -> Value:
        """Send an element through the stages from `position` on and into the sink."""
        if position == len(self.chain.stages):
            return go_on(b, following, left, self._consume(b, x, constant, state))
        kind, _ = self.chain.stages[position]

        def rest(i: Builder, value: Value, new_taken: int, new_left: list[Value]) -> Value:
            return self._stages(
                i, position + 1, value, new_taken, following, constant, new_left, state, result, go_on
            )

        if kind == "take":
            fewer = b.create("arith.subi", [left[taken], self.l.integer(b, 1)], [i64]).result
            return rest(b, x, taken + 1, [*left[:taken], fewer, *left[taken + 1 :]])
        y = self._apply(b, position, [x], constant)
        if kind == "map":
            return rest(b, y, taken, left)
        return self.l.conditional(
            b, y, result, lambda i: rest(i, x, taken, left), lambda i: go_on(i, following, left, state)
        )

    def _consume(self, b: Builder, x: Value, constant: list[Value], state: list[Value]) -> list[Value]:
        if self.chain.kind == "list":
            return [self.c.append(b, state[0], x)]
        last = len(self.chain.stages)
        if self.chain.kind == "fold":
            return [self._apply(b, last, [state[0], x], constant)]
        self._apply(b, last, [x], constant)
        return []

    def _apply(self, b: Builder, position: int, args: list[Value], constant: list[Value]) -> Value:
        """Call a callback: directly if its function is known."""
        callback = self.callbacks[position]
        values = [constant[i] for i in self.slots[position]]
        assert isinstance(callback.type, DialectType) and isinstance(callback.type.params[0], Type)
        returned = callback.type.params[0]
        if callback.symbol is None:
            return b.create("osp.call_closure", [*values, *args], [returned]).result
        callee = {"callee": SymbolRefAttr(callback.symbol)}
        return b.create("osp.call", [*values, *args], [returned], callee).result
