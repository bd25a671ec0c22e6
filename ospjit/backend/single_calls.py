"""Which functions are called at one place only, and become part of the function that does.

LLVM would inline them, too, but after it has optimized them alone: then a loop has been turned around before
it is known what goes through the loop that it stands in, and checks stay that need not. Nothing here may
decide what a program does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from ospjit.ir import Operation
from ospjit.passes.tail_graph import strong_components

#: How many operations a function may grow to.
_LARGE = 400


def called_once(functions: list[Operation], seldom: Container[str]) -> frozenset[str]:
    """The symbols of those functions of a lowered module. Those that call functions `seldom` are not
    optimized: nothing becomes part of them."""
    sizes: dict[str, int] = {}
    edges: dict[str, list[str]] = {}
    fixed: set[str] = set()
    for function in functions:
        symbol = function.attr("sym_name")
        calls = edges[symbol] = []
        size = 0
        for block in function.regions[0].blocks:
            for op in block.ops:
                size += 1
                if op.name == "func.call":
                    calls.append(op.attr("callee"))
                elif op.name == "rt.closure":
                    fixed.add(op.attr("callee"))
        sizes[symbol] = size
        if function.attr("exported") or function.attr("inlined") or not size:
            fixed.add(symbol)
    component = strong_components(edges)
    members = Counter(component.values())
    callers = Counter(callee for calls in edges.values() for callee in calls)
    found = set()
    for symbol in component:  # callees come first
        if symbol in seldom:
            continue
        for callee in edges[symbol]:
            alone = callers[callee] == 1 and members[component.get(callee, -1)] == 1 and callee not in fixed
            if alone and callee != symbol and sizes[symbol] + sizes[callee] <= _LARGE:
                found.add(callee)
                sizes[symbol] += sizes[callee]
    return frozenset(found)
