"""Tokens of MLIR's textual form. One regular expression finds them; nothing here knows what they mean."""

from __future__ import annotations

import re
from typing import NoReturn

from ospjit.diagnostics import CompileFailed, Diagnostic, Source, Span

SYNTAX_ERROR = "OSP9001"


class IRSyntaxError(CompileFailed):
    """IR text that is not IR: one diagnostic with its place. `str` is `file:line:column: message`."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__([Diagnostic(SYNTAX_ERROR, message, span)])
        self.message = message
        self.span = span

    def __str__(self) -> str:
        return f"{self.span!r}: {self.message}"


_IDENTIFIER_TAIL = r"(?:[0-9]+|[A-Za-z$._-][A-Za-z0-9$._-]*)"
_STRING = r'"(?:[^"\\\n]|\\(?:[nt"\\]|[0-9A-Fa-f]{2}))*"'
_TOKEN = re.compile(
    rf"""(?:\s+|//[^\n]*)*(?:
      (?P<string>{_STRING})
    | (?P<value>%{_IDENTIFIER_TAIL}(?:\#[0-9]+)?)
    | (?P<block>\^{_IDENTIFIER_TAIL})
    | (?P<type>!{_IDENTIFIER_TAIL})
    | (?P<alias>\#{_IDENTIFIER_TAIL})
    | (?P<symbol>@(?:[A-Za-z_][A-Za-z0-9_$.]*|{_STRING}))
    | (?P<float>[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?)
    | (?P<integer>0x[0-9A-Fa-f]+|[0-9]+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_$.]*)
    | (?P<punctuation>->|::|[-:,=(){{}}<>\[\]])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)


_match = _TOKEN.match


class Token:
    """A token: what it is, its text, and where that begins. Punctuation is its own kind."""

    __slots__ = ("kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start


class Lexer:
    """Reads tokens of `source` with one token of look-ahead, `current`."""

    __slots__ = ("_position", "current", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._position = 0
        self.current = Token("end", "", 0)
        self.advance()

    def advance(self) -> Token:
        """Go to the next token and return the one that was current."""
        before = self.current
        match = _match(self.source.text, self._position)
        if match is None:
            self._report_bad_character()
        kind = match.lastgroup
        assert kind is not None
        text = match[kind]
        self._position = end = match.end()
        self.current = Token(text if kind == "punctuation" else kind, text, end - len(text))
        return before

    def _report_bad_character(self) -> NoReturn:
        blank = re.compile(r"(?:\s+|//[^\n]*)*", re.ASCII).match(self.source.text, self._position)
        at = blank.end() if blank is not None else self._position
        message = "unterminated string" if self.source.text[at] == '"' else "unexpected character"
        raise IRSyntaxError(message, Span(self.source, at, at + 1))

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.start + len(token.text))

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        """Raise `IRSyntaxError` at `token`, or at the current one."""
        raise IRSyntaxError(message, self.span(self.current if token is None else token))

    def optional(self, kind: str) -> Token | None:
        """The current token, passed over, if it is of this kind; else None."""
        return self.advance() if self.current.kind == kind else None

    def expect(self, kind: str, what: str = "") -> Token:
        """The current token, passed over, which must be of this kind."""
        if self.current.kind != kind:
            found = f"'{self.current.text}'" if self.current.text else "the end of the text"
            self.fail(f"expected {what or repr(kind)}, found {found}")
        return self.advance()

    def optional_word(self, word: str) -> bool:
        """Pass over the bare word `word` if it is current."""
        if self.current.kind == "word" and self.current.text == word:
            self.advance()
            return True
        return False
