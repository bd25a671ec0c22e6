"""Trees in a notation short enough to stand beside their source in a test.

`parsed` gives the statements of a text one after the other, `(+ a (* b c))`; it fails on any diagnostic.
`complaints` gives the diagnostics of a text as `line:column message`.
"""

from __future__ import annotations

import json
from typing import Any

from ospjit.diagnostics import Diagnostics, Source
from ospjit.syntax import ast
from ospjit.syntax.parser import parse


def parsed(text: str) -> str:
    """The notation of a program without errors."""
    diagnostics = Diagnostics()
    program = parse(Source("test.osp", text), diagnostics)
    assert not diagnostics.items, [d.message for d in diagnostics.items]
    return "  ".join(show(statement) for statement in program.statements)


def expression(text: str) -> str:
    """The notation of a text that is one expression."""
    shown = parsed(text)
    assert shown.startswith("(do ") and shown.endswith(")"), shown
    return shown[4:-1]


def complaints(text: str) -> list[str]:
    """The diagnostics of a text."""
    diagnostics = Diagnostics()
    parse(Source("test.osp", text), diagnostics)
    found = []
    for item in diagnostics.items:
        assert item.span is not None
        line, column = item.span.position()
        found.append(f"{line}:{column} {item.message}")
    return found


def show(node: Any) -> str:
    """The notation of any node."""
    return _SHOW[type(node)](node)


def _form(*parts: Any) -> str:
    return "(" + " ".join(part if isinstance(part, str) else show(part) for part in parts if part != "") + ")"


def _all(nodes: list[Any]) -> list[str]:
    return [show(node) for node in nodes]


def _path(node: Any) -> str:
    return "::".join((*node.qualifier, node.name))


def _type_args(args: list[ast.TypeExpr]) -> str:
    return f"<{', '.join(_all(args))}>" if args else ""


def _args(node: Any, skip: int = 0) -> list[str]:
    shown = _all(node.args[skip:])
    if node.names is not None:
        return [f"{name.name}: {value}" for name, value in zip(node.names, shown, strict=True)]
    return shown


def _typed(node: Any) -> str:
    return node.name if node.type is None else f"{node.name}:{show(node.type)}"


def _params(params: list[ast.Param]) -> str:
    return "(" + " ".join(map(_typed, params)) + ")"


def _flags(node: Any) -> str:
    return "export " * node.exported + (f"doc={node.doc!r} " if node.doc is not None else "")


def _type_params(params: list[ast.TypeParam]) -> str:
    return f"<{', '.join(f'{p.variance} {p.name}'.strip() for p in params)}>" if params else ""


def _effects(effects: list[ast.EffectRef] | None) -> str:
    return "" if effects is None else f"![{', '.join(_all(effects))}]"


def _function(node: ast.FnDecl) -> str:
    name = node.name + _type_params(node.tparams)
    result = f"->{show(node.result)}" if node.result is not None else ""
    return _form(
        f"{_flags(node)}fn", name, _params(node.params), result, _effects(node.effects), node.body
    )  # fmt: skip


def _field_def(node: ast.FieldDef) -> str:
    where = f" where {show(node.where)}" if node.where is not None else ""
    doc = f" doc={node.doc!r}" if node.doc is not None else ""
    return f"{node.name}:{show(node.type)}{where}{doc}"


def _variant_def(node: ast.VariantDef) -> str:
    doc = f" doc={node.doc!r}" if node.doc is not None else ""
    if node.fields is not None:
        return f"{node.name}{{{', '.join(map(_field_def, node.fields))}}}{doc}"
    if node.positional is not None:
        return f"{node.name}({', '.join(_all(node.positional))}){doc}"
    return node.name + doc


def _definition(node: Any) -> str:
    if isinstance(node, ast.RecordDef):
        return "{" + ", ".join(map(_field_def, node.fields)) + "}"
    if isinstance(node, ast.UnionDef):
        return " | ".join(map(_variant_def, node.variants))
    return f"alias {show(node.type)}"


def _effect_declaration(node: ast.EffectDecl) -> str:
    operations = [f"{o.name}:{show(o.type)}" for o in node.operations]
    return _form(f"{_flags(node)}effect", node.name + _type_params(node.tparams), *operations)


def _import(node: ast.Import) -> str:
    names = []
    for name in node.names or []:
        names.append(name.name if name.alias is None else f"{name.name} as {name.alias}")
    return _form(
        "import", ".".join(node.path), "{" + ", ".join(names) + "}" if node.names is not None else ""
    )


def _call(node: ast.Call) -> str:
    if node.piped:
        return _form("pipe", node.args[0], node.fn, *_args(node, 1))
    return _form("call", node.fn, *_args(node))


def _method(node: ast.MethodCall) -> str:
    if node.piped:
        return _form("pipe", node.args[0], f"(method {show(node.object)} {node.name})", *_args(node, 1))
    return _form("method", node.object, node.name, *_args(node))


def _block(node: ast.Block) -> str:
    return _form("block", *_all(node.statements), "" if node.result is None else f"=> {show(node.result)}")


def _if(node: ast.If) -> str:
    branches = [part for b in node.branches for part in (show(b.condition), show(b.body))]
    return _form("if", *branches, f"else {show(node.otherwise)}")


def _arm(node: ast.Arm) -> str:
    guard = f"if {show(node.guard)}" if node.guard is not None else ""
    return _form(node.pattern, guard, f"=> {show(node.body)}")


