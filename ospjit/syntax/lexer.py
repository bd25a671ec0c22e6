"""Source text to a list of tokens.

One regular expression finds the next token together with the white space before it; strings are read piece
by piece, and the code inside `${…}` becomes ordinary tokens between INTERP_OPEN and INTERP_CLOSE, so that
nothing recurses however deep strings and interpolations nest. Every lexical fault is reported and replaced
by something that parses, so that one bad character does not hide the errors after it. The lexer must never
raise on any text, and never decide what a `{`, `(` or `-` means: that is `classify`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ospjit.diagnostics import Diagnostics, Label, Source, Span
from ospjit.syntax.tokens import CLOSERS, KEYWORDS, OPENERS, OPERATORS, SPELLING, Token

MAX_INT = 2**63  # one more than the largest `int`: the parser allows it under a minus only

_SCAN = re.compile(
    r"""([ \t\r\n\f]*)
    (?:(?P<NAME>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<COMMENT>//[^\n]*)
    |(?P<OP>=>|->|\|>|\|\||&&|==|!=|<=|>=|\?:|::|\.\.\.?|[()\[\]{}<>=+\-*%!?:,;.|]|/(?!\*))
    |(?P<NUMBER>[0-9](?:_?[0-9])*(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)
    |(?P<PLAIN>"[^"\\$\0]*")
    |(?P<QUOTE>")
    |(?P<BLOCK>/\*)
    |(?P<END>\Z)
    |(?P<BAD>.)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_TAIL = re.compile(r"[A-Za-z0-9_]*", re.ASCII)
_PIECE = re.compile(r"""[^"\\$]+ | \\u\{[^}"\n]*\}? | \\. | \$\{ | \$ | \" | \\ """, re.VERBOSE | re.DOTALL)
_LINK = re.compile(r"//\s*@(link|linkdir):[ \t]*(.*?)\s*\Z")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "0": "\0", '"': '"', "\\": "\\", "$": "$"}
#: Which string lacks its quote is looked for in texts up to this many characters, among this many strings.
_SECOND_LOOK = 1 << 18
_SUSPECTS = 12
_QUOTED = re.compile(r"'[^'\n]*'")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BAD_HINTS = {
    "`": 'strings are written in double quotes: "…"',
    "#": "comments start with '//'",
    "&": "'and' is written '&&'",
    "^": "there is no such operator",
    "@": "library comments are written '// @link: name'",
}


class Lexer:
    """Turns one source into tokens; `tokenize` is the way in."""

    def __init__(self, source: Source, diagnostics: Diagnostics, unclosed: int = -1) -> None:
        """`unclosed`: the offset of a string that is taken to end, unclosed, with its line."""
        self.source = source
        self.unclosed = unclosed
        self.text = self._checked(source, diagnostics)
        self.diagnostics = diagnostics
        self.tokens: list[Token] = []
        self.links: list[tuple[str, str, int, int]] = []
        self.doc: list[str] = []
        # One entry an open brace: the index of STRING_OPEN for `${`, or -1 for `{`.
        self.braces: list[int] = []
        self.recovered = False

    def _checked(self, source: Source, diagnostics: Diagnostics) -> str:
        text = source.text
        if not text.isascii():
            bad = _SURROGATE.search(text)
            if bad:
                span = Span(source, bad.start(), bad.end())
                diagnostics.error("OSP1001", "the source is not valid UTF-8", span)
                text = _SURROGATE.sub("\ufffd", text)
        return text

    def error(self, code: str, message: str, start: int, end: int, *hints: str) -> None:
        """Report a lexical fault."""
        self.diagnostics.error(code, message, Span(self.source, start, end), hints=hints)

    def run(self) -> list[Token]:
        """All tokens of the source, closed by `$end`."""
        position = 1 if self.text.startswith("\ufeff") else 0
        if self.text.startswith("#!", position):  # a script that names its interpreter
            end = self.text.find("\n", position)
            position = end if end >= 0 else len(self.text)
        while position < len(self.text):
            position = self._code(position)
            if any(opened >= 0 for opened in self.braces):
                position = self._unclosed_interpolation()
        size = len(self.text)
        self.tokens.append(Token("$end", "", size, size, True, True))
        return self.tokens

    def _code(self, position: int) -> int:
        """Lex until the end of the text or a string that does not end; returns where to go on."""
        text, scan, tokens, braces = self.text, _SCAN.match, self.tokens, self.braces
        keyword, operator = KEYWORDS.get, OPERATORS
        space = newline = position == 0
        while True:
            found = scan(text, position)
            assert found is not None
            blank = found[1]
            if blank:
                space = True
                newline = newline or "\n" in blank
            kind = found.lastgroup
            start, position = found.span(kind)  # type: ignore[arg-type]
            if kind == "NAME":
                word = text[start:position]
                token = Token(keyword(word, "NAME"), word, start, position, space, newline)
            elif kind == "OP":
                word = text[start:position]
                token = Token(operator[word], word, start, position, space, newline)
                if word == "{":
                    braces.append(-1)
                elif word == "}" and braces:
                    opened = braces.pop()
                    if opened >= 0:
                        token.type = "INTERP_CLOSE"
                        tokens.append(token)
                        space = newline = False
                        position = self._string_text(position, opened, space, newline)
                        continue
            elif kind == "PLAIN" and start != self.unclosed:
                token = Token("STRING", text[start + 1 : position - 1], start, position, space, newline)
            elif kind == "NUMBER":
                token, position = self._number(start, position, space, newline)
            elif kind == "COMMENT":
                space = True
                self._comment(start, position)
                continue
            elif kind in ("QUOTE", "PLAIN"):
                self.doc = []
                position = self._string_text(start + 1, -1, space, newline, start)
                space = newline = False
                continue
            elif kind == "END":
                return position
            else:
                position = self._fault(kind, start, position)
                space = True
                continue
            if self.doc:
                token.doc = "\n".join(self.doc)
                self.doc = []
            tokens.append(token)
            space = newline = False

    def _comment(self, start: int, end: int) -> None:
        comment = self.text[start:end].rstrip("\r")
        if comment.startswith("///") and not comment.startswith("////"):
            line = comment[3:]
            self.doc.append(line[1:] if line.startswith(" ") else line)
            return
        self.doc = []
        link = _LINK.match(comment)
        if link:
            if link[2]:
                self.links.append((link[1], link[2], start, end))
            else:
                self.error("OSP1011", f"'@{link[1]}:' needs a name after it", start, end)

    def _number(self, start: int, end: int, space: bool, newline: bool) -> tuple[Token, int]:
        """A number; letters and digits that touch it are one fault together with it."""
        tail = _TAIL.match(self.text, end)
        assert tail is not None
        if tail.end() > end:
            word = self.text[start : tail.end()]
            hints = ("put a space or an operator between a number and a name",)
            if word[:2].lower() in ("0x", "0b", "0o"):
                hints = ("numbers are written in decimal",)
            elif not word.strip("0123456789_."):
                hints = ("an underscore stands between two digits",)
            self.error("OSP1003", f"'{_shortened(word)}' is not a number", start, tail.end(), *hints)
            return Token("INT", 0, start, tail.end(), space, newline), tail.end()
        digits = self.text[start:end].replace("_", "")
        if digits.isdigit():
            significant = digits.lstrip("0")
            value = int(significant or "0") if len(significant) <= 19 else MAX_INT + 1
            if value > MAX_INT:
                self.integer_too_large(start, end)
                value = 0
            return Token("INT", value, start, end, space, newline), end
        number = float(digits)
        if number == float("inf"):
            self.error("OSP1005", "float literal is too large: the largest is about 1.8e308", start, end)
            number = 0.0
        return Token("FLOAT", number, start, end, space, newline), end

    def integer_too_large(self, start: int, end: int) -> None:
        """Report an integer that does not fit 64 bits."""
        hint = "an int goes from -9223372036854775808 to 9223372036854775807"
        self.error("OSP1004", "integer literal is too large", start, end, hint)

    def _string_text(self, position: int, opened: int, space: bool, newline: bool, quote: int = -1) -> int:
        """Read string text up to the closing quote or the next `${`; returns where code goes on.

        `opened` is the index of the STRING_OPEN token when the text follows an interpolation; otherwise -1,
        and `quote` is the offset of the opening quote.
        """
        text, tokens = self.text, self.tokens
        if quote >= 0 and quote == self.unclosed:
            return self._unclosed_string(quote, len(tokens))
        first = position
        parts: list[str] = []
        while True:
            piece = _PIECE.match(text, position)
            if piece is None:
                start = quote if opened < 0 else tokens[opened].start
                return self._unclosed_string(start, len(tokens) if opened < 0 else opened)
            start, position = position, piece.end()
            part = piece[0]
            if part == '"':
                value = "".join(parts)
                if opened < 0:
                    tokens.append(Token("STRING", value, quote, position, space, newline))
                    return position
                if value:
                    tokens.append(Token("STRING_TEXT", value, first, start, False, False))
                tokens.append(Token("STRING_CLOSE", '"', start, position, False, False))
                return position
            if part == "${":
                if opened < 0:
                    opened = len(tokens)
                    tokens.append(Token("STRING_OPEN", '"', quote, quote + 1, space, newline))
                if parts:
                    tokens.append(Token("STRING_TEXT", "".join(parts), first, start, False, False))
                tokens.append(Token("INTERP_OPEN", "${", start, position, False, False))
                self.braces.append(opened)
                return position
            if part[0] == "\\":
                part = self._escape(part, start, position)
            elif "\0" in part:
                at = start + part.index("\0")
                self.error("OSP1002", "NUL in a string", at, at + 1, r"write it as '\0'")
            parts.append(part)

    def _escape(self, written: str, start: int, end: int) -> str:
        if written.startswith("\\u{"):
            digits = written[3:-1]
            if not written.endswith("}"):
                self.error("OSP1007", r"'\u{' is not closed by '}'", start, end, r"write '\u{1F600}'")
                return "\ufffd"
            value = -1
            if digits and len(digits) <= 8 and all(c in "0123456789abcdefABCDEF" for c in digits):
                value = int(digits, 16)
            if not 0 <= value <= 0x10FFFF or 0xD800 <= value <= 0xDFFF:
                hint = r"'\u{…}' takes the hexadecimal number of a Unicode character, up to 10FFFF"
                self.error("OSP1007", f"'{_shortened(written)}' is not a character", start, end, hint)
                return "\ufffd"
            return chr(value)
        return _ESCAPES.get(written[1:], written)

    def _unclosed_string(self, start: int, index: int) -> int:
        """A string without its end: blame the outermost, go on (once) on the line after it begins."""
        outermost = min((opened for opened in self.braces if opened >= 0), default=index)
        labels: list[Label] = []
        if outermost < len(self.tokens):
            start = self.tokens[outermost].start
            interpolation = self._unclosed_dollar(outermost)
            if interpolation is not None:
                span = Span(self.source, interpolation.start, interpolation.end)
                labels.append(Label(span, "is the '}' of this '${' missing?"))
        span = Span(self.source, start, start + 1)
        self.diagnostics.error("OSP1006", "this string is never closed", span, labels=labels)
        return self._resume_after_line(start, outermost)

    def _unclosed_dollar(self, opened: int) -> Token | None:
        for token in reversed(self.tokens):
            if token.type == "INTERP_CLOSE" or token.start <= self.tokens[opened].start:
                return None
            if token.type == "INTERP_OPEN":
                return token
        return None

    def _unclosed_interpolation(self) -> int:
        """The text ended inside `${…`."""
        outermost = min(opened for opened in self.braces if opened >= 0)
        start = self.tokens[outermost].start
        dollar = next(t for t in self.tokens[outermost:] if t.type == "INTERP_OPEN")
        for token in reversed(self.tokens[outermost:]):
            if token.type == "INTERP_OPEN":
                dollar = token
                break
        span = Span(self.source, dollar.start, dollar.end)
        self.diagnostics.error("OSP1006", "this '${' is never closed by '}'", span)
        return self._resume_after_line(start, outermost)

    def _resume_after_line(self, start: int, index: int) -> int:
        """Replace everything from the token at `index` by an empty string and go on after its line."""
        space, newline = True, True
        if index < len(self.tokens):
            space, newline = self.tokens[index].space, self.tokens[index].newline
        del self.tokens[index:]
        # Braces opened before the string are still open; how many follows from the tokens that are left.
        self.braces.clear()
        for token in self.tokens:
            if token.type == "LBRACE":
                self.braces.append(-1)
            elif token.type == "RBRACE" and self.braces:
                self.braces.pop()
        end = self.text.find("\n", start)
        if end < 0 or self.recovered:
            end = len(self.text)
        self.tokens.append(Token("STRING", "", start, min(end, start + 1), space, newline))
        if self.recovered:
            self._close_brackets(("LPAREN", "LBRACKET", "LBRACE"), 0)
        else:
            self._close_brackets(("LPAREN", "LBRACKET"), self.text.rfind("\n", 0, start) + 1)
        self.recovered = True
        return end

    def _close_brackets(self, kinds: Sequence[str], since: int) -> None:
        """Close, without width, the brackets after `since` that are still open: nobody knows whether the
        text that was skipped closed them."""
        opened: list[Token] = []
        for token in self.tokens:
            if token.type in OPENERS:
                opened.append(token)
            elif token.type in CLOSERS and opened:
                opened.pop()
        at = self.tokens[-1].end
        while opened and opened[-1].type in kinds and opened[-1].start >= since:
            kind = OPENERS[opened.pop().type]
            self.tokens.append(Token(kind, SPELLING[kind], at, at, False, False))

    def _fault(self, kind: str | None, start: int, end: int) -> int:
        """Something that is no token: report it and skip it."""
        if kind == "BLOCK":
            close = self.text.find("*/", end)
            self.error("OSP1008", "comments start with '//', there are no '/* … */'", start, end)
            return close + 2 if close >= 0 else len(self.text)
        character = self.text[start]
        if character == "\0":
            self.error("OSP1002", "NUL in the source", start, end)
            return end
        hints = [_BAD_HINTS[character]] if character in _BAD_HINTS else []
        if character == "#":
            newline = self.text.find("\n", start)
            end = newline if newline >= 0 else len(self.text)
        elif character == "&":
            self.tokens.append(Token("ANDAND", "&&", start, end, True, False))
        elif character == "'":
            return self._single_quotes(start)
        if character.isalpha():
            word_end = end
            while word_end < len(self.text) and self.text[word_end].isalnum():
                word_end += 1
            word = _shortened(self.text[start:word_end])
            hint = "names are made of the letters A to Z and a to z, digits and '_'"
            self.error("OSP1002", f"'{word}' cannot stand in a name", start, word_end, hint)
            before = self.tokens[-1] if self.tokens else None
            if before is not None and before.type == "NAME" and before.end == start:
                before.end = word_end
            else:
                self.tokens.append(Token("NAME", "_", start, word_end, True, False))
            return word_end
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        self.error("OSP1002", f"unexpected character '{shown}'", start, start + 1, *hints)
        while end < len(self.text) and self.text[end] == character:
            end += 1
        return end

    def _single_quotes(self, start: int) -> int:
        """`'text'` as in other languages: one fault, and a string for the parser."""
        found = _QUOTED.match(self.text, start)
        end = found.end() if found else start + 1
        hint = 'strings are written in double quotes: "…"'
        self.error("OSP1002", "unexpected single quote", start, end, hint)
        if found:
            self.tokens.append(Token("STRING", found[0][1:-1], start, end, True, False))
        return end


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"


def tokenize(source: Source, diagnostics: Diagnostics) -> Lexer:
    """Lex a source: the result carries `tokens` (the last is `$end`) and `links`. Never raises."""
    found = Diagnostics()
    lexer = Lexer(source, found)
    lexer.run()
    if any(item.code == "OSP1006" for item in found.items) and len(source.text) <= _SECOND_LOOK:
        lexer = _with_likely_culprit(lexer)
    for item in lexer.diagnostics.items:
        diagnostics.add(item)
    lexer.diagnostics = diagnostics
    return lexer


def _with_likely_culprit(first: Lexer) -> Lexer:
    """Strings may span lines, so a missing quote turns strings and code into each other up to the end of the
    text. The string to blame is the one whose end, if put at the end of its line, makes all the others end,
    and the fewest of them span lines."""
    best, fewest = first, len(_spanning(first)) + 1
    for start in _spanning(first)[:_SUSPECTS]:
        lexer = Lexer(first.source, Diagnostics(), start)
        lexer.run()
        unclosed = sum(item.code == "OSP1006" for item in lexer.diagnostics.items)
        if unclosed == 1 and len(_spanning(lexer)) < fewest:
            best, fewest = lexer, len(_spanning(lexer))
    return best


def _spanning(lexer: Lexer) -> list[int]:
    """The offsets of the outermost strings that span lines."""
    found = []
    depth = start = 0
    for token in lexer.tokens:
        if token.type == "STRING_OPEN":
            start = start if depth else token.start
            depth += 1
        elif token.type == "STRING_CLOSE":
            depth -= 1
        if depth == 0 and token.type in ("STRING", "STRING_CLOSE"):
            start = token.start if token.type == "STRING" else start
            if "\n" in lexer.text[start : token.end]:
                found.append(start)
    return found
