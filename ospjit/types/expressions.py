"""Expressions: from the syntax tree to core expressions with types.

`infer` asks what type an expression has, `check` wants one and pushes it inward (into the arms of a match,
the body of a lambda, the items of a list), so that coercions happen where the value is made. Chains that are
deep on the left are walked by a loop over `ast.spine`; all other nesting is bounded by the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ospjit.diagnostics import Label, Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.calls import Calls
from ospjit.types.constraints import Arithmetic, Equality, HasField, Indexed, Negation, Order, Property
from ospjit.types.patterns import Bindings, PNever
from ospjit.types.scope import (
    BuiltinBinding,
    ExternBinding,
    FnInfo,
    Frame,
    GlobalBinding,
    LocalBinding,
    UnknownBinding,
)
from ospjit.types.session import DROP, Argument
from ospjit.types.types import ANY, BOOL, FLOAT, INT, STRING, UNIT, Con, Fun, Type
from ospjit.types.unify import BAD, Var, prune

_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod"}
_ORDER = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_EQUALITY = {"==": "eq", "!=": "ne"}


class Expressions(Calls):
    """What every kind of expression means."""

    def infer(self, node: Argument, hint: Type | None = None) -> core.Expr:
        if isinstance(node, core.Expr):
            return node
        if ast.left_operand(node) is not None:
            return self._chain(node, hint)
        method = self._METHODS.get(type(node))
        if method is None:
            return self.unsupported("this is", node.span)
        return method(self, node, hint)

    def check(self, node: Argument, expected: Type) -> core.Expr:
        if isinstance(node, core.Expr):
            return self.coerce(node, expected)
        wanted = prune(expected)
        if wanted is not ANY or isinstance(node, (ast.If, ast.Match, ast.Block, ast.Ternary, ast.Select)):
            method = self._PUSHED.get(type(node))
            if method is not None:
                return method(self, node, wanted)
        hint = None if wanted is DROP or type(wanted) is Var else wanted
        return self.coerce(self.infer(node, hint), wanted)

    def _value_type(self, expected: Type) -> Type:
        """The type of an expression whose branches were checked at `expected`."""
        return UNIT if expected is DROP else expected

    # ---- literals and names

    def _int(self, node: ast.IntLit, hint: Type | None) -> core.Expr:
        return self.expr(core.Lit(INT, node.span, node.value))

    def _float(self, node: ast.FloatLit, hint: Type | None) -> core.Expr:
        return self.expr(core.Lit(FLOAT, node.span, node.value))

    def _string(self, node: ast.StringLit, hint: Type | None) -> core.Expr:
        return self.expr(core.Lit(STRING, node.span, node.value))

    def _bool(self, node: ast.BoolLit, hint: Type | None) -> core.Expr:
        return self.expr(core.Lit(BOOL, node.span, node.value))

    def _broken(self, node: ast.Broken, hint: Type | None) -> core.Expr:
        return self.bad(node.span)

    def _unit(self, node: ast.UnitLit, hint: Type | None) -> core.Expr:
        return self.unit(node.span)

    def _interpolation(self, node: ast.Interpolation, hint: Type | None) -> core.Expr:
        parts: list[str | core.Expr] = []
        for part in node.parts:
            if isinstance(part, str):
                parts.append(part)
            else:
                value = self.infer(part)
                self.printable(value)
                parts.append(value)
        return self.expr(core.Interpolate(STRING, node.span, tuple(parts)))

    def printable(self, value: core.Expr) -> None:
        """Require that a value can be rendered."""
        self.require(Property("printable", value.type, value.span))

    def _name(self, node: ast.Name, hint: Type | None) -> core.Expr:
        name = node.name
        binding = self.find(name)
        if isinstance(binding, LocalBinding):
            return self.use(binding, node.span)
        if isinstance(binding, GlobalBinding):
            return self.expr(core.GlobalVar(binding.type, node.span, binding.name))
        if isinstance(binding, FnInfo):
            return self.function_value(binding, node.span)
        if isinstance(binding, ExternBinding):
            return self.extern_value(binding, node.span)
        if isinstance(binding, UnknownBinding):
            return self.bad(node.span)
        result = self.result_variant(name, hint)
        if result is not None:
            return self.result_value(result, node.span, hint)
        variant = self.find_variant(name, hint)
        if variant is not None:
            return self.variant_value(*variant, node.span, hint)
        if isinstance(binding, BuiltinBinding):
            return self.builtin_value(name, node.span, hint)
        return self.undefined("variable", name, node.span)

    def _qualified(self, node: ast.Qualified, hint: Type | None) -> core.Expr:
        return self.unsupported("modules are", node.span)

    def _type_applied(self, node: ast.TypeApplied, hint: Type | None) -> core.Expr:
        self.error("OSP3008", f"'{node.name}' with type arguments has to be called", node.span)
        return self.bad(node.span)

    # ---- chains

    def _chain(self, node: ast.Expr, hint: Type | None) -> core.Expr:
        """A chain of operators, calls, fields and indexes, from its head to its end."""
        chain = ast.spine(node)
        last = len(chain) - 1
        head = chain[0]
        value: core.Expr | None = None  # None while the head is a name that the next link calls
        if isinstance(chain[1], ast.RecordUpdate) and isinstance(head, ast.Name) and self._makes(head.name):
            literal = ast.RecordLit(chain[1].span, head.name, head.span, [], chain[1].fields)
            value = self.infer(literal, hint if last == 1 else None)
            chain = [literal, *chain[2:]]
            last -= 1
        elif not (isinstance(chain[1], ast.Call) and not chain[1].piped and _callable_name(head)):
            head_hint = hint if isinstance(chain[1], ast.Binary) and chain[1].op == "+" else None
            value = self.infer(head, head_hint)
        for position in range(1, last + 1):
            link = chain[position]
            wanted = hint if position == last else None
            if isinstance(link, ast.Binary):
                assert value is not None
                value = self._binary(link, value)
            elif isinstance(link, ast.Call):
                value = self._call(link, value, wanted)
            elif isinstance(link, ast.MethodCall):
                assert value is not None
                value = self._method_call(link, value, wanted)
            elif isinstance(link, ast.Field):
                assert value is not None
                value = self._field(link, value)
            elif isinstance(link, ast.Index):
                assert value is not None
                value = self._index(link, value)
            else:
                assert isinstance(link, ast.RecordUpdate) and value is not None
                value = self.update_record(value, link.fields, link.span)
        assert value is not None
        return value

    def _makes(self, name: str) -> bool:
        """Whether a name, not capitalised, means a record type or variant and nothing else."""
        return self.find(name) is None and (name in self.variants or self.record_named(name) is not None)

    def _binary(self, node: ast.Binary, left: core.Expr) -> core.Expr:
        op = node.op
        if op in ("&&", "||"):
            left = self.coerce(left, BOOL)
            right = self.check(node.right, BOOL)
            then, orelse = (right, None) if op == "&&" else (None, right)
            constant = self.expr(core.Lit(BOOL, node.op_span, op == "||"))
            return self.expr(core.If(BOOL, node.span, left, then or constant, orelse or constant))
        right = self.infer(node.right, left.type)
        spans = (left.span, right.span)
        if op in _ARITHMETIC:
            result = self.unifier.fresh()
            made = self.expr(core.Prim(result, node.span, _ARITHMETIC[op], (left, right)))
            self.require(Arithmetic(_ARITHMETIC[op], left.type, right.type, result, node.span, spans))
            made.type = prune(result)
            return made
        if op in _ORDER:
            self.require(Order(_ORDER[op], left.type, right.type, node.span, spans))
            return self.expr(core.Prim(BOOL, node.span, _ORDER[op], (left, right)))
        self.require(Equality(_EQUALITY[op], left.type, right.type, node.span, spans))
        return self.expr(core.Prim(BOOL, node.span, _EQUALITY[op], (left, right)))

    def _call(self, node: ast.Call, value: core.Expr | None, hint: Type | None) -> core.Expr:
        """One call in a chain. `value`: the piped argument, the callee, or None if the callee is a name."""
        args: list[Argument] = list(node.args)
        names: list[ast.Ident | None] | None = list(node.names) if node.names is not None else None
        if node.piped:
            assert value is not None
            args[0] = value
            if names is not None:
                names = [None, *names[1:]] if len(names) == len(args) else [None, *names]
        elif value is not None:
            if names is not None:
                self.error(
                    "OSP3003",
                    "the arguments of a function value have no names",
                    names[0].span if names and names[0] else node.span,
                )
            what = "this function"
            if isinstance(value, core.GetField):
                what = f"function '{value.name}'"
                return self.call_value(value, args, node.span, what, f"field '{value.name}'")
            return self.call_value(value, args, node.span, what)
        return self.call_named(node.fn, args, names, node.span, hint)

    def call_named(
        self,
        fn: ast.Expr,
        args: list[Argument],
        names: list[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        """A call of whatever `fn` is."""
        if isinstance(fn, ast.Name):
            return self._call_by_name(fn, args, names, span, hint)
        if isinstance(fn, ast.TypeApplied):
            return self._call_type_applied(fn, args, names, span, hint)
        if isinstance(fn, ast.Lambda) and names is None:
            # The arguments first, so that their types are known in the body.
            values: list[Argument] = [self.infer(a) for a in args]
            types = tuple(v.type for v in values if isinstance(v, core.Expr))
            callee = self.infer(fn, Fun(types, self.unifier.fresh()))
            return self.call_value(callee, values, span, "this function")
        return self.call_value(self.infer(fn), args, span, "this function")

    def _call_by_name(
        self,
        fn: ast.Name,
        args: list[Argument],
        names: list[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        name = fn.name
        binding = self.find(name)
        if isinstance(binding, FnInfo):
            return self.call_function(binding, args, names, span, fn.span)
        if isinstance(binding, ExternBinding):
            return self.call_extern(binding, args, names, span)
        if isinstance(binding, (LocalBinding, GlobalBinding)):
            if names is not None and any(n is not None for n in names):
                self.error("OSP3003", f"'{name}' is a function value: its arguments have no names", span)
            return self.call_value(self._name(fn, None), args, span, f"function '{name}'", f"'{name}'")
        if isinstance(binding, UnknownBinding):
            return self.recover(args, span)
        result = self.result_variant(name, hint)
        if result is not None:
            return self.call_result(name, result, args, names, span, hint)
        variant = self.find_variant(name, hint)
        if variant is not None and not (isinstance(binding, BuiltinBinding) and not self.user_variant(name)):
            return self.call_variant(*variant, args, names, span, hint)
        if isinstance(binding, BuiltinBinding):
            return self.call_builtin(name, args, names, span, fn.span)
        self.undefined("function", name, fn.span)
        return self.recover(args, span)

    def _call_type_applied(
        self,
        fn: ast.TypeApplied,
        args: list[Argument],
        names: list[ast.Ident | None] | None,
        span: Span,
        hint: Type | None,
    ) -> core.Expr:
        if fn.qualifier:
            self.unsupported("modules are", fn.span)
            return self.recover(args, span)
        targs = [self.resolve(t) for t in fn.args]
        binding = self.find(fn.name)
        if isinstance(binding, FnInfo):
            return self.call_function(binding, args, names, span, fn.span, targs)
        variant = self.find_variant(fn.name, hint)
        if variant is not None and len(targs) == len(variant[0].params):
            return self.call_variant(*variant, args, names, span, Con(variant[0].name, tuple(targs)))
        if isinstance(binding, BuiltinBinding):
            return self.call_builtin(fn.name, args, names, span, fn.span, targs)
        self.undefined("function", fn.name, fn.span)
        return self.recover(args, span)

    def _method_call(self, node: ast.MethodCall, value: core.Expr, hint: Type | None) -> core.Expr:
        """`x.f(a)`: the field `f` of `x` applied, or `f(x, a)`."""
        args: list[Argument] = list(node.args)
        names: list[ast.Ident | None] | None = list(node.names) if node.names is not None else None
        obj = value
        if node.piped:
            args[0] = value
            obj = self.infer(node.object)
        t = prune(obj.type)
        if (type(t) is Var and self.find(node.name) is None) or self.field_type(t, node.name) is not None:
            callee = self._get_field(obj, node.name, node.span)
            return self.call_value(callee, args, node.span, f"field '{node.name}'")
        if t is BAD:
            return self.recover(args, node.span)
        if self.find(node.name) is None and self.find_variant(node.name, hint) is None:
            if t is ANY:
                self.error("OSP3007", f"cannot use 'any' with '.{node.name}': match it first", node.span)
                return self.recover(args, node.span)
            fields = [n for n, _ in self.fields_of(t) or ()]
            hints = self.suggestion(node.name, [*fields, *self.names_in_scope()])
            message = f"undefined function '{node.name}'"
            if fields:
                message += f" (and type {self.show(t)} has no field of that name)"
            self.error("OSP2002", message, node.name_span, hints)
            return self.recover(args, node.span)
        if names is not None:
            names = [None, *names]
        fn = ast.Name(node.name_span, node.name)
        return self._call_by_name(fn, [obj, *args], names, node.span, hint)

    def _field(self, node: ast.Field, value: core.Expr) -> core.Expr:
        return self._get_field(value, node.name, node.name_span, node.span)

    def _get_field(self, obj: core.Expr, name: str, at: Span, span: Span | None = None) -> core.Expr:
        found = self.field_type(prune(obj.type), name)
        if found is not None:
            return self.expr(core.GetField(found, span or at, obj, name))
        result = self.unifier.fresh()
        made = self.expr(core.GetField(result, span or at, obj, name))
        self.require(HasField(obj.type, name, result, at))
        return made

    def _index(self, node: ast.Index, value: core.Expr) -> core.Expr:
        t = prune(value.type)
        wanted = t.args[0] if isinstance(t, Con) and t.name == "Map" else None
        index = self.infer(node.index, wanted)
        result = self.unifier.fresh()
        made = self.expr(core.Index(result, node.span, value, index))
        self.require(Indexed(value.type, index.type, result, node.index.span))
        made.type = prune(result)
        return made

    # ---- operators with one operand, conditions, defaults

    def _unary(self, node: ast.Unary, hint: Type | None) -> core.Expr:
        ops: list[ast.Unary] = []
        inner: ast.Expr = node
        while isinstance(inner, ast.Unary):
            ops.append(inner)
            inner = inner.operand
        value = self.infer(inner)
        for op in reversed(ops):
            if op.op == "!":
                value = self.expr(core.Prim(BOOL, op.span, "not", (self.coerce(value, BOOL),)))
                continue
            result = self.unifier.fresh()
            if op.op == "-":
                made = self.expr(core.Prim(result, op.span, "neg", (value,)))
                self.require(Negation(value.type, result, op.span))
                made.type = prune(result)
                value = made
            elif self.is_result(value.type):
                self.require(Negation(value.type, result, op.span))
            else:
                self.require(Property("number", value.type, op.span))
        return value

    def _or_else(self, node: ast.Default, hint: Type | None) -> core.Expr:
        result = self.infer(node.value)
        t = prune(result.type)
        if type(t) is Var:
            t = Con("Result", (self.unifier.fresh(), self.unifier.fresh()))
            self.unify(result.type, t, result.span)
        if not (isinstance(t, Con) and t.name == "Result"):
            if t is not BAD:
                what = "cannot use 'any' with '?:': match it first"
                if t is not ANY:
                    what = f"type mismatch: expected a Result before '?:', found {self.show(t)}"
                self.error("OSP3013", what, result.span)
            self.infer(node.fallback)
            return self.bad(node.span)
        fallback = self.check(node.fallback, t.args[0])
        return self.expr(core.Default(prune(t.args[0]), node.span, result, fallback))

    def _if(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.If)
        checked = [(b, self.check(b.condition, BOOL), self.check(b.body, expected)) for b in node.branches]
        made = self.check(node.otherwise, expected)
        t = self._value_type(expected)
        for branch, condition, body in reversed(checked):
            made = self.expr(core.If(t, branch.span.to(node.span), condition, body, made))
        made.span = node.span
        return made

    def _ternary(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.Ternary)
        condition = self.check(node.condition, BOOL)
        then = self.check(node.then, expected)
        otherwise = self.check(node.otherwise, expected)
        return self.expr(core.If(self._value_type(expected), node.span, condition, then, otherwise))

    # ---- match

    def _match(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.Match)
        scrutinee = self.infer(node.scrutinee)
        arms: list[core.Arm] = []
        dropped = False
        for arm in node.arms:
            with self.scope():
                bound: Bindings = {}
                pattern = self.match_pattern(arm.pattern, scrutinee.type, bound)
                for name, local in bound.items():
                    self.bind(name, LocalBinding(local, self.frame, "pattern variable"))
                guard = None if arm.guard is None else self.check(arm.guard, BOOL)
                body = self.check(arm.body, expected)
            if isinstance(pattern, PNever):
                dropped = True
            else:
                arms.append(core.Arm(pattern, guard, body, arm.span))
        made = self.expr(core.Match(self._value_type(expected), node.span, scrutinee, tuple(arms)))
        self.matches.append((made, dropped))
        return made

    # ---- functions

    def _lambda(self, node: ast.Lambda, hint: Type | None) -> core.Expr:
        wanted = prune(hint) if hint is not None else None
        if not isinstance(wanted, Fun) or len(wanted.params) != len(node.params):
            wanted = None
        frame = Frame(self.frame, None)
        self.frame.lambdas.append(frame)
        with self.body(frame):
            params = self._lambda_params(node, wanted)
            expected: Type = self.unifier.fresh()
            if node.result is not None:
                expected = self.resolve(node.result)
                body = self.check(node.body, DROP if expected is UNIT else expected)
            elif wanted is not None and prune(wanted.result) is UNIT:
                expected = UNIT
                body = self.check(node.body, DROP)
            elif wanted is not None and type(prune(wanted.result)) is not Var:
                expected = prune(wanted.result)
                body = self.check(node.body, expected)
            else:
                body = self.infer(node.body)
                expected = body.type
        t = Fun(tuple(p.type for p in params), expected)
        made = self.expr(core.Lambda(t, node.span, params, body, ()))
        self.lambdas.append((made, frame))
        return made

    def _lambda_params(self, node: ast.Lambda, wanted: Fun | None) -> tuple[core.Local, ...]:
        made = []
        seen: set[str] = set()
        for i, p in enumerate(node.params):
            t: Type
            if p.type is not None:
                t = self.resolve(p.type)
                if wanted is not None and not self.unifier.unify(wanted.params[i], t):
                    self.mismatch(wanted.params[i], t, p.span)
            else:
                t = wanted.params[i] if wanted is not None else self.unifier.fresh()
            local = self.local(p.name, t, p.span)
            made.append(local)
            self.bind_parameter(p, local, seen)
        self.settle()
        return tuple(made)

    def bind_parameter(self, p: ast.Param, local: core.Local, seen: set[str]) -> None:
        """Put a parameter into scope; `_` is ignored."""
        if p.name == "_":
            return
        if p.name in seen:
            self.error("OSP2004", f"parameter '{p.name}' is there twice", p.span)
        seen.add(p.name)
        self.bind(p.name, LocalBinding(local, self.frame, "parameter"))

    # ---- records, lists, maps

    def _record_literal(self, node: ast.RecordLit, hint: Type | None) -> core.Expr:
        name = node.name
        if node.qualifier:
            self.unsupported("modules are", node.span)
            return self._recover_fields(node.fields, node.span)
        targs = [self.resolve(t) for t in node.type_args]
        result = self.result_variant(name, hint)
        if result is not None:
            names: list[ast.Ident | None] = [ast.Ident(f.name_span, f.name) for f in node.fields]
            return self.call_result(name, result, [f.value for f in node.fields], names, node.span, hint)
        record = self.record_named(name)
        variant = self.find_variant(name, hint)
        if record is not None and (variant is None or variant[0] is record[0] or not self.user_variant(name)):
            data, args = record
            args = self._type_arguments(data, targs, node) if targs else args
            return self.make_record(data, data.variants[0], node.fields, node.span, hint, args)
        if variant is not None:
            data, which = variant
            if which.positional:
                self.error("OSP3018", f"'{name}' has no named fields: write {name}(…)", node.span)
                return self._recover_fields(node.fields, node.span)
            args = self._type_arguments(data, targs, node) if targs else None
            return self.make_record(data, which, node.fields, node.span, hint, args)
        if name in ("Fiber", "Channel"):
            return self._fiber_literal(node, targs)
        if name not in self.damage.names:
            known = [*self.user_types, *self.prelude_types, *self.variants]
            self.error("OSP2003", f"undefined type '{name}'", node.name_span, self.suggestion(name, known))
        return self._recover_fields(node.fields, node.span)

    def _type_arguments(
        self, data: core.Data, targs: list[Type], node: ast.RecordLit
    ) -> tuple[Type, ...] | None:
        if len(targs) == len(data.params):
            return tuple(targs)
        wanted = len(data.params)
        plural = "" if wanted == 1 else "s"
        message = f"type '{data.title}' takes {wanted or 'no'} argument{plural}, got {len(targs)}"
        self.error("OSP3015", message, node.name_span)
        return None

    def _recover_fields(self, fields: list[ast.FieldInit], span: Span) -> core.Expr:
        for f in fields:
            self.infer(f.value)
        return self.bad(span)

    def _fiber_literal(self, node: ast.RecordLit, targs: list[Type]) -> core.Expr:
        """`Fiber<T> { computation: f }` and `Channel<T> { capacity: n }`."""
        wanted = "computation" if node.name == "Fiber" else "capacity"
        element: Type = targs[0] if len(targs) == 1 else self.unifier.fresh()
        if len(node.fields) != 1 or node.fields[0].name != wanted:
            hints = (f"write {node.name}<T> {{ {wanted}: … }}",)
            self.error("OSP3018", f"a {node.name} needs exactly the field '{wanted}'", node.span, hints)
            return self._recover_fields(node.fields, node.span)
        value = node.fields[0].value
        t = Con(node.name, (element,))
        if node.name == "Channel":
            call = self.call_builtin("Channel", [value], None, node.span, node.name_span)
            self.unify(t, call.type, node.span)
            return call
        if isinstance(value, ast.Lambda) and not value.params:
            body = self.check(value, Fun((), element))
            if isinstance(body, core.Lambda):
                return self.expr(core.Spawn(t, node.span, body))
        computation = self.check(value, Fun((), element))
        run = self.wrapper(
            (), element, node.span, lambda a: self.expr(core.Call(element, node.span, a[0], ())), computation
        )
        if isinstance(run, core.Block):
            assert isinstance(run.result, core.Lambda)
            spawn = self.expr(core.Spawn(t, node.span, run.result))
            return self.expr(core.Block(t, node.span, run.stmts, spawn))
        assert isinstance(run, core.Lambda)
        return self.expr(core.Spawn(t, node.span, run))

    def _anonymous(self, node: ast.AnonRecord, hint: Type | None) -> core.Expr:
        return self.anonymous_record(node, hint)

    def _list_literal(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.ListLit)
        element: Type = self.unifier.fresh()
        t: Type = Con("List", (element,))
        if isinstance(expected, Con) and expected.name == "List":
            t, element = expected, expected.args[0]
        items = tuple(self.check(item, element) for item in node.items)
        return self.coerce(self.expr(core.ListLit(t, node.span, items)), expected)

    def _map_literal(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.MapLit)
        key: Type = self.unifier.fresh()
        value: Type = self.unifier.fresh()
        t: Type = Con("Map", (key, value))
        if isinstance(expected, Con) and expected.name == "Map":
            t, key, value = expected, *expected.args
        entries = []
        for written_key, written_value in node.entries:
            made_key = self.check(written_key, key)
            entries.append((made_key, self.check(written_value, value)))
        actual = prune(key)
        if entries and actual not in (STRING, INT, BAD) and type(actual) is not Var:
            message = f"type mismatch: expected string, found {self.show(actual)}"
            self.error("OSP3001", message, entries[0][0].span, ("the keys of a map are strings or ints",))
        return self.coerce(self.expr(core.MapLit(t, node.span, tuple(entries))), expected)

    # ---- fibers

    def _spawn(self, node: ast.Spawn, hint: Type | None) -> core.Expr:
        frame = Frame(self.frame, None)
        self.frame.lambdas.append(frame)
        wanted = prune(hint) if hint is not None else None
        with self.body(frame):
            if isinstance(wanted, Con) and wanted.name == "Fiber":
                body = self.check(node.body, wanted.args[0])
                t = prune(wanted.args[0])
            else:
                body = self.infer(node.body)
                t = body.type
        run = self.expr(core.Lambda(Fun((), t), node.body.span, (), body, ()))
        self.lambdas.append((run, frame))
        return self.expr(core.Spawn(Con("Fiber", (t,)), node.span, run))

    def _select(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.Select)
        arms = [self._select_arm(arm, expected) for arm in node.arms]
        for arm in [a for a in arms if a.kind == "default"][1:]:
            self.error("OSP4003", "a select has at most one `_` arm", arm.span)
        return self.expr(core.Select(self._value_type(expected), node.span, tuple(arms)))

    def _select_arm(self, arm: ast.SelectArm, expected: Type) -> core.SelectArm:
        operands: tuple[core.Expr, ...] = ()
        with self.scope():
            bind: core.Local | None = None
            if arm.kind in ("recv", "send"):
                element = self.unifier.fresh()
                channel = self.check(arm.args[0], Con("Channel", (element,)))
                operands = (channel,)
                if arm.kind == "send":
                    operands = (channel, self.check(arm.args[1], element))
                elif arm.binder is not None and not isinstance(arm.binder, ast.PWild):
                    return self._receiving(arm, operands, element, expected)
            elif arm.kind == "sleep":
                operands = (self.check(arm.args[0], INT),)
            body = self.check(arm.body, expected)
        return core.SelectArm(arm.kind, operands, bind, body, arm.span)

    def _receiving(
        self, arm: ast.SelectArm, operands: tuple[core.Expr, ...], element: Type, expected: Type
    ) -> core.SelectArm:
        """A receive arm that binds: to a name, or by a pattern that matches everything."""
        assert arm.binder is not None
        if isinstance(arm.binder, ast.PBind):
            local = self.local(arm.binder.name, element, arm.binder.span)
            self.bind(local.name, LocalBinding(local, self.frame, "variable"))
            return core.SelectArm("recv", operands, local, self.check(arm.body, expected), arm.span)
        local = self.local("received", element, arm.binder.span)
        bound: Bindings = {}
        pattern = self.match_pattern(arm.binder, element, bound)
        for name, made in bound.items():
            self.bind(name, LocalBinding(made, self.frame, "pattern variable"))
        body = self.check(arm.body, expected)
        value = self.expr(core.Var(element, arm.binder.span, local))
        inner = (core.Arm(pattern, None, body, arm.span),)
        whole = self.expr(core.Match(self._value_type(expected), arm.span, value, inner))
        self.matches.append((whole, False))
        return core.SelectArm("recv", operands, local, whole, arm.span)

    # ---- what is not there yet

    def _effects(self, node: ast.Expr, hint: Type | None) -> core.Expr:
        return self.unsupported("effects are", node.span)

    # ---- blocks and assignment

    def block(self, node: ast.Expr, expected: Type) -> core.Expr:
        """A block: defined with the declarations of functions, in `Functions`."""
        raise NotImplementedError

    def assign(self, node: ast.Assign) -> core.Stmt | None:
        """`name = value`, where `name` is a `mut` of this very body."""
        binding = self.find(node.name)
        if isinstance(binding, LocalBinding) and binding.local.mutable:
            if binding.frame is self.frame:
                return core.Assign(node.span, binding.local, self.check(node.value, binding.local.type))
            message = (
                f"cannot assign to '{node.name}' here: only the body that declares a `mut` may change it"
            )
            declared = (Label(binding.local.span, "declared here"),)
            self.error("OSP2007", message, node.span, labels=declared)
        elif binding is None:
            self.undefined("variable", node.name, node.name_span)
        elif not isinstance(binding, UnknownBinding):
            labels: tuple[Label, ...] = ()
            hints: Sequence[str] = ()
            if isinstance(binding, (LocalBinding, GlobalBinding)):
                span = binding.local.span if isinstance(binding, LocalBinding) else binding.span
                labels = (Label(span, "declared here"),)
                declared_by_let = not isinstance(binding, LocalBinding) or binding.kind == "variable"
                hints = ("declare it with `mut` to be able to change it",) if declared_by_let else ()
            self.error(
                "OSP2006", f"cannot assign to immutable variable '{node.name}'", node.span, hints, labels
            )
        self.infer(node.value)
        return None

    _PUSHED: dict[type, Callable[..., core.Expr]]
    _METHODS: dict[type, Callable[..., core.Expr]]


def _callable_name(node: ast.Expr) -> bool:
    return isinstance(node, (ast.Name, ast.TypeApplied, ast.Lambda))


def _push_lambda(session: Expressions, node: ast.Lambda, wanted: Type) -> core.Expr:
    hint = wanted if isinstance(wanted, Fun) else None
    return session.coerce(session._lambda(node, hint), wanted)


Expressions._PUSHED = {
    ast.If: Expressions._if,
    ast.Ternary: Expressions._ternary,
    ast.Match: Expressions._match,
    ast.Select: Expressions._select,
    ast.Block: lambda s, n, e: s.block(n, e),
    ast.ListLit: Expressions._list_literal,
    ast.MapLit: Expressions._map_literal,
    ast.Lambda: _push_lambda,
}


def _infer_pushed(kind: type) -> Callable[[Expressions, ast.Expr, Type | None], core.Expr]:
    def method(session: Expressions, node: ast.Expr, hint: Type | None) -> core.Expr:
        return Expressions._PUSHED[kind](session, node, session.unifier.fresh())

    return method


Expressions._METHODS = {
    ast.IntLit: Expressions._int,
    ast.FloatLit: Expressions._float,
    ast.StringLit: Expressions._string,
    ast.BoolLit: Expressions._bool,
    ast.UnitLit: Expressions._unit,
    ast.Broken: Expressions._broken,
    ast.Interpolation: Expressions._interpolation,
    ast.Name: Expressions._name,
    ast.Qualified: Expressions._qualified,
    ast.TypeApplied: Expressions._type_applied,
    ast.Unary: Expressions._unary,
    ast.Default: Expressions._or_else,
    ast.Lambda: Expressions._lambda,
    ast.RecordLit: Expressions._record_literal,
    ast.AnonRecord: Expressions._anonymous,
    ast.Spawn: Expressions._spawn,
    ast.Perform: Expressions._effects,
    ast.Handle: Expressions._effects,
    ast.Resume: Expressions._effects,
    **{
        k: _infer_pushed(k)
        for k in (ast.If, ast.Ternary, ast.Match, ast.Select, ast.Block, ast.ListLit, ast.MapLit)
    },
}
