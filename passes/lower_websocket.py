"""WebSocket handlers for the pass lower-builtins: of any shape, they become functions of one event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of, is_type
from ospjit.ir import Builder, DialectType, SymbolRefAttr, Type, Value, i1, i64
from ospjit.passes.lower_kit import MatchArm

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering

#: The arguments of a handler: from an event, and the types that the handler wants.
Arguments = Callable[[Builder, Value, Sequence[Type]], list[Value]]


class WebSockets:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def connect(self, b: Builder, args: list[Value], result: Type) -> Value:
        """A connection whose messages go to the handler."""
        url, handler = args
        closure = self._adapted(b, handler, "message", self._message)
        return self.l.runtime(b, "osp_websocket_connect", [url, closure], result)

    def connect_with(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The same with options, which are handed on as their fields."""
        url, options, handler = args
        closure = self._adapted(b, handler, "message", self._message)
        operands = [url, *self.l.fields(b, options), closure]
        return self.l.runtime(b, "osp_websocket_connect_with", operands, result)

    def on_open(self, b: Builder, args: list[Value], result: Type) -> Value:
        """What decides about a connection, from its id and its request."""
        return self._register(b, "osp_websocket_on_open", args, "open", self._opening, result)

    def on_message(self, b: Builder, args: list[Value], result: Type) -> Value:
        """What gets the messages of a server's connections, with their ids."""

        def arguments(b: Builder, event: Value, wanted: Sequence[Type]) -> list[Value]:
            return [self._part(b, event, "connection", i64), *self._message(b, event, wanted[1:])]

        return self._register(b, "osp_websocket_on_message", args, "messages", arguments, result)

    def on_close(self, b: Builder, args: list[Value], result: Type) -> Value:
        """What is told of the end: id, code and reason."""

        def arguments(b: Builder, event: Value, wanted: Sequence[Type]) -> list[Value]:
            code = self._part(b, event, "code", i64)
            return [self._part(b, event, "connection", i64), code, self._part(b, event, "data", STRING)]

        return self._register(b, "osp_websocket_on_close", args, "close", arguments, result)

    # ---- adapting a handler

    def _register(
        self, b: Builder, symbol: str, args: list[Value], kind: str, arguments: Arguments, result: Type
    ) -> Value:
        server, handler = args
        return self.l.runtime(b, symbol, [server, self._adapted(b, handler, kind, arguments)], result)

    def _adapted(self, b: Builder, handler: Value, kind: str, arguments: Arguments) -> Value:
        """A closure (event) -> Unit that calls the handler; an `Error` from it is told to the runtime."""
        name = f"{kind}<{handler.type}>"
        symbol = self.l.function(
            name, [handler.type, PTR], UNIT, lambda inner, a: self._call(inner, a[0], a[1], arguments)
        )
        callee = {"callee": SymbolRefAttr(symbol)}
        return b.create("osp.func_ref", [handler], [fn_of(UNIT, (PTR,))], callee).result

    def _call(self, b: Builder, handler: Value, event: Value, arguments: Arguments) -> Value:
        t = handler.type
        assert isinstance(t, DialectType)
        reply_type, *wanted = (p for p in t.params if isinstance(p, Type))
        operands = [handler, *arguments(b, event, wanted)]
        reply = b.create("osp.call_closure", operands, [reply_type]).result
        if not is_type(reply_type, "osp.result"):
            return b.create("osp.unit", [], [UNIT]).result
        fail = "osp_websocket_event_fail"
        arms: list[MatchArm] = [
            (("con", "Success", ("wild",)), [], lambda i, a: i.create("osp.unit", [], [UNIT]).result),
            (
                ("con", "Error", ("bind",)),
                [STRING],
                lambda i, a: self.l.runtime(i, fail, [event, a[0]], UNIT),
            ),
        ]
        return self.l.match(b, reply, UNIT, arms)

    # ---- the parts of an event

    def _part(self, b: Builder, event: Value, name: str, t: Type) -> Value:
        return self.l.runtime(b, f"osp_websocket_event_{name}", [event], t)

    def _message(self, b: Builder, event: Value, wanted: Sequence[Type]) -> list[Value]:
        """The message: its bytes, or the union that tells text from binary data."""
        (t,) = wanted
        data = self._part(b, event, "data", STRING)
        if t is STRING:
            return [data]

        def variant(name: str) -> object:
            return lambda i: i.create("osp.construct", [data], [t], {"variant": name}).result

        text = self._part(b, event, "is_text", i1)
        return [self.l.conditional(b, text, t, variant("Text"), variant("Binary"))]  # type: ignore[arg-type]

    def _opening(self, b: Builder, event: Value, wanted: Sequence[Type]) -> list[Value]:
        """The id and the request of a connection that is not open yet: a GET without a body."""
        _, record = wanted
        method = self.l.integer(b, 0)
        fields = [
            b.create("osp.from_tag", [method], [self.l.datas.field_type(record, "method")]).result,
            self._part(b, event, "path", STRING),
            self._part(b, event, "headers", STRING),
            self.l.string(b, ""),
            self._part(b, event, "query", STRING),
        ]
        variant = {"variant": self.l.datas.variants(record)[0]}
        request = b.create("osp.construct", fields, [record], variant).result
        return [self._part(b, event, "connection", i64), request]
