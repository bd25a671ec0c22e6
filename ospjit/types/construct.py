"""Constructions: records, variants and Results from their parts; updates; anonymous records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ospjit.builtins.prelude import FIELD_ALIASES, FIELD_DEFAULTS
from ospjit.diagnostics import Label, Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.arguments import plural
from ospjit.types.builtin_calls import BuiltinCalls
from ospjit.types.constraints import HasField
from ospjit.types.patterns import RESULT_FIELDS, RESULT_VARIANTS
from ospjit.types.session import Argument
from ospjit.types.types import BOOL, INT, STRING, UNIT, Con, Fun, Rec, Type
from ospjit.types.unify import BAD, Var, prune


class Constructions(BuiltinCalls):
    """Everything that makes a value of a declared type or of a `Result`."""

    def find_variant(self, name: str, hint: Type | None) -> tuple[core.Data, core.Variant] | None:
        """The variant called `name`: of the wanted type if it has one, else the program's or prelude's."""
        found = self.variants.get(name)
        if not found:
            return None
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con):
            for data, variant in found:
                if data.name == wanted.name:
                    return data, variant
        return found[0]

    def result_variant(self, name: str, hint: Type | None) -> str | None:
        """`Success` or `Error` if `name` means one of them here."""
        if name not in RESULT_VARIANTS:
            return None
        if self.user_variant(name) and not (hint is not None and self.is_result(hint)):
            return None
        return RESULT_VARIANTS[name]

    def make_result(self, name: str, value: Argument | None, span: Span, hint: Type | None) -> core.Expr:
        """`Success(v)` or `Error(m)`."""
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con) and wanted.name == "Result":
            t = wanted
        else:
            t = Con("Result", (self.unifier.fresh(), self.unifier.fresh()))
        payload = self.payload_type(t, name, span)
        if value is None:
            inner: core.Expr = self.unit(span)
            self.unify(payload, UNIT, span)
        else:
            inner = self.check(value, payload)
        return self.expr(core.Construct(t, span, name, (inner,), (0,)))

    def result_value(self, name: str, span: Span, hint: Type | None) -> core.Expr:
        """`Success` or `Error` by its bare name: the function that makes it, or a `Success` that holds `Unit`
        where no function is wanted."""
        wanted = prune(hint) if hint is not None else None
        if name == "Success" and not isinstance(wanted, Fun):
            return self.make_result(name, None, span, hint)
        result = prune(wanted.result) if isinstance(wanted, Fun) else None
        if not (isinstance(result, Con) and result.name == "Result"):
            result = Con("Result", (self.unifier.fresh(), self.unifier.fresh()))
        t = result

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(core.Construct(t, span, name, args, (0,)))

        return self.wrapper((self.payload_type(t, name, span),), t, span, make)

    def call_result(
        self,
        written: str,
        name: str,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        """`Success(…)` and `Error(…)` as calls; `Success()` holds `Unit`."""
        if not args and name == "Success":
            return self.make_result(name, None, span, hint)
        if self.bind_arguments(f"'{written}'", (RESULT_FIELDS[name],), args, names, span) is None:
            return self.recover(args, span)
        return self.make_result(name, args[0], span, hint)

    def call_variant(
        self,
        data: core.Data,
        variant: core.Variant,
        args: Sequence[Argument],
        names: Sequence[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        """A variant applied like a function."""
        params = [n for n, _ in variant.fields]
        if names is not None and variant.positional:
            self.error("OSP3003", f"'{variant.name}' has no named fields", span)
            return self.recover(args, span)
        order = self.bind_arguments(f"'{variant.name}'", params, args, names, span)
        if order is None:
            return self.recover(args, span)
        t = self._instance_for(data, hint)
        types = self.payload_of(t, variant)
        values = {i: self.check(a, types[i]) for a, i in zip(args, order, strict=True)}
        by_position = tuple(values[i] for i in range(len(types)))
        return self.expr(core.Construct(t, span, variant.name, by_position, tuple(order)))

    def _instance_for(self, data: core.Data, hint: Type | None, args: Sequence[Type] | None = None) -> Con:
        """An instance of a declared type; one that the context wants lends its arguments."""
        if args is not None:
            return Con(data.name, tuple(args))
        t = self.instance(data)
        wanted = prune(hint) if hint is not None else None
        if isinstance(wanted, Con) and wanted.name == data.name:
            self.unifier.unify(t, wanted)
            self.settle()
        return t

    def variant_value(
        self, data: core.Data, variant: core.Variant, span: Span, hint: Type | None
    ) -> core.Expr:
        """A variant by its bare name: itself, or the function that makes it."""
        t = self._instance_for(data, hint)
        types = self.payload_of(t, variant)
        if not types:
            return self.expr(core.Construct(t, span, variant.name, (), ()))

        def make(args: tuple[core.Expr, ...]) -> core.Expr:
            return self.expr(core.Construct(t, span, variant.name, args, tuple(range(len(args)))))

        return self.wrapper(types, t, span, make)

    def make_record(
        self,
        data: core.Data,
        variant: core.Variant,
        fields: list[ast.FieldInit],
        span: Span,
        hint: Type | None,
        args: Sequence[Type] | None = None,
    ) -> core.Expr:
        """`Point { x: 1, y: 2 }`, also for variants with named fields and anonymous records."""
        t = self._instance_for(data, hint, args)
        types = dict(zip((n for n, _ in variant.fields), self.payload_of(t, variant), strict=True))
        prelude_name = data.title if self.prelude_types.get(data.title) is data else ""
        aliases = FIELD_ALIASES.get(prelude_name, {})
        owner = f"type '{data.title}'" if data.is_record else f"variant '{variant.name}'"
        values = self._field_values(fields, types, aliases, owner)
        order = [list(types).index(name) for name in values]
        defaults = FIELD_DEFAULTS.get(prelude_name, {})
        missing = [name for name in types if name not in values and name not in defaults]
        if missing:
            listed = ", ".join(f"'{m}'" for m in missing)
            self.error("OSP3018", f"{owner} is missing the field{plural(missing)} {listed}", span)
            return self.expr(core.Block(t, span, (), self.bad(span)))
        for name in types:
            if name not in values:
                order.append(list(types).index(name))
                values[name] = self._default_field(defaults[name], types[name], span)
        by_position = tuple(values[name] for name in types)
        return self.expr(core.Construct(t, span, variant.name, by_position, tuple(order)))

    def _default_field(self, value: int | str | bool | tuple[()], list_type: Type, span: Span) -> core.Expr:
        if isinstance(value, tuple):
            return self.expr(core.ListLit(list_type, span, value))
        t = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else STRING
        return self.expr(core.Lit(t, span, value))

    def _field_values(
        self, fields: list[ast.FieldInit], types: Mapping[str, Type], aliases: Mapping[str, str], owner: str
    ) -> dict[str, core.Expr]:
        """The values of written fields by declared name, in the order written."""
        values: dict[str, core.Expr] = {}
        for f in fields:
            name = aliases.get(f.name, f.name)
            if name not in types:
                hints = self.suggestion(f.name, [*types, *aliases])
                if not hints and types:
                    hints = (f"its fields are {', '.join(types)}",)
                self.error("OSP3005", f"{owner} has no field '{f.name}'", f.name_span, hints)
                self.infer(f.value)
            elif name in values:
                self.error("OSP3018", f"the field '{f.name}' is given twice", f.name_span)
                self.infer(f.value)
            else:
                values[name] = self.check(f.value, types[name])
        return values

    def update_record(self, obj: core.Expr, fields: list[ast.FieldInit], span: Span) -> core.Expr:
        """`p { x: 5 }`."""
        t = prune(obj.type)
        known = self.fields_of(t)
        if known is not None:
            data = self.datas.get(t.name) if isinstance(t, Con) else None
            own = data is not None and self.prelude_types.get(data.title) is data
            aliases = FIELD_ALIASES.get(data.title, {}) if data is not None and own else {}
            owner = f"type {self.show(t)}"
            values = self._field_values(fields, dict(known), aliases, owner)
            return self.expr(core.Update(t, span, obj, tuple(values.items())))
        pairs = []
        for f in fields:
            value = self.infer(f.value)
            if type(t) is Var:
                self.require(HasField(t, f.name, value.type, f.name_span))
            pairs.append((f.name, value))
        if type(t) is not Var and t is not BAD:
            if self.is_result(t):
                self.error("OSP3006", f"cannot update {self.show(t)}: match it first", obj.span)
            elif self.show(t) == "any":
                self.error("OSP3007", "cannot use 'any' in a record update: match it first", obj.span)
            else:
                label = Label(span, "this updates a record")
                message = f"type mismatch: expected a record, found {self.show(t)}"
                self.error("OSP3001", message, obj.span, labels=(label,))
            return self.bad(span)
        return self.expr(core.Update(t, span, obj, tuple(pairs)))

    def anonymous_record(self, node: ast.AnonRecord, hint: Type | None) -> core.Expr:
        """`{ x: 1 }`: the declared or structural record that the context wants, else one of its own type."""
        wanted = prune(hint) if hint is not None else None
        names = sorted(f.name for f in node.fields)
        fields = self.fields_of(wanted) if wanted is not None else None
        if isinstance(wanted, Con) and fields is not None:
            data = self.datas[wanted.name]
            return self.make_record(data, data.variants[0], node.fields, node.span, wanted)
        types: dict[str, Type] = {}
        if isinstance(wanted, Rec) and fields is not None and [n for n, _ in fields] == names:
            types = dict(fields)
        values: dict[str, core.Expr] = {}
        for f in node.fields:
            if f.name in values:
                self.error("OSP3018", f"the field '{f.name}' is given twice", f.name_span)
            values[f.name] = self.check(f.value, types[f.name]) if types else self.infer(f.value)
        ordered = sorted(values)
        t = Rec(tuple((name, types.get(name, values[name].type)) for name in ordered))
        order = tuple(ordered.index(name) for name in values)
        return self.expr(core.Construct(t, node.span, "", tuple(values[n] for n in ordered), order))
