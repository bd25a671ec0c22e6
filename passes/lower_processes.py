"""Child processes for the pass lower-builtins: the handler becomes a function of the address of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, STRING, UNIT, fn_of
from ospjit.ir import Builder, SymbolRefAttr, Type, Value, i64

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering

#: The words of an event: the process's id, the kind, and the text, which the runtime keeps alive.
EVENT = (i64, i64, STRING)


class Processes:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering

    def start(self, b: Builder, args: list[Value], result: Type) -> Value:
        """`spawnProcess(command, handler)`."""
        command, handler = args
        symbol = self.l.function(f"process<{handler.type}>", [handler.type, PTR], UNIT, self._handle)
        callee = {"callee": SymbolRefAttr(symbol)}
        closure = b.create("osp.func_ref", [handler], [fn_of(UNIT, (PTR,))], callee).result
        return self.l.runtime(b, "osp_spawn_process", [command, closure], result)

    def _handle(self, b: Builder, args: Sequence[Value]) -> Value:
        handler, event = args
        words = [
            b.create("rt.load_word", [event, handler], [t], {"index": n}).result for n, t in enumerate(EVENT)
        ]
        b.create("osp.call_closure", [handler, *words], [UNIT])
        return b.create("osp.unit", [], [UNIT]).result
