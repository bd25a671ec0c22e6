"""Tests in the language for the pass lower-builtins: cases and assertions become calls of the runtime, which
counts and reports.

Values are compared by their rendering, which only the compiler knows how to make; the runtime sees two
texts, the label and the place in the source. A `Success` counts as its payload, so that arithmetic and other
fallible calls can stand in an assertion as they are.

    osp.builtin {name = "expect"} (%a : i64, %e : i64)
->  rt.call @osp_test_compare("expect", "sums.osp:3:5", show(%e), show(%a))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import STRING, UNIT, is_type
from ospjit.ir import Builder, DialectType, Type, Value, i1

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering
    from ospjit.passes.lower_kit import MatchArm


class Testing:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def case(self, b: Builder, args: list[Value]) -> Value:
        """`test(name, body)`: the runtime may say that the case is not wanted."""
        name, body = args

        def run(i: Builder) -> Value:
            i.create("osp.call_closure", [body], [UNIT])
            return self.l.runtime(i, "osp_test_end", [], UNIT)

        wanted = self.l.runtime(b, "osp_test_begin", [name], i1)
        return self.l.conditional(b, wanted, UNIT, run, lambda i: i.create("osp.unit", [], [UNIT]).result)

    def same(self, b: Builder, label: Value, expected: Value, actual: Value) -> Value:
        """Two values, compared by their rendering."""
        texts = [self.rendering(b, expected), self.rendering(b, actual)]
        return self.l.runtime(b, "osp_test_compare", [label, self.place(b), *texts], UNIT)

    def holds(self, b: Builder, label: Value, wanted: bool, value: Value) -> Value:
        """A bool, or a Result of one."""
        expected = self.l.string(b, "true" if wanted else "false")
        texts = [expected, self.rendering(b, value)]
        return self.l.runtime(b, "osp_test_compare", [label, self.place(b), *texts], UNIT)

    def all(self, b: Builder, label: Value, values: Value) -> Value:
        """A list of bools."""
        return self.l.runtime(b, "osp_test_all", [label, self.place(b), values], UNIT)

    def place(self, b: Builder) -> Value:
        """Where the assertion stands."""
        here = self.l.here
        return self.l.string(b, f"{here.file}:{here.line}:{here.column}")

    def rendering(self, b: Builder, value: Value) -> Value:
        """What `print` shows, but only the payload of a `Success`."""
        t = value.type
        if not is_type(t, "osp.result"):
            return self.l.show(b, value, nested=False)
        symbol = self.l.function(f"show_payload<{t}>", [t], STRING, lambda i, args: self._opened(i, args[0]))
        return self.l.call(b, symbol, [value], STRING)

    def _opened(self, b: Builder, value: Value) -> Value:
        t = value.type
        assert isinstance(t, DialectType)
        success, error = t.params
        assert isinstance(success, Type) and isinstance(error, Type)

        def failure(i: Builder, args: Sequence[Value]) -> Value:
            message = self.l.show(i, args[0], nested=False)
            return self.l.concat(i, [self.l.string(i, "Error("), message, self.l.string(i, ")")])

        def payload(i: Builder, args: Sequence[Value]) -> Value:
            return self.l.show(i, args[0], nested=False)

        arms: list[MatchArm] = [
            (("con", "Success", ("bind",)), [success], payload),
            (("con", "Error", ("bind",)), [error], failure),
        ]
        return self.l.match(b, value, STRING, arms)
