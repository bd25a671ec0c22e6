"""Which functions tail calls can lead to and fro: the calls among them must not grow the stack.

A tail call between functions that cannot come back to each other by tail calls is a convenience: without it a
chain of such calls needs a bounded number of frames. One inside a cycle is a loop, and has to stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ospjit.ir import Operation
from ospjit.ir.components import strong_components

#: The node that stands for every function value: where calls of one lead, and what leads to every adapter.
_ANY_CLOSURE = ""


def tail_components(functions: Sequence[Operation]) -> dict[str, int]:
    """For each function, by symbol, the number of its strongly connected component among the tail calls."""
    return strong_components(_edges(functions))


def direct_functions(functions: Sequence[Operation]) -> list[Operation]:
    """The functions that are called by name only, and that tail calls of others cannot lead back to."""
    edges = _edges(functions)
    component = strong_components(edges)
    sizes = Counter(component.values())
    values = set(edges[_ANY_CLOSURE])
    direct = []
    for function in functions:
        symbol = function.attr("sym_name")
        if symbol not in values and sizes[component[symbol]] == 1:
            direct.append(function)
    return direct


def _edges(functions: Sequence[Operation]) -> dict[str, list[str]]:
    edges: dict[str, list[str]] = {_ANY_CLOSURE: []}
    for function in functions:
        targets = edges.setdefault(function.attr("sym_name"), [])
        for block in function.regions[0].blocks:
            for op in block.ops:
                if op.name == "rt.closure":
                    edges[_ANY_CLOSURE].append(op.attr("callee"))
                elif op.attr("tail"):
                    targets.append(op.attr("callee") if op.name == "func.call" else _ANY_CLOSURE)
    return edges
