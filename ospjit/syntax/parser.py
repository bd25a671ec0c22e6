"""Source text to syntax tree: `parse`.

The LR automaton runs over PLY's tables in a loop of its own, for three reasons: it knows the place of every
symbol without a slower tracking mode, after a syntax error it goes on at the next statement of the block
that the error stands in, and it bounds how deep a program may nest. It must never raise on bad input and
never decide anything that the grammar decides.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ospjit.diagnostics import Diagnostics, Source, Span
from ospjit.syntax import ast
from ospjit.syntax.brackets import pair
from ospjit.syntax.classify import classify
from ospjit.syntax.expectations import describe
from ospjit.syntax.grammar import Grammar
from ospjit.syntax.lexer import Lexer, tokenize
from ospjit.syntax.tables import Tables, load
from ospjit.syntax.tokens import FOREIGN, OPENERS, SPELLING, Token

MAX_DEPTH = 2000  # entries of the parser's stack: no tree nests deeper, chains to the left aside
MAX_ERRORS = 50  # syntax errors reported in one run

_OPENS = frozenset(OPENERS) | {name for name, text in SPELLING.items() if text in ("(", "[", "{")}
_BEGINS = frozenset(
    "LET MUT FN TYPE EXTERN EFFECT MODULE IMPORT EXPORT NAME MATCH IF SPAWN YIELD AWAIT PERFORM HANDLE "
    "SELECT BARE_YIELD".split()
)
_DECLARES = frozenset("LET MUT FN TYPE EXTERN EFFECT MODULE IMPORT EXPORT".split())
_DECLARES_SEVERAL = frozenset("TYPE EFFECT IMPORT".split())


def parse(source: Source, diagnostics: Diagnostics) -> ast.Program:
    """The tree of a source. Errors go to `diagnostics`; what could not be parsed is a `Broken` in the tree,
    and the tree's `damage` says what it leaves unknown."""
    lexer = tokenize(source, diagnostics)
    damage = ast.Damage()
    tokens = refine(lexer, damage)
    missing_braces = list(damage.regions)
    found = Diagnostics()
    statements = _Automaton(tokens, Grammar(source, found, damage), load()).run()
    for item in found.items:
        # Where a brace is missing, what else does not fit follows from that.
        if item.span is None or not any(a <= item.span.start <= b for a, b in missing_braces):
            diagnostics.add(item)
    links = [ast.Link(Span(source, start, end), kind, value) for kind, value, start, end in lexer.links]
    # What the parser could not read is noted already; the other faults left a tree that may mean little.
    damage.regions += [_lines(d.span) for d in diagnostics.items if d.span and d.code != "OSP1010"]
    return ast.Program(source, statements, links, damage)


def refine(lexer: Lexer, damage: ast.Damage | None = None) -> list[Token]:
    """What the grammar reads: brackets paired, every token classified."""
    tokens = pair(lexer.tokens, lexer.source, lexer.diagnostics, damage)
    classify(tokens)
    return tokens


def _lines(span: Span) -> tuple[int, int]:
    """The whole lines that a span touches."""
    text = span.source.text
    end = text.find("\n", span.end)
    return text.rfind("\n", 0, span.start) + 1, end if end >= 0 else len(text)


