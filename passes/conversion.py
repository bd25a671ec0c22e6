"""Replacing values of one type by several values of other types, throughout a module.

`expand` says which types a value's type turns into (possibly none, possibly itself). Block arguments, branch
operands, calls, returns and signatures follow by themselves; every other operation that touches an expanded
type needs a handler, registered by name, that yields the new values of its results. Blocks are visited in
reverse postorder, so a handler always sees converted operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ospjit.ir import (
    Builder,
    FunctionType,
    Operation,
    Region,
    Type,
    TypeAttr,
    Value,
    body_of,
    reverse_postorder,
)

Parts = tuple[Value, ...]
#: (conversion, operation, the parts of each operand, builder before it) -> the parts of each result
Handler = Callable[["Conversion", Operation, Sequence[Parts], Builder], Sequence[Parts]]


class Conversion:
    """One conversion of a module. Handlers are looked up by operation name."""

    def __init__(
        self,
        expand: Callable[[Type], tuple[Type, ...]],
        handlers: dict[str, Handler],
        always: frozenset[str] = frozenset(),
    ) -> None:
        self.expand = expand
        self.always = always
        self.handlers = {**_STRUCTURAL, **handlers}
        self.values: dict[Value, Parts] = {}
        self.converted = 0

    def run(self, module: Operation) -> int:
        """Convert every function of a module; how many operations were rewritten."""
        for op in body_of(module).ops:
            if op.name == "func.func" and op.regions[0].first is not None:
                self._signature(op)
                self._region(op.regions[0])
        return self.converted

    def types(self, types: Sequence[Type]) -> list[Type]:
        """The expansions of several types, one after the other."""
        return [part for t in types for part in self.expand(t)]

    def parts(self, value: Value) -> Parts:
        """What a value has become."""
        return self.values.get(value, (value,))

    def changes(self, t: Type) -> bool:
        """Whether values of a type are replaced."""
        return self.expand(t) != (t,)

    def group(self, values: Sequence[Value], types: Sequence[Type]) -> list[Parts]:
        """Cut a flat row of new values into the parts of values of the old types."""
        groups, at = [], 0
        for t in types:
            width = len(self.expand(t))
            groups.append(tuple(values[at : at + width]))
            at += width
        return groups

    def _signature(self, function: Operation) -> None:
        t = function.attr("function_type")
        function.set_attr(
            "function_type", TypeAttr(FunctionType(self.types(t.inputs), self.types(t.results)))
        )

    def _region(self, region: Region) -> None:
        order = reverse_postorder(region)
        stale = []
        for block in order:
            if any(self.changes(a.type) for a in block.args):
                old = list(block.args)
                for argument in old:
                    self.values[argument] = tuple(block.add_arg(t) for t in self.expand(argument.type))
                stale.append((block, len(old)))
        erased: list[Operation] = []
        for block in order:
            for op in block.ops:
                if self._touched(op):
                    self._convert(op)
                    erased.append(op)
        for op in reversed(erased):
            op.erase()
        for block, count in stale:
            for index in reversed(range(count)):
                block.erase_arg(index)

    def _touched(self, op: Operation) -> bool:
        if op.name in self.always:
            return True
        return any(v in self.values or self.changes(v.type) for v in op.operands) or any(
            self.changes(r.type) for r in op.results
        )

    def _convert(self, op: Operation) -> None:
        handler = self.handlers.get(op.name)
        if handler is None:
            if not any(self.changes(v.type) for v in (*op.operands, *op.results)):
                handler = same_operation
            else:
                raise NotImplementedError(f"no conversion for {op.name}")
        operands = [self.parts(v) for v in op.operands]
        results = handler(self, op, operands, Builder.before(op))
        for result, parts in zip(op.results, results, strict=True):
            self.values[result] = parts
        self.converted += 1


def flat(operands: Sequence[Parts]) -> list[Value]:
    """All parts, one after the other."""
    return [value for parts in operands for value in parts]


def same_operation(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    """The same operation over the new operands, with the results' types expanded."""
    types = [r.type for r in op.results]
    new = b.create(op.name, flat(operands), c.types(types), op.attributes)
    return c.group(new.results, types)


def _branch(c: Conversion, op: Operation, operands: Sequence[Parts], b: Builder) -> Sequence[Parts]:
    new = op.clone({})
    b.insert(new)
    if op.name != "cf.br":  # what a branch decides on comes first, and is one value
        new.set_operand(0, operands[0][0])
    for index in range(len(op.successors)):
        new.set_successor_args(index, flat([c.parts(v) for v in op.successor_args(index)]))
    return []


_STRUCTURAL: dict[str, Handler] = {
    "cf.br": _branch,
    "cf.cond_br": _branch,
    "cf.switch": _branch,
    "func.return": same_operation,
    "func.call": same_operation,
    "osp.call": same_operation,
    "osp.call_closure": same_operation,
    "osp.call_extern": same_operation,
    "osp.func_ref": same_operation,
    "osp.construct": same_operation,
    "osp.get_field": same_operation,
    "osp.variant_field": same_operation,
    "osp.global_get": same_operation,
    "osp.global_set": same_operation,
    "osp.list": same_operation,
}
