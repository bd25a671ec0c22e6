"""Bracket pairs: gives every bracket the index of its mate, and mends texts whose brackets do not pair.

After this pass the list is balanced, whatever the text was: a bracket that is never closed is reported and
gets a closing token without width, a closing bracket without an opening one is reported and dropped. So the
parser reports each such mistake once and still sees the rest of the file. It must never look at what a
bracket means.
"""

from __future__ import annotations

from bisect import bisect_right

from ospjit.diagnostics import Diagnostics, Label, Source, Span
from ospjit.syntax import ast
from ospjit.syntax.tokens import CLOSERS, OPENERS, SPELLING, Token

_DECLARATIONS = frozenset("LET MUT TYPE EXTERN IMPORT EFFECT MODULE EXPORT".split())


def pair(
    tokens: list[Token], source: Source, diagnostics: Diagnostics, damage: ast.Damage | None = None
) -> list[Token]:
    """Set the mates; returns the list itself, or a mended copy if brackets do not pair. Where a brace is
    missing, blocks may not be what their author meant: the declarations around go to `damage`."""
    stack: list[int] = []
    for index, token in enumerate(tokens):
        kind = token.type
        if kind in OPENERS:
            stack.append(index)
        elif kind in CLOSERS:
            if not stack or tokens[stack[-1]].type != CLOSERS[kind]:
                break
            token.mate = stack.pop()
            tokens[token.mate].mate = index
    else:
        if not stack:
            return tokens
    # A missing brace shows only at the end of the file: then declarations at the left margin are taken to
    # stand at file scope, which confines the damage to one of them.
    attempt = _Mender(tokens, source, margin=False)
    attempt.run()
    if attempt.brace_fault:
        attempt = _Mender(tokens, source, margin=True)
        attempt.run()
    margins = attempt.margins()
    for message, span, labels in attempt.faults:
        diagnostics.error("OSP1009", message, span, labels=labels)
        if damage is not None and span.text in ("{", "}", "${"):
            # The declaration at the left margin that the fault lies in, or that ends before it.
            after = bisect_right(margins, span.start)
            end = margins[after] - 1 if after < len(margins) else len(source.text)
            damage.regions.append((margins[after - 1] if after else 0, end))
    for index, token in enumerate(attempt.out):
        token.mate = -1
        if token.type in OPENERS:
            stack.append(index)
        elif token.type in CLOSERS:
            token.mate = stack.pop()
            attempt.out[token.mate].mate = index
    return attempt.out


class _Mender:
    """One walk that builds a balanced list and notes what was wrong."""

    def __init__(self, tokens: list[Token], source: Source, margin: bool) -> None:
        self.tokens = tokens
        self.source = source
        self.margin = margin
        self.out: list[Token] = []
        self.open: list[Token] = []
        self.faults: list[tuple[str, Span, tuple[Label, ...]]] = []
        self.brace_fault = False
        self.dropped = False
        # The first pair of braces whose indentation disagrees: probably where one is missing.
        self.suspect: Token | None = None

    def run(self) -> None:
        for index, token in enumerate(self.tokens):
            kind = token.type
            if kind in CLOSERS:
                self._close(token)
                continue
            if self.open and token.newline and self._declares(index):
                self._leave_for_declaration(token)
            if kind in OPENERS:
                self.open.append(token)
            elif kind == "$end":
                while self.open:
                    self._unclosed()
            token.mended, self.dropped = self.dropped, False
            self.out.append(token)

    def margins(self) -> list[int]:
        """Where declarations begin at the left margin."""
        tokens = enumerate(self.tokens)
        return [t.start for i, t in tokens if t.newline and self._declares(i) and not self._indent(t)]

    def _declares(self, index: int) -> bool:
        kind = self.tokens[index].type
        return kind in _DECLARATIONS or (kind == "FN" and self.tokens[index + 1].type == "NAME")

    def _leave_for_declaration(self, token: Token) -> None:
        """A declaration cannot stand in parentheses; at the margin it cannot stand in anything."""
        while self.open and self.open[-1].type in ("LPAREN", "LBRACKET"):
            self._unclosed()
        if self.margin and self._indent(token) == 0:
            while self.open and self.open[-1].type != "INTERP_OPEN":
                self._unclosed()

    def _close(self, token: Token) -> None:
        opener = CLOSERS[token.type]
        depth = len(self.open)
        while depth and self.open[depth - 1].type not in (opener, "INTERP_OPEN"):
            depth -= 1
        if not depth or self.open[depth - 1].type != opener:
            self.brace_fault |= token.type == "RBRACE"
            self.dropped = True
            span = Span(self.source, token.start, token.end)
            self.faults.append((f"this '{token.value}' closes nothing", span, ()))
            return
        while len(self.open) > depth:
            self._unclosed(token)
        opened = self.open.pop()
        if token.type == "RBRACE" and token.newline and self.suspect is None:
            if self._indent(token) < self._indent(opened):
                self.suspect = opened
        self.out.append(token)

    def _unclosed(self, instead: Token | None = None) -> None:
        """Report the innermost open bracket and close it after the last token."""
        token = self.open.pop()
        at = self.out[-1].end
        self.out.append(Token(OPENERS[token.type], self._closing(token), at, at, False, False))
        labels: list[Label] = []
        if token.type == "LBRACE":
            self.brace_fault = True
            if self.suspect is not None and self.suspect.start > token.start:
                token, self.suspect = self.suspect, None
        elif instead is not None:
            span = Span(self.source, instead.start, instead.end)
            labels.append(Label(span, f"found '{instead.value}' instead of '{self._closing(token)}'"))
        span = Span(self.source, token.start, token.end)
        self.faults.append((f"this '{token.value}' is never closed", span, tuple(labels)))

    @staticmethod
    def _closing(token: Token) -> str:
        return SPELLING.get(OPENERS[token.type], "}")

    def _indent(self, token: Token) -> int:
        """How far the line of a token is indented."""
        text = self.source.text
        start = text.rfind("\n", 0, token.start) + 1
        at = start
        while at < token.start and text[at] in " \t":
            at += 1
        return at - start
