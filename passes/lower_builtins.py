r"""lower-builtins: built-in functions, comparisons and renderings become runtime calls and generated
functions.

What depends on a type gets a function of its own, made once: `show<T>` renders, `equal<T>` compares, and an
HTTP handler of any shape is wrapped in one that takes the request and replies.

Before:

    "osp.data"() {fields = [["x"]], params = [], positional = [false], record = true, sym_name = "P",
      title = "P", types = [[i64]], variants = ["P"]} : () -> ()
    "func.func"() ({
    ^bb0(%n: i64, %p: !osp.data<"P">, %q: !osp.data<"P">):
      %0 = "osp.builtin"(%n) {name = "print", overload = 0 : i64} : (i64) -> !osp.unit
      %1 = "osp.eq"(%p, %q) : (!osp.data<"P">, !osp.data<"P">) -> i1
      "func.return"(%1) : (i1) -> ()
    }) {function_type = (i64, !osp.data<"P">, !osp.data<"P">) -> i1, sym_name = "f"} : () -> ()

After:

    "osp.data"() {fields = [["x"]], params = [], positional = [false], record = true, sym_name = "P",
      title = "P", types = [[i64]], variants = ["P"]} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: !osp.data<"P">, %arg2: !osp.data<"P">):
      %0 = "rt.call"(%arg0) {callee = @osp_int_to_string} : (i64) -> !osp.string
      "rt.call"(%0) {callee = @osp_print} : (!osp.string) -> ()
      %1 = "osp.unit"() : () -> !osp.unit
      %2 = "osp.call"(%arg1, %arg2) {callee = @"equal<!osp.data<\22P\22>>"}
        : (!osp.data<"P">, !osp.data<"P">) -> i1
      "func.return"(%2) : (i1) -> ()
    }) {function_type = (i64, !osp.data<"P">, !osp.data<"P">) -> i1, sym_name = "f"} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: !osp.data<"P">, %arg1: !osp.data<"P">):
      %0 = "osp.match"(%arg0) ({
      ^bb1(%1: i64):
        %2 = "osp.match"(%arg1) ({
        ^bb2(%3: i64):
          %4 = "arith.cmpi"(%1, %3) {predicate = 0 : i64} : (i64, i64) -> i1
          "osp.yield"(%4) : (i1) -> ()
        }) {guards = [false], patterns = [["con", "P", ["bind"]]]} : (!osp.data<"P">) -> i1
        "osp.yield"(%2) : (i1) -> ()
      }) {guards = [false], patterns = [["con", "P", ["bind"]]]} : (!osp.data<"P">) -> i1
      "func.return"(%0) : (i1) -> ()
    }) {function_type = (!osp.data<"P">, !osp.data<"P">) -> i1, sym_name = "equal<!osp.data<\22P\22>>",
      title = "equal<!osp.data<\22P\22>>"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ospjit.builtins.table import builtin as builtin_of
from ospjit.dialects.osp import STRING, UNIT, is_type, result_of
from ospjit.ir import (
    Builder,
    Operation,
    Pass,
    PassContext,
    Pattern,
    Rewriter,
    Type,
    Value,
    apply_patterns,
    f64,
    i1,
    i64,
    pattern,
)
from ospjit.passes.lower_channels import Channels
from ospjit.passes.lower_collections import Collections
from ospjit.passes.lower_compare import Comparisons
from ospjit.passes.lower_fibers import Fibers
from ospjit.passes.lower_foreign import Foreign
from ospjit.passes.lower_http import Handlers
from ospjit.passes.lower_kit import Kit, negate
from ospjit.passes.lower_maps import Maps
from ospjit.passes.lower_processes import Processes
from ospjit.passes.lower_show import Renderings
from ospjit.passes.lower_testing import Testing
from ospjit.passes.lower_websocket import WebSockets
from ospjit.passes.not_supported import NotSupported


@dataclass(frozen=True)
class LowerBuiltins(Pass):
    """Expands built-ins, comparisons, renderings, concatenations and record updates."""

    name = "lower-builtins"
    summary = "built-ins, comparisons and renderings become runtime calls and generated functions"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith", "rt")
    required = True
    statistics = {
        "generated": "functions made for a type, such as those that render and compare",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        lowering = Lowering(module, ctx)
        apply_patterns(module, lowering.patterns())


class Lowering(Kit):
    """The state of the pass, and its groups of expansions."""

    def __init__(self, module: Operation, ctx: PassContext) -> None:
        super().__init__(module, ctx)
        self.renderings = Renderings(self)
        self.comparisons = Comparisons(self)
        self.collections = Collections(self)
        self.maps = Maps(self)
        self.channels = Channels(self)
        self.testing = Testing(self)
        self.processes = Processes(self)
        self.fibers = Fibers(self)
        self.handlers = Handlers(self)
        self.foreign = Foreign()
        self.websockets = WebSockets(self)

    def show(self, b: Builder, value: Value, *, nested: bool) -> Value:
        """The rendering of a value; strings are quoted when `nested` in something."""
        return self.renderings.show(b, value, nested=nested)

    def equal(self, b: Builder, x: Value, y: Value) -> Value:
        """Whether two values are equal, structurally."""
        return self.comparisons.equal(b, x, y)

    def compare(self, b: Builder, op: str, x: Value, y: Value) -> Value:
        """An ordering comparison of numbers or strings."""
        return self.comparisons.compare(b, op, x, y)

    def natural(self, b: Builder, n: Value) -> None:
        """Tells LLVM that a number, which counts up, is never negative. It could find that out for itself
        only as long as a loop is as it was written."""
        b.create("arith.assume", [self.compare(b, "ge", n, self.integer(b, 0))])

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
                if _is_link(op):
                    return False
                links = _links(op)
                parts = [links[-1].operands[0], *(link.operands[1] for link in reversed(links))]
                rw.replace(op, self.append(rw, parts))
                for link in links[1:]:
                    rw.erase(link)
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
            rw.replace(op, self.fibers.spawn(rw, op.operands[0], op.result.type))
            return True

        @at("osp.select")
        def select(op: Operation, rw: Rewriter) -> bool:
            self.channels.select(rw, op)
            return True

        @at("osp.call_extern")
        def call_c(op: Operation, rw: Rewriter) -> bool:
            return self.foreign.call(rw, op)

        @at("osp.extern")
        def declare_c(op: Operation, rw: Rewriter) -> bool:
            return self.foreign.declare(op)

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
            call_c,
            declare_c,
        ]

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

    def builtin(self, b: Rewriter, op: Operation) -> Value:
        """The expansion of a call of a built-in."""
        name = op.attr("name")
        args = list(op.operands)
        result = op.result.type
        symbol = builtin_of(name).symbol
        if symbol is not None:
            return self.runtime(b, symbol, args, result)
        expansion = _EXPANSIONS.get(name)
        value = expansion(self, b, args, result) if expansion is not None else None
        if value is None:
            raise NotSupported(f"'{name}' is not supported yet", op.loc)
        return value


def _is_link(op: Operation) -> bool:
    """Whether a string addition is only there for another one to go on with, which then takes it along."""
    if not op.result.has_one_use():
        return False
    ((user, index),) = op.result.uses
    return user.name == "osp.add" and index == 0 and user.parent is op.parent


def _links(op: Operation) -> list[Operation]:
    """A string addition and the links that it goes on from, last first."""
    links = [op]
    while isinstance(owner := links[-1].operands[0].owner, Operation) and owner.name == "osp.add":
        if not _is_link(owner):
            break
        links.append(owner)
    return links


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


def _with_options(symbol: str) -> Expansion:
    """A record of options, the last argument, is handed to C as its fields."""

    def expand(s: Lowering, b: Builder, args: list[Value], result: Type) -> Value:
        return s.runtime(b, symbol, [*args[:-1], *s.fields(b, args[-1])], result)

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
    "await": lambda s, b, args, result: s.fibers.wait(b, args, result),
    "awaitResult": lambda s, b, args, result: s.fibers.wait_result(b, args, result),
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
    "mapKeys": lambda s, b, args, result: s.maps.keys(b, args[0]),
    "mapValues": lambda s, b, args, result: s.maps.values(b, args[0]),
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
    "test": lambda s, b, args, result: s.testing.case(b, args),
    "expect": lambda s, b, args, result: s.testing.same(b, s.string(b, "expect"), args[1], args[0]),
    "check": lambda s, b, args, result: s.testing.same(b, *args),
    "expectTrue": lambda s, b, args, result: s.testing.holds(b, s.string(b, "expectTrue"), True, args[0]),
    "expectFalse": lambda s, b, args, result: s.testing.holds(b, s.string(b, "expectFalse"), False, args[0]),
    "checkTrue": lambda s, b, args, result: s.testing.holds(b, args[0], True, args[1]),
    "checkFalse": lambda s, b, args, result: s.testing.holds(b, args[0], False, args[1]),
    "expectAll": lambda s, b, args, result: s.testing.all(b, s.string(b, "expectAll"), args[0]),
    "checkAll": lambda s, b, args, result: s.testing.all(b, *args),
    "spawnProcess": lambda s, b, args, result: s.processes.start(b, args, result),
    "httpConfigure": _with_options("osp_http_configure"),
    "httpListen": lambda s, b, args, result: s.handlers.http_listen(b, args, result),
    "websocketConnect": lambda s, b, args, result: s.websockets.connect(b, args, result),
    "httpConfigureClient": _with_options("osp_http_configure_client"),
    "websocketConnectWith": lambda s, b, args, result: s.websockets.connect_with(b, args, result),
    "websocketConfigure": _with_options("osp_websocket_configure"),
    "websocketServerOnOpen": lambda s, b, args, result: s.websockets.on_open(b, args, result),
    "websocketServerOnMessage": lambda s, b, args, result: s.websockets.on_message(b, args, result),
    "websocketServerOnClose": lambda s, b, args, result: s.websockets.on_close(b, args, result),
    "httpRequest": _http_method("osp_http_request"),
    "httpFetch": _http_method("osp_http_fetch"),
}
