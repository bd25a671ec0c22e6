"""Tokens: their class, the keywords, and how a person calls each kind.

The lexer makes tokens, `brackets` and `classify` refine them, the grammar consumes them. A token type is the
name of a terminal of the grammar. Nothing here reads text.
"""

from __future__ import annotations

from typing import Any

KEYWORDS = {
    word: word.upper()
    for word in (
        "fn let mut type match if else true false extern import module namespace export "
        "spawn await yield send recv select where effect perform handle in resume as"
    ).split()
}

OPERATORS = {
    "=>": "FATARROW",
    "->": "ARROW",
    "|>": "PIPE",
    "||": "OROR",
    "&&": "ANDAND",
    "==": "EQEQ",
    "!=": "NE",
    "<=": "LE",
    ">=": "GE",
    "?:": "QCOLON",
    "::": "COLONCOLON",
    "...": "ELLIPSIS",
    "..": "DOTDOT",
    "(": "LPAREN",
    ")": "RPAREN",
    "[": "LBRACKET",
    "]": "RBRACKET",
    "{": "LBRACE",
    "}": "RBRACE",
    "<": "LT",
    ">": "GT",
    "=": "EQ",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "/": "DIVIDE",
    "%": "MOD",
    "!": "BANG",
    "?": "QUESTION",
    ":": "COLON",
    ",": "COMMA",
    ";": "SEMI",
    ".": "DOT",
    "|": "BAR",
}

# What the classifier makes of one spelling by its surroundings (see `classify`).
CLASSES = {
    "CALL_LPAREN": "(",
    "INDEX_LBRACKET": "[",
    "RECORD_LBRACE": "{",
    "ANON_LBRACE": "{",
    "IMPORT_LBRACE": "{",
    "PREFIX_MINUS": "-",
    "PREFIX_PLUS": "+",
    "LITERAL_MINUS": "-",
    "LAMBDA_BAR": "|",
    "NO_PARAMS": "||",
    "TYPE_LT": "<",
    "GUARD_IF": "if",
    "AWAIT": "await",
    "YIELD": "yield",
    "BARE_YIELD": "yield",
}

SPELLING = {name: text for text, name in OPERATORS.items()} | CLASSES
SPELLING |= {name: text for text, name in KEYWORDS.items()}

# `send`, `recv` and all but the prefix uses of `await` and `yield` reach the grammar as NAME; RESYNC stands
# for a statement that could not be parsed.
TERMINALS = sorted(
    (set(KEYWORDS.values()) - {"SEND", "RECV", "NAMESPACE"})
    | set(OPERATORS.values())
    | set(CLASSES)
    | {"NAME", "INT", "FLOAT", "STRING", "STRING_OPEN", "STRING_TEXT", "STRING_CLOSE"}
    | {"INTERP_OPEN", "INTERP_CLOSE", "RESYNC"}
)

# Words of other languages at the start of a line, and what Osprey has instead.
FOREIGN = {
    "return": "there is no 'return': the last expression of a block is its value",
    "for": "there are no loops: use 'range', an iterator such as 'map' or 'fold', or recursion",
    "while": "there are no loops: use 'range', an iterator such as 'map' or 'fold', or recursion",
    "loop": "there are no loops: use 'range', an iterator such as 'map' or 'fold', or recursion",
    "var": "write 'let' for a value, 'mut' for a variable",
    "val": "write 'let' for a value, 'mut' for a variable",
    "const": "write 'let' for a value, 'mut' for a variable",
    "def": "functions begin with 'fn'",
    "func": "functions begin with 'fn'",
    "function": "functions begin with 'fn'",
    "class": "types are declared with 'type'",
    "struct": "types are declared with 'type'",
    "enum": "types are declared with 'type'",
    "switch": "write 'match value { pattern => … }'",
    "case": "write 'match value { pattern => … }'",
    "try": "there are no exceptions: functions that can fail give a 'Result'",
    "throw": "there are no exceptions: functions that can fail give a 'Result'",
    "raise": "there are no exceptions: functions that can fail give a 'Result'",
    "async": "fibers are started with 'spawn' and need no marks",
}

OPENERS = {"LPAREN": "RPAREN", "LBRACKET": "RBRACKET", "LBRACE": "RBRACE", "INTERP_OPEN": "INTERP_CLOSE"}
CLOSERS = {close: open_ for open_, close in OPENERS.items()}


class Token:
    """One token: offsets `start` and `end`, what stands before it, and for a bracket the index of its mate.

    `value` is the text of a name, keyword or operator and the value of a literal. `doc` is the text of the
    doc comment right before it. `mended` says that a token right before it was reported and dropped.
    """

    __slots__ = ("doc", "end", "mate", "mended", "newline", "space", "start", "type", "value")

    def __init__(self, type_: str, value: Any, start: int, end: int, space: bool, newline: bool) -> None:
        self.type = type_
        self.value = value
        self.start = start
        self.end = end
        self.space = space
        self.newline = newline
        self.mate = -1
        self.mended = False
        self.doc: str | None = None

    def __repr__(self) -> str:
        return f"{self.type}({self.value!r})@{self.start}"


def spelled(token: Token) -> str:
    """How a message names a token that was found."""
    kind = token.type
    if kind == "$end":
        return "the end of the file"
    if kind in ("STRING", "STRING_OPEN", "STRING_TEXT", "STRING_CLOSE"):
        return "a string"
    if kind == "INTERP_OPEN":
        return "'${'"
    if kind == "INTERP_CLOSE":
        return "'}'"
    return f"'{token.value}'"
