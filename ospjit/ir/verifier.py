"""The verifier: what makes IR valid, whatever the dialect.

Definitions dominate uses; nothing isolated looks outside; blocks end in terminators and nowhere else;
branches supply what their target blocks receive; every operation keeps the rules of its definition; symbols
exist and are unique. It never changes anything.
"""

from __future__ import annotations

from ospjit.ir.core import Block, Operation, Region, Value
from ospjit.ir.dominance import DominanceInfo
from ospjit.ir.registry import OpDef, VerifyError
from ospjit.ir.symbol_table import SYMBOL_NAME, SymbolTable


def verify(root: Operation, allow_unregistered: bool = False) -> None:
    """Raise the first `VerifyError` of `verification_errors`, if any."""
    errors = verification_errors(root, allow_unregistered, limit=1)
    if errors:
        raise errors[0]


def verification_errors(
    root: Operation, allow_unregistered: bool = False, limit: int | None = None
) -> list[VerifyError]:
    """What is wrong with `root` and all inside it, at most `limit` errors, in textual order.

    An operation that breaks a rule of its own is not examined further, so that one mistake gives one error.
    """
    check = _Verifier(allow_unregistered)
    errors: list[VerifyError] = []
    for op in root.walk():
        try:
            check.operation(op)
        except VerifyError as error:
            if error.op is None:
                error.op = op
            errors.append(error)
            if limit is not None and len(errors) >= limit:
                break
    return errors


class _Verifier:
    def __init__(self, allow_unregistered: bool) -> None:
        self.allow_unregistered = allow_unregistered
        self.dominance = DominanceInfo()
        self.tables: dict[Operation, SymbolTable] = {}

    def operation(self, op: Operation) -> None:
        """Raise `VerifyError` if `op` breaks a rule; what is in its regions is left out."""
        found = op.definition
        if found is None:
            if not self.allow_unregistered:
                raise VerifyError("the operation is not registered", op)
        elif found.verify is not None:
            found.verify(op)
        self._operands(op)
        self._terminates(op, found)
        self._successors(op)
        for region in op.regions:
            for block in region.blocks:
                self._ends_well(op, found, block)
        if found is not None:
            self._symbols(op, found)

    def _operands(self, op: Operation) -> None:
        for position, value in enumerate(op.operands):
            if (op, position) not in value._uses:
                raise VerifyError(f"operand {position} does not know this use", op)
            block = value.block
            if block is None or block.parent is None:
                raise VerifyError(f"operand {position} is defined nowhere", op)
            user = self._user_beside(op, position, block.parent)
            if not self._defined_before(value, user) and not _has_no_order(block):
                raise VerifyError(f"operand {position} is not defined before it is used on every path", op)

    def _user_beside(self, op: Operation, position: int, region: Region) -> Operation:
        """`op` or the operation around it that stands in `region`, where operand `position` is defined."""
        user = op
        while user.parent is None or user.parent.parent is not region:
            around = user.parent_op()
            if around is None:
                raise VerifyError(f"operand {position} is defined in a region that does not enclose this", op)
            if _isolated(around):
                name = around.name
                raise VerifyError(f"operand {position} is defined outside of {name}, which is isolated", op)
            user = around
        return user

    def _defined_before(self, value: Value, user: Operation) -> bool:
        """Whether `value`, defined in the region of `user`, is defined whenever that begins."""
        owner = value.owner
        if isinstance(owner, Operation):
            return self.dominance.comes_before(owner, user)
        assert owner.parent is not None and user.parent is not None
        return owner is user.parent or self.dominance.tree(owner.parent).dominates(owner, user.parent)

    def _terminates(self, op: Operation, found: OpDef | None) -> None:
        if op.next is not None and (op.successors or (found is not None and found.terminator)):
            raise VerifyError("a terminator must be the last operation of its block", op)

    def _ends_well(self, op: Operation, found: OpDef | None, block: Block) -> None:
        if found is None or found.graph:
            return
        last = block.last
        if last is None:
            raise VerifyError("a block must end in a terminator, but one of this operation's is empty", op)
        ending = last.definition
        if ending is not None and not ending.terminator:
            raise VerifyError("the last operation of a block must be a terminator", last)

    def _successors(self, op: Operation) -> None:
        if not op.successors:
            return
        region = op.parent.parent if op.parent is not None else None
        for position, block in enumerate(op.successors):
            if block.parent is not region or region is None:
                raise VerifyError(f"successor {position} is not in the same region", op)
            if block is region.first:
                raise VerifyError(f"successor {position} is the entry of the region", op)
            given = [value.type for value in self._successor_args(op, position)]
            expected = [argument.type for argument in block.args]
            if given != expected:
                have, want = (", ".join(map(str, types)) or "nothing" for types in (given, expected))
                raise VerifyError(f"successor {position} takes ({want}), but is given ({have})", op)

    def _successor_args(self, op: Operation, position: int) -> tuple[Value, ...]:
        try:
            return op.successor_args(position)
        except ValueError as error:
            raise VerifyError(str(error), op) from None

    def _symbols(self, op: Operation, found: OpDef) -> None:
        if not found.symbol and found.verify_symbols is None:
            return
        table = self._table(op)
        if table is None:
            return
        if found.symbol and op.parent_op() is table.module:
            name = op.attr(SYMBOL_NAME)
            if table.lookup(name) is not op:
                raise VerifyError(f"symbol @{name} is defined twice", op)
        if found.verify_symbols is not None:
            found.verify_symbols(op, table)

    def _table(self, op: Operation) -> SymbolTable | None:
        """The symbols of the nearest enclosing module."""
        around = op.parent_op()
        while around is not None:
            found = around.definition
            if found is not None and found.graph and len(around.regions) == 1:
                if around not in self.tables:
                    self.tables[around] = SymbolTable(around)
                return self.tables[around]
            around = around.parent_op()
        return None


def _has_no_order(block: Block) -> bool:
    """Whether the operations of `block` stand in no order, as those of a module."""
    parent = block.parent_op()
    found = parent.definition if parent is not None else None
    return found is not None and found.graph


def _isolated(op: Operation) -> bool:
    found = op.definition
    return found is not None and found.isolated
