"""Fibers for the pass lower-builtins: starting them and waiting for their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of, result_of
from ospjit.ir import Builder, DialectType, SymbolRefAttr, Type, Value
from ospjit.passes.lower_kit import MatchArm

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


class Fibers:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def spawn(self, b: Builder, body: Value, result: Type) -> Value:
        """A fiber: its function is wrapped in one that leaves the value where the runtime keeps it."""
        wrapper = self.l.function(f"spawn<{body.type}>", [body.type, PTR], UNIT, self._run_and_store)
        closure = b.create(
            "osp.func_ref", [body], [fn_of(UNIT, (PTR,))], {"callee": SymbolRefAttr(wrapper)}
        ).result
        return b.create("osp.task", [closure], [result]).result

    def _run_and_store(self, b: Builder, args: Sequence[Value]) -> Value:
        body, address = args
        assert isinstance(body.type, DialectType) and isinstance(body.type.params[0], Type)
        value = b.create("osp.call_closure", [body], [body.type.params[0]]).result
        b.create("osp.store_words", [address, value])
        return b.create("osp.unit", [], [UNIT]).result

    def wait(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The value of a fiber, from where the runtime keeps it."""
        address = self.l.runtime(b, "osp_await", args, PTR)
        return b.create("osp.load_words", [address, args[0]], [result]).result

    def wait_result(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The same as a Result."""
        found = self.l.runtime(b, "osp_await_result", args, result_of(PTR, STRING))
        assert isinstance(result, DialectType) and isinstance(result.params[0], Type)
        value = result.params[0]

        def success(i: Builder, address: Value) -> Value:
            loaded = i.create("osp.load_words", [address, args[0]], [value]).result
            return i.create("osp.success", [loaded], [result]).result

        arms: list[MatchArm] = [
            (("con", "Success", ("bind",)), [PTR], lambda i, a: success(i, a[0])),
            (
                ("con", "Error", ("bind",)),
                [STRING],
                lambda i, a: i.create("osp.error", [a[0]], [result]).result,
            ),
        ]
        return self.l.match(b, found, result, arms)
