"""Which names a piece of syntax mentions freely, and groups of declarations that depend on each other.

The groups are the strongly connected components of the graph of mentions (Tarjan 1972), dependencies first:
what is inferred together and generalised together. Nothing here recurses on the Python stack.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from ospjit.plain import fields
from ospjit.syntax import ast

Key = TypeVar("Key", bound=Hashable)


_SLOTS: dict[type, tuple[str, ...]] = {}


def _slots(kind: type) -> tuple[str, ...]:
    known = _SLOTS.get(kind)
    if known is None:
        known = _SLOTS[kind] = tuple(f.name for f in fields(kind) if f.name != "span")
    return known


def free_names(root: ast.Node) -> frozenset[str]:
    """The variables and functions (methods too) that `root` mentions and does not bind itself."""
    found: set[str] = set()
    work: list[tuple[object, frozenset[str]]] = [(root, frozenset())]
    while work:
        node, bound = work.pop()
        if isinstance(node, (list, tuple)):
            work.extend((item, bound) for item in node)
        elif isinstance(node, ast.Name):
            if node.name not in bound:
                found.add(node.name)
        elif isinstance(node, (ast.FnDecl, ast.Lambda)):
            work.append((node.body, bound.union(p.name for p in node.params)))
        elif isinstance(node, ast.Block):
            _visit_block(node, bound, work)
        elif isinstance(node, ast.Arm):
            inner = bound.union(pattern_names(node.pattern))
            work.append((node.guard, inner))
            work.append((node.body, inner))
        elif isinstance(node, ast.SelectArm):
            work.append((node.args, bound))
            work.append((node.body, bound.union(pattern_names(node.binder)) if node.binder else bound))
        elif isinstance(node, ast.HandlerArm):
            work.append((node.body, bound.union(p.name for p in node.params)))
        elif isinstance(node, ast.Node):
            if isinstance(node, (ast.MethodCall, ast.TypeApplied, ast.Assign)) and node.name not in bound:
                found.add(node.name)
            work.extend((getattr(node, slot), bound) for slot in _slots(type(node)))
    return frozenset(found)


def _visit_block(block: ast.Block, bound: frozenset[str], work: list[tuple[object, frozenset[str]]]) -> None:
    """Functions are bound in the whole block, variables after their declaration."""
    bound = bound.union(s.name for s in block.statements if isinstance(s, ast.FnDecl))
    for statement in block.statements:
        work.append((statement, bound))
        if isinstance(statement, ast.Let):
            bound = bound | {statement.name}
    work.append((block.result, bound))


def pattern_names(pattern: ast.Pattern) -> set[str]:
    """The names that a pattern binds."""
    found: set[str] = set()
    work: list[object] = [pattern]
    while work:
        node = work.pop()
        if isinstance(node, list):
            work.extend(node)
        elif isinstance(node, ast.Node):
            if isinstance(node, (ast.PBind, ast.PAs, ast.PTyped)):
                found.add(node.name)
            work.extend(getattr(node, slot) for slot in _slots(type(node)))
    return found


def components(graph: Mapping[Key, Iterable[Key]]) -> list[list[Key]]:
    """The strongly connected components, each after those that it depends on; members in graph order."""
    order = {key: position for position, key in enumerate(graph)}
    index: dict[Key, int] = {}
    low: dict[Key, int] = {}
    on_stack: set[Key] = set()
    stack: list[Key] = []
    result: list[list[Key]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            key, successors = work[-1]
            for successor in successors:
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(graph[successor])))
                    break
                if successor in on_stack:
                    low[key] = min(low[key], index[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[key])
                if low[key] == index[key]:
                    group: list[Key] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member is key or member == key:
                            break
                    result.append(sorted(group, key=order.__getitem__))
    return result
