"""Building blocks for the verifiers of operations.

A verifier is a function that raises `VerifyError`. `shape` makes the one that nearly every operation needs
(how many operands, results, regions, successors; which attributes of which kind) and `both` adds the rules
that are particular to an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ospjit.ir.attributes import Attribute
from ospjit.ir.core import Operation
from ospjit.ir.registry import VerifyError
from ospjit.ir.types import Type

Verifier = Callable[[Operation], None]
AnyAttribute = TypeVar("AnyAttribute", bound=Attribute)


def require(condition: object, op: Operation, message: str) -> None:
    """Raise `VerifyError` with `message` about `op` unless `condition` holds."""
    if not condition:
        raise VerifyError(message, op)


def require_attr(op: Operation, name: str, kind: type[AnyAttribute]) -> AnyAttribute:
    """The attribute `name` of `op`, which must be there and of class `kind`."""
    found = op.attributes.get(name)
    if not isinstance(found, kind):
        said = "is missing" if found is None else f"is {found}"
        raise VerifyError(f"attribute '{name}' must be a {kind.__name__}, but {said}", op)
    return found


def require_types(op: Operation, what: str, found: list[Type], expected: list[Type]) -> None:
    """The types `found` must be exactly `expected`; `what` names them in the message."""
    if found != expected:
        have, want = (", ".join(map(str, types)) or "nothing" for types in (found, expected))
        raise VerifyError(f"{what} must be ({want}), but are ({have})", op)


def shape(
    operands: int | None = 0,
    results: int | None = 0,
    regions: int | None = 0,
    successors: int | None = 0,
    attributes: Mapping[str, type[Attribute]] | None = None,
    optional: Mapping[str, type[Attribute]] | None = None,
) -> Verifier:
    """A verifier for these numbers of parts (None: any number) and these attributes.

    Other attributes than those named are allowed, as in MLIR.
    """
    required = dict(attributes or {})
    allowed = dict(optional or {})

    def verify(op: Operation) -> None:
        for what, parts, count in (
            ("operands", op.operands, operands),
            ("results", op.results, results),
            ("regions", op.regions, regions),
            ("successors", op.successors, successors),
        ):
            if count is not None and len(parts) != count:
                raise VerifyError(f"expected {count} {what}, but there are {len(parts)}", op)
        for name, kind in required.items():
            require_attr(op, name, kind)
        for name, kind in allowed.items():
            if name in op.attributes:
                require_attr(op, name, kind)

    return verify


def both(first: Verifier, second: Verifier) -> Verifier:
    """A verifier that asks `first`, then `second`."""

    def verify(op: Operation) -> None:
        first(op)
        second(op)

    return verify


def operand_types(op: Operation) -> list[Type]:
    return [value.type for value in op.operands]


def result_types(op: Operation) -> list[Type]:
    return [value.type for value in op.results]