def _fields(fields: list[ast.FieldInit]) -> list[str]:
    return [f"{field.name}: {show(field.value)}" for field in fields]


def _select_arm(node: ast.SelectArm) -> str:
    binder = f"{show(node.binder)} <-" if node.binder is not None else ""
    return _form(binder, node.kind, *_all(node.args), f"=> {show(node.body)}")


def _handler_arm(node: ast.HandlerArm) -> str:
    return _form(node.operation, _params(node.params), f"=> {show(node.body)}")


def _variant(node: ast.PVariant) -> str:
    if node.style == "fields":
        return _form(_path(node), *[f"{f.name}: {show(f.pattern)}" for f in node.fields])
    return _form(_path(node), *_all(node.args)) if node.style == "positional" else _path(node)


def _list_pattern(node: ast.PList) -> str:
    rest = [f"...{show(node.rest)}"] if node.rest is not None else []
    return "[" + " ".join(_all(node.items) + rest) + "]"


def _record_pattern(node: ast.PRecord) -> str:
    fields = [f"{f.name}: {show(f.pattern)}" for f in node.fields]
    return "{" + " ".join(fields + [".."] * node.open) + "}"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lambda(node: ast.Lambda) -> str:
    result = f"->{show(node.result)}" if node.result is not None else ""
    return _form("fn", _params(node.params), result, node.body)


def _let(node: ast.Let) -> str:
    return _form(f"{_flags(node)}{'mut' if node.mutable else 'let'}", _typed(node), node.value)


def _extern(node: ast.ExternFn) -> str:
    result = f"->{show(node.result)}" if node.result is not None else ""
    return _form(f"{_flags(node)}extern", node.name, _params(node.params), result)


def _type_declaration(node: ast.TypeDecl) -> str:
    name = node.name + _type_params(node.tparams)
    return _form(f"{_flags(node)}type", name, "=", _definition(node.definition))


_SHOW: dict[type, Any] = {
    ast.Let: _let,
    ast.Assign: lambda n: _form("=", n.name, n.value),
    ast.ExprStmt: lambda n: _form("do", n.expr),
    ast.FnDecl: _function,
    ast.ExternFn: _extern,
    ast.TypeDecl: _type_declaration,
    ast.EffectDecl: _effect_declaration,
    ast.Module: lambda n: _form(f"{_flags(n)}module", n.name, *_all(n.body)),
    ast.Import: _import,
    ast.TName: lambda n: _path(n) + _type_args(n.args),
    ast.TFn: lambda n: f"({', '.join(_all(n.params))}) -> {show(n.result)}",
    ast.TRecord: lambda n: "{" + ", ".join(map(_typed, n.fields)) + "}",
    ast.EffectRef: lambda n: _path(n) + _type_args(n.args),
    ast.IntLit: lambda n: str(n.value),
    ast.FloatLit: lambda n: repr(n.value),
    ast.StringLit: lambda n: _literal(n.value),
    ast.Interpolation: lambda n: _form("str", *[_literal(p) if isinstance(p, str) else p for p in n.parts]),
    ast.BoolLit: lambda n: _literal(n.value),
    ast.UnitLit: lambda n: "()",
    ast.Name: lambda n: n.name,
    ast.Qualified: _path,
    ast.TypeApplied: lambda n: _path(n) + _type_args(n.args),
    ast.Call: _call,
    ast.MethodCall: _method,
    ast.Field: lambda n: _form(".", n.object, n.name),
    ast.Index: lambda n: _form("index", n.object, n.index),
    ast.Unary: lambda n: _form(n.op, n.operand),
    ast.Binary: lambda n: _form(n.op, n.left, n.right),
    ast.Ternary: lambda n: _form("?", n.condition, n.then, n.otherwise),
    ast.Default: lambda n: _form("?:", n.value, n.fallback),
    ast.Block: _block,
    ast.If: _if,
    ast.Match: lambda n: _form("match", n.scrutinee, *map(_arm, n.arms)),
    ast.Lambda: _lambda,
    ast.RecordLit: lambda n: _form("record", _path(n) + _type_args(n.type_args), *_fields(n.fields)),
    ast.RecordUpdate: lambda n: _form("update", n.object, *_fields(n.fields)),
    ast.AnonRecord: lambda n: _form("anon", *_fields(n.fields)),
    ast.ListLit: lambda n: _form("list", *_all(n.items)),
    ast.MapLit: lambda n: _form("map", *[_form(k, v) for k, v in n.entries]),
    ast.Spawn: lambda n: _form("spawn", n.body),
    ast.Select: lambda n: _form("select", *map(_select_arm, n.arms)),
    ast.Perform: lambda n: _form("perform", f"{show(n.effect)}.{n.operation}", *_args(n)),
    ast.Handle: lambda n: _form("handle", n.effect, *map(_handler_arm, n.arms), f"in {show(n.body)}"),
    ast.Resume: lambda n: _form("resume", "" if n.value is None else n.value),
    ast.PWild: lambda n: "_",
    ast.PBind: lambda n: n.name,
    ast.PLit: lambda n: _literal(n.value),
    ast.PVariant: _variant,
    ast.PTuple: lambda n: _form("tuple", *_all(n.items)),
    ast.PList: _list_pattern,
    ast.PRecord: _record_pattern,
    ast.PAs: lambda n: _form("as", n.name, n.pattern),
    ast.PTyped: lambda n: f"{n.name}:{show(n.type)}",
    ast.POr: lambda n: _form("or", *n.alternatives),
}
