"""Text to IR: MLIR's generic form, which is all that `printer` writes.

Any text gives IR or an `IRSyntaxError` that says where it is wrong. Regions are read with an explicit stack,
so nesting may be as deep as memory allows. What the operations mean is not checked here but by `verifier`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ospjit.diagnostics import Source, Span
from ospjit.ir.attribute_parser import AttributeParser
from ospjit.ir.attributes import Attribute
from ospjit.ir.core import Block, BlockArgument, Operation, OpResult, Region, Value, new_module
from ospjit.ir.lexer import IRSyntaxError, Lexer, Token
from ospjit.ir.registry import definition
from ospjit.ir.types import FunctionType, Type

__all__ = ["IRSyntaxError", "parse_module", "parse_type"]

_OPERATION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]*(?:\.[A-Za-z0-9_$-]+)*\Z")
_RESULT_LIMIT = 1 << 16


def parse_module(
    text: str,
    name: str = "<ir>",
    allow_unregistered: bool = False,
    positions: dict[Operation, Span] | None = None,
) -> Operation:
    """The module that `text` spells; operations that stand in no module are put into one.

    `name` is what diagnostics call the text. Operations without a definition are refused unless
    `allow_unregistered`. `positions`, if given, receives the place in `text` of every operation.
    Raises `IRSyntaxError`.
    """
    parser = _Parser(Source(name, text), allow_unregistered, positions)
    operations = parser.parse()
    if len(operations) == 1 and operations[0].name == "builtin.module":
        return operations[0]
    module = new_module()
    body = module.regions[0].entry
    for op in operations:
        body.append(op)
    return module


def parse_type(text: str, name: str = "<type>") -> Type:
    """The type that `text` spells. Raises `IRSyntaxError`."""
    parser = AttributeParser(Lexer(Source(name, text)))
    found = parser.type()
    parser.lexer.expect("end", "the end of the text")
    return found


class _ForwardValue(Value):
    """Stands for a value that is used before its definition has been read."""

    __slots__ = ("token",)

    def __init__(self, token: Token, index: int, type: Type) -> None:
        self.token = token
        self.index = index
        self.type = type
        self._uses = {}


@dataclass
class _Scope:
    """The names visible in an operation isolated from above, and what is used but not defined yet."""

    values: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    forward: dict[str, dict[int, _ForwardValue]] = field(default_factory=dict)


@dataclass
class _OpenRegion:
    """A region being read: its blocks by name, those not defined yet, and the names defined in it."""

    region: Region
    block: Block | None = None
    blocks: dict[str, Block] = field(default_factory=dict)
    undefined: dict[str, Token] = field(default_factory=dict)
    defined: list[str] = field(default_factory=list)


@dataclass
class _OpenOperation:
    """The part of an operation that is read before its regions, and the regions read so far."""

    token: Token
    name: str
    result_names: list[tuple[Token, int]]
    operands: list[Token]
    successors: list[Block]
    attributes: dict[str, Attribute]
    isolated: bool
    regions: list[_OpenRegion] = field(default_factory=list)


class _Parser:
    """Keeps the operations whose regions are open on a stack; the bottom entry stands for the whole text."""

    def __init__(
        self, source: Source, allow_unregistered: bool, positions: dict[Operation, Span] | None
    ) -> None:
        self.lexer = Lexer(source)
        self.items = AttributeParser(self.lexer)
        self.allow_unregistered = allow_unregistered
        self.positions = positions
        self.scopes = [_Scope()]
        top = _OpenOperation(self.lexer.current, "", [], [], [], {}, True)
        top.regions.append(_OpenRegion(Region(), Block()))
        self.stack = [top]

    @property
    def _region(self) -> _OpenRegion:
        return self.stack[-1].regions[-1]

    def parse(self) -> list[Operation]:
        """All operations of the text, detached."""
        lexer = self.lexer
        while True:
            kind = lexer.current.kind
            if kind in ("value", "string"):
                self._operation()
            elif kind == "}" and len(self.stack) > 1:
                self._close_region()
            elif kind == "block" and len(self.stack) > 1:
                self._block_label()
            elif kind == "end" and len(self.stack) == 1:
                break
            else:
                lexer.fail("expected an operation in generic form" + ("" if kind != "end" else " or '}'"))
        self._check_blocks(self._region)
        self._leave_scope()
        block = self._region.block
        assert block is not None
        return [op.detach() for op in block.ops]

    # Operations

    def _operation(self) -> None:
        """Read an operation up to its regions, if any, else to its end."""
        lexer = self.lexer
        start = lexer.current
        result_names = self._result_names()
        token = lexer.expect("string", "the name of an operation between quotes")
        name = token.text[1:-1]
        if not _OPERATION_NAME.match(name):
            lexer.fail("this is not the name of an operation", token)
        found = definition(name)
        if found is None and not self.allow_unregistered:
            lexer.fail(f"unregistered operation '{name}'", token)
        lexer.expect("(")
        operands = self.items.list_of(self._operand, ")")
        successors = self.items.list_of(self._successor, "]") if lexer.optional("[") else []
        attributes: dict[str, Attribute] = {}
        if lexer.optional("<"):
            attributes = self.items.dictionary()
            lexer.expect(">")
        isolated = found is not None and found.isolated
        op = _OpenOperation(start, name, result_names, operands, successors, attributes, isolated)
        if lexer.optional("("):
            if isolated:
                self.scopes.append(_Scope())
            self.stack.append(op)
            self._open_region()
        else:
            self._finish(op)

    def _result_names(self) -> list[tuple[Token, int]]:
        lexer = self.lexer
        names: list[tuple[Token, int]] = []
        if lexer.current.kind != "value":
            return names
        while True:
            token = lexer.expect("value", "the name of a result")
            if "#" in token.text:
                lexer.fail("a result is named without '#'", token)
            count = 1
            if lexer.optional(":"):
                number = lexer.expect("integer", "the number of results")
                count = int(number.text, 0) if len(number.text) < 10 else 0
                if not 1 <= count <= _RESULT_LIMIT:
                    lexer.fail("this cannot be the number of results", number)
            names.append((token, count))
            if not lexer.optional(","):
                lexer.expect("=")
                return names

    def _operand(self) -> Token:
        return self.lexer.expect("value", "an operand")

    def _successor(self) -> Block:
        token = self.lexer.expect("block", "a block")
        region = self._region
        block = region.blocks.get(token.text)
        if block is None:
            block = region.blocks[token.text] = Block()
            region.undefined[token.text] = token
        return block

    def _finish(self, op: _OpenOperation) -> None:
        """Read what stands after the regions and put the operation into the current block."""
        lexer = self.lexer
        if lexer.current.kind == "{":
            for name, value in self.items.dictionary().items():
                if name in op.attributes:
                    lexer.fail(f"attribute '{name}' is given twice", op.token)
                op.attributes[name] = value
        lexer.expect(":")
        type = self.items.function_type()
        loc = self.items.optional_location()
        if len(type.inputs) != len(op.operands):
            lexer.fail(f"{len(op.operands)} operands, but {len(type.inputs)} types for them", op.token)
        operands = [self._use(token, type) for token, type in zip(op.operands, type.inputs, strict=True)]
        made = Operation(
            op.name,
            operands,
            type.results,
            op.attributes,
            [region.region for region in op.regions],
            op.successors,
            loc,
        )
        if self.positions is not None:
            self.positions[made] = lexer.span(op.token)
        block = self._region.block
        if block is None:
            block = self._region.block = self._region.region.append(Block())
        block.append(made)
        self._define_results(op, made, type)

    def _define_results(self, op: _OpenOperation, made: Operation, type: FunctionType) -> None:
        named = sum(count for _, count in op.result_names)
        if op.result_names and named != len(type.results):
            self.lexer.fail(f"{named} results are named, but there are {len(type.results)}", op.token)
        position = 0
        for token, count in op.result_names:
            self._define(token, made.results[position : position + count])
            position += count

    # Regions and blocks

    def _open_region(self) -> None:
        self.lexer.expect("{")
        self.stack[-1].regions.append(_OpenRegion(Region()))

    def _close_region(self) -> None:
        self.lexer.expect("}")
        op = self.stack[-1]
        region = self._region
        self._check_blocks(region)
        values = self.scopes[-1].values
        for name in region.defined:
            del values[name]
        if self.lexer.optional(","):
            self._open_region()
            return
        self.lexer.expect(")")
        if op.isolated:
            self._leave_scope()
        self.stack.pop()
        self._finish(op)

    def _check_blocks(self, region: _OpenRegion) -> None:
        for token in region.undefined.values():
            self.lexer.fail(f"there is no block {token.text} in this region", token)

    def _block_label(self) -> None:
        lexer = self.lexer
        token = lexer.expect("block")
        region = self._region
        block = region.blocks.get(token.text)
        if block is None:
            block = region.blocks[token.text] = Block()
        elif region.undefined.pop(token.text, None) is None:
            lexer.fail(f"block {token.text} is defined twice", token)
        region.region.append(block)
        region.block = block
        if lexer.optional("("):
            for name, type in self.items.list_of(self._block_argument, ")"):
                argument: BlockArgument = block.add_arg(type)
                self._define(name, (argument,))
        lexer.expect(":")

    def _block_argument(self) -> tuple[Token, Type]:
        token = self.lexer.expect("value", "a block argument")
        if "#" in token.text:
            self.lexer.fail("a block argument is named without '#'", token)
        self.lexer.expect(":")
        type = self.items.type()
        self.items.optional_location()
        return token, type

    # Values

    def _use(self, token: Token, type: Type) -> Value:
        name, _, suffix = token.text.partition("#")
        position = int(suffix) if suffix and len(suffix) < 10 else 0 if not suffix else _RESULT_LIMIT
        scope = self.scopes[-1]
        group = scope.values.get(name)
        if group is None:
            waiting = scope.forward.setdefault(name, {})
            value: Value | None = waiting.get(position)
            if value is None:
                value = waiting[position] = _ForwardValue(token, position, type)
        elif position < len(group):
            value = group[position]
        else:
            self.lexer.fail(f"{name} has {len(group)} results", token)
        if value.type is not type:
            self.lexer.fail(f"{token.text} is of type {value.type}, but is used as {type}", token)
        return value

    def _define(self, token: Token, values: tuple[OpResult, ...] | tuple[BlockArgument]) -> None:
        scope = self.scopes[-1]
        name = token.text
        if name in scope.values:
            self.lexer.fail(f"{name} is defined twice", token)
        scope.values[name] = values
        self._region.defined.append(name)
        for position, forward in scope.forward.pop(name, {}).items():
            if position >= len(values):
                self.lexer.fail(f"{name} has {len(values)} results", forward.token)
            value = values[position]
            if value.type is not forward.type:
                message = f"{forward.token.text} is used as {forward.type}, but is of type {value.type}"
                self.lexer.fail(message, forward.token)
            forward.replace_by(value)

    def _leave_scope(self) -> None:
        for waiting in self.scopes.pop().forward.values():
            for forward in waiting.values():
                self.lexer.fail(f"{forward.token.text} is used, but not defined", forward.token)
