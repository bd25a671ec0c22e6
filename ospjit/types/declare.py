"""Declared types: records, unions, aliases, their parameters and variance, and types as written.

The prelude's types come first; a program may shadow them, and one that repeats a prelude type exactly is that
type. Field types refer to data types by name, so recursion needs no care here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from ospjit.builtins.prelude import PRELUDE
from ospjit.builtins.signature import ConText, TypeText
from ospjit.diagnostics import Diagnostics, Label, Source
from ospjit.syntax import ast
from ospjit.syntax.parser import parse
from ospjit.types import core
from ospjit.types.session import Session
from ospjit.types.types import (
    ANY,
    BOOL,
    CONSTRUCTION_ERROR,
    ERROR,
    FLOAT,
    INT,
    MATH_ERROR,
    PTR,
    STRING,
    UNIT,
    Con,
    Fun,
    Param,
    Rec,
    Type,
    con,
    fun,
    param,
    rec,
    substitute,
)
from ospjit.types.unify import BAD, parts, replace

BASE: dict[str, Type] = {
    "int": INT,
    "float": FLOAT,
    "string": STRING,
    "bool": BOOL,
    "Unit": UNIT,
    "Ptr": PTR,
    "any": ANY,
    "Int": INT,
    "Float": FLOAT,
    "String": STRING,
    "Bool": BOOL,
    "Success": UNIT,
    "Error": ERROR,
    "MathError": MATH_ERROR,
    "ConstructionError": CONSTRUCTION_ERROR,
    **dict.fromkeys(("ServerID", "ClientID", "WebSocketID", "ResponseID", "StatusCode", "ProcessID"), INT),
}

#: The generic types of the language: the variance of each argument ("+" out, "-" in, "±" both).
GENERIC: dict[str, tuple[str, ...]] = {
    "List": ("+",),
    "Map": ("±", "+"),
    "Iterator": ("+",),
    "Result": ("+", "+"),
    "Fiber": ("+",),
    "Channel": ("±",),
}

_FIXED = frozenset(
    (*GENERIC, "int", "float", "string", "bool", "Unit", "Ptr", "any", "Int", "Float", "String", "Bool")
)


#: How deep the arguments of a declared type may nest inside its own declaration.
_DEEPEST = 24


def _nesting(t: Type) -> int:
    """How many levels of arguments a type has."""
    level, count = [t], -1
    while level:
        level = [p for t in level for p in parts(t)]
        count += 1
    return count


@cache
def prelude() -> tuple[ast.TypeDecl, ...]:
    """The declarations that every program sees."""
    diagnostics = Diagnostics()
    program = parse(Source("<prelude>", PRELUDE), diagnostics)
    if diagnostics.has_errors:
        raise ValueError(f"the prelude does not parse: {diagnostics.items[0].message}")
    return tuple(s for s in program.statements if isinstance(s, ast.TypeDecl))


def from_signature(text: TypeText) -> Type:
    """A type of the built-ins' table; type parameters become `Param`s."""
    if isinstance(text, ConText):
        if text.name in BASE:
            return BASE[text.name]
        if text.name in GENERIC or text.args or len(text.name) > 1:
            return con(text.name, *map(from_signature, text.args))
        return param(text.name)
    return fun(map(from_signature, text.params), from_signature(text.result))


