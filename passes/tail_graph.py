"""Which functions tail calls can lead to and fro: the calls among them must not grow the stack.

A tail call between functions that cannot come back to each other by tail calls is a convenience: without it a
chain of such calls needs a bounded number of frames. One inside a cycle is a loop, and has to stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ospjit.ir import Operation

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


def strong_components(edges: dict[str, list[str]]) -> dict[str, int]:
    """Strongly connected components (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    open_nodes: list[str] = []
    for root in edges:
        if root in index:
            continue
        stack = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        open_nodes.append(root)
        while stack:
            node, targets = stack[-1]
            for target in targets:
                if target not in edges:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    open_nodes.append(target)
                    stack.append((target, iter(edges[target])))
                    break
                if target not in component:
                    low[node] = min(low[node], index[target])
            else:
                stack.pop()
                if stack:
                    parent = stack[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    while node not in component:
                        component[open_nodes.pop()] = index[node]
    return component
