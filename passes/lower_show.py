"""Renderings for the pass lower-builtins: what `print`, `toString` and interpolation show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import ANY, PTR, STRING, UNIT, is_type
from ospjit.ir import Builder, DialectType, Location, Type, Value, f64, i1, i64
from ospjit.passes.any_types import erased_types
from ospjit.passes.lower_kit import MatchArm
from ospjit.passes.not_supported import NotSupported

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


class Renderings:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def show(self, b: Builder, value: Value, *, nested: bool) -> Value:
        """The rendering of a value; strings are quoted when `nested` in something."""
        t = value.type
        if t is STRING:
            return self.l.runtime(b, "osp_string_quote", [value], STRING) if nested else value
        for scalar, symbol in (
            (i64, "osp_int_to_string"),
            (f64, "osp_float_to_string"),
            (i1, "osp_bool_to_string"),
        ):
            if t is scalar:
                return self.l.runtime(b, symbol, [value], STRING)
        if t is UNIT:
            return self.l.string(b, "()")
        if is_type(t, "osp.result") or t is ANY:
            # Only these pass on whether they stand in something.
            name = f"show_nested<{t}>" if nested else f"show<{t}>"
            show = self._show_any if t is ANY else self._show_result
            symbol = self.l.function(name, [t], STRING, lambda i, args: show(i, args[0], nested))
            return self.l.call(b, symbol, [value], STRING)
        body = self._show_body(t, b.loc)
        return self.l.call(b, self.l.function(f"show<{t}>", [t], STRING, body), [value], STRING)

    def _show_body(self, t: Type, loc: Location) -> Callable[[Builder, Sequence[Value]], Value]:
        if is_type(t, "osp.list"):
            return lambda b, args: self.l.collections.show(b, args[0])
        if is_type(t, "osp.map"):
            return lambda b, args: self.l.maps.show(b, args[0])
        if is_type(t, "osp.fiber"):
            return lambda b, args: self._show_handle(b, "Fiber", "osp_fiber_id", args[0])
        if is_type(t, "osp.channel"):
            return lambda b, args: self._show_handle(b, "Channel", "osp_channel_id", args[0])
        if is_type(t, "osp.data") or is_type(t, "osp.rec"):
            return lambda b, args: self._show_data(b, args[0])
        raise NotSupported(f"rendering a value of type {t} is not supported yet", loc)

    def _show_any(self, b: Builder, value: Value, nested: bool) -> Value:
        """By the run-time type; functions are not printable and show as what they are."""

        def arm(t: Type) -> Callable[[Builder, Sequence[Value]], Value]:
            if is_type(t, "osp.fn") or t is PTR:
                return lambda i, args: self.l.string(i, "<function>")
            return lambda i, args: self.show(i, args[0], nested=nested)

        arms: list[MatchArm] = [
            (("type", t, ("bind",)), [t], arm(t)) for t in erased_types(self.l.module, self.l.datas)
        ]
        unknown: MatchArm = (("wild",), [], lambda i, args: self.l.string(i, "any"))
        return self.l.match(b, value, STRING, [*arms, unknown])

    def _show_handle(self, b: Builder, name: str, identify: str, value: Value) -> Value:
        """A fiber or channel, by its id."""
        number = self.show(b, self.l.runtime(b, identify, [value], i64), nested=False)
        return self.l.concat(b, [self.l.string(b, name + "("), number, self.l.string(b, ")")])

    def _show_result(self, b: Builder, value: Value, nested: bool) -> Value:
        t = value.type
        assert isinstance(t, DialectType)

        def arm(name: str) -> Callable[[Builder, Sequence[Value]], Value]:
            return lambda inner, args: self.l.concat(
                inner,
                [
                    self.l.string(inner, name + "("),
                    self.show(inner, args[0], nested=nested),
                    self.l.string(inner, ")"),
                ],
            )

        arms: list[MatchArm] = [
            (("con", name, ("bind",)), [t.params[which]], arm(name))
            for which, name in enumerate(("Success", "Error"))
        ]
        return self.l.match(b, value, STRING, arms)

    def _show_data(self, b: Builder, value: Value) -> Value:
        t = value.type
        arms: list[MatchArm] = []
        for index, variant in enumerate(self.l.datas.variants(t)):
            types = self.l.datas.field_types(t, variant)
            pattern_ = ("con", variant, *(("bind",) for _ in types))
            arms.append((pattern_, types, self._show_variant(t, index, variant)))
        return self.l.match(b, value, STRING, arms)

    def _show_variant(self, t: Type, index: int, variant: str) -> Callable[[Builder, Sequence[Value]], Value]:
        names = self.l.datas.field_names(t, variant)
        positional = is_type(t, "osp.data") and self.l.datas.declaration(t).attr("positional")[index]

        def body(b: Builder, fields: Sequence[Value]) -> Value:
            if not fields:
                return self.l.string(b, variant)
            opening, closing = ("(", ")") if positional else (" { " if variant else "{ ", " }")
            parts = [self.l.string(b, variant + opening)]
            for number, (name, field) in enumerate(zip(names, fields, strict=True)):
                separator = ", " if number else ""
                parts.append(self.l.string(b, separator if positional else f"{separator}{name}: "))
                parts.append(self.show(b, field, nested=True))
            return self.l.concat(b, [*parts, self.l.string(b, closing)])

        return body
