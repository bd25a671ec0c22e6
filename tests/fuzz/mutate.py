"""Broken programs: the programs of all tests, damaged as people, editors and networks damage text.

A mutant is determined by the corpus and a seed. Most damage is small, so that much of the front end is still
reached, and some mutants check and go on to the passes and LLVM.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).parent.parent

#: Larger programs are left out: time is better spent on many.
MAX_BYTES = 6_000

_TOKEN = re.compile(
    rb'"(?:\\.|[^"\\])*"|[\w\x80-\xff]+|\s+|=>|->|\|>|&&|\|\||\?:|==|!=|<=|>=|::|\.\.\.|.', re.S
)

_WORDS = (
    b"fn let mut type match if else true false extern import module namespace export spawn await yield send "
    b"recv select where effect perform handle in resume as _ any int float string bool Unit List Map Result "
    b"Success Error Ok Err Iterator Fiber Channel Ptr print map fold x f 0 1 -1 1.5 9223372036854775807 "
    b'9223372036854775808 1e999 1.0e999 "" "${x}" ( ) { } [ ] < > | || ? ?: : :: ; , . .. ... = => -> |> + - '
    b"* / % ! == != <= >= && \n // /// \\ # \0"
).split(b" ")

_BYTES = [
    *(c.encode() for c in ("é", "日", "\u202e", "\u2028", "\U0001f985", "\ufeff")),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\r", b"\x1b[31m"),
]

Tokens = list[bytes]
Change = Callable[[random.Random, Tokens, list[Tokens]], Tokens]


def corpus() -> list[bytes]:
    """The programs of all tests, in a stable order."""
    found = [path.read_bytes() for path in sorted(TESTS.rglob("*.osp"))]
    found += [path.read_bytes() for path in sorted((TESTS.parent / "examples").glob("*.osp"))]
    return [text for text in found if len(text) <= MAX_BYTES]


class Mutants:
    """Makes mutants of a corpus by seed."""

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts
        self.tokens = [_TOKEN.findall(text) for text in texts]

    def make(self, seed: int) -> bytes:
        """The mutant of a seed."""
        choose = random.Random(seed)
        tokens = list(choose.choice(self.tokens))
        for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
            change = choose.choices(CHANGES, WEIGHTS)[0]
            tokens = change(choose, tokens, self.tokens) or [b" "]
        text = b"".join(tokens)
        for _ in range(choose.choice((0,) * 12 + (1, 3))):
            text = _damage_bytes(choose, text)
        return text


def _place(choose: random.Random, tokens: Tokens) -> int:
    """The index of some token that is not white space, if there is one."""
    for _ in range(8):
        at = choose.randrange(len(tokens))
        if not tokens[at].isspace():
            return at
    return at


def _delete(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    at = _place(choose, tokens)
    return tokens[:at] + tokens[at + choose.choice((1, 1, 1, 2, 5)) :]


def _duplicate(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    at, size = _place(choose, tokens), choose.choice((1, 1, 3, 12))
    return tokens[:at] + tokens[at : at + size] + [b" "] + tokens[at:]


def _swap(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    a, b = _place(choose, tokens), _place(choose, tokens)
    tokens[a], tokens[b] = tokens[b], tokens[a]
    return tokens


def _replace_by_own(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    """A name where another one stood: the kind of mutant that often still parses."""
    names = [i for i, t in enumerate(tokens) if t[:1].isalnum() or t[:1] in (b'"', b"_")]
    if not names:
        return tokens
    a, b = choose.choice(names), choose.choice(names)
    tokens[a] = tokens[b]
    return tokens


def _insert_word(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    at = choose.randrange(len(tokens) + 1)
    return [*tokens[:at], b" ", choose.choice(_WORDS), b" ", *tokens[at:]]


def _replace_by_word(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    tokens[_place(choose, tokens)] = choose.choice(_WORDS)
    return tokens


def _splice(choose: random.Random, tokens: Tokens, others: list[Tokens]) -> Tokens:
    """A piece of another program."""
    other = choose.choice(others)
    start = choose.randrange(len(other))
    at = choose.randrange(len(tokens) + 1)
    return [*tokens[:at], *other[start : start + choose.choice((2, 10, 60))], *tokens[at:]]


def _append(choose: random.Random, tokens: Tokens, others: list[Tokens]) -> Tokens:
    """Two programs in one file: names are declared twice, or meet."""
    return [*tokens, b"\n", *choose.choice(others)]


def _move_lines(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    lines = b"".join(tokens).split(b"\n")
    line = lines.pop(choose.randrange(len(lines)))
    lines.insert(choose.randint(0, len(lines)), line)
    return _TOKEN.findall(b"\n".join(lines))


def _truncate(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    return tokens[: choose.randrange(len(tokens) + 1)]


def _behead(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    return tokens[choose.randrange(len(tokens)) :]


def _nest(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    """One token inside many brackets, or many openings that are never closed."""
    at, depth = _place(choose, tokens), choose.choice((10, 150, 3_000))
    before, after = choose.choice(
        (
            (b"(", b")"), (b"[", b"]"), (b"{ ", b" }"), (b"!", b""), (b"- ", b""), (b"f(", b")"), (b"(", b""),
            (b"if true { ", b" } else { 0 }"), (b"match 1 { _ => ", b" }"), (b"fn(x) => ", b""),
            (b"|x| => ", b""), (b"List<", b">"), (b"Success(", b")"), (b'"${', b'}"'), (b"spawn ", b""),
            (b"{", b""), (b"true ? 1 : ", b""), (b"1 + ", b""), (b"", b" + 1"), (b"", b" |> f"), (b"", b".f"),
            (b"", b"()"), (b"", b"[0]"), (b"", b" ?: 0"),
        )
    )  # fmt: skip
    return [*tokens[:at], before * depth, tokens[at], after * depth, *tokens[at + 1 :]]


def _huge(choose: random.Random, tokens: Tokens, _: list[Tokens]) -> Tokens:
    """One token that is very long."""
    size = choose.choice((30, 400, 5_000, 70_000))
    tokens[_place(choose, tokens)] = choose.choice(
        (b"9" * size, b"0." + b"1" * size, b"1.0e" + b"9" * size, b"x" * size, b'"' + b"a" * size + b'"',
         b"[" + b"1, " * size + b"]", b"\n" * size, b"0" * size + b"1", b"\\" * size, b"\xe2\x80\xae" * size)
    )  # fmt: skip
    return tokens


def _damage_bytes(choose: random.Random, text: bytes) -> bytes:
    """Flipped bits, bytes of their own, and text that is no UTF-8."""
    at = choose.randrange(len(text) + 1)
    kind = choose.randrange(3)
    if kind == 0 and at < len(text):
        return text[:at] + bytes((text[at] ^ (1 << choose.randrange(8)),)) + text[at + 1 :]
    if kind == 1:
        return text[:at] + bytes((choose.randrange(256),)) + text[at:]
    return text[:at] + choose.choice(_BYTES) + text[at:]


CHANGES: tuple[Change, ...] = (
    _delete, _duplicate, _swap, _replace_by_own, _insert_word, _replace_by_word, _splice, _append,
    _move_lines, _truncate, _behead, _nest, _huge,
)  # fmt: skip
WEIGHTS = (4, 3, 3, 8, 3, 3, 3, 2, 3, 1, 1, 1, 1)
