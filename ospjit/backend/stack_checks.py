"""Which functions compare the stack with its limit when they start.

A stack grows without bound only along a cycle of calls, and every cycle of calls goes through a function of
which this is said. Other functions are small and end in few more: what they need of the stack has room below
the limit, in what the runtime keeps for its own functions (`OSP_FIBER_RESERVE`). Nothing here may rely on
what LLVM inlines."""

from __future__ import annotations

from ospjit.builtins.table import RUNTIME
from ospjit.ir import Operation
from ospjit.passes.tail_graph import strong_components

#: How many operations and operands a function may come to, with those that it calls, that does not look: each
#: may need a word of the stack, or two.
_SMALL = 200


def functions_that_check(functions: list[Operation]) -> frozenset[str]:
    """The symbols of those functions of a lowered module that look at the stack."""
    edges: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    found: set[str] = set()
    for function in functions:
        symbol = function.attr("sym_name")
        calls = edges[symbol] = []
        sizes[symbol] = 0
        for block in function.regions[0].blocks:
            for op in block.ops:
                sizes[symbol] += 1 + len(op.operands)
                if op.name == "func.call":
                    calls.append(op.attr("callee"))
                elif _calls_anything(op):
                    found.add(symbol)
    component = strong_components(edges)
    members: dict[int, int] = {}
    for number in component.values():
        members[number] = members.get(number, 0) + 1
    for symbol, number in component.items():  # callees come first
        calls = edges[symbol]
        if members[number] > 1 or symbol in calls:
            found.add(symbol)
        if calls:
            sizes[symbol] += sum(sizes.get(callee, 0) for callee in calls if callee not in found)
            if sizes[symbol] > _SMALL:
                found.add(symbol)
    return frozenset(found)


def _calls_anything(op: Operation) -> bool:
    """Whether an operation may call any function of the program."""
    if op.name == "rt.call":
        return any(machine == "thunk" for _, machine in RUNTIME[op.attr("callee")].params)
    return op.name in ("rt.call_closure", "rt.call_extern")
