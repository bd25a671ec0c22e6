"""WebSocket handlers for the pass lower-builtins: of any shape, they become functions of the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of, is_type
from ospjit.ir import Builder, DialectType, SymbolRefAttr, Type, Value, i1
from ospjit.passes.lower_kit import MatchArm

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


class WebSockets:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def connect(self, b: Builder, args: list[Value], result: Type) -> Value:
        """A connection whose messages go to the handler."""
        url, handler = args
        symbol = self.l.function(f"message<{handler.type}>", [handler.type, PTR], UNIT, self._receive)
        callee = {"callee": SymbolRefAttr(symbol)}
        closure = b.create("osp.func_ref", [handler], [fn_of(UNIT, (PTR,))], callee).result
        return self.l.runtime(b, "osp_websocket_connect", [url, closure], result)

    def _receive(self, b: Builder, args: Sequence[Value]) -> Value:
        """Give a message to the handler; a failure closes the connection."""
        handler, message = args
        t = handler.type
        assert isinstance(t, DialectType)
        reply_type, wanted = t.params
        assert isinstance(reply_type, Type) and isinstance(wanted, Type)
        data = self.l.runtime(b, "osp_websocket_message_data", [message], STRING)
        if wanted is not STRING:
            data = self._message(b, message, data, wanted)
        reply = b.create("osp.call_closure", [handler, data], [reply_type]).result
        if not is_type(reply_type, "osp.result"):
            return b.create("osp.unit", [], [UNIT]).result
        fail = "osp_websocket_message_fail"
        arms: list[MatchArm] = [
            (("con", "Success", ("wild",)), [], lambda i, a: i.create("osp.unit", [], [UNIT]).result),
            (
                ("con", "Error", ("bind",)),
                [STRING],
                lambda i, a: self.l.runtime(i, fail, [message, a[0]], UNIT),
            ),
        ]
        return self.l.match(b, reply, UNIT, arms)

    def _message(self, b: Builder, message: Value, data: Value, t: Type) -> Value:
        """The message as the union that tells text from binary data."""

        def variant(name: str) -> object:
            return lambda i: i.create("osp.construct", [data], [t], {"variant": name}).result

        text = self.l.runtime(b, "osp_websocket_message_is_text", [message], i1)
        return self.l.conditional(b, text, t, variant("Text"), variant("Binary"))  # type: ignore[arg-type]
