"""HTTP handlers for the pass lower-builtins: of any shape, they become functions of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of, is_type
from ospjit.ir import Builder, DialectType, SymbolRefAttr, Type, Value, i64
from ospjit.passes.lower_kit import MatchArm

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


class Handlers:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def http_listen(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The handler, whatever its shape, becomes a function of the request that replies."""
        server, handler = args
        adapter = self.l.function(
            f"http<{handler.type}>",
            [handler.type, PTR],
            UNIT,
            lambda inner, a: self._serve(inner, a[0], a[1]),
        )
        closure = b.create(
            "osp.func_ref", [handler], [fn_of(UNIT, (PTR,))], {"callee": SymbolRefAttr(adapter)}
        ).result
        return self.l.runtime(b, "osp_http_listen", [server, closure], result)

    def _serve(self, b: Builder, handler: Value, request: Value) -> Value:
        t = handler.type
        assert isinstance(t, DialectType)
        result, params = t.params[0], t.params[1:]
        assert isinstance(result, Type)

        def part(name: str) -> Value:
            return self.l.runtime(b, f"osp_http_request_{name}", [request], STRING)

        if len(params) == 4:
            args = [part("method"), part("target"), part("headers"), part("body")]
        else:
            index = self.l.runtime(b, "osp_http_request_method_index", [request], i64)
            (record,) = params
            assert isinstance(record, Type)
            method = b.create("osp.from_tag", [index], [self.l.datas.field_type(record, "method")]).result
            fields = [method, part("path"), part("headers"), part("body"), part("query")]
            args = [
                b.create(
                    "osp.construct", fields, [record], {"variant": self.l.datas.variants(record)[0]}
                ).result
            ]
        reply = b.create("osp.call_closure", [handler, *args], [result]).result
        return self._reply(b, request, reply)

    def _reply(self, b: Builder, request: Value, reply: Value) -> Value:
        t = reply.type
        if is_type(t, "osp.result"):
            arms: list[MatchArm] = [
                (("con", "Success", ("bind",)), [t.params[0]], lambda i, a: self._reply(i, request, a[0])),  # type: ignore[attr-defined]
                (("con", "Error", ("bind",)), [STRING], lambda i, a: self._fail(i, request, a[0])),
            ]
            return self.l.match(b, reply, UNIT, arms)
        if t is STRING:
            return self.l.runtime(b, "osp_http_respond_text", [request, reply], UNIT)
        return self.l.runtime(b, "osp_http_respond", [request, *self.l.fields(b, reply)], UNIT)

    def _fail(self, b: Builder, request: Value, message: Value) -> Value:
        return self.l.runtime(b, "osp_http_respond_error", [request, message], UNIT)
