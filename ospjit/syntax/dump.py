"""Tokens and trees as text, for `--emit=tokens` and `--emit=ast`.

One line a token or node, stable from run to run, so that tests and `diff` can compare them. Trees are walked
with an explicit stack: a chain of a hundred thousand operators prints like any other.
"""

from __future__ import annotations

from typing import Any

from ospjit.diagnostics import Source
from ospjit.plain import fields
from ospjit.syntax import ast
from ospjit.syntax.tokens import Token

_HIDDEN = frozenset(("span", "name_span", "op_span", "operation_span"))


def dump_tokens(tokens: list[Token], source: Source) -> str:
    """One token a line: its place, its type and its value (nothing where the type says it all)."""
    lines = []
    for token in tokens:
        line, column = source.position(token.start)
        value = ""
        if token.type in ("NAME", "INT", "FLOAT", "STRING", "STRING_TEXT"):
            value = f" {_quoted(token.value)}" if isinstance(token.value, str) else f" {token.value!r}"
        lines.append(f"{line}:{column} {token.type}{value}")
    return "\n".join(lines) + "\n"


def dump_ast(program: ast.Program) -> str:
    """The tree, indented: `role: Class line:column attribute=value`."""
    lines: list[str] = []
    for link in program.links:
        lines.append(f"Link {_place(link)} kind={link.kind} value={_quoted(link.value)}")
    # Entries: (depth, role, node or list item). Children are pushed in reverse.
    stack: list[tuple[int, str, Any]] = [(0, "", item) for item in reversed(program.statements)]
    while stack:
        depth, role, item = stack.pop()
        head = _indent(depth) + (f"{role}: " if role else "")
        if isinstance(item, ast.Node):
            scalars, children = _parts(item)
            lines.append(f"{head}{type(item).__name__} {_place(item)}{scalars}")
        elif isinstance(item, tuple):
            lines.append(f"{head}entry")
            children = [("key", item[0]), ("value", item[1])]
        else:
            lines.append(f"{head}{_quoted(item)}")
            children = []
        stack.extend((depth + 1, name, child) for name, child in reversed(children))
    return "\n".join(lines) + ("\n" if lines else "")


def _indent(depth: int) -> str:
    """Two spaces a level; from level 50 on the level as a number, so that long chains stay printable."""
    return "  " * depth if depth < 50 else "  " * 50 + f"[{depth}] "


def _parts(node: ast.Node) -> tuple[str, list[tuple[str, Any]]]:
    """The plain attributes of a node as text, and its children with their roles."""
    scalars = ""
    children: list[tuple[str, Any]] = []
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name in _HIDDEN or value is None or value == () or value == []:
            continue
        if isinstance(value, ast.Node):
            children.append((field.name, value))
        elif isinstance(value, list):
            children += [(field.name, part) for part in value]
        elif isinstance(value, tuple):
            scalars += f" {field.name}={'::'.join(value)}"
        elif isinstance(value, bool) and not isinstance(node, (ast.BoolLit, ast.PLit)):
            scalars += f" {field.name}" if value else ""
        elif isinstance(value, str):
            literal = field.name in ("doc", "value")
            if value or literal:
                scalars += f" {field.name}={_quoted(value) if literal else value}"
        else:
            scalars += f" {field.name}={value!r}"
    return scalars, children


def _place(node: ast.Node) -> str:
    line, column = node.span.position()
    return f"{line}:{column}"


def _quoted(text: str) -> str:
    """A string on one line, in double quotes."""
    body = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return f'"{body}"'
