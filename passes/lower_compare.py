"""Equality and order for the pass lower-builtins: structural, a function for each type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, is_type
from ospjit.ir import Builder, Type, Value, f64, i1, i64
from ospjit.passes.lower_kit import MatchArm, boolean
from ospjit.passes.not_supported import NotSupported

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


class Comparisons:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def equal(self, b: Builder, x: Value, y: Value) -> Value:
        """Whether two values are equal, structurally."""
        x, y = _same_number(b, x, y)
        t = x.type
        if t is i64 or t is i1:
            return b.create("arith.cmpi", [x, y], [i1], {"predicate": 0}).result
        if t is f64:
            return b.create("arith.cmpf", [x, y], [i1], {"predicate": 1}).result
        if t is STRING:
            return self.l.runtime(b, "osp_string_equal", [x, y], i1)
        if t is PTR:
            return b.create("rt.same_address", [x, y], [i1]).result
        if t is UNIT:
            return b.create("arith.constant", [], [i1], {"value": True}).result
        if self.l.datas.is_enumeration(t):
            tags = [b.create("osp.variant_tag", [v], [i64]).result for v in (x, y)]
            return b.create("arith.cmpi", tags, [i1], {"predicate": 0}).result
        if is_type(t, "osp.list"):
            return self.l.collections.equal(b, x, y)
        if is_type(t, "osp.map"):
            return self.l.maps.equal(b, x, y)
        for name, identify in (("osp.fiber", "osp_fiber_id"), ("osp.channel", "osp_channel_id")):
            if is_type(t, name):
                return self.equal(b, *(self.l.runtime(b, identify, [v], i64) for v in (x, y)))
        if not any(is_type(t, n) for n in ("osp.result", "osp.data", "osp.rec")):
            raise NotSupported(f"comparing values of type {t} is not supported yet", b.loc)
        symbol = self.l.function(
            f"equal<{t}>", [t, t], i1, lambda inner, args: self._equal_data(inner, *args)
        )
        return self.l.call(b, symbol, [x, y], i1)

    def _equal_data(self, b: Builder, x: Value, y: Value) -> Value:
        t = x.type
        if is_type(t, "osp.result"):
            cases = list(zip(("Success", "Error"), ([p] for p in t.params), strict=True))  # type: ignore[attr-defined]
        else:
            cases = [(v, self.l.datas.field_types(t, v)) for v in self.l.datas.variants(t)]

        def outer(variant: str, types: Sequence[Type]) -> Callable[[Builder, Sequence[Value]], Value]:
            def body(inner: Builder, xs: Sequence[Value]) -> Value:
                pattern_ = ("con", variant, *(("bind",) for _ in types))
                arms: list[MatchArm] = [(pattern_, types, lambda i, ys: self._all_equal(i, xs, ys))]
                if len(cases) > 1:
                    arms.append((("wild",), [], lambda i, _: boolean(i, False)))
                return self.l.match(inner, y, i1, arms)

            return body

        arms: list[MatchArm] = [
            (("con", v, *(("bind",) for _ in types)), types, outer(v, types)) for v, types in cases
        ]
        return self.l.match(b, x, i1, arms)

    def _all_equal(self, b: Builder, xs: Sequence[Value], ys: Sequence[Value]) -> Value:
        if not xs:
            return boolean(b, True)
        first = self.equal(b, xs[0], ys[0])
        if len(xs) == 1:
            return first
        return self.l.conditional(
            b, first, i1, lambda i: self._all_equal(i, xs[1:], ys[1:]), lambda i: boolean(i, False)
        )

    def compare(self, b: Builder, op: str, x: Value, y: Value) -> Value:
        """An ordering comparison of numbers or strings."""
        x, y = _same_number(b, x, y)
        if x.type is STRING:
            x = self.l.runtime(b, "osp_string_compare", [x, y], i64)
            y = self.l.integer(b, 0)
        if x.type is f64:
            return b.create("arith.cmpf", [x, y], [i1], {"predicate": _ORDERED[op]}).result
        if x.type is not i64:
            raise NotSupported(f"ordering values of type {x.type} is not supported", b.loc)
        return b.create("arith.cmpi", [x, y], [i1], {"predicate": _SIGNED[op]}).result


def _same_number(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """An int beside a float is promoted."""
    if x.type is i64 and y.type is f64:
        return b.create("arith.sitofp", [x], [f64]).result, y
    if x.type is f64 and y.type is i64:
        return x, b.create("arith.sitofp", [y], [f64]).result
    return x, y


_SIGNED = {"lt": 2, "le": 3, "gt": 4, "ge": 5}
_ORDERED = {"gt": 2, "ge": 3, "lt": 4, "le": 5}
