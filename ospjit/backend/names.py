"""What compiled functions are called where people look at machine code: in debuggers and profilers.

Symbols are made by passes; these names are made of them for reading: types as the language writes them, and
what the user gave no name called after its place.
"""

from __future__ import annotations

import re

from ospjit.diagnostics import CompileFailed
from ospjit.ir import DialectType, FunctionType, Location, Operation, Type, f64, i1, i64
from ospjit.ir.parser import parse_type

_INSTANCE = re.compile(r"([\w$.]+)<(.*)>(\$closure)?\Z", re.DOTALL)
_MACHINE = {i64: "int", f64: "float", i1: "bool"}
_GENERIC = {"osp.list": "List", "osp.map": "Map", "osp.fiber": "Fiber", "osp.channel": "Channel"}


def readable(function: Operation) -> str:
    """What a `func.func` is called: `area`, `show<List<int>>`, `lambda (app.osp:3:9)`, `<app.osp>`."""
    symbol, loc = function.attr("sym_name"), function.loc
    if symbol == "osp.entry":
        return f"<{loc.file}>" if loc.file else "<program>"
    instance = _INSTANCE.match(symbol)
    if instance is not None:
        name, arguments, closure = instance.groups()
        return f"{name}<{_arguments(arguments)}>{' (as a value)' if closure else ''}"
    name, mark, number = symbol.partition("$")
    if name in ("lambda", "fused") and mark:
        what = "lambda" if name == "lambda" else "loop"
        return f"{what}{_place(loc, number)}"
    return f"{name} (as a value)" if number == "closure" else str(symbol)


def _place(loc: Location, number: str) -> str:
    return f" ({loc.file}:{loc.line}:{loc.column})" if loc.known else f" {number}"


def _arguments(text: str) -> str:
    try:
        types = parse_type(f"({text}) -> ()")
    except CompileFailed:  # not made of types
        return text
    assert isinstance(types, FunctionType)
    return ", ".join(map(type_name, types.inputs))


def type_name(t: Type) -> str:
    """A type as the language writes it."""
    if t in _MACHINE:
        return _MACHINE[t]
    if not isinstance(t, DialectType):
        return str(t)
    said = [type_name(p) if isinstance(p, Type) else str(p) for p in t.params]
    if t.name == "osp.data":
        return f"{said[0]}<{', '.join(said[1:])}>" if len(said) > 1 else said[0]
    if t.name == "osp.result":
        return f"Result<{said[0]}, {'Error' if said[1] == 'string' else said[1]}>"
    if t.name == "osp.fn":
        return f"fn({', '.join(said[1:])}) -> {said[0]}"
    if t.name == "osp.rec":
        return "{ " + ", ".join(f"{k}: {v}" for k, v in zip(said[::2], said[1::2], strict=True)) + " }"
    name = _GENERIC.get(t.name, t.name.removeprefix("osp."))
    return f"{name}<{', '.join(said)}>" if said else "Unit" if name == "unit" else name
