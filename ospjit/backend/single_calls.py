"""Which functions are called at one place only, and become part of the function that does.

LLVM would inline them, too, but after it has optimized them alone: then a loop has been turned around before
it is known what goes through the loop that it stands in, and checks stay that need not. Nothing here may
decide what a program does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from ospjit.backend.call_graph import CallGraph

#: How many operations a function may grow to.
_LARGE = 400


def called_once(graph: CallGraph, seldom: Container[str], fixed: Container[str]) -> frozenset[str]:
    """The symbols of those functions, none of which is `fixed`. Those that call functions `seldom` are not
    optimized: nothing becomes part of them."""
    sizes = dict(graph.operations)
    callers = Counter(callee for calls in graph.calls.values() for callee in calls)
    found = set()
    for symbol in graph.bottom_up:
        if symbol in seldom:
            continue
        for callee in graph.calls[symbol]:
            if callers[callee] > 1 or callee in fixed or callee in graph.values or callee in graph.cyclic:
                continue
            if sizes.get(callee) and sizes[symbol] + sizes[callee] <= _LARGE:
                found.add(callee)
                sizes[symbol] += sizes[callee]
    return frozenset(found)
