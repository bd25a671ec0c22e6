"""The pass between lexer and parser: what each `{ ( [ < | || - + if await yield` means where it stands.

Osprey has no statement separators, and these tokens can begin an expression as well as continue one. Which
it is depends on lines, white space and the brackets around (LANGUAGE §2.1); that is more than LALR(1) can
see. One walk from left to right settles it by giving such tokens types of their own. It keeps a frame for
each open bracket: what kind of bracket it is and which heads (`match`, `if`, `fn f()` …) still wait for
their brace. It must never report anything: what it cannot place the parser will refuse.
"""

from __future__ import annotations

from collections.abc import Callable

from ospjit.syntax.tokens import KEYWORDS, Token

_KEYWORD_TYPES = frozenset(KEYWORDS.values())
_BRACES = frozenset(("LBRACE", "RECORD_LBRACE", "ANON_LBRACE", "IMPORT_LBRACE"))
_PARENS = frozenset(("LPAREN", "CALL_LPAREN"))
_NUMBERS = frozenset(("INT", "FLOAT"))
# An expression may end with these (and with a `>` that closes type arguments).
_ENDS = frozenset(
    "NAME INT FLOAT STRING STRING_CLOSE TRUE FALSE RPAREN RBRACKET RBRACE BARE_YIELD RESUME".split()
)
# An operand of `await` or `yield` may begin with these.
_STARTS = frozenset(
    "NAME INT FLOAT STRING STRING_OPEN TRUE FALSE LPAREN LBRACKET LBRACE BANG MINUS PLUS FN MATCH IF SPAWN "
    "PERFORM RESUME HANDLE SELECT AWAIT YIELD SEND RECV".split()
)
_AFTER_PATTERN = frozenset(("FATARROW", "BAR", "IF"))
_IN_TYPES = frozenset("NAME COMMA COLONCOLON DOT ARROW FN COLON".split())
_BEFORE_TYPE = frozenset("ARROW COLON LT TYPE_LT COMMA LPAREN CALL_LPAREN".split())
_BEFORE_FIELD = _BRACES | _PARENS | {"COMMA"}
_DECLARATORS = frozenset(("FN", "TYPE", "EFFECT"))


