"""The table of operations: what each name means to the verifier and to passes that know no dialect.

Dialects register their operations here when they are imported. Nothing here may know a dialect by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ospjit.ir.core import Operation
    from ospjit.ir.symbol_table import SymbolTable


class VerifyError(Exception):
    """An operation, `op`, breaks a rule. The message says which, in a sentence without a period."""

    def __init__(self, message: str, op: Operation | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.op = op


@dataclass(frozen=True)
class OpDef:
    """The definition of one operation name.

    `verify` raises `VerifyError` for an operation that breaks the rules of its name; the structural rules
    (dominance, branch arguments, terminators) need not be repeated there.
    `pure` operations have no effect but their results: unused ones may be erased and equal ones shared.
    `isolated` operations do not let their regions see values from outside.
    `graph` operations have regions whose operations stand in no order (a module), so need no terminator.
    `successor_operands` gives, for each successor, the range of operand indices that it receives;
    `resize_successor(op, i, growth)` is told when those of successor `i` have become more or fewer.
    `symbol` operations define the symbol named by their `sym_name` attribute, and `verify_symbols(op,
    table)` checks what an operation refers to by name.
    """

    name: str
    summary: str
    verify: Callable[[Operation], None] | None = None
    terminator: bool = False
    pure: bool = False
    isolated: bool = False
    graph: bool = False
    symbol: bool = False
    verify_symbols: Callable[[Operation, SymbolTable], None] | None = None
    successor_operands: Callable[[Operation], list[range]] | None = None
    resize_successor: Callable[[Operation, int, int], None] | None = None


@dataclass
class Dialect:
    """A family of operations and of the types spelled `!name.…`.

    `canonical` names a module whose `PATTERNS` simplify operations of this dialect; the canonicalizer
    imports it when it runs.
    """

    name: str
    ops: Iterable[OpDef]
    summary: str
    canonical: str | None = None


_dialects: dict[str, Dialect] = {}
_definitions: dict[str, OpDef] = {}

definition = _definitions.get
"""The registered definition of an operation name, or None."""


def register(dialect: Dialect) -> Dialect:
    """Enter `dialect` and its operations. Registering one name twice is an error."""
    if dialect.name in _dialects:
        raise ValueError(f"dialect {dialect.name} is registered already")
    for op in dialect.ops:
        if op.name.partition(".")[0] != dialect.name:
            raise ValueError(f"operation {op.name} does not belong to dialect {dialect.name}")
        if op.name in _definitions:
            raise ValueError(f"operation {op.name} is registered already")
        _definitions[op.name] = op
    _dialects[dialect.name] = dialect
    return dialect


def dialects() -> list[Dialect]:
    """The registered dialects, by name."""
    return [_dialects[name] for name in sorted(_dialects)]


def definitions() -> list[OpDef]:
    """The registered operations, by name."""
    return [_definitions[name] for name in sorted(_definitions)]
