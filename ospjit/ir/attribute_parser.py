"""Text to types and attributes.

These nest, and are read by recursion up to `NESTING_LIMIT`; deeper ones are a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from ospjit.ir import literals
from ospjit.ir.attributes import (
    UNIT,
    ArrayAttr,
    Attribute,
    BoolAttr,
    DenseArrayAttr,
    DenseIntElementsAttr,
    DictAttr,
    FloatAttr,
    IntAttr,
    StringAttr,
    SymbolRefAttr,
    TypeAttr,
)
from ospjit.ir.lexer import Lexer, Token
from ospjit.ir.location import UNKNOWN, Location
from ospjit.ir.types import (
    DialectType,
    FloatType,
    FunctionType,
    IndexType,
    IntegerType,
    Type,
    TypeParameter,
    f32,
    f64,
    i64,
    index,
    none,
)

NESTING_LIMIT = 150
_INTEGER_TYPE = re.compile(r"i([1-9][0-9]{0,7})\Z")
_DIMENSION = re.compile(r"x(i[1-9][0-9]{0,7})\Z")
_NAMED_TYPES: dict[str, Type] = {"f32": f32, "f64": f64, "index": index, "none": none}

Item = TypeVar("Item")


class AttributeParser:
    """Reads types, attributes and locations from a lexer."""

    __slots__ = ("_depth", "_types", "lexer")

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self._depth = 0
        self._types: dict[str, Type] = dict(_NAMED_TYPES)

    def _nested(self, parse: Callable[[], Item]) -> Item:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            self.lexer.fail(f"types and attributes are nested more than {NESTING_LIMIT} deep")
        item = parse()
        self._depth -= 1
        return item

    def list_of(self, parse: Callable[[], Item], close: str) -> list[Item]:
        """Items separated by commas, up to and including the token `close`; the opening one is gone."""
        items: list[Item] = []
        if self.lexer.optional(close):
            return items
        while True:
            items.append(self._nested(parse))
            if not self.lexer.optional(","):
                self.lexer.expect(close)
                return items

    # Types

    def type(self) -> Type:
        """A type."""
        token = self.lexer.current
        if token.kind == "(":
            self.lexer.advance()
            inputs = self.list_of(self.type, ")")
            self.lexer.expect("->")
            return FunctionType(inputs, self.result_types())
        found = self._optional_named_type()
        if found is None:
            self.lexer.fail("expected a type")
        return found

    def _optional_named_type(self) -> Type | None:
        token = self.lexer.current
        if token.kind == "type":
            self.lexer.advance()
            if "." not in token.text:
                self.lexer.fail("type aliases are not supported", token)
            params = self.list_of(self._type_parameter, ">") if self.lexer.optional("<") else []
            return DialectType(token.text[1:], params)
        if token.kind != "word":
            return None
        found = self._types.get(token.text)
        if found is None:
            match = _INTEGER_TYPE.match(token.text)
            if match is None:
                return None
            found = self._types[token.text] = self._integer_type(match.group(), token)
        self.lexer.advance()
        return found

    def _integer_type(self, text: str, token: Token) -> IntegerType:
        try:
            return IntegerType(int(text[1:]))
        except ValueError as error:
            self.lexer.fail(str(error), token)

    def _type_parameter(self) -> TypeParameter:
        token = self.lexer.current
        if token.kind == "string":
            self.lexer.advance()
            return literals.unquote(token.text)
        if token.kind in ("integer", "-"):
            return self._integer()
        return self.type()

    def result_types(self) -> list[Type]:
        """What stands after an arrow: one type without parentheses, or any number between them."""
        if self.lexer.optional("("):
            return self.list_of(self.type, ")")
        return [self.type()]

    def function_type(self) -> FunctionType:
        """A function type."""
        token = self.lexer.current
        found = self.type()
        if not isinstance(found, FunctionType):
            self.lexer.fail("expected a function type", token)
        return found

    # Attributes

    def attribute(self) -> Attribute:
        """An attribute."""
        token = self.lexer.current
        kind = token.kind
        if kind == "string":
            self.lexer.advance()
            return StringAttr(literals.unquote(token.text))
        if kind in ("integer", "float", "-"):
            return self._number()
        if kind == "symbol":
            return SymbolRefAttr(self._symbol())
        if kind == "[":
            self.lexer.advance()
            return ArrayAttr(self.list_of(self.attribute, "]"))
        if kind == "{":
            return DictAttr(self.dictionary())
        if kind == "word":
            if token.text in ("true", "false"):
                self.lexer.advance()
                return BoolAttr(token.text == "true")
            if self.lexer.optional_word("unit"):
                return UNIT
            if self.lexer.optional_word("array"):
                return self._dense_array()
            if self.lexer.optional_word("dense"):
                return self._dense_elements()
        if kind in ("(", "type") or (kind == "word" and self._names_type(token.text)):
            return TypeAttr(self.type())
        return self.lexer.fail("expected an attribute")

    def _names_type(self, word: str) -> bool:
        return word in self._types or _INTEGER_TYPE.match(word) is not None

    def _symbol(self) -> str:
        token = self.lexer.expect("symbol")
        if self.lexer.current.kind == "::":
            self.lexer.fail("references to nested symbols are not supported")
        name = token.text[1:]
        return literals.unquote(name) if name.startswith('"') else name

    def dictionary(self) -> dict[str, Attribute]:
        """An attribute dictionary with its braces."""
        self.lexer.expect("{")
        entries: dict[str, Attribute] = {}
        for token, name, value in self.list_of(self._entry, "}"):
            if name in entries:
                self.lexer.fail(f"attribute '{name}' is given twice", token)
            entries[name] = value
        return entries

    def _entry(self) -> tuple[Token, str, Attribute]:
        token = self.lexer.current
        if token.kind not in ("word", "string"):
            self.lexer.fail("expected the name of an attribute")
        self.lexer.advance()
        name = literals.unquote(token.text) if token.kind == "string" else token.text
        return token, name, self.attribute() if self.lexer.optional("=") else UNIT

    def _integer(self) -> int:
        negative = self.lexer.optional("-") is not None
        token = self.lexer.expect("integer", "an integer")
        if len(token.text) > 1000:
            self.lexer.fail("the number is too long", token)
        value = int(token.text, 0) if token.text.startswith("0x") else int(token.text)
        return -value if negative else value

    def _number(self) -> Attribute:
        start = self.lexer.current
        negative = self.lexer.optional("-") is not None
        token = self.lexer.current
        if token.kind == "float":
            self.lexer.advance()
            return self._float(float(token.text) * (-1 if negative else 1), start)
        integer = self._integer()
        type = self.type() if self.lexer.optional(":") else i64
        if isinstance(type, FloatType):
            if negative or not token.text.startswith("0x") or integer >> type.width:
                self.lexer.fail(f"{token.text} is not of type {type}", start)
            return FloatAttr(literals.float_from_bits(integer, type.width), type)
        if not isinstance(type, (IntegerType, IndexType)):
            self.lexer.fail(f"{token.text} is not of type {type}", start)
        return self._checked(lambda: IntAttr(-integer if negative else integer, type), start)

    def _float(self, value: float, token: Token) -> FloatAttr:
        """The attribute for a decimal float, whose type is yet to be read."""
        type = self.type() if self.lexer.optional(":") else f64
        if not isinstance(type, FloatType):
            self.lexer.fail(f"a float is not of type {type}", token)
        return self._checked(lambda: FloatAttr(value, type), token)

    def _checked(self, make: Callable[[], Item], token: Token) -> Item:
        """What `make` makes; its complaint about a number out of range becomes a diagnostic."""
        try:
            return make()
        except (ValueError, OverflowError) as error:
            self.lexer.fail(str(error), token)

    def _dense_array(self) -> Attribute:
        self.lexer.expect("<")
        token = self.lexer.current
        type = self.type()
        if not isinstance(type, IntegerType):
            self.lexer.fail("only arrays of integers are supported", token)
        values: list[int] = []
        if self.lexer.optional(":"):
            values = self.list_of(self._integer, ">")
        else:
            self.lexer.expect(">")
        return self._checked(lambda: DenseArrayAttr(type, values), token)

    def _dense_elements(self) -> Attribute:
        """What follows `dense` in `dense<[1, 2]> : tensor<2xi64>`."""
        start = self.lexer.expect("<")
        values: list[int] | None = None
        splat = 0
        if self.lexer.optional(">"):
            values = []
        else:
            if self.lexer.optional("["):
                values = self.list_of(self._integer, "]")
            else:
                splat = self._integer()
            self.lexer.expect(">")
        self.lexer.expect(":")
        count, type = self._tensor_type()
        if values is None:
            values = [splat] * count
        if len(values) != count:
            self.lexer.fail(f"the tensor has {count} elements, but {len(values)} are given", start)
        given = values
        return self._checked(lambda: DenseIntElementsAttr(type, given), start)

    def _tensor_type(self) -> tuple[int, IntegerType]:
        if not self.lexer.optional_word("tensor"):
            self.lexer.fail("expected a tensor type")
        self.lexer.expect("<")
        token = self.lexer.current
        count = self._integer()
        if not 0 <= count <= 1 << 20:
            self.lexer.fail("the tensor is too large", token)
        element = self.lexer.expect("word", "'x' and an integer type")
        match = _DIMENSION.match(element.text)
        if match is None:
            self.lexer.fail("only one-dimensional tensors of integers are supported", element)
        self.lexer.expect(">")
        return count, self._integer_type(match.group(1), element)

    # Locations

    def optional_location(self) -> Location:
        """A trailing `loc(…)`, or the unknown location if there is none."""
        if not self.lexer.optional_word("loc"):
            return UNKNOWN
        self.lexer.expect("(")
        if self.lexer.optional_word("unknown"):
            self.lexer.expect(")")
            return UNKNOWN
        file = self.lexer.current
        if file.kind != "string":
            self.lexer.fail('expected a location of the form "file":line:column, or unknown')
        self.lexer.advance()
        self.lexer.expect(":")
        line = self._integer()
        self.lexer.expect(":")
        column = self._integer()
        self.lexer.expect(")")
        return Location(literals.unquote(file.text), line, column)
