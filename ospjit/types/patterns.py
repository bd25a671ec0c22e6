"""Patterns: from what is written to core patterns at the type of what they are matched against.

A pattern settles an unknown type where it can (a variant its union, `Success` and `Error` a `Result`, a
literal its own). Whether the arms cover everything is asked later, when all types are known.
"""

from __future__ import annotations

from ospjit.diagnostics import Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.constraints import Payload
from ospjit.types.declare import Declarations
from ospjit.types.types import ANY, BOOL, FLOAT, INT, STRING, Con, Rec, Type
from ospjit.types.unify import BAD, Var, prune, replace

#: The variants of `Result` and their other names.
RESULT_VARIANTS = {"Success": "Success", "Ok": "Success", "Error": "Error", "Err": "Error"}
RESULT_FIELDS = {"Success": "value", "Error": "message"}


class PNever(core.Pattern):
    """Matches nothing: `Error` against a value that is no `Result`. Its arm is checked and left out."""


Bindings = dict[str, core.Local]


class Patterns(Declarations):
    """Patterns and the variants that they name."""

    def match_pattern(self, p: ast.Pattern, t: Type, bound: Bindings) -> core.Pattern:
        """The core pattern for `p` against a value of type `t`; `bound` collects what it binds."""
        t = prune(t)
        if isinstance(p, ast.PWild):
            return self.pattern(core.PWild(t, p.span))
        if isinstance(p, ast.PBind):
            return self.pattern(core.PVar(t, p.span, self._binder(p.name, t, p.span, bound)))
        if isinstance(p, ast.PAs):
            inner = self.match_pattern(p.pattern, t, bound)
            local = self._binder(p.name, inner.type, p.name_span, bound)
            return self.pattern(core.PAs(inner.type, p.span, local, inner))
        if isinstance(p, ast.POr):
            return self._alternatives(p, t, bound)
        if isinstance(p, ast.PTyped):
            return self._typed(p, t, bound)
        if t is ANY and not isinstance(p, ast.PRecord):
            return self._against_any(p, bound)
        if isinstance(p, ast.PLit):
            own = {bool: BOOL, int: INT, float: FLOAT, str: STRING}[type(p.value)]
            self.unify(t, own, p.span)
            return self.pattern(core.PLit(own, p.span, p.value))
        if isinstance(p, ast.PList):
            return self._list(p, t, bound)
        if isinstance(p, ast.PRecord):
            return self._record(p, t, bound)
        if isinstance(p, ast.PTuple):
            return self._tuple(p, t, bound)
        assert isinstance(p, ast.PVariant)
        return self._variant(p, t, bound)

    def _binder(self, name: str, t: Type, span: Span, bound: Bindings) -> core.Local:
        if name in bound:
            self.error("OSP4007", f"'{name}' is bound twice in this pattern", span)
        made = self.local(name, t, span)
        bound[name] = made
        return made

    def _wildcards(self, types: list[Type], span: Span) -> tuple[core.Pattern, ...]:
        return tuple(self.pattern(core.PWild(t, span)) for t in types)

    def _alternatives(self, p: ast.POr, t: Type, bound: Bindings) -> core.Pattern:
        """Every alternative binds the same names; they share their locals."""
        first: Bindings = {}
        made = [self.match_pattern(p.alternatives[0], t, first)]
        for alternative in p.alternatives[1:]:
            names: Bindings = {}
            made.append(self._share(self.match_pattern(alternative, t, names), names, first))
            for name in sorted(names.keys() ^ first.keys()):
                message = f"'{name}' has to be bound by every alternative of this pattern"
                self.error("OSP4007", message, alternative.span)
        for name, local in first.items():
            if name in bound:
                self.error("OSP4007", f"'{name}' is bound twice in this pattern", local.span)
            bound[name] = local
        possible = [m for m in made if not isinstance(m, PNever)]
        if not possible:
            return PNever(t, p.span)
        return self.pattern(core.POr(possible[0].type, p.span, tuple(possible)))

    def _share(self, pattern: core.Pattern, names: Bindings, first: Bindings) -> core.Pattern:
        """Replace the locals of an alternative by those of the first one."""
        shared = {local: first[name] for name, local in names.items() if name in first}
        for local, other in shared.items():
            self.unify(other.type, local.type, local.span)
        work = [pattern]
        while work:
            node = work.pop()
            if isinstance(node, (core.PVar, core.PAs)):
                node.local = shared.get(node.local, node.local)
            work.extend(subpatterns(node))
        return pattern

    def _typed(self, p: ast.PTyped, t: Type, bound: Bindings) -> core.Pattern:
        wanted = self.resolve(p.type)
        local = self._binder(p.name, wanted, p.name_span, bound)
        inner: core.Pattern = self.pattern(core.PVar(wanted, p.span, local))
        if p.name == "_":
            inner = self.pattern(core.PWild(wanted, p.span))
            del bound[p.name]
        if t is ANY and wanted is not ANY:
            return self.pattern(core.PType(ANY, p.span, inner))
        self.unify(t, wanted, p.span)
        return inner

    def _against_any(self, p: ast.Pattern, bound: Bindings) -> core.Pattern:
        """A literal, list or variant pattern reads an `any` back at its own type."""
        fresh = self.unifier.fresh()
        inner = self.match_pattern(p, fresh, bound)
        if isinstance(inner, PNever):
            return inner
        self.settle()
        return self.pattern(core.PType(ANY, p.span, inner))

    def _list(self, p: ast.PList, t: Type, bound: Bindings) -> core.Pattern:
        element = self.unifier.fresh()
        whole = Con("List", (element,))
        self.unify(t, whole, p.span)
        items = tuple(self.match_pattern(item, element, bound) for item in p.items)
        rest = None if p.rest is None else self.match_pattern(p.rest, whole, bound)
        if any(isinstance(item, PNever) for item in items):
            return PNever(t, p.span)
        return self.pattern(core.PList(whole, p.span, items, rest))

    def _record(self, p: ast.PRecord, t: Type, bound: Bindings) -> core.Pattern:
        """`{ a, b }` and `{ a, .. }` against a declared or structural record, or `any`."""
        if t is ANY:
            written = tuple((f.name, self.match_pattern(f.pattern, ANY, bound)) for f in p.fields)
            return self.pattern(core.PRec(ANY, p.span, written, p.open))
        fields = self.fields_of(t)
        if fields is None:
            if type(t) is Var and not p.open:
                made = Rec(
                    tuple(sorted(((f.name, self.unifier.fresh()) for f in p.fields), key=lambda f: f[0]))
                )
                self.unify(t, made, p.span)
                t, fields = made, list(made.fields)
            else:
                if t is not BAD:
                    what = (
                        "a record whose type is known"
                        if type(t) is Var
                        else f"a record, found {self.show(t)}"
                    )
                    self.error("OSP4008", f"this pattern needs {what}", p.span)
                for f in p.fields:
                    self.match_pattern(f.pattern, BAD, bound)
                return self.pattern(core.PWild(BAD, p.span))
        subpatterns_, never = self._by_name(p.fields, fields, bound, self.show(t), p.span)
        missing = [name for name, _ in fields if name not in {f.name for f in p.fields}]
        if missing and not p.open:
            hint = "write `..` at the end to leave fields out"
            self.error(
                "OSP4006", f"the pattern leaves out {_names(missing)} of {self.show(t)}", p.span, (hint,)
            )
        if never:
            return PNever(t, p.span)
        if isinstance(t, Rec):
            pairs = tuple((name, s) for (name, _), s in zip(fields, subpatterns_, strict=True))
            return self.pattern(core.PRec(t, p.span, pairs, False))
        assert isinstance(t, Con)
        return self.pattern(core.PCon(t, p.span, self.datas[t.name].variants[0].name, subpatterns_))

    def _by_name(
        self,
        written: list[ast.PField],
        fields: list[tuple[str, Type]],
        bound: Bindings,
        owner: str,
        span: Span,
    ) -> tuple[tuple[core.Pattern, ...], bool]:
        """Subpatterns for all fields, in declared order, and whether one of them never matches."""
        types = dict(fields)
        made: dict[str, core.Pattern] = {}
        for f in written:
            if f.name not in types:
                hints = self.suggestion(f.name, types)
                self.error("OSP3005", f"{owner} has no field '{f.name}'", f.name_span, hints)
                self.match_pattern(f.pattern, BAD, bound)
            elif f.name in made:
                self.error("OSP4007", f"the field '{f.name}' is there twice", f.name_span)
            else:
                made[f.name] = self.match_pattern(f.pattern, types[f.name], bound)
        whole = tuple(made.get(name) or self.pattern(core.PWild(t, span)) for name, t in fields)
        return whole, any(isinstance(s, PNever) for s in whole)

    def _tuple(self, p: ast.PTuple, t: Type, bound: Bindings) -> core.Pattern:
        """`(a, b)` over the positional payload of the only variant that has one of this size."""
        data = self.datas.get(t.name) if isinstance(t, Con) else None
        fitting = [v for v in data.variants if v.positional and len(v.fields) == len(p.items)] if data else []
        if data is None or len(fitting) != 1:
            if t is not BAD:
                wanted = f"a variant with {len(p.items)} positional values"
                message = f"this pattern needs {wanted}, found {self.show(t)}"
                self.error("OSP4008", message, p.span)
            for item in p.items:
                self.match_pattern(item, BAD, bound)
            return self.pattern(core.PWild(BAD, p.span))
        return self._construct(p.span, t, fitting[0], p.items, bound)

    # ---- variants

    def variant_in(self, t: Type, name: str) -> core.Variant | None:
        """The variant called `name` of a declared type."""
        data = self.datas.get(t.name) if isinstance(t, Con) else None
        return next((v for v in data.variants if v.name == name), None) if data is not None else None

    def user_variant(self, name: str) -> bool:
        """Whether the program itself declares a variant (or record) of this name."""
        return any(data is self.user_datas.get(data.title) for data, _ in self.variants.get(name, ()))

    def _variant(self, p: ast.PVariant, t: Type, bound: Bindings) -> core.Pattern:
        if p.qualifier:
            self.unsupported("modules are", p.span)
            return self._unknown(p, bound)
        result_name = RESULT_VARIANTS.get(p.name)
        if t is BAD:
            return self._unknown(p, bound)
        if type(t) is Var:
            if result_name is not None and not self.user_variant(p.name):
                t = self._as_result(t, p.span)
            elif p.name in self.variants:
                made = self.instance(self.variants[p.name][0][0])
                self.unify(t, made, p.span)
                t = made
            elif p.name in self.damage.names:
                return self._unknown(p, bound)
            else:
                names = [*self.variants, *RESULT_VARIANTS]
                self.error(
                    "OSP4002", f"unknown variant '{p.name}'", p.name_span, self.suggestion(p.name, names)
                )
                return self._unknown(p, bound)
        if self.is_result(t):
            if result_name is not None:
                return self._result_pattern(p, t, result_name, bound)  # type: ignore[arg-type]
            return self._wrong_variant(p, t, ["Success", "Error"], bound)
        variant = self.variant_in(t, p.name)
        if variant is None and self._is_alias_of(t, p.name):
            variant = self.datas[t.name].variants[0]  # type: ignore[attr-defined]
        if variant is not None:
            if p.style == "fields":
                return self._fields_pattern(p, t, variant, bound)
            args = None if p.style == "bare" else p.args
            return self._construct(p.span, t, variant, args, bound)
        if result_name is not None and not self.user_variant(p.name):
            return self._on_plain_value(p, t, result_name, bound)
        data = self.datas.get(t.name) if isinstance(t, Con) else None
        return self._wrong_variant(p, t, [v.name for v in data.variants] if data else [], bound)

    def _is_alias_of(self, t: Type, name: str) -> bool:
        if name not in self.aliases:
            return False
        found = self.record_named(name)
        return found is not None and isinstance(t, Con) and found[0].name == t.name

    def _as_result(self, t: Type, span: Span) -> Con:
        made = Con("Result", (self.unifier.fresh(), self.unifier.fresh()))
        self.unify(t, made, span)
        return made

    def _unknown(self, p: ast.PVariant, bound: Bindings) -> core.Pattern:
        """Bind the names of a pattern that was reported, so that they do not seem undefined."""
        for f in p.fields:
            self.match_pattern(f.pattern, BAD, bound)
        for a in p.args:
            self.match_pattern(a, BAD, bound)
        return self.pattern(core.PWild(BAD, p.span))

    def _wrong_variant(self, p: ast.PVariant, t: Type, own: list[str], bound: Bindings) -> core.Pattern:
        if p.name in self.damage.names:
            return self._unknown(p, bound)
        others = [data.title for data, _ in self.variants.get(p.name, ())]
        hints = self.suggestion(p.name, own)
        if others:
            hints = (f"'{p.name}' is a variant of type '{others[0]}'", *hints)
        if own:
            message = f"unknown variant '{p.name}' is not defined in type '{self.show(t)}'"
            if not hints:
                hints = (f"its variants are {', '.join(own)}",)
            self.error("OSP4002", message, p.name_span, hints)
        elif others and isinstance(prune(t), (Con, Rec)):
            self.mismatch(t, self.instance(self.variants[p.name][0][0]), p.name_span)
        else:
            message = f"unknown variant '{p.name}': a value of type {self.show(t)} has no variants"
            self.error("OSP4002", message, p.name_span, hints)
        return self._unknown(p, bound)

    def _result_pattern(self, p: ast.PVariant, t: Con, name: str, bound: Bindings) -> core.Pattern:
        inner = self._payload_pattern(p, name)
        payload = self.payload_type(t, name, p.span)
        if inner is None:
            sub: core.Pattern = self.pattern(core.PWild(payload, p.span))
        else:
            sub = self.match_pattern(inner, payload, bound)
        if isinstance(sub, PNever):
            return PNever(t, p.span)
        return self.pattern(core.PCon(t, p.span, name, (sub,)))

    def payload_type(self, t: Con, name: str, span: Span) -> Type:
        """The type of what `Success` or `Error` holds in a `Result` type."""
        if name == "Success":
            return t.args[0]
        error = prune(t.args[1])
        message = self.unifier.fresh()
        self.require(Payload(error, message, span))
        return prune(message)

    def _payload_pattern(self, p: ast.PVariant, name: str) -> ast.Pattern | None:
        """What is written for the payload of `Success` or `Error`; None if nothing is."""
        if p.style == "bare":
            return None
        if p.style == "fields":
            if len(p.fields) == 1:
                f = p.fields[0]
                if f.name == RESULT_FIELDS[name] or (
                    isinstance(f.pattern, ast.PBind) and f.pattern.name == f.name
                ):
                    return f.pattern
            elif not p.fields:
                return None
            bad = next((f for f in p.fields if f.name != RESULT_FIELDS[name]), p.fields[-1])
            message = f"'{p.name}' has no field '{bad.name}'"
            self.error("OSP3005", message, bad.name_span, (f"its field is '{RESULT_FIELDS[name]}'",))
            return p.fields[0].pattern
        if len(p.args) == 1:
            return p.args[0]
        if p.args:
            self.error("OSP4006", f"'{p.name}' holds 1 value, the pattern has {len(p.args)}", p.span)
            return p.args[0]
        return None

    def _on_plain_value(self, p: ast.PVariant, t: Type, name: str, bound: Bindings) -> core.Pattern:
        """`Success` against a value that is no `Result` takes the value; `Error` never matches."""
        inner = self._payload_pattern(p, name)
        if name == "Success":
            return (
                self.pattern(core.PWild(t, p.span)) if inner is None else self.match_pattern(inner, t, bound)
            )
        if inner is not None:
            self.match_pattern(inner, STRING, bound)
        return PNever(t, p.span)

    def _construct(
        self, span: Span, t: Type, variant: core.Variant, args: list[ast.Pattern] | None, bound: Bindings
    ) -> core.Pattern:
        """A variant by position; without arguments it matches whatever it holds."""
        types = self.payload_of(t, variant)
        if args is None:
            return self.pattern(core.PCon(t, span, variant.name, self._wildcards(types, span)))
        if len(args) != len(types):
            plural = "" if len(types) == 1 else "s"
            message = (
                f"'{variant.name}' holds {len(types) or 'no'} value{plural}, the pattern has {len(args)}"
            )
            self.error("OSP4006", message, span)
            for a in args:
                self.match_pattern(a, BAD, bound)
            return self.pattern(core.PWild(BAD, span))
        made = tuple(self.match_pattern(a, at, bound) for a, at in zip(args, types, strict=True))
        if any(isinstance(m, PNever) for m in made):
            return PNever(t, span)
        return self.pattern(core.PCon(t, span, variant.name, made))

    def _fields_pattern(
        self, p: ast.PVariant, t: Type, variant: core.Variant, bound: Bindings
    ) -> core.Pattern:
        if variant.positional:
            message = f"'{variant.name}' has no named fields"
            self.error("OSP4006", message, p.span, (f"match it by position: {variant.name}(…)",))
            return self._unknown(p, bound)
        fields = list(zip((n for n, _ in variant.fields), self.payload_of(t, variant), strict=True))
        made, never = self._by_name(p.fields, fields, bound, f"variant '{variant.name}'", p.span)
        if never:
            return PNever(t, p.span)
        return self.pattern(core.PCon(t, p.span, variant.name, made))

    def payload_of(self, t: Type, variant: core.Variant) -> list[Type]:
        """The types of a variant's fields for an instance of its type."""
        assert isinstance(t, Con)
        mapping = dict(zip(self.datas[t.name].params, t.args, strict=True))
        return [replace(f, mapping) for _, f in variant.fields]


def subpatterns(p: core.Pattern) -> tuple[core.Pattern, ...]:
    """The patterns directly inside a pattern."""
    if isinstance(p, core.PCon):
        return p.args
    if isinstance(p, core.PRec):
        return tuple(s for _, s in p.fields)
    if isinstance(p, core.PList):
        return p.items if p.rest is None else (*p.items, p.rest)
    if isinstance(p, core.PAs):
        return (p.pattern,)
    if isinstance(p, core.PType):
        return (p.inner,)
    if isinstance(p, core.POr):
        return p.alternatives
    return ()


def _names(names: list[str]) -> str:
    return ", ".join(f"'{n}'" for n in names)
