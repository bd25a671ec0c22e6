"""Strongly connected components of a graph that is given by names: of what calls what, for example."""

from __future__ import annotations


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