class Declarations(Session):
    """Types as declared and as written."""

    def declare_types(self, statements: Iterable[ast.Stmt]) -> None:
        """Declare the prelude's types and the program's."""
        self.user_types: dict[str, ast.TypeDecl] = {}
        self.prelude_types: dict[str, core.Data] = {}
        self.user_datas: dict[str, core.Data] = {}
        self.aliases: dict[str, ast.TypeDecl] = {}
        self.resolving: list[str] = []
        self.variants: dict[str, list[tuple[core.Data, core.Variant]]] = {}
        for decl in prelude():
            self.prelude_types[decl.name] = self._new_data(decl, decl.name)
        for decl in prelude():
            self._fill(self.prelude_types[decl.name], decl)
        for statement in statements:
            if isinstance(statement, ast.TypeDecl):
                self._announce(statement)
        same = self._repeats_of_the_prelude()
        filled = []
        for name, decl in self.user_types.items():
            if name in same:
                self.user_datas[name] = self.prelude_types[name]
            elif self._is_alias(decl):
                self.aliases[name] = decl
            else:
                self.user_datas[name] = self._new_data(decl, self._unique(name))
                filled.append((self.user_datas[name], decl))
        for data, decl in filled:
            self._fill(data, decl)
        for decl in self.aliases.values():
            self._alias(decl, [BAD] * len(decl.tparams))
        for data in self.user_datas.values():
            for variant in data.variants:
                self.variants.setdefault(variant.name, []).append((data, variant))
        for data in self.prelude_types.values():
            for variant in data.variants:
                known = self.variants.setdefault(variant.name, [])
                if all(d is not data for d, _ in known):
                    known.append((data, variant))
        self._check_variance([(data, decl) for data, decl in filled])
        self._check_regularity([data for data, _ in filled])

    def _check_regularity(self, datas: Iterable[core.Data]) -> None:
        """Report types that hold themselves with ever larger arguments: code is made per instance, and of
        these there would be no end."""
        seen: set[Type] = set()
        for data in datas:
            work: list[tuple[Type, int]] = [(con(data.name, *map(param, data.params)), 0)]
            while work:
                t, depth = work.pop()
                if depth > _DEEPEST:
                    message = f"type '{data.title}' contains itself with ever larger arguments"
                    hints = ("a recursive type contains itself with the same arguments",)
                    self.error("OSP3020", message, data.span, hints)
                    data.variants = tuple(
                        core.Variant(v.name, tuple((n, BAD) for n, _ in v.fields), v.positional, v.doc)
                        for v in data.variants
                    )
                    break
                if t not in seen:
                    seen.add(t)
                    work += self._declared_inside(t)

    def _declared_inside(self, t: Type) -> list[tuple[Type, int]]:
        """The instances of declared types in the fields of one, each with how deep its arguments nest."""
        assert isinstance(t, Con)
        data = self.datas[t.name]
        mapping = dict(zip(data.params, t.args, strict=True))
        found: list[tuple[Type, int]] = []
        work = [substitute(f, mapping) for variant in data.variants for _, f in variant.fields]
        while work:
            inner = work.pop()
            if isinstance(inner, Con) and inner.name in self.datas:
                found.append((inner, _nesting(inner)))
            work.extend(parts(inner))
        return found

    def _announce(self, decl: ast.TypeDecl) -> None:
        first = self.user_types.get(decl.name)
        if first is not None:
            labels = (Label(first.name_span, "first declared here"),)
            self.error("OSP2004", f"type '{decl.name}' is already declared", decl.name_span, labels=labels)
        elif decl.name in _FIXED:
            self.error("OSP2005", f"cannot redefine built-in type '{decl.name}'", decl.name_span)
            if isinstance(decl.definition, ast.UnionDef):
                self.damage.names.update(variant.name for variant in decl.definition.variants)
        else:
            self.user_types[decl.name] = decl

    def _unique(self, name: str) -> str:
        """A name for a data type that no other type has."""
        if name not in self.datas and name not in BASE:
            return name
        number = 1
        while f"{name}#{number}" in self.datas:
            number += 1
        return f"{name}#{number}"

    def _new_data(self, decl: ast.TypeDecl, unique: str) -> core.Data:
        params = tuple(p.name for p in decl.tparams)
        if len(set(params)) < len(params):
            self.error("OSP2004", f"type '{decl.name}' names a type parameter twice", decl.name_span)
            params = tuple(dict.fromkeys(params))
        is_record = isinstance(decl.definition, ast.RecordDef)
        data = core.Data(unique, decl.name, params, (), is_record, decl.name_span, decl.doc)
        self.datas[unique] = data
        return data

    def _is_alias(self, decl: ast.TypeDecl) -> bool:
        """Whether the right side is a known type rather than the name of the only variant."""
        if not isinstance(decl.definition, ast.AliasDef):
            return False
        written = decl.definition.type
        if not isinstance(written, ast.TName) or written.args or written.qualifier:
            return True
        name = written.name
        if name == decl.name:
            return False
        known = name in self.user_types or name in BASE or name in GENERIC or name in self.prelude_types
        return known or name in {p.name for p in decl.tparams}

    def _fill(self, data: core.Data, decl: ast.TypeDecl) -> None:
        """Give a data type its variants."""
        definition = decl.definition
        scope: dict[str, Type] = {name: param(name) for name in data.params}
        if isinstance(definition, ast.RecordDef):
            fields = self._fields(definition.fields, scope, f"type '{decl.name}'")
            data.variants = (core.Variant(decl.name, fields, False, decl.doc),)
            return
        if isinstance(definition, ast.AliasDef):
            assert isinstance(definition.type, ast.TName)
            data.variants = (core.Variant(definition.type.name, (), False, None),)
            return
        made: dict[str, core.Variant] = {}
        for variant in definition.variants:
            if variant.name in made:
                message = f"variant '{variant.name}' is already declared in type '{decl.name}'"
                self.error("OSP2004", message, variant.name_span)
                continue
            if variant.fields is not None:
                fields = self._fields(variant.fields, scope, f"variant '{variant.name}'")
            else:
                payload = variant.positional or ()
                fields = tuple((str(i), self.resolve(t, scope)) for i, t in enumerate(payload))
            made[variant.name] = core.Variant(variant.name, fields, bool(variant.positional), variant.doc)
        data.variants = tuple(made.values())

    def _fields(
        self, fields: list[ast.FieldDef], scope: dict[str, Type], owner: str
    ) -> tuple[tuple[str, Type], ...]:
        made: dict[str, Type] = {}
        for f in fields:
            if f.name in made:
                self.error("OSP2004", f"{owner} has the field '{f.name}' twice", f.name_span)
                continue
            if f.where is not None:
                self.unsupported("constraints on fields are", f.where.span)
            made[f.name] = self.resolve(f.type, scope)
        return tuple(made.items())

    # ---- repeats of prelude types

    def _repeats_of_the_prelude(self) -> set[str]:
        """The program's types that repeat a prelude type exactly (mutual references included)."""
        declared = {d.name: d for d in prelude()}
        same = {name for name in self.user_types if name in declared}
        while True:
            wrong = {
                n
                for n in same
                if self._shape(self.user_types[n], same) != self._shape(declared[n], set(declared))
            }
            if not wrong:
                return same
            same -= wrong

    def _shape(self, decl: ast.TypeDecl, same: set[str]) -> object:
        """A comparable picture of a declaration. Types of the program that are not in `same` stand apart."""
        definition = decl.definition
        params = [p.name for p in decl.tparams]
        if isinstance(definition, ast.RecordDef):
            return params, [
                (f.name, self._type_shape(f.type, same), f.where is None) for f in definition.fields
            ]
        if isinstance(definition, ast.UnionDef):
            return params, [
                (
                    v.name,
                    [(f.name, self._type_shape(f.type, same), f.where is None) for f in v.fields or ()],
                    [self._type_shape(t, same) for t in v.positional or ()],
                )
                for v in definition.variants
            ]
        return None

    def _type_shape(self, t: ast.TypeExpr, same: set[str]) -> object:
        if isinstance(t, ast.TName):
            if t.name in self.prelude_types or t.name in self.user_types:
                return t.name if t.name in same or t.name not in self.user_types else (t.name, "other")
            return (str(BASE.get(t.name, t.name)), [self._type_shape(a, same) for a in t.args])
        if isinstance(t, ast.TFn):
            return ([self._type_shape(p, same) for p in t.params], self._type_shape(t.result, same))
        return object()

    # ---- types as written

    def resolve(self, t: ast.TypeExpr, scope: dict[str, Type] | None = None) -> Type:
        """The type that is written. `scope`: type parameters besides those of the functions around."""
        if isinstance(t, ast.TFn):
            return fun([self.resolve(p, scope) for p in t.params], self.resolve(t.result, scope))
        if isinstance(t, ast.TRecord):
            fields: dict[str, Type] = {}
            for f in t.fields:
                if f.name in fields:
                    self.error("OSP2004", f"the field '{f.name}' is there twice", f.name_span)
                fields[f.name] = self.resolve(f.type, scope)
            return rec(fields)
        assert isinstance(t, ast.TName)
        if t.qualifier:
            self.unsupported("modules are", t.span)
            return BAD
        args = [self.resolve(a, scope) for a in t.args]
        return self._named(t, args, scope or {})

    def _named(self, t: ast.TName, args: list[Type], scope: dict[str, Type]) -> Type:
        name = t.name
        found: Type | None = scope.get(name)
        if found is None:
            for block in reversed(self.scopes):
                if name in block.types:
                    found = param(block.types[name])
                    break
        if found is not None:
            return found if self._arity(t, args, 0) else BAD
        if name in self.aliases:
            decl = self.aliases[name]
            return self._alias(decl, args) if self._arity(t, args, len(decl.tparams)) else BAD
        data = self.user_datas.get(name)
        if data is None and name not in BASE and name not in GENERIC:
            data = self.prelude_types.get(name)
        if data is not None:
            return con(data.name, *args) if self._arity(t, args, len(data.params)) else BAD
        if name in GENERIC:
            return con(name, *args) if self._arity(t, args, len(GENERIC[name])) else BAD
        if name in BASE:
            return BASE[name] if self._arity(t, args, 0) else BAD
        known = [*self.user_types, *self.prelude_types, *BASE, *GENERIC, *scope]
        hints = self.suggestion(name, known)
        if len(name) == 1:
            hints = (
                f"a type parameter is declared after the name: `fn f<{name}>(…)` or `type T<{name}> = …`",
            )
        if name not in self.damage.names:
            self.error("OSP2003", f"undefined type '{name}'", t.span, hints)
        return BAD

    def _arity(self, t: ast.TName, args: list[Type], wanted: int) -> bool:
        if len(args) == wanted:
            return True
        plural = "" if wanted == 1 else "s"
        message = f"type '{t.name}' takes {wanted or 'no'} argument{plural}, got {len(args)}"
        self.error("OSP3015", message, t.span)
        return False

    def _alias(self, decl: ast.TypeDecl, args: list[Type]) -> Type:
        if decl.name in self.resolving:
            self.error("OSP2010", f"type '{decl.name}' is an alias of itself", decl.name_span)
            return BAD
        assert isinstance(decl.definition, ast.AliasDef)
        self.resolving.append(decl.name)
        try:
            names = [p.name for p in decl.tparams]
            made = self.resolve(decl.definition.type, {n: param(n) for n in names})
            return replace(made, dict(zip(names, args, strict=True))) if names else made
        finally:
            self.resolving.pop()

    def record_named(self, name: str) -> tuple[core.Data, tuple[Type, ...] | None] | None:
        """The declared record of this name (also through an alias, then with its arguments), if it is one."""
        if name in self.aliases:
            t = self._alias(self.aliases[name], [BAD] * len(self.aliases[name].tparams))
            if isinstance(t, Con) and t.name in self.datas and self.datas[t.name].is_record:
                return self.datas[t.name], None if self.aliases[name].tparams else t.args
            return None
        data = self.user_datas.get(name) or self.prelude_types.get(name)
        return (data, None) if data is not None and data.is_record else None

    # ---- variance

    def _check_variance(self, declared: list[tuple[core.Data, ast.TypeDecl]]) -> None:
        """Each mark against the positions in which its parameter stands, found by a fixed point."""
        found: dict[tuple[str, int], set[str]] = {}
        changed = True
        while changed:
            changed = False
            for data in self.datas.values():
                for variant in data.variants:
                    for _, t in variant.fields:
                        for name, sign in self._positions(t, "+", found):
                            if name in data.params:
                                signs = found.setdefault((data.name, data.params.index(name)), set())
                                if sign not in signs:
                                    signs.add(sign)
                                    changed = True
        for data, decl in declared:
            for tparam in decl.tparams:
                signs = found.get((data.name, data.params.index(tparam.name)), set())
                wrong = {"out": "-", "in": "+"}.get(tparam.variance)
                if wrong in signs:
                    where = "a parameter's type" if wrong == "-" else "the type of a field or result"
                    message = (
                        f"type parameter '{tparam.variance} {tparam.name}' of '{decl.name}' stands in {where}"
                    )
                    self.error("OSP3016", message, tparam.span)

    def _positions(
        self, t: Type, sign: str, found: dict[tuple[str, int], set[str]]
    ) -> Iterator[tuple[str, str]]:
        """Each type parameter in `t` with the sign of its position."""
        opposite = "-" if sign == "+" else "+"
        if isinstance(t, Param):
            yield t.name, sign
        elif isinstance(t, Fun):
            for p in t.params:
                yield from self._positions(p, opposite, found)
            yield from self._positions(t.result, sign, found)
        elif isinstance(t, Rec):
            for _, f in t.fields:
                yield from self._positions(f, sign, found)
        elif isinstance(t, Con):
            for i, argument in enumerate(t.args):
                signs = set(GENERIC[t.name][i]) if t.name in GENERIC else found.get((t.name, i), set())
                if "±" in signs:
                    signs = {"+", "-"}
                for s in sorted(signs):
                    yield from self._positions(argument, sign if s == "+" else opposite, found)
