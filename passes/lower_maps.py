"""Maps for the pass lower-builtins: literals, look-ups, rendering and equality. Values are words, as in
lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import STRING, result_of
from ospjit.ir import Builder, DialectType, Type, Value, i1, i64
from ospjit.passes.lower_collections import list_of

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering
    from ospjit.passes.lower_kit import MatchArm


def key_and_value(t: Type) -> tuple[Type, Type]:
    """The types of a map's keys and values."""
    assert isinstance(t, DialectType)
    key, value = t.params
    assert isinstance(key, Type) and isinstance(value, Type)
    return key, value


class Maps:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering
        self.c = lowering.collections

    def empty(self, b: Builder, t: Type) -> Value:
        """An empty map."""
        key, value = key_and_value(t)
        flags = [self.l.boolean(b, key is STRING), self.c.counted(b, value)]
        return self.c.raw(b, "osp_map_empty", flags, t)

    def literal(self, b: Builder, operands: Sequence[Value], t: Type) -> Value:
        """A map of these keys and values, the later ones winning."""
        result = self.empty(b, t)
        for key, value in zip(operands[::2], operands[1::2], strict=True):
            result = self.c.raw(b, "osp_map_set", [result, key, self.c.box(b, value)], t)
        return result

    def get(self, b: Builder, m: Value, key: Value, result: Type) -> Value:
        """The value at a key as a Result; the runtime has the message."""
        return self.c.fetch(b, "osp_map_get", [m, key], key_and_value(m.type)[1], result)

    def keys(self, b: Builder, m: Value) -> Value:
        """The keys as a list."""
        t = key_and_value(m.type)[0]
        return self.c.raw(b, "osp_map_keys", [m, self.c.elements(b, t)], list_of(t))

    def values(self, b: Builder, m: Value) -> Value:
        """The values as a list."""
        t = key_and_value(m.type)[1]
        return self.c.raw(b, "osp_map_values", [m, self.c.elements(b, t)], list_of(t))

    def entries(self, b: Builder, args: list[Value], result: Type) -> Value:
        """A function of each key and its value."""
        m, f = args
        return self.c.zip(b, [self.keys(b, m), self.values(b, m), f], result)

    def show(self, b: Builder, m: Value) -> Value:
        """`{"a": 1}`."""
        strings = list_of(STRING)
        values = self.values(b, m)

        def entry(i: Builder, key: Value, n: Value, s: Sequence[Value], go_on: Callable[..., Value]) -> Value:
            value = self.c.item(i, s[0], n)
            parts = [
                self.l.show(i, key, nested=True),
                self.l.string(i, ": "),
                self.l.show(i, value, nested=True),
            ]
            return go_on(i, s[0], self.c.append(i, s[1], self.l.concat(i, parts)))

        parts = self.c.loop(
            b,
            "show_entries",
            self.keys(b, m),
            [values, self.c.empty(b, strings)],
            strings,
            entry,
            lambda i, s: s[1],
        )
        inside = self.c.raw(b, "osp_string_join", [parts, self.l.string(b, ", ")], STRING)
        return self.l.concat(b, [self.l.string(b, "{"), inside, self.l.string(b, "}")])

    def equal(self, b: Builder, x: Value, y: Value) -> Value:
        """Equal lengths, and every key of one in the other with an equal value."""
        lengths = [self.l.runtime(b, "osp_map_length", [m], i64) for m in (x, y)]

        def same(i: Builder, key: Value, n: Value, s: Sequence[Value], go_on: Callable[..., Value]) -> Value:
            return self.l.conditional(
                i,
                self._same_value(i, s[0], key, self.c.item(i, s[1], n)),
                i1,
                lambda j: go_on(j, s[0], s[1]),
                lambda j: self.l.boolean(j, False),
            )

        return self.l.conditional(
            b,
            self.l.equal(b, *lengths),
            i1,
            lambda i: self.c.loop(
                i,
                "equal_entries",
                self.keys(i, x),
                [y, self.values(i, x)],
                i1,
                same,
                lambda j, s: self.l.boolean(j, True),
            ),
            lambda i: self.l.boolean(i, False),
        )

    def _same_value(self, b: Builder, m: Value, key: Value, value: Value) -> Value:
        found = self.get(b, m, key, result_of(value.type, STRING))
        arms: list[MatchArm] = [
            (("con", "Success", ("bind",)), [value.type], lambda i, a: self.l.equal(i, a[0], value)),
            (("con", "Error", ("wild",)), [], lambda i, a: self.l.boolean(i, False)),
        ]
        return self.l.match(b, found, i1, arms)