class _Automaton:
    """One run of the parser: `states` and `values` are its stack."""

    def __init__(self, tokens: list[Token], grammar: Grammar, tables: Tables) -> None:
        self.tokens = tokens
        self.damage = grammar.damage
        self.grammar = grammar
        self.tables = tables
        self.states = [0]
        self.values: list[Any] = [None]
        self.errors = 0
        self.last_error = -1
        self.actions: list[tuple[str, int, Any]] = [
            (name, length, getattr(grammar, action) if action else None)
            for name, length, action in tables.productions
        ]

    def run(self) -> list[ast.Stmt]:
        """The statements of the file."""
        tokens, states, values, actions = self.tokens, self.states, self.values, self.actions
        action, goto, default = self.tables.action, self.tables.goto, self.tables.default
        index = 0
        token = tokens[0]
        state = 0
        while True:
            step = default[state] or action[state].get(token.type)
            if step is None:
                index = self._recover(index)
                if index < 0:
                    return self._give_up()
                token = tokens[index]
                state = states[-1]
            elif step > 0:
                state = step
                states.append(state)
                values.append(token)
                if len(states) > MAX_DEPTH:
                    self._too_deep(token)
                    return self._give_up()
                index += 1
                token = tokens[index]
            elif step < 0:
                name, length, act = actions[-step]
                p = values[-length - 1 :] if length else [None]
                p[0] = None
                act(p)
                if length:
                    del states[-length:]
                    del values[-length:]
                state = goto[states[-1]][name]
                states.append(state)
                values.append(p[0])
            else:
                return values[-1]

    def _give_up(self) -> list[ast.Stmt]:
        """No tree at all: nothing may be concluded from it."""
        self.damage.regions.append((0, len(self.grammar.source.text)))
        return []

    def _error(self, message: str, token: Token, hints: tuple[str, ...] = ()) -> None:
        span = Span(self.grammar.source, token.start, token.end)
        self.grammar.diagnostics.error("OSP1010", message, span, hints=hints)

    def _too_deep(self, token: Token) -> None:
        span = Span(self.grammar.source, token.start, token.end)
        hint = "move inner parts into functions or bindings of their own"
        self.grammar.diagnostics.error("OSP1012", "the program is nested too deeply here", span, hints=[hint])

    # Recovery: report, fall back to the innermost list of statements, go on at its next statement.

    def _recover(self, index: int) -> int:
        """Report the token at `index`; returns the index to go on from, or -1 to give up."""
        self.errors += 1
        if self.errors > MAX_ERRORS:
            return -1
        self._report(index)
        depth = len(self.states)
        while self.tables.action[self.states[depth - 1]].get("RESYNC", 0) <= 0:
            depth -= 1
            if not depth:
                return -1
        resume = self._next_statement(index, self._opened_since(depth))
        self.last_error = index
        left_out = self._leave_out(depth, index, resume)
        del self.states[depth:]
        del self.values[depth:]
        self.states.append(self.tables.action[self.states[-1]]["RESYNC"])
        self.values.append(left_out)
        return resume

    def _leave_out(self, depth: int, index: int, resume: int) -> Span:
        """The span of the statement above `depth` on the stack, up to the token `resume`; notes what it
        declares."""
        tokens = self.tokens
        began = next((value for value in self.values[depth:] if isinstance(value, (Token, ast.Node))), None)
        start = tokens[index].start
        if began is not None:
            start = began.start if isinstance(began, Token) else began.span.start
        while index > 0 and tokens[index - 1].start >= start:
            index -= 1
        end = max((token.end for token in tokens[index:resume]), default=start)
        kinds = {token.type for token in tokens[index:resume]}
        for before, token in pairwise(tokens[max(index - 1, 0) : resume + 1]):
            declared = before.type in _DECLARES or kinds & _DECLARES_SEVERAL or before.value in FOREIGN
            if token.type == "NAME" and declared:
                self.damage.names.add(token.value)
        span = Span(self.grammar.source, start, max(start, end))
        self.damage.regions.append((span.start, span.end))
        return span

    def _report(self, index: int) -> None:
        token = self.tokens[index]
        before = self.tokens[index - 1] if index else None
        if token.mended:
            return  # a bracket that closes nothing stood before it: that has been said
        if token.start == token.end:
            if token.type != "$end":
                return  # a bracket that was never closed: that has been said
            token = Token("$end", "", before.end, before.end, True, True) if before is not None else token
        symbols = [self._symbol(depth) for depth in range(max(0, len(self.values) - 12), len(self.values))]
        if self._in_unclosed():
            return
        message, hints = describe(self.tables, self.states, symbols, before, token)
        foreign = self._foreign(index)
        if foreign:
            hints = (foreign,)
        self._error(message, token, hints)

    def _in_unclosed(self) -> bool:
        """Whether a `(` or `[` that is never closed is being parsed: it explains whatever follows."""
        tokens = self.tokens
        for value in self.values:
            if isinstance(value, Token) and value.mate >= 0 and value.type in _OPENS:
                mate = tokens[value.mate]
                if mate.start == mate.end and mate.type != "RBRACE":
                    return True
        return False

    def _foreign(self, index: int) -> str | None:
        """A hint if the line begins with a word of another language."""
        while index > 0 and not self.tokens[index].newline:
            index -= 1
        token = self.tokens[index]
        return FOREIGN.get(token.value) if token.type == "NAME" else None

    def _symbol(self, depth: int) -> str:
        value = self.values[depth]
        if isinstance(value, Token):
            return value.type
        return "expr" if isinstance(value, ast.Expr) else ""

    def _opened_since(self, depth: int) -> int:
        """The index of the first bracket that lies on the stack above `depth`, or -1."""
        for value in self.values[depth:]:
            if isinstance(value, Token) and value.type in _OPENS:
                return self.tokens[value.mate].mate
        return -1

    def _next_statement(self, index: int, opened: int) -> int:
        """Where the next statement begins: a token that starts a line or follows `;`, outside of brackets
        that the broken statement opened, or the bracket that closes the block."""
        tokens = self.tokens
        at = max(index, self.last_error + 1)
        if opened >= 0:
            at = max(at, tokens[opened].mate + 1)
        first = at
        while True:
            token = tokens[at]
            kind = token.type
            if kind in ("RBRACE", "$end") or (token.mate >= 0 and token.mate < at and kind in _CLOSES):
                return at
            if kind == "SEMI":
                return at
            if token.newline and kind in _BEGINS and (at > first or opened >= 0 or kind in _DECLARES):
                return at
            at = token.mate + 1 if token.mate > at else at + 1


_CLOSES = frozenset(("RPAREN", "RBRACKET", "RBRACE", "INTERP_CLOSE"))
