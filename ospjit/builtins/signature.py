"""Signatures as the table writes them: `<T: printable>(value: T, times: int) -> Result<string, Error>`.

A notation of its own, read by a small recursive-descent parser, so that the table depends on no other room.
It accepts only what the table uses and fails loudly on anything else: the table is ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias


class ConText(NamedTuple):
    """A named type or type parameter: `kind` is "con"."""

    kind: str
    name: str
    args: tuple[TypeText, ...]


class FunText(NamedTuple):
    """A function type: `kind` is "fun"."""

    kind: str
    params: tuple[TypeText, ...]
    result: TypeText


TypeText: TypeAlias = "ConText | FunText"


@dataclass(frozen=True)
class Sig:
    """A parsed signature. `tparams` are (name, bound or None); bounds are `printable`, `number`, `order`."""

    tparams: tuple[tuple[str, str | None], ...]
    params: tuple[tuple[str, TypeText], ...]
    result: TypeText


_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|->|[<>():,])")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"signature {text!r} holds something that is not a token")
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self, expected: str | None = None) -> str:
        token = self.peek()
        if token == "" or (expected is not None and token != expected):
            raise ValueError(f"signature {self.text!r}: expected {expected or 'more'}, found {token!r}")
        self.at += 1
        return token

    def type(self) -> TypeText:
        if self.peek() == "(":
            params = self.types("(", ")")
            self.next("->")
            return FunText("fun", params, self.type())
        name = self.next()
        return ConText("con", name, self.types("<", ">") if self.peek() == "<" else ())

    def types(self, opening: str, closing: str) -> tuple[TypeText, ...]:
        self.next(opening)
        items: list[TypeText] = []
        while self.peek() != closing:
            items.append(self.type())
            if self.peek() != closing:
                self.next(",")
        self.next(closing)
        return tuple(items)

    def signature(self) -> Sig:
        tparams: list[tuple[str, str | None]] = []
        if self.peek() == "<":
            self.next()
            while self.peek() != ">":
                name, bound = self.next(), None
                if self.peek() == ":":
                    self.next()
                    bound = self.next()
                tparams.append((name, bound))
                if self.peek() != ">":
                    self.next(",")
            self.next(">")
        params: list[tuple[str, TypeText]] = []
        self.next("(")
        while self.peek() != ")":
            name = self.next()
            self.next(":")
            params.append((name, self.type()))
            if self.peek() != ")":
                self.next(",")
        self.next(")")
        self.next("->")
        result = self.type()
        if self.peek():
            raise ValueError(f"signature {self.text!r}: unexpected {self.peek()!r}")
        return Sig(tuple(tparams), tuple(params), result)


@cache
def parse(text: str) -> Sig:
    """Parse one signature of the table. Raises ValueError, which is a defect of the table."""
    return _Reader(text).signature()
