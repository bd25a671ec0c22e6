"""IR to text: MLIR's generic form, which every MLIR tool reads even if it knows none of our operations.

Printing is deterministic: values and blocks are numbered in textual order, anew in each operation that is
isolated from above, so that a change in one function does not show in the next. Where two texts are to be
compared line by line, values and blocks are named after what makes them and its place in the source instead
(`%add_3_12`): inserting or erasing one operation then renames nothing else. Both walks keep their own stack
of things left to do, so neither long blocks nor deep nesting reach Python's recursion limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ospjit.ir.attributes import Attribute, dictionary_text
from ospjit.ir.core import Block, Operation, Region, Value
from ospjit.ir.types import results_text, type_list

_Task = tuple[Callable[..., None], tuple[Any, ...]]


def print_op(op: Operation, locations: bool = True, stable: bool = False) -> str:
    """`op` and all inside it as text, ending in a newline; with the known locations if asked.

    Values and blocks defined outside `op` are named `%outer…` and `^outer…`, so any operation can be shown
    alone. With `stable` names, texts of two stages or two runs differ only where the programs do.
    """
    printer = _Printer(_StableNames(op) if stable else _Names(op), locations)
    _work_off([(printer.operation, (op, ""))], printer.tasks)
    return "".join(printer.out)


def _work_off(first: list[_Task], tasks: list[_Task]) -> None:
    tasks.extend(first)
    while tasks:
        action, arguments = tasks.pop()
        action(*arguments)


class _Names:
    """The names of all values and blocks inside one operation."""

    __slots__ = ("_arg", "_block", "_tasks", "_value", "blocks", "values")

    def __init__(self, root: Operation) -> None:
        self.values: dict[Value, str] = {}
        self.blocks: dict[Block, str] = {}
        self._value = self._arg = self._block = 0
        self._tasks: list[_Task] = []
        _work_off([(self._operations, (root, root))], self._tasks)

    def value(self, value: Value) -> str:
        """The name of `value`, also if it is defined outside."""
        return self.values.get(value) or self.values.setdefault(value, f"%outer{len(self.values)}")

    def block(self, block: Block) -> str:
        """The name of `block`, also if it stands outside."""
        return self.blocks.get(block) or self.blocks.setdefault(block, f"^outer{len(self.blocks)}")

    def _operations(self, op: Operation | None, last: Operation | None) -> None:
        """Number the operations from `op` to `last` (None: to the end of the block)."""
        values = self.values
        while op is not None:
            following = None if op is last else op.next
            results = op.results
            if results:
                name = f"%{self._value}"
                self._value += 1
                if len(results) == 1:
                    values[results[0]] = name
                else:
                    for result in results:
                        values[result] = f"{name}#{result.index}"
            if op.regions:
                self._tasks.append((self._operations, (following, last)))
                self._enter(op)
                return
            op = following

    def _enter(self, op: Operation) -> None:
        found = op.definition
        isolated = found is not None and found.isolated
        if isolated:
            self._tasks.append((self._restore, (self._value, self._arg, self._block)))
            self._block = 0
        for region in reversed(op.regions):
            for block in reversed(region.blocks):
                self._tasks.append((self._enter_block, (block, isolated and block is region.first)))

    def _restore(self, value: int, arg: int, block: int) -> None:
        self._value, self._arg, self._block = value, arg, block

    def _enter_block(self, block: Block, parameters: bool) -> None:
        self.blocks[block] = f"^bb{self._block}"
        self._block += 1
        for argument in block.args:
            if parameters:
                self.values[argument] = f"%arg{self._arg}"
                self._arg += 1
            else:
                self.values[argument] = f"%{self._value}"
                self._value += 1
        self._operations(block.first, None)


_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


class _StableNames(_Names):
    """Names made of what defines a value and where that came from; a dot and a number tell equals apart."""

    __slots__ = ("_taken",)

    def __init__(self, root: Operation) -> None:
        self._taken: dict[str, int] = {}
        super().__init__(root)

    def _free(self, name: str) -> str:
        """`name` if it is new in this scope, else with the first free number behind it."""
        number = self._taken.get(name, 0)
        self._taken[name] = number + 1
        return f"{name}.{number}" if number else name

    def _operations(self, op: Operation | None, last: Operation | None) -> None:
        values = self.values
        while op is not None:
            following = None if op is last else op.next
            results = op.results
            if results:
                name = "%" + self._free(_placed(_NOT_IN_NAMES.sub("_", op.name.rpartition(".")[2]), op))
                for result in results:
                    values[result] = name if len(results) == 1 else f"{name}#{result.index}"
            if op.regions:
                self._tasks.append((self._operations, (following, last)))
                self._enter(op)
                return
            op = following

    def _enter(self, op: Operation) -> None:
        found = op.definition
        isolated = found is not None and found.isolated
        if isolated:
            self._tasks.append((self._leave, (self._taken,)))
            self._taken = {}
        for region in reversed(op.regions):
            for block in reversed(region.blocks):
                self._tasks.append((self._enter_block, (block, isolated and block is region.first)))

    def _leave(self, taken: dict[str, int]) -> None:
        self._taken = taken

    def _enter_block(self, block: Block, parameters: bool) -> None:
        name = self._free("entry" if parameters else _block_name(block))
        self.blocks[block] = f"^{name}"
        for argument in block.args:
            text = f"arg{argument.index}" if parameters else f"{name}.a{argument.index}"
            self.values[argument] = "%" + (self._free(text) if parameters else text)
        self._operations(block.first, None)


def _placed(name: str, op: Operation) -> str:
    return f"{name}_{op.loc.line}_{op.loc.column}" if op.loc.known else name


def _block_name(block: Block) -> str:
    """Named after the first operation with a place."""
    op = block.first
    while op is not None and not op.loc.known:
        op = op.next
    return "bb" if op is None else _placed("bb", op)


class _Printer:
    """Appends the text to `out`; `tasks` is what remains to be printed, last first."""

    __slots__ = ("locations", "names", "out", "tasks")

    def __init__(self, names: _Names, locations: bool) -> None:
        self.names = names
        self.locations = locations
        self.out: list[str] = []
        self.tasks: list[_Task] = []

    def operation(self, op: Operation, indent: str) -> None:
        """Print one operation; its regions become tasks."""
        self.out.append(indent + self._head(op))
        if not op.regions:
            self.out.append(self._tail(op))
            return
        self.tasks.append((self._close, (op, indent)))
        for region in reversed(op.regions):
            self.tasks.append((self._region, (region, indent)))
        self.out.append(" (")

    def _run(self, op: Operation | None, indent: str) -> None:
        """Print `op` and what follows it in its block."""
        out, head, tail = self.out, self._head, self._tail
        while op is not None:
            if op.regions:
                self.tasks.append((self._run, (op.next, indent)))
                self.operation(op, indent)
                return
            out.append(f"{indent}{head(op)}{tail(op)}")
            op = op.next

    def _head(self, op: Operation) -> str:
        """Results, name, operands and successors."""
        values = self.names.values
        results = op.results
        if not results:
            text = f'"{op.name}"('
        elif len(results) == 1:
            text = f'{values[results[0]]} = "{op.name}"('
        else:
            text = f'{values[results[0]].partition("#")[0]}:{len(results)} = "{op.name}"('
        if op.operands:
            name = self.names.value
            text += ", ".join([values.get(value) or name(value) for value in op.operands])
        if op.successors:
            return text + ")[" + ", ".join(map(self.names.block, op.successors)) + "]"
        return text + ")"

    def _tail(self, op: Operation) -> str:
        """Attributes, type and location."""
        operands, results = op.operands, op.results
        inputs = type_list([value.type for value in operands]) if operands else "()"
        if len(results) == 1:
            outputs = results_text((results[0].type,))
        else:
            outputs = type_list([value.type for value in results]) if results else "()"
        attributes = f" {attributes_text(op.attributes)}" if op.attributes else ""
        location = f" {op.loc}" if self.locations and op.loc.line else ""
        return f"{attributes} : {inputs} -> {outputs}{location}\n"

    def _region(self, region: Region, indent: str) -> None:
        assert region.parent is not None
        self.out.append("{\n" if region is region.parent.regions[0] else ", {\n")
        self.tasks.append((self.out.append, (indent + "}",)))
        for block in reversed(region.blocks):
            self.tasks.append((self._block, (block, indent)))

    def _block(self, block: Block, indent: str) -> None:
        if block.prev is not None or block.args or block.first is None or block._uses:
            values = self.names.values
            arguments = ", ".join([f"{values[argument]}: {argument.type.text}" for argument in block.args])
            label = self.names.blocks[block]
            self.out.append(f"{indent}{label}({arguments}):\n" if arguments else f"{indent}{label}:\n")
        self._run(block.first, indent + "  ")

    def _close(self, op: Operation, indent: str) -> None:
        self.out.append(")" + self._tail(op))


def attributes_text(attributes: dict[str, Attribute]) -> str:
    """An attribute dictionary as it stands on an operation, sorted by name."""
    return dictionary_text(sorted(attributes.items()) if len(attributes) > 1 else attributes.items())
