"""A checked program as text, for `--emit=types`: every declaration with its type, then the core tree.

One line a node, two spaces a level, stable from run to run. Locals of one name in one function are told apart
by a number (`x`, `x.1`). Walked with an explicit stack: a chain of any length prints like any other.
"""

from __future__ import annotations

from typing import Any

from ospjit.plain import fields
from ospjit.types import core
from ospjit.types.types import Con, Fun, Rec, Type


def dump(program: core.Program) -> str:
    """The whole program."""
    return _Dump(program).run()


class _Dump:
    def __init__(self, program: core.Program) -> None:
        self.program = program
        self.lines: list[str] = []
        self.names: dict[core.Local, str] = {}
        self.used: dict[str, int] = {}

    def run(self) -> str:
        program = self.program
        for data in program.datas.values():
            if data.span.source is program.source:
                self.lines.append(f"type {self._data(data)}")
        for extern in program.externs.values():
            params = ", ".join(f"{n}: {self.show(t)}" for n, t in extern.params)
            self.lines.append(f"extern fn {extern.symbol}({params}) -> {self.show(extern.result)}")
        for variable in program.globals.values():
            self.lines.append(f"let {variable.name}: {self.show(variable.type)}")
        for function in program.functions.values():
            self._function(function)
        if program.entry.stmts:
            self._fresh_names()
            self.lines.append("entry")
            self._tree(1, [("", s) for s in program.entry.stmts])
        return "\n".join(self.lines) + ("\n" if self.lines else "")

    # ---- declarations

    def _data(self, data: core.Data) -> str:
        params = f"<{', '.join(data.params)}>" if data.params else ""
        head = f"{data.title}{params}" if data.title == data.name else f"{data.title}{params} ({data.name})"
        if data.is_record:
            return f"{head} = {self._fields(data.variants[0])}"
        return f"{head} = {' | '.join(self._variant(v) for v in data.variants)}"

    def _variant(self, variant: core.Variant) -> str:
        if not variant.fields:
            return variant.name
        if variant.positional:
            return f"{variant.name}({', '.join(self.show(t) for _, t in variant.fields)})"
        return f"{variant.name} {self._fields(variant)}"

    def _fields(self, variant: core.Variant) -> str:
        return "{ " + ", ".join(f"{n}: {self.show(t)}" for n, t in variant.fields) + " }"

    def _function(self, function: core.Function) -> None:
        self._fresh_names()
        tparams = f"<{', '.join(function.tparams)}>" if function.tparams else ""
        shown = [f"{self.name(p)}: {self.show(p.type)}" for p in function.params]
        captured = f"[{', '.join(shown[: function.captured])}]" if function.captured else ""
        params = ", ".join(shown[function.captured :])
        self.lines.append(
            f"fn {function.symbol}{tparams}{captured}({params}) -> {self.show(function.result)}"
        )
        self._tree(1, [("", function.body)])

    # ---- types and names

    def show(self, t: Type) -> str:
        """A type as a person writes it."""
        if isinstance(t, Con):
            data = self.program.datas.get(t.name)
            title = data.title if data is not None else t.name
            return title + (f"<{', '.join(map(self.show, t.args))}>" if t.args else "")
        if isinstance(t, Fun):
            return f"({', '.join(map(self.show, t.params))}) -> {self.show(t.result)}"
        if isinstance(t, Rec):
            return "{ " + ", ".join(f"{n}: {self.show(f)}" for n, f in t.fields) + " }"
        return str(t)

    def name(self, local: core.Local) -> str:
        """The text that stands for a local."""
        known = self.names.get(local)
        if known is None:
            number = self.used.get(local.name, 0)
            self.used[local.name] = number + 1
            known = self.names[local] = f"{local.name}.{number}" if number else local.name
        return known

    def _fresh_names(self) -> None:
        self.names, self.used = {}, {}

    # ---- the tree

    def _tree(self, depth: int, roots: list[tuple[str, Any]]) -> None:
        stack: list[tuple[int, str, Any]] = [(depth, role, node) for role, node in reversed(roots)]
        while stack:
            level, role, node = stack.pop()
            indent = "  " * level if level < 50 else "  " * 50 + f"[{level}] "
            words, children = self._parts(node)
            self.lines.append(f"{indent}{role + ': ' if role else ''}{words}")
            stack.extend((level + 1, r, child) for r, child in reversed(children))

    def _parts(self, node: Any) -> tuple[str, list[tuple[str, Any]]]:
        """A node's own line, and its children with their roles."""
        words = [type(node).__name__]
        children: list[tuple[str, Any]] = []
        if isinstance(node, str):
            return f"text {_quoted(node)}", []
        if isinstance(node, core.Lit):
            value = _quoted(node.value) if isinstance(node.value, str) else _literal(node.value)
            return f"Lit {value} : {self.show(node.type)}", []
        for field in fields(node):
            value = getattr(node, field.name)
            if field.name in ("type", "span") or value is None or value == ():
                continue
            if isinstance(value, core.Local):
                words.append(("mut " if value.mutable else "") + self.name(value))
            elif field.name == "targs":
                words.append(f"<{', '.join(map(self.show, value))}>")
            elif field.name == "order":
                if list(value) != sorted(value):
                    words.append(f"order={','.join(map(str, value))}")
            elif isinstance(value, tuple):
                children += self._list(field.name, value, words)
            elif isinstance(value, (core.Expr, core.Stmt, core.Pattern)):
                children.append((field.name, value))
            elif isinstance(value, bool):
                words += [field.name] if value else []
            elif isinstance(node, core.PLit):
                words.append(_quoted(value) if isinstance(value, str) else _literal(value))
            else:
                words.append(str(value) if field.name != "overload" else f"#{value}")
        if isinstance(node, (core.Expr, core.Pattern)):
            words.append(f": {self.show(node.type)}")
        return " ".join(words), children

    def _list(self, role: str, items: tuple[Any, ...], words: list[str]) -> list[tuple[str, Any]]:
        """The children in a tuple; locals in it go on the node's own line."""
        if isinstance(items[0], core.Local):
            words.append(f"{role}({', '.join(f'{self.name(p)}: {self.show(p.type)}' for p in items)})")
            return []
        children: list[tuple[str, Any]] = []
        for item in items:
            if isinstance(item, tuple) and isinstance(item[0], str):
                children.append((item[0], item[1]))
            elif isinstance(item, tuple):
                children += [("key", item[0]), ("value", item[1])]
            else:
                children.append(("" if role in ("args", "stmts", "items", "arms", "parts") else role, item))
        return children


def _literal(value: object) -> str:
    if value is None:
        return "()"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _quoted(text: str) -> str:
    """A string on one line, in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'
