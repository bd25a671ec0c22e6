"""Names of top-level operations: look-up, insertion and fresh names in constant time.

A table is a snapshot taken when it is made. While it is in use, symbols are inserted and erased through it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ospjit.ir.core import Operation, body_of

SYMBOL_NAME = "sym_name"


class SymbolTable:
    """The symbols that the body of `module` defines by their `sym_name` attributes."""

    __slots__ = ("_counters", "_ops", "module")

    def __init__(self, module: Operation) -> None:
        self.module = module
        self._ops: dict[str, Operation] = {}
        self._counters: dict[str, int] = {}
        for op in body_of(module).ops:
            name = op.attr(SYMBOL_NAME)
            if name is not None:
                self._ops.setdefault(name, op)

    def __contains__(self, name: str) -> bool:
        return name in self._ops

    def __iter__(self) -> Iterator[Operation]:
        return iter(list(self._ops.values()))

    def lookup(self, name: str) -> Operation | None:
        """The operation that defines `name`, or None."""
        return self._ops.get(name)

    def unique(self, name: str) -> str:
        """`name` itself if it is free, else the first free one of `name_0`, `name_1`, …"""
        if name not in self._ops:
            return name
        number = self._counters.get(name, 0)
        while f"{name}_{number}" in self._ops:
            number += 1
        self._counters[name] = number + 1
        return f"{name}_{number}"

    def insert(self, op: Operation, before: Operation | None = None) -> str:
        """Add `op` to the module's body (before `before`, or at the end) unless it stands there already.

        It is renamed if its name is taken; returns the name that it has now.
        """
        wanted = op.attr(SYMBOL_NAME)
        name = self.unique(wanted)
        if name != wanted:
            op.set_attr(SYMBOL_NAME, name)
        if op.parent is None:
            body = body_of(self.module)
            if before is None:
                body.append(op)
            else:
                body.insert_before(op, before)
        self._ops[name] = op
        return name

    def erase(self, op: Operation) -> None:
        """Forget the symbol and erase the operation that defines it."""
        del self._ops[op.attr(SYMBOL_NAME)]
        op.erase()
