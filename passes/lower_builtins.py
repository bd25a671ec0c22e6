"""lower-builtins: built-in functions, comparisons and renderings become runtime calls and generated
functions.

What depends on a type gets a function of its own, made once: `show<T>` renders, `equal<T>` compares, and an
HTTP handler of any shape is wrapped in one that takes the request and replies.

    osp.builtin {name = "print"} (%p : !osp.data<"Point">)
->  %s = osp.call @"show<!osp.data<\\"Point\\">>"(%p)      rt.call @osp_print(%s)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ospjit.builtins.table import BUILTINS, RUNTIME
from ospjit.dialects.osp import ANY, PTR, STRING, UNIT, fn_of, is_type, result_of
from ospjit.ir import (
    UNKNOWN,
    Block,
    Builder,
    DialectType,
    FunctionType,
    Location,
    Operation,
    Pass,
    PassContext,
    Pattern,
    Region,
    Rewriter,
    SymbolRefAttr,
    SymbolTable,
    Type,
    TypeAttr,
    Value,
    apply_patterns,
    f64,
    i1,
    i64,
    pattern,
)
from ospjit.passes.any_types import erased_types
from ospjit.passes.data_types import DataTypes
from ospjit.passes.lower_channels import Channels
from ospjit.passes.lower_collections import Collections
from ospjit.passes.lower_maps import Maps
from ospjit.passes.not_supported import NotSupported


@dataclass(frozen=True)
class LowerBuiltins(Pass):
    """Expands built-ins, comparisons, renderings, concatenations and record updates."""

    name = "lower-builtins"
    summary = "built-ins, comparisons and renderings become runtime calls and generated functions"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith", "rt")
    required = True

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        lowering = Lowering(module, ctx)
        apply_patterns(module, lowering.patterns())


Branch = Callable[[Builder], Value]
#: A pattern, the types that it binds, and what makes the arm's value from them.
MatchArm = tuple[tuple[object, ...], Sequence[Any], Callable[[Builder, Sequence[Value]], Value]]


class Lowering:
    """The state of the pass: the functions it has generated."""

    def __init__(self, module: Operation, ctx: PassContext) -> None:
        self.module = module
        self.ctx = ctx
        self.symbols = SymbolTable(module)
        self.datas = DataTypes(self.symbols)
        self.collections = Collections(self)
        self.maps = Maps(self)
        self.channels = Channels(self)
        #: Where the operation stands that is being lowered: the place of what is generated for it.
        self.here: Location = UNKNOWN

    def patterns(self) -> list[Pattern]:
        """The patterns of the pass, bound to this state."""

        def at(*names: str) -> Callable[[Callable[[Operation, Rewriter], bool]], Pattern]:
            def make(rewrite: Callable[[Operation, Rewriter], bool]) -> Pattern:
                @pattern(*names)
                def located(op: Operation, rw: Rewriter) -> bool:
                    self.here = op.loc
                    return rewrite(op, rw)

                return located

            return make

        @at("osp.builtin")
        def builtin(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.builtin(rw, op))
            return True

        @at("osp.to_string")
        def to_string(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.show(rw, op.operands[0], nested=False))
            return True

        @at("osp.concat")
        def concat(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.concat(rw, list(op.operands)))
            return True

        @at("osp.eq", "osp.ne")
        def equality(op: Operation, rw: Rewriter) -> bool:
            equal = self.equal(rw, *op.operands)
            rw.replace(op, negate(rw, equal) if op.name == "osp.ne" else equal)
            return True

        @at("osp.lt", "osp.le", "osp.gt", "osp.ge")
        def order(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.compare(rw, op.name[4:], *op.operands))
            return True

        @at("osp.add")
        def join(op: Operation, rw: Rewriter) -> bool:
            if op.result.type is STRING:
                rw.replace(op, self.concat(rw, self._concatenated(op)))
            elif is_type(op.result.type, "osp.map"):
                rw.replace(op, self.runtime(rw, "osp_map_merge", op.operands, op.result.type))
            elif is_type(op.result.type, "osp.list"):
                rw.replace(op, self.runtime(rw, "osp_list_concat", op.operands, op.result.type))
            else:
                return False
            return True

        @at("osp.update")
        def update(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.update(rw, op))
            return True

        @at("osp.list")
        def list_literal(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.collections.literal(rw, op.operands, op.result.type))
            return True

        @at("osp.index")
        def index(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.index(rw, op))
            return True

        @at("osp.map")
        def map_literal(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.maps.literal(rw, op.operands, op.result.type))
            return True

        @at("osp.spawn")
        def spawn(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.spawn(rw, op.operands[0], op.result.type))
            return True

        @at("osp.select")
        def select(op: Operation, rw: Rewriter) -> bool:
            self.channels.select(rw, op)
            return True

        @at("osp.list_item")
        def item(op: Operation, rw: Rewriter) -> bool:
            rw.replace(op, self.collections.item(rw, op.operands[0], self.integer(rw, op.attr("index"))))
            return True

        return [
            builtin,
            to_string,
            concat,
            equality,
            order,
            join,
            update,
            list_literal,
            map_literal,
            index,
            item,
            spawn,
            select,
        ]

    # ---- small building blocks

    def runtime(self, b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
        """A call of a runtime function; a fallible one gives a `Result`, one without a result Unit."""
        fn = RUNTIME[symbol]
        value = result
        if fn.fallible:
            assert isinstance(result, DialectType)
            value = result.params[0]  # type: ignore[assignment]
        types = [] if value is UNIT else [value]
        if fn.fallible:
            types.append(STRING)
        op = b.create("rt.call", args, types, {"callee": SymbolRefAttr(symbol)})
        if fn.fallible:
            return b.create("osp.result_from", op.results, [result]).result
        return op.results[0] if types else b.create("osp.unit", [], [UNIT]).result

    def string(self, b: Builder, text: str) -> Value:
        """A literal."""
        return b.create("osp.string", [], [STRING], {"value": text}).result

    def integer(self, b: Builder, value: int) -> Value:
        """A constant."""
        return b.create("arith.constant", [], [i64], {"value": value}).result

    def _concatenated(self, op: Operation) -> list[Value]:
        """The operands of a chain of string additions, as long as nothing else reads the links."""
        parts: list[Value] = [op.operands[1]]
        value = op.operands[0]
        while (
            isinstance(value.owner, Operation)
            and value.owner.name == "osp.add"
            and value.has_one_use()
            and value.owner.parent is op.parent
        ):
            parts.append(value.owner.operands[1])
            value = value.owner.operands[0]
        parts.append(value)
        return parts[::-1]

    def concat(self, b: Builder, parts: list[Value]) -> Value:
        """The concatenation of strings, literals next to each other joined."""
        merged: list[Value] = []
        for part in parts:
            literal = _literal(part)
            if literal == "":
                continue
            previous = _literal(merged[-1]) if merged else None
            if literal is not None and previous is not None:
                merged[-1] = self.string(b, previous + literal)
            else:
                merged.append(part)
        if not merged:
            return self.string(b, "")
        if len(merged) == 1:
            return merged[0]
        symbol = "osp_string_concat" if len(merged) == 2 else "osp_string_concat_n"
        return b.create(
            "rt.call" if len(merged) == 2 else "rt.concat",
            merged,
            [STRING],
            {"callee": SymbolRefAttr(symbol)},
        ).result

    def update(self, b: Builder, op: Operation) -> Value:
        """A record rebuilt from its fields, some of them new."""
        t = op.result.type
        new = dict(zip(op.attr("fields"), op.operands[1:], strict=True))
        variant = self.datas.variants(t)[0]
        fields = []
        for name, ft in zip(
            self.datas.field_names(t, variant), self.datas.field_types(t, variant), strict=True
        ):
            if name in new:
                fields.append(new[name])
            else:
                fields.append(b.create("osp.get_field", [op.operands[0]], [ft], {"field": name}).result)
        return b.create("osp.construct", fields, [t], {"variant": variant}).result

    def index(self, b: Builder, op: Operation) -> Value:
        """An element of a list or a code point of a string."""
        obj, at = op.operands
        if is_type(obj.type, "osp.list"):
            return self.collections.get(b, obj, at, op.result.type)
        if is_type(obj.type, "osp.map"):
            return self.maps.get(b, obj, at, op.result.type)
        if obj.type is STRING:
            return self.runtime(b, "osp_string_char_at", [obj, at], op.result.type)
        raise NotSupported(f"indexing a value of type {obj.type} is not supported yet", op.loc)

    def conditional(
        self, b: Builder, condition: Value, result: Type, then: Branch, otherwise: Branch
    ) -> Value:
        """`if`: each branch makes its value in a region of its own."""
        regions = []
        for branch in (then, otherwise):
            block = Block()
            inner = Builder.at_end(block, b.loc)
            inner.create("scf.yield", [branch(inner)])
            regions.append(Region([block]))
        return b.create("scf.if", [condition], [result], None, regions).result

    def boolean(self, b: Builder, value: bool) -> Value:
        """A constant."""
        return _boolean(b, value)

    # ---- generated functions

    def function(
        self,
        symbol: str,
        inputs: Sequence[Type],
        result: Type,
        body: Callable[[Builder, Sequence[Value]], Value],
    ) -> str:
        """The function called `symbol`, made by `body` if it is not there yet."""
        if symbol not in self.symbols:
            block = Block(inputs)
            attrs = {
                "sym_name": symbol,
                "function_type": TypeAttr(FunctionType(inputs, [result])),
                "title": symbol,
            }
            function = Operation("func.func", [], [], attrs, [Region([block])], loc=self.here)
            self.symbols.insert(function)
            b = Builder.at_end(block, self.here)
            value = body(b, block.args)
            b.create("func.return", [value])
            self.ctx.count("generated")
        return symbol

    def call(self, b: Builder, symbol: str, args: Sequence[Value], result: Type) -> Value:
        """A call of a function of the module."""
        return b.create("osp.call", args, [result], {"callee": SymbolRefAttr(symbol)}).result

    def match(
        self,
        b: Builder,
        value: Value,
        result: Type,
        arms: Sequence[MatchArm],
    ) -> Value:
        """A match; each arm is its pattern, the types that it binds and what makes its value from them."""
        regions, patterns = [], []
        for arm, types, body in arms:
            block = Block(types)
            inner = Builder.at_end(block, b.loc)
            inner.create("osp.yield", [body(inner, block.args)])
            regions.append(Region([block]))
            patterns.append(arm)
        attrs: dict[str, object] = {"patterns": tuple(patterns), "guards": (False,) * len(arms)}
        return b.create("osp.match", [value], [result], attrs, regions).result

    # ---- rendering

    def show(self, b: Builder, value: Value, *, nested: bool) -> Value:
        """The rendering of a value; strings are quoted when `nested` in something."""
        t = value.type
        if t is STRING:
            return self.runtime(b, "osp_string_quote", [value], STRING) if nested else value
        for scalar, symbol in (
            (i64, "osp_int_to_string"),
            (f64, "osp_float_to_string"),
            (i1, "osp_bool_to_string"),
        ):
            if t is scalar:
                return self.runtime(b, symbol, [value], STRING)
        if t is UNIT:
            return self.string(b, "()")
        if is_type(t, "osp.result"):
            # Only a Result passes on whether it stands in something.
            name = f"show_nested<{t}>" if nested else f"show<{t}>"
            symbol = self.function(name, [t], STRING, lambda i, args: self._show_result(i, args[0], nested))
            return self.call(b, symbol, [value], STRING)
        body = self._show_body(t, b.loc)
        return self.call(b, self.function(f"show<{t}>", [t], STRING, body), [value], STRING)

    def _show_body(self, t: Type, loc: Location) -> Callable[[Builder, Sequence[Value]], Value]:
        if t is ANY:
            return lambda b, args: self._show_any(b, args[0])
        if is_type(t, "osp.list"):
            return lambda b, args: self.collections.show(b, args[0])
        if is_type(t, "osp.map"):
            return lambda b, args: self.maps.show(b, args[0])
        if is_type(t, "osp.fiber"):
            return lambda b, args: self._show_handle(b, "Fiber", "osp_fiber_id", args[0])
        if is_type(t, "osp.channel"):
            return lambda b, args: self._show_handle(b, "Channel", "osp_channel_id", args[0])
        if is_type(t, "osp.data") or is_type(t, "osp.rec"):
            return lambda b, args: self._show_data(b, args[0])
        raise NotSupported(f"rendering a value of type {t} is not supported yet", loc)

    def _show_any(self, b: Builder, value: Value) -> Value:
        """By the run-time type; functions are not printable and show as what they are."""

        def arm(t: Type) -> Callable[[Builder, Sequence[Value]], Value]:
            if is_type(t, "osp.fn") or t is PTR:
                return lambda i, args: self.string(i, "<function>")
            return lambda i, args: self.show(i, args[0], nested=False)

        arms: list[MatchArm] = [
            (("type", t, ("bind",)), [t], arm(t)) for t in erased_types(self.module, self.datas)
        ]
        unknown: MatchArm = (("wild",), [], lambda i, args: self.string(i, "any"))
        return self.match(b, value, STRING, [*arms, unknown])

    def _show_handle(self, b: Builder, name: str, identify: str, value: Value) -> Value:
        """A fiber or channel, by its id."""
        number = self.show(b, self.runtime(b, identify, [value], i64), nested=False)
        return self.concat(b, [self.string(b, name + "("), number, self.string(b, ")")])

    def _show_result(self, b: Builder, value: Value, nested: bool) -> Value:
        t = value.type
        assert isinstance(t, DialectType)

        def arm(name: str) -> Callable[[Builder, Sequence[Value]], Value]:
            return lambda inner, args: self.concat(
                inner,
                [
                    self.string(inner, name + "("),
                    self.show(inner, args[0], nested=nested),
                    self.string(inner, ")"),
                ],
            )

        arms: list[MatchArm] = [
            (("con", name, ("bind",)), [t.params[which]], arm(name))
            for which, name in enumerate(("Success", "Error"))
        ]
        return self.match(b, value, STRING, arms)

    def _show_data(self, b: Builder, value: Value) -> Value:
        t = value.type
        arms: list[MatchArm] = []
        for index, variant in enumerate(self.datas.variants(t)):
            types = self.datas.field_types(t, variant)
            pattern_ = ("con", variant, *(("bind",) for _ in types))
            arms.append((pattern_, types, self._show_variant(t, index, variant)))
        return self.match(b, value, STRING, arms)

    def _show_variant(self, t: Type, index: int, variant: str) -> Callable[[Builder, Sequence[Value]], Value]:
        names = self.datas.field_names(t, variant)
        positional = is_type(t, "osp.data") and self.datas.declaration(t).attr("positional")[index]

        def body(b: Builder, fields: Sequence[Value]) -> Value:
            if not fields:
                return self.string(b, variant)
            opening, closing = ("(", ")") if positional else (" { " if variant else "{ ", " }")
            parts = [self.string(b, variant + opening)]
            for number, (name, field) in enumerate(zip(names, fields, strict=True)):
                separator = ", " if number else ""
                parts.append(self.string(b, separator if positional else f"{separator}{name}: "))
                parts.append(self.show(b, field, nested=True))
            return self.concat(b, [*parts, self.string(b, closing)])

        return body

    # ---- comparison

    def equal(self, b: Builder, x: Value, y: Value) -> Value:
        """Whether two values are equal, structurally."""
        x, y = _same_number(b, x, y)
        t = x.type
        if t is i64 or t is i1:
            return b.create("arith.cmpi", [x, y], [i1], {"predicate": 0}).result
        if t is f64:
            return b.create("arith.cmpf", [x, y], [i1], {"predicate": 1}).result
        if t is STRING:
            return self.runtime(b, "osp_string_equal", [x, y], i1)
        if t is UNIT:
            return b.create("arith.constant", [], [i1], {"value": True}).result
        if self.datas.is_enumeration(t):
            tags = [b.create("osp.variant_tag", [v], [i64]).result for v in (x, y)]
            return b.create("arith.cmpi", tags, [i1], {"predicate": 0}).result
        if is_type(t, "osp.list"):
            return self.collections.equal(b, x, y)
        if is_type(t, "osp.map"):
            return self.maps.equal(b, x, y)
        for name, identify in (("osp.fiber", "osp_fiber_id"), ("osp.channel", "osp_channel_id")):
            if is_type(t, name):
                return self.equal(b, *(self.runtime(b, identify, [v], i64) for v in (x, y)))
        if not any(is_type(t, n) for n in ("osp.result", "osp.data", "osp.rec")):
            raise NotSupported(f"comparing values of type {t} is not supported yet", b.loc)
        symbol = self.function(f"equal<{t}>", [t, t], i1, lambda inner, args: self._equal_data(inner, *args))
        return self.call(b, symbol, [x, y], i1)

    def _equal_data(self, b: Builder, x: Value, y: Value) -> Value:
        t = x.type
        if is_type(t, "osp.result"):
            cases = list(zip(("Success", "Error"), ([p] for p in t.params), strict=True))  # type: ignore[attr-defined]
        else:
            cases = [(v, self.datas.field_types(t, v)) for v in self.datas.variants(t)]

        def outer(variant: str, types: Sequence[Type]) -> Callable[[Builder, Sequence[Value]], Value]:
            def body(inner: Builder, xs: Sequence[Value]) -> Value:
                pattern_ = ("con", variant, *(("bind",) for _ in types))
                arms: list[MatchArm] = [(pattern_, types, lambda i, ys: self._all_equal(i, xs, ys))]
                if len(cases) > 1:
                    arms.append((("wild",), [], lambda i, _: _boolean(i, False)))
                return self.match(inner, y, i1, arms)

            return body

        arms: list[MatchArm] = [
            (("con", v, *(("bind",) for _ in types)), types, outer(v, types)) for v, types in cases
        ]
        return self.match(b, x, i1, arms)

    def _all_equal(self, b: Builder, xs: Sequence[Value], ys: Sequence[Value]) -> Value:
        if not xs:
            return _boolean(b, True)
        first = self.equal(b, xs[0], ys[0])
        if len(xs) == 1:
            return first
        return self.conditional(
            b, first, i1, lambda i: self._all_equal(i, xs[1:], ys[1:]), lambda i: _boolean(i, False)
        )

    def compare(self, b: Builder, op: str, x: Value, y: Value) -> Value:
        """An ordering comparison of numbers or strings."""
        x, y = _same_number(b, x, y)
        if x.type is STRING:
            x = self.runtime(b, "osp_string_compare", [x, y], i64)
            y = self.integer(b, 0)
        if x.type is f64:
            return b.create("arith.cmpf", [x, y], [i1], {"predicate": _ORDERED[op]}).result
        if x.type is not i64:
            raise NotSupported(f"ordering values of type {x.type} is not supported", b.loc)
        return b.create("arith.cmpi", [x, y], [i1], {"predicate": _SIGNED[op]}).result

    # ---- built-in functions

    def builtin(self, b: Rewriter, op: Operation) -> Value:
        """The expansion of a call of a built-in."""
        name = op.attr("name")
        args = list(op.operands)
        result = op.result.type
        symbol = BUILTINS[name].symbol
        if symbol is not None:
            return self.runtime(b, symbol, args, result)
        expansion = _EXPANSIONS.get(name)
        value = expansion(self, b, args, result) if expansion is not None else None
        if value is None:
            raise NotSupported(f"'{name}' is not supported yet", op.loc)
        return value

    def spawn(self, b: Builder, body: Value, result: Type) -> Value:
        """A fiber: its function is wrapped in one that leaves the value where the runtime keeps it."""
        wrapper = self.function(f"spawn<{body.type}>", [body.type, PTR], UNIT, self._run_and_store)
        closure = b.create(
            "osp.func_ref", [body], [fn_of(UNIT, (PTR,))], {"callee": SymbolRefAttr(wrapper)}
        ).result
        return b.create("osp.task", [closure], [result]).result

    def _run_and_store(self, b: Builder, args: Sequence[Value]) -> Value:
        body, address = args
        assert isinstance(body.type, DialectType) and isinstance(body.type.params[0], Type)
        value = b.create("osp.call_closure", [body], [body.type.params[0]]).result
        b.create("osp.store_words", [address, value])
        return b.create("osp.unit", [], [UNIT]).result

    def wait(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The value of a fiber, from where the runtime keeps it."""
        address = self.runtime(b, "osp_await", args, PTR)
        return b.create("osp.load_words", [address, args[0]], [result]).result

    def wait_result(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The same as a Result."""
        found = self.runtime(b, "osp_await_result", args, result_of(PTR, STRING))
        assert isinstance(result, DialectType) and isinstance(result.params[0], Type)
        value = result.params[0]

        def success(i: Builder, address: Value) -> Value:
            loaded = i.create("osp.load_words", [address, args[0]], [value]).result
            return i.create("osp.success", [loaded], [result]).result

        arms: list[MatchArm] = [
            (("con", "Success", ("bind",)), [PTR], lambda i, a: success(i, a[0])),
            (
                ("con", "Error", ("bind",)),
                [STRING],
                lambda i, a: i.create("osp.error", [a[0]], [result]).result,
            ),
        ]
        return self.match(b, found, result, arms)

    def http_listen(self, b: Builder, args: list[Value], result: Type) -> Value:
        """The handler, whatever its shape, becomes a function of the request that replies."""
        server, handler = args
        adapter = self.function(
            f"http<{handler.type}>",
            [handler.type, PTR],
            UNIT,
            lambda inner, a: self._serve(inner, a[0], a[1]),
        )
        closure = b.create(
            "osp.func_ref", [handler], [fn_of(UNIT, (PTR,))], {"callee": SymbolRefAttr(adapter)}
        ).result
        return self.runtime(b, "osp_http_listen", [server, closure], result)

    def _serve(self, b: Builder, handler: Value, request: Value) -> Value:
        t = handler.type
        assert isinstance(t, DialectType)
        result, params = t.params[0], t.params[1:]
        assert isinstance(result, Type)

        def part(name: str) -> Value:
            return self.runtime(b, f"osp_http_request_{name}", [request], STRING)

        if len(params) == 4:
            args = [part("method"), part("target"), part("headers"), part("body")]
        else:
            index = self.runtime(b, "osp_http_request_method_index", [request], i64)
            (record,) = params
            assert isinstance(record, Type)
            method = b.create("osp.from_tag", [index], [self.datas.field_type(record, "method")]).result
            fields = [method, part("path"), part("headers"), part("body"), part("query")]
            args = [
                b.create(
                    "osp.construct", fields, [record], {"variant": self.datas.variants(record)[0]}
                ).result
            ]
        reply = b.create("osp.call_closure", [handler, *args], [result]).result
        return self._reply(b, request, reply)

    def _reply(self, b: Builder, request: Value, reply: Value) -> Value:
        t = reply.type
        if is_type(t, "osp.result"):
            arms: list[MatchArm] = [
                (("con", "Success", ("bind",)), [t.params[0]], lambda i, a: self._reply(i, request, a[0])),  # type: ignore[attr-defined]
                (("con", "Error", ("bind",)), [STRING], lambda i, a: self._fail(i, request, a[0])),
            ]
            return self.match(b, reply, UNIT, arms)
        if t is STRING:
            return self.runtime(b, "osp_http_respond_text", [request, reply], UNIT)
        names = self.datas.field_names(t, self.datas.variants(t)[0])
        fields = [
            b.create("osp.get_field", [reply], [self.datas.field_type(t, n)], {"field": n}).result
            for n in names
        ]
        return self.runtime(b, "osp_http_respond", [request, *fields], UNIT)

    def _fail(self, b: Builder, request: Value, message: Value) -> Value:
        return self.runtime(b, "osp_http_respond_error", [request, message], UNIT)


def negate(b: Builder, value: Value) -> Value:
    """Not."""
    return b.create("arith.xori", [value, _boolean(b, True)], [i1]).result


def _boolean(b: Builder, value: bool) -> Value:
    return b.create("arith.constant", [], [i1], {"value": value}).result


def _literal(value: Value) -> str | None:
    owner = value.owner
    return owner.attr("value") if isinstance(owner, Operation) and owner.name == "osp.string" else None


def _same_number(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """An int beside a float is promoted."""
    if x.type is i64 and y.type is f64:
        return b.create("arith.sitofp", [x], [f64]).result, y
    if x.type is f64 and y.type is i64:
        return x, b.create("arith.sitofp", [y], [f64]).result
    return x, y


_SIGNED = {"lt": 2, "le": 3, "gt": 4, "ge": 5}
_ORDERED = {"gt": 2, "ge": 3, "lt": 4, "le": 5}

Expansion = Callable[[Lowering, Builder, list[Value], Type], Value | None]


def _print(symbol: str) -> Expansion:
    return lambda s, b, args, result: s.runtime(b, symbol, [s.show(b, args[0], nested=False)], UNIT)


def _length(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value | None:
    if args[0].type is STRING:
        return b.create("osp.string_length", args, [i64]).result
    if is_type(args[0].type, "osp.list"):
        return b.create("osp.list_length", args, [i64]).result
    return s.runtime(b, "osp_map_length", args, i64)


def _is_empty(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value | None:
    length = _length(s, b, args, result)
    return None if length is None else s.compare(b, "le", length, s.integer(b, 0))


def _not_empty(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value | None:
    empty = _is_empty(s, b, args, result)
    return None if empty is None else negate(b, empty)


def _checked(name: str) -> Expansion:
    return lambda s, b, args, result: b.create(name, args, [result]).result


def _against(op: str) -> Expansion:
    """A predicate on a number and a bound, 0 if there is none."""
    return lambda s, b, args, result: s.compare(b, op, args[0], args[1] if len(args) > 1 else s.integer(b, 0))


def _between(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
    return b.create(
        "arith.andi", [s.compare(b, "ge", args[0], args[1]), s.compare(b, "le", args[0], args[2])], [i1]
    ).result


def _extreme(op: str) -> Expansion:
    return lambda s, b, args, result: (
        b.create("arith.select", [s.compare(b, op, *args), *args], [result]).result
    )


def _take(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value | None:
    if args[0].type is STRING:
        return s.runtime(b, "osp_string_take", args, STRING)
    return s.collections.take_iterator(b, args, result)


def _http_method(symbol: str) -> Expansion:
    def expand(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
        args[1] = s.show(b, args[1], nested=False)
        return s.runtime(b, symbol, args, result)

    return expand


def _abs(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
    """The negation is checked, so the least integer fails; a float cannot."""
    (x,) = args
    if x.type is f64:
        value = b.create("math.absf", [x], [f64]).result
        return b.create("osp.success", [value], [result]).result
    return s.conditional(
        b,
        s.compare(b, "lt", x, s.integer(b, 0)),
        result,
        lambda i: i.create("osp.neg", [x], [result_of(i64, STRING)]).result,
        lambda i: i.create("osp.success", [x], [result]).result,
    )


def _yield(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
    unit = s.runtime(b, "osp_yield", [], UNIT)
    return args[0] if args else unit


def _over(lists: str, iterators: str) -> Expansion:
    """A function over both lists and iterators."""

    def expand(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value | None:
        name = lists if is_type(args[0].type, "osp.list") else iterators
        return getattr(s.collections, name)(b, args, result)

    return expand


def _on_list(symbol: str) -> Expansion:
    """A runtime function over a list, whose other arguments are elements or numbers."""

    def expand(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
        words = [args[0], *(s.collections.box(b, a) for a in args[1:])]
        return s.runtime(b, symbol, words, result)

    return expand


_EXPANSIONS: dict[str, Expansion] = {
    "print": _print("osp_print"),
    "printErr": _print("osp_print_err"),
    "toString": lambda s, b, args, result: s.show(b, args[0], nested=False),
    "length": _length,
    "byteLength": _length,
    "isEmpty": _is_empty,
    "notEmpty": _not_empty,
    "take": _take,
    "listLength": _length,
    "List": lambda s, b, args, result: s.collections.empty(b, result),
    "listGet": lambda s, b, args, result: s.collections.get(b, args[0], args[1], result),
    "listSet": _on_list("osp_list_set"),
    "listAppend": _on_list("osp_list_append"),
    "listPrepend": _on_list("osp_list_prepend"),
    "listConcat": _on_list("osp_list_concat"),
    "listReverse": _on_list("osp_list_reverse"),
    "listDrop": _on_list("osp_list_drop"),
    "listTake": _on_list("osp_list_take"),
    "listContains": lambda s, b, args, result: s.collections.contains(b, args, result),
    "listFind": lambda s, b, args, result: s.collections.find(b, args, result),
    "listZip": lambda s, b, args, result: s.collections.zip(b, args, result),
    "listSort": lambda s, b, args, result: s.collections.sort(b, args, result),
    "forEachList": lambda s, b, args, result: s.collections.for_each(b, args, result),
    "mapList": lambda s, b, args, result: s.collections.map(b, args, result),
    "filterList": lambda s, b, args, result: s.collections.filter(b, args, result),
    "foldList": lambda s, b, args, result: s.collections.fold(b, args, result),
    "range": lambda s, b, args, result: s.collections.range(b, args, result),
    "map": _over("map", "map_iterator"),
    "filter": _over("filter", "filter_iterator"),
    "fold": _over("fold", "fold_iterator"),
    "forEach": _over("for_each", "for_each_iterator"),
    "toList": lambda s, b, args, result: s.collections.to_list(b, args, result),
    "await": lambda s, b, args, result: s.wait(b, args, result),
    "awaitResult": lambda s, b, args, result: s.wait_result(b, args, result),
    "fiberDone": lambda s, b, args, result: s.runtime(b, "osp_fiber_done", args, i1),
    "yield": _yield,
    "Channel": lambda s, b, args, result: s.channels.make(b, args, result),
    "send": lambda s, b, args, result: s.channels.send(b, args, result),
    "recv": lambda s, b, args, result: s.channels.receive(b, args, result),
    "tryRecv": lambda s, b, args, result: s.channels.try_receive(b, args, result),
    "close": lambda s, b, args, result: s.runtime(b, "osp_channel_close", args, UNIT),
    "Map": lambda s, b, args, result: s.maps.empty(b, result),
    "mapLength": lambda s, b, args, result: s.runtime(b, "osp_map_length", args, i64),
    "mapGet": lambda s, b, args, result: s.maps.get(b, args[0], args[1], result),
    "mapSet": _on_list("osp_map_set"),
    "mapRemove": lambda s, b, args, result: s.runtime(b, "osp_map_remove", args, result),
    "mapContains": lambda s, b, args, result: s.runtime(b, "osp_map_contains", args, i1),
    "mapKeys": lambda s, b, args, result: s.runtime(b, "osp_map_keys", args, result),
    "mapValues": lambda s, b, args, result: s.runtime(b, "osp_map_values", args, result),
    "mapMerge": lambda s, b, args, result: s.runtime(b, "osp_map_merge", args, result),
    "mapEntries": lambda s, b, args, result: s.maps.entries(b, args, result),
    "split": lambda s, b, args, result: s.runtime(b, "osp_string_split", args, result),
    "lines": lambda s, b, args, result: s.runtime(b, "osp_string_lines", args, result),
    "words": lambda s, b, args, result: s.runtime(b, "osp_string_words", args, result),
    "join": lambda s, b, args, result: s.runtime(b, "osp_string_join", args, result),
    "abs": _abs,
    "intDiv": _checked("osp.int_div"),
    "checkedAdd": _checked("osp.add"),
    "checkedSub": _checked("osp.sub"),
    "checkedMul": _checked("osp.mul"),
    "toFloat": lambda s, b, args, result: b.create("arith.sitofp", args, [f64]).result,
    "min": _extreme("le"),
    "max": _extreme("ge"),
    "positive": _against("gt"),
    "negative": _against("lt"),
    "nonNegative": _against("ge"),
    "greaterThan": _against("gt"),
    "lessThan": _against("lt"),
    "between": _between,
    "httpListen": Lowering.http_listen,
    "httpRequest": _http_method("osp_http_request"),
    "httpFetch": _http_method("osp_http_fetch"),
}
