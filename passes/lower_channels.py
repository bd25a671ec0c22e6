"""Channels and select for the pass lower-builtins. What goes through a channel is a word, as in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ospjit.dialects.osp import PTR, UNIT
from ospjit.ir import Builder, DialectType, Operation, Region, Rewriter, Type, Value, i64

if TYPE_CHECKING:
    from ospjit.passes.lower_builtins import Lowering


def carried(t: Type) -> Type:
    """The type of what goes through a channel."""
    assert isinstance(t, DialectType) and isinstance(t.params[0], Type)
    return t.params[0]


class Channels:
    """The expansions, over the state of the pass."""

    def __init__(self, lowering: Lowering) -> None:
        self.l = lowering
        self.c = lowering.collections

    def make(self, b: Builder, args: list[Value], result: Type) -> Value:
        """A new channel."""
        return self.c.raw(b, "osp_channel_new", [args[0], self.c.counted(b, carried(result))], result)

    def send(self, b: Builder, args: list[Value], result: Type) -> Value:
        """Waits while the channel is full."""
        return self.l.runtime(b, "osp_channel_send", [args[0], self.c.box(b, args[1])], UNIT)

    def receive(self, b: Builder, args: list[Value], result: Type) -> Value:
        """Waits while the channel is empty."""
        word = self.c.raw(b, "osp_channel_receive", args, self.c.stored(result))
        return self.c.unbox(b, word, result)

    def try_receive(self, b: Builder, args: list[Value], result: Type) -> Value:
        """What is there, as a Result."""
        return self.c.fetch(b, "osp_channel_try_receive", args, carried(args[0].type), result)

    def select(self, rw: Rewriter, op: Operation) -> None:
        """The runtime picks the arm; a match on its number runs the body."""
        operands: list[Value] = []
        owned: list[bool] = []
        received: list[Type | None] = []
        rest = list(op.operands)
        for kind in op.attr("kinds"):
            received.append(None)
            if kind in ("recv", "send"):
                channel = rest.pop(0)
                operands.append(channel)
                owned.append(False)
                if kind == "recv":
                    received[-1] = carried(channel.type)
            if kind in ("send", "sleep"):
                operands.append(self.c.box(rw, rest.pop(0)))
                owned.append(kind == "send")
        attrs = {"kinds": op.attributes["kinds"], "owned": tuple(owned)}
        index, arms = rw.create("rt.select", operands, [i64, PTR], attrs).results
        regions = []
        for number, (region, t) in enumerate(zip(op.regions, received, strict=True)):
            block = region.entry
            if t is not None:
                # Taken also where the arm does not name it: it is owned now.
                inner = Builder.at_start(block, op.loc)
                word = inner.create("rt.take_word", [arms], [self.c.stored(t)], {"index": number}).result
                value = self.c.unbox(inner, word, t)
                if op.attr("binds")[number]:
                    block.args[0].replace_by(value)
                    block.erase_arg(0)
            moved = Region()
            region.move_blocks(moved)
            regions.append(moved)
        last = len(regions) - 1
        match: dict[str, object] = {
            "patterns": tuple(("wild",) if i == last else ("lit", i) for i in range(len(regions))),
            "guards": (False,) * len(regions),
        }
        new = rw.create("osp.match", [index], [r.type for r in op.results], match, regions)
        rw.replace(op, new.results)
