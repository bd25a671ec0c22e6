"""Lists and iterators for the pass lower-builtins: literals, library functions, rendering and equality.

Elements of lists are 64-bit words in the runtime; a value of several parts or none (a Result, Unit) goes into
a box. What takes a callback becomes a generated function that calls itself in tail position, one for each
pair of types. An iterator that nobody fused is a function value that yields a step: the end, or an element
and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of, is_type, result_of
from ospjit.dialects.rt import ELEMENTS
from ospjit.ir import Builder, DialectType, SymbolRefAttr, Type, Value, i1, i64

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering
    from ospjit.passes.lower_kit import MatchArm

#: A literal longer than this is put together from pieces, so that its words fit a fiber's stack.
LITERAL_PIECE = 128

STEP = "osp.Step"
INDEX_ERROR = "index out of bounds"


def step_of(element: Type) -> DialectType:
    """The type of what an iterator yields."""
    return DialectType("osp.data", (STEP, element))


def iterator_of(element: Type) -> DialectType:
    """The type of an iterator: a function value that yields a step."""
    return fn_of(step_of(element), ())


def list_of(element: Type) -> DialectType:
    """The type of a list."""
    return DialectType("osp.list", (element,))


def element_of(t: Type) -> Type:
    """The element type of a list type."""
    assert isinstance(t, DialectType)
    element = t.params[0]
    assert isinstance(element, Type)
    return element


def _yielded(t: Type) -> Type:
    """The element type of an iterator's type."""
    step = element_of(t)
    assert isinstance(step, DialectType)
    element = step.params[1]
    assert isinstance(element, Type)
    return element


def _result(t: Type) -> Type:
    """What a function value returns."""
    return element_of(t)