class _Frame:
    """An open bracket: `kind` is "arms", "effect" or "other"; `heads` wait for their brace, last first;
    `in_type` while a type is being declared."""

    __slots__ = ("heads", "in_type", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.heads: list[str] = []
        self.in_type = False

    def declare(self, *heads: str, in_type: bool = False) -> None:
        """A declaration begins: heads that still wait for a brace belong to a statement that is broken."""
        self.heads[:] = heads
        self.in_type = in_type


class _Classifier:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.frames = [_Frame("other")]
        self.angles: dict[int, int] = {}

    def run(self) -> None:
        handlers = _HANDLERS
        tokens = self.tokens
        for index, token in enumerate(tokens):
            kind = token.type
            if kind in _KEYWORD_TYPES and self._is_name(index, token):
                token.type = "NAME"
                continue
            handler = handlers.get(kind)
            if handler is not None:
                handler(self, index, token)

    # What stands around

    def _before(self, index: int) -> str:
        return self.tokens[index - 1].type if index else ""

    def _ends(self, index: int) -> bool:
        """Whether an expression can end right before the token at `index`."""
        if not index:
            return False
        token = self.tokens[index - 1]
        return token.type in _ENDS or (token.type == "GT" and token.mate >= 0)

    def _is_name(self, index: int, token: Token) -> bool:
        """Rule 8: after `.`, and before `:` in records, argument lists and effects, a keyword is a name."""
        if token.type in ("SEND", "RECV"):
            return True
        before = self._before(index)
        if before == "DOT":
            return True
        if self.tokens[index + 1].type != "COLON":
            return False
        return before in _BEFORE_FIELD or self.frames[-1].kind == "effect"

    def _names_field(self, index: int) -> bool:
        """Whether `name :` stands at `index`."""
        token = self.tokens[index]
        if token.type != "NAME" and token.type not in _KEYWORD_TYPES:
            return False
        return self.tokens[index + 1].type == "COLON"

    def _typed_pattern(self, index: int) -> bool:
        """Whether `name : Type =>` or `name : { … } =>` (or `|`, `if` for `=>`) stands at `index`."""
        tokens = self.tokens
        at = index + 2
        if tokens[at].type == "LBRACE":
            at = tokens[at].mate + 1
        elif tokens[at].type == "NAME":
            at += 1
            while tokens[at].type in ("COLONCOLON", "DOT") and tokens[at + 1].type == "NAME":
                at += 2
            if tokens[at].type == "LT":
                close = self._angle(at)
                if close < 0:
                    return False
                at = close + 1
        else:
            return False
        return tokens[at].type in _AFTER_PATTERN

    def _angle(self, index: int) -> int:
        """The `>` that closes the `<` at `index` with only types between, or -1. Linear over all calls."""
        angles, tokens = self.angles, self.tokens
        if index in angles:
            return angles[index]
        stack = [index]
        at = index
        while stack:
            at += 1
            kind = tokens[at].type
            if kind in _IN_TYPES:
                continue
            if kind in ("LT", "LPAREN", "LBRACE"):
                stack.append(at)
                continue
            top = tokens[stack[-1]].type
            if kind == "GT" and top == "LT":
                angles[stack.pop()] = at
            elif (kind == "RPAREN" and top == "LPAREN") or (kind == "RBRACE" and top == "LBRACE"):
                stack.pop()
            else:
                break
        for unclosed in stack:
            angles[unclosed] = -1
        return angles[index]

    # Brackets

    def _open(self, kind: str = "other") -> None:
        self.frames.append(_Frame(kind))

    def _close(self, _index: int, _token: Token) -> None:
        if len(self.frames) > 1:
            self.frames.pop()

    def _interpolation(self, _index: int, _token: Token) -> None:
        self._open()

    def _paren(self, index: int, token: Token) -> None:
        """Rule 2: a call only on the line of the expression before it."""
        if not token.newline and self._ends(index):
            token.type = "CALL_LPAREN"
        self._open()

    def _bracket(self, index: int, token: Token) -> None:
        """Rule 2: an index only with no white space before it."""
        if not token.space and self._ends(index):
            token.type = "INDEX_LBRACKET"
        self._open()

    def _import_brace(self, _index: int, _token: Token) -> None:
        self._open()

    def _brace(self, index: int, token: Token) -> None:
        """Rule 4."""
        before = self._before(index)
        heads = self.frames[-1].heads
        head = heads[-1] if heads else ""
        named = self._names_field(index + 1)
        if head in ("fn", "effect", "module"):
            if before not in _BEFORE_TYPE:
                heads.pop()
                self._open("effect" if head == "effect" else "other")
                return
        if before in ("ELSE", "SELECT"):
            self._open()
        elif not self._ends(index) or (token.newline and not head):
            if named:
                token.type = "ANON_LBRACE"
            self._open()
        elif not token.newline and (self._continues(index, before, head, named) or self._payload(index)):
            token.type = "RECORD_LBRACE"
            self._open()
        else:
            if head:
                heads.pop()
            self._open("arms" if head == "match" else "other")

    def _continues(self, index: int, before: str, head: str, named: bool) -> bool:
        """Whether a brace on the line of the expression before it makes a record of that expression."""
        if named:
            return not (head == "match" and self._typed_pattern(index + 1))
        return before == "GT" and self.tokens[index + 1].type == "RBRACE"

    def _payload(self, index: int) -> bool:
        """Whether a brace holds the fields of a variant that is being declared."""
        if not self.frames[-1].in_type or index < 2:
            return False
        return self._before(index) == "NAME" and self._before(index - 1) in ("EQ", "BAR")

    def _less(self, index: int, token: Token) -> None:
        """Rule 5: type arguments of a name in an expression."""
        if self.frames[-1].kind == "arms" and self.tokens[index + 1].type in _IN_TYPES:
            # `n: List<int> if …`: comparisons do not chain, so this can only be a type before a guard.
            close = self._angle(index)
            if close >= 0 and self.tokens[close + 1].type == "IF":
                self.tokens[close].mate = index
                return
        name = self.tokens[index - 1] if index else token
        if token.space or name.type != "NAME" or not name.value[0].isupper():
            return
        if index >= 2 and self.tokens[index - 2].type in _DECLARATORS:
            return
        close = self._angle(index)
        if close < 0:
            return
        after = self.tokens[close + 1]
        if after.type == "LBRACE" or (after.type == "LPAREN" and not after.space):
            token.type = "TYPE_LT"
            token.mate = close
            self.tokens[close].mate = index

    def _bar(self, index: int, token: Token) -> None:
        """Rule 6: the bars around lambda parameters."""
        if token.mate >= 0:
            return
        tokens = self.tokens
        at = index + 1
        while True:
            kind = tokens[at].type
            if kind == "BAR":
                break
            if kind in ("LPAREN", "LBRACE"):
                at = tokens[at].mate
            elif kind not in _IN_TYPES and kind not in ("LT", "GT"):
                return
            at += 1
        if tokens[at + 1].type == "FATARROW":
            token.type = "LAMBDA_BAR"
            tokens[at].mate = index

    def _or(self, index: int, token: Token) -> None:
        if not self._ends(index):
            token.type = "NO_PARAMS"

    # Signs and words

    def _sign(self, index: int, token: Token) -> None:
        """Rules 1 and 3."""
        after = self.tokens[index + 1]
        touches = after.start == token.end
        minus = token.type == "MINUS"
        number = minus and after.type in _NUMBERS
        if self._ends(index):
            arm = number and self.frames[-1].kind == "arms"
            if arm and self.tokens[index + 2].type in _AFTER_PATTERN:
                token.type = "LITERAL_MINUS"
                return
            if not (token.newline and touches):
                return
        if number and touches:
            token.type = "LITERAL_MINUS"
        else:
            token.type = "PREFIX_MINUS" if minus else "PREFIX_PLUS"

    def _if(self, index: int, token: Token) -> None:
        """Directly among arms, an `if` after a pattern is its guard."""
        if self.frames[-1].kind == "arms" and self._ends(index):
            token.type = "GUARD_IF"
        else:
            self.frames[-1].heads.append("if")

    def _match(self, _index: int, _token: Token) -> None:
        self.frames[-1].heads.append("match")

    def _await(self, index: int, token: Token) -> None:
        """Rule 7: with an operand on its line, a prefix; otherwise a function."""
        if not self._has_operand(index):
            token.type = "NAME"

    def _yield(self, index: int, token: Token) -> None:
        """Rule 7: with an operand on its line, a prefix; alone, a call; as an argument, a function."""
        if self._has_operand(index):
            return
        before, after = self._before(index), self.tokens[index + 1].type
        argument = before in ("CALL_LPAREN", "COMMA", "COLON") and after in ("COMMA", "RPAREN")
        call = after == "LPAREN" and not self.tokens[index + 1].newline
        token.type = "NAME" if argument or call or before == "PIPE" else "BARE_YIELD"

    def _has_operand(self, index: int) -> bool:
        after = self.tokens[index + 1]
        return not after.newline and after.type in _STARTS and after.type != "LPAREN"

    # Declarations

    def _statement(self, _index: int, _token: Token) -> None:
        self.frames[-1].declare()

    def _type(self, _index: int, _token: Token) -> None:
        self.frames[-1].declare(in_type=True)

    def _function(self, index: int, _token: Token) -> None:
        if self.tokens[index + 1].type == "NAME":
            self.frames[-1].declare(*("fn",) if self._before(index) != "EXTERN" else ())

    def _equals(self, _index: int, _token: Token) -> None:
        heads = self.frames[-1].heads
        if heads and heads[-1] == "fn":
            heads.pop()

    def _effect(self, _index: int, _token: Token) -> None:
        self.frames[-1].declare("effect")

    def _module(self, _index: int, _token: Token) -> None:
        self.frames[-1].declare("module")

    def _import(self, index: int, _token: Token) -> None:
        self.frames[-1].declare()
        tokens = self.tokens
        at = index + 1
        while tokens[at].type == "NAME" or tokens[at].type in _KEYWORD_TYPES:
            at += 1
            if tokens[at].type != "DOT":
                break
            at += 1
        if tokens[at].type == "LBRACE" and not tokens[at].newline:
            tokens[at].type = "IMPORT_LBRACE"


_HANDLERS: dict[str, Callable[[_Classifier, int, Token], None]] = {
    "LPAREN": _Classifier._paren,
    "LBRACKET": _Classifier._bracket,
    "LBRACE": _Classifier._brace,
    "IMPORT_LBRACE": _Classifier._import_brace,
    "INTERP_OPEN": _Classifier._interpolation,
    "RPAREN": _Classifier._close,
    "RBRACKET": _Classifier._close,
    "RBRACE": _Classifier._close,
    "INTERP_CLOSE": _Classifier._close,
    "LT": _Classifier._less,
    "BAR": _Classifier._bar,
    "OROR": _Classifier._or,
    "MINUS": _Classifier._sign,
    "PLUS": _Classifier._sign,
    "IF": _Classifier._if,
    "MATCH": _Classifier._match,
    "AWAIT": _Classifier._await,
    "YIELD": _Classifier._yield,
    "LET": _Classifier._statement,
    "MUT": _Classifier._statement,
    "TYPE": _Classifier._type,
    "EXTERN": _Classifier._statement,
    "EXPORT": _Classifier._statement,
    "FN": _Classifier._function,
    "EQ": _Classifier._equals,
    "EFFECT": _Classifier._effect,
    "MODULE": _Classifier._module,
    "IMPORT": _Classifier._import,
}


def classify(tokens: list[Token]) -> None:
    """Refine the types of a balanced list of tokens in place."""
    _Classifier(tokens).run()
