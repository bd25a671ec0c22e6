"""Which functions compare the stack with its limit when they start.

A stack grows without bound only along a cycle of calls, and every cycle of calls goes through a function of
which this is said. Other functions are small and end in few more: what they need of the stack has room below
the limit, in what the runtime keeps for its own functions (`OSP_FIBER_RESERVE`). Nothing here may rely on
what LLVM inlines.
"""

from __future__ import annotations

from ospjit.backend.call_graph import CallGraph

#: How many operations and operands a function may come to, with those that it calls, that does not look: each
#: may need a word of the stack, or two.
_SMALL = 200


def functions_that_check(graph: CallGraph) -> frozenset[str]:
    """The symbols of those functions that look at the stack."""
    found = graph.cyclic | graph.anything
    sizes: dict[str, int] = {}
    for symbol in graph.bottom_up:
        calls = graph.calls[symbol]
        size = graph.operations[symbol] + graph.operands[symbol]
        size += sum(sizes.get(callee, 0) for callee in calls if callee not in found)
        sizes[symbol] = size
        if calls and size > _SMALL:
            found.add(symbol)
    return frozenset(found)
