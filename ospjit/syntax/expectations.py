"""What a syntax error says: which forms could have stood there, in the words of a user.

The parser hands over its stack of states and the token that did not fit; the tables tell which terminals
and which forms (expression, type, pattern …) would have. It must never change the parser's state.
"""

from __future__ import annotations

from ospjit.syntax.tables import Tables
from ospjit.syntax.tokens import KEYWORDS, SPELLING, Token, spelled

# Forms by nonterminal, the widest first: a place for a statement takes an expression as well.
_FORMS = (
    ("item", "a statement"),
    ("handler_body", "an expression"),
    ("expr", "an expression"),
    ("pattern", "a pattern"),
    ("list_part", "a pattern"),
    ("type", "a type"),
    ("definition", "a type or variants"),
    ("param", "a parameter name"),
    ("type_param", "a type parameter"),
    ("field_init", "a field 'name: value'"),
    ("field_def", "a field 'name: type'"),
    ("operation", "an operation 'name: fn(…) -> …'"),
    ("handler_arm", "an arm 'operation => …'"),
    ("block", "'{'"),
)
# Tokens that only continue an expression: naming them all helps nobody.
_CONTINUE = frozenset(
    "PLUS MINUS TIMES DIVIDE MOD EQEQ NE LT LE GT GE ANDAND OROR PIPE QUESTION QCOLON DOT COLONCOLON SEMI "
    "CALL_LPAREN INDEX_LBRACKET RECORD_LBRACE TYPE_LT RESYNC BAR GUARD_IF".split()
)
_COMPARISONS = frozenset(("EQEQ", "NE", "LT", "LE", "GT", "GE"))
_OTHERS = {
    "NAME": "a name",
    "STRING": "a string",
    "STRING_CLOSE": "the end of the string",
    "INTERP_CLOSE": "'}'",
    "$end": "the end of the file",
}


def describe(
    tables: Tables, states: list[int], symbols: list[str], before: Token | None, found: Token
) -> tuple[str, tuple[str, ...]]:
    """The sentence for a syntax error and its hints. `symbols` names what lies on the stack."""
    special = _special(tables, states, symbols, before, found)
    if special is not None:
        return special
    after = f" after {spelled(before)}" if before is not None else ""
    wanted = _wanted(tables, states)
    if not wanted and accepts(tables, states, "FATARROW"):
        wanted = ["'=>'"]
    if not wanted:
        return f"unexpected {spelled(found)}{after}", ()
    hints: tuple[str, ...] = ()
    if wanted == ["a name"] and found.value in KEYWORDS:
        hints = (f"'{found.value}' is a keyword",)
    return f"expected {_listed(wanted)}{after}, found {spelled(found)}", hints


def _special(
    tables: Tables, states: list[int], symbols: list[str], before: Token | None, found: Token
) -> tuple[str, tuple[str, ...]] | None:
    """Mistakes that deserve a sentence of their own."""
    kind = found.type
    top = symbols[-1]
    # A name that the next token would have turned into an expression.
    name = top == "NAME" and len(states) > 1 and "expr" in tables.goto[states[-2]]
    if kind == "ELSE":
        hint = "put the body into braces of its own: 'if c { … } else { … }'"
        if "IF" in symbols:
            message = "this 'if' has no body: '{ name: … }' after its condition updates a record"
            return message, (hint, "for a record as the value write 'if c { { a: 1 } } else { … }'")
        return "this 'else' belongs to no 'if'", ()
    if kind == "NAMESPACE":
        return "'namespace' is reserved and cannot be used yet", ()
    if top == "expr" and kind in _COMPARISONS and len(symbols) > 2 and symbols[-2] in _COMPARISONS:
        return "comparisons do not chain", ("write 'a < b && b < c'",)
    if name and kind == "EQ" and symbols[-2] not in ("CALL_LPAREN", "COMMA"):
        hints = ("compare with '=='", "put an assignment into a block of its own: '{ x = 1 }'")
        return "an assignment is a statement and cannot stand here", hints
    if top == "expr" and kind == "EQ":
        hint = "compare with '==', or make a changed copy of a record: 'p { x: 1 }'"
        return "only a variable can be assigned", (hint,)
    if top == "expr" and kind == "COMMA" and symbols[-2] == "LPAREN":
        return "there are no tuples", ("use a record such as '{ x: 1, y: 2 }', or a list",)
    if kind == "STRING" and top == "expr" and before is not None and before.type == "STRING":
        if before.end == found.start:
            return "there are no triple-quoted strings", ("a string may span lines as it is",)
    if kind == "DOT" and "expr" in tables.goto[states[-1]]:
        return "expected an expression, found '.'", ("a number has digits on both sides of its '.': 0.5",)
    if kind == "LBRACKET" and top in ("NAME", "expr") and before is not None and not found.newline:
        advice = ("to index, write '[' directly after the value: xs[0]",)
        return "expected ',' or the end of this expression, found '['", advice
    if kind == "LBRACE" and "definition" in tables.goto[states[-1]]:
        return "a record type lists its fields with their types", ("write '{ name: type, … }'",)
    if before is not None and kind in ("ARROW", "EQ", "COLON", "LBRACE", "FATARROW"):
        return _wrong_arrow(tables, states, symbols, before, found)
    return None


def _wrong_arrow(
    tables: Tables, states: list[int], symbols: list[str], before: Token, found: Token
) -> tuple[str, tuple[str, ...]] | None:
    """Something else where the body of an arm, a lambda or a function begins."""
    text = f"after {spelled(before)}, found {spelled(found)}"
    if found.type == "FATARROW" and accepts(tables, states, "EQ"):
        return f"expected '=' or '{{' {text}", ("only lambdas and arms have '=>'",)
    if found.type != "FATARROW" and accepts(tables, states, "FATARROW"):
        if before.type == "RPAREN" and "FN" in symbols:
            return f"expected '=>' {text}", ("a lambda is written 'fn(x) => …'",)
        return f"expected '=>' {text}", ()
    return None


def _wanted(tables: Tables, states: list[int]) -> list[str]:
    """What could stand here: forms first, then single tokens."""
    goto = tables.goto[states[-1]]
    wanted = [next((text for name, text in _FORMS if name in goto), "")]
    has_form = wanted[0] != ""
    if not has_form:
        wanted = []
    closing = ("RPAREN", "RBRACKET", "RBRACE") if has_form else ()
    for terminal in sorted(tables.action[states[-1]]):
        if terminal in _CONTINUE or (has_form and terminal not in closing):
            continue
        if not accepts(tables, states, terminal):
            continue
        text = _OTHERS.get(terminal)
        if text is None and terminal in SPELLING:
            text = f"'{SPELLING[terminal]}'"
        if text is not None and text not in wanted:
            wanted.append(text)
    return wanted if len(wanted) <= 6 else []


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]


def accepts(tables: Tables, states: list[int], terminal: str) -> bool:
    """Whether the parser, after the reductions that `terminal` asks for, would shift it."""
    depth = len(states)
    pushed: list[int] = []
    while True:
        state = pushed[-1] if pushed else states[depth - 1]
        step = tables.default[state] or tables.action[state].get(terminal)
        if step is None:
            return False
        if step >= 0:
            return True
        production = tables.productions[-step]
        drop = production.length
        from_pushed = min(drop, len(pushed))
        if from_pushed:
            del pushed[len(pushed) - from_pushed :]
        depth -= drop - from_pushed
        top = pushed[-1] if pushed else states[depth - 1]
        pushed.append(tables.goto[top][production.name])