class Collections:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    # ---- elements as words

    def boxed(self, t: Type) -> bool:
        """Whether values of a type are not one word each."""
        return t is UNIT or is_type(t, "osp.result")

    def stored(self, t: Type) -> Type:
        """The type in which an element is handed to the runtime."""
        return DialectType("osp.box", (t,)) if self.boxed(t) else t

    def box(self, b: Builder, value: Value) -> Value:
        """A value as one word."""
        if self.boxed(value.type):
            return b.create("osp.box", [value], [self.stored(value.type)]).result
        return value

    def unbox(self, b: Builder, value: Value, t: Type) -> Value:
        """The value of type `t` in a word."""
        return b.create("osp.unbox", [value], [t]).result if self.boxed(t) else value

    def counted(self, b: Builder, t: Type) -> Value:
        """Whether values of a type, each one word, are counted pointers."""
        return self.l.boolean(b, self._is_counted(t))

    def _is_counted(self, t: Type) -> bool:
        scalar = t is i64 or t is i1 or str(t) in ("f64", "!osp.ptr") or self.l.datas.is_enumeration(t)
        return not scalar

    def elements(self, b: Builder, t: Type) -> Value:
        """What the elements of a list of a type are for the runtime: truth values take a byte each."""
        kind = "bytes" if t is i1 else "pointers" if self._is_counted(t) else "words"
        return self.l.integer(b, ELEMENTS[kind])

    def item(self, b: Builder, xs: Value, index: Value) -> Value:
        """The element at an index known to be inside."""
        t = element_of(xs.type)
        word = self.raw(b, "osp_list_get_unchecked", [xs, index], self.stored(t))
        return self.unbox(b, word, t)

    def raw(self, b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
        """A call of a runtime function that cannot fail."""
        return b.create("rt.call", args, [result], {"callee": SymbolRefAttr(symbol)}).result

    def empty(self, b: Builder, t: Type) -> Value:
        """An empty list."""
        return self.raw(b, "osp_list_empty", [self.elements(b, element_of(t))], t)

    def with_room(self, b: Builder, t: Type, count: Value) -> Value:
        """An empty list to which so many elements will be added."""
        return self.raw(b, "osp_list_with_room", [self.elements(b, element_of(t)), count], t)

    def append(self, b: Builder, xs: Value, value: Value) -> Value:
        """A list with one more element at the end."""
        return self.raw(b, "osp_list_append", [xs, self.box(b, value)], xs.type)

    def length(self, b: Builder, xs: Value) -> Value:
        """The number of elements."""
        return b.create("osp.list_length", [xs], [i64]).result

    def literal(self, b: Builder, items: Sequence[Value], t: Type) -> Value:
        """A list of these items."""
        if not items:
            return self.empty(b, t)
        elements = self.elements(b, element_of(t))
        words = [self.box(b, v) for v in items]
        whole: Value | None = None
        for start in range(0, len(words), LITERAL_PIECE):
            piece = b.create("rt.list", [elements, *words[start : start + LITERAL_PIECE]], [t]).result
            whole = piece if whole is None else self.raw(b, "osp_list_concat", [whole, piece], t)
        assert whole is not None
        return whole

    def get(self, b: Builder, xs: Value, index: Value, result: Type) -> Value:
        """An element as a Result; the runtime has the message."""
        return self.fetch(b, "osp_list_get", [xs, index], element_of(xs.type), result)

    def fetch(self, b: Builder, symbol: str, args: Sequence[Value], t: Type, result: Type) -> Value:
        """The word of a fallible runtime function as a value of type `t`."""
        found = self.l.runtime(b, symbol, args, result_of(self.stored(t), STRING))
        if not self.boxed(t):
            return found

        def open_box(i: Builder, word: Value) -> Value:
            return i.create("osp.success", [self.unbox(i, word, t)], [result]).result

        arms: list[MatchArm] = [
            (("con", "Success", ("bind",)), [self.stored(t)], lambda i, a: open_box(i, a[0])),
            (
                ("con", "Error", ("bind",)),
                [STRING],
                lambda i, a: i.create("osp.error", [a[0]], [result]).result,
            ),
        ]
        return self.l.match(b, found, result, arms)

    # ---- loops over lists: generated functions that call themselves

    def one(self, b: Builder) -> Value:
        return self.l.integer(b, 1)

    def next(self, b: Builder, index: Value) -> Value:
        """The index after this one, which is below a length and cannot overflow."""
        return b.create("arith.addi", [index, self.one(b)], [i64]).result

    def apply(self, b: Builder, f: Value, args: Sequence[Value]) -> Value:
        """A call of a function value."""
        return b.create("osp.call_closure", [f, *args], [_result(f.type)]).result

    def loop(
        self,
        b: Builder,
        name: str,
        xs: Value,
        state: Sequence[Value],
        result: Type,
        body: Callable[[Builder, Value, Value, Sequence[Value], Callable[..., Value]], Value],
        done: Callable[[Builder, Sequence[Value]], Value],
    ) -> Value:
        """Go through a list. `body` gets the element, its index, the state and what goes on with a new state;
        `done` makes the result from the last state."""
        types = [xs.type, i64, i64, *(v.type for v in state)]
        symbol = f"{name}<{', '.join(str(t) for t in (xs.type, *types[3:]))}>"

        def function(inner: Builder, args: Sequence[Value]) -> Value:
            items, index, count, rest = args[0], args[1], args[2], args[3:]
            self.l.natural(inner, index)

            def go_on(at: Builder, *new: Value) -> Value:
                return self.l.call(at, symbol, [items, self.next(at, index), count, *new], result)

            return self.l.conditional(
                inner,
                self.l.compare(inner, "lt", index, count),
                result,
                lambda i: body(i, self.item(i, items, index), index, rest, go_on),
                lambda i: done(i, rest),
            )

        self.l.function(symbol, types, result, function)
        return self.l.call(b, symbol, [xs, self.l.integer(b, 0), self.length(b, xs), *state], result)

    def for_each(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, f = args

        def body(i: Builder, x: Value, n: Value, s: Sequence[Value], go_on: Callable[..., Value]) -> Value:
            self.apply(i, s[0], [x])
            return go_on(i, s[0])

        return self.loop(
            b, "for_each", xs, [f], UNIT, body, lambda i, s: i.create("osp.unit", [], [UNIT]).result
        )

    def map(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, f = args
        return self.loop(
            b,
            "map",
            xs,
            [f, self.with_room(b, result, self.length(b, xs))],
            result,
            lambda i, x, n, s, go_on: go_on(i, s[0], self.append(i, s[1], self.apply(i, s[0], [x]))),
            lambda i, s: s[1],
        )

    def filter(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, f = args
        return self.loop(
            b,
            "filter",
            xs,
            [f, self.empty(b, result)],
            result,
            lambda i, x, n, s, go_on: self.l.conditional(
                i,
                self.apply(i, s[0], [x]),
                result,
                lambda j: go_on(j, s[0], self.append(j, s[1], x)),
                lambda j: go_on(j, s[0], s[1]),
            ),
            lambda i, s: s[1],
        )

    def fold(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, init, f = args
        return self.loop(
            b,
            "fold",
            xs,
            [f, init],
            result,
            lambda i, x, n, s, go_on: go_on(i, s[0], self.apply(i, s[0], [s[1], x])),
            lambda i, s: s[1],
        )

    def find(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, f = args
        return self.loop(
            b,
            "find",
            xs,
            [f],
            result,
            lambda i, x, n, s, go_on: self.l.conditional(
                i,
                self.apply(i, s[0], [x]),
                result,
                lambda j: j.create("osp.success", [x], [result]).result,
                lambda j: go_on(j, s[0]),
            ),
            lambda i, s: (
                i.create(
                    "osp.error", [self.l.string(i, "listFind: no element satisfies it")], [result]
                ).result
            ),
        )

    def contains(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, wanted = args
        return self.loop(
            b,
            "contains",
            xs,
            [wanted],
            i1,
            lambda i, x, n, s, go_on: self.l.conditional(
                i, self.l.equal(i, x, s[0]), i1, lambda j: self.l.boolean(j, True), lambda j: go_on(j, s[0])
            ),
            lambda i, s: self.l.boolean(i, False),
        )

    def sort(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The runtime sorts; it calls the comparison with the address of two words and of the answer."""
        xs, compare = args
        t = element_of(xs.type)

        def adapter(i: Builder, a: Sequence[Value]) -> Value:
            f, address = a
            pair = [
                self.unbox(
                    i, i.create("rt.load_word", [address, f], [self.stored(t)], {"index": n}).result, t
                )
                for n in range(2)
            ]
            i.create("rt.store_word", [address, self.apply(i, f, pair)], [], {"index": 2})
            return i.create("osp.unit", [], [UNIT]).result

        symbol = self.l.function(f"compare<{compare.type}>", [compare.type, PTR], UNIT, adapter)
        callee = {"callee": SymbolRefAttr(symbol)}
        closure = b.create("osp.func_ref", [compare], [fn_of(UNIT, (PTR,))], callee).result
        return self.raw(b, "osp_list_sort", [xs, closure], result)

    def zip(self, b: Builder, args: list[Value], result: Type) -> Value:
        xs, ys, f = args
        return self.loop(
            b,
            "zip",
            xs,
            [ys, self.length(b, ys), f, self.empty(b, result)],
            result,
            lambda i, x, n, s, go_on: self.l.conditional(
                i,
                self.l.compare(i, "lt", n, s[1]),
                result,
                lambda j: go_on(
                    j, s[0], s[1], s[2], self.append(j, s[3], self.apply(j, s[2], [x, self.item(j, s[0], n)]))
                ),
                lambda j: s[3],
            ),
            lambda i, s: s[3],
        )

    # ---- rendering and equality

    def show(self, b: Builder, xs: Value) -> Value:
        """`[a, b]`: the parts are collected and joined, so that the time is linear."""
        strings = list_of(STRING)
        parts = self.loop(
            b,
            "show_items",
            xs,
            [self.empty(b, strings)],
            strings,
            lambda i, x, n, s, go_on: go_on(i, self.append(i, s[0], self.l.show(i, x, nested=True))),
            lambda i, s: s[0],
        )
        inside = self.raw(b, "osp_string_join", [parts, self.l.string(b, ", ")], STRING)
        return self.l.concat(b, [self.l.string(b, "["), inside, self.l.string(b, "]")])

    def equal(self, b: Builder, xs: Value, ys: Value) -> Value:
        """Equal lengths and equal elements."""
        return self.l.conditional(
            b,
            self.l.equal(b, self.length(b, xs), self.length(b, ys)),
            i1,
            lambda o: self.loop(
                o,
                "equal_items",
                xs,
                [ys],
                i1,
                lambda i, x, n, s, go_on: self.l.conditional(
                    i,
                    self.l.equal(i, x, self.item(i, s[0], n)),
                    i1,
                    lambda j: go_on(j, s[0]),
                    lambda j: self.l.boolean(j, False),
                ),
                lambda i, s: self.l.boolean(i, True),
            ),
            lambda o: self.l.boolean(o, False),
        )

    # ---- iterators

    def reference(self, b: Builder, symbol: str, captures: Sequence[Value], element: Type) -> Value:
        """An iterator: a step function and its state."""
        return b.create(
            "osp.func_ref", captures, [iterator_of(element)], {"callee": SymbolRefAttr(symbol)}
        ).result

    def more(self, b: Builder, value: Value, rest: Value) -> Value:
        t = step_of(value.type)
        return b.create("osp.construct", [value, rest], [t], {"variant": "More"}).result

    def end(self, b: Builder, element: Type) -> Value:
        return b.create("osp.construct", [], [step_of(element)], {"variant": "Done"}).result

    def take_step(
        self,
        b: Builder,
        it: Value,
        result: Type,
        more: Callable[[Builder, Value, Value], Value],
        done: Callable[[Builder], Value],
    ) -> Value:
        """Ask an iterator for its next element."""
        element = _yielded(it.type)
        step = self.apply(b, it, [])
        return self.l.match(
            b,
            step,
            result,
            [
                (("con", "More", ("bind",), ("bind",)), [element, it.type], lambda i, a: more(i, a[0], a[1])),
                (("con", "Done"), [], lambda i, a: done(i)),
            ],
        )

    def stepper(
        self,
        b: Builder,
        name: str,
        state: Sequence[Value],
        element: Type,
        body: Callable[[Builder, Sequence[Value], Callable[..., Value], Callable[..., Value]], Value],
    ) -> Value:
        """An iterator whose steps `body` makes from the state; it gets what makes the iterator for another
        state
        and what takes the step of another state."""
        symbol = f"{name}<{', '.join(str(v.type) for v in state)}, {element}>"
        step = step_of(element)

        def again(i: Builder, *new: Value) -> Value:
            return self.reference(i, symbol, new, element)

        def at_once(i: Builder, *new: Value) -> Value:
            return self.l.call(i, symbol, new, step)

        self.l.function(symbol, [v.type for v in state], step, lambda i, args: body(i, args, again, at_once))
        return self.reference(b, symbol, state, element)

    def range(self, b: Builder, args: list[Value], result: Type) -> Value:
        return self.stepper(
            b,
            "range",
            args,
            i64,
            lambda i, s, again, now: self.l.conditional(
                i,
                self.l.compare(i, "lt", s[0], s[1]),
                step_of(i64),
                lambda j: self.more(j, s[0], again(j, self.next(j, s[0]), s[1])),
                lambda j: self.end(j, i64),
            ),
        )

    def map_iterator(self, b: Builder, args: list[Value], result: Type) -> Value:
        element = _yielded(result)
        return self.stepper(
            b,
            "map_it",
            args,
            element,
            lambda i, s, again, now: self.take_step(
                i,
                s[0],
                step_of(element),
                lambda j, x, rest: self.more(j, self.apply(j, s[1], [x]), again(j, rest, s[1])),
                lambda j: self.end(j, element),
            ),
        )

    def filter_iterator(self, b: Builder, args: list[Value], result: Type) -> Value:
        element = _yielded(result)
        step = step_of(element)
        return self.stepper(
            b,
            "filter_it",
            args,
            element,
            lambda i, s, again, now: self.take_step(
                i,
                s[0],
                step,
                lambda j, x, rest: self.l.conditional(
                    j,
                    self.apply(j, s[1], [x]),
                    step,
                    lambda k: self.more(k, x, again(k, rest, s[1])),
                    lambda k: now(k, rest, s[1]),
                ),
                lambda j: self.end(j, element),
            ),
        )

    def take_iterator(self, b: Builder, args: list[Value], result: Type) -> Value:
        element = _yielded(result)
        return self.stepper(
            b,
            "take_it",
            args,
            element,
            lambda i, s, again, now: self.l.conditional(
                i,
                self.l.compare(i, "le", s[1], self.l.integer(i, 0)),
                step_of(element),
                lambda j: self.end(j, element),
                lambda j: self.take_step(
                    j,
                    s[0],
                    step_of(element),
                    lambda k, x, rest: self.more(
                        k, x, again(k, rest, k.create("arith.subi", [s[1], self.one(k)], [i64]).result)
                    ),
                    lambda k: self.end(k, element),
                ),
            ),
        )

    def run(
        self,
        b: Builder,
        name: str,
        it: Value,
        state: Sequence[Value],
        result: Type,
        body: Callable[[Builder, Value, Sequence[Value], Callable[..., Value]], Value],
        done: Callable[[Builder, Sequence[Value]], Value],
    ) -> Value:
        """Go through an iterator to its end."""
        types = [it.type, *(v.type for v in state)]
        symbol = f"{name}<{', '.join(map(str, types))}>"

        def function(i: Builder, args: Sequence[Value]) -> Value:
            def more(j: Builder, x: Value, rest: Value) -> Value:
                return body(j, x, args[1:], lambda k, *new: self.l.call(k, symbol, [rest, *new], result))

            return self.take_step(i, args[0], result, more, lambda j: done(j, args[1:]))

        self.l.function(symbol, types, result, function)
        return self.l.call(b, symbol, [it, *state], result)

    def fold_iterator(self, b: Builder, args: list[Value], result: Type) -> Value:
        it, init, f = args
        return self.run(
            b,
            "fold_it",
            it,
            [f, init],
            result,
            lambda i, x, s, go_on: go_on(i, s[0], self.apply(i, s[0], [s[1], x])),
            lambda i, s: s[1],
        )

    def for_each_iterator(self, b: Builder, args: list[Value], result: Type) -> Value:
        it, f = args

        def body(i: Builder, x: Value, s: Sequence[Value], go_on: Callable[..., Value]) -> Value:
            self.apply(i, s[0], [x])
            return go_on(i, s[0])

        return self.run(
            b, "for_each_it", it, [f], UNIT, body, lambda i, s: i.create("osp.unit", [], [UNIT]).result
        )

    def to_list(self, b: Builder, args: list[Value], result: Type) -> Value:
        (it,) = args
        if is_type(it.type, "osp.list"):
            return it
        return self.run(
            b,
            "to_list",
            it,
            [self.empty(b, result)],
            result,
            lambda i, x, s, go_on: go_on(i, self.append(i, s[0], x)),
            lambda i, s: s[0],
        )
